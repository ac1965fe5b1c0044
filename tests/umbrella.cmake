# SPDX-License-Identifier: MIT
# prefopt.hpp lists every header but the adapters, CUDA and itself.
# Usage: cmake -DINCLUDE=<include folder> -P umbrella.cmake
cmake_minimum_required(VERSION 3.25)
file(GLOB_RECURSE headers RELATIVE ${INCLUDE} ${INCLUDE}/*.hpp)
list(FILTER headers EXCLUDE REGEX "^prefopt/(adapters|cuda)/|^prefopt/prefopt\\.hpp$")
file(READ ${INCLUDE}/prefopt/prefopt.hpp umbrella)
set(missing "")
foreach(header IN LISTS headers)
  string(FIND "${umbrella}" "\n#include <${header}>\n" position)
  if(position EQUAL -1)
    string(APPEND missing "#include <${header}>\n")
  endif()
endforeach()
if(missing)
  message(FATAL_ERROR "include/prefopt/prefopt.hpp lacks\n${missing}")
endif()
