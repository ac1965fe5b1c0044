// SPDX-License-Identifier: MIT
#pragma once
/// \file  What every reduction of the library is: a value that merges.

#include <concepts>

namespace prefopt {

/// A commutative monoid: `State{}` is the identity, `a.merge(b)` combines.
template <class State>
concept mergeable_state = std::copyable<State> && std::default_initializable<State> &&
                          requires(State s, State const& other) { s.merge(other); };

}  // namespace prefopt
