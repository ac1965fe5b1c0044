// SPDX-License-Identifier: MIT
#pragma once
/// \file  oneDNN (2 and 3) as the matrix product of a head, in fp32 and bf16.

#include <type_traits>

#include <oneapi/dnnl/dnnl.hpp>

#include <prefopt/head/gemm.hpp>
#include <prefopt/row/half.hpp>

namespace prefopt {

/// A matmul primitive for each call, which oneDNN keeps in a cache of its own, on the host's
/// engine. bf16 products are summed in fp32. Threads are oneDNN's (OpenMP's in most builds: its
/// OMP_NUM_THREADS); the same shapes and threads give the same bits.
class onednn_gemm {
 public:
  template <class Stored>
    requires(std::is_same_v<Stored, float> || half_format_of<Stored> == half_format::bfloat16)
  void operator()(matrix_view<Stored const> a, matrix_view<Stored const> b, matrix_view<float> c,
                  bool accumulate) const
  {
    dnnl::primitive_attr how;
    if (accumulate) {
      dnnl::post_ops after;
      after.append_sum(1.0f);
      how.set_post_ops(after);
    }
    auto const from_a = description(a), from_b = description(b), to_c = description(c);
#if DNNL_VERSION_MAJOR >= 3
    dnnl::matmul::primitive_desc const plan(engine_, from_a, from_b, to_c, how);
#else
    dnnl::matmul::primitive_desc const plan(dnnl::matmul::desc(from_a, from_b, to_c), how, engine_);
#endif
    dnnl::matmul(plan).execute(stream_, {{DNNL_ARG_SRC, memory(from_a, a.data)},
                                         {DNNL_ARG_WEIGHTS, memory(from_b, b.data)},
                                         {DNNL_ARG_DST, memory(to_c, c.data)}});
    stream_.wait();
  }

 private:
  template <class T>
  static dnnl::memory::desc description(matrix_view<T> const& m)
  {
    using type = dnnl::memory::data_type;
    constexpr bool is_float = std::is_same_v<std::remove_const_t<T>, float>;
    return {{m.rows, m.cols}, is_float ? type::f32 : type::bf16, {m.row_stride, m.col_stride}};
  }
  template <class T>
  dnnl::memory memory(dnnl::memory::desc const& description, T* data) const
  {
    return {description, engine_, const_cast<std::remove_const_t<T>*>(data)};
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  mutable dnnl::stream stream_{engine_};
};
static_assert(matrix_product<onednn_gemm, float, float>);
static_assert(matrix_product<onednn_gemm, bfloat16, float>);

}  // namespace prefopt
