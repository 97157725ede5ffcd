# Run by cpack before it packs: gives documentation the names and the compression that Debian's policy wants. Each package
# is a folder of its own.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH, when it is set
file(GLOB_RECURSE pages ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/man/*.1)
file(GLOB docs ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/doc/*)
set(changelogs)
foreach(doc ${docs})
  get_filename_component(package ${doc} NAME)
  file(RENAME ${doc}/LICENSE ${doc}/copyright)
  file(WRITE ${doc}/changelog "${package} (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium\n
  * See CHANGELOG.md.\n\n -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
  list(APPEND changelogs ${doc}/changelog)
endforeach()
foreach(file ${pages} ${changelogs})
  execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
# ImageMagick finds the delegate file of programs that read .aec only in folders of its own, one a version.
file(GLOB shares ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share)
foreach(share ${shares})
  if(EXISTS ${share}/aecomp/ImageMagick)
    foreach(version 6 7)
      file(MAKE_DIRECTORY ${share}/ImageMagick-${version})
      file(CREATE_LINK ../aecomp/ImageMagick/delegates.xml ${share}/ImageMagick-${version}/delegates.xml SYMBOLIC)
    endforeach()
  endif()
endforeach()
