// SPDX-License-Identifier: Apache-2.0
// xferlog: the transfer log of wu-ftpd, kept up by proftpd, vsftpd, glftpd, pure-ftpd and BSD's ftpd.
// Format: xferlog(5) of wu-ftpd 2.6 (14 fields with completion status; 13 before 2.5).
#include <array>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "formats/ctime_stamp.hpp"
#include "formats/head_lines.hpp"
#include "formats/peer.hpp"
#include "parse/parser.hpp"

namespace necropsy {
namespace {

constexpr size_t npos = std::string_view::npos;

constexpr std::string_view kPaths[] = {"**/xferlog", "**/xferlog.log", "**/proftpd/*xfer*", "**/xferlog*"};

constexpr Action kEmits[] = {Action::ftp_upload, Action::ftp_download, Action::ftp_delete, Action::log_rotated};

constexpr AttributeKey kKeys[] = {
    {"transfer_seconds", "how long the transfer took; it began that much before the time of the row"},
    {"transfer_type", "a: text, b: binary"},
    {"special_action", "C compressed, U uncompressed, T tar'ed"},
    {"access_mode", "a anonymous, g guest, r real account"},
    {"anonymous_password", "what an anonymous client gave as its name, usually an e-mail address"},
    {"completion", "c complete, i incomplete; absent in old formats"},
    {"auth_user", "name given by the client's ident service"}};

constexpr Sample kSamples[] = {
    {"Fri May 14 05:16:12 2010 2 ::ffff:192.0.2.4 11974 /home/user/public html/index.php a _ i r user ftp 0 * c\n",
     "ftp.upload.success time=2010-05-14T05:16:12Z ip=192.0.2.4 user=user service=ftp size=11974 "
     "path=\"/home/user/public html/index.php\" attr:transfer_seconds=2 attr:completion=c attr:access_mode=r"},
    {"Fri May 14 05:16:12 2010 0 host.example.org 11974 /pub/x.tar.gz b _ o a mozilla@example.org ftp 0 *\n",
     "ftp.download.success source_host=host.example.org ip= user= method=anonymous "
     "attr:anonymous_password=mozilla@example.org"},
    {"Fri May 14 05:16:12 2010 0 ::ffff: 11974 /index.php a _ i r user ftp 0 * i\n",
     "ftp.upload.failure ip= source_host= user=user path=/index.php attr:completion=i"}};

struct Transfer {
  std::string_view seconds, host, size, path, type, special, direction, access, user, service, auth, auth_user,
      completion;
};

bool one_of(std::string_view text, std::string_view letters) {
  return text.size() == 1 && letters.find(text[0]) != npos;
}

// Takes the last word off `text`.
std::string_view last_word(std::string_view& text) {
  const size_t at = text.rfind(' ');
  const std::string_view word = at == npos ? text : text.substr(at + 1);
  text = at == npos ? std::string_view() : text.substr(0, at);
  return word;
}

bool special_letters(std::string_view text) {
  if (text.empty() || text.size() > 4) return false;
  for (char c : text)
    if (c != 'C' && c != 'U' && c != 'T' && c != '_') return false;
  return true;
}

// Names may hold blanks where the writer does not replace them, so all behind the name is read from the right:
// `type action direction access user service auth auth-user [completion]`.
bool read_right(std::string_view text, Transfer& t) {
  std::string_view rest = text;
  std::string_view word = last_word(rest);
  const std::string_view before = rest;
  t.completion = {};
  // auth-user can be a `c` or an `i` of its own; then the field before it is the method (0 or 1) and there is no more.
  if (one_of(word, "ci")) {
    std::string_view probe = before;
    const std::string_view auth_user = last_word(probe);
    std::string_view method_text = probe;
    if (one_of(last_word(method_text), "01")) {
      t.completion = word;
      word = auth_user;
      rest = probe;
    }
  }
  t.auth_user = word;
  t.auth = last_word(rest);
  t.service = last_word(rest);
  if (!one_of(t.auth, "01") || t.service.empty()) return false;
  // What is left ends with the user. Its four neighbours to the left are single letters; the last place where they
  // stand divides, so that a user with blanks is read too.
  for (size_t end = rest.rfind(' '); end != npos && end > 0; end = rest.rfind(' ', end - 1)) {
    std::string_view left = rest.substr(0, end);
    if (rest.size() - end > 512) return false;
    const std::string_view access = last_word(left);
    if (!one_of(access, "agr")) continue;
    const std::string_view direction = last_word(left);
    if (!one_of(direction, "oid")) continue;
    const std::string_view special = last_word(left);
    if (!special_letters(special)) continue;
    const std::string_view type = last_word(left);
    if (!one_of(type, "ab")) continue;
    t.user = rest.substr(end + 1);
    t.access = access;
    t.direction = direction;
    t.special = special;
    t.type = type;
    t.path = left;
    return true;
  }
  return false;
}

bool read_transfer(std::string_view rest, Transfer& t) {
  if (!eat(rest, " ")) return false;
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  t.seconds = take_until(rest, " ");
  if (!to_number<int64_t>(t.seconds)) return false;
  // The address can be missing: two blanks, or nothing but the prefix of one.
  t.host = take_until(rest, " ");
  t.size = take_until(rest, " ");
  if (!to_number<int64_t>(t.size)) return false;
  while (rest.ends_with(' ')) rest.remove_suffix(1);
  return read_right(rest, t) && !t.path.empty();
}

// FreeBSD's newsyslog writes its mark without a year: `Mar 15 15:15:21 HOST newsyslog[566]: logfile first created`.
bool read_mark(std::string_view line, Civil& civil, std::string_view& host, std::string_view& text) {
  const auto month = line.size() > 16 && line[3] == ' ' ? read_month(line.substr(0, 3)) : std::nullopt;
  if (!month) return false;
  line.remove_prefix(4);
  if (line[0] == ' ') line.remove_prefix(1);
  const auto day = to_number<uint8_t>(take_until(line, " "));
  if (!day || *day < 1 || *day > 31 || !read_clock(line, civil)) return false;
  civil.month = *month;
  civil.day = *day;
  host = take_word(line);
  if (host.empty() || !line.starts_with("newsyslog")) return false;
  text = line;
  return true;
}

class XferlogReader {
 public:
  XferlogReader(const ParseContext& context, EventSink& sink)
      : context_(context), clock_(*context.clock), sink_(sink) {}

  std::string_view read(std::string_view text, const Line& line) {
    Civil civil;
    TimePrecision precision = TimePrecision::s;
    std::string_view rest = text;
    const Extent where{line.offset + static_cast<uint64_t>(text.data() - line.text.data()),
                       line.length - static_cast<uint32_t>(text.data() - line.text.data())};
    if (!read_ctime_stamp(rest, civil, precision)) {
      std::string_view host, mark;
      if (!read_mark(text, civil, host, mark)) return "no time in front";
      // It is the first line of its log: the year comes from the line behind it.
      marks_.push_back({civil, std::string(host), std::string(mark), where, line.number});
      if (marks_.size() > 64) flush_marks({});
      return {};
    }
    Transfer t;
    if (!read_transfer(rest, t)) return "fields of a transfer are missing";
    flush_marks(civil);
    Event e;
    e.where = where;
    e.record = line.number;
    e.time = clock_.local(civil, precision);
    e.action = t.direction == "i" ? Action::ftp_upload : t.direction == "o" ? Action::ftp_download : Action::ftp_delete;
    e.outcome = t.completion == "i" ? Outcome::failure : Outcome::success;
    read_peer(t.host, peer_);
    e.source_ip = peer_.ip;
    e.source_host = peer_.host;
    e.service_name = t.service;
    e.file_path = t.path;
    e.file_size = to_number<int64_t>(t.size);
    size_t n = 0;
    std::array<Attribute, 8> attributes;
    attributes[n++] = {"transfer_seconds", {}, to_number<int64_t>(t.seconds)};
    attributes[n++] = {"transfer_type", t.type};
    if (t.special != "_") attributes[n++] = {"special_action", t.special};
    attributes[n++] = {"access_mode", t.access};
    const bool anonymous = t.access == "a";
    if (anonymous) {
      // The name column of an anonymous transfer is what the client typed as its password.
      e.auth_method = "anonymous";
      attributes[n++] = {"anonymous_password", t.user};
    } else {
      e.user_name = t.user;
    }
    if (t.auth_user != "*") attributes[n++] = {"auth_user", t.auth_user};
    if (!t.completion.empty()) attributes[n++] = {"completion", t.completion};
    e.attributes = {attributes.data(), n};
    e.message_format = format(e.action, anonymous);
    sink_.record_read();
    sink_.event(e);
    return {};
  }

  // Marks with the year of `next`, the line behind them, or one less where they would lie after it; at the end of the
  // file that of the file's own time.
  void flush_marks(std::optional<Civil> next) {
    for (Mark& mark : marks_) {
      std::optional<Civil> bound = next;
      if (!bound && clock_.forced_year())
        bound = Civil{.year = *clock_.forced_year(), .month = 12, .day = 31, .hour = 23};
      if (!bound && context_.modified) bound = clock_.zone().to_local(*context_.modified);
      if (!bound) {
        sink_.unparsed(mark.where, "bad-time", "the line has no year and nothing tells it");
        continue;
      }
      mark.civil.year = bound->year;
      if (!valid(mark.civil) || unix_seconds(mark.civil) > unix_seconds(*bound) + 86'400) --mark.civil.year;
      if (!valid(mark.civil)) {
        sink_.unparsed(mark.where, "bad-time", "date does not exist");
        continue;
      }
      Event e;
      e.action = Action::log_rotated;
      e.time = clock_.local(mark.civil, TimePrecision::s);
      e.time.year_inferred = true;
      e.where = mark.where;
      e.record = mark.record;
      e.message = mark.text;
      e.process_name = "newsyslog";
      if (context_.remote) e.host_name = mark.host;
      sink_.record_read();
      sink_.event(e);
    }
    marks_.clear();
  }

 private:
  struct Mark {
    Civil civil;
    std::string host, text;
    Extent where;
    uint64_t record = 0;
  };

  static std::string_view format(Action action, bool anonymous) {
    switch (action) {
      case Action::ftp_upload:
        return anonymous ? "%.0s%.0sanonymous upload from %s:%.0s%.0s%.0s%.0s %s"
                         : "%s uploaded%.0s%.0s%.0s%.0s%.0s%.0s %s";
      case Action::ftp_download:
        return anonymous ? "%.0s%.0sanonymous download to %s:%.0s%.0s%.0s%.0s %s"
                         : "%s downloaded%.0s%.0s%.0s%.0s%.0s%.0s %s";
      default:
        return anonymous ? "%.0s%.0sanonymous delete from %s:%.0s%.0s%.0s%.0s %s"
                         : "%s deleted%.0s%.0s%.0s%.0s%.0s%.0s %s";
    }
  }

  const ParseContext& context_;
  TimeResolver& clock_;
  EventSink& sink_;
  Peer peer_;
  std::vector<Mark> marks_;
};

Match probe(const Probe& p) {
  size_t marks = 0;
  const HeadCount count = count_head_lines(p.head, [&](std::string_view line) {
    Civil civil;
    TimePrecision precision = TimePrecision::s;
    Transfer t;
    std::string_view host, text;
    if (read_mark(line, civil, host, text)) ++marks;
    return read_ctime_stamp(line, civil, precision) && read_transfer(line, t);
  });
  // A log that holds its first mark only: other logs begin so too, the path decides.
  if (count.hits == 0) return marks > 0 && marks == count.lines ? Match::maybe : Match::no;
  return (count.hits + marks) * 2 >= count.lines ? Match::yes : Match::maybe;
}

Finish parse(ContentStream& stream, const ParseContext& context, EventSink& sink) {
  XferlogReader reader(context, sink);
  LineReader lines(stream);
  while (auto line = lines.next()) {
    if (!sink.keep_going()) return Finish::partial;
    if (!line->terminated && lines.error()) break;
    std::string_view text = line->text;
    while (!text.empty() && text[0] == '\0') text.remove_prefix(1);
    if (text.find_first_not_of(" \t\v\f") == npos) continue;
    const Extent where{line->offset, line->length};
    if (line->cut) {
      sink.unparsed(where, "cut-line", "line is longer than 1 MiB");
      continue;
    }
    if (const std::string_view why = reader.read(text, *line); !why.empty())
      sink.unparsed(where, "unknown-record", why);
  }
  reader.flush_marks({});
  if (lines.error()) {
    sink.problem({lines.error()->offset, 0}, "read-error", lines.error()->what, Stage::parse, Severity::error);
    return Finish::partial;
  }
  return Finish::complete;
}

constexpr Descriptor kAbout{.name = "xferlog",
                            .title = "FTP transfer log (xferlog of wu-ftpd, proftpd, vsftpd and others)",
                            .paths = kPaths,
                            .emits = kEmits,
                            .keys = kKeys,
                            .zone_rule = "local time of the host, with year; the time is the end of the transfer",
                            .samples = kSamples,
                            .decisive = true};

}  // namespace

namespace parsers {
ParserEntry xferlog() { return {&kAbout, probe, parse}; }
}  // namespace parsers

}  // namespace necropsy
