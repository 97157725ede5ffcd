# Run by cpack before it packs: gives documentation the names and the compression that Debian's policy wants.
file(GLOB_RECURSE pages ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/man/*.1)
set(doc ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/doc/aecomp)
file(RENAME ${doc}/LICENSE ${doc}/copyright)
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH, when it is set
file(WRITE ${doc}/changelog "aecomp (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium\n
  * See CHANGELOG.md.\n\n -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
foreach(file ${pages} ${doc}/changelog)
  execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
