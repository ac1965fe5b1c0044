// SPDX-License-Identifier: MIT
#pragma once
/// \file  Device memory and streams for tests: values that clean up after themselves.

#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include <prefopt/core/view.hpp>

namespace prefopt::test {

inline void check(cudaError_t status)
{
  if (status != cudaSuccess) { throw std::runtime_error(cudaGetErrorString(status)); }
}

/// Runs before main: without a device the whole program is skipped (code 4), not failed.
inline bool const device_found = [] {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess && count > 0) { return true; }
  std::puts("skipped: no CUDA device");
  std::exit(4);
}();

/// A stream of its own: nothing may rely on the default stream.
class stream {
 public:
  stream() { check(cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking)); }
  stream(stream const&) = delete;
  stream& operator=(stream const&) = delete;
  ~stream() { cudaStreamDestroy(handle_); }

  operator cudaStream_t() const { return handle_; }
  void wait() const { check(cudaStreamSynchronize(handle_)); }

 private:
  cudaStream_t handle_ = nullptr;
};

/// Elements in device memory, copied from the host and back.
template <class T>
class device_array {
 public:
  explicit device_array(std::size_t size) : size_(size)
  {
    check(cudaMalloc(&data_, (size > 0 ? size : 1) * sizeof(T)));
  }
  explicit device_array(std::vector<T> const& host) : device_array(host.size())
  {
    check(cudaMemcpy(data_, host.data(), size_ * sizeof(T), cudaMemcpyHostToDevice));
  }
  device_array(device_array&& other) noexcept : data_(other.data_), size_(other.size_)
  {
    other.data_ = nullptr;
  }
  device_array(device_array const&) = delete;
  device_array& operator=(device_array const&) = delete;
  ~device_array() { cudaFree(data_); }

  T* data() const { return data_; }
  vector_view<T, device_memory> view() const { return {data_, static_cast<index_t>(size_)}; }

  /// Waits for the device.
  std::vector<T> host() const
  {
    check(cudaDeviceSynchronize());
    std::vector<T> copy(size_);
    check(cudaMemcpy(copy.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost));
    return copy;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace prefopt::test
