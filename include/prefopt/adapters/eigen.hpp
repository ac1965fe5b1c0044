// SPDX-License-Identifier: MIT
#pragma once
/// \file  Eigen matrices, arrays, maps, blocks and Refs as tensors. Includes no Eigen header.

#include <type_traits>

#include <prefopt/core/view.hpp>

namespace prefopt {

namespace detail {

/// Eigen expressions that lie in memory. A lazy expression (a + b) has no data() and stays out.
template <class T>
concept eigen_direct_access = requires(T& t) {
  typename T::Scalar;
  typename T::PlainObject;
  T::IsVectorAtCompileTime;
  T::IsRowMajor;
  t.data();
  t.innerStride();
  t.outerStride();
};

}  // namespace detail

/// Compile-time vectors are rank 1 and everything else rank 2; both storage orders, any strides.
/// Matrix and Array own their elements; Map, Block and Ref borrow them.
template <detail::eigen_direct_access Dense>
struct tensor_traits<Dense> {
  using element_type = typename Dense::Scalar;
  using space = host_memory;
  static constexpr int rank = Dense::IsVectorAtCompileTime ? 1 : 2;
  static constexpr bool owns = std::is_same_v<Dense, typename Dense::PlainObject>;

  static auto data(auto& t) { return t.data(); }
  static index_t extent(auto& t, int axis)
  {
    return rank == 1 ? t.size() : axis == 0 ? t.rows() : t.cols();
  }
  static index_t stride(auto& t, int axis)
  {
    bool const along_storage = rank == 1 || (axis == 1) == bool(Dense::IsRowMajor);
    return along_storage ? t.innerStride() : t.outerStride();
  }
};

}  // namespace prefopt
