# lgx_module(NAME DEPENDS module... [ONLY header...] [LIBRARIES target...] [OPTIONS flag...])
#
# Makes the static library lgx_NAME from the .cc files of the current directory and declares
# what the module may use: the modules after DEPENDS and whatever those may use. ONLY narrows
# that: of the modules named in its paths, just these headers. The `layering` test holds every
# #include against these declarations.
function(lgx_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPENDS;ONLY;LIBRARIES;OPTIONS")
  lgx_declare_layer(${name} "${arg_DEPENDS}" "${arg_ONLY}")

  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(NOT WIN32)
    list(FILTER sources EXCLUDE REGEX "_windows\\.cc$")
  else()
    list(FILTER sources EXCLUDE REGEX "_posix\\.cc$")
  endif()

  list(TRANSFORM arg_DEPENDS PREPEND lgx_ OUTPUT_VARIABLE modules)
  set(target lgx_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE lgx_flags)
    if(name STREQUAL "machine" OR "machine" IN_LIST arg_DEPENDS)
      target_link_libraries(${target} PRIVATE lgx_sanitize_lightly)
    endif()
    lgx_precompile(${target})
    if(arg_OPTIONS)
      target_compile_options(${target} PRIVATE ${arg_OPTIONS})
    endif()
  else()
    # Headers only.
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${target} ${scope} ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target} ${scope} ${modules} ${arg_LIBRARIES})
endfunction()

# lgx_program(NAME): the program in build/NAME from main.cc of the current directory, on top of
# the module of the same directory.
function(lgx_program name)
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/main.cc)
    return()
  endif()
  add_executable(${name} main.cc)
  target_link_libraries(${name} PRIVATE lgx_flags lgx_tools)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# Remembers what a module may use, as a line "NAME: module... | header..." for the check.
function(lgx_declare_layer name depends only)
  set(may_use ${depends})
  foreach(dependency IN LISTS depends)
    get_property(further GLOBAL PROPERTY LGX_MAY_USE_${dependency})
    list(APPEND may_use ${further})
  endforeach()
  list(REMOVE_DUPLICATES may_use)
  set_property(GLOBAL PROPERTY LGX_MAY_USE_${name} ${may_use})
  list(JOIN may_use " " may_use)
  list(JOIN only " " only)
  set_property(GLOBAL APPEND PROPERTY LGX_LAYERS "${name}: ${may_use} | ${only}")
endfunction()

function(lgx_write_layers file)
  get_property(layers GLOBAL PROPERTY LGX_LAYERS)
  list(JOIN layers "\n" text)
  file(WRITE ${file} "${text}\n")
endfunction()

# lgx_use_binding(TARGET): tells TARGET and its users how handlers follow each other
# (LGX_BINDING, resolved in LgxOptions).
function(lgx_use_binding target)
  get_target_property(type ${target} TYPE)
  set(scope PUBLIC)
  if(type STREQUAL "INTERFACE_LIBRARY")
    set(scope INTERFACE)
  endif()
  if(LGX_BINDING_USED STREQUAL "tail")
    target_compile_definitions(${target} ${scope} LGX_BINDING_TAIL=1)
  else()
    target_compile_definitions(${target} ${scope} LGX_BINDING_LOOP=1)
  endif()
endfunction()
