// SPDX-License-Identifier: MIT
#pragma once
/// \file  V-DPO's guidance by the image: what the model says with it, less what it says without.

#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/row/half.hpp>
#include <prefopt/row/row_checks.hpp>
#include <prefopt/row/row_options.hpp>

namespace prefopt {

/// The guided log-probability of V-DPO (arXiv 2411.02712): with p the policy's probability given
/// the image, p0 without it, and gamma the strength,
/// \f[ \log\phi = \gamma \log p - (\gamma - 1) \log p_0, \f]
/// log p0 a constant (no gradient goes through it). 1 leaves log p as it is; 0 leaves log p0 alone,
/// without any gradient. Linear, so the same on tokens and on their sums.
///
/// This is not normalised. `guided_logits` gives the variant that is, over the vocabulary.
template <class Real>
struct image_guidance {
  Real strength = Real(1);

  template <class Scalar>
  PREFOPT_HD Scalar operator()(Scalar const& log_prob, Real image_free) const
  {
    if (strength == Real(1)) { return log_prob; }  // not 0 times what may be -inf
    if (strength == Real(0)) { return Scalar(image_free); }
    return Scalar(strength) * log_prob - Scalar((strength - Real(1)) * image_free);
  }
};

/// out[t] = guidance(log_prob[t], image_free[t]) for columns of tokens or of sequences. The
/// derivative by log_prob is `strength`: multiply the seeds (`token_seed_options::scale`).
template <class Real>
void guided_log_probs(image_guidance<Real> const& guidance,
                      std::type_identity_t<vector_view<Real const>> log_prob,
                      std::type_identity_t<vector_view<Real const>> image_free,
                      std::type_identity_t<vector_view<Real>> out)
{
  char const* const function = "guided_log_probs";
  detail::require_extent(function, "image_free", log_prob.extent, image_free.extent);
  detail::require_extent(function, "out", log_prob.extent, out.extent);
  for (index_t t = 0; t < out.extent; ++t) { out[t] = guidance(log_prob[t], image_free[t]); }
}

/// Logits whose softmax is the guided distribution, renormalised over the vocabulary:
/// out = gamma x - (gamma - 1) z, x the logits with the image and z those without.
///
///     guided_logits(gamma, x, z, y);
///     log_probs(y, targets, {.log_prob = guided});
///     logit_gradients(y, targets, {.d_log_prob = seeds}, d_x, {.scale = gamma});
///
/// Normalisers cancel in a softmax, so raw logits will do, and dL/dx = gamma dL/dy. A temperature
/// belongs to the calls that follow; a soft cap would have to come before, so it has no place here.
/// A token that is masked (-inf) in either is masked. `out` may be either input; it is rounded to
/// its own type, so give 16-bit logits an fp32 matrix.
template <class Real, class Logits, class ImageFree, class Guided>
void guided_logits(Real strength, Logits&& logits, ImageFree&& image_free, Guided&& out)
{
  static_assert(std::is_floating_point_v<Real>);
  using stored = detail::element_of<Guided>;
  char const* const function = "guided_logits";
  matrix_view<detail::element_of<Logits> const> const x(std::forward<Logits>(logits));
  matrix_view<detail::element_of<ImageFree> const> const z(std::forward<ImageFree>(image_free));
  matrix_view<stored> const y(std::forward<Guided>(out));
  auto const require_shape = [&](char const* name, index_t rows, index_t cols) {
    if (rows != x.rows || cols != x.cols) {
      detail::throw_invalid(function, name,
                            "the shape of the logits, " + detail::shape_text(x.rows, x.cols),
                            detail::shape_text(rows, cols));
    }
  };
  require_shape("image_free", z.rows, z.cols);
  require_shape("out", y.rows, y.cols);
  Real const masked = -infinity_v<Real>;
  for (index_t i = 0; i < x.rows; ++i) {
    auto const with = x.row(i);
    auto const without = z.row(i);
    auto const to = y.row(i);
    for (index_t j = 0; j < x.cols; ++j) {
      Real const a = detail::to_real<Real>(with[j]);
      Real const b = detail::to_real<Real>(without[j]);
      bool const is_masked = a == masked || b == masked;
      Real const guided = strength * a - (strength - Real(1)) * b;
      to[j] = detail::from_real<stored>(is_masked ? masked : guided);
    }
  }
}

}  // namespace prefopt
