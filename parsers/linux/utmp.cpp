// SPDX-License-Identifier: Apache-2.0
// utmp, wtmp and btmp of Linux: who is, was and failed to be logged in. Structure: formats/utmp_record; meaning of a
// record: utmp/teller; here which layout and kind a file has, and the way through damage.
// Sources: utmp(5), glibc bits/utmp.h, libc5 <utmp.h>, sysvinit, systemd-update-utmp, OpenSSH loginrec.c, login(1).
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.hpp"
#include "formats/utmp_record.hpp"
#include "linux/utmp/teller.hpp"
#include "parse/parser.hpp"

namespace necropsy::parsers {
namespace {

using utmp::Kind;
using utmp::Teller;

constexpr size_t kVoteWindows = 64;         // of kUtmpWindow bytes, spread over the file
constexpr size_t kResyncReach = 64 * 1024;  // how far a next good record is searched for
constexpr size_t kBuffer = 4 * kResyncReach;
constexpr size_t kKindRecords = 512;  // records that tell what an unnamed file is
constexpr int64_t kSlotStep = 60;     // seconds back that a history without a set clock does not go

// Bytes of the file around a moving place.
class Window {
 public:
  explicit Window(ContentStream& stream) : stream_(stream) {}
  // At least `want` bytes from `offset`, fewer only at the end of the content or after an error.
  Bytes at(uint64_t offset, size_t want) {
    if (offset < base_ || offset + want > base_ + bytes_.size()) {
      bytes_.resize(std::max(want, kBuffer));
      base_ = offset;
      size_t have = 0;
      while (have < bytes_.size()) {
        auto got = stream_.read(offset + have, std::span(bytes_).subspan(have));
        if (!got) error_ = got.error();
        if (!got || *got == 0) break;
        have += *got;
      }
      bytes_.resize(have);
    }
    return Bytes(bytes_).subspan(std::min<uint64_t>(offset - base_, bytes_.size()));
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  ContentStream& stream_;
  std::vector<std::byte> bytes_;
  uint64_t base_ = 0;
  std::optional<Error> error_;
};

struct Chosen {
  UtmpLayout layout = UtmpLayout::none;
  uint64_t start = 0;  // a border of records; not 0 when the front of the file is damaged
};

UtmpVote vote_over(Bytes window) {
  std::array<UtmpVote, kUtmpLayouts.size()> votes;
  for (size_t i = 0; i < votes.size(); ++i) votes[i] = count_utmp(window, kUtmpLayouts[i]);
  return best_utmp(votes);
}

Chosen choose_layout(Window& window, uint64_t size) {
  std::array<UtmpVote, kUtmpLayouts.size()> votes;
  for (size_t i = 0; i < votes.size(); ++i) votes[i].layout = kUtmpLayouts[i];
  const uint64_t windows = size / kUtmpWindow + 1;
  const uint64_t step = std::max<uint64_t>(1, windows / kVoteWindows);
  for (uint64_t n = 0; n < windows; n += step) {
    const Bytes bytes = window.at(n * kUtmpWindow, kUtmpWindow);
    const Bytes part = bytes.first(std::min(bytes.size(), kUtmpWindow));
    for (UtmpVote& vote : votes) vote.add(count_utmp(part, vote.layout));
  }
  if (const UtmpVote best = best_utmp(votes); best.share() >= 0.5) return {best.layout, 0};
  // The front may be damaged or gone: the layout that has most good records at any border of 4 bytes.
  const Bytes bytes = window.at(0, kUtmpWindow);
  const Bytes part = bytes.first(std::min(bytes.size(), kUtmpWindow));
  Chosen chosen;
  size_t most = 0;
  for (UtmpLayout layout : kUtmpLayouts)
    for (size_t phase = 0; phase < record_size(layout) && phase < part.size(); phase += 4) {
      const UtmpVote vote = count_utmp(part.subspan(phase), layout);
      // One record among much that is none may be chance.
      if (vote.good <= most || (vote.good < 2 && vote.share() < 0.5)) continue;
      most = vote.good;
      chosen = {layout, phase};
    }
  return chosen;
}

// What a file without a telling name is.
Kind kind_by_content(Window& window, const Chosen& chosen, uint64_t size) {
  const size_t record = record_size(chosen.layout);
  std::set<std::string, std::less<>> lines;
  bool slots = size <= 64 * 1024, went_back = false, only_failures = true;
  size_t failures = 0;
  int64_t last = 0;
  for (size_t n = 0; n < kKindRecords; ++n) {
    const Bytes bytes = window.at(chosen.start + n * record, record);
    if (bytes.size() < record) break;
    if (judge_utmp(bytes, chosen.layout) != UtmpQuality::good) continue;
    const auto r = read_utmp(bytes, chosen.layout);
    if (!r) continue;
    if (r->line.ends_with(":notty")) return Kind::btmp;
    // getty's own record is of the type that failed logins have, with the user LOGIN.
    if (r->type == kUtmpLogin && r->user != "LOGIN" && !r->user.empty())
      ++failures;
    else
      only_failures = false;
    if (!r->line.empty() && !lines.emplace(r->line).second && r->line != "~") slots = false;
    if (r->type == kUtmpNewTime) last = 0;
    if (last && r->seconds < last - kSlotStep) went_back = true;
    last = r->seconds;
  }
  if (only_failures && failures > 0) return Kind::btmp;
  return slots && went_back ? Kind::utmp : Kind::wtmp;
}

Kind kind_of(std::string_view path, Window& window, const Chosen& chosen, uint64_t size) {
  std::string_view name = path;
  if (const size_t slash = name.rfind('/'); slash != std::string_view::npos) name.remove_prefix(slash + 1);
  if (contains_ignore_case(name, "btmp")) return Kind::btmp;
  if (contains_ignore_case(name, "wtmp")) return Kind::wtmp;
  if (contains_ignore_case(name, "utmp")) return Kind::utmp;
  return kind_by_content(window, chosen, size);
}

bool all_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

Match probe(const Probe& probe) {
  const UtmpVote vote = vote_over(probe.head);
  // One record is enough where nothing contradicts it: its type, times and texts leave little room for chance.
  if (vote.good > 0 && vote.share() >= 0.8) return Match::yes;
  const std::string_view foreign = foreign_utmp(probe.head, probe.size);
  if (!foreign.empty()) return probe.path_matches ? Match::yes : Match::maybe;
  if (probe.path_matches && (vote.good + vote.loose > 0 || all_zero(probe.head))) return Match::maybe;
  // A damaged front: a good record somewhere in the head of a file of the right name.
  if (probe.path_matches)
    for (UtmpLayout layout : kUtmpLayouts)
      if (resync_utmp(probe.head, 0, layout)) return Match::maybe;
  return Match::no;
}

// Says what the bytes from `from` to `to` are: so many records that make no sense.
void tell_damage(EventSink& sink, uint64_t from, uint64_t to, size_t record, uint64_t& number) {
  while (from < to) {
    const auto length = static_cast<uint32_t>(std::min<uint64_t>(record, to - from));
    ++number;
    sink.unparsed({from, length}, "unknown-record",
                  "these bytes are no login record: type, time or text do not make sense");
    from += length;
  }
}

Finish parse(ContentStream& stream, const ParseContext& context, EventSink& sink) {
  const uint64_t size = stream.size();
  Window window(stream);
  if (size == 0) return Finish::complete;
  const Chosen chosen = choose_layout(window, size);
  Bytes head = window.at(0, 4096);
  if (chosen.layout == UtmpLayout::none) {
    const std::string_view foreign = foreign_utmp(head.first(std::min<size_t>(head.size(), 4096)), size);
    if (!foreign.empty()) {
      sink.problem({0, 0}, "unsupported",
                   fmt::format("login records of {}: recognised, but necropsy reads those of Linux only", foreign),
                   Stage::parse, Severity::error);
      return Finish::not_mine;
    }
    // Nothing but zeros may be a log that was wiped whole.
    if (!all_zero(head)) return Finish::not_mine;
  }
  const UtmpLayout layout = chosen.layout == UtmpLayout::none ? UtmpLayout::linux384_le : chosen.layout;
  const size_t record = record_size(layout);
  Teller teller(kind_of(context.path, window, {layout, chosen.start}, size), layout, context, sink);
  uint64_t offset = 0, number = 0;
  while (sink.keep_going()) {
    const Bytes bytes = window.at(offset, record);
    if (bytes.size() < record) {
      if (window.error()) break;
      if (!bytes.empty())
        sink.problem({offset, static_cast<uint32_t>(bytes.size())}, "truncated",
                     fmt::format("the last record has {} of {} bytes", bytes.size(), record));
      break;
    }
    const UtmpQuality quality = judge_utmp(bytes, layout);
    if (quality == UtmpQuality::zero) {
      teller.zeroed(1, offset, ++number);
      offset += record;
      continue;
    }
    if (quality != UtmpQuality::bad) {
      teller.record(bytes.first(record), offset, ++number);
      offset += record;
      continue;
    }
    // One damaged record among good ones keeps the borders; else the next good record is searched for.
    Bytes reach = window.at(offset, kResyncReach + 2 * record);
    uint64_t next = 0;
    if (reach.size() >= 2 * record && judge_utmp(reach.subspan(record), layout) == UtmpQuality::good) {
      next = record;
    } else if (const auto found =
                   resync_utmp(reach.first(std::min(reach.size(), kResyncReach + 2 * record)), 4, layout)) {
      next = *found;
    } else {
      next = std::min<uint64_t>(kResyncReach / record, reach.size() / record) * record;
    }
    tell_damage(sink, offset, offset + next, record, number);
    offset += next;
  }
  teller.finish();
  if (window.error()) return Finish::partial;
  return sink.keep_going() ? Finish::complete : Finish::partial;
}

// Records as daemons write them, for the samples.
template <size_t N>
struct Blob {
  char bytes[N] = {};
  constexpr Blob& number(size_t at, size_t width, uint64_t value) {
    for (size_t i = 0; i < width; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i) & 0xFF);
    return *this;
  }
  constexpr Blob& big(size_t at, size_t width, uint64_t value) {
    for (size_t i = 0; i < width; ++i) bytes[at + i] = static_cast<char>(value >> (8 * (width - 1 - i)) & 0xFF);
    return *this;
  }
  constexpr Blob& text(size_t at, std::string_view value) {
    for (size_t i = 0; i < value.size(); ++i) bytes[at + i] = value[i];
    return *this;
  }
  constexpr std::string_view view() const { return {bytes, N}; }
};

constexpr auto kHistory = [] {
  Blob<3 * 384> b;
  b.number(0, 2, kUtmpBoot).text(8, "~").text(40, "~~").text(44, "reboot").text(76, "6.1.0-18-amd64");
  b.number(340, 4, 1709449328).number(344, 4, 517000);
  b.number(384, 2, kUtmpUser).number(388, 4, 1794).text(392, "pts/0").text(424, "ts/0").text(428, "eve");
  b.text(460, "client.example.net").number(724, 4, 1709449438).number(728, 4, 68556).big(732, 4, 0xC0000207);
  b.number(768, 2, kUtmpDead).number(772, 4, 1794).text(776, "pts/0").number(1108, 4, 1709450000);
  return b;
}();
constexpr auto kFailure = [] {
  Blob<384> b;
  b.number(0, 2, kUtmpLogin).number(4, 4, 1727).text(8, "ssh:notty").text(44, "root").text(76, "198.51.100.4");
  b.number(340, 4, 1702630206).big(348, 4, 0xC6336404);
  return b;
}();
constexpr auto kWide = [] {
  Blob<400> b;
  b.big(0, 2, kUtmpUser).big(4, 4, 305338).text(8, "pts/1").text(40, "ts/1").text(44, "eve").text(76, "2001:db8::7");
  b.big(344, 8, 1708204125).big(352, 8, 450732);
  b.text(360, std::string_view("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07", 16));
  return b;
}();

constexpr Sample kSamples[] = {
    {kHistory.view(),
     "host.boot time=2024-03-03T07:02:08.517000Z basis=utc attr:kernel=6.1.0-18-amd64\n"
     "authentication.login.success time=2024-03-03T07:03:58.068556Z user=eve ip=192.0.2.7 "
     "source_host=client.example.net pid=1794 attr:tty=pts/0 attr:access=remote\n"
     "authentication.logout time=2024-03-03T07:13:20Z pid=1794 attr:tty=pts/0 attr:login_user=eve"},
    {kFailure.view(),
     "authentication.login.failure time=2023-12-15T08:50:06Z user=root ip=198.51.100.4 service=sshd pid=1727"},
    {kWide.view(),
     "authentication.login.success time=2024-02-17T21:08:45.450732Z user=eve ip=2001:db8::7 pid=305338 "
     "attr:tty=pts/1"},
};

constexpr std::string_view kPaths[] = {"**/utmp",  "**/wtmp",  "**/btmp",       "**/utmp{x,.dbg}",
                                       "**/wtmpx", "**/btmpx", "**/utx.active", "**/utx.log"};
constexpr Action kEmits[] = {Action::login,         Action::logout,          Action::auth_message,
                             Action::boot,          Action::shutdown,        Action::time_changed,
                             Action::host_message,  Action::session_message, Action::process_started,
                             Action::process_exited};
constexpr AttributeKey kKeys[] = {
    {"tty", "ut_line: the terminal, or what a daemon without one puts there (ftpd973, ssh:notty)"},
    {"ut_id", "ut_id: the slot's id, from inittab or the end of the terminal's name"},
    {"ut_type", "ut_type, 0 to 9"},
    {"ut_session", "ut_session, where it is set"},
    {"ut_exit", "exit code of the dead process"},
    {"ut_termination", "signal or status that ended the dead process"},
    {"ut_addr", "address in a record that is about no session"},
    {"ut_host_local", "ut_host where it names no other machine: X display, screen, tmux"},
    {"access", "how the session came, as far as line and host tell: console, remote, display, local, ftp"},
    {"kernel", "kernel release in boot, shutdown and run-level records"},
    {"runlevel", "new run level"},
    {"previous_runlevel", "run level before; N for none"},
    {"clock", "old: the time before the clock was set; new: the time after"},
    {"old_time", "time of the record before the clock was set"},
    {"jump_s", "seconds that the clock was set forward (negative: back)"},
    {"tampered", "zeroed: the record, or the user name in it, was overwritten with zeros"},
    {"records", "number of zeroed records in a row"},
    {"at_end", "1: zeroed records are the last of the file; a crash leaves such too"},
    {"no_time", "1: the record's own time is zero"},
    {"time_went_back_s", "seconds by which the record is older than the one before it"},
    {"login_user", "user of the login record that this logout closes, in the same file"},
    {"login_record", "number of that login record"},
};
constexpr Descriptor kAbout{.name = "utmp",
                            .title = "Login records (utmp, wtmp, btmp)",
                            .paths = kPaths,
                            .emits = kEmits,
                            .keys = kKeys,
                            .zone_rule = "UTC, seconds or microseconds",
                            .samples = kSamples,
                            .decisive = true};

}  // namespace

ParserEntry utmp() { return {&kAbout, probe, parse}; }

}  // namespace necropsy::parsers
