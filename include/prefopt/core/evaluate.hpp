// SPDX-License-Identifier: MIT
#pragma once
/// \file  Loss and gradient of a batch in host memory.

#include <type_traits>

#include <prefopt/config.hpp>
#include <prefopt/core/columns.hpp>
#include <prefopt/core/evaluate_sample.hpp>
#include <prefopt/core/host_block.hpp>
#include <prefopt/core/loss.hpp>
#include <prefopt/core/pack.hpp>
#include <prefopt/core/registers.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {
namespace detail {

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
    bool const plain = body.is_plain();
    widest_registers<Target>::call([body, count, plain]<class Width>(Width) {
      using chunk = typename Width::template pack_of<Real>;
      if (plain) {
        for (index_t i = 0; i < count; i += lanes_of<chunk>) { body.template at_plain<chunk>(i); }
      } else {
        for (index_t i = 0; i < count; i += lanes_of<chunk>) { body.template at<chunk>(i); }
      }
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
