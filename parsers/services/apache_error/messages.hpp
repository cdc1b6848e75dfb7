// SPDX-License-Identifier: Apache-2.0
// What the messages of a web server's error log mean, and which of its unstamped lines a shell or a download wrote.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "formats/web_error_line.hpp"
#include "model/event.hpp"

namespace necropsy::web_error {

// An event in the making, with its attributes.
struct Draft {
  Event event;
  std::array<Attribute, 20> attributes{};
  size_t count = 0;
  void add(std::string_view key, std::string_view text) {
    if (!text.empty() && count < attributes.size()) attributes[count++] = {key, text};
  }
  void add(std::string_view key, int64_t number) {
    if (count < attributes.size()) attributes[count++] = {key, {}, number};
  }
};

// Sets action, outcome and what the text names. `line.text` is the message.
void read_message(const WebErrorLine& line, Draft& draft);

// A line without a stamp: what a child of the server (CGI, PHP, exploit) wrote to its standard error.
struct StderrLine {
  enum class Kind { process, download, web } kind = Kind::web;
  std::optional<Civil> own_time;  // wget prints times of its own
  bool time_only = false;         // … and old ones without the date
  std::string_view url, saved_as;
  std::optional<int64_t> saved_bytes;
};
StderrLine read_stderr_line(std::string_view line);

}  // namespace necropsy::web_error
