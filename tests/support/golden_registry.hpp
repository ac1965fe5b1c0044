// SPDX-License-Identifier: MIT
#pragma once
/// \file  Which loss of the library each case of tests/golden/golden.json is: families of losses
/// register themselves from their own test files.

#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#ifdef PREFOPT_GOLDEN_ON_DEVICE
#include "cuda/by_device.hpp"
#else
#include <thrust/system/omp/execution_policy.h>
#include <prefopt/adapters/thrust.hpp>
#endif

#include "support/erased_loss.hpp"
#include "support/golden_file.hpp"

namespace prefopt::test {

/// The parameters of a case as numbers of Real, rounded to Stored first.
template <class Real, class Stored = Real>
struct golden_params {
  using real = Real;
  golden_case const& c;

  Real operator()(char const* key) const { return rounded(c.params.at(key)); }
  Real operator()(char const* key, double otherwise) const
  {
    return rounded(c.param(key, otherwise));
  }

 private:
  static Real rounded(double v) { return static_cast<Real>(static_cast<Stored>(v)); }
};

#ifdef PREFOPT_GOLDEN_ON_DEVICE
using other_driver = by_device;
inline constexpr char const* other_driver_name = "a CUDA kernel";
#else
/// Evaluates by Thrust's OMP system.
struct by_thrust_omp {
  template <class Loss, class In, class Out, class Options>
  void operator()(Loss const& loss, In const& in, Out const& out, Options const& options) const
  {
    prefopt::evaluate<typename decltype(out.value)::element_type>(thrust::omp::par, loss, in, out,
                                                                  options);
  }
};
using other_driver = by_thrust_omp;
inline constexpr char const* other_driver_name = "Thrust OMP";
#endif

/// One loss of the file.
struct golden_loss {
  std::string name;
  std::map<std::string, std::string> renamed;  ///< our field -> the file's column, where it differs
  /// Rows may be undefined (NaN) where the file says so, and in float where a rounded input makes
  /// them so: a log-prob of exactly 0 in an odds ratio.
  bool has_undefined_rows = false;

  std::function<erased_loss<double>(golden_case const&)> in_double{}, in_double_elsewhere{};
  std::function<erased_loss<double>(golden_case const&)> with_rounded_parameters{};
  std::function<erased_loss<float>(golden_case const&)> in_float{}, in_float_elsewhere{};

  std::string file_name(std::string const& field) const
  {
    auto const found = renamed.find(field);
    return found == renamed.end() ? golden_name(field) : found->second;
  }
};

/// All registered losses, and the names of the cases that other tests check (coupled batches).
inline std::vector<golden_loss>& golden_losses()
{
  static std::vector<golden_loss> losses;
  return losses;
}
inline std::vector<std::string>& golden_names_checked_elsewhere()
{
  static std::vector<std::string> names;
  return names;
}

/// Registers `make(golden_params<Real>)`, which returns the loss over Real, for every driver: the
/// host's, Thrust's, and the device's in tests/cuda/test_golden.cu.
template <class Make>
golden_loss& register_golden_everywhere(std::string const& name, Make make,
                                        std::map<std::string, std::string> renamed = {})
{
  golden_loss loss{.name = name, .renamed = std::move(renamed)};
  loss.in_double = [make](golden_case const& c) {
    return erase<double>(make(golden_params<double>{c}));
  };
  loss.in_double_elsewhere = [make](golden_case const& c) {
    return erase<double>(make(golden_params<double>{c}), other_driver{});
  };
  loss.with_rounded_parameters = [make](golden_case const& c) {
    return erase<double>(make(golden_params<double, float>{c}));
  };
  loss.in_float = [make](golden_case const& c) {
    return erase<float>(make(golden_params<float>{c}));
  };
  loss.in_float_elsewhere = [make](golden_case const& c) {
    return erase<float>(make(golden_params<float>{c}), other_driver{});
  };
  golden_losses().push_back(std::move(loss));
  return golden_losses().back();
}

/// The same for the drivers of the host only, which saves the device's compiler most of the losses.
template <class Make>
golden_loss& register_golden([[maybe_unused]] std::string const& name, [[maybe_unused]] Make make,
                             [[maybe_unused]] std::map<std::string, std::string> renamed = {})
{
#ifdef PREFOPT_GOLDEN_ON_DEVICE
  static golden_loss unused;
  return unused;
#else
  return register_golden_everywhere(name, make, std::move(renamed));
#endif
}

/// The Real of a `golden_params`.
template <class Params>
using real_in = typename std::remove_cvref_t<Params>::real;

}  // namespace prefopt::test
