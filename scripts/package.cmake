# The Debian packages, aecomp and python3-aecomp: cpack -G DEB in a build folder, or scripts/package.sh. Included by scripts/install.cmake.
set(AECOMP_MAINTAINER "The aecomp authors <aecomp@localhost>" CACHE STRING "Maintainer of the Debian package")
set(AECOMP_HOMEPAGE "" CACHE STRING "Home page in the Debian package; left out when empty")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME aecomp)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "${AECOMP_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR})
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/scripts/debian_files.cmake)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_UNSPECIFIED_PACKAGE_NAME aecomp)
set(CPACK_DEBIAN_UNSPECIFIED_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PYTHON_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION graphics)
set(CPACK_DEBIAN_PACKAGE_HOMEPAGE "${AECOMP_HOMEPAGE}")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
# Counts what every installed binary links to: the program, the library, the modules and gdk-pixbuf's loader.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)  # warns that the module has no soname: nothing links to it
file(WRITE ${PROJECT_BINARY_DIR}/generated/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_UNSPECIFIED_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/generated/triggers)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "learned image compression")  # of both packages
set(CPACK_DEBIAN_UNSPECIFIED_PACKAGE_SUGGESTS "python3-aecomp, libavif-bin, libjxl-tools, webp, butteraugli")
set(CPACK_DEBIAN_UNSPECIFIED_DESCRIPTION
  "Compresses photographs to .aec files with a convolutional autoencoder that
runs on plain CPUs, restores them, measures rate and distortion beside AVIF,
JPEG XL, WebP and JPEG, and trains models for kinds of images of your own. A model
is built in.

The library libaecomp and what it takes to build programs with it are included.")
set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-aecomp)
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "aecomp (>= ${PROJECT_VERSION}), python3 (>= 3.9)")
set(CPACK_DEBIAN_PYTHON_PACKAGE_RECOMMENDS "python3-numpy, python3-pil")
set(CPACK_DEBIAN_PYTHON_DESCRIPTION
  "The Python package aecomp reads and writes .aec files as NumPy arrays, lets
Pillow open and save them and shows their thumbnails in file managers.")
include(CPack)
