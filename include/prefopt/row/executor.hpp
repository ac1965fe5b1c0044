// SPDX-License-Identifier: MIT
#pragma once
/// \file  The row executor concept: who goes through a row and how; and its one-lane model.

#include <concepts>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/mergeable.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

namespace detail {

template <class State>
struct push_archetype {
  PREFOPT_HD void operator()(State&, float, index_t) const {}
};
struct map_archetype {
  PREFOPT_HD float operator()(float v, index_t) const { return v; }
};

}  // namespace detail

template <class Executor, class State>
concept reduces_rows = requires(Executor& ex, vector_view<float const> in) {
  { ex.reduce(in, State{}, detail::push_archetype<State>{}) } -> std::same_as<State>;
};

template <class Executor>
concept transforms_rows =
    requires(Executor& ex, vector_view<float const> in, vector_view<float> out) {
      ex.transform(in, out, detail::map_archetype{});
      ex.barrier();
    };

/// A team of one or more lanes that works on one row together. Every lane calls every member.
///
/// - `reduce(in, State{}, push)` calls `push(state, in[j], j)` for every j, merges the states and
///   returns the total to **every** lane.
/// - `transform(in, out, map)` writes `out[j] = map(in[j], j)` for every j; `out` may be `in`.
/// - `barrier()`: what any lane read before it is read before any lane writes after it.
template <class Executor, class State>
concept row_executor =
    mergeable_state<State> && reduces_rows<Executor, State> && transforms_rows<Executor>;

/// The same, one sentence for each thing that may be missing; nvcc does not explain concepts.
template <class Executor, class State>
consteval bool check_row_executor()
{
  static_assert(mergeable_state<State>,
                "prefopt: the state of a reduction must be copyable, default-constructed as the "
                "identity, and have a member merge(State const&)");
  static_assert(reduces_rows<Executor, State>,
                "prefopt: a row executor must have reduce(in, State{}, push), which calls "
                "push(state, in[j], j) for every j and returns the merged State to every lane");
  static_assert(transforms_rows<Executor>,
                "prefopt: a row executor must have transform(in, out, map), which writes "
                "out[j] = map(in[j], j) for every j, and barrier()");
  return true;
}

/// One lane, any scalar, any stride: the reference for all other executors.
struct serial_executor {
  /// Elements that are folded before they join the total, so that rounding errors of long rows
  /// do not pile up in one sum.
  static constexpr index_t block = 256;

  template <class In, class State, class Push>
  PREFOPT_HD State reduce(In in, State total, Push push) const
  {
    for (index_t first = 0; first < in.size(); first += block) {
      index_t const last = in.size() - first < block ? in.size() : first + block;
      State part{};
      for (index_t j = first; j < last; ++j) { push(part, in[j], j); }
      total.merge(part);
    }
    return total;
  }

  template <class In, class Out, class Map>
  PREFOPT_HD void transform(In in, Out out, Map map) const
  {
    for (index_t j = 0; j < in.size(); ++j) { out[j] = map(in[j], j); }
  }

  PREFOPT_HD void barrier() const {}
};

}  // namespace prefopt
