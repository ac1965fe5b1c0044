// SPDX-License-Identifier: MIT
/// \file  prefopt alone: its plain build beside the rooflines, its own build for this processor, a
/// scalar loop on the C library, and Thrust.
///
///     host LIBRARY NATIVE_LIBRARY RESULTS [--quick]

#include <cstring>
#include <tuple>

#include "../measure.hpp"
#include "cases/extent.hpp"
#include "cases/pair_case.hpp"
#include "cases/row_case.hpp"

namespace {

using namespace compare;

struct builds {
  library plain, native;
};

void rows(builds const& b, extent const& much, bool bf16, std::int64_t vocabulary,
          measure::results& results)
{
  row_case c(bf16, much.elements, vocabulary);
  c.check(b.native);
  double const error = c.check(b.plain);
  char extra[160];
  std::snprintf(extra, sizeof extra, "\"elements\": %lld, \"bytes\": %lld, \"max_error\": %.3g",
                static_cast<long long>(c.elements()), static_cast<long long>(c.bytes()), error);
  for (int const threads : {1, 2}) {
    auto const write = [&](char const* what, double ours, double native, double roofline) {
      results.write({c.name(what), ours, "prefopt, native", native, roofline, b.native.build,
                     b.plain.build, threads, extra});
    };
    auto const t = measure::medians(
        {[&] { b.plain.read(c.logits_data(), c.bytes(), threads); },
         [&] { c.forward(b.plain, threads); }, [&] { c.forward(b.native, threads); },
         [&] { b.plain.copy(c.logits_data(), c.gradient_data(), c.bytes(), threads); },
         [&] { c.gradients(b.plain, threads); }, [&] { c.gradients(b.native, threads); },
         [&] { c.gradients_in_place(b.plain, threads); },
         [&] { c.gradients_in_place(b.native, threads); }},
        much.rounds);
    write("log_prob+entropy", t[1], t[2], t[0]);
    write("gradient", t[4], t[5], t[3]);
    write("gradient in place", t[6], t[7], t[3]);
  }
}

/// The roofline is a copy of as many bytes as the loss reads and writes, half in, half out.
void pairs(builds const& b, extent const& much, std::int64_t count, measure::results& results)
{
  if (!is_room_for("pairs", 1.1 * pair_case::bytes(count))) { return; }
  pair_case c(count);
  for (auto const& [loss, run, native, scalar, thrust, columns] :
       {std::tuple{"dpo", b.plain.dpo, b.native.dpo, b.plain.scalar_dpo, b.plain.thrust_dpo, 7},
        std::tuple{"mfpo", b.plain.mfpo, b.native.mfpo, b.plain.scalar_mfpo, b.plain.thrust_mfpo,
                   10}}) {
    c.check(run, scalar);
    c.check(native, scalar);
    if (b.plain.has_thrust) { c.check(thrust, scalar); }
    for (int const threads : {1, 2}) {
      prefopt_pairs const p = c.columns(threads);
      std::vector<std::function<void()>> contenders = {
          [&] { c.copy(b.plain.copy, columns, threads); }, [&] { run(&p); }, [&] { native(&p); }};
      bool const with_thrust = b.plain.has_thrust && threads == 2;  // it takes all there are
      bool const with_scalar = count <= 10'000'000;                 // slow, and as slow per pair
      if (with_thrust) {
        contenders.emplace_back([&] { thrust(&p); });
      }
      if (with_scalar) {
        contenders.emplace_back([&] { scalar(&p); });
      }
      auto const t = measure::medians(contenders, much.rounds);
      char extra[64];
      std::snprintf(extra, sizeof extra, "\"elements\": %lld", static_cast<long long>(count));
      auto const write = [&](char const* peer, double seconds, std::string const& version) {
        results.write(
            {c.name(loss), t[1], peer, seconds, t[0], version, b.plain.build, threads, extra});
      };
      write("prefopt, native", t[2], b.native.build);
      if (with_thrust) { write("prefopt, thrust::omp", t[3], b.plain.build); }
      if (with_scalar) { write("scalar loop", t.back(), b.plain.build); }
    }
  }
}

}  // namespace

int main(int argc, char** argv)
{
  if (!measure::is_release(argv[0])) { return 1; }
  if (argc < 4) { fail("usage: host LIBRARY NATIVE_LIBRARY RESULTS [--quick]"); }
  recycle_heap();
  extent const much = extent::of(argc > 4 && std::strcmp(argv[4], "--quick") == 0);
  builds const b{library(argv[1]), library(argv[2])};
  measure::results results(argv[3]);
  for (bool const bf16 : {false, true}) {
    for (std::int64_t const vocabulary : much.vocabularies) {
      rows(b, much, bf16, vocabulary, results);
    }
  }
  for (std::int64_t const count : much.pairs) { pairs(b, much, count, results); }
}
