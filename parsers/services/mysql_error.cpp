// SPDX-License-Identifier: Apache-2.0
// Error log of MySQL and MariaDB. The stamp changes with the release and formats mix after an upgrade, so each line is
// read for itself; a line without a stamp belongs to the entry above it.
#include <optional>
#include <string>

#include "base/text.hpp"
#include "formats/head_lines.hpp"
#include "formats/mysql_stamp.hpp"
#include "formats/mysql_text.hpp"
#include "parse/parser.hpp"
#include "services/mysql_error/messages.hpp"

namespace necropsy {
namespace {

using mysql_error::Draft;
using mysql_error::Prefix;

constexpr size_t npos = std::string_view::npos;
constexpr size_t kMaxText = 4096;  // of an entry's continuation that is kept; the whole stands in the evidence

constexpr std::string_view kPaths[] = {"**/mysql/error.log", "**/mysql/*.err",      "**/mysql.err",
                                       "**/mysqld.log",      "**/mariadb/*.log",    "**/mysql/*/*.err",
                                       "**/MySQL/**/*.err",  "**/mysql/data/*.err", "**/mysql_error.log",
                                       "**/mysqld.err",      "**/mysql/mysqld.log", "**/mysql-error.log"};

constexpr Action kEmits[] = {Action::database_login,   Action::database_logout,  Action::database_error,
                             Action::database_message, Action::database_started, Action::database_stopped,
                             Action::database_query,   Action::database_grant,   Action::process_crashed,
                             Action::service_started,  Action::service_stopped,  Action::service_crashed};

constexpr AttributeKey kKeys[] = {
    {"level", "Note, Warning, ERROR or System"},
    {"code", "number of the message (MY-nnnnnn)"},
    {"subsystem", "part of the server that wrote it"},
    {"thread", "number of the thread or connection"},
    {"using_password", "whether the client gave a password"},
    {"database", "database that was asked for or in use"},
    {"reason", "why a connection ended"},
    {"signal", "signal or exception that ended the server"},
    {"stage", "of a shutdown: requested, begun, complete"},
    {"server_version", "version of the server"},
    {"lines", "lines of the entry, where there is more than one"},
    {"command", "command of a stray line of the general log"},
    {"syslog_host", "host of a syslog prefix in front of the server's own stamp"},
    {"inherited_time", "1 when the date is that of the entry above"},
    {"skip_grant_tables", "1 when the server ran without checking privileges"},
    {"unclean_shutdown", "1 when the server says that it was not stopped cleanly before"}};

constexpr Sample kSamples[] = {
    {"130324  0:04:00 [Warning] Access denied for user 'root'@'192.0.2.35' (using password: NO)\n",
     "database.login.failure time=2013-03-24T00:04:00Z user=root ip=192.0.2.35 attr:using_password=NO "
     "attr:level=Warning"},
    {"2019-03-24T13:44:31.555406Z 6 [System] [MY-013172] [Server] Received SHUTDOWN from user boot. Shutting down "
     "mysqld "
     "(Version: 8.0.15).\n",
     "database.stopped time=2019-03-24T13:44:31.555406Z basis=utc user=boot attr:code=MY-013172 attr:thread=6 "
     "attr:stage=requested"},
    {"161209 14:18:58 [Note] /usr/sbin/mysqld: ready for connections.\nVersion: '5.5.53-0ubuntu0.12.04.1'  socket: "
     "'/var/run/mysqld/mysqld.sock'  port: 3306  (Ubuntu)\n",
     "database.started time=2016-12-09T14:18:58Z attr:lines=2 attr:server_version=5.5.53-0ubuntu0.12.04.1"},
    {"2019-10-16 17:25:43 12 [ERROR] Event Scheduler: [root@localhost][test.e1] hi from the error log\n",
     "database.error time=2019-10-16T17:25:43Z attr:thread=12"}};

// An entry in the making: its first line, and what follows without a stamp.
struct Entry {
  bool open = false;
  std::string text;  // first line behind the stamp
  std::string more;  // continuation, lines joined by blanks
  EventTime time;
  Extent where;
  uint64_t record = 0, lines = 0;
  std::string host;        // of a syslog prefix
  bool inherited = false;  // dated by the entry above
  bool general = false;    // a stray line of the general log
  std::string session, command;
};

class ErrorLogReader {
 public:
  ErrorLogReader(const ParseContext& context, EventSink& sink)
      : context_(context), clock_(*context.clock), sink_(sink) {}

  void read(std::string_view text, const Line& line) {
    const Extent where{line.offset + static_cast<uint64_t>(text.data() - line.text.data()),
                       line.length - static_cast<uint32_t>(text.data() - line.text.data())};
    MysqlStamp stamp;
    std::string_view host;
    std::string_view inner = text;
    bool stamped = read_mysql_stamp(inner, stamp);
    // A syslog prefix in front of the server's own stamp, which alone knows the year. A line that begins with an ISO
    // stamp of syslog holds both.
    if (const std::string_view behind = behind_syslog_prefix(text, host); !behind.empty()) {
      MysqlStamp own;
      if (read_mysql_stamp(behind, own)) {
        stamp = own;
        inner = behind;
        stamped = true;
      }
    }
    if (!stamped) {
      read_unstamped(text, where, line.number);
      return;
    }
    const EventTime time = resolve_mysql_stamp(stamp, clock_);
    if (entry_.open && entry_.time.basis == TimeBasis::bounded && entry_.time.earliest && time.when >= entry_.time.when)
      entry_.time.latest = time.when;
    flush();
    Entry& e = entry_;
    e.open = true;
    e.time = time;
    e.where = where;
    e.record = line.number;
    e.host = host;
    MysqlGeneralEntry general;
    if (read_mysql_general_entry(inner, general)) {
      e.general = true;
      e.session = general.id;
      e.command = general.command;
      e.text = general.argument;
    } else {
      e.text = trim(inner.substr(stamp.end));
    }
    last_ = e.time;
    set_bounds_of_waiting(e.time);
  }

  void finish() {
    flush();
    if (waiting_.open) {
      // Nothing in the file tells a time: the file's own is the last moment it can have been written.
      if (context_.modified) {
        set_bounds_of_waiting(clock_.instant(*context_.modified, TimePrecision::s));
      } else {
        sink_.unparsed(waiting_.where, "bad-time", "no line of this file tells a time");
        waiting_.open = false;
      }
    }
  }

 private:
  // What follows `TIME HOST mysqld[123]: ` of syslog; empty when there is no such prefix. Nothing else may stand before
  // the program: a user name in a message could hold a copy of it.
  static std::string_view behind_syslog_prefix(std::string_view text, std::string_view& host) {
    for (std::string_view program : {" mysqld", " mariadbd", " mysqld_safe"}) {
      const size_t at = text.substr(0, 160).find(program);
      if (at == npos) continue;
      std::string_view rest = text.substr(at + program.size());
      if (eat(rest, "[")) take_until(rest, "]");
      if (!eat(rest, ": ")) continue;
      std::string_view before = text.substr(0, at);
      MysqlStamp stamp;
      if (read_mysql_stamp(before, stamp)) {
        if (!stamp.with_t) continue;
        before.remove_prefix(stamp.end);
      } else {
        if (!read_month(before.substr(0, 3))) continue;
        take_word(before);
        before = trim(before);
        take_word(before);
        before = trim(before);
        Civil clock;
        if (!read_clock(before, clock)) continue;
      }
      before = trim(before);
      if (before.empty() || before.find(' ') != npos) continue;
      host = before;
      return rest;
    }
    return {};
  }

  void read_unstamped(std::string_view text, Extent where, uint64_t record) {
    const std::string_view shown = trim(text);
    if (shown.empty()) return;
    // `13:18:58 UTC - mysqld got signal 11 ;`: a record of its own, dated by the entry above.
    if (mysql_error::crash_signal(shown)) {
      flush();
      Entry& e = entry_;
      e.open = true;
      e.inherited = true;
      e.where = where;
      e.record = record;
      e.text = shown;
      std::string_view rest = shown;
      Civil civil;
      if (last_) {
        e.time = *last_;
        if (read_clock(rest, civil) && rest.starts_with(" UTC")) {
          const Civil day = civil_from_unix(last_->when.seconds());
          civil.year = day.year;
          civil.month = day.month;
          civil.day = day.day;
          int64_t seconds = unix_seconds(civil);
          if (seconds < last_->when.seconds() - 43'200) seconds += 86'400;
          e.time = clock_.instant(Timestamp::from_unix(seconds), TimePrecision::s);
        } else {
          // It happened after the entry above, and before the one below.
          e.time.basis = TimeBasis::bounded;
          e.time.earliest = e.time.when;
        }
        return;
      }
      waiting_ = std::move(entry_);
      entry_ = Entry();
      return;
    }
    Entry* e = entry_.open ? &entry_ : nullptr;
    if (!e) {
      if (!waiting_.open) {
        waiting_ = Entry();
        waiting_.open = true;
        waiting_.where = where;
        waiting_.record = record;
        waiting_.text = shown.substr(0, kMaxText);
        return;
      }
      e = &waiting_;
    }
    ++e->lines;
    const uint64_t length = where.offset + where.length - e->where.offset;
    e->where.length = static_cast<uint32_t>(std::min<uint64_t>(length, UINT32_MAX));
    if (e->more.size() < kMaxText) {
      if (!e->more.empty()) e->more += ' ';
      e->more.append(shown.substr(0, kMaxText - std::min(kMaxText, e->more.size())));
    }
  }

  // Lines above the first stamp were written before it.
  void set_bounds_of_waiting(const EventTime& first) {
    if (!waiting_.open) return;
    waiting_.time = first;
    waiting_.time.basis = TimeBasis::bounded;
    waiting_.time.latest = first.when;
    waiting_.time.ambiguous = waiting_.time.skipped = false;
    std::swap(entry_, waiting_);
    flush();
    std::swap(entry_, waiting_);
  }

  void flush() {
    if (!entry_.open) return;
    Draft d;
    Event& e = d.event;
    e.time = entry_.time;
    e.where = entry_.where;
    e.record = entry_.record;
    e.service_name = "mysqld";
    if (context_.remote) e.host_name = entry_.host;
    if (entry_.general) {
      read_general(d);
    } else {
      std::string_view text = entry_.text;
      const Prefix p = mysql_error::read_prefix(text);
      d.add("level", p.level);
      d.add("code", p.code);
      d.add("subsystem", p.subsystem);
      d.add("thread", p.thread);
      e.action = p.level == "ERROR" || p.level == "FATAL" ? Action::database_error : Action::database_message;
      mysql_error::read_text(text, entry_.more, p, d);
      message_ = text;
      if (!entry_.more.empty()) {
        if (!message_.empty()) message_ += ' ';
        message_ += entry_.more;
      }
      if (message_.empty()) message_ = "(no text)";
      e.message = message_;
    }
    if (entry_.lines > 0) d.add("lines", static_cast<int64_t>(entry_.lines + 1));
    if (!context_.remote) d.add("syslog_host", entry_.host);
    if (entry_.inherited) d.add("inherited_time", 1);
    e.attributes = {d.attributes.data(), d.count};
    sink_.record_read();
    sink_.event(e);
    entry_ = Entry();
  }

  void read_general(Draft& d) {
    Event& e = d.event;
    e.session_id = entry_.session;
    d.add("command", entry_.command);
    MysqlRefusal refusal;
    if (entry_.command == "Connect" && read_mysql_refusal(entry_.text, refusal)) {
      message_ = entry_.text;
      mysql_error::read_text(message_, {}, {}, d);
      e.message = message_;
      return;
    }
    const bool query = entry_.command == "Query" || entry_.command == "Prepare" || entry_.command == "Execute";
    e.action = query ? Action::database_query : Action::database_message;
    message_ = entry_.text;
    if (!entry_.more.empty()) message_ += ' ' + entry_.more;
    if (query) {
      const MysqlStatement statement = read_mysql_statement(message_);
      if (statement.grants) e.action = Action::database_grant;
      e.target_user = statement.target_user;
      e.file_path = statement.file;
    }
    // The target points into the text: what is shown is made of it last.
    if (message_.empty()) {
      e.message = entry_.command;
      return;
    }
    if (!query) message_.insert(0, entry_.command + ' ');
    e.message = message_;
  }

  const ParseContext& context_;
  TimeResolver& clock_;
  EventSink& sink_;
  Entry entry_, waiting_;
  std::optional<EventTime> last_;
  std::string message_;
};

// How much a line says that the file is MySQL's: 2 sure, 1 perhaps.
int weight_of(std::string_view line) {
  MysqlStamp stamp;
  if (!read_mysql_stamp(line, stamp)) return 0;
  MysqlGeneralEntry general;
  if (read_mysql_general_entry(line, general)) return 0;
  std::string_view text = line.substr(stamp.end);
  if (!text.starts_with(' ') && !text.starts_with("InnoDB")) return 0;
  const Prefix p = mysql_error::read_prefix(text);
  const bool name = text.starts_with("mysqld") || text.starts_with("InnoDB: ") || text.starts_with("mariadbd") ||
                    contains(text.substr(0, 120), "mysqld: ") || contains(text.substr(0, 120), "mariadbd: ");
  if (!p.code.empty() || name || p.level == "Note") return 2;
  // Level alone, without a thread, is what many programs write behind an ISO date.
  if (!p.level.empty() && (!stamp.iso || !p.thread.empty())) return 2;
  if (!p.level.empty() && p.level != "ERROR") return 1;
  return stamp.iso ? 0 : 1;
}

Match probe(const Probe& p) {
  size_t sure = 0;
  const HeadCount count = count_head_lines(p.head, [&](std::string_view line) {
    const int weight = weight_of(line);
    sure += weight == 2;
    return weight > 0;
  });
  if (sure > 0) return Match::yes;
  return count.hits > 0 ? Match::maybe : Match::no;
}

Finish parse(ContentStream& stream, const ParseContext& context, EventSink& sink) {
  ErrorLogReader reader(context, sink);
  LineReader lines(stream);
  bool stopped = false;
  while (auto line = lines.next()) {
    stopped = !sink.keep_going();
    if (stopped || (!line->terminated && lines.error())) break;
    std::string_view text = line->text;
    while (!text.empty() && text[0] == '\0') text.remove_prefix(1);
    if (text.find_first_not_of(" \t\v\f") == npos) continue;
    reader.read(text, *line);
    if (line->cut)
      sink.problem({line->offset, line->length}, "cut-line", "line is longer than 1 MiB; its rest was passed over");
  }
  if (!lines.error() && !stopped) reader.finish();
  if (lines.error()) {
    sink.problem({lines.error()->offset, 0}, "read-error", lines.error()->what, Stage::parse, Severity::error);
    return Finish::partial;
  }
  return stopped ? Finish::partial : Finish::complete;
}

constexpr Descriptor kAbout{
    .name = "mysql_error",
    .title = "Error log of MySQL and MariaDB",
    .paths = kPaths,
    .emits = kEmits,
    .keys = kKeys,
    .zone_rule =
        "line by line: local time of the host (to 5.6, MariaDB, mysqld_safe), UTC or offset as the stamp says "
        "(5.7 and later); unstamped lines belong to the entry above",
    .samples = kSamples};

}  // namespace

namespace parsers {
ParserEntry mysql_error() { return {&kAbout, probe, parse}; }
}  // namespace parsers

}  // namespace necropsy
