// SPDX-License-Identifier: MIT
#pragma once
/// \file  prefopt as a loaded library.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>

#include <dlfcn.h>

#include "../ours/ours.hpp"

namespace compare {

[[noreturn]] inline void fail(std::string const& what)
{
  std::fprintf(stderr, "compare: %s\n", what.c_str());
  std::exit(1);
}

/// One build of the folder ours. Libraries are loaded one beside another; none sees another's
/// symbols.
struct library {
  decltype(&prefopt_log_probs) log_probs;
  decltype(&prefopt_log_probs_and_gradients) log_probs_and_gradients;
  decltype(&prefopt_gradients) gradients;
  decltype(&prefopt_dpo) dpo, mfpo, scalar_dpo, scalar_mfpo, thrust_dpo, thrust_mfpo;
  decltype(&prefopt_roofline_read) read;
  decltype(&prefopt_roofline_copy) copy;
  decltype(&prefopt_head_workspace) head_workspace;
  decltype(&prefopt_head_log_probs) head_log_probs;
  decltype(&prefopt_head_log_probs_and_gradients) head_log_probs_and_gradients;
  decltype(&prefopt_head_product) head_product;
  bool has_thrust;
  std::string build;

  explicit library(char const* path)
  {
    void* const handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) { fail(dlerror()); }
    auto const find = [handle](auto& function, char const* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
      if (function == nullptr) { fail(std::string("no function ") + name); }
    };
    find(log_probs, "prefopt_log_probs");
    find(log_probs_and_gradients, "prefopt_log_probs_and_gradients");
    find(gradients, "prefopt_gradients");
    find(dpo, "prefopt_dpo");
    find(mfpo, "prefopt_mfpo");
    find(scalar_dpo, "prefopt_scalar_dpo");
    find(scalar_mfpo, "prefopt_scalar_mfpo");
    find(thrust_dpo, "prefopt_thrust_dpo");
    find(thrust_mfpo, "prefopt_thrust_mfpo");
    find(head_workspace, "prefopt_head_workspace");
    find(head_log_probs, "prefopt_head_log_probs");
    find(head_log_probs_and_gradients, "prefopt_head_log_probs_and_gradients");
    find(head_product, "prefopt_head_product");
    find(read, "prefopt_roofline_read");
    find(copy, "prefopt_roofline_copy");
    decltype(&prefopt_has_thrust) thrust;
    find(thrust, "prefopt_has_thrust");
    has_thrust = thrust() != 0;
    decltype(&prefopt_build) describe;
    find(describe, "prefopt_build");
    if (describe() == nullptr) { fail(std::string(path) + " is to be built with NDEBUG and -O2"); }
    build = describe();
  }
};

}  // namespace compare
