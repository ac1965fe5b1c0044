# SPDX-License-Identifier: MIT
# The laws of every loss: one generated source per header of include/prefopt/losses. The convention is
# that losses/<name>.hpp defines `template <class Real> struct <name>`.
file(GLOB loss_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/prefopt/losses/*.hpp)
foreach(header IN LISTS loss_headers)
  cmake_path(GET header STEM loss)
  file(CONFIGURE OUTPUT laws/${loss}.cpp
       CONTENT "#include <prefopt/losses/@loss@.hpp>\n#include \"laws/laws.hpp\"\nLOSS_LAWS(@loss@)\n"
       @ONLY)
  target_sources(unit_tests PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/laws/${loss}.cpp)
endforeach()
target_sources(unit_tests PRIVATE ${CMAKE_CURRENT_LIST_DIR}/laws.cpp)

# The laws of everything a curriculum is made of: curriculum/<folder>/<name>.hpp defines
# `struct <name>`, a plain value that may be a template with default arguments.
foreach(folder schedules pacing weighting mixture)
  file(GLOB curriculum_headers CONFIGURE_DEPENDS
       ${PROJECT_SOURCE_DIR}/include/prefopt/curriculum/${folder}/*.hpp)
  foreach(header IN LISTS curriculum_headers)
    cmake_path(GET header STEM name)
    file(CONFIGURE OUTPUT laws/${folder}_${name}.cpp
         CONTENT "#include <prefopt/curriculum/@folder@/@name@.hpp>\n#include \"laws/curriculum_laws.hpp\"\nLAWS_OF_@folder@(@name@)\n"
         @ONLY)
    target_sources(unit_tests PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/laws/${folder}_${name}.cpp)
  endforeach()
endforeach()
target_sources(unit_tests PRIVATE ${CMAKE_CURRENT_LIST_DIR}/curriculum_laws.cpp
                                  ${CMAKE_CURRENT_LIST_DIR}/schedule_variants.cpp)
