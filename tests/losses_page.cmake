# SPDX-License-Identifier: MIT
# Compares docs/losses.md with what docs/losses_table.cpp prints, or writes it.
# Usage: cmake -DTOOL=<losses_table> -DLOSSES=<include/prefopt/losses> -DPAGE=<docs/losses.md> [-DWRITE=ON] -P losses_page.cmake
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ${TOOL} ${LOSSES} OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
if(WRITE)
  file(WRITE ${PAGE}.new "${printed}")
  file(RENAME ${PAGE}.new ${PAGE})
  return()
endif()
file(READ ${PAGE} page)
if(NOT page STREQUAL printed)
  message(FATAL_ERROR "${PAGE} is not what the headers say: build the target docs_losses")
endif()
