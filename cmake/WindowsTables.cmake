# Script part of necropsy_windows_tables: windows_events.tsv -> std::string_view windows_events_tsv(). Bytes are written
# as numbers, so nothing in a file can end a literal.
set(body "// Generated from schema/windows_*.tsv. Do not edit.\n#include <string_view>\nnamespace necropsy::evt {\n")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND body "std::string_view ${name}_tsv();\nstd::string_view ${name}_tsv() {\n"
         "  static constexpr char kBytes[] = {${bytes}'\\0'};\n  return {kBytes, sizeof kBytes - 1};\n}\n")
endforeach()
file(WRITE ${OUT} "${body}}  // namespace necropsy::evt\n")
