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

# Snapshots are packed by zstd where it is there, else by LZ4.
find_path(LGX_ZSTD_INCLUDE zstd.h)
find_library(LGX_ZSTD_LIBRARY zstd)
mark_as_advanced(LGX_ZSTD_INCLUDE LGX_ZSTD_LIBRARY)
if(LGX_ZSTD_INCLUDE AND LGX_ZSTD_LIBRARY)
  add_library(lgx_zstd INTERFACE)
  target_include_directories(lgx_zstd SYSTEM INTERFACE ${LGX_ZSTD_INCLUDE})
  target_link_libraries(lgx_zstd INTERFACE ${LGX_ZSTD_LIBRARY})
  target_compile_definitions(lgx_zstd INTERFACE LGX_HAVE_ZSTD=1)
else()
  message(STATUS "lgx: libzstd is missing, so snapshots are packed by LZ4; on Debian: libzstd-dev")
endif()

# The network without privileges (--net user). Optional: without it that option says so.
find_path(LGX_SLIRP_INCLUDE slirp/libslirp.h)
find_library(LGX_SLIRP_LIBRARY slirp)
mark_as_advanced(LGX_SLIRP_INCLUDE LGX_SLIRP_LIBRARY)
if(LGX_SLIRP_INCLUDE AND LGX_SLIRP_LIBRARY)
  add_library(lgx_slirp INTERFACE)
  target_include_directories(lgx_slirp SYSTEM INTERFACE ${LGX_SLIRP_INCLUDE})
  target_link_libraries(lgx_slirp INTERFACE ${LGX_SLIRP_LIBRARY})
  target_compile_definitions(lgx_slirp INTERFACE LGX_HAVE_SLIRP=1)
else()
  message(STATUS "lgx: libslirp is missing, so no --net user; on Debian: libslirp-dev")
endif()

# Editing and history for the prompt of `lgx debug`. Optional: without it lines are read plainly.
find_path(LGX_LIBEDIT_INCLUDE histedit.h)
find_library(LGX_LIBEDIT_LIBRARY edit)
mark_as_advanced(LGX_LIBEDIT_INCLUDE LGX_LIBEDIT_LIBRARY)
if(LGX_LIBEDIT_INCLUDE AND LGX_LIBEDIT_LIBRARY)
  add_library(lgx_libedit INTERFACE)
  target_include_directories(lgx_libedit SYSTEM INTERFACE ${LGX_LIBEDIT_INCLUDE})
  target_link_libraries(lgx_libedit INTERFACE ${LGX_LIBEDIT_LIBRARY})
  target_compile_definitions(lgx_libedit INTERFACE LGX_HAVE_LIBEDIT=1)
else()
  message(STATUS "lgx: libedit is missing, so no editing in lgx debug; on Debian: libedit-dev")
endif()

if(LGX_TESTS)
  find_package(GTest REQUIRED)
endif()
if(LGX_BENCH)
  find_package(benchmark REQUIRED)
endif()
