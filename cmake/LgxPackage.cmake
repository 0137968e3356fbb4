# `cpack -G DEB` in the build folder makes a Debian package of everything that is installed.
# Configure with -DCMAKE_INSTALL_PREFIX=/usr for it; scripts/check-package does, and tries it.
set(CPACK_PACKAGE_NAME lgx)
set(CPACK_PACKAGE_VENDOR "The lgx authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_PACKAGE_DESCRIPTION
  "Boots 32-bit Linux kernels that were built as guests of lguest, the small hypervisor of Linux
2.6.23 to 4.13, without lguest, root or virtualization hardware: it emulates the processor, and on
it the Host, the Switcher and the Launcher. Runs repeat to the instruction.
.
With the program come its library for C and C++, manual pages and documents.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR TGZ)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The lgx authors <lgx@localhost>")
set(CPACK_DEBIAN_PACKAGE_SECTION otherosfs)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# For programs that are linked with the library.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libabsl-dev, libzydis-dev, zlib1g-dev, libbz2-dev, liblzma-dev, liblz4-dev, libzstd-dev, libslirp-dev")
include(CPack)
