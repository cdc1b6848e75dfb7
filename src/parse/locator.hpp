// SPDX-License-Identifier: Apache-2.0
// Which parser reads a file: content decides, the path is a hint.
#pragma once
#include <string>
#include <string_view>

#include "parse/parser.hpp"

namespace necropsy {

// The name without its rotation and compression suffixes: auth.log.2.gz, messages-20240101.xz, x.log.old -> auth.log …
std::string_view without_rotation(std::string_view path);

struct Located {
  const ParserEntry* parser = nullptr;   // the best match, or null
  const ParserEntry* by_path = nullptr;  // a parser whose usual place this is, though the content is not its
};

// Asks every parser; yes beats maybe, a matching path beats none, then the name decides.
Located locate(Bytes head, std::string_view path, uint64_t size);

// Whether a file of this path is one of some parser's usual places.
bool is_usual_place(std::string_view path);

}  // namespace necropsy
