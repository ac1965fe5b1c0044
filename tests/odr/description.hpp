// SPDX-License-Identifier: MIT
#pragma once
/// \file  What two files of one program, compiled with different flags, say about themselves.

#include <map>
#include <string>

struct self_description {
  std::map<std::string, bool> shares_the_work;  ///< loops that ran on two threads
  std::string pack_type;                        ///< the mangled name of pack<float, 4>
  std::string executor_type;                    ///< and that of host_executor
  bool notes_all = true;                        ///< every sample of every loop said who ran it
};

self_description describe_plain();       ///< compiled without OpenMP, for any machine
self_description describe_with_flags();  ///< compiled with OpenMP and more vector instructions
