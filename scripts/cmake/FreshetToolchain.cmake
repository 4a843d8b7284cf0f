# Warnings, sanitizers, ccache and the linker: one place for what every target of Freshet is built with.
add_library(freshet_flags INTERFACE)
target_compile_options(freshet_flags INTERFACE -Wall -Wextra -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 warns of overlapping copies in its own operator+(const char*, std::string&&): GCC bug 105651.
  target_compile_options(freshet_flags INTERFACE -Wno-restrict)
endif()

set(FRESHET_SANITIZE "" CACHE STRING "address (with undefined) or thread")
if(FRESHET_SANITIZE STREQUAL "address")
  target_compile_options(freshet_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined)
  target_link_options(freshet_flags INTERFACE -fsanitize=address,undefined)
elseif(FRESHET_SANITIZE STREQUAL "thread")
  target_compile_options(freshet_flags INTERFACE -fsanitize=thread)
  target_link_options(freshet_flags INTERFACE -fsanitize=thread)
elseif(FRESHET_SANITIZE)
  message(FATAL_ERROR "FRESHET_SANITIZE is '${FRESHET_SANITIZE}': use address, thread or nothing")
endif()

# Unaligned loads, popcount and AVX2 are in every x86-64 server of the last ten years.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  target_compile_options(freshet_flags INTERFACE -march=x86-64-v3)
endif()

find_program(FRESHET_CCACHE ccache)
if(FRESHET_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FRESHET_CCACHE})
endif()
find_program(FRESHET_MOLD mold)
if(FRESHET_MOLD)
  target_link_options(freshet_flags INTERFACE -fuse-ld=mold)
endif()
