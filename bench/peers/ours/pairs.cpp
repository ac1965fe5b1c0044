// SPDX-License-Identifier: MIT
/// \file  Losses of pairs behind C functions, see ours.hpp, and the loops that they replace.

#include <algorithm>
#include <cmath>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/losses/dpo.hpp>
#include <prefopt/losses/mfpo.hpp>

#if PREFOPT_WITH_THRUST
#include <thrust/system/omp/execution_policy.h>

#include <prefopt/adapters/thrust.hpp>
#endif

#include "ours.hpp"

namespace {

using namespace prefopt;

struct pair_columns {
  prefopt_pairs p;

  vector_view<float const> in(int k) const { return {p.in[k], p.count}; }
  vector_view<float> out(int k) const { return {p.out[k], p.count}; }
};

/// Calls evaluate(loss, inputs, outputs) of the columns.
template <class Evaluate>
void with_columns(dpo<float> const&, pair_columns const& c, Evaluate evaluate)
{
  evaluate(
      input_columns<dpo<float>, float>{
          .chosen = c.in(0), .rejected = c.in(1), .ref_chosen = c.in(3), .ref_rejected = c.in(4)},
      output_columns<dpo<float>, float>{.value = c.out(0),
                                        .gradient = {.chosen = c.out(1), .rejected = c.out(2)}});
}
template <class Evaluate>
void with_columns(mfpo<float> const&, pair_columns const& c, Evaluate evaluate)
{
  evaluate(input_columns<mfpo<float>, float>{.chosen = c.in(0),
                                             .rejected = c.in(1),
                                             .perturbed = {c.in(2)},
                                             .ref_chosen = c.in(3),
                                             .ref_rejected = c.in(4),
                                             .ref_perturbed = {c.in(5)}},
           output_columns<mfpo<float>, float>{
               .value = c.out(0),
               .gradient = {.chosen = c.out(1), .rejected = c.out(2), .perturbed = {c.out(3)}}});
}

template <class Loss>
void host_loop(prefopt_pairs const& pairs)
{
  with_columns(Loss{}, {pairs}, [&](auto const& in, auto const& out) {
    evaluate(Loss{}, in, out, {.threads = pairs.threads});
  });
}

template <class Loss>
void thrust_loop([[maybe_unused]] prefopt_pairs const& pairs)
{
#if PREFOPT_WITH_THRUST
  with_columns(Loss{}, {pairs}, [](auto const& in, auto const& out) {
    evaluate(thrust::omp::par, Loss{}, in, out);
  });
#endif
}

float log_sigmoid(float x)
{
  return std::min(x, 0.0f) - std::log1p(std::exp(-std::abs(x)));
}
float sigmoid(float x)
{
  return 1 / (1 + std::exp(-x));
}

}  // namespace

void prefopt_dpo(prefopt_pairs const* pairs)
{
  host_loop<dpo<float>>(*pairs);
}
void prefopt_mfpo(prefopt_pairs const* pairs)
{
  host_loop<mfpo<float>>(*pairs);
}
void prefopt_thrust_dpo(prefopt_pairs const* pairs)
{
  thrust_loop<dpo<float>>(*pairs);
}
void prefopt_thrust_mfpo(prefopt_pairs const* pairs)
{
  thrust_loop<mfpo<float>>(*pairs);
}
std::int32_t prefopt_has_thrust()
{
#if PREFOPT_WITH_THRUST
  return 1;
#else
  return 0;
#endif
}

void prefopt_scalar_dpo(prefopt_pairs const* pairs)
{
  auto const& [in, out, count, threads] = *pairs;
  float const beta = dpo<float>{}.beta;
  PREFOPT_PARALLEL_FOR(threads)
  for (std::int64_t i = 0; i < count; ++i) {
    float const margin = beta * ((in[0][i] - in[3][i]) - (in[1][i] - in[4][i]));
    out[0][i] = -log_sigmoid(margin);
    out[1][i] = -beta * sigmoid(-margin);
    out[2][i] = beta * sigmoid(-margin);
  }
}

void prefopt_scalar_mfpo(prefopt_pairs const* pairs)
{
  auto const& [in, out, count, threads] = *pairs;
  float const beta = mfpo<float>{}.beta;
  PREFOPT_PARALLEL_FOR(threads)
  for (std::int64_t i = 0; i < count; ++i) {
    float const w = beta * (in[0][i] - in[3][i]);
    float const l = beta * (in[1][i] - in[4][i]);
    float const c = beta * (in[2][i] - in[5][i]);
    out[0][i] = -log_sigmoid(w - l) - log_sigmoid(w - c) - log_sigmoid(w);
    float const text = beta * sigmoid(l - w);
    float const image = beta * sigmoid(c - w);
    out[1][i] = -text - image - beta * sigmoid(-w);
    out[2][i] = text;
    out[3][i] = image;
  }
}
