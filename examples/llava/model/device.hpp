// SPDX-License-Identifier: MIT
#pragma once
/// \file  Memory and loops of the device that Thrust was configured for: host threads or a GPU.
///
/// The device is chosen by THRUST_DEVICE_SYSTEM (CPP, OMP, CUDA). This is the only file of the
/// model, beside gemm.hpp, that asks which one it is.

#include <algorithm>
#include <utility>
#include <vector>

#include <thrust/copy.h>
#include <thrust/device_free.h>
#include <thrust/device_malloc.h>
#include <thrust/device_ptr.h>
#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>

#include <prefopt/config.hpp>
#include <prefopt/core/math.hpp>

namespace llava {

using prefopt::index_t;

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
inline constexpr bool device_is_gpu = true;
#else
inline constexpr bool device_is_gpu = false;
#endif

/// Device memory for `size()` elements of a trivial type. It is not initialised (device_vector
/// would fill it with zeros at every construction), and it never shrinks, so a buffer that is
/// reused from step to step stops allocating after the first one.
template <class T>
class buffer {
 public:
  buffer() = default;
  explicit buffer(index_t size) { resize(size); }
  buffer(buffer&& other) noexcept
      : memory_(std::exchange(other.memory_, {})),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0))
  {
  }
  buffer& operator=(buffer&& other) noexcept
  {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~buffer() { release(); }

  /// Makes room for `size` elements; when it has to grow, the contents are lost.
  T* resize(index_t size)
  {
    if (size > capacity_) {
      release();
      memory_ = thrust::device_malloc<T>(static_cast<std::size_t>(size));
      capacity_ = size;
    }
    size_ = size;
    return data();
  }

  T* data() { return thrust::raw_pointer_cast(memory_); }
  T const* data() const { return thrust::raw_pointer_cast(memory_); }
  index_t size() const { return size_; }

 private:
  void release()
  {
    if (capacity_ > 0) thrust::device_free(memory_);
    capacity_ = 0;
    size_ = 0;
  }

  thrust::device_ptr<T> memory_{};
  index_t size_ = 0;
  index_t capacity_ = 0;
};

/// Copies host values into a buffer, which takes their number as its size.
template <class T>
void upload(std::vector<T> const& host, buffer<T>& device)
{
  device.resize(static_cast<index_t>(host.size()));
  if (host.empty()) return;
  thrust::copy(host.begin(), host.end(), thrust::device_ptr<T>(device.data()));
}

/// Copies `size` device elements to the host; waits for the work that computes them.
template <class T>
std::vector<T> download(T const* device, index_t size)
{
  std::vector<T> host(static_cast<std::size_t>(size));
  if (host.empty()) return host;
  thrust::device_ptr<T const> const first(device);
  thrust::copy(first, first + size, host.begin());
  return host;
}

template <class T>
std::vector<T> download(buffer<T> const& device)
{
  return download(device.data(), device.size());
}

/// Work, in elements, below which waking the host threads costs more than it saves (our choice).
inline constexpr index_t parallel_grain = index_t{1} << 16;

/// Calls f(0), ..., f(count - 1) in any order. `cost` is the work of one call in elements. On a GPU
/// the call returns before the work is done; later calls and copies wait for it.
template <class Function>
void for_each_index(index_t count, index_t cost, Function f)
{
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
  (void)cost;
  thrust::for_each_n(thrust::cuda::par_nosync, thrust::counting_iterator<index_t>(0), count, f);
#else
  if (count * cost < parallel_grain) {
    for (index_t i = 0; i < count; ++i) f(i);
  } else {
    thrust::for_each_n(thrust::device, thrust::counting_iterator<index_t>(0), count, f);
  }
#endif
}

namespace detail {

template <class T>
struct fill_element {
  T* out;
  T value;
  PREFOPT_HD void operator()(index_t i) const { out[i] = value; }
};

template <class T>
struct copy_element {
  T const* in;
  T* out;
  PREFOPT_HD void operator()(index_t i) const { out[i] = in[i]; }
};

}  // namespace detail

template <class T>
void fill(T* out, index_t count, T value)
{
  for_each_index(count, 1, detail::fill_element<T>{out, value});
}

/// Copies within the device.
template <class T>
void copy(T const* in, T* out, index_t count)
{
  for_each_index(count, 1, detail::copy_element<T>{in, out});
}

}  // namespace llava
