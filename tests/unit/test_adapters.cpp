// SPDX-License-Identifier: MIT
/// \file  Eigen and xtensor as columns and matrices, and the golden losses in their memory.

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <Eigen/Core>
#if __has_include(<xtensor/containers/xtensor.hpp>)  // since 0.26
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xfixed.hpp>
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xfixed.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif

#include <prefopt/adapters/eigen.hpp>
#include <prefopt/adapters/xtensor.hpp>

#include "support/golden.hpp"

using namespace prefopt;

namespace {

/// Columns of a row-major matrix: every one is strided.
template <class Real>
class eigen_table {
 public:
  eigen_table(std::size_t rows, std::size_t columns)
      : matrix_(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns))
  {
  }
  auto column(std::size_t k) { return matrix_.col(static_cast<Eigen::Index>(k)); }

 private:
  Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> matrix_;
};

template <class Real>
class xtensor_table {
 public:
  xtensor_table(std::size_t rows, std::size_t columns)
      : tensor_(std::array<std::size_t, 2>{rows, columns})
  {
  }
  auto column(std::size_t k) { return xt::view(tensor_, xt::all(), k); }

 private:
  xt::xtensor<Real, 2> tensor_;
};

/// Element (i, j) of what holds 10 i + j.
template <class Matrix>
bool counts_in_tens(Matrix&& m, index_t rows, index_t cols, float first = 0)
{
  auto const view = as_matrix(std::forward<Matrix>(m));
  bool same = view.rows == rows && view.cols == cols;
  for (index_t i = 0; same && i < rows; ++i) {
    for (index_t j = 0; j < cols; ++j) {
      same = same && view.row(i)[j] == first + static_cast<float>(10 * i + j);
    }
  }
  return same;
}
template <class Vector>
bool counts(Vector&& v, index_t extent, float first, float step)
{
  auto const view = as_vector(std::forward<Vector>(v));
  bool same = view.extent == extent;
  for (index_t i = 0; same && i < extent; ++i) {
    same = view[i] == first + step * static_cast<float>(i);
  }
  return same;
}

template <class Tensor>
constexpr bool owns = tensor_traits<Tensor>::owns;

}  // namespace

TEST_CASE("Eigen matrices of both storage orders are seen without a copy", "[adapters]")
{
  Eigen::MatrixXf c(3, 5);
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> r(3, 5);
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 5; ++j) { c(i, j) = r(i, j) = static_cast<float>(10 * i + j); }
  }
  CHECK(counts_in_tens(c, 3, 5));
  CHECK(counts_in_tens(r, 3, 5));
  CHECK(as_matrix(c).data == c.data());
  CHECK(counts_in_tens(c.block(1, 1, 2, 3), 2, 3, 11));
  CHECK(counts_in_tens(r.block(1, 1, 2, 3), 2, 3, 11));
  CHECK(counts_in_tens(Eigen::MatrixXf(c.transpose()).transpose(), 3, 5));
  CHECK(counts(c.row(2), 5, 20, 1));
  CHECK(counts(r.row(2), 5, 20, 1));
  CHECK(counts(c.col(2), 3, 2, 10));
  CHECK(counts(r.col(2), 3, 2, 10));
  CHECK(counts(r.diagonal(), 3, 0, 11));
  CHECK(counts(r.row(1).segment(2, 3), 3, 12, 1));
  CHECK(counts(c.array().col(4), 3, 4, 10));

  Eigen::Map<Eigen::VectorXf, 0, Eigen::InnerStride<2>> map(r.data(), 3);
  CHECK(counts(map, 3, 0, 2));
  Eigen::Map<Eigen::MatrixXf const, 0, Eigen::OuterStride<>> const outer(c.data(), 2, 5,
                                                                         Eigen::OuterStride<>(3));
  CHECK(counts_in_tens(outer, 2, 5));
  Eigen::Ref<Eigen::MatrixXf> ref = c;
  CHECK(counts_in_tens(ref, 3, 5));
  Eigen::Array<float, 1, 4> const fixed{0, 1, 2, 3};
  CHECK(counts(fixed, 4, 0, 1));
}

TEST_CASE("constness, ownership and laziness of Eigen types are respected", "[adapters]")
{
  using matrix = Eigen::MatrixXf;
  STATIC_REQUIRE(
      std::is_same_v<decltype(as_matrix(std::declval<matrix const&>()).data), float const*>);
  STATIC_REQUIRE(std::is_same_v<decltype(as_matrix(std::declval<matrix&>()).data), float*>);
  STATIC_REQUIRE(owns<matrix> && owns<Eigen::ArrayXd> && owns<Eigen::Vector3f>);
  STATIC_REQUIRE_FALSE(owns<Eigen::Map<matrix>> || owns<Eigen::Ref<matrix>>);
  STATIC_REQUIRE_FALSE(owns<decltype(std::declval<matrix&>().col(0))>);
  STATIC_REQUIRE(tensor_of_rank<Eigen::RowVectorXd, 1> && !tensor_of_rank<matrix, 1>);
  STATIC_REQUIRE_FALSE(has_adapter<decltype(std::declval<matrix&>() + std::declval<matrix&>())>);
  STATIC_REQUIRE_FALSE(has_adapter<decltype(std::declval<matrix&>() * std::declval<matrix&>())>);
  STATIC_REQUIRE_FALSE(has_adapter<decltype(std::declval<matrix&>().array().exp())>);
}

TEST_CASE("xtensor containers, adaptors and views are seen without a copy", "[adapters]")
{
  std::array<std::size_t, 2> const shape{3, 5};
  xt::xtensor<float, 2> x(shape);
  xt::xtensor<float, 2, xt::layout_type::column_major> c(shape);
  xt::xtensor_fixed<float, xt::xshape<3, 5>> f;
  std::vector<float> raw(15);
  auto a = xt::adapt(raw, shape);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 5; ++j) {
      x(i, j) = c(i, j) = f(i, j) = a(i, j) = static_cast<float>(10 * i + j);
    }
  }
  CHECK(counts_in_tens(x, 3, 5));
  CHECK(counts_in_tens(c, 3, 5));
  CHECK(counts_in_tens(f, 3, 5));
  CHECK(counts_in_tens(a, 3, 5));
  CHECK(as_matrix(x).data == x.data());
  CHECK(counts(xt::view(x, 2, xt::all()), 5, 20, 1));
  CHECK(counts(xt::view(c, 2, xt::all()), 5, 20, 1));
  CHECK(counts(xt::view(x, xt::all(), 2), 3, 2, 10));
  CHECK(counts(xt::view(x, 1, xt::range(4, 0, -2)), 2, 14, -2));
  CHECK(counts_in_tens(xt::view(x, xt::range(1, 3), xt::range(1, 5)), 2, 4, 11));
  CHECK(counts_in_tens(xt::view(x, xt::range(0, 3), xt::range(0, 1)), 3, 1));
  auto borrowed = xt::adapt(raw.data(), 5, xt::no_ownership(), std::array<std::size_t, 1>{5});
  CHECK(counts(borrowed, 5, 0, 1));
}

TEST_CASE("rank, ownership and laziness of xtensor types are respected", "[adapters]")
{
  using matrix = xt::xtensor<float, 2>;
  STATIC_REQUIRE(owns<matrix> && owns<xt::xtensor_fixed<float, xt::xshape<4>>>);
  STATIC_REQUIRE_FALSE(owns<decltype(xt::view(std::declval<matrix&>(), 1, xt::all()))>);
  STATIC_REQUIRE_FALSE(owns<decltype(xt::adapt(std::declval<std::vector<float>&>(),
                                               std::array<std::size_t, 1>{1}))>);
  STATIC_REQUIRE(tensor_of_rank<matrix, 2> && !tensor_of_rank<matrix, 1>);
  STATIC_REQUIRE(has_adapter<xt::xarray<float>>);
  STATIC_REQUIRE_FALSE(tensor_of_rank<xt::xarray<float>, 1> ||
                       tensor_of_rank<xt::xarray<float>, 2>);
  STATIC_REQUIRE_FALSE(has_adapter<decltype(std::declval<matrix&>() + std::declval<matrix&>())>);
  STATIC_REQUIRE_FALSE(
      has_adapter<decltype(xt::view(std::declval<matrix&>(), xt::keep(0, 2), xt::all()))>);
}

TEST_CASE("views of views, of parts and of rows keep their strides", "[adapters]")
{
  std::vector<float> v{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  vector_view<float> const even{v.data(), 6, 2};
  CHECK(counts(even, 6, 0, 2));
  CHECK(counts(even.part(2, 3), 3, 4, 2));
  vector_view<float const> const readable = even;
  CHECK(counts(readable, 6, 0, 2));
  matrix_view<float const> const m{v.data(), 2, 3, 6};  // a pitch beyond the row's length
  CHECK(counts(m.row(1), 3, 6, 1));
  STATIC_REQUIRE(tensor_of_rank<std::span<float const>, 1>);
  STATIC_REQUIRE(owns<std::vector<float>> && owns<std::array<float, 3>>);
  STATIC_REQUIRE_FALSE(owns<std::span<float>>);
}

TEST_CASE("an empty tensor of any library is a column of no elements", "[adapters]")
{
  Eigen::VectorXf const eigen;
  xt::xtensor<float, 1> const x(std::array<std::size_t, 1>{0});
  CHECK(vector_view<float const>(eigen).given());
  CHECK(vector_view<float const>(x).given());
  CHECK(vector_view<float const>(std::span<float const>{}).given());
  CHECK(vector_view<float const>(x).size() == 0);
}

TEST_CASE("losses on columns of an Eigen matrix agree with 400-digit values", "[adapters][losses]")
{
  test::check_golden_in_double<eigen_table>(test::on_host{});
  test::check_golden_in_float<eigen_table>(test::on_host{});
  test::check_golden_reward_model<eigen_table>(test::on_host{});
}

TEST_CASE("losses on columns of an xtensor agree with 400-digit values", "[adapters][losses]")
{
  test::check_golden_in_double<xtensor_table>(test::on_host{});
  test::check_golden_in_float<xtensor_table>(test::on_host{});
  test::check_golden_reward_model<xtensor_table>(test::on_host{});
}
