// SPDX-License-Identifier: MIT
#pragma once
/// \file  Loss and gradient of a batch: the body that all drivers share, and the host loop.

#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/columns.hpp>
#include <prefopt/core/loss.hpp>
#include <prefopt/core/pack.hpp>
#include <prefopt/core/pack_math.hpp>
#include <prefopt/core/registers.hpp>

namespace prefopt {
namespace detail {

/// Reads element i of a column; a column that may be missing reads as 0.
template <class Value>
struct load_element {
  index_t i;
  index_t count = 1;  ///< lanes in use, for packs

  template <class View>
  PREFOPT_HD constexpr void operator()(column_name, Value& to, View const& from) const
  {
    load(to, from);
  }
  template <class View>
  PREFOPT_HD constexpr void optional(column_name, Value& to, View const& from) const
  {
    if (from.data != nullptr) { load(to, from); }
  }

 private:
  template <class View>
  PREFOPT_HD constexpr void load(Value& to, View const& from) const
  {
    if constexpr (std::is_floating_point_v<Value>) {
      to = from[i];
    } else {
      to.load(from.data + i * from.stride, from.stride, count);
    }
  }
};

/// Sample i of a batch, or the pack of `count` samples that starts there.
template <class Record, class Value, class Columns>
PREFOPT_HD Record load_record(Columns const& in, index_t i, index_t count = 1)
{
  load_element<Value> const load{i, count};
  Record x;
  Columns::visit_policy(load, x, in);
  Columns::visit_constant(load, x, in);
  return x;
}
template <class Loss, class Value, class Columns>
PREFOPT_HD record_of<Loss, Value> load_sample(Columns const& in, index_t i, index_t count = 1)
{
  return load_record<record_of<Loss, Value>, Value>(in, i, count);
}

/// Writes element i of the columns that were given.
template <class Value>
struct store_element {
  index_t i;
  index_t count;
  Value weight;
  Value scale;
  bool accumulate;

  template <class View>
  PREFOPT_HD constexpr void operator()(column_name name, View const& to,
                                       Value const& gradient) const
  {
    if (to.data == nullptr) { return; }
    // Tested before the product, which may underflow to 0 without being meant to exclude.
    Value result = select(weight == Value(0), Value(0), weight * gradient * scale);
    if (accumulate) {
      Value before{};
      load_element<Value>{i, count}(name, before, to);
      result = before + result;
    }
    if constexpr (std::is_floating_point_v<Value>) {
      to[i] = result;
    } else {
      result.store(to.data + i * to.stride, to.stride, count);
    }
  }
};

/// Evaluates sample i, or the pack of samples that starts there. Trivially copyable: the same
/// functor runs in the host loop, in Thrust and in a CUDA kernel.
template <class Loss, class Real, class Space>
struct evaluate_sample {
  Loss loss;
  input_columns<Loss, Real, Space> in;
  output_columns<Loss, Real, Space> out;
  vector_view<Real const, Space> weight;
  Real scale;
  bool accumulate;

  PREFOPT_HD void operator()(index_t i) const { at<Real>(i, 1); }

  template <class Value>
  PREFOPT_HD void at(index_t i, index_t count) const
  {
    record_of<Loss, Value> const x = load_sample<Loss, Value>(in, i, count);
    Value w(1);
    load_element<Value>{i, count}.optional(column_name{"weight"}, w, weight);

    value_gradient<Loss, Value> const result = value_and_gradient<Value>(loss, x);
    store_element<Value>{i, count, w, Value(1), false}(column_name{"value"}, out.value,
                                                       result.value);
    store_element<Value> const store{i, count, w, Value(scale), accumulate};
    gradient_columns<Loss, Real, Space>::visit_policy(store, out.gradient, result.gradient);
  }
};

template <class Loss, class Real, class Space>
evaluate_sample<Loss, Real, Space> make_evaluate_sample(
    Loss const& loss, input_columns<Loss, Real, Space> const& in,
    output_columns<Loss, Real, Space> const& out, options_of<Loss, Real, Space> const& options)
{
  return {loss, in, out, weights_of(options), options.scale, options.accumulate};
}

/// Samples of one call: enough that choosing the registers costs nothing.
inline constexpr index_t host_block = 4096;

/// Evaluates block k of n samples, a vector register at a time where the loss allows it. The body
/// comes by value, so that stores cannot be taken for changes of it. `Target` keeps the loops of
/// files that were compiled differently apart.
template <class Target, class Loss, class Real>
void evaluate_block(evaluate_sample<Loss, Real, host_memory> const body, index_t k, index_t n)
{
  index_t const first = k * host_block;
  index_t const last = n - first < host_block ? n : first + host_block;
  if constexpr (is_branch_free<Loss> && Target::has_packs) {
    widest_registers<Target>::call([body, first, last]<class Width>(Width) {
      using chunk = typename Width::template pack_of<Real>;
      constexpr index_t lanes = lanes_of<chunk>;
      for (index_t i = first; i < last; i += lanes) {
        body.template at<chunk>(i, last - i < lanes ? last - i : lanes);
      }
    });
  } else {
    for (index_t i = first; i < last; ++i) { body(i); }
  }
}

constexpr index_t host_blocks(index_t n)
{
  return (n + host_block - 1) / host_block;
}

template <class Real, class Loss>
using precision = std::conditional_t<std::is_void_v<Real>, real_of<Loss>, Real>;

}  // namespace detail

/// Loss and gradient of every sample of a batch in host memory.
///
///     evaluate(dpo<float>{.beta = 0.1f},
///              {.chosen = pc, .rejected = pr, .ref_chosen = rc, .ref_rejected = rr},
///              {.value = loss, .gradient = {.chosen = dc, .rejected = dr}});
///
/// value[i] = weight[i] L(x_i); gradient[i] = scale weight[i] dL/dx_i. `Real` defaults to the
/// loss's own precision. Losses made of terms (or marked `branch_free`) run a vector register at a
/// time. Throws `std::invalid_argument` when a column is missing or of another length, a sample's
/// length is below one token, a label is neither 0 nor 1, or a parameter of the loss is outside its
/// domain. Allocates nothing. `Target` is not for callers (see
/// config.hpp).
template <class Real = void, class Loss, class Target = detail::compile_target>
void evaluate(Loss const& loss, input_columns<Loss, detail::precision<Real, Loss>> const& in,
              output_columns<Loss, detail::precision<Real, Loss>> const& out,
              options_of<Loss, detail::precision<Real, Loss>> const& options = {})
{
  using real = detail::precision<Real, Loss>;
  static_assert(check_loss<Loss, real>());
  index_t const n =
      detail::checked_extent<Loss, real, host_memory>("evaluate", loss, in, out, options);
  auto const body = detail::make_evaluate_sample<Loss, real, host_memory>(loss, in, out, options);
  int const threads = options.threads;
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t k = 0; k < detail::host_blocks(n); ++k) {
    detail::evaluate_block<Target>(body, k, n);
  }
}

}  // namespace prefopt
