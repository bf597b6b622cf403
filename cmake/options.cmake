# SPDX-License-Identifier: BSD-3-Clause
# What the presets switch. Nothing else changes how the code is compiled.
option(FGW_WERROR "Warnings are errors" OFF)
option(FGW_FUZZ "Build libFuzzer targets (needs clang)" OFF)
option(FGW_COVERAGE "Instrument for gcov" OFF)
set(FGW_SANITIZE "" CACHE STRING "Sanitizers, comma separated (address,undefined | thread)")

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wno-unused-parameter
  -fno-strict-aliasing -fno-common)
if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
  # freeDiameter's and libevent's headers use GNU forms that only clang remarks on
  add_compile_options(-Wno-gnu-zero-variadic-macro-arguments)
endif()
if(FGW_WERROR)
  add_compile_options(-Werror)
endif()
if(FGW_SANITIZE)
  add_compile_options(-fsanitize=${FGW_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${FGW_SANITIZE})
  if(FGW_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
if(FGW_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
if(FGW_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
