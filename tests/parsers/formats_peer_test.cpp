// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "formats/ctime_stamp.hpp"
#include "formats/mysql_stamp.hpp"
#include "formats/peer.hpp"

using namespace necropsy;

namespace {
// address|name|port
std::string read(std::string_view text, bool with_port = false) {
  Peer peer;
  read_peer(text, peer, with_port);
  return std::string(peer.ip) + "|" + std::string(peer.host) + "|" + (peer.port ? std::to_string(*peer.port) : "");
}
}  // namespace

TEST_CASE("dotted quads in canonical form only") {
  for (const char* good : {"0.0.0.0", "255.255.255.255", "192.0.2.1"}) CHECK(is_plain_ipv4(good));
  for (const char* bad : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1..2.3", "1.2.3.", ".1.2.3", "1.2.3.4 ",
                          "a.b.c.d", "1.2.3.4567"})
    CHECK_FALSE(is_plain_ipv4(bad));
}

TEST_CASE("addresses, names, ports, and what is neither") {
  CHECK(read("192.0.2.1") == "192.0.2.1||");
  CHECK(read("::ffff:192.0.2.1") == "192.0.2.1||");
  CHECK(read("[2001:DB8::1]") == "2001:db8::1||");
  CHECK(read("host.example") == "|host.example|");
  CHECK(read("192.0.2.1:80", true) == "192.0.2.1||80");
  CHECK(read("[2001:db8::1]:80", true) == "2001:db8::1||80");
  CHECK(read("2001:db8::1:51548", true) == "2001:db8::1||51548");
  CHECK(read("2001:db8:0:0:0:0:0:1", true) == "2001:db8::1||");
  CHECK(read("host.example:80", true) == "|host.example|80");
  for (const char* nothing : {"", "-", "::ffff:", "a b", "1.2.3", "x/y", "\"", "300.1.1.1"})
    CHECK(read(nothing) == "||");
  CHECK(read("192.0.2.1:99999", true) == "||");
}

TEST_CASE("ctime stamps") {
  Civil civil;
  TimePrecision precision = TimePrecision::s;
  for (std::string_view text : {"Mon Jun  6 18:43:28 2016", "mon jun 6 18:43:28 2016", "Sun Jun 06 18:43:28 2016"}) {
    CHECK(read_ctime_stamp(text, civil, precision));
    CHECK(text.empty());
    CHECK(civil == Civil{2016, 6, 6, 18, 43, 28});
  }
  std::string_view fine = "Wed Jun 01 10:15:32.123456 2022]";
  CHECK(read_ctime_stamp(fine, civil, precision));
  CHECK(fine == "]");
  CHECK(precision == TimePrecision::us);
  CHECK(civil.nanos == 123456000);
  for (std::string_view text :
       {"Mon Jun 31 18:43:28 2016", "Xyz Jun  6 18:43:28 2016", "onT Jun  6 18:43:28 2016", "Mon Jun  6 18:43 2016",
        "Mon Jun  6 25:43:28 2016", "Mon Jun  6 18:43:28 201", "Mon Jun  6 18:43:28 20161", "Mon Jun 6", ""}) {
    const std::string_view before = text;
    CHECK_FALSE(read_ctime_stamp(text, civil, precision));
    CHECK(text == before);
  }
}

TEST_CASE("stamps of MySQL") {
  MysqlStamp stamp;
  CHECK(read_mysql_stamp("700101  0:00:00 x", stamp));
  CHECK(stamp.civil.year == 1970);
  CHECK(read_mysql_stamp("691231 23:59:59x", stamp));
  CHECK(stamp.civil.year == 2069);
  CHECK(stamp.end == 15);
  CHECK(read_mysql_stamp("2016-05-03  9:12:01 1", stamp));
  CHECK(stamp.civil == Civil{2016, 5, 3, 9, 12, 1});
  CHECK_FALSE(stamp.offset);
  CHECK(read_mysql_stamp("2018-09-07T18:45:40.098124+08:00\t1", stamp));
  CHECK(*stamp.offset == 28800);
  CHECK(stamp.precision == TimePrecision::us);
  for (const char* bad :
       {"", "1", "080721", "080721 3:04", "080732  3:04:00 x", "0807211 3:04:00 x", "2016-02-30 10:00:00 x",
        "2016-05-03x10:00:00", "080721  3:04:001 x", "2018-09-07T18:45:40+99:99 x"})
    CHECK_FALSE(read_mysql_stamp(bad, stamp));
}
