# What is installed, and the Debian package made of it: cmake --install BUILD, cpack --config BUILD/CPackConfig.cmake.
include(GNUInstallDirs)

install(TARGETS necropsy RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${CMAKE_BINARY_DIR}/installed/necropsy.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${CMAKE_BINARY_DIR}/installed/necropsy DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${CMAKE_BINARY_DIR}/installed/changelog.gz packaging/copyright
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/necropsy)
install(FILES packaging/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME necropsy)

# A package is made of what people run, not of a build for finding faults.
if(NECROPSY_SANITIZE OR NECROPSY_FUZZ OR NECROPSY_BENCH OR NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  file(WRITE ${CMAKE_BINARY_DIR}/CPackConfig.cmake
       "message(FATAL_ERROR \"Packages are made from the preset 'release' (see README.md)\")\n")
  return()
endif()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "offline timeline analyzer for disk images")
set(CPACK_PACKAGE_DESCRIPTION "\
necropsy tells what happened on a machine of which only the disk is left.
It opens a disk image read-only, walks every filesystem for its file
times, finds and reads the logs inside, merges all of it into one SQLite
timeline and answers who came in, when and from where, what they left
behind, which accounts they made, what they wiped, and what cannot be
known.")
set(CPACK_PACKAGE_CONTACT "necropsy maintainers <maintainers@users.noreply.r-seed-30e0d5fd.example>")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                                                WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
# Libraries as they are linked; the rules of time zones are read at run time.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS tzdata)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, sqlite3")
include(CPack)
