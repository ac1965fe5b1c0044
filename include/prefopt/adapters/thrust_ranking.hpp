// SPDX-License-Identifier: MIT
#pragma once
/// \file  The easy-to-hard ranking by Thrust: on host threads, or on the device without a copy to
/// the host.

#include <cstddef>
#include <new>
#include <utility>

#include <thrust/find.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/memory.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>
#include <thrust/transform.h>

#include <prefopt/adapters/thrust.hpp>
#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/order_key.hpp>
#include <prefopt/ranking/rank.hpp>

namespace prefopt {

namespace detail {

/// The key of sample i.
template <class Real, class Space>
struct order_key_of_sample {
  vector_view<Real const, Space> scores;

  PREFOPT_HD auto operator()(index_t i) const { return order_key(scores[i]); }
};

template <class Real, class Space>
struct sample_is_nan {
  vector_view<Real const, Space> scores;

  PREFOPT_HD bool operator()(index_t i) const { return scores[i] != scores[i]; }
};

/// Memory from the temporary allocator of a policy, for as long as this lives.
template <class T, class Policy>
class thrust_workspace {
 public:
  thrust_workspace(Policy const& policy, index_t size) : policy_(policy)
  {
    auto const given = thrust::get_temporary_buffer<T>(policy_, size);
    memory_ = given.first;
    size_ = given.second;
    if (size_ < size) {
      thrust::return_temporary_buffer(policy_, memory_, size_);
      throw std::bad_alloc();
    }
  }
  thrust_workspace(thrust_workspace const&) = delete;
  thrust_workspace& operator=(thrust_workspace const&) = delete;
  ~thrust_workspace() { thrust::return_temporary_buffer(policy_, memory_, size_); }

  T* data() const { return thrust::raw_pointer_cast(memory_); }

 private:
  using pointer = decltype(thrust::get_temporary_buffer<T>(std::declval<Policy&>(), 0).first);

  Policy policy_;
  pointer memory_{};
  std::ptrdiff_t size_ = 0;
};

}  // namespace detail

/// `rank_easy_to_hard` by the system that `policy` names, with the order of the host, bit for bit:
/// a stable sort of whole numbers in the order of the scores, so that equal scores stay by index.
///
/// CUDA policies take device memory, the others host memory; scores are float or double with any
/// stride. Allocates a key for each sample and what Thrust's sort needs, from the policy's
/// temporary memory. Waits for a look for NaN; returns when Thrust's sort does. Throws
/// `std::invalid_argument` as on the host, naming the first sample whose score is NaN.
template <detail::thrust_policy Policy, tensor_of_rank<1> Scores>
void rank_easy_to_hard(Policy const& policy, Scores const& scores,
                       vector_view<index_t, detail::thrust_memory<Policy>> order)
{
  using space = detail::thrust_memory<Policy>;
  using real = typename detail::traits_of<Scores>::element_type;
  using key = decltype(detail::order_key(real()));
  vector_view<real const, space> const score(scores);
  index_t const n = score.size();
  detail::require_order_column(n, order);
  if (n == 0) { return; }  // some systems refuse to allocate nothing

  thrust::counting_iterator<index_t> const samples(0);
  index_t const first_nan =
      thrust::find_if(policy, samples, samples + n, detail::sample_is_nan<real, space>{score}) -
      samples;
  if (first_nan < n) { detail::throw_nan_score(first_nan); }

  detail::thrust_workspace<key, Policy> const keys(policy, n);
  thrust::transform(policy, samples, samples + n, keys.data(),
                    detail::order_key_of_sample<real, space>{score});
  thrust::sequence(policy, order.data, order.data + n);
  thrust::stable_sort_by_key(policy, keys.data(), keys.data() + n, order.data);
}

}  // namespace prefopt
