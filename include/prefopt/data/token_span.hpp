// SPDX-License-Identifier: MIT
#pragma once
/// \file  Ranges of tokens within a row.

#include <string>

#include <prefopt/config.hpp>
#include <prefopt/core/error.hpp>
#include <prefopt/core/math.hpp>
#include <prefopt/core/view.hpp>

namespace prefopt {

/// Tokens begin, begin + 1 ... end - 1 of a row.
struct token_span {
  index_t begin = 0;
  index_t end = 0;

  constexpr index_t size() const { return end - begin; }
  friend constexpr bool operator==(token_span const&, token_span const&) = default;
};

namespace detail {

inline std::string span_text(token_span const& span)
{
  return "[" + std::to_string(span.begin) + ", " + std::to_string(span.end) + ")";
}

inline void require_span(char const* function, std::string const& what, token_span const& span,
                         index_t first, index_t last)
{
  if (span.begin < first || span.end < span.begin || span.end > last) {
    throw_invalid(function, what, "a range within " + span_text({first, last}), span_text(span));
  }
}

/// Throws unless the spans are in order, do not overlap and lie within `length` tokens.
inline void require_spans(char const* function, std::string const& what,
                          vector_view<token_span const> const& spans, index_t length)
{
  index_t first = 0;
  for (index_t k = 0; k < spans.extent; ++k) {
    require_span(function, what + " " + std::to_string(k), spans[k], first, length);
    first = spans[k].end;
  }
}

}  // namespace detail
}  // namespace prefopt
