// SPDX-License-Identifier: Apache-2.0
#include "parse/time_resolver.hpp"

#include <cctz/time_zone.h>
#include <cctz/zone_info_source.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>

#include "base/text.hpp"

namespace necropsy {

struct TimeZone::Rules {
  cctz::time_zone zone;
  bool known = false;
};

namespace {

// cctz loads zones by name through one process-wide factory. Zone files of images get names of their own, under which
// the factory hands out their bytes.
constexpr std::string_view kImagePrefix = "necropsy-image-zone-";

std::map<std::string, std::string, std::less<>>& image_zones() {
  static std::map<std::string, std::string, std::less<>> zones;
  return zones;
}
std::mutex& image_zones_lock() {
  static std::mutex lock;
  return lock;
}

class BytesSource final : public cctz::ZoneInfoSource {
 public:
  explicit BytesSource(std::string bytes) : bytes_(std::move(bytes)) {}
  std::size_t Read(void* out, std::size_t size) override {
    const size_t count = std::min(size, bytes_.size() - position_);
    std::memcpy(out, bytes_.data() + position_, count);
    position_ += count;
    return count;
  }
  int Skip(std::size_t offset) override {
    if (offset > bytes_.size() - position_) return -1;
    position_ += offset;
    return 0;
  }

 private:
  std::string bytes_;
  size_t position_ = 0;
};

std::unique_ptr<cctz::ZoneInfoSource> source_by_name(
    const std::string& name,
    const std::function<std::unique_ptr<cctz::ZoneInfoSource>(const std::string& name)>& fallback) {
  {
    const std::lock_guard<std::mutex> hold(image_zones_lock());
    if (const auto found = image_zones().find(name); found != image_zones().end())
      return std::make_unique<BytesSource>(found->second);
  }
  return fallback(name);
}

cctz::civil_second to_cctz(const Civil& c) {
  return cctz::civil_second(c.year, c.month, c.day, c.hour, c.minute, std::min<int>(c.second, 59));
}

int64_t to_seconds(const cctz::time_point<cctz::seconds>& t) { return t.time_since_epoch().count(); }
cctz::time_point<cctz::seconds> to_point(int64_t seconds) {
  return cctz::time_point<cctz::seconds>(cctz::seconds(seconds));
}

}  // namespace

TimeZone::TimeZone() : rules_(std::make_shared<Rules>(Rules{cctz::utc_time_zone(), false})) {}
TimeZone::TimeZone(const TimeZone&) = default;
TimeZone& TimeZone::operator=(const TimeZone&) = default;
TimeZone::~TimeZone() = default;

std::optional<TimeZone> TimeZone::from_tzif(std::string_view bytes) {
  if (!bytes.starts_with("TZif") || bytes.size() < 44) return std::nullopt;
  std::string name;
  {
    const std::lock_guard<std::mutex> hold(image_zones_lock());
    for (const auto& [known, content] : image_zones())
      if (content == bytes) name = known;
    if (name.empty()) {
      name = std::string(kImagePrefix) + std::to_string(image_zones().size());
      image_zones().emplace(name, bytes);
    }
  }
  TimeZone zone;
  cctz::time_zone loaded;
  if (!cctz::load_time_zone(name, &loaded)) return std::nullopt;
  zone.rules_ = std::make_shared<Rules>(Rules{loaded, true});
  return zone;
}

namespace {
// Names come from evidence too: nothing that could leave the zone database.
bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.starts_with('/') || name.find("..") != std::string_view::npos ||
      name.starts_with(kImagePrefix))
    return false;
  for (char c : name)
    if (!(is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '/' || c == '_' || c == '-' || c == '+'))
      return false;
  return true;
}
}  // namespace

std::optional<std::string> TimeZone::tzif_of(std::string_view name) {
  if (!is_zone_name(name)) return std::nullopt;
  std::ifstream file("/usr/share/zoneinfo/" + std::string(name), std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!bytes.starts_with("TZif")) return std::nullopt;
  return bytes;
}

std::optional<TimeZone> TimeZone::from_name(std::string_view name) {
  if (!is_zone_name(name)) return std::nullopt;
  cctz::time_zone loaded;
  if (!cctz::load_time_zone(std::string(name), &loaded)) return std::nullopt;
  TimeZone zone;
  zone.rules_ = std::make_shared<Rules>(Rules{loaded, true});
  return zone;
}

bool TimeZone::known() const { return rules_->known; }

TimeZone::Local TimeZone::to_utc(const Civil& civil) const {
  const auto found = rules_->zone.lookup(to_cctz(civil));
  Local local;
  local.unix_seconds = to_seconds(found.pre);
  if (found.kind == cctz::time_zone::civil_lookup::REPEATED) local.second_reading = to_seconds(found.post);
  local.skipped = found.kind == cctz::time_zone::civil_lookup::SKIPPED;
  return local;
}

Civil TimeZone::to_local(Timestamp t) const {
  const auto found = rules_->zone.lookup(to_point(t.seconds()));
  Civil c;
  c.year = static_cast<int32_t>(found.cs.year());
  c.month = static_cast<uint8_t>(found.cs.month());
  c.day = static_cast<uint8_t>(found.cs.day());
  c.hour = static_cast<uint8_t>(found.cs.hour());
  c.minute = static_cast<uint8_t>(found.cs.minute());
  c.second = static_cast<uint8_t>(found.cs.second());
  c.nanos = t.nanos();
  return c;
}

int32_t TimeZone::offset_at(Timestamp t) const { return rules_->zone.lookup(to_point(t.seconds())).offset; }
std::string TimeZone::abbreviation_at(Timestamp t) const { return rules_->zone.lookup(to_point(t.seconds())).abbr; }

TimeResolver::TimeResolver(TimeZone zone, std::optional<int32_t> forced_year)
    : zone_(std::move(zone)), forced_year_(forced_year) {}

EventTime TimeResolver::local(const Civil& civil, TimePrecision precision) {
  EventTime time;
  time.precision = precision;
  time.basis = zone_.known() ? TimeBasis::zone : TimeBasis::assumed;
  const TimeZone::Local local = zone_.to_utc(civil);
  int64_t seconds = local.unix_seconds;
  if (local.second_reading) {
    time.ambiguous = true;
    // Lines are in order: once a line of this file lies after the first reading, the second is meant.
    if (last_local_ != INT64_MIN && last_local_ > seconds) seconds = *local.second_reading;
  }
  time.skipped = local.skipped;
  last_local_ = seconds;
  time.when = Timestamp::from_unix(seconds, civil.nanos);
  return time;
}

EventTime TimeResolver::with_offset(const Civil& civil, int32_t seconds_east, TimePrecision precision) const {
  EventTime time;
  time.precision = precision;
  time.basis = TimeBasis::offset;
  time.when = Timestamp::from_unix(unix_seconds(civil) - seconds_east, civil.nanos);
  return time;
}

EventTime TimeResolver::utc(const Civil& civil, TimePrecision precision) const {
  EventTime time;
  time.precision = precision;
  time.when = Timestamp::from_unix(unix_seconds(civil), civil.nanos);
  return time;
}

EventTime TimeResolver::instant(Timestamp when, TimePrecision precision) const {
  EventTime time;
  time.precision = precision;
  time.when = when;
  return time;
}

// A step back in the calendar of more than this many days turns the year; less is a buffered line or a set clock.
constexpr int kTurnDays = 180;

namespace {
int day_of_year(int key) {
  constexpr int kBefore[] = {0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335};
  return kBefore[key / 32 - 1] + key % 32;
}
}  // namespace

// +1 when the stamp begins a new year, -1 when it steps back over New Year, else 0.
int YearInference::rollover(int& last_key, unsigned month, unsigned day) const {
  const int key = static_cast<int>(month) * 32 + static_cast<int>(day);
  int turn = 0;
  if (last_key >= 0) {
    const int step = day_of_year(key) - day_of_year(last_key);
    if (step < -kTurnDays) turn = 1;
    // December right after early January: the line was written late or the clock was set back over New Year.
    if (step > 366 - 3) turn = -1;
  }
  last_key = key;
  return turn;
}

void YearInference::observe(unsigned month, unsigned day, uint32_t) {
  turns_ += rollover(last_key_, month, day);
  last_month_ = static_cast<int>(month);
  last_day_ = static_cast<int>(day);
  if (month == 2 && day == 29 && !leap_turn_) leap_turn_ = turns_;
  ++count_;
}

void YearInference::anchor(int32_t year) {
  if (count_ > 0 && !first_year_) first_year_ = year - turns_;
}

bool YearInference::settle(std::optional<Civil> not_after, std::optional<int32_t> forced) {
  read_key_ = -1;
  read_turns_ = 0;
  if (count_ == 0) return false;
  if (forced) {
    base_year_ = *forced - turns_;
    source_ = "forced";
    return true;
  }
  if (first_year_) {
    base_year_ = *first_year_;
    source_ = "anchor";
    return true;
  }
  if (!not_after) return false;
  int32_t last_year = not_after->year;
  const auto days = [](int32_t year, int month, int day) {
    return days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  };
  const int64_t limit = days(not_after->year, not_after->month, not_after->day) + 1;
  while (days(last_year, last_month_, last_day_) > limit) --last_year;
  base_year_ = last_year - turns_;
  source_ = "file time";
  // February 29 was written in a leap year: move back to the nearest one that fits.
  if (leap_turn_)
    for (int back = 0; back < 8 && !is_leap(base_year_ + *leap_turn_); ++back) --base_year_;
  return true;
}

int32_t YearInference::year_of(unsigned month, unsigned day) {
  read_turns_ += rollover(read_key_, month, day);
  return base_year_ + read_turns_;
}

}  // namespace necropsy

namespace cctz_extension {
// cctz's documented hook (zone_info_source.h): a definition here replaces the weak default one.
ZoneInfoSourceFactory zone_info_source_factory = necropsy::source_by_name;
}  // namespace cctz_extension
