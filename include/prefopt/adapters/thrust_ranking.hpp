// SPDX-License-Identifier: MIT
#pragma once
/// \file  The easy-to-hard ranking and its cuts by Thrust: on host threads, or on the device
/// without a copy to the host.

#include <cstddef>
#include <new>
#include <utility>

#include <thrust/find.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/memory.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>
#include <thrust/transform.h>

#include <prefopt/adapters/thrust.hpp>
#include <prefopt/adapters/thrust_cut_search.hpp>
#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>
#include <prefopt/ranking/level_cuts.hpp>
#include <prefopt/ranking/levels.hpp>
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

template <class Policy, class Real, class Space>
void require_numbers(Policy const& policy, char const* function,
                     vector_view<Real const, Space> scores)
{
  thrust::counting_iterator<index_t> const samples(0);
  index_t const n = scores.size();
  index_t const first_nan =
      thrust::find_if(policy, samples, samples + n, sample_is_nan<Real, Space>{scores}) - samples;
  if (first_nan < n) { throw_nan_score(function, first_nan); }
}

/// Chunks of neighbouring samples on the threads of a host system.
template <class Policy>
struct run_by_thrust {
  static constexpr index_t chunks = 16;

  Policy const& policy;

  template <class Body>
  void operator()(index_t count, Body const& body) const
  {
    thrust::counting_iterator<index_t> const first(0);
    thrust::for_each(policy, first, first + count, body);
  }
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

  detail::require_numbers(policy, "rank_easy_to_hard", score);

  thrust::counting_iterator<index_t> const samples(0);
  detail::thrust_workspace<key, Policy> const keys(policy, n);
  thrust::transform(policy, samples, samples + n, keys.data(),
                    detail::order_key_of_sample<real, space>{score});
  thrust::sequence(policy, order.data, order.data + n);
  thrust::stable_sort_by_key(policy, keys.data(), keys.data() + n, order.data);
}

/// `level_cuts` by the system that `policy` names, with the cuts of the host, bit for bit.
///
/// CUDA policies take device memory, the others host memory; scores are float or double with any
/// stride; levels and cuts lie in host memory. Host systems count in 16 chunks, with a workspace as
/// of 16 threads from the policy's temporary memory. On the device every cut is found on its own in
/// 9 reductions over the scores (float) or 17 (double), less what it shares with the one before,
/// and without memory but theirs: where there are more than about twenty cuts a ranking is cheaper.
/// Returns when the cuts are there. Throws `std::invalid_argument` as on the host.
template <detail::thrust_policy Policy, tensor_of_rank<1> Scores,
          class Target = detail::compile_target>
void level_cuts(Policy const& policy, Scores const& score_column, level_view levels,
                vector_view<level_cut<typename detail::traits_of<Scores>::element_type>> cuts)
{
  constexpr char const* name = "level_cuts";
  using space = detail::thrust_memory<Policy>;
  using real = typename detail::traits_of<Scores>::element_type;
  vector_view<real const, space> const scores(score_column);
  auto const ranks = detail::ranks_of_cuts(name, scores.size(), levels, cuts);
  if constexpr (detail::thrust_host_system<Policy>) {
    using run = detail::run_by_thrust<Policy>;
    index_t const needed = level_cuts_workspace<real>(levels.count() - 1, run::chunks);
    detail::thrust_workspace<index_t, Policy> const memory(policy, needed);
    detail::cuts_at_ranks<Target>(name, scores, ranks, cuts, run::chunks, {memory.data(), needed},
                                  run{policy});
  } else {
    detail::require_numbers(policy, name, scores);
    detail::device_cut_search<Policy, real> search(policy, scores);
    for (index_t k = 0; k < ranks.size(); ++k) { cuts[k] = search(ranks[k]); }
  }
}

}  // namespace prefopt
