// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/date_time/gregorian/gregorian.hpp>

#include "base/timestamp.hpp"

using namespace necropsy;

TEST_CASE("calendar agrees with Boost over all its years") {
  using namespace boost::gregorian;
  const date epoch(1970, 1, 1);
  for (int year = 1400; year <= 9999; ++year)
    for (auto [month, day] : {std::pair{1, 1}, {2, 28}, {3, 1}, {12, 31}}) {
      const int64_t ours = days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
      const int64_t boosts = (date(static_cast<unsigned short>(year), static_cast<unsigned short>(month),
                                   static_cast<unsigned short>(day)) -
                              epoch)
                                 .days();
      REQUIRE(ours == boosts);
      const Civil back = civil_from_unix(ours * 86400 + 3661);
      REQUIRE(back.year == year);
      REQUIRE(back.month == month);
      REQUIRE(back.day == day);
      REQUIRE(back.minute == 1);
    }
}

TEST_CASE("times before 1970 and far in the future keep their fraction") {
  CHECK(iso_micro(Timestamp::from_unix(-1, 500'000'000)) == "1969-12-31T23:59:59.500000Z");
  CHECK(iso_nano(Timestamp::from_unix(1597862968, 882533550)) == "2020-08-19T18:49:28.882533550Z");
  CHECK(iso_nano(Timestamp::from_unix(-14182940, 1)) == "1969-07-20T20:17:40.000000001Z");
  CHECK(iso_micro(Timestamp::from_unix(253402300800)) == "10000-01-01T00:00:00.000000Z");
}

TEST_CASE("a zero FILETIME is no time") {
  CHECK_FALSE(Timestamp::from_filetime(0));
  CHECK(iso_nano(*Timestamp::from_filetime(116444736000000001)) == "1970-01-01T00:00:00.000000100Z");
  CHECK(iso_micro(*Timestamp::from_filetime(1)) == "1601-01-01T00:00:00.000000Z");
}

TEST_CASE("readers of fixed shapes leave the text alone when it is not theirs") {
  Civil c;
  std::string_view text = "14:03:07.25 rest";
  CHECK(read_clock(text, c));
  CHECK(c.nanos == 250'000'000);
  CHECK(text == " rest");
  text = "24:00:00";
  CHECK_FALSE(read_clock(text, c));
  CHECK(text == "24:00:00");
  text = "2023-02-29x";
  CHECK_FALSE(read_iso_date(text, c));
  text = "+05:45 ";
  CHECK(read_offset(text) == 20700);
  text = "-0930";
  CHECK(read_offset(text) == -34200);
  text = "Zulu";
  CHECK(read_offset(text) == 0);
  CHECK(text == "ulu");
  CHECK(read_month("sEp") == 9);
  CHECK_FALSE(read_month("Sp"));
}
