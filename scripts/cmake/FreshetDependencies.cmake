# Every library Freshet uses, and what for. All come from Debian 12 but DuckDB, which scripts/setup fetches from npm.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

find_package(fmt REQUIRED)        # text formatting
find_package(spdlog REQUIRED)     # the server's log
find_package(RocksDB REQUIRED)    # metadata store; its LRU cache is the page cache
find_package(yaml-cpp REQUIRED)   # configuration file
find_package(CLI11 REQUIRED)      # command line
find_package(simdjson REQUIRED)   # JSON decoding
find_package(OpenSSL REQUIRED)    # hashes of the MySQL handshake, and TLS
find_package(Boost 1.74 REQUIRED) # Asio: event loops and sockets; Beast: HTTP (headers only)
# Boost 1.74's asio/awaitable.hpp uses std::exchange and does not include <utility>.
add_library(freshet_boost INTERFACE)
target_link_libraries(freshet_boost INTERFACE Boost::headers Threads::Threads)
target_compile_options(freshet_boost INTERFACE "SHELL:-include utility")
find_package(GTest REQUIRED)      # unit tests
find_package(benchmark REQUIRED)  # micro-benchmarks
find_package(FastFloat REQUIRED)  # text to float and integer

find_package(roaring REQUIRED)     # delete bitmaps on disk
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka)       # Kafka consumer
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)            # page compression
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)          # page compression of tables that ask for ZSTD
pkg_check_modules(SNAPPY REQUIRED IMPORTED_TARGET snappy)         # compressed bodies, as are the next two, LZ4 and ZSTD
find_package(ZLIB REQUIRED)
find_package(BZip2 REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)      # hashes of keys and buckets

# DuckDB: SQL parsing, planning and execution above our storage. The library of the npm package
# @duckdb/node-bindings-linux-x64 and the headers of the npm package duckdb must be of one version.
set(FRESHET_DUCKDB_VERSION 1.4.4)
set(FRESHET_DUCKDB_SOURCE_ID 6ddac802ff)
set(FRESHET_DUCKDB_DIR ${CMAKE_SOURCE_DIR}/.deps/duckdb CACHE PATH "folder with include/ and lib/libduckdb.so")
if(NOT EXISTS ${FRESHET_DUCKDB_DIR}/lib/libduckdb.so OR NOT EXISTS ${FRESHET_DUCKDB_DIR}/include/duckdb.hpp)
  message(FATAL_ERROR "DuckDB is not in ${FRESHET_DUCKDB_DIR}: run scripts/setup, which fetches it")
endif()
file(STRINGS ${FRESHET_DUCKDB_DIR}/VERSION FRESHET_DUCKDB_FOUND LIMIT_COUNT 1)
if(NOT FRESHET_DUCKDB_FOUND STREQUAL "v${FRESHET_DUCKDB_VERSION} ${FRESHET_DUCKDB_SOURCE_ID}")
  message(FATAL_ERROR "DuckDB in ${FRESHET_DUCKDB_DIR} is '${FRESHET_DUCKDB_FOUND}', but its headers are made for "
    "v${FRESHET_DUCKDB_VERSION} ${FRESHET_DUCKDB_SOURCE_ID}: remove the folder and run scripts/setup")
endif()
add_library(freshet_duckdb SHARED IMPORTED)
set_target_properties(freshet_duckdb PROPERTIES
  IMPORTED_LOCATION ${FRESHET_DUCKDB_DIR}/lib/libduckdb.so
  INTERFACE_INCLUDE_DIRECTORIES ${FRESHET_DUCKDB_DIR}/include)
