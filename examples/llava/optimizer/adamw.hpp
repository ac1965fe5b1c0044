// SPDX-License-Identifier: MIT
#pragma once
/// \file  AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) and clipping by the global norm.

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "llava/model/device.hpp"
#include "llava/model/parameter.hpp"
#include "llava/model/reduce.hpp"

namespace llava {

/// Defaults are those of the Hugging Face trainer.
struct adamw_options {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
};

/// The running means of one parameter's gradient and of its square.
template <class Real>
struct adamw_moments {
  buffer<Real> first;
  buffer<Real> second;
};

/// Optimizer state: plain data, so that a checkpoint can write and restore it.
template <class Real>
struct adamw {
  adamw_options options = {};
  index_t steps = 0;                              // done so far
  std::vector<adamw_moments<Real>> moments = {};  // in the order of the parameters

  /// Sets all moments to zero; done by the first step if it was not before.
  void reset(std::vector<parameter<Real>*> const& parameters);

  /// One step on every parameter:
  ///     p *= 1 - rate decay;  m += (1 - beta1)(g - m);  v = beta2 v + (1 - beta2) g^2
  ///     p -= rate / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + epsilon)
  /// with g the gradient times `gradient_scale` (of clipping), and rate = learning_rate.
  void step(std::vector<parameter<Real>*> const& parameters, double learning_rate,
            double gradient_scale = 1);
};

/// Euclidean norm of all gradients together. Throws std::runtime_error that names the first tensor
/// whose gradient holds NaN or infinity, before it can reach the weights.
template <class Real>
double gradient_norm(std::vector<parameter<Real>*> const& parameters)
{
  buffer<double> workspace;
  double sum = 0;
  for (parameter<Real> const* p : parameters) {
    double const squares = squared_norm(p->gradient.data(), p->size(), workspace);
    if (!std::isfinite(squares)) {
      throw std::runtime_error("gradient of " + p->name +
                               ": expected finite values, got NaN or "
                               "infinity");
    }
    sum += squares;
  }
  return std::sqrt(sum);
}

/// Factor that brings a gradient of this norm to at most max_norm: min(1, max_norm / (norm +
/// 1e-6)), as torch's clip_grad_norm_. max_norm <= 0 clips nothing.
inline double clip_scale(double norm, double max_norm)
{
  if (max_norm <= 0) return 1;
  double const scale = max_norm / (norm + 1e-6);
  return scale < 1 ? scale : 1;
}

namespace detail {

template <class Real>
struct adamw_element {
  Real keep;  // 1 - rate * decay
  Real beta2;
  Real one_minus_beta1;  // from the doubles: 1 - float(0.999) would be off by 1e-5
  Real one_minus_beta2;
  Real step_size;          // rate / (1 - beta1^t)
  Real second_correction;  // sqrt(1 - beta2^t)
  Real epsilon;
  Real gradient_scale;
  Real const* gradient;
  Real* first;
  Real* second;
  Real* value;

  PREFOPT_HD void operator()(index_t i) const
  {
    using std::sqrt;
    Real const g = gradient[i] * gradient_scale;
    Real const m = first[i] + one_minus_beta1 * (g - first[i]);
    Real const v = beta2 * second[i] + one_minus_beta2 * g * g;
    first[i] = m;
    second[i] = v;
    value[i] = value[i] * keep - step_size * m / (sqrt(v) / second_correction + epsilon);
  }
};

}  // namespace detail

template <class Real>
void adamw<Real>::reset(std::vector<parameter<Real>*> const& parameters)
{
  steps = 0;
  moments.clear();
  for (parameter<Real> const* p : parameters) {
    adamw_moments<Real>& m = moments.emplace_back();
    fill(m.first.resize(p->size()), p->size(), Real(0));
    fill(m.second.resize(p->size()), p->size(), Real(0));
  }
}

template <class Real>
void adamw<Real>::step(std::vector<parameter<Real>*> const& parameters, double learning_rate,
                       double gradient_scale)
{
  if (moments.empty()) reset(parameters);
  if (moments.size() != parameters.size()) {
    throw std::invalid_argument("adamw: expected moments of " + std::to_string(parameters.size()) +
                                " parameters, got " + std::to_string(moments.size()));
  }
  ++steps;
  double const t = static_cast<double>(steps);
  double const correction1 = 1 - std::pow(options.beta1, t);
  double const correction2 = 1 - std::pow(options.beta2, t);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    parameter<Real>& p = *parameters[i];
    adamw_moments<Real>& m = moments[i];
    if (m.first.size() != p.size() || m.second.size() != p.size()) {
      throw std::invalid_argument("adamw: expected moments of " + p.name + " with " +
                                  std::to_string(p.size()) + " elements, got " +
                                  std::to_string(m.first.size()) + " and " +
                                  std::to_string(m.second.size()));
    }
    double const decay = p.decay ? options.weight_decay : 0.0;
    for_each_index(
        p.size(), 8,
        detail::adamw_element<Real>{
            static_cast<Real>(1 - learning_rate * decay), static_cast<Real>(options.beta2),
            static_cast<Real>(1 - options.beta1), static_cast<Real>(1 - options.beta2),
            static_cast<Real>(learning_rate / correction1),
            static_cast<Real>(std::sqrt(correction2)), static_cast<Real>(options.epsilon),
            static_cast<Real>(gradient_scale), p.gradient.data(), m.first.data(), m.second.data(),
            p.values.data()});
  }
}

}  // namespace llava
