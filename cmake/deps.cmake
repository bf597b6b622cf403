# SPDX-License-Identifier: BSD-3-Clause
# Every library is a Debian 12 package; packaging/packages.txt lists them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(LIBEVENT REQUIRED IMPORTED_TARGET libevent libevent_openssl libevent_pthreads)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl)
pkg_check_modules(PROTOBUFC REQUIRED IMPORTED_TARGET libprotobuf-c)
pkg_check_modules(LIBCONFIG REQUIRED IMPORTED_TARGET libconfig)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
find_program(PROTOC_C protoc-c REQUIRED)

# libfreediameter-dev ships neither a pkg-config nor a CMake file.
find_path(FREEDIAMETER_INCLUDE_DIR freeDiameter/libfdcore.h REQUIRED)
find_library(FREEDIAMETER_CORE fdcore REQUIRED)
find_library(FREEDIAMETER_PROTO fdproto REQUIRED)
add_library(freediameter INTERFACE)
target_include_directories(freediameter SYSTEM INTERFACE ${FREEDIAMETER_INCLUDE_DIR})
target_link_libraries(freediameter INTERFACE ${FREEDIAMETER_CORE} ${FREEDIAMETER_PROTO})

if(BUILD_TESTING)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()
