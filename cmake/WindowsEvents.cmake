# necropsy_windows_tables(TARGET): the tables schema/windows_*.tsv become constants of the parser that reads them
# (docs/windows-events.md): no file is read at run time.
function(necropsy_windows_tables target)
  file(GLOB tables CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/schema/windows_*.tsv)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/windows_tables.gen.cpp)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} "-DFILES=${tables}" -P ${PROJECT_SOURCE_DIR}/cmake/WindowsTables.cmake
    DEPENDS ${tables} ${PROJECT_SOURCE_DIR}/cmake/WindowsTables.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
