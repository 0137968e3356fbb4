# LGX_PRECOMPILE: what most files include is parsed once for the sources and once for the tests.
# It halves a build with clang from nothing. gcc gains nothing by it, and ccache would have to miss
# whenever a folder is new, so it is off but where a script knows that both do not apply.

option(LGX_PRECOMPILE "Precompile common headers (for builds from nothing with clang)" OFF)

# Tests run once for each time they are compiled.
add_library(lgx_test_flags INTERFACE)
target_link_libraries(lgx_test_flags INTERFACE lgx_flags lgx_sanitize_memory_only)
if(NOT MSVC)
  target_compile_options(lgx_test_flags INTERFACE -O0)
endif()

# lgx_precompile(TARGET [OF header]): lets TARGET, which has the flags of the sources or, with the
# header precompiled_tests, those of the tests, begin with that header.
function(lgx_precompile target)
  if(NOT LGX_PRECOMPILE)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OF" "")
  set(header ${arg_OF})
  set(flags lgx_test_flags GTest::gtest)
  if(NOT header)
    set(header precompiled)
    set(flags lgx_flags)
  endif()
  if(NOT TARGET lgx_${header})
    set(source ${PROJECT_BINARY_DIR}/${header}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "// Nothing but its precompiled header.\n")
    add_library(lgx_${header} OBJECT ${source})
    target_link_libraries(lgx_${header} PRIVATE
      ${flags} absl::flat_hash_map absl::str_format)
    target_precompile_headers(lgx_${header} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/${header}.h)
  endif()
  target_precompile_headers(${target} REUSE_FROM lgx_${header})
endfunction()
