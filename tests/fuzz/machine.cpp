// SPDX-License-Identifier: Apache-2.0
// What is read of a machine besides its logs: configuration, package database, zone files.
// Input of the first two: files, each a line with its path, then its content up to a byte 0x1E. A path behind `@` is a
// link, and its content the target.
#include "base/time_zone.hpp"
#include "fuzz/target.hpp"
#include "parse/dpkg_database.hpp"
#include "parse/profile_reader.hpp"
#include "support/fake_files.hpp"

namespace necropsy::fuzz {
namespace {

test::FakeFiles files_of(std::string_view input) {
  test::FakeFiles files;
  size_t count = 0;
  while (!input.empty() && ++count <= 64) {
    std::string_view file = input.substr(0, input.find('\x1E'));
    input.remove_prefix(std::min(input.size(), file.size() + 1));
    const size_t end = file.find('\n');
    std::string_view path = file.substr(0, end);
    const std::string_view content = end == std::string_view::npos ? std::string_view() : file.substr(end + 1);
    const bool link = path.starts_with('@');
    if (link) path.remove_prefix(1);
    const std::string absolute = "/" + std::string(path.starts_with('/') ? path.substr(1) : path);
    if (link)
      files.link(absolute, std::string(content.substr(0, content.find('\n'))));
    else
      files.put(absolute, std::string(content), static_cast<int64_t>(content.size()));
  }
  return files;
}

void profile(Bytes input) {
  const test::FakeFiles files = files_of(as_text(input));
  const HostProfile unix_like = read_profile(files.callbacks(), {});
  require(unix_like.notes.size() <= input.size() + 256, "more notes than bytes");
  require(unix_like.accounts.size() <= input.size(), "more accounts than bytes");
  read_profile(files.callbacks("C:/"), {.root_created = Timestamp::from_unix(1)});
  std::vector<ProfileNote> notes;
  read_fstab(as_text(input), notes, "/etc/fstab");
}

void dpkg_database(Bytes input) {
  const test::FakeFiles files = files_of(as_text(input));
  size_t found = 0, problems = 0;
  read_dpkg_database(
      files.callbacks(),
      [&](const PackageFile& file) {
        require(file.md5.empty() || file.md5.size() == 32, "a digest that is none");
        ++found;
      },
      [&](const Problem& problem) {
        require(!problem.code.empty() && !problem.what.empty(), "a problem without code or reason");
        ++problems;
      });
  require(found <= input.size() * 4 && problems <= input.size() * 4 + 64, "more is found than there are bytes");
}

void time_zone(Bytes input) {
  tzif_footer(as_text(input));
  const auto zone = TimeZone::from_tzif(as_text(input));
  if (!zone) return;
  for (const int64_t second : {INT64_MIN / 2'000'000, int64_t{-4'000'000'000}, int64_t{0}, int64_t{1'711'846'800},
                               int64_t{4'000'000'000}, int64_t{253'402'300'799}}) {
    const Timestamp when = Timestamp::from_unix(second);
    const Civil civil = zone->to_local(when);
    zone->offset_at(when);
    zone->abbreviation_at(when);
    const TimeZone::Local local = zone->to_utc(civil);
    if (local.second_reading) require(*local.second_reading >= local.unix_seconds, "the second reading is the first");
  }
}

}  // namespace

extern const Target reader_profile, reader_dpkg_database, reader_time_zone;
const Target reader_profile{profile};
const Target reader_dpkg_database{dpkg_database};
const Target reader_time_zone{time_zone};

}  // namespace necropsy::fuzz
