// SPDX-License-Identifier: Apache-2.0
// Reading configuration files: lines, comments, KEY=value, and what was not understood.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "model/host_profile.hpp"

namespace necropsy {

// Calls `line(number, text)` for each line, number from 1, line ends removed.
template <class Function>
void for_each_line(std::string_view text, Function&& line) {
  for (uint64_t number = 1; !text.empty(); ++number) {
    std::string_view one = take_until(text, "\n");
    if (one.ends_with('\r')) one.remove_suffix(1);
    line(number, one);
  }
}

// Without a comment that begins with `#` at the front or behind a blank, and without blanks around.
std::string_view without_comment(std::string_view line);

// Value of `KEY=value` as a shell reads it: quotes removed, `export ` in front passed over. The last assignment wins.
std::optional<std::string> shell_value(std::string_view text, std::string_view key);
// Quotes around a value removed; a comment behind it too.
std::string unquoted(std::string_view value);

// First line that is neither blank nor a comment, trimmed.
std::string_view first_line(std::string_view text);

// Notes about lines that were not understood: the first 20 of a file in full, the rest as a number.
class Malformed {
 public:
  Malformed(HostProfile& out, std::string path) : out_(out), path_(std::move(path)) {}
  Malformed(const Malformed&) = delete;
  Malformed& operator=(const Malformed&) = delete;
  ~Malformed();
  void line(uint64_t number, std::string_view why);

 private:
  HostProfile& out_;
  std::string path_;
  uint64_t count_ = 0;
};

inline void add_note(HostProfile& out, std::string key, std::string value, std::string source_path) {
  out.notes.push_back({std::move(key), std::move(value), std::move(source_path)});
}

// Whether `name` could be a host name or a domain name that the machine gave itself.
bool is_host_name(std::string_view name);
// Adds an address of the machine, with or without /prefix; loopback, link-local and unspecified ones are left out.
void add_address(HostProfile& out, std::string_view text);
void add_alias(HostProfile& out, std::string_view name);

}  // namespace necropsy
