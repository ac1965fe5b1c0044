# What the tests, examples and benchmarks of this project need beyond the library itself. Nothing here
# reaches users of prefopt::prefopt. A missing package disables what needs it, and is listed.

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CCACHE})
endif()

set(CMAKE_CXX_SCAN_FOR_MODULES OFF)  # there are none, and newer CMakes would look into every file

# Warnings are errors, in our own files only.
add_library(prefopt_dev INTERFACE)
target_link_libraries(prefopt_dev INTERFACE prefopt)
target_compile_options(
  prefopt_dev INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False positives of GCC 12 at -O3: on `"text" + std::string` (GCC bug 105651), and on its own
  # AVX-512 intrinsics, which Eigen uses with -march=native (GCC bug 105593).
  target_compile_options(prefopt_dev INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict -Wno-maybe-uninitialized>)
endif()

include(CheckCXXSymbolExists)
set(missing_packages "")
macro(find_optional name package)
  find_package(${name} ${ARGN} QUIET)
  if(NOT ${name}_FOUND)
    list(APPEND missing_packages ${package})
  endif()
endmacro()
macro(find_header variable header package)
  find_path(${variable} ${header} ${ARGN})
  if(NOT ${variable})
    list(APPEND missing_packages ${package})
  endif()
endmacro()

find_optional(OpenMP "libgomp")
find_optional(Catch2 "catch2")
find_optional(Eigen3 "libeigen3-dev")
find_optional(xtensor "libxtensor-dev")
set(MPI_CXX_SKIP_MPICXX ON)  # the C++ bindings that MPI 3 removed
find_optional(MPI "mpi-default-dev" COMPONENTS CXX)
find_header(JSON_INCLUDE nlohmann/json.hpp nlohmann-json3-dev)
find_header(CLI11_INCLUDE CLI/CLI.hpp libcli11-dev)
find_header(STB_INCLUDE stb_image.h libstb-dev PATH_SUFFIXES stb)
find_header(SENTENCEPIECE_INCLUDE sentencepiece_processor.h libsentencepiece-dev)
find_library(SENTENCEPIECE_LIBRARY sentencepiece)
find_library(SENTENCEPIECE_TRAIN_LIBRARY sentencepiece_train)
find_header(LIBJPEG_INCLUDE jpeglib.h libjpeg-dev)
find_library(LIBJPEG_LIBRARY jpeg)
if(LIBJPEG_INCLUDE)
  # Only libjpeg-turbo has the pixels that Pillow gives; of another libjpeg nothing is used.
  set(CMAKE_REQUIRED_INCLUDES ${LIBJPEG_INCLUDE})
  check_cxx_symbol_exists(LIBJPEG_TURBO_VERSION "stdio.h;jpeglib.h" LIBJPEG_IS_TURBO)
  unset(CMAKE_REQUIRED_INCLUDES)
  if(NOT LIBJPEG_IS_TURBO)
    set(LIBJPEG_LIBRARY LIBJPEG_LIBRARY-NOTFOUND)
    list(APPEND missing_packages libjpeg-turbo)
  endif()
endif()
find_header(WEBP_INCLUDE webp/decode.h libwebp-dev)
find_library(WEBP_LIBRARY webp)
find_header(CBLAS_INCLUDE cblas.h libopenblas-dev)
find_library(CBLAS_LIBRARY openblas)
find_header(ONEDNN_INCLUDE oneapi/dnnl/dnnl.hpp libdnnl-dev)  # its own config file asks for OpenCL
find_library(ONEDNN_LIBRARY dnnl)

# The matrix products that there are for a head, and a definition for each.
add_library(prefopt_gemm INTERFACE)
foreach(library CBLAS ONEDNN)
  if(${library}_INCLUDE AND ${library}_LIBRARY)
    target_include_directories(prefopt_gemm SYSTEM INTERFACE ${${library}_INCLUDE})
    target_link_libraries(prefopt_gemm INTERFACE ${${library}_LIBRARY})
    target_compile_definitions(prefopt_gemm INTERFACE PREFOPT_HAS_${library})
  endif()
endforeach()

# CUDA's own Thrust (CCCL) where there is one, else the system's. Both work with a plain C++ compiler.
find_path(CCCL_INCLUDE thrust/version.h PATHS ENV CUDA_HOME /usr/local/cuda/include/cccl
          PATH_SUFFIXES include/cccl NO_DEFAULT_PATH)
find_header(SYSTEM_THRUST_INCLUDE thrust/version.h libthrust-dev)
add_library(prefopt_thrust INTERFACE)
if(CCCL_INCLUDE)
  cmake_path(GET CCCL_INCLUDE PARENT_PATH cuda_include)
  target_include_directories(prefopt_thrust SYSTEM INTERFACE ${CCCL_INCLUDE} ${cuda_include})
endif()
set(PREFOPT_THRUST_FOUND FALSE)
if(CCCL_INCLUDE OR SYSTEM_THRUST_INCLUDE)
  set(PREFOPT_THRUST_FOUND TRUE)
endif()
if(OpenMP_FOUND)
  target_link_libraries(prefopt_thrust INTERFACE OpenMP::OpenMP_CXX)
endif()

if(missing_packages)
  list(REMOVE_DUPLICATES missing_packages)
  message(STATUS "prefopt: not found, what needs them is skipped: ${missing_packages}")
endif()
