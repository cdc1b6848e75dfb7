// SPDX-License-Identifier: Apache-2.0
// Classic Windows event log (.evt) of NT to Server 2003: each record one event, its meaning from windows_events.tsv.
#include <fmt/format.h>

#include "base/text.hpp"
#include "formats/evt_file.hpp"
#include "parse/parser.hpp"
#include "windows/evt/samples.hpp"
#include "windows/evt/table.hpp"
#include "windows/evt/teller.hpp"

namespace necropsy {
namespace {

constexpr std::string_view kPaths[] = {"**/*.evt"};
constexpr std::string_view kMagic{"0\0\0\0LfLe", 8};

Match probe(const Probe& p) {
  if (evt::read_header(p.head)) return Match::yes;
  return p.path_matches && evt::holds_record(p.head) ? Match::maybe : Match::no;
}

// The log's name where the file's name makes it certain.
std::string_view log_name(std::string_view path) {
  const size_t slash = path.find_last_of("/\\");
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  if (equals_ignore_case(path, "SecEvent.Evt")) return "Security";
  if (equals_ignore_case(path, "SysEvent.Evt")) return "System";
  if (equals_ignore_case(path, "AppEvent.Evt")) return "Application";
  return {};
}

class Reading final : public evt::Visitor {
 public:
  Reading(const ParseContext& context, EventSink& sink)
      : sink_(sink), teller_(log_name(context.path), *context.clock) {}

  bool record(const evt::Record& record) override {
    const evt::Place place = place_of(record);
    if (const Event* event = teller_.tell(record, place)) {
      sink_.event(*event);
      sink_.record_read();
    } else {
      sink_.unparsed({record.offset, record.length}, "bad-time", "a record without a time", Stage::time);
    }
    if (record.torn)
      sink_.problem({record.offset, record.length}, "truncated",
                    fmt::format("record {} was overwritten or damaged towards its end", record.number), Stage::parse,
                    record.recovered ? Severity::info : Severity::warning);
    return sink_.keep_going();
  }

  void oddity(const evt::Oddity& oddity) override {
    const Extent where{oddity.offset, oddity.length};
    if (oddity.lost_record) {
      sink_.unparsed(where, oddity.code, oddity.what);
    } else {
      const bool remnant = oddity.code == "remnant";
      sink_.problem(where, oddity.code, oddity.what, Stage::parse,
                    oddity.grave ? Severity::error
                    : remnant    ? Severity::info
                                 : Severity::warning);
    }
    damaged_ |= oddity.grave;
  }
  bool damaged() const { return damaged_; }

 private:
  evt::Place place_of(const evt::Record& record) {
    evt::Place place;
    if (record.recovered) {
      // Numbers below the oldest of the chain: the ring wrapped over it. Any other: the log was numbered anew since.
      place.generation = !oldest_                                                       ? "unknown"
                         : record.copy                                                  ? "copy"
                         : record.number < *oldest_ && record.generated <= oldest_time_ ? "overwritten"
                                                                                        : "earlier-numbering";
      return place;
    }
    if (!oldest_) {
      oldest_ = record.number;
      oldest_time_ = record.generated;
      place.numbering_start = record.number == 1;
    } else {
      if (record.number <= number_) {
        place.numbering_before = number_;
      } else if (record.number - number_ > 1) {
        place.record_gap = record.number - number_ - 1;
      }
      // The time of writing is the service's own and only goes back with the clock.
      if (record.written < written_) place.went_back_s = written_ - record.written;
    }
    number_ = record.number;
    written_ = record.written;
    return place;
  }

  EventSink& sink_;
  evt::Teller teller_;
  std::optional<uint32_t> oldest_;
  uint32_t oldest_time_ = 0, number_ = 0, written_ = 0;
  bool damaged_ = false;
};

Finish parse(ContentStream& stream, const ParseContext& context, EventSink& sink) {
  Reading reading(context, sink);
  const evt::Summary summary = evt::read_file(
      [&](uint64_t offset, std::span<std::byte> out) { return stream.read(offset, out); }, stream.size(), reading);
  if (summary.stopped || reading.damaged()) return Finish::partial;
  if (!summary.header && summary.regular + summary.recovered == 0) return Finish::not_mine;
  return Finish::complete;
}

const Descriptor& about() {
  static const Descriptor kAbout = {
      .name = "evt",
      .title = "Windows event log of NT, 2000, XP and 2003 (SecEvent.Evt, SysEvent.Evt, AppEvent.Evt)",
      .paths = kPaths,
      .magic = kMagic,
      .emits = evt::table_actions(),
      .keys = evt::table_keys(),
      .zone_rule = "UTC",
      .samples = evt::samples(),
      .decisive = true,
  };
  return kAbout;
}

}  // namespace

namespace parsers {
ParserEntry evt() { return {&about(), probe, parse}; }
}  // namespace parsers
}  // namespace necropsy
