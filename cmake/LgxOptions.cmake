# Options of the build, and the flags that follow from them.

option(LGX_WERROR "Treat warnings as errors (our own builds; off for everyone else)" OFF)
option(LGX_TESTS "Build the tests" ON)
option(LGX_BENCH "Build the benchmarks" OFF)
option(LGX_FUZZ "Build the fuzz targets with libFuzzer (clang)" OFF)
set(LGX_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined")
set(LGX_BINDING "auto" CACHE STRING "How handlers follow each other: auto, tail or loop")
set_property(CACHE LGX_BINDING PROPERTY STRINGS auto tail loop)

get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT CMAKE_BUILD_TYPE AND NOT multi_config)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug, RelWithDebInfo" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(LGX_CCACHE ccache)
mark_as_advanced(LGX_CCACHE)
if(LGX_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${LGX_CCACHE})
endif()

# Everything of ours is compiled with this target's flags.
add_library(lgx_flags INTERFACE)
if(MSVC)
  target_compile_options(lgx_flags INTERFACE /W4 $<$<BOOL:${LGX_WERROR}>:/WX>)
else()
  target_compile_definitions(lgx_flags INTERFACE _FILE_OFFSET_BITS=64)
  # -O3 makes the handlers larger, not faster.
  string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
  target_compile_options(lgx_flags INTERFACE
    -Wall -Wextra -Wshadow $<$<BOOL:${LGX_WERROR}>:-Werror>)
  # gcc 12 warns at -O2 of overlaps in std::string that are not there (its bug 105651).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(lgx_flags INTERFACE -Wno-restrict)
  endif()
endif()

# Checks of every pointer that is followed (null, alignment, object size, type) are a third of what
# gcc needs for a file of containers. They are made in the modules below machine, where all memory
# of guests is handled. In machine and above it AddressSanitizer has to do, in tests as well.
add_library(lgx_sanitize_lightly INTERFACE)
add_library(lgx_sanitize_memory_only INTERFACE)
if(LGX_SANITIZE)
  set(sanitize_flags -fsanitize=${LGX_SANITIZE} -fno-sanitize-recover=all)
  target_compile_options(lgx_flags INTERFACE ${sanitize_flags} -fno-omit-frame-pointer)
  target_link_options(lgx_flags INTERFACE ${sanitize_flags})
  target_compile_options(lgx_sanitize_lightly INTERFACE
    -fno-sanitize=null,alignment,object-size,vptr)
  target_compile_options(lgx_sanitize_memory_only INTERFACE -fno-sanitize=undefined)
endif()

if(LGX_FUZZ)
  target_compile_options(lgx_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Tail calls need a compiler that guarantees them. A loop of calls works everywhere.
if(LGX_BINDING STREQUAL "auto")
  include(CheckCXXSourceCompiles)
  check_cxx_source_compiles("
    int f(int n);
    int g(int n) { [[clang::musttail]] return f(n); }
    #if !defined(__clang__)
    #error only clang keeps the promise at every optimisation level
    #endif
    int f(int n) { return n; }
    int main() { return g(0); }" LGX_HAVE_MUSTTAIL)
  if(LGX_HAVE_MUSTTAIL)
    set(LGX_BINDING_USED tail)
  else()
    set(LGX_BINDING_USED loop)
  endif()
elseif(LGX_BINDING MATCHES "^(tail|loop)$")
  set(LGX_BINDING_USED ${LGX_BINDING})
else()
  message(FATAL_ERROR "LGX_BINDING is '${LGX_BINDING}'; choose auto, tail or loop")
endif()
message(STATUS "lgx: ${CMAKE_BUILD_TYPE} with ${CMAKE_CXX_COMPILER_ID} "
  "${CMAKE_CXX_COMPILER_VERSION}, binding ${LGX_BINDING_USED}")
