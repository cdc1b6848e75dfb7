// SPDX-License-Identifier: Apache-2.0
// Logs of the syslog family: auth.log, secure, messages, syslog, cron, maillog and their kin on Linux, BSD, Solaris and
// macOS. Structure of a line: formats/syslog_line; meaning by program: syslog/*.cpp; here the loop around them.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "base/text.hpp"
#include "formats/syslog_line.hpp"
#include "linux/syslog/message.hpp"
#include "linux/syslog/records.hpp"
#include "linux/syslog/samples.hpp"
#include "linux/syslog/years.hpp"
#include "parse/parser.hpp"

namespace necropsy::parsers {
namespace {

using namespace syslog;

constexpr size_t kMaxText = 8 * 1024;     // rsyslog's own limit of a message; more of a line is in the evidence
constexpr size_t kMaxRecord = 64 * 1024;  // with its continuation lines
constexpr size_t kMaxContinuations = 1000;
constexpr size_t kLongText = 1024;      // RFC 3164's limit of a line: longer ones are marked
constexpr int64_t kRestartSeconds = 5;  // a log daemon that comes back sooner was restarted
constexpr size_t kSudoSplit = 700;      // sudo splits commands that do not fit into one message (MAXSYSLOGLEN)

// Printable ASCII throughout, eight bytes at a time: no copy is needed then.
bool is_plain(std::string_view text) {
  size_t i = 0;
  constexpr uint64_t kOnes = 0x0101010101010101ULL, kHigh = 0x8080808080808080ULL;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    // High bit set, below 0x20, or 0x7F in any byte (Bit Twiddling Hacks, "haszero" and "hasless").
    const uint64_t low = (word - kOnes * 0x20) & ~word;
    const uint64_t del = word ^ (kOnes * 0x7F);
    if (((word | low | ((del - kOnes) & ~del)) & kHigh) != 0) return false;
  }
  for (; i < text.size(); ++i)
    if (static_cast<unsigned char>(text[i]) < 0x20 || static_cast<unsigned char>(text[i]) >= 0x7F) return false;
  return true;
}

std::string_view cut_at_character(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

// A record that waits for its continuation lines.
struct Record {
  std::string raw;
  size_t own = 0;  // bytes of raw that are its own line; the rest is continuation
  SyslogStamp stamp;
  FileYears::Answer year;
  Extent where;
  uint64_t line = 0;
  size_t continuations = 0;
  bool cut = false, glued = false;
};

class SyslogFile {
 public:
  SyslogFile(ContentStream& stream, const ParseContext& context, EventSink& sink)
      : stream_(stream), context_(context), sink_(sink) {}

  Finish run() {
    PieceReader pieces(stream_, 0, 0);
    Piece piece;
    SyslogStamp stamp;
    uint64_t count = 0;
    while (pieces.next(piece, stamp)) {
      if ((++count & 255) == 0 && !sink_.keep_going()) return finish(Finish::partial);
      if (piece.zeros > 0) report_zeros(piece.offset - piece.zeros, piece.zeros);
      if (piece.stamped)
        begin_record(piece, stamp);
      else
        continue_record(piece);
    }
    if (pieces.trailing_zeros() > 0)
      report_zeros(pieces.end_offset() - std::min(pieces.end_offset(), pieces.trailing_zeros()),
                   pieces.trailing_zeros());
    flush(nullptr);
    if (pieces.error()) {
      sink_.problem({pieces.error()->offset, 0}, "read-error", pieces.error()->what, Stage::parse, Severity::error);
      return Finish::partial;
    }
    return read_failed_ ? Finish::partial : Finish::complete;
  }

 private:
  Finish finish(Finish how) {
    flush(nullptr);
    return how;
  }

  void report_zeros(uint64_t offset, uint64_t count) {
    sink_.problem(
        {offset, static_cast<uint32_t>(std::min<uint64_t>(count, UINT32_MAX))}, "zero-bytes",
        fmt::format("{} zero bytes where log text should be: blocks that a crash or power cut left unwritten, "
                    "or a file that was truncated under its writer",
                    count));
  }

  void begin_record(const Piece& piece, const SyslogStamp& stamp) {
    // The continuation of a sudo command is a record of its own too.
    if (has_pending_ && pending_.raw.size() > kSudoSplit) join_sudo_command(piece);
    flush(&piece);
    if (!stamp.has_year && !find_years(piece)) {
      sink_.unparsed({piece.offset, piece.length}, "no-year",
                     "the stamp has no year, and neither a file time nor a record says which it is", Stage::time);
      has_pending_ = false;
      return;
    }
    pending_.year = {};
    if (years_ && !stamp.instant) pending_.year = years_->next(stamp.civil.month, stamp.civil.day);
    pending_.raw.assign(piece.text);
    pending_.own = pending_.raw.size();
    pending_.stamp = stamp;
    pending_.where = {piece.offset, piece.length};
    pending_.line = piece.line;
    pending_.continuations = 0;
    pending_.cut = piece.cut;
    pending_.glued = piece.glued;
    has_pending_ = true;
    if (piece.cut)
      sink_.problem({piece.offset, piece.length}, "cut-line",
                    fmt::format("line of {} bytes: only its first {} were read", piece.length, piece.text.size()));
  }

  // A line without a stamp: more of the record above, or not understood.
  void continue_record(const Piece& piece) {
    const Extent where{piece.offset, piece.length};
    if (is_broken_stamp(piece.text)) {
      flush(nullptr);
      sink_.unparsed(where, "bad-time", "the line begins with something like a date, but it is none", Stage::time);
      return;
    }
    if (!has_pending_) {
      sink_.unparsed(where, "unknown-record", "a line without a time, and no record above that it could belong to");
      return;
    }
    if (pending_.continuations >= kMaxContinuations || pending_.raw.size() + piece.text.size() > kMaxRecord) {
      sink_.unparsed(where, "unknown-record", "too far from the record above to belong to it");
      return;
    }
    ++pending_.continuations;
    pending_.raw += '\n';
    pending_.raw += piece.text;
    const uint64_t end = piece.offset + piece.length;
    if (end > pending_.where.offset)
      pending_.where.length = static_cast<uint32_t>(std::min<uint64_t>(end - pending_.where.offset, UINT32_MAX));
  }

  // sudo writes a long command as several messages, the later ones marked `(command continued)`.
  void join_sudo_command(const Piece& piece) {
    constexpr std::string_view kMark = " : (command continued) ";
    const size_t at = piece.text.find(kMark);
    if (at == std::string_view::npos || at > 200 || !contains(pending_.raw, "COMMAND=") ||
        pending_.raw.size() + piece.text.size() > kMaxRecord)
      return;
    if (pending_.continuations > 0) return;
    pending_.raw += ' ';
    pending_.raw += piece.text.substr(at + kMark.size());
    pending_.own = pending_.raw.size();
  }

  // First pass over the rest of the file, at the first stamp without a year. False when no year can be known.
  bool find_years(const Piece& first) {
    if (years_) return true;
    if (years_failed_) return false;
    auto years = std::make_unique<FileYears>();
    PieceReader pieces(stream_, first.offset, 0);
    Piece piece;
    SyslogStamp stamp;
    SyslogHeader header;
    while (pieces.next(piece, stamp)) {
      if (!piece.stamped || stamp.instant) continue;
      const unsigned month = stamp.civil.month, day = stamp.civil.day;
      std::optional<int32_t> year;
      if (stamp.has_year) {
        year = stamp.civil.year;
      } else if (may_prove_year(piece.text, stamp.end)) {
        read_syslog_header(piece.text, stamp, header);
        year = proven_year(header.tag, header.text, month, day);
      }
      years->observe(month, day, year);
    }
    if (pieces.error()) {
      read_failed_ = true;
      sink_.problem({pieces.error()->offset, 0}, "read-error", pieces.error()->what, Stage::parse, Severity::error);
    }
    if (!years->settle(latest_date(), context_.clock->forced_year())) {
      years_failed_ = true;
      return false;
    }
    if (pieces.error())
      sink_.problem({pieces.error()->offset, 0}, "year-uncertain",
                    "the log cannot be read to its end: years are counted back from the last line that can be read, and "
                    "may be too late where a turn of the year stands behind it",
                    Stage::time);
    if (years->astray_runs() > 0)
      sink_.problem({first.offset, 0}, "clock-lost",
                    fmt::format("{} times records of January 1 stand between records of one later day: the machine had "
                                "booted without knowing the time. They are placed between their neighbours",
                                years->astray_runs()),
                    Stage::time, Severity::info);
    years_ = std::move(years);
    return true;
  }

  // Local date that the last stamp cannot exceed: the earliest of the file's own time, the time in the packed file's
  // header and what the neighbours say. Copies have fresh times, so the earliest is nearest to the truth.
  std::optional<Civil> latest_date() const {
    std::optional<Timestamp> bound;
    for (const auto& candidate : {context_.modified, context_.packed_modified, context_.not_after})
      if (candidate && (!bound || *candidate < *bound)) bound = candidate;
    if (!bound) return std::nullopt;
    return context_.clock->zone().to_local(*bound);
  }

  std::optional<EventTime> time_of(const SyslogStamp& stamp, const FileYears::Answer& year) {
    if (stamp.instant) return context_.clock->instant(*stamp.instant, stamp.precision);
    Civil civil = stamp.civil;
    if (!stamp.has_year) {
      if (year.astray) return between_neighbours(year);
      if (year.year == 0) return std::nullopt;  // a record that the first pass could not read
      civil.year = year.year;
    }
    if (!valid(civil)) return std::nullopt;
    if (stamp.offset) {
      return stamp.zulu ? context_.clock->utc(civil, stamp.precision)
                        : context_.clock->with_offset(civil, *stamp.offset, stamp.precision);
    }
    // Zones change their offset on whole minutes: within one, the last answer is moved by seconds.
    const bool same_minute = minute_time_ && civil.minute == minute_.minute && civil.hour == minute_.hour &&
                             civil.day == minute_.day && civil.month == minute_.month && civil.year == minute_.year;
    if (!same_minute || minute_time_->ambiguous || minute_time_->skipped || civil.second > 59) {
      minute_ = civil;
      minute_time_ = context_.clock->local(civil, stamp.precision);
      minute_time_->year_inferred = !stamp.has_year;
      return minute_time_;
    }
    EventTime time = *minute_time_;
    time.precision = stamp.precision;
    time.year_inferred = !stamp.has_year;
    const int64_t seconds = time.when.seconds() + civil.second - std::min<int>(minute_.second, 59);
    time.when = Timestamp::from_unix(seconds, civil.nanos);
    return time;
  }

  EventTime between_neighbours(const FileYears::Answer& year) const {
    EventTime time;
    time.when = last_when_;
    time.earliest = last_when_;
    if (year.not_after) time.latest = Timestamp::from_unix(context_.clock->zone().to_utc(*year.not_after).unix_seconds);
    time.basis = TimeBasis::bounded;
    time.year_inferred = true;
    return time;
  }

  // Hands on the record that waits. `next` is what comes after it, where that is known.
  void flush(const Piece* next) {
    if (!has_pending_) return;
    has_pending_ = false;
    const auto time = time_of(pending_.stamp, pending_.year);
    if (!time) {
      sink_.unparsed(pending_.where, "bad-time", "no such day in the year that the log is of", Stage::time);
      return;
    }
    sink_.record_read();
    last_when_ = time->when;
    // Lines without a stamp may be anybody's: names and addresses are read from the record's own line alone.
    std::string_view text = std::string_view(pending_.raw).substr(0, pending_.own);
    binary_ = false;
    if (!is_plain(text)) {
      binary_ = !is_utf8(text) || has_control(text);
      clean_ = displayable(text, true);
      text = clean_;
    }
    rest_.clear();
    if (pending_.raw.size() > pending_.own) {
      const std::string_view rest = std::string_view(pending_.raw).substr(pending_.own + 1);
      binary_ |= !is_utf8(rest) || has_control(rest);
      rest_ = displayable(rest, true);
    }
    read_syslog_header(text, pending_.stamp, header_);
    if (!emit_repeat(*time)) {
      interpret(header_, pending_.stamp, *time, 1, next);
      std::swap(last_, pending_);
      has_last_ = true;
    }
  }

  static bool has_control(std::string_view text) {
    for (unsigned char c : text)
      if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7F) return true;
    return false;
  }

  // `last message repeated N times`, `message repeated N times: [ text]`, `Last message 'x' repeated N times,
  // suppressed by syslog-ng …`: the message again, at the marker's time. N comes from the file and is only a count.
  bool emit_repeat(const EventTime& time) {
    std::string_view t = header_.text;
    eat(t, "--- ");
    const bool last = eat(t, "last message repeated ");
    const bool inner = !last && eat(t, "message repeated ");
    const bool suppressed = !last && !inner && t.starts_with("Last message '") && contains(t, "' repeated ");
    if (!last && !inner && !suppressed) return false;
    std::string_view quoted;
    if (suppressed) {
      const size_t at = t.rfind("' repeated ");
      quoted = t.substr(14, at - 14);
      t = t.substr(at + 11);
    }
    const std::string_view digits = t.substr(0, t.find(' '));
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return false;
    const uint32_t count = std::max<uint32_t>(1, to_number<uint32_t>(digits).value_or(UINT32_MAX));
    t = t.substr(digits.size());
    if (!t.starts_with(" time")) return false;
    if (inner) {
      const size_t open = t.find(": [");
      if (open == std::string_view::npos || !t.ends_with(']')) return false;
      SyslogHeader again = header_;
      again.text = trim(t.substr(open + 3, t.size() - open - 4));
      again.shown = {};
      interpret(again, pending_.stamp, time, count, nullptr);
      return true;
    }
    if (!has_last_) return false;
    // The text of the record above, at the place and time of this line.
    std::string_view text = std::string_view(last_.raw).substr(0, last_.own);
    std::string clean;
    if (!is_plain(text)) {
      clean = displayable(text, true);
      text = clean;
    }
    SyslogHeader again;
    read_syslog_header(text, last_.stamp, again);
    // syslog-ng quotes the beginning of what it counted: if that is not the line above, the line is only a message.
    if (suppressed && !again.text.starts_with(trim(quoted)) && !contains(again.shown, trim(quoted))) return false;
    interpret(again, last_.stamp, time, count, nullptr);
    return true;
  }

  void interpret(const SyslogHeader& header, const SyslogStamp& stamp, const EventTime& time, uint32_t repeat,
                 const Piece* next) {
    SyslogMessage m;
    m.tag = header.tag;
    m.pid = header.pid;
    m.facility = header.facility;
    m.text = header.text;
    m.recent = &recent_;
    split_tag(header.tag, m);
    if (m.program.empty()) name_program_of_untagged(stamp, m);
    const Program* program = find_program(m.program);
    if (program && program->plain == Action::service_message && next && contains(m.text, "xiting on signal"))
      m.restarted_at_once = restarts_at_once(*next);
    if (m.program.empty() && next && m.text.starts_with("exiting on signal "))
      m.restarted_at_once = restarts_at_once(*next);

    const auto start = [&] {
      draft_.clear();
      draft_.event.action = program             ? program->plain
                            : m.program.empty() ? Action::host_message
                                                : plain_action(m.facility);
      draft_.event.process_name = m.program;
      draft_.event.process_pid = m.pid;
    };
    start();
    bool known = false;
    if (is_pam(m)) known = read_pam(m, draft_);
    if (!known && program && program->read) known = program->read(m, draft_);
    if (!known) {
      // What a reader noted before it gave up is not to be trusted.
      start();
      if (m.program.empty()) known = read_untagged(m, draft_);
      if (!known && (m.text.starts_with("connect from ") || m.text.starts_with("refused connect from ")))
        known = read_tcp_wrappers(m, draft_);
      if (!known && (m.text.ends_with(" succeeded") || m.text.ends_with(" failed")))
        known = read_init_script(m, draft_);
      if (!known) start();
    }
    if (m.program == "kernel" && draft_.event.action == Action::boot) check_kernel_year(m.text, time);

    Event& e = draft_.event;
    e.time = time;
    e.host_name = header.host;
    e.where = pending_.where;
    e.record = pending_.line;
    e.repeat_count =
        static_cast<uint32_t>(std::min<uint64_t>(uint64_t{repeat} * std::max(1u, e.repeat_count), UINT32_MAX));
    if (e.message_format.empty()) e.message = message_of(header);
    if (pending_.glued) draft_.attribute("glued", 1);
    if (time.basis == TimeBasis::bounded)
      draft_.attribute("stamp", trim(std::string_view(pending_.raw).substr(0, pending_.stamp.end)));
    if (binary_) draft_.attribute("binary", 1);
    if (const size_t bytes = header.text.size() + rest_.size(); bytes > kLongText)
      draft_.attribute("text_bytes", static_cast<int64_t>(bytes));
    if (pending_.continuations > 0)
      draft_.attribute("continuation_lines", static_cast<int64_t>(pending_.continuations));
    if (!rest_.empty() && !e.message_format.empty())
      draft_.attribute("continuation", cut_at_character(rest_, kMaxText));
    draft_.finish();
    sink_.event(e);
  }

  // `/usr/sbin/cron`, `sshd(pam_unix)`, `polkitd(authority=local)`, `(systemd)`, `gdm-password]`.
  static void split_tag(std::string_view tag, SyslogMessage& m) {
    if (tag.starts_with('/')) tag = tag.substr(tag.rfind('/') + 1);
    const size_t open = tag.find('(');
    if (open == std::string_view::npos) {
      if (tag.ends_with(']')) tag.remove_suffix(1);
      m.program = tag;
      return;
    }
    const size_t close = tag.find(')', open);
    const std::string_view inner = tag.substr(open + 1, close == std::string_view::npos ? close : close - open - 1);
    m.program = open == 0 ? inner : tag.substr(0, open);
    if (open != 0) m.module = inner;
  }

  // Files whose lines name no program are known by their stamp.
  static void name_program_of_untagged(const SyslogStamp& stamp, SyslogMessage& m) {
    if (stamp.shape == StampShape::compact) {
      m.program = "xrdp";
    } else if (stamp.shape == StampShape::epoch) {
      m.program = "portsentry";
    } else if (stamp.shape == StampShape::iso_with_blank) {
      m.program = m.text.starts_with('[') && contains(m.text.substr(0, 40), ":") ? "pw" : "exim";
    }
  }

  // Whether the line after the end of a log daemon is the start of one, within seconds.
  bool restarts_at_once(const Piece& next) const {
    SyslogStamp stamp;
    SyslogHeader header;
    if (!read_syslog_stamp(next.text, stamp) || stamp.instant || pending_.stamp.instant) return false;
    read_syslog_header(next.text, stamp, header);
    const std::string_view tag = header.tag;
    if (tag != "syslogd" && tag != "rsyslogd" && tag != "syslog-ng" && tag != "liblogging-stdlog") return false;
    Civil before = pending_.stamp.civil, after = stamp.civil;
    before.year = after.year = 2000;  // any leap year: only the distance matters
    const int64_t distance = unix_seconds(after) - unix_seconds(before);
    return distance >= 0 && distance <= kRestartSeconds;
  }

  // A kernel cannot boot before it was built: a stamp that says so has a wrong year, or the clock was wrong.
  void check_kernel_year(std::string_view text, const EventTime& time) {
    const auto built = kernel_build_year(text);
    if (!built || civil_from_unix(time.when.seconds()).year >= *built || kernel_reported_) return;
    kernel_reported_ = true;
    sink_.problem(pending_.where, "year-before-kernel",
                  fmt::format("the record is dated {}, but the kernel that booted was built in {}: the year of this "
                              "log is wrong, or the machine's clock was",
                              civil_from_unix(time.when.seconds()).year, *built),
                  Stage::time);
  }

  // `program[pid]: text`, as the line has it where it has it.
  std::string_view message_of(const SyslogHeader& header) {
    if (!header.shown.empty() && rest_.empty()) return cut_at_character(header.shown, kMaxText);
    std::string text(header.shown);
    if (text.empty()) {
      text = header.tag;
      if (header.pid) text += fmt::format("[{}]", *header.pid);
      if (!text.empty()) text += ": ";
      text += cut_at_character(header.text, kMaxText);
    }
    if (!rest_.empty()) text += "\\n" + rest_;
    text.resize(cut_at_character(text, kMaxText).size());
    return draft_.keep(std::move(text));
  }

  ContentStream& stream_;
  const ParseContext& context_;
  EventSink& sink_;
  std::unique_ptr<FileYears> years_;
  bool years_failed_ = false;
  bool read_failed_ = false;
  Record pending_, last_;
  bool has_pending_ = false, has_last_ = false;
  bool binary_ = false, kernel_reported_ = false;
  std::string clean_, rest_;  // shown forms of the record's own line and of the lines that continue it
  SyslogHeader header_;
  EventDraft draft_;
  RecentPids recent_;
  Timestamp last_when_;
  Civil minute_;
  std::optional<EventTime> minute_time_;
};

// Lines of other logs that begin with such a stamp are not claimed: `2013-11-16 21:59:30 …` alone says nothing.
bool is_known_untagged(const SyslogStamp& stamp, std::string_view text) {
  switch (stamp.shape) {
    case StampShape::compact:
      return text.starts_with("[INFO ]") || text.starts_with("[DEBUG]") || text.starts_with("[WARN ]") ||
             text.starts_with("[ERROR]") || text.starts_with("[CORE ]");
    case StampShape::epoch:
      return contains(text, "Host: ") && contains(text, " Port: ");
    case StampShape::iso_with_blank:
      return contains(text, " <= ") || contains(text, " => ") || text.ends_with(" Completed") ||
             contains(text, " authenticator failed for ") || contains(text, ":useradd] ") ||
             contains(text, ":userdel] ") || contains(text, ":usermod] ") || contains(text, ":groupadd] ");
    default:
      return false;
  }
}

Match probe(const Probe& p) {
  std::string_view head = as_text(p.head);
  while (head.starts_with('\0')) head.remove_prefix(1);
  // A log that was truncated under its writer begins with a hole larger than what is looked at.
  if (head.empty() && !p.head.empty()) return Match::maybe;
  const bool whole = p.size != 0 && p.size <= p.head.size();
  int stamped = 0, certain = 0, other = 0;
  SyslogStamp stamp;
  for (int lines = 0; lines < 60 && !head.empty(); ++lines) {
    const size_t end = head.find('\n');
    if (end == std::string_view::npos && !whole && lines > 0) break;  // torn by the end of the head
    std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (!read_syslog_stamp(line, stamp)) {
      // The first line of a recovered fragment is torn; indented lines continue the one above.
      if (lines > 0 && line.front() != ' ' && line.front() != '\t' && line.front() != '\0') ++other;
      continue;
    }
    SyslogHeader header;
    read_syslog_header(line, stamp, header);
    ++stamped;
    if (header.tag.empty()) {
      if (stamp.shape == StampShape::month_day && !header.host.empty() &&
          (header.text.starts_with("last message repeated ") || header.text.starts_with("exiting on signal ") ||
           header.text.starts_with("-- MARK --")))
        ++certain;
      if (is_known_untagged(stamp, header.text)) ++certain;
      continue;
    }
    const bool severity_as_host = header.host == "INFO" || header.host == "WARN" || header.host == "DEBUG" ||
                                  header.host == "ERROR" || header.host == "TRACE";
    if (severity_as_host && !header.pid) continue;
    if (stamp.rfc5424 || header.pid || (!header.host.empty() && header.has_colon)) ++certain;
  }
  if (stamped == 0 || other > stamped * 3) return Match::no;
  return certain * 2 >= stamped && certain > 0 ? Match::yes : Match::maybe;
}

Finish parse(ContentStream& stream, const ParseContext& context, EventSink& sink) {
  return SyslogFile(stream, context, sink).run();
}

}  // namespace

ParserEntry syslog() { return {&syslog_about::kAbout, probe, parse}; }

}  // namespace necropsy::parsers
