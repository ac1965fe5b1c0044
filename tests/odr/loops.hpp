// SPDX-License-Identifier: MIT
#pragma once
/// \file  The loops of one file, and who ran them.

#include <cstddef>
#include <cstdint>
#include <thread>
#include <typeinfo>
#include <vector>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/head/gradients.hpp>
#include <prefopt/head/log_probs.hpp>
#include <prefopt/row/kl_rows.hpp>
#include <prefopt/row/peaks.hpp>
#include <prefopt/row/rows.hpp>

#include "description.hpp"

/// Samples, or rows of logits. Each holds its own number, so that it is known who gets it.
inline constexpr std::size_t samples = 4;
inline std::thread::id thread_of[samples];

inline void note(float sample)
{
  thread_of[static_cast<std::size_t>(sample)] = std::this_thread::get_id();
}

/// A formula with a branch: no packs.
struct noting_loss {
  template <class Policy, class Constant = Policy>
  using record = prefopt::pair_logps<Policy, Constant>;

  template <class Policy, class Constant>
  Policy operator()(prefopt::pair_logps<Policy, Constant> const& x) const
  {
    note(x.ref_chosen);
    return x.chosen;
  }
};

struct noting_executor : prefopt::serial_executor {
  template <class In, class State, class Push>
  State reduce(In in, State total, Push push) const
  {
    note(in[0]);
    return prefopt::serial_executor::reduce(in, total, push);
  }
  template <class In, class Out, class Map>
  void transform(In in, Out out, Map map) const
  {
    note(in[0]);
    prefopt::serial_executor::transform(in, out, map);
  }
};

/// c = a b for a column a and a row b.
struct outer_product {
  void operator()(prefopt::matrix_view<float const> a, prefopt::matrix_view<float const> b,
                  prefopt::matrix_view<float> c, bool) const
  {
    for (prefopt::index_t i = 0; i < c.rows; ++i) {
      for (prefopt::index_t j = 0; j < c.cols; ++j) { c.row(i)[j] = a.row(i)[0] * b.row(0)[j]; }
    }
  }
};

namespace {  // the caller's own, which the linker cannot share

self_description describe()
{
  using namespace prefopt;
  self_description self{{}, typeid(pack<float, 4>).name(), typeid(host_executor).name()};
  auto const run = [&self](char const* name, auto const& loop) {
    for (auto& id : thread_of) { id = {}; }
    loop();
    for (auto const& id : thread_of) { self.notes_all = self.notes_all && id != std::thread::id{}; }
    self.shares_the_work[name] = thread_of[0] != thread_of[samples - 1];
  };
  std::vector<float> const number{0, 1, 2, 3}, zero(samples), one(samples, 1.0f);
  std::vector<float> out(samples), d(samples);
  std::vector<std::int32_t> const target(samples, 0);
  // One token, so that a row is its number, a hidden state too.
  matrix_view<float const> const rows(number.data(), samples, 1), word(one.data(), 1, 1);
  matrix_view<float> const gradient(d.data(), samples, 1);
  log_prob_columns<float> const columns{.log_prob = out};
  row_options<float> const two{.threads = 2};
  kl_options<float> const kl_two{.threads = 2};

  run("evaluate", [&] {
    evaluate(noting_loss{},
             {.chosen = zero, .rejected = zero, .ref_chosen = number, .ref_rejected = zero},
             {.value = out}, {.threads = 2});
  });
  run("log_probs", [&] { log_probs<float, noting_executor>(rows, target, columns, two); });
  run("logit_gradients", [&] {
    logit_gradients<float, noting_executor>(rows, target, {.d_log_prob = one}, gradient, two);
  });
  // One row in as many pieces, which begin with their numbers.
  index_t const long_row = static_cast<index_t>(samples) * detail::row_pieces::shortest;
  std::vector<float> few(static_cast<std::size_t>(long_row)), d_few(few.size());
  for (std::size_t k = 0; k < samples; ++k) {
    few[k * few.size() / samples] = static_cast<float>(k);
  }
  matrix_view<float const> const row(few.data(), 1, long_row);
  vector_view<std::int32_t const> const its_target(target.data(), 1);
  run("log_probs of few rows", [&] {
    log_probs<float, noting_executor>(row, its_target,
                                      {.log_prob = vector_view<float>(out.data(), 1)}, two);
  });
  run("logit_gradients of few rows", [&] {
    logit_gradients<float, noting_executor>(row, its_target,
                                            {.d_log_prob = vector_view<float const>(one.data(), 1)},
                                            matrix_view<float>(d_few.data(), 1, long_row), two);
  });
  run("row_peaks",
      [&] { row_peaks<float, noting_executor>(rows, target, {.adjustment = out}, two); });
  run("kl_divergences", [&] {
    kl_divergences<float, noting_executor>(rows, rows, {.reference_to_policy = out}, kl_two);
  });
  run("kl_gradients", [&] {
    kl_gradients<float, noting_executor>(rows, rows, {.d_reference_to_policy = one}, gradient,
                                         kl_two);
  });

  std::vector<std::byte> workspace(1 << 20);
  head_options<float> const head{.rows = two};
  run("head_log_probs", [&] {
    head_log_probs<float, noting_executor>(outer_product{}, rows, word, target, columns, head,
                                           workspace);
  });
  run("head_gradients", [&] {
    head_gradients<float, noting_executor>(
        outer_product{}, rows, word, target, {.d_log_prob = one}, {.d_hidden = gradient},
        {.rows = {.forward = {.log_prob = zero, .entropy = zero, .log_normalizer = number},
                  .threads = 2}},
        workspace);
  });
  return self;
}

}  // namespace
