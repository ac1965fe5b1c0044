// SPDX-License-Identifier: MIT
#pragma once
/// \file  Thrust vectors as tensors, and Thrust execution policies as drivers of an evaluation.

#include <concepts>
#include <type_traits>

#include <thrust/detail/raw_pointer_cast.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/iterator_traits.h>
#include <thrust/system/cpp/execution_policy.h>

#include <prefopt/core/evaluate.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

namespace detail {

template <class Policy>
concept thrust_policy = std::derived_from<Policy, thrust::execution_policy<Policy>>;

/// The CPP, OMP and TBB systems and thrust::seq run on the host; Thrust derives their policies (and
/// the tags of their iterators) from the sequential one.
template <class System>
concept thrust_host_system =
    std::derived_from<System, thrust::system::detail::sequential::execution_policy<System>>;

template <class System>
using thrust_memory = std::conditional_t<thrust_host_system<System>, host_memory, device_memory>;

/// Vectors with fancy pointers. A host_vector has plain ones: the core knows it as a range.
template <class Vector>
concept thrust_vector = requires(Vector& v) {
  typename thrust::iterator_system<typename Vector::iterator>::type;
  thrust::raw_pointer_cast(v.data());
  requires !std::is_pointer_v<decltype(v.data())>;
  v.size();
};

}  // namespace detail

/// device_vector and universal_vector. Their memory is that of the system they belong to: with
/// THRUST_DEVICE_SYSTEM = CUDA the device's, with CPP, OMP or TBB the host's.
template <detail::thrust_vector Vector>
struct tensor_traits<Vector> {
  using element_type = typename Vector::value_type;
  using space =
      detail::thrust_memory<typename thrust::iterator_system<typename Vector::iterator>::type>;
  static constexpr int rank = 1;
  static constexpr bool owns = true;

  static auto data(auto& v) { return thrust::raw_pointer_cast(v.data()); }
  static index_t extent(auto& v, int) { return static_cast<index_t>(v.size()); }
  static index_t stride(auto&, int) { return 1; }
};

/// Loss and gradient of every sample, by the system that `policy` names: thrust::device,
/// thrust::cuda::par.on(stream), thrust::omp::par, thrust::cpp::par ...
///
/// Columns and results are those of `prefopt::evaluate` on the host. CUDA policies take device
/// memory, the others host memory. Host systems run a vector register of samples at a time, as the
/// host loop does; `options.threads` is left to the policy. Returns when Thrust's for_each does.
/// Throws `std::invalid_argument` as `prefopt::evaluate` does; lengths are checked in host memory
/// only, where they are below a token in device memory the loss is NaN or infinite.
template <class Real = void, detail::thrust_policy Policy, class Loss,
          class Space = detail::thrust_memory<Policy>, class Target = detail::compile_target>
void evaluate(Policy const& policy, Loss const& loss,
              input_columns<Loss, detail::precision<Real, Loss>, Space> const& in,
              output_columns<Loss, detail::precision<Real, Loss>, Space> const& out,
              options_of<Loss, detail::precision<Real, Loss>, Space> const& options = {})
{
  using real = detail::precision<Real, Loss>;
  static_assert(check_loss<Loss, real>());
  index_t const n = detail::checked_extent<Loss, real, Space>("evaluate", loss, in, out, options);
  auto const body = detail::make_evaluate_sample<Loss, real, Space>(loss, in, out, options);
  thrust::counting_iterator<index_t> const first(0);
  if constexpr (detail::thrust_host_system<Policy>) {
    detail::evaluate_part<Target, Loss, real> const part{body, n};
    thrust::for_each_n(policy, first, part.parts(), part);
  } else {
    thrust::for_each_n(policy, first, n, body);
  }
}

}  // namespace prefopt
