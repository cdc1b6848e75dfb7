// SPDX-License-Identifier: Apache-2.0
// lastlog: the last login of each account, record number = uid. The file is mostly hole: an account with uid
// 4294967294 makes it appear 1.2 TiB long, so zeros are passed over a window at a time.
// Sources: lastlog(8), glibc bits/utmp.h (struct lastlog), libc5 <lastlog.h>; the name of a uid is the image's own.
#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>

#include <fmt/format.h>

#include "base/text.hpp"
#include "parse/parser.hpp"

namespace necropsy::parsers {
namespace {

constexpr size_t kWindow = 64 * 1024;
constexpr size_t kVoteRecords = 256;               // used records that decide the layout
constexpr int64_t kFirstTime = 631'152'000;        // 1990
constexpr int64_t kLastLibc5Time = 1'136'073'600;  // 2006: short records are easily seen in others
constexpr int64_t kLastTime = 4'102'444'800;       // 2100

struct Layout {
  uint16_t size;
  bool big_endian;
  uint8_t time_size;  // 4, or 8 where time_t in the file has 64 bits
  uint8_t line_size;
  uint16_t host_size;
};
// glibc with 32-bit time (x86, ARM, ppc, RISC-V), with 64-bit time (aarch64), libc5.
constexpr Layout kLayouts[] = {{292, false, 4, 32, 256}, {296, false, 8, 32, 256}, {292, true, 4, 32, 256},
                               {296, true, 8, 32, 256},  {32, false, 4, 12, 16},   {32, true, 4, 12, 16}};

struct Entry {
  int64_t seconds = 0;
  std::string_view line, host;
};

bool all_zero(Bytes bytes) {
  // A block compared with itself one byte on: memcmp runs at memory speed.
  return bytes.empty() ||
         (bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

bool clean_field(const ByteReader& in, size_t at, size_t size) {
  const std::string_view text = in.padded_text(at, size);
  for (char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  return all_zero(in.slice(at + text.size(), size - text.size()));
}

std::optional<Entry> read_entry(Bytes bytes, const Layout& layout) {
  if (bytes.size() < layout.size) return std::nullopt;
  const ByteReader in(bytes.first(layout.size));
  Entry entry;
  if (layout.time_size == 8)
    entry.seconds = static_cast<int64_t>((layout.big_endian ? in.u64be(0) : in.u64le(0)).value_or(0));
  else
    entry.seconds = (layout.big_endian ? in.u32be(0) : in.u32le(0)).value_or(0);
  entry.line = in.padded_text(layout.time_size, layout.line_size);
  entry.host = in.padded_text(layout.time_size + size_t{layout.line_size}, layout.host_size);
  return entry;
}

bool plausible(Bytes bytes, const Layout& layout) {
  const auto entry = read_entry(bytes, layout);
  if (!entry || entry->seconds < kFirstTime || entry->seconds >= (layout.size == 32 ? kLastLibc5Time : kLastTime))
    return false;
  const ByteReader in(bytes.first(layout.size));
  return clean_field(in, layout.time_size, layout.line_size) &&
         clean_field(in, layout.time_size + size_t{layout.line_size}, layout.host_size) &&
         !(entry->line.empty() && entry->host.empty()) &&
         // A text file has no zeros: neither field is ever full in it.
         entry->line.size() < layout.line_size && entry->host.size() < layout.host_size;
}

struct Vote {
  size_t used = 0, good = 0;
};

void vote_over(Bytes window, uint64_t offset, const Layout& layout, Vote& vote) {
  // First record border in the window.
  size_t at = static_cast<size_t>((layout.size - offset % layout.size) % layout.size);
  for (; at < window.size() && window.size() - at >= layout.size && vote.used < kVoteRecords; at += layout.size) {
    const Bytes record = window.subspan(at, layout.size);
    if (all_zero(record)) continue;
    ++vote.used;
    if (plausible(record, layout)) ++vote.good;
  }
}

Match probe(const Probe& p) {
  Match match = p.path_matches && all_zero(p.head) ? Match::maybe : Match::no;
  for (const Layout& layout : kLayouts) {
    Vote vote;
    vote_over(p.head, 0, layout, vote);
    if (vote.good == 0) continue;
    // A cut or damaged file needs its name; so does the short record of libc5, which says little.
    if (p.path_matches) match = Match::maybe;
    if (vote.good != vote.used || layout.size == 32 || p.size == 0 || p.size % layout.size != 0) continue;
    if (p.path_matches || vote.good > 1) return Match::yes;
  }
  return match;
}

class File {
 public:
  File(ContentStream& stream, const ParseContext& context, EventSink& sink) : stream_(stream), sink_(sink) {
    if (!context.host) return;
    has_accounts_ = !context.host->accounts.empty();
    // The first account of a uid is the one that tools show.
    for (const Account& account : context.host->accounts) names_.emplace(account.id, account.name);
  }

  Finish run() {
    const uint64_t size = stream_.size();
    if (size == 0) return Finish::complete;
    const auto chosen = choose(size);
    if (failed_) return Finish::partial;
    if (!chosen) return used_ ? Finish::not_mine : Finish::complete;
    const Layout layout = *chosen;
    // Each window ends where a record ends.
    const size_t step = kWindow / layout.size * layout.size;
    std::vector<std::byte> buffer(step);
    uint64_t offset = 0;
    while (sink_.keep_going()) {
      const size_t have = fill(offset, buffer);
      if (failed_) return Finish::partial;
      const Bytes window = Bytes(buffer).first(have);
      if (!all_zero(window))
        for (size_t at = 0; have - at >= layout.size; at += layout.size) {
          const Bytes record = window.subspan(at, layout.size);
          if (!all_zero(record)) tell(record, layout, offset + at);
        }
      if (have < step) {
        if (const size_t rest = have % layout.size; rest && !all_zero(window.last(rest)))
          sink_.problem({offset + have - rest, static_cast<uint32_t>(rest)}, "truncated",
                        fmt::format("the last record has {} of {} bytes", rest, layout.size));
        return Finish::complete;
      }
      offset += step;
    }
    return Finish::partial;
  }

 private:
  // As much of `buffer` as the content has from `offset` on.
  size_t fill(uint64_t offset, std::span<std::byte> buffer) {
    size_t have = 0;
    while (have < buffer.size()) {
      auto got = stream_.read(offset + have, buffer.subspan(have));
      if (!got) failed_ = true;
      if (!got || *got == 0) break;
      have += *got;
    }
    return have;
  }

  // By the share of used records that make sense. The size alone decides nothing: it may be cut.
  std::optional<Layout> choose(uint64_t size) {
    std::array<Vote, std::size(kLayouts)> votes;
    std::vector<std::byte> buffer(kWindow + 512);  // a record that begins in a window is seen whole
    for (uint64_t offset = 0; offset < size && sink_.keep_going(); offset += kWindow) {
      const size_t have = fill(offset, buffer);
      if (failed_) return std::nullopt;
      const Bytes window = Bytes(buffer).first(have);
      if (have == 0) break;
      if (all_zero(window)) continue;
      used_ = true;
      bool enough = true;
      for (size_t i = 0; i < votes.size(); ++i) {
        vote_over(window, offset, kLayouts[i], votes[i]);
        enough &= votes[i].used >= kVoteRecords;
      }
      // The windows of a sparse file lie far apart: the first ones decide when they are clear.
      if (enough || offset > (uint64_t{1} << 30)) {
        if (clear_winner(votes)) break;
      }
    }
    std::optional<Layout> best;
    double best_share = 0;
    for (size_t i = 0; i < votes.size(); ++i) {
      if (votes[i].good == 0) continue;
      double share = static_cast<double>(votes[i].good) / static_cast<double>(votes[i].used);
      if (size % kLayouts[i].size == 0) share += 0.1;
      if (share > best_share) {
        best_share = share;
        best = kLayouts[i];
      }
    }
    if (best_share < 0.5) return std::nullopt;
    return best;
  }

  static bool clear_winner(const std::array<Vote, std::size(kLayouts)>& votes) {
    return std::any_of(votes.begin(), votes.end(), [](const Vote& v) { return v.used > 0 && v.good == v.used; });
  }

  void tell(Bytes record, const Layout& layout, uint64_t offset) {
    const Extent where{offset, layout.size};
    const uint64_t uid = offset / layout.size;
    const auto entry = read_entry(record, layout);
    if (!entry || entry->seconds == 0) {
      sink_.unparsed(where, "bad-time", fmt::format("uid {}: a record without a time that is not empty", uid),
                     Stage::time);
      return;
    }
    // 2106 for 32-bit times; beyond it no clock.
    if (entry->seconds < 0 || entry->seconds > (int64_t{1} << 33)) {
      sink_.unparsed(where, "bad-time", fmt::format("uid {}: the time {} is none", uid, entry->seconds), Stage::time);
      return;
    }
    sink_.record_read();
    const std::string id = std::to_string(uid);
    const auto found = names_.find(id);
    const std::string_view user = found == names_.end() ? std::string_view() : std::string_view(found->second);
    const bool display = entry->host.starts_with(':');
    const auto ip = canonical_ip(entry->host);
    Event e;
    e.time.when = Timestamp::from_unix(entry->seconds);
    e.action = Action::login;
    e.outcome = Outcome::success;
    e.user_name = user;
    if (ip) e.source_ip = *ip;
    if (!ip && !display) e.source_host = entry->host;
    std::string message =
        user.empty() ? fmt::format("Last login of uid {}", uid) : fmt::format("Last login of {}", user);
    if (user.empty() && has_accounts_) message += " (no account has this uid)";
    if (!entry->line.empty()) message += fmt::format(" on {}", entry->line);
    if (!entry->host.empty()) message += fmt::format(" from {}", entry->host);
    e.message = message;
    e.where = where;
    e.record = uid + 1;
    std::array<Attribute, 4> attributes;
    size_t count = 0;
    attributes[count++] = {"uid", {}, static_cast<int64_t>(uid)};
    attributes[count++] = {"last_login", {}, 1};
    if (!entry->line.empty()) attributes[count++] = {"tty", entry->line, {}};
    if (display) attributes[count++] = {"ll_host", entry->host, {}};
    e.attributes = {attributes.data(), count};
    sink_.event(e);
  }

  ContentStream& stream_;
  EventSink& sink_;
  std::unordered_map<std::string, std::string> names_;  // uid as text
  bool has_accounts_ = false;
  bool failed_ = false;
  bool used_ = false;  // some byte is not zero
};

Finish parse(ContentStream& stream, const ParseContext& context, EventSink& sink) {
  return File(stream, context, sink).run();
}

// uid 0 and uid 1 as login(1) and sshd write them.
constexpr auto kTwo = [] {
  struct {
    char bytes[2 * 292] = {};
  } b;
  const auto put = [&](size_t at, std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) b.bytes[at + i] = text[i];
  };
  const auto number = [&](size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) b.bytes[at + i] = static_cast<char>(value >> (8 * i) & 0xFF);
  };
  number(0, 1709449438);
  put(4, "pts/0");
  put(36, "client.example.net");
  number(292, 1709450000);
  put(296, "pts/1");
  put(328, "192.0.2.9");
  return b;
}();

constexpr Sample kSamples[] = {
    {{kTwo.bytes, sizeof kTwo.bytes},
     "authentication.login.success time=2024-03-03T07:03:58Z basis=utc source_host=client.example.net attr:uid=0 "
     "attr:tty=pts/0 attr:last_login=1\n"
     "authentication.login.success time=2024-03-03T07:13:20Z ip=192.0.2.9 attr:uid=1 attr:tty=pts/1"},
};
constexpr std::string_view kPaths[] = {"**/lastlog"};
constexpr Action kEmits[] = {Action::login};
constexpr AttributeKey kKeys[] = {
    {"uid", "number of the record: the account's uid"},
    {"last_login", "1: the last login of the account, not all of them"},
    {"tty", "ll_line: the terminal"},
    {"ll_host", "ll_host where it names no other machine (X display)"},
};
constexpr Descriptor kAbout{.name = "lastlog",
                            .title = "Last login of each account (lastlog)",
                            .paths = kPaths,
                            .emits = kEmits,
                            .keys = kKeys,
                            .zone_rule = "UTC, seconds",
                            .samples = kSamples,
                            .decisive = true};

}  // namespace

ParserEntry lastlog() { return {&kAbout, probe, parse}; }

}  // namespace necropsy::parsers
