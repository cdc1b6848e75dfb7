// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/escape.hpp"
#include "base/text.hpp"

using namespace necropsy;

TEST_CASE("glob: one star stays in its folder, two do not") {
  CHECK(glob_match("/var/log/*.log", "/var/log/a.log"));
  CHECK_FALSE(glob_match("/var/log/*.log", "/var/log/x/a.log"));
  CHECK(glob_match("/var/**/*.log", "/var/log/x/a.log"));
  CHECK(glob_match("/var/**/a.log", "/var/a.log"));
  CHECK(glob_match("**/{auth.log,secure}", "/mnt/var/log/secure"));
  CHECK(glob_match("/x/[a-c]?", "/x/b1"));
  CHECK_FALSE(glob_match("/x/[!a-c]?", "/x/b1"));
  CHECK(glob_match("C:/WINDOWS/*", "c:/windows/Notepad.EXE", true));
  CHECK_FALSE(glob_match("/x/[", "/x/["));
}

TEST_CASE("glob: a pattern made of stars ends") {
  std::string stars, letters(200, 'a');
  for (int i = 0; i < 60; ++i) stars += "*a";
  CHECK_FALSE(glob_match(stars + "b", letters));
}

TEST_CASE("displayable: nothing a terminal would act on is left, and UTF-8 stays") {
  CHECK(displayable("plain") == "plain");
  CHECK(displayable("a\x1b[31mb") == "a\\x1b[31mb");
  CHECK(displayable("t\tn\nr\r") == "t\\tn\\nr\\r");
  CHECK(displayable("Gr\xc3\xbc\xc3\x9f") == "Gr\xc3\xbc\xc3\x9f");
  CHECK(displayable("Gr\xfc") == "Gr\\xfc");
  CHECK(displayable("Gr\xfc", true) == "Gr\xc3\xbc");
  CHECK(displayable("\xe2\x80\xaetxt.exe") == "\\u202etxt.exe");  // right-to-left override
  CHECK(displayable("\xc0\xaf") == "\\xc0\\xaf");                 // overlong
  CHECK(displayable("\xed\xa0\x80") == "\\xed\\xa0\\x80");        // surrogate
  CHECK(displayable("\xc2\x9b") == "\\x9b");                      // C1 CSI
}

TEST_CASE("escapes: each destination its own") {
  CHECK(json_string("a\"\\\n\x01\x7f") == "\"a\\\"\\\\\\n\\u0001\\u007f\"");
  CHECK(json_string("\xff") == "\"\xc3\xbf\"");
  CHECK(csv_field("=cmd()") == "\"'=cmd()\"");
  CHECK(csv_field("-5") == "-5");
  CHECK(csv_field("a,\"b\"") == "\"a,\"\"b\"\"\"");
  CHECK(html_text("<script>&'\"") == "&lt;script&gt;&amp;&#39;&quot;");
  CHECK(markdown_text("[a](b)|*") == "\\[a\\](b)\\|\\*");
}

TEST_CASE("addresses are canonical or none") {
  CHECK(canonical_ip("192.0.2.1") == "192.0.2.1");
  CHECK(canonical_ip("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(canonical_ip("2001:0db8:0:0::1") == "2001:db8::1");
  CHECK(canonical_ip("[2001:db8::1]") == "2001:db8::1");
  CHECK(canonical_ip("fe80::1%eth0") == "fe80::1");
  CHECK_FALSE(canonical_ip("192.0.2"));
  CHECK_FALSE(canonical_ip("192.0.2.256"));
  CHECK_FALSE(canonical_ip("host.example"));
  CHECK_FALSE(canonical_ip(""));
}

TEST_CASE("utf-16 with a lone surrogate becomes a replacement character") {
  const char bytes[] = {'a', 0, 0x00, static_cast<char>(0xD8), 'b', 0, '\x3d', '\xd8', '\x00', '\xde', 'x'};
  CHECK(utf16le_to_utf8(as_bytes({bytes, sizeof bytes})) ==
        "a\xef\xbf\xbd"
        "b\xf0\x9f\x98\x80");
}

TEST_CASE("octal escapes of syslog daemons") {
  CHECK(undo_octal_escapes("a#011b#012") == "a\tb\n");
  CHECK(undo_octal_escapes("#999 #40") == "#999 #40");
}

TEST_CASE("numbers: the whole text or nothing") {
  CHECK(to_number<int>("42") == 42);
  CHECK_FALSE(to_number<int>("42x"));
  CHECK_FALSE(to_number<int>(""));
  CHECK_FALSE(to_number<uint8_t>("256"));
  CHECK(to_number<double>("2.5") == 2.5);
}
