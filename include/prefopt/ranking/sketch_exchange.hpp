// SPDX-License-Identifier: MIT
#pragma once
/// \file  Quantile sketches as bytes, and merged over ranks.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prefopt/core/bytes.hpp>
#include <prefopt/core/communicator.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/ranking/quantile_sketch.hpp>

namespace prefopt {
namespace detail {

constexpr byte_seal sketch_seal{"prefoptQ", 1, "a quantile sketch"};

/// What of a sketch is not in levels.
struct sketch_head {
  index_t capacity, samples, levels;
  std::uint64_t seed;
  double lowest, highest;
};

struct sketch_access {
  static sketch_head head(quantile_sketch const& sketch)
  {
    return {sketch.capacity_, sketch.samples_, static_cast<index_t>(sketch.level_.size()),
            sketch.seed_,     sketch.lowest_,  sketch.highest_};
  }
  static void count_in(quantile_sketch& sketch, sketch_head const& head)
  {
    sketch.require_capacity(head.capacity);
    sketch.count_in(head.seed, head.samples, head.lowest, head.highest);
  }
  static void append(quantile_sketch& sketch, std::size_t h, std::vector<double> const& scores,
                     index_t kept_lower, index_t kept_upper)
  {
    detail::append(sketch.level_, h, scores, kept_lower, kept_upper);
  }
  static void settle(quantile_sketch& sketch, std::size_t h) { sketch.settle(h); }
};

}  // namespace detail

/// The sketch as bytes, for a file or a message: 80, and for each level 24 and 8 per score. Equal
/// states give equal bytes: scores are sorted in them.
inline std::string encode_sketch(quantile_sketch const& sketch)
{
  detail::sketch_head const head = detail::sketch_access::head(sketch);
  detail::byte_writer out = detail::begin_sealed(detail::sketch_seal);
  out.word(static_cast<std::uint64_t>(head.capacity));
  out.word(static_cast<std::uint64_t>(head.samples));
  out.word(static_cast<std::uint64_t>(head.levels));
  out.word(head.seed);
  out.number(head.lowest);
  out.number(head.highest);
  std::vector<double> scores;
  for (sketch_level const& level : sketch.levels()) {
    out.word(level.scores.size());
    out.word(static_cast<std::uint64_t>(level.kept_lower));
    out.word(static_cast<std::uint64_t>(level.kept_upper));
    scores = level.scores;
    std::ranges::sort(scores);
    for (double const score : scores) { out.number(score); }
  }
  return detail::sealed(std::move(out));
}

/// The sketch from its bytes; it goes on as the first would have. `name` stands in errors for where
/// they came from. Throws `std::invalid_argument` for bytes that are something else, of another
/// version, cut short, or changed.
inline quantile_sketch decode_sketch(std::string_view bytes, std::string const& name = "bytes")
{
  char const* const function = "decode_sketch";
  detail::byte_reader in = detail::open_sealed(function, detail::sketch_seal, bytes, name);
  detail::sketch_head head{};
  head.capacity = static_cast<index_t>(in.word());
  head.samples = static_cast<index_t>(in.word());
  head.levels = static_cast<index_t>(in.word());
  head.seed = in.word();
  head.lowest = in.number();
  head.highest = in.number();
  quantile_sketch sketch(head.capacity);
  detail::sketch_access::count_in(sketch, head);
  std::vector<double> scores;
  index_t samples = 0;
  for (index_t h = 0; h < head.levels && h < 62; ++h) {
    std::uint64_t const count = in.word();
    auto const lower = static_cast<index_t>(in.word());
    auto const upper = static_cast<index_t>(in.word());
    in.require(count < (std::uint64_t{1} << 60) ? 8 * count : ~std::uint64_t{0});
    scores.resize(count);
    for (double& score : scores) { score = in.number(); }
    samples += static_cast<index_t>(count) << h;
    detail::sketch_access::append(sketch, static_cast<std::size_t>(h), scores, lower, upper);
  }
  if (samples != head.samples || in.left() != 0) {
    detail::throw_invalid(
        function, name, std::to_string(head.samples) + " samples in its levels",
        std::to_string(samples) + ", and " + std::to_string(in.left()) + " bytes more");
  }
  return sketch;
}

/// The sketch of all ranks, the same on every rank, bit for bit.
///
/// Collective. Goes level by level, so that it holds at most capacity scores of every rank at a
/// time; each rank sends what `encode_sketch` would, every level filled up to the longest of any
/// rank, 48 bytes, and 24 per level. Throws `std::invalid_argument` on every rank when capacities
/// differ.
template <communicator Communicator>
quantile_sketch merge_over_ranks(Communicator const& ranks, quantile_sketch const& mine)
{
  using detail::sketch_access;
  std::vector<detail::sketch_head> heads;
  all_gather(ranks, sketch_access::head(mine), heads);
  quantile_sketch total(heads[0].capacity);
  index_t levels = 0;
  for (detail::sketch_head const& head : heads) {
    sketch_access::count_in(total, head);
    levels = max(levels, head.levels);
  }
  struct kept {
    index_t lower, upper;
  };
  std::vector<kept> all_kept;
  gathered_column column;
  static sketch_level const none{};
  for (std::size_t h = 0; h < max(total.levels().size(), static_cast<std::size_t>(levels)); ++h) {
    if (h < static_cast<std::size_t>(levels)) {  // the same on every rank
      sketch_level const& level = h < mine.levels().size() ? mine.levels()[h] : none;
      all_gather_column(ranks, vector_view<double const>(level.scores), column);
      all_gather(ranks, kept{level.kept_lower, level.kept_upper}, all_kept);
      kept sum{0, 0};
      for (kept const& each : all_kept) {
        sum.lower += each.lower;
        sum.upper += each.upper;
      }
      sketch_access::append(total, h, column.value, sum.lower, sum.upper);
    }
    sketch_access::settle(total, h);
  }
  return total;
}

}  // namespace prefopt
