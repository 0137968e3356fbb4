# The library of include/lgx as a whole, and what find_package(lgx) and pkg-config need.
#
# liblgx.a is made of the objects of the modules, compiled as they are for the program. A shared
# library would want all of them a second time, as position-independent code with hidden symbols.

set(modules base mmu cpu switcher hypercalls devices machine replay debug api)
set(objects)
foreach(module IN LISTS modules)
  get_target_property(type lgx_${module} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    list(APPEND objects $<TARGET_OBJECTS:lgx_${module}>)
  endif()
endforeach()
if(TARGET lgx_guests)
  list(APPEND objects $<TARGET_OBJECTS:lgx_guests>)
endif()

# What a program has to be linked with besides, by the name that each needs: a target of a CMake
# package, a pkg-config module, or a library.
set(link_targets absl::status absl::statusor absl::str_format absl::strings absl::flat_hash_map
  ZLIB::ZLIB BZip2::BZip2 LibLZMA::LibLZMA)
set(pc_modules absl_status absl_statusor absl_str_format absl_strings absl_flat_hash_map zlib liblzma
  liblz4)
set(plain_libraries Zydis lz4)
set(pc_libraries -lZydis -lbz2 -lstdc++ -lm)
if(TARGET lgx_zstd)
  list(APPEND plain_libraries zstd)
  list(APPEND pc_modules libzstd)
endif()
if(TARGET lgx_slirp)
  list(APPEND plain_libraries slirp)
  list(APPEND pc_libraries -lslirp)  # its module wants files of glib that nobody needs here
endif()
list(TRANSFORM plain_libraries PREPEND lgx::external_ OUTPUT_VARIABLE external_targets)

add_library(lgx_static STATIC ${objects})
set_target_properties(lgx_static PROPERTIES
  OUTPUT_NAME lgx
  EXPORT_NAME lgx
  LINKER_LANGUAGE CXX
  ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
foreach(target IN LISTS link_targets external_targets)
  target_link_libraries(lgx_static INTERFACE $<INSTALL_INTERFACE:${target}>)
endforeach()

target_include_directories(lgx_static INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

# --- installation

include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lgx)
set(generated ${PROJECT_BINARY_DIR}/package)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/lgx DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT library)
install(TARGETS lgx_static EXPORT lgxTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(EXPORT lgxTargets NAMESPACE lgx:: DESTINATION ${package_dir} COMPONENT library)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/lgxConfig.cmake.in
  ${generated}/lgxConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${generated}/lgxConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${generated}/lgxConfig.cmake ${generated}/lgxConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT library)

# A static library hands on all that it needs.
list(JOIN pc_modules " " pc_modules)
list(JOIN pc_libraries " " pc_libraries)
file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/cmake/lgx.pc.in ${generated}/lgx.pc @ONLY)
install(FILES ${generated}/lgx.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
