// SPDX-License-Identifier: MIT
/// \file  cuBLAS as the product of a head. Emulators have none: skipped there, run on a GPU.

#include "support/catch.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <prefopt/adapters/cublas.hpp>
#include <prefopt/cuda/half.cuh>
#include <prefopt/cuda/head.cuh>

#include "cuda/device_head.hpp"

using namespace prefopt;

namespace {

/// Before main, as `device_found`: what cannot be tested is skipped (code 4), not passed.
bool const device_is_real = [] {
  char const* const emulator = std::getenv("PREFOPT_CUDA_EMULATOR");
  if (emulator == nullptr || *emulator == '\0') { return true; }
  std::puts("skipped: emulators have no cuBLAS");
  std::exit(4);
}();

struct cublas_handle {
  cublasHandle_t value{};

  cublas_handle() { REQUIRE(cublasCreate(&value) == CUBLAS_STATUS_SUCCESS); }
  cublas_handle(cublas_handle const&) = delete;
  cublas_handle& operator=(cublas_handle const&) = delete;
  ~cublas_handle() { cublasDestroy(value); }
};

template <class Stored>
void check_cublas(cublas_gemm const& gemm)
{
  for (bool const keeps : {false, true}) {
    for (index_t const width : {index_t(1), index_t(40)}) {
      test::head_case<Stored> c(70, width, 301);
      c.options.bias = c.bias;
      c.targets[30] = c.targets[33] = -100;
      test::device_head<Stored, cublas_gemm> device(c, gemm);
      if (keeps) { device.options.kept = device.dw(); }
      CAPTURE(keeps, width);
      device.run();
      test::check_device_head(c);
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("cuBLAS multiplies for a head", "[cuda]", float, double, bfloat16, __half)
{
  cublas_handle const handle;
  constexpr std::size_t bytes = 4 << 20;
  test::device_array<std::byte> const lent(bytes);
  check_cublas<TestType>({handle.value, lent.data(), bytes});
}

TEMPLATE_TEST_CASE("a compute type for fp32 changes nothing for other matrices", "[cuda]", double,
                   bfloat16, __half)
{
  cublas_handle const handle;
  check_cublas<TestType>({handle.value, nullptr, 0, CUBLAS_COMPUTE_32F_FAST_TF32});
}

TEST_CASE("the modes of a handle change no product, and are kept", "[cuda]")
{
  cublas_handle const handle;
  REQUIRE(cublasSetPointerMode(handle.value, CUBLAS_POINTER_MODE_DEVICE) == CUBLAS_STATUS_SUCCESS);
  REQUIRE(cublasSetMathMode(handle.value, CUBLAS_TF32_TENSOR_OP_MATH) == CUBLAS_STATUS_SUCCESS);
  check_cublas<float>({handle.value});
  cublasPointerMode_t pointers{};
  cublasMath_t math{};
  REQUIRE(cublasGetPointerMode(handle.value, &pointers) == CUBLAS_STATUS_SUCCESS);
  REQUIRE(cublasGetMathMode(handle.value, &math) == CUBLAS_STATUS_SUCCESS);
  CHECK(pointers == CUBLAS_POINTER_MODE_DEVICE);
  CHECK(math == CUBLAS_TF32_TENSOR_OP_MATH);
}
