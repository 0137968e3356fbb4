# The libraries, all of them packaged by Debian 12. scripts/common.sh names the packages.

# Makes the imported target NAME from a header and a library without a CMake package.
function(lgx_find_library name header library package)
  if(TARGET ${name})
    return()
  endif()
  string(MAKE_C_IDENTIFIER "LGX_${library}" variable)
  find_path(${variable}_INCLUDE ${header})
  find_library(${variable}_LIBRARY ${library})
  mark_as_advanced(${variable}_INCLUDE ${variable}_LIBRARY)
  if(NOT ${variable}_INCLUDE OR NOT ${variable}_LIBRARY)
    message(FATAL_ERROR
      "${header} or lib${library} is missing; on Debian: apt-get install ${package}")
  endif()
  add_library(${name} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES
    IMPORTED_LOCATION ${${variable}_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${${variable}_INCLUDE})
endfunction()

# lgx_find_optional(NAME HEADER LIBRARY WITHOUT PACKAGE): makes the target lgx_NAME, which defines
# LGX_HAVE_NAME=1, if the library is there; WITHOUT says what is missing else.
function(lgx_find_optional name header library without package)
  string(TOUPPER LGX_${name} variable)
  find_path(${variable}_INCLUDE ${header})
  find_library(${variable}_LIBRARY ${library})
  mark_as_advanced(${variable}_INCLUDE ${variable}_LIBRARY)
  if(NOT ${variable}_INCLUDE OR NOT ${variable}_LIBRARY)
    message(STATUS "lgx: lib${library} is missing, ${without}; on Debian: ${package}")
    return()
  endif()
  string(TOUPPER LGX_HAVE_${name} have)
  add_library(lgx_${name} INTERFACE)
  target_include_directories(lgx_${name} SYSTEM INTERFACE ${${variable}_INCLUDE})
  target_link_libraries(lgx_${name} INTERFACE ${${variable}_LIBRARY})
  target_compile_definitions(lgx_${name} INTERFACE ${have}=1)
endfunction()

find_package(absl REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)

# 4.0 installs its CMake package as "zydis", 4.1 as "Zydis".
find_package(Zydis 4.0 QUIET CONFIG NAMES Zydis zydis)
lgx_find_library(Zydis::Zydis Zydis/Zydis.h Zydis libzydis-dev)

# The hash is compiled in from its header, so only the header is needed.
find_path(LGX_XXHASH_INCLUDE xxhash.h)
mark_as_advanced(LGX_XXHASH_INCLUDE)
if(NOT LGX_XXHASH_INCLUDE)
  message(FATAL_ERROR "xxhash.h is missing; on Debian: apt-get install libxxhash-dev")
endif()
add_library(lgx_xxhash INTERFACE)
target_include_directories(lgx_xxhash SYSTEM INTERFACE ${LGX_XXHASH_INCLUDE})

# Unpackers for the payload of a bzImage.
find_package(ZLIB REQUIRED)
find_package(BZip2 REQUIRED)
find_package(LibLZMA REQUIRED)
lgx_find_library(lgx_lz4 lz4.h lz4 liblz4-dev)

# Optional ones: zstd packs snapshots but for their pages; libslirp is the network without privileges;
# libedit gives the prompt of `lgx debug` editing and history.
lgx_find_optional(zstd zstd.h zstd "so snapshots are packed by LZ4 alone" libzstd-dev)
lgx_find_optional(slirp slirp/libslirp.h slirp "so no --net user" libslirp-dev)
lgx_find_optional(libedit histedit.h edit "so no editing in lgx debug" libedit-dev)

if(LGX_TESTS)
  find_package(GTest REQUIRED)
endif()
if(LGX_BENCH)
  find_package(benchmark REQUIRED)
endif()
