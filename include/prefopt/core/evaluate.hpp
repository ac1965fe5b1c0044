// SPDX-License-Identifier: MIT
#pragma once
/// \file  Loss and gradient of a batch: the body that all drivers share, and the host loop.

#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/columns.hpp>
#include <prefopt/core/host_block.hpp>
#include <prefopt/core/loss.hpp>
#include <prefopt/core/pack.hpp>
#include <prefopt/core/pack_math.hpp>
#include <prefopt/core/registers.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {
namespace detail {

/// Reads element i of a column, or the pack that starts there in a dense one; a column that may be
/// missing reads as 0.
template <class Value>
struct load_element {
  index_t i;

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
      // Processors ask ahead for few columns, and anew on every page. Less far than for one column,
      // as many lines are under way.
      detail::prefetch(from.data + i, static_cast<index_t>(sizeof to.lanes), 2048);
      to.load(from.data + i);
    }
  }
};

/// Sample i of a batch, or the pack of samples that starts there.
template <class Record, class Value, class Columns>
PREFOPT_HD Record load_record(Columns const& in, index_t i)
{
  load_element<Value> const load{i};
  Record x;
  Columns::visit_policy(load, x, in);
  Columns::visit_constant(load, x, in);
  return x;
}
template <class Loss, class Value, class Columns>
PREFOPT_HD record_of<Loss, Value> load_sample(Columns const& in, index_t i)
{
  return load_record<record_of<Loss, Value>, Value>(in, i);
}

/// How results are written.
struct store_options {
  bool weighted;    ///< by a weight per sample
  bool accumulate;  ///< added to what is there
  bool streams;     ///< past the caches, to whole lines of them
};

/// Writes element i of the columns that were given.
template <class Value>
struct store_element {
  index_t i;
  Value weight;
  Value scale;
  store_options options;

  template <class View>
  PREFOPT_HD constexpr void operator()(column_name name, View const& to,
                                       Value const& gradient) const
  {
    if (to.data == nullptr) { return; }
    // Tested before the product, which may underflow to 0 without being meant to exclude. Packs
    // without weights do without; a single sample's weight is 1 then.
    constexpr bool one = std::is_floating_point_v<Value>;
    Value result = one || options.weighted
                       ? select(weight == Value(0), Value(0), weight * gradient * scale)
                       : gradient * scale;
    if (options.accumulate) {
      Value before{};
      load_element<Value>{i}(name, before, to);
      result = before + result;
    }
    if constexpr (std::is_floating_point_v<Value>) {
      to[i] = result;
    } else if (options.streams) {
      stream_vector(to.data + i, result.lanes);
    } else {
      result.store(to.data + i);
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
  bool streams = false;

  PREFOPT_HD void operator()(index_t i) const { at<Real>(i); }

  template <class Value>
  PREFOPT_HD void at(index_t i) const
  {
    record_of<Loss, Value> const x = load_sample<Loss, Value>(in, i);
    Value w(1);
    load_element<Value>{i}.optional(column_name{"weight"}, w, weight);

    value_gradient<Loss, Value> const result = value_and_gradient<Value>(loss, x);
    bool const weighted = weight.data != nullptr;
    store_element<Value> const store_value{i, w, Value(1), {weighted, false, streams}};
    store_value(column_name{"value"}, out.value, result.value);
    store_element<Value> const store{i, w, Value(scale), {weighted, accumulate, streams}};
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

/// What one thread evaluates at once: a sample of a loss that branches, or a run of samples in
/// packs. `Target` keeps the loops of files that were compiled differently apart.
template <class Target, class Loss, class Real>
struct evaluate_part {
  static constexpr bool in_packs = is_branch_free<Loss> && Target::has_packs;

  evaluate_sample<Loss, Real, host_memory> batch;
  index_t extent;
  sample_run run = {.samples = 1};

  evaluate_part(evaluate_sample<Loss, Real, host_memory> const& body, index_t n)
      : batch(body), extent(n)
  {
    if constexpr (in_packs) {
      run = run_of<input_columns<Loss, Real>, gradient_columns<Loss, Real>>(batch, n);
      batch.streams = run.streams;
    }
  }

  index_t parts() const { return run.parts(extent); }

  void operator()(index_t part) const
  {
    if constexpr (in_packs) {
      sample_block const all = run.part(part, extent);
      index_t const whole = all.count / host_block * host_block;
      if (whole > 0) { evaluate_block({all.first, whole}); }
      if (whole < all.count) { evaluate_block({all.first + whole, all.count - whole}); }
    } else {
      batch(part);
    }
  }

 private:
  void evaluate_block(sample_block const& block) const
  {
    using in_columns = input_columns<Loss, Real>;
    using out_columns = gradient_columns<Loss, Real>;
    alignas(64) Real
        buffer[host_block * (most_columns<in_columns, Real> + most_columns<out_columns, Real> + 1)];
    auto body = batch;
    body.streams = batch.streams && block.is_whole();
    gather_block<Real> gather{block, buffer};
    in_columns::visit_policy(gather, body.in);
    in_columns::visit_constant(gather, body.in);
    gather.optional(column_name{"weight"}, body.weight);
    place_block<Real> place{gather, false};
    place(column_name{"value"}, body.out.value);
    place.accumulate = batch.accumulate;
    out_columns::visit_policy(place, body.out.gradient);

    index_t const count = block.count;
    // By value, so that stores cannot be taken for changes of it.
    widest_registers<Target>::call([body, count]<class Width>(Width) {
      using chunk = typename Width::template pack_of<Real>;
      for (index_t i = 0; i < count; i += lanes_of<chunk>) { body.template at<chunk>(i); }
    });
    if (body.streams) { finish_streaming(); }

    write_block<Real> const write{block};
    write(column_name{"value"}, batch.out.value, body.out.value);
    out_columns::visit_policy(write, batch.out.gradient, body.out.gradient);
  }
};

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
  detail::evaluate_part<Target, Loss, real> const part{
      detail::make_evaluate_sample<Loss, real, host_memory>(loss, in, out, options), n};
  int const threads = options.threads;
  PREFOPT_PARALLEL_FOR(threads)
  for (index_t k = 0; k < part.parts(); ++k) { part(k); }
}

}  // namespace prefopt
PREFOPT_INLINED_END
