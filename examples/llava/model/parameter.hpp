// SPDX-License-Identifier: MIT
#pragma once
/// \file  A named tensor of the model and, if it is trained, its gradient.

#include <string>
#include <vector>

#include "llava/model/device.hpp"

namespace llava {

/// A tensor under its Hugging Face name, row-major ([out, in] for linear layers).
template <class Real>
struct parameter {
  std::string name;
  std::vector<index_t> shape;
  buffer<Real> values;
  buffer<Real> gradient;  // same size, added to by every backward pass; empty if frozen
  bool trained = false;
  bool decay = true;  // weight decay: not for biases and norm weights

  index_t size() const { return values.size(); }
};

/// Number of elements of a shape.
inline index_t element_count(std::vector<index_t> const& shape)
{
  index_t count = 1;
  for (index_t extent : shape) count *= extent;
  return count;
}

}  // namespace llava
