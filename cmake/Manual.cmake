# Man page, bash completion and changelog as they are installed, in BUILD/installed.

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/packaging/changelog)

# The man page bears the date of the release, or SOURCE_DATE_EPOCH: never the day of the build.
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  string(TIMESTAMP necropsy_date "%Y-%m-%d" UTC)
else()
  file(STRINGS ${PROJECT_SOURCE_DIR}/packaging/changelog signed REGEX "^ -- " LIMIT_COUNT 1)
  if(NOT signed MATCHES "([0-9]+) ([A-Z][a-z][a-z]) ([0-9][0-9][0-9][0-9]) [0-9:]+ [+-][0-9]+$")
    message(FATAL_ERROR "packaging/changelog: no date behind ' -- '")
  endif()
  set(year ${CMAKE_MATCH_3})
  string(FIND "JanFebMarAprMayJunJulAugSepOctNovDec" ${CMAKE_MATCH_2} month)
  math(EXPR month "${month} / 3 + 101")
  math(EXPR day "${CMAKE_MATCH_1} + 100")
  string(SUBSTRING ${month} 1 2 month)
  string(SUBSTRING ${day} 1 2 day)
  set(necropsy_date ${year}-${month}-${day})
endif()
file(STRINGS ${PROJECT_SOURCE_DIR}/packaging/changelog newest REGEX "^necropsy " LIMIT_COUNT 1)
if(NOT newest MATCHES "^necropsy \\(${PROJECT_VERSION}\\) ")
  message(FATAL_ERROR "packaging/changelog does not begin with version ${PROJECT_VERSION}")
endif()

find_program(GZIP_PROGRAM gzip REQUIRED)

# necropsy_manual(TARGET): made whenever the program is linked, so that they are there with it and speak of it.
function(necropsy_manual target)
  add_custom_command(
    TARGET ${target} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:${target}> -DDATE=${necropsy_date} -DGZIP=${GZIP_PROGRAM}
            -DCHANGELOG=${PROJECT_SOURCE_DIR}/packaging/changelog -DOUT=${CMAKE_BINARY_DIR}/installed
            -P ${PROJECT_SOURCE_DIR}/cmake/MakeManual.cmake
    VERBATIM)
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${PROJECT_SOURCE_DIR}/packaging/changelog
               ${PROJECT_SOURCE_DIR}/cmake/MakeManual.cmake)
endfunction()
