// SPDX-License-Identifier: MIT
#pragma once
/// \file  xtensor containers, adaptors and strided views as tensors. Includes no xtensor header, so
/// it does not depend on where a release keeps them (they moved in 0.26).

#include <cstddef>
#include <tuple>
#include <type_traits>

#include <prefopt/core/view.hpp>

namespace prefopt {

namespace detail {

/// xtensor expressions that lie in memory: xtensor, xtensor_fixed, adapt(), view() with ranges.
template <class T>
concept xtensor_strided = requires(T& t) {
  typename T::inner_shape_type;
  typename T::inner_strides_type;
  t.data();
  t.shape();
  t.strides();
  t.data_offset();
};

/// Compile-time number of axes; -1 where xtensor only knows it at run time (xarray), which no view
/// accepts: give such a tensor a fixed rank.
template <class Shape>
inline constexpr int xtensor_rank = -1;
template <class Shape>
  requires requires { std::tuple_size<Shape>::value; }
inline constexpr int xtensor_rank<Shape> = static_cast<int>(std::tuple_size<Shape>::value);

}  // namespace detail

/// Containers own their elements; adaptors and views of named containers borrow them. (A view of a
/// temporary container keeps it alive inside itself, so name that view.)
template <detail::xtensor_strided Tensor>
struct tensor_traits<Tensor> {
  using element_type = typename Tensor::value_type;
  using space = host_memory;
  static constexpr int rank =
      detail::xtensor_rank<std::remove_cvref_t<typename Tensor::inner_shape_type>>;
  static constexpr bool owns = std::is_same_v<Tensor, typename Tensor::temporary_type>;

  static auto data(auto& t) { return t.data() + t.data_offset(); }
  static index_t extent(auto& t, int axis)
  {
    return static_cast<index_t>(t.shape()[static_cast<std::size_t>(axis)]);
  }
  static index_t stride(auto& t, int axis)
  {
    return static_cast<index_t>(t.strides()[static_cast<std::size_t>(axis)]);
  }
};

}  // namespace prefopt
