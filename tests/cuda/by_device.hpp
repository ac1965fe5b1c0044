// SPDX-License-Identifier: MIT
#pragma once
/// \file  Evaluates a batch that lies in host memory by a CUDA kernel: copies, runs, copies back.

#include <cuda_runtime.h>

#include <list>
#include <stdexcept>
#include <vector>

#include <prefopt/cuda/evaluate.cuh>

#include "cuda/device.hpp"

namespace prefopt::test {

/// Copies a column to the device. It stays in `memory`.
template <class Real>
device_array<Real> const& to_device(vector_view<Real const> const& column,
                                    std::list<device_array<Real>>& memory)
{
  std::vector<Real> values;
  for (index_t i = 0; i < column.size(); ++i) { values.push_back(column[i]); }
  memory.emplace_back(values);
  return memory.back();
}

template <class Real>
struct copy_columns {
  std::list<device_array<Real>>& memory;

  void operator()(column_name, vector_view<Real const> const& from,
                  vector_view<Real const, device_memory>& to)
  {
    if (from.given()) { to = to_device<Real>(from, memory).view(); }
  }
  void optional(column_name name, vector_view<Real const> const& from,
                vector_view<Real const, device_memory>& to)
  {
    (*this)(name, from, to);
  }
};

/// Makes device columns for the gradients, with what the host columns hold, and copies them back.
template <class Real>
struct copy_gradients {
  std::list<device_array<Real>>& memory;
  std::vector<device_array<Real> const*> device;
  std::vector<vector_view<Real>> host;

  void operator()(column_name, vector_view<Real> const& from, vector_view<Real, device_memory>& to)
  {
    if (!from.given()) { return; }
    device.push_back(&to_device<Real>(from, memory));
    host.push_back(from);
    to = device.back()->view();
  }
  void copy_back() const
  {
    for (std::size_t k = 0; k < device.size(); ++k) {
      std::vector<Real> const values = device[k]->host();
      for (std::size_t i = 0; i < values.size(); ++i) {
        host[k][static_cast<index_t>(i)] = values[i];
      }
    }
  }
};

/// The driver.
struct by_device {
  template <class Loss, class In, class Out, class Options>
  void operator()(Loss const& loss, In const& in, Out const& out, Options const& options) const
  {
    using real = typename decltype(out.value)::element_type;
    std::list<device_array<real>> memory;
    input_columns<Loss, real, device_memory> device_in;
    copy_columns<real> copy{memory};
    In::visit_policy(copy, in, device_in);
    In::visit_constant(copy, in, device_in);
    output_columns<Loss, real, device_memory> device_out;
    copy_gradients<real> outputs{memory, {}, {}};
    outputs(column_name{"value"}, out.value, device_out.value);
    decltype(out.gradient)::visit_policy(outputs, out.gradient, device_out.gradient);
    options_of<Loss, real, device_memory> device_options;
    device_options.scale = options.scale;
    device_options.accumulate = options.accumulate;
    stream const s;
    check(gpu::evaluate<real>(s, loss, device_in, device_out, device_options));
    s.wait();
    outputs.copy_back();
  }
};

}  // namespace prefopt::test
