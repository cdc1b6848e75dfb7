// SPDX-License-Identifier: Apache-2.0
#include "base/time_zone.hpp"

#include <cctz/time_zone.h>
#include <cctz/zone_info_source.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>

#include "base/bytes.hpp"
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
constexpr size_t kTzifHeader = 44;

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

// Length of the data block that a TZif header announces (RFC 8536, section 3.2): `wide` has times of eight bytes.
std::optional<uint64_t> tzif_block(const ByteReader& in, size_t header, bool wide) {
  const auto count = [&](size_t n) { return uint64_t{in.u32be(header + 20 + 4 * n).value_or(0)}; };
  if (!in.has(header, kTzifHeader)) return std::nullopt;
  const uint64_t time = wide ? 8 : 4;
  return count(0) + count(1) + count(2) * (time + 4) + count(3) * (time + 1) + count(4) * 6 + count(5);
}

// Whether all is there that the headers announce: cctz makes room for it before it reads.
bool is_whole_tzif(std::string_view bytes) {
  if (!bytes.starts_with("TZif") || bytes.size() < kTzifHeader) return false;
  const ByteReader in(as_bytes(bytes));
  const auto narrow = tzif_block(in, 0, false);
  if (!narrow || *narrow > bytes.size() - kTzifHeader) return false;
  if (bytes[4] == '\0') return true;
  const size_t second = kTzifHeader + *narrow;
  const auto wide = tzif_block(in, second, true);
  return wide && *wide <= bytes.size() - second - kTzifHeader;
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
  if (!is_whole_tzif(bytes)) return std::nullopt;
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

}  // namespace necropsy

namespace cctz_extension {
// cctz's documented hook (zone_info_source.h): a definition here replaces the weak default one.
ZoneInfoSourceFactory zone_info_source_factory = necropsy::source_by_name;
}  // namespace cctz_extension
