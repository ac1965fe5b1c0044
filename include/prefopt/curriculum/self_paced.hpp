// SPDX-License-Identifier: MIT
#pragma once
/// \file  Self-paced learning: every sample's weight from its own loss and a threshold that grows.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <string>
#include <type_traits>

#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/parameters.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/levels.hpp>

namespace prefopt {

/// weighting(loss, lambda): 1 for a loss of 0, falling with the loss, growing with lambda unless it
/// says otherwise (`grows_with_lambda`). A largest lambda, excluded, is `largest_lambda`.
/// Weightings are in curriculum/weighting, one per header.
template <class Weighting>
concept sample_weighting =
    std::default_initializable<Weighting> && std::is_trivially_copyable_v<Weighting> &&
    requires(Weighting const& weighting, double x) {
      { weighting(x, x) } -> std::same_as<double>;
    };

namespace detail {

template <class Real>
void require_loss(char const* function, Real loss, index_t i)
{
  if (loss != loss) {
    throw_invalid(function, "loss of sample " + std::to_string(i), "a number", "NaN");
  }
}

}  // namespace detail

/// weights[i] = weighting(losses[i], lambda): the weight column of `evaluate` and of metrics.
/// Losses are constants here: do not differentiate through the weights. A loss of 0 or less weighs
/// 1, an infinite one 0. Throws `std::invalid_argument` for a NaN loss, by its index, a lambda that
/// is not above 0 or outside the weighting's domain, parameters that the weighting's `check`
/// refuses (as a loss's), and a `weights` of another length. `weights` may be `losses`.
template <class Real, sample_weighting Weighting>
void self_paced_weights(Weighting const& weighting,
                        std::type_identity_t<vector_view<Real const>> losses, Real lambda,
                        std::type_identity_t<vector_view<Real>> weights)
{
  constexpr char const* name = "self_paced_weights";
  detail::require_extent(name, "weights", losses.size(), weights.size());
  detail::check_parameter check{name};
  if constexpr (requires { weighting.check(check); }) { weighting.check(check); }
  double largest = infinity_v<double>;
  if constexpr (requires { Weighting::largest_lambda; }) { largest = Weighting::largest_lambda; }
  if (!(lambda > 0 && static_cast<double>(lambda) < largest)) {
    detail::throw_invalid(name, "lambda",
                          largest == infinity_v<double>
                              ? "a finite number above 0"
                              : "above 0 and below " + std::to_string(largest),
                          std::to_string(lambda));
  }
  for (index_t i = 0; i < losses.size(); ++i) {
    Real const loss = losses[i];
    detail::require_loss(name, loss, i);
    weights[i] = loss <= 0 ? Real(1) : loss == infinity_v<Real> ? Real(0) : weighting(loss, lambda);
  }
}

/// The lambda below which lie the easiest `share` of the losses: the next number after the loss of
/// the last one, so that hard weights admit it (and all that equal it). The whole number of samples
/// nearest to `share` counts; for none lambda is the smallest loss, which admits nothing. NaN for
/// no losses. `scratch` is as long as `losses`, contiguous, and loses its contents. O(n). Throws
/// `std::invalid_argument` for NaN losses, by their index, and shares outside [0, 1].
template <class Real>
Real lambda_of_share(vector_view<Real const> losses, double share, vector_view<Real> scratch)
{
  constexpr char const* name = "lambda_of_share";
  index_t const n = losses.size();
  detail::require_extent(name, "scratch", n, scratch.size());
  if (scratch.stride != 1 && n > 1) {
    detail::throw_invalid(name, "column 'scratch'", "stride 1", std::to_string(scratch.stride));
  }
  if (!(share >= 0 && share <= 1)) {
    detail::throw_invalid(name, "share", "a number in [0, 1]", std::to_string(share));
  }
  for (index_t i = 0; i < n; ++i) {
    detail::require_loss(name, losses[i], i);
    scratch[i] = losses[i];
  }
  if (n == 0) { return quiet_nan_v<Real>; }
  index_t const admitted = detail::samples_in_share(n, share);
  index_t const last = max(admitted - 1, index_t{0});
  std::nth_element(scratch.data, scratch.data + last, scratch.data + n);
  return admitted == 0 ? scratch[last] : std::nextafter(scratch[last], infinity_v<Real>);
}

}  // namespace prefopt
