// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <vector>

#include "parse/content_stream.hpp"

using namespace necropsy;

namespace {
struct Kept {
  std::string text;
  uint64_t offset, number;
  uint32_t length;
  bool cut, terminated;
};
std::vector<Kept> lines_of(std::string bytes, bool utf16 = false) {
  MemoryStream stream(std::move(bytes));
  LineReader reader(stream, 0, utf16);
  std::vector<Kept> out;
  while (auto l = reader.next())
    out.push_back({std::string(l->text), l->offset, l->number, l->length, l->cut, l->terminated});
  return out;
}
}  // namespace

TEST_CASE("lines keep their places, whatever ends them") {
  const auto lines = lines_of("one\r\n\ntwo\nlast");
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].text == "one");
  CHECK(lines[0].length == 5);
  CHECK(lines[1].text.empty());
  CHECK(lines[2].offset == 6);
  CHECK(lines[3].text == "last");
  CHECK_FALSE(lines[3].terminated);
  CHECK(lines[3].number == 4);
}

TEST_CASE("lines over the window's border are whole") {
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes += "line " + std::to_string(i) + " with some text behind it\n";
  const auto lines = lines_of(bytes);
  REQUIRE(lines.size() == 5000);
  for (const Kept& l : lines) REQUIRE(bytes.substr(l.offset, l.text.size()) == l.text);
}

TEST_CASE("a line without end costs bounded memory and no neighbour") {
  std::string bytes(5 << 20, 'x');
  bytes += "\nnext\n";
  const auto lines = lines_of(bytes);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].cut);
  CHECK(lines[0].text.size() == LineReader::kMaxLine);
  CHECK(lines[0].length == (5u << 20) + 1);
  CHECK(lines[1].text == "next");
  CHECK(lines[1].offset == (5u << 20) + 1);
}

TEST_CASE("UTF-16 lines are read as UTF-8, offsets stay those of the file") {
  std::string bytes(
      "\xff\xfe"
      "a\0\r\0\n\0"
      "\x0a\x01"
      "b\0\n\0",
      14);
  const auto lines = lines_of(bytes, true);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].text == "a");
  CHECK(lines[1].text ==
        "\xc4\x8a"
        "b");  // U+010A holds the byte 0A and ends no line
  CHECK(lines[1].offset == 8);
}

TEST_CASE("read_all stops at its limit") {
  MemoryStream stream(std::string(100, 'a'));
  CHECK(read_all(stream, 10)->size() == 10);
  CHECK(read_all(stream, 1000)->size() == 100);
}
