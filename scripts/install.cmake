# What is installed, and how it becomes a Debian package. Included at the end of CMakeLists.txt.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# libaecomp: two public headers, in C++ and in C, nothing else visible. The program does not use it: linked statically it
# starts sooner.
file(GLOB API_SOURCES CONFIGURE_DEPENDS model/api/*.cpp)
add_library(aecomp_library SHARED ${API_SOURCES})
target_link_libraries(aecomp_library PRIVATE aecomp_model)
target_compile_definitions(aecomp_library PRIVATE AECOMP_VERSION="${PROJECT_VERSION}")
# nodelete: threads of the library stay (model/base/threads.h).
target_link_options(aecomp_library PRIVATE -Wl,--as-needed -Wl,-z,nodelete -Wl,--version-script=${PROJECT_SOURCE_DIR}/model/api/aecomp.map)
target_include_directories(aecomp_library INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(aecomp_library INTERFACE cxx_std_17)
set_target_properties(aecomp_library PROPERTIES OUTPUT_NAME aecomp EXPORT_NAME aecomp
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
  LINK_DEPENDS ${PROJECT_SOURCE_DIR}/model/api/aecomp.map)

# gdk-pixbuf's loader, where its development files are installed: Eye of GNOME, file managers.
pkg_check_modules(GDK_PIXBUF IMPORTED_TARGET gdk-pixbuf-2.0)
if(GDK_PIXBUF_FOUND)
  pkg_get_variable(GDK_PIXBUF_LOADERS gdk-pixbuf-2.0 gdk_pixbuf_binary_version)
  add_library(aecomp_pixbuf MODULE app/desktop/gdk_pixbuf_loader.cpp)
  target_link_libraries(aecomp_pixbuf PRIVATE aecomp_flags aecomp_library PkgConfig::GDK_PIXBUF)
  set_target_properties(aecomp_pixbuf PROPERTIES OUTPUT_NAME pixbufloader-aec INSTALL_RPATH "\$ORIGIN/../../.."
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR} CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endif()

# Man page and completion are written by the program from the definitions of its options.
set(generated ${PROJECT_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${generated})
add_custom_command(OUTPUT ${generated}/aecomp.1 ${generated}/aecomp.bash
  COMMAND aecomp --generate man > ${generated}/aecomp.1
  COMMAND aecomp --generate bash > ${generated}/aecomp.bash
  DEPENDS aecomp COMMENT "Man page and bash completion" VERBATIM)
add_custom_target(aecomp_generated ALL DEPENDS ${generated}/aecomp.1 ${generated}/aecomp.bash)

file(RELATIVE_PATH AECOMP_PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" AECOMP_PREFIX_FROM_PC "${AECOMP_PREFIX_FROM_PC}")
configure_file(${PROJECT_SOURCE_DIR}/scripts/aecomp.pc.in ${generated}/aecomp.pc @ONLY)
write_basic_package_version_file(${generated}/aecomp-config-version.cmake COMPATIBILITY SameMinorVersion)

install(TARGETS aecomp RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS aecomp_opencv aecomp_formats LIBRARY DESTINATION lib/aecomp)
install(TARGETS aecomp_library EXPORT aecomp LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES model/api/aecomp.h model/api/aecomp_c.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/aecomp)
install(EXPORT aecomp NAMESPACE aecomp:: FILE aecomp-config.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/aecomp)
install(FILES ${generated}/aecomp-config-version.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/aecomp)
install(FILES ${generated}/aecomp.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${generated}/aecomp.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${generated}/aecomp.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME aecomp)
install(FILES README.md LICENSE CHANGELOG.md app/GUIDE.md train/TRAINING.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES app/desktop/aecomp.xml DESTINATION ${CMAKE_INSTALL_DATADIR}/mime/packages)
install(FILES app/desktop/delegates.xml DESTINATION ${CMAKE_INSTALL_DATADIR}/aecomp/ImageMagick)
install(FILES app/desktop/aecomp.thumbnailer DESTINATION ${CMAKE_INSTALL_DATADIR}/thumbnailers)
if(GDK_PIXBUF_FOUND)  # in the folder of the system's prefix Debian keeps the list of loaders up to date
  install(TARGETS aecomp_pixbuf LIBRARY
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/gdk-pixbuf-2.0/${GDK_PIXBUF_LOADERS}/loaders)
endif()
# The Python package, a Debian package of its own.
install(DIRECTORY model/api/python/aecomp DESTINATION lib/python3/dist-packages COMPONENT python
  PATTERN __pycache__ EXCLUDE)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/python3-aecomp COMPONENT python)
if(EXISTS ${AECOMP_RELEASE_MODEL})
  install(FILES ${AECOMP_RELEASE_MODEL} DESTINATION ${CMAKE_INSTALL_DATADIR}/aecomp)
endif()

include(${PROJECT_SOURCE_DIR}/scripts/package.cmake)
