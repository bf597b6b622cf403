# SPDX-License-Identifier: BSD-3-Clause

# fgw_room(name SOURCES ... LIBS ...): an object library `name`; consumers get its objects, headers and libraries.
function(fgw_room name)
  cmake_parse_arguments(R "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${R_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${R_LIBS})
endfunction()

# fgw_test(name SOURCES ... LIBS ... [ARGS ...]): a cmocka program, run by ctest in its source folder.
function(fgw_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;LIBS;ARGS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE ${T_LIBS} PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name} ${T_ARGS} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 240) # of a machine that does something else as well
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT})
endfunction()

# fgw_fuzz(name SOURCES ... LIBS ... CORPUS dir): with the fuzz preset a libFuzzer program; otherwise a
# program that replays the corpus once (tests/fuzz/replay.c) and is a ctest case.
function(fgw_fuzz name)
  cmake_parse_arguments(F "" "CORPUS" "SOURCES;LIBS" ${ARGN})
  if(FGW_FUZZ)
    add_executable(${name} ${F_SOURCES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name} ${F_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c)
    add_test(NAME ${name} COMMAND ${name} ${F_CORPUS} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
  endif()
  target_link_libraries(${name} PRIVATE ${F_LIBS})
endfunction()

# fgw_extension(name SOURCES ... LIBS ...): a freeDiameter extension name.fdx.
function(fgw_extension name)
  cmake_parse_arguments(E "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} MODULE ${E_SOURCES})
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".fdx"
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/extensions
    INSTALL_RPATH "$ORIGIN") # libfgw.so lies beside
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${E_LIBS} freediameter)
  # What an extension has registered (an interface, log categories) stays in use while libfdcore
  # unloads extensions in its own order.
  target_link_options(${name} PRIVATE -Wl,-z,nodelete)
  install(TARGETS ${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/fgw)
endfunction()
