# Run by cpack before it packs: gives documentation the names and the compression that Debian's policy wants.
file(GLOB_RECURSE pages ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/man/*.1)
set(doc ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/doc/aecomp)
file(RENAME ${doc}/LICENSE ${doc}/copyright)
file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
foreach(file ${pages} ${doc}/changelog)
  execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
