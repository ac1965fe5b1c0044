// SPDX-License-Identifier: MIT
/// \file  cuBLAS as the product of a head. Emulators have none: run on a GPU only.

#include "support/catch.hpp"

#include <cstdint>

#include <prefopt/adapters/cublas.hpp>
#include <prefopt/cuda/head.cuh>

#include "cuda/device_head.hpp"

using namespace prefopt;

TEMPLATE_TEST_CASE("cuBLAS multiplies for a head", "[cuda]", float, double, bfloat16)
{
  cublasHandle_t handle{};
  if (cublasCreate(&handle) != CUBLAS_STATUS_SUCCESS) {
    WARN("no cuBLAS on this device: multiplied on a GPU only");
    return;
  }
  constexpr std::size_t bytes = 4 << 20;
  test::device_array<std::byte> const lent(bytes);
  for (bool const keeps : {false, true}) {
    for (index_t const width : {index_t(1), index_t(40)}) {
      test::head_case<TestType> c(70, width, 301);
      c.options.bias = c.bias;
      c.targets[30] = c.targets[33] = -100;
      test::device_head<TestType, cublas_gemm> device(c, {handle, lent.data(), bytes});
      if (keeps) { device.options.kept = device.dw(); }
      CAPTURE(keeps, width);
      device.run();
      test::check_device_head(c);
    }
  }
  CHECK(cublasDestroy(handle) == CUBLAS_STATUS_SUCCESS);
}
