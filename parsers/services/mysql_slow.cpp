// SPDX-License-Identifier: Apache-2.0
// Slow query log of MySQL, MariaDB and Percona Server: comment lines that describe a statement, then the statement.
// Source: MYSQL_QUERY_LOG::write() and File_query_log::write_slow() in sql/log.cc.
#include <array>
#include <string>

#include "base/text.hpp"
#include "formats/head_lines.hpp"
#include "formats/mysql_stamp.hpp"
#include "formats/mysql_text.hpp"
#include "formats/peer.hpp"
#include "parse/parser.hpp"

namespace necropsy {
namespace {

constexpr size_t npos = std::string_view::npos;
constexpr size_t kMaxStatement = 16 * 1024;  // of a statement that is kept; the whole stands in the evidence

constexpr std::string_view kPaths[] = {"**/mysql/*slow*.log", "**/*-slow.log",      "**/mysql-slow.log",
                                       "**/mysql_slow*.log",  "**/slow_query*.log", "**/mariadb/*slow*.log",
                                       "**/slow.log"};

constexpr Action kEmits[] = {Action::database_query, Action::database_grant};

constexpr AttributeKey kKeys[] = {{"query_time", "seconds that the statement took, as written"},
                                  {"lock_time", "seconds that it waited for locks, as written"},
                                  {"rows_sent", "rows that were sent"},
                                  {"rows_examined", "rows that were looked at"},
                                  {"database", "database in use"},
                                  {"file", "file that the statement reads or writes"},
                                  {"target_host", "host part of the account that a statement is about"},
                                  {"time_from",
                                   "what the time of the row was read from: set-timestamp, time-line, or "
                                   "time-line-above (the second of an entry above)"}};

constexpr Sample kSamples[] = {
    {"# Time: 161209 14:39:02\n# User@Host: root[root] @ client.example [192.0.2.4]  Id:    12\n"
     "# Query_time: 2.000268  Lock_time: 0.000000 Rows_sent: 1  Rows_examined: 0\nuse shop;\n"
     "SET timestamp=1481294342;\nselect sleep(2)\n  from n;\n",
     "database.query time=2016-12-09T14:39:02Z basis=utc user=root ip=192.0.2.4 source_host=client.example session=12 "
     "message=\"select sleep(2)   from n;\" attr:query_time=2.000268 attr:database=shop attr:rows_sent=1 "
     "attr:time_from=set-timestamp"},
    {"# Time: 2021-01-26T23:45:57.678222Z\n# User@Host: oc[oc] @ localhost []  Id:     2\n# Query_time: 0.011853  "
     "Lock_time: 0.011542  Rows_sent: 268  Rows_examined: 268\nSET timestamp=1611704757;\nDROP TABLE t;\n",
     "database.query time=2021-01-26T23:45:57.678222Z basis=utc user=oc source_host=localhost "
     "attr:time_from=time-line"}};

struct Entry {
  bool open = false, has_user = false, has_query_time = false, has_statement = false;
  bool time_own = false;  // a `# Time:` line of its own
  Extent where;
  uint64_t record = 0;
  uint64_t end = 0;
  std::string user, host, address, id, database, query_time, lock_time, rows_sent, rows_examined, statement;
  std::optional<int64_t> set_timestamp;
};

// Value behind ` key: ` in a comment line.
std::string_view value_of(std::string_view line, std::string_view key) {
  for (size_t at = line.find(key); at != npos; at = line.find(key, at + 1)) {
    if (at > 0 && line[at - 1] != ' ' && line[at - 1] != '#') continue;
    std::string_view value = line.substr(at + key.size());
    while (value.starts_with(' ')) value.remove_prefix(1);
    value = value.substr(0, value.find(' '));
    // `Schema:   QC_hit: No`: an empty value with the next key behind it.
    return value.ends_with(':') ? std::string_view() : value;
  }
  return {};
}

class SlowReader {
 public:
  SlowReader(const ParseContext& context, EventSink& sink) : context_(context), clock_(*context.clock), sink_(sink) {}

  void read(std::string_view text, const Line& line) {
    const Extent where{line.offset + static_cast<uint64_t>(text.data() - line.text.data()),
                       line.length - static_cast<uint32_t>(text.data() - line.text.data())};
    if (text.starts_with("# Time: ")) {
      flush();
      std::string_view rest = text.substr(8);
      MysqlStamp stamp;
      if (read_mysql_stamp(rest, stamp)) {
        time_ = resolve_mysql_stamp(stamp, clock_);
        time_is_exact_ = stamp.zulu || stamp.offset.has_value();
        fresh_time_ = true;
        // Some writers leave out the line end: `# Time: 071218 11:48:27 # User@Host: …`.
        rest = trim(rest.substr(stamp.end));
        if (rest.starts_with("# User@Host: ")) begin(rest, where, line.number);
      } else {
        sink_.problem(where, "bad-time", "the time of an entry cannot be read; it is dated by what else it says");
        time_.reset();
      }
      return;
    }
    if (text.starts_with("# User@Host: ")) {
      if (entry_.has_user || entry_.has_statement || entry_.has_query_time) flush();
      begin(text, where, line.number);
      return;
    }
    if (is_mysql_log_header(text)) {
      flush();
      return;
    }
    if (text.starts_with("# Query_time: ")) {
      if (entry_.has_query_time || entry_.has_statement) flush();
      open(where, line.number);
      entry_.has_query_time = true;
      entry_.query_time = value_of(text, "Query_time:");
      entry_.lock_time = value_of(text, "Lock_time:");
      entry_.rows_sent = value_of(text, "Rows_sent:");
      entry_.rows_examined = value_of(text, "Rows_examined:");
      extend(where);
      return;
    }
    if (!entry_.open) {
      if (trim(text).empty() || text.starts_with("#")) return;
      if (!orphan_) sink_.unparsed(where, "truncated", "text of a statement whose beginning is not in this file");
      orphan_ = true;
      return;
    }
    extend(where);
    if (!entry_.has_statement && text.starts_with('#')) return comment(text);
    if (!entry_.has_statement && preamble(text)) return;
    entry_.has_statement = true;
    if (entry_.statement.size() < kMaxStatement) {
      if (!entry_.statement.empty()) entry_.statement += '\n';
      entry_.statement.append(text.substr(0, kMaxStatement - std::min(entry_.statement.size(), kMaxStatement)));
    }
  }

  void finish() { flush(); }

 private:
  void open(Extent where, uint64_t record) {
    if (entry_.open) return;
    entry_ = Entry();
    entry_.open = true;
    entry_.where = where;
    entry_.record = record;
    entry_.time_own = fresh_time_;
    fresh_time_ = false;
  }

  void begin(std::string_view text, Extent where, uint64_t record) {
    open(where, record);
    entry_.has_user = true;
    MysqlClient client;
    if (read_mysql_client(text.substr(13), client)) {
      entry_.user = client.user;
      entry_.host = client.host;
      entry_.address = client.address;
    }
    entry_.id = value_of(text, "Id:");
    extend(where);
  }

  void extend(Extent where) {
    const uint64_t length = where.offset + where.length - entry_.where.offset;
    entry_.where.length = static_cast<uint32_t>(std::min<uint64_t>(length, UINT32_MAX));
  }

  void comment(std::string_view text) {
    if (entry_.id.empty()) entry_.id = value_of(text, "Thread_id:");
    if (entry_.database.empty()) entry_.database = value_of(text, "Schema:");
    // `# administrator command: Quit;` stands in the place of a statement.
    if (text.starts_with("# administrator command: ")) {
      entry_.statement = text.substr(2);
      entry_.has_statement = true;
    }
  }

  // `use db;` and `SET [insert_id=…,]timestamp=N;` in front of the statement.
  bool preamble(std::string_view text) {
    if (trim(text).empty()) return true;
    if (text.starts_with("use ") && text.ends_with(';')) {
      entry_.database = trim(text.substr(4, text.size() - 5));
      if (entry_.database.size() > 2 && entry_.database.front() == '`') {
        entry_.database.pop_back();
        entry_.database.erase(0, 1);
      }
      return true;
    }
    if (!text.starts_with("SET ") || !text.ends_with(';')) return false;
    const size_t at = text.find("timestamp=");
    if (at == npos || entry_.set_timestamp)
      return text.starts_with("SET last_insert_id=") || text.starts_with("SET insert_id=");
    if (at != 4 && text[at - 1] != ',') return false;
    std::string_view digits = text.substr(at + 10);
    digits = digits.substr(0, digits.find_first_of(",;."));
    entry_.set_timestamp = to_number<int64_t>(digits);
    return entry_.set_timestamp.has_value();
  }

  void add(std::string_view key, std::string_view text) {
    if (!text.empty()) attributes_[count_++] = {key, text};
  }
  void add_number(std::string_view key, std::string_view text) {
    if (const auto n = to_number<int64_t>(text)) {
      attributes_[count_++] = {key, {}, n};
    } else {
      add(key, text);
    }
  }

  void flush() {
    if (!entry_.open) return;
    entry_.open = false;
    Event e;
    count_ = 0;
    const Entry& entry = entry_;
    // The time line carries the finer time where it is UTC and the entry's own. Else SET timestamp is exact; a time
    // line in local time serves entries that lack one, and is left out while the second does not change.
    if (time_ && time_is_exact_ && entry.time_own) {
      e.time = *time_;
      add("time_from", "time-line");
    } else if (entry.set_timestamp) {
      e.time = clock_.instant(Timestamp::from_unix(*entry.set_timestamp), TimePrecision::s);
      add("time_from", "set-timestamp");
    } else if (time_) {
      e.time = *time_;
      add("time_from", entry.time_own ? "time-line" : "time-line-above");
    } else if (last_ || context_.modified) {
      // No time of its own: not before the entry above, not after the file was last written.
      e.time.basis = TimeBasis::bounded;
      e.time.precision = TimePrecision::s;
      if (last_) e.time.earliest = e.time.when = *last_;
      if (context_.modified && (!last_ || *context_.modified >= *last_)) e.time.latest = *context_.modified;
      if (!last_) e.time.when = *context_.modified;
    } else {
      sink_.unparsed(entry.where, "bad-time", "the entry has no time, nor has one above it");
      entry_ = Entry();
      return;
    }
    last_ = e.time.when;
    e.where = entry.where;
    e.record = entry.record;
    e.session_id = entry.id;
    e.service_name = "mysqld";
    e.user_name = entry.user;
    read_peer(entry.address, peer_);
    e.source_ip = peer_.ip;
    e.source_host = entry.host;
    add("query_time", entry.query_time);
    add("lock_time", entry.lock_time);
    add_number("rows_sent", entry.rows_sent);
    add_number("rows_examined", entry.rows_examined);
    add("database", entry.database);
    const MysqlStatement statement = read_mysql_statement(entry.statement);
    e.action = statement.grants ? Action::database_grant : Action::database_query;
    e.target_user = statement.target_user;
    add("target_host", statement.target_host);
    // A column has to stand in the line that the row points to; the statement stands below it.
    add("file", statement.file);
    message_ = trim(entry.statement);
    for (char& c : message_)
      if (c == '\n' || c == '\r' || c == '\t') c = ' ';
    if (message_.empty()) message_ = "(statement is missing)";
    e.message = message_;
    e.attributes = {attributes_.data(), count_};
    sink_.record_read();
    sink_.event(e);
    entry_ = Entry();
  }

  const ParseContext& context_;
  TimeResolver& clock_;
  EventSink& sink_;
  Entry entry_;
  std::optional<EventTime> time_;  // of the last `# Time:` line
  bool time_is_exact_ = false, fresh_time_ = false;
  std::optional<Timestamp> last_;
  Peer peer_;
  std::string message_;
  std::array<Attribute, 12> attributes_{};
  size_t count_ = 0;
  bool orphan_ = false;
};

Match probe(const Probe& p) {
  size_t users = 0, times = 0, queries = 0, headers = 0, general = 0;
  count_head_lines(p.head, [&](std::string_view line) {
    MysqlClient client;
    MysqlStamp stamp;
    users += line.starts_with("# User@Host: ") && read_mysql_client(line.substr(13), client);
    times += line.starts_with("# Time: ") && read_mysql_stamp(line.substr(8), stamp);
    queries += line.starts_with("# Query_time: ") && contains(line, "Rows_sent: ");
    headers += is_mysql_log_header(line);
    MysqlGeneralEntry entry;
    general += read_mysql_general_entry(line, entry);
    return false;
  });
  if (users > 0 || queries > 0) return Match::yes;
  if (general > 0) return Match::no;
  return times > 0 || headers > 0 ? Match::maybe : Match::no;
}

Finish parse(ContentStream& stream, const ParseContext& context, EventSink& sink) {
  SlowReader reader(context, sink);
  LineReader lines(stream);
  bool stopped = false;
  while (auto line = lines.next()) {
    stopped = !sink.keep_going();
    if (stopped || (!line->terminated && lines.error())) break;
    std::string_view text = line->text;
    while (!text.empty() && text[0] == '\0') text.remove_prefix(1);
    reader.read(text, *line);
    if (line->cut)
      sink.problem({line->offset, line->length}, "cut-line", "line is longer than 1 MiB; its rest was passed over",
                   Stage::parse, Severity::info);
  }
  if (!stopped && !lines.error()) reader.finish();
  if (lines.error()) {
    sink.problem({lines.error()->offset, 0}, "read-error", lines.error()->what, Stage::parse, Severity::error);
    return Finish::partial;
  }
  return stopped ? Finish::partial : Finish::complete;
}

constexpr Descriptor kAbout{
    .name = "mysql_slow",
    .title = "Slow query log of MySQL, MariaDB and Percona Server",
    .paths = kPaths,
    .emits = kEmits,
    .keys = kKeys,
    .zone_rule =
        "SET timestamp counts seconds since 1970 in UTC and is the end of the statement (its beginning in newer "
        "8.0 releases); a time line with Z or offset is finer and taken where the entry has its own; local time of "
        "the host only where there is neither",
    .samples = kSamples};

}  // namespace

namespace parsers {
ParserEntry mysql_slow() { return {&kAbout, probe, parse}; }
}  // namespace parsers

}  // namespace necropsy
