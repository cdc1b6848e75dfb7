// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "parse/time_resolver.hpp"

using namespace necropsy;

namespace {
Civil at(int year, int month, int day, int hour = 0, int minute = 0) {
  return Civil{year,
               static_cast<uint8_t>(month),
               static_cast<uint8_t>(day),
               static_cast<uint8_t>(hour),
               static_cast<uint8_t>(minute),
               0,
               0};
}
}  // namespace

TEST_CASE("an hour that came twice is told apart by the line before") {
  TimeResolver clock(*TimeZone::from_name("Europe/Berlin"));
  const EventTime first = clock.local(at(2023, 10, 29, 2, 30), TimePrecision::s);
  CHECK(first.ambiguous);
  CHECK(iso_micro(first.when) == "2023-10-29T00:30:00.000000Z");
  clock.local(at(2023, 10, 29, 2, 50), TimePrecision::s);
  const EventTime second = clock.local(at(2023, 10, 29, 2, 10), TimePrecision::s);
  CHECK(second.ambiguous);
  CHECK(iso_micro(second.when) == "2023-10-29T01:10:00.000000Z");
}

TEST_CASE("an hour that never was is marked") {
  TimeResolver clock(*TimeZone::from_name("America/Chicago"));
  CHECK(clock.local(at(2024, 3, 10, 2, 30), TimePrecision::s).skipped);
}

TEST_CASE("without a zone UTC is assumed and said so") {
  TimeResolver clock{TimeZone()};
  const EventTime t = clock.local(at(2024, 1, 1, 12), TimePrecision::s);
  CHECK(t.basis == TimeBasis::assumed);
  CHECK(t.when.seconds() == 1704110400);
}

TEST_CASE("zone names that would leave the zone database are refused") {
  CHECK_FALSE(TimeZone::from_name("../../etc/passwd"));
  CHECK_FALSE(TimeZone::from_name("/etc/localtime"));
  CHECK_FALSE(TimeZone::from_name("Mars/Base"));
  CHECK_FALSE(TimeZone::from_tzif("no zone file"));
  CHECK_FALSE(TimeZone::from_tzif(std::string("TZif2") + std::string(60, '\xff')));
}

TEST_CASE("an image's own zone file gives its rules") {
  const auto bytes = TimeZone::tzif_of("Asia/Kolkata");
  REQUIRE(bytes);
  const auto zone = TimeZone::from_tzif(*bytes);
  REQUIRE(zone);
  CHECK(zone->offset_at(Timestamp::from_unix(1700000000)) == 19800);
}

TEST_CASE("years: New Year is crossed once, a buffered line does not cross it") {
  YearInference years;
  const std::pair<int, int> stamps[] = {{11, 30}, {12, 31}, {12, 30}, {1, 1}, {1, 3}, {12, 31}, {1, 4}};
  for (auto [m, d] : stamps) years.observe(static_cast<unsigned>(m), static_cast<unsigned>(d));
  REQUIRE(years.settle(at(2024, 1, 5), {}));
  const int expected[] = {2023, 2023, 2023, 2024, 2024, 2023, 2024};
  for (size_t i = 0; i < std::size(stamps); ++i)
    CHECK(years.year_of(static_cast<unsigned>(stamps[i].first), static_cast<unsigned>(stamps[i].second)) ==
          expected[i]);
}

TEST_CASE("years: the last line cannot be later than the file") {
  YearInference years;
  years.observe(12, 20);
  REQUIRE(years.settle(at(2024, 3, 1), {}));
  CHECK(years.year_of(12, 20) == 2023);
}

TEST_CASE("years: an anchor inside the log wins over a forged file time, --year over both") {
  YearInference years;
  years.observe(6, 1);
  years.observe(6, 17);
  years.anchor(2005);
  REQUIRE(years.settle(at(2024, 3, 1), {}));
  CHECK(years.source() == "anchor");
  CHECK(years.year_of(6, 1) == 2005);
  YearInference forced;
  forced.observe(6, 1);
  forced.anchor(2005);
  REQUIRE(forced.settle({}, 1999));
  CHECK(forced.year_of(6, 1) == 1999);
}

TEST_CASE("years: February 29 needs a leap year") {
  YearInference years;
  years.observe(2, 29);
  REQUIRE(years.settle(at(2023, 5, 1), {}));
  CHECK(years.year_of(2, 29) == 2020);
}

TEST_CASE("years: nothing known, nothing dated") {
  YearInference years;
  years.observe(5, 5);
  CHECK_FALSE(years.settle({}, {}));
}
