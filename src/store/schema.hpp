// SPDX-License-Identifier: Apache-2.0
// The schema of a case file, made from the files of schema/.
#pragma once
#include <string>
#include <string_view>

#include "store/database.hpp"

namespace necropsy {

inline constexpr int kSchemaVersion = 2;
inline constexpr int kApplicationId = 0x4E435250;  // "NCRP"

// Writes out the macros of schema/ files: $TIME(µs) ISO text; $PATH(dir, name); $MACB(bits); $MACBSOURCE(bits);
// $FILETIME(bit, source); $TIMELINE_COLUMNS. SQLite has no functions of its own that every client would know.
std::string expand_macros(std::string_view sql);

// Tables, vocabulary and views of an empty case. Indexes come last: make_indexes().
void create_schema(Database& db);
void make_indexes(Database& db);
void drop_indexes(Database& db);
// Views are derived: they are made anew whenever a case is opened for writing.
void make_views(Database& db);

}  // namespace necropsy
