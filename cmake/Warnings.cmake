# One place for the flags that every target of necropsy is built with.
add_library(necropsy_flags INTERFACE)
# Designated initialisers name what differs; the rest keeps its default, which is what they are for.
target_compile_options(necropsy_flags INTERFACE -Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers)
# g++ 12 warns of std::string assignments that cannot overlap (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(necropsy_flags INTERFACE -Wno-restrict)
endif()
# Macros of libseccomp are written in C99.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(necropsy_flags INTERFACE -Wno-c99-extensions)
endif()
target_include_directories(necropsy_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
if(NECROPSY_SANITIZE)
  target_compile_options(necropsy_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                         -fno-omit-frame-pointer)
  target_link_options(necropsy_flags INTERFACE -fsanitize=address,undefined)
endif()
# Every layer counts its edges for libFuzzer; its main function comes with the programs of tests/fuzz only.
if(NECROPSY_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "NECROPSY_FUZZ needs clang: cmake --preset fuzz")
  endif()
  target_compile_options(necropsy_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined
                         -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(necropsy_flags INTERFACE -fsanitize=address,undefined)
endif()

# necropsy_layer(NAME SOURCES... ) : one static library per layer of docs/architecture.md.
function(necropsy_layer name)
  add_library(necropsy_${name} STATIC ${ARGN})
  target_link_libraries(necropsy_${name} PRIVATE necropsy_flags fmt::fmt)
endfunction()
