// SPDX-License-Identifier: MIT
// expected-error "this GEMM has no const operator"
/// \file  Hidden states in bf16 with a matrix product for fp32 only.

#include <cstddef>
#include <type_traits>

#include <prefopt/head/log_probs.hpp>

struct fp32_gemm {
  template <class T>
    requires std::is_same_v<T, float>
  void operator()(prefopt::matrix_view<T const>, prefopt::matrix_view<T const>,
                  prefopt::matrix_view<float>, bool) const
  {
  }
};

template <class Stored>
void call(prefopt::matrix_view<Stored const> x, prefopt::vector_view<int const> targets,
          prefopt::vector_view<std::byte> workspace)
{
  prefopt::head_log_probs(fp32_gemm{}, x, x, targets, {}, {}, workspace);
}
template void call<float>(prefopt::matrix_view<float const>, prefopt::vector_view<int const>,
                          prefopt::vector_view<std::byte>);
#ifdef PREFOPT_SHOULD_FAIL
template void call<prefopt::bfloat16>(prefopt::matrix_view<prefopt::bfloat16 const>,
                                      prefopt::vector_view<int const>,
                                      prefopt::vector_view<std::byte>);
#endif
