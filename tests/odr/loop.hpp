// SPDX-License-Identifier: MIT
#pragma once
/// \file  What two files of one program, compiled with different flags, say about themselves.

#include <cstddef>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

#include <prefopt/core/evaluate.hpp>

/// Writes down which thread evaluates each sample. A formula with a branch: no packs.
struct who_evaluates {
  template <class Policy, class Constant = Policy>
  using record = prefopt::pair_logps<Policy, Constant>;
  std::thread::id* thread_of;

  template <class Policy, class Constant>
  Policy operator()(prefopt::pair_logps<Policy, Constant> const& x) const
  {
    thread_of[static_cast<std::size_t>(x.ref_chosen)] = std::this_thread::get_id();
    return x.chosen;
  }
};

struct self_description {
  bool shares_the_work;   ///< the host loop ran on another thread than the caller's, too
  std::string pack_type;  ///< the mangled name of pack<float, 4>
};

inline self_description describe(auto const& evaluate)
{
  std::vector<float> const index{0, 1, 2, 3}, zero(4);
  std::vector<float> value(4);
  std::vector<std::thread::id> thread_of(4);
  evaluate(who_evaluates{thread_of.data()}, index, zero, value);
  return {thread_of[0] != thread_of[3], typeid(prefopt::pack<float, 4>).name()};
}

self_description describe_plain();       ///< compiled without OpenMP, for any machine
self_description describe_with_flags();  ///< compiled with OpenMP and more vector instructions
