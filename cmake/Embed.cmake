# necropsy_embed(TARGET NAMESPACE_FILE DIR): every .sql and .tsv below DIR becomes a string in the program.
# Generates embedded_files.cpp with `std::span<const EmbeddedFile> embedded_files()`, sorted by path.
function(necropsy_embed target dir)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${dir}/*.sql ${dir}/*.tsv)
  list(SORT files)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_files.cpp)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DROOT=${dir} "-DFILES=${files}" -P ${PROJECT_SOURCE_DIR}/cmake/EmbedFiles.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/EmbedFiles.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
