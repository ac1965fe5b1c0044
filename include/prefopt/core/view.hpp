// SPDX-License-Identifier: MIT
#pragma once
/// \file  Non-owning strided views, and the trait through which every tensor library plugs in.

#include <concepts>
#include <type_traits>
#include <utility>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

PREFOPT_INLINED_BEGIN
namespace prefopt {

/// Where the elements of a view may be read and written.
struct host_memory {};
struct device_memory {};

/// Customisation point: specialise it for a tensor type, leave it undefined for everything else.
///
/// Required members: `element_type`, `rank`, `space`, and static `data(t)`, `extent(t, axis)`,
/// `stride(t, axis)` in elements. Optional: `static constexpr bool owns = true` for containers,
/// whose temporaries must not be viewed.
template <class Tensor>
struct tensor_traits;

/// A type with a specialisation of `tensor_traits`. A lazy expression (a + b) has none: evaluate
/// it.
template <class Tensor>
concept has_adapter = requires { sizeof(tensor_traits<std::remove_cvref_t<Tensor>>); };

template <class Tensor, int Rank>
concept tensor_of_rank = has_adapter<Tensor> && requires(std::remove_reference_t<Tensor>& t) {
  typename tensor_traits<std::remove_cvref_t<Tensor>>::element_type;
  requires tensor_traits<std::remove_cvref_t<Tensor>>::rank == Rank;
  typename tensor_traits<std::remove_cvref_t<Tensor>>::space;
  tensor_traits<std::remove_cvref_t<Tensor>>::data(t);
  { tensor_traits<std::remove_cvref_t<Tensor>>::extent(t, 0) } -> std::convertible_to<index_t>;
  { tensor_traits<std::remove_cvref_t<Tensor>>::stride(t, 0) } -> std::convertible_to<index_t>;
};

namespace detail {

template <class Tensor>
using traits_of = tensor_traits<std::remove_cvref_t<Tensor>>;

template <class Tensor>
concept owning_tensor = requires { requires traits_of<Tensor>::owns; };

template <class Pointer, class T>
concept points_to =
    std::convertible_to<Pointer, T*> &&
    std::same_as<std::remove_cv_t<std::remove_pointer_t<Pointer>>, std::remove_cv_t<T>>;

/// One sentence for each way in which a tensor cannot become the wanted view.
template <class T, class Space, int Rank, class Tensor>
consteval bool check_tensor()
{
  static_assert(has_adapter<Tensor>,
                "prefopt: this type is no tensor here; include its adapter (prefopt/adapters/...), "
                "evaluate a lazy expression first, or specialise prefopt::tensor_traits");
  if constexpr (has_adapter<Tensor>) {
    static_assert(
        tensor_of_rank<Tensor, Rank>,
        "prefopt: this tensor has the wrong rank; a column is rank 1, logits are rank 2 (take a "
        "row or column view, or give the tensor a fixed rank)");
    static_assert(
        std::same_as<typename traits_of<Tensor>::space, Space>,
        "prefopt: this tensor lives in the wrong memory; host and device tensors cannot be mixed "
        "(device tensors go to prefopt::gpu or to a Thrust policy)");
    static_assert(
        !(owning_tensor<Tensor> && !std::is_lvalue_reference_v<Tensor>),
        "prefopt: a view of a temporary container would dangle; give the container a name");
    if constexpr (tensor_of_rank<Tensor, Rank>) {
      using pointer =
          decltype(traits_of<Tensor>::data(std::declval<std::remove_reference_t<Tensor>&>()));
      static_assert(
          points_to<pointer, T>,
          "prefopt: this tensor has another element type than the call computes in, or it is "
          "const where the call writes");
    }
  }
  return true;
}

}  // namespace detail

/// One row or column: pointer, length and stride in elements. Converts from any rank-1 tensor of
/// the same element type and memory. A default-constructed view, and a null pointer with a length,
/// is a column that is not there; an empty container is a column of 0 elements.
template <class T, class Space = host_memory>
struct vector_view {
  using element_type = T;
  using space = Space;

  T* data = nullptr;
  index_t extent = 0;
  index_t stride = 0;  ///< 0 with no elements and no data: no column

  vector_view() = default;
  PREFOPT_HD constexpr vector_view(T* pointer, index_t length, index_t step = 1)
      : data(pointer), extent(length), stride(step)
  {
  }
  template <class Other>
    requires(std::same_as<Other const, T> && !std::same_as<Other, T>)
  PREFOPT_HD constexpr vector_view(vector_view<Other, Space> const& other)
      : data(other.data), extent(other.extent), stride(other.stride)
  {
  }
  template <class Tensor>
    requires(!std::same_as<std::remove_cvref_t<Tensor>, vector_view> &&
             !std::same_as<std::remove_cvref_t<Tensor>, vector_view<std::remove_const_t<T>, Space>>)
  vector_view(Tensor&& t)
  {
    if constexpr (detail::check_tensor<T, Space, 1, Tensor>()) {
      using traits = detail::traits_of<Tensor>;
      extent = static_cast<index_t>(traits::extent(t, 0));
      stride = extent == 0 ? 1 : static_cast<index_t>(traits::stride(t, 0));
      if (extent != 0) data = traits::data(t);  // an empty thrust::host_vector has none to ask for
    }
  }

  /// Whether there is a column, be it an empty one.
  PREFOPT_HD constexpr bool given() const
  {
    return data != nullptr || (extent == 0 && stride != 0);
  }
  PREFOPT_HD constexpr explicit operator bool() const { return given(); }

  PREFOPT_HD constexpr T& operator[](index_t i) const { return data[i * stride]; }
  PREFOPT_HD constexpr index_t size() const { return extent; }

  /// `count` elements from `first`.
  PREFOPT_HD constexpr vector_view part(index_t first, index_t count) const
  {
    return {data + first * stride, count, stride};
  }
};

/// Two-dimensional strided view; row i is a vector_view. The row pitch may exceed the row length.
template <class T, class Space = host_memory>
struct matrix_view {
  using element_type = T;
  using space = Space;

  T* data = nullptr;
  index_t rows = 0;
  index_t cols = 0;
  index_t row_stride = 0;
  index_t col_stride = 1;

  matrix_view() = default;
  PREFOPT_HD constexpr matrix_view(T* pointer, index_t row_count, index_t col_count,
                                   index_t row_step, index_t col_step = 1)
      : data(pointer), rows(row_count), cols(col_count), row_stride(row_step), col_stride(col_step)
  {
  }
  PREFOPT_HD constexpr matrix_view(T* pointer, index_t row_count, index_t col_count)
      : matrix_view(pointer, row_count, col_count, col_count)
  {
  }
  template <class Other>
    requires(std::same_as<Other const, T> && !std::same_as<Other, T>)
  PREFOPT_HD constexpr matrix_view(matrix_view<Other, Space> const& other)
      : matrix_view(other.data, other.rows, other.cols, other.row_stride, other.col_stride)
  {
  }
  template <class Tensor>
    requires(!std::same_as<std::remove_cvref_t<Tensor>, matrix_view> &&
             !std::same_as<std::remove_cvref_t<Tensor>, matrix_view<std::remove_const_t<T>, Space>>)
  matrix_view(Tensor&& t)
  {
    if constexpr (detail::check_tensor<T, Space, 2, Tensor>()) {
      using traits = detail::traits_of<Tensor>;
      data = traits::data(t);
      rows = static_cast<index_t>(traits::extent(t, 0));
      cols = static_cast<index_t>(traits::extent(t, 1));
      row_stride = static_cast<index_t>(traits::stride(t, 0));
      col_stride = static_cast<index_t>(traits::stride(t, 1));
    }
  }

  PREFOPT_HD constexpr vector_view<T, Space> row(index_t i) const
  {
    return {data + i * row_stride, cols, col_stride};
  }
  PREFOPT_HD constexpr explicit operator bool() const { return data != nullptr; }
};

namespace detail {

/// std::vector, std::span, std::array and their like: contiguous, with a plain pointer and a
/// length.
template <class Range>
concept contiguous_range = requires(Range& r) {
  requires std::is_pointer_v<decltype(r.data())>;
  { r.size() } -> std::convertible_to<index_t>;
  typename Range::value_type;
} && !requires(Range& r) { r.strides(); } && !requires(Range& r) { r.innerStride(); };

/// A range whose constness does not reach its elements only borrows them (std::span).
template <class Range>
concept borrowing_range = std::is_same_v<decltype(std::declval<Range&>().data()),
                                         decltype(std::declval<Range const&>().data())>;

}  // namespace detail

/// Host ranges need no adapter header.
template <detail::contiguous_range Range>
struct tensor_traits<Range> {
  using element_type = typename Range::value_type;
  using space = host_memory;
  static constexpr int rank = 1;
  static constexpr bool owns = !detail::borrowing_range<Range>;

  static constexpr auto data(auto& r) { return r.data(); }
  static constexpr index_t extent(auto& r, int) { return static_cast<index_t>(r.size()); }
  static constexpr index_t stride(auto&, int) { return 1; }
};

/// Views are tensors too, so that a view in the wrong memory gets the same sentence.
template <class T, class Space>
struct tensor_traits<vector_view<T, Space>> {
  using element_type = std::remove_const_t<T>;
  using space = Space;
  static constexpr int rank = 1;

  static constexpr T* data(vector_view<T, Space> const& v) { return v.data; }
  static constexpr index_t extent(vector_view<T, Space> const& v, int) { return v.extent; }
  static constexpr index_t stride(vector_view<T, Space> const& v, int) { return v.stride; }
};
template <class T, class Space>
struct tensor_traits<matrix_view<T, Space>> {
  using element_type = std::remove_const_t<T>;
  using space = Space;
  static constexpr int rank = 2;

  static constexpr T* data(matrix_view<T, Space> const& m) { return m.data; }
  static constexpr index_t extent(matrix_view<T, Space> const& m, int axis)
  {
    return axis == 0 ? m.rows : m.cols;
  }
  static constexpr index_t stride(matrix_view<T, Space> const& m, int axis)
  {
    return axis == 0 ? m.row_stride : m.col_stride;
  }
};

/// The view of a rank-1 tensor, element type deduced.
template <class Tensor>
auto as_vector(Tensor&& t)
{
  using traits = detail::traits_of<Tensor>;
  using element = std::remove_pointer_t<decltype(traits::data(t))>;
  return vector_view<element, typename traits::space>(std::forward<Tensor>(t));
}

/// The view of a rank-2 tensor, element type deduced.
template <class Tensor>
auto as_matrix(Tensor&& t)
{
  using traits = detail::traits_of<Tensor>;
  using element = std::remove_pointer_t<decltype(traits::data(t))>;
  return matrix_view<element, typename traits::space>(std::forward<Tensor>(t));
}

}  // namespace prefopt
PREFOPT_INLINED_END
