# A parser is a file parsers/<area>/<name>.cpp with a function `ParserEntry <name>()` in namespace necropsy::parsers.
# Further files of one parser lie in parsers/<area>/<name>/. Each parser is an object library of its own; the registry
# is generated from the file names: no static constructors, a missing function fails the link.
file(GLOB necropsy_parser_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/parsers/linux/*.cpp
     ${PROJECT_SOURCE_DIR}/parsers/services/*.cpp ${PROJECT_SOURCE_DIR}/parsers/windows/*.cpp)
set(necropsy_parsers "")
foreach(file IN LISTS necropsy_parser_files)
  get_filename_component(name ${file} NAME_WE)
  if(name IN_LIST necropsy_parsers)
    message(FATAL_ERROR "two parsers are called ${name}; the file name is the parser's name everywhere")
  endif()
  list(APPEND necropsy_parsers ${name})
  set(necropsy_parser_file_${name} ${file})
endforeach()
list(SORT necropsy_parsers)
