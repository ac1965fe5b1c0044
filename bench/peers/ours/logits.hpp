// SPDX-License-Identifier: MIT
#pragma once
/// \file  The logits of a C caller as the views that prefopt takes.

#include <type_traits>

#include <prefopt/core/view.hpp>
#include <prefopt/row/half.hpp>

#include "ours.hpp"

namespace peers {

using column = prefopt::vector_view<float>;
using const_column = prefopt::vector_view<float const>;

/// Calls call(logits, targets).
template <class Call>
void with_logits(prefopt_rows const& in, Call call)
{
  auto const as = [&](auto const* logits) {
    call(prefopt::matrix_view<std::remove_pointer_t<decltype(logits)>>(logits, in.rows,
                                                                       in.vocabulary),
         prefopt::vector_view<std::int64_t const>(in.targets, in.rows));
  };
  if (in.bf16 != 0) {
    as(static_cast<prefopt::bfloat16 const*>(in.logits));
  } else {
    as(static_cast<float const*>(in.logits));
  }
}

/// The element type of a view, without const.
template <class View>
using stored_in = std::remove_const_t<typename View::element_type>;

}  // namespace peers
