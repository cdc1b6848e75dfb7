// SPDX-License-Identifier: Apache-2.0
// The files of schema/, carried in the program.
#pragma once
#include <optional>
#include <span>
#include <string_view>

namespace necropsy {

struct EmbeddedFile {
  std::string_view path;  // below schema/: tables/010_base.sql, questions/file-drops.sql …
  std::string_view text;
};

std::span<const EmbeddedFile> embedded_files();  // sorted by path
std::optional<std::string_view> embedded_file(std::string_view path);

}  // namespace necropsy
