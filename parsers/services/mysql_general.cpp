// SPDX-License-Identifier: Apache-2.0
// General query log of MySQL and MariaDB: every connection and statement. Up to 5.6, and in MariaDB, the time is
// printed only when the second changes; statements run over several lines, until a line that begins like an entry.
// Source: MYSQL_QUERY_LOG::write() and File_query_log::write_general() in sql/log.cc; command_name in sql/sql_parse.cc.
#include <array>
#include <map>
#include <string>
#include <unordered_map>

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
constexpr size_t kMaxConnections = 65'536;   // connections remembered at a time

constexpr std::string_view kPaths[] = {"**/mysql/mysql.log",    "**/mysql/general*.log", "**/mysql/query*.log",
                                       "**/mysql.log",          "**/lib/mysql/*.log",    "**/mariadb/general*.log",
                                       "**/mysql-general*.log", "**/mysql/data/*.log",   "**/MySQL/**/data/*.log"};

constexpr Action kEmits[] = {Action::database_login, Action::database_logout,  Action::database_query,
                             Action::database_grant, Action::database_message, Action::database_stopped};

constexpr AttributeKey kKeys[] = {
    {"command", "command of the protocol, as the log names it"},
    {"database", "database that was asked for"},
    {"transport", "TCP/IP, Socket, SSL/TLS, Named Pipe …"},
    {"using_password", "whether a refused client gave a password"},
    {"client_user", "account of the connection, from its Connect entry in this file"},
    {"client", "address or host of the connection, from its Connect entry in this file"},
    {"file", "file that the statement reads or writes, where it does not stand in its first line"},
    {"target_host", "host part of the account that a statement is about"},
    {"proxy_user", "account that the client was given instead of its own"},
    {"lines", "lines of the entry, where there is more than one"}};

constexpr Sample kSamples[] = {
    {"080412 14:02:19\t     12 Connect     root@192.0.2.5 on shop\n"
     "\t\t     12 Query       SELECT foo\n   FROM tbl\n"
     "080412 14:02:21\t     12 Query\tGRANT ALL ON *.* TO 'eve'@'%' IDENTIFIED BY 'x'\n"
     "\t\t     12 Quit       \n",
     "database.login.success time=2008-04-12T14:02:19Z user=root ip=192.0.2.5 session=12 attr:database=shop\n"
     "database.query time=2008-04-12T14:02:19Z session=12 ip= user= attr:client_user=root attr:client=192.0.2.5 "
     "attr:lines=2 message=\"SELECT foo    FROM tbl\"\n"
     "database.grant time=2008-04-12T14:02:21Z target=eve attr:target_host=%\n"
     "database.logout time=2008-04-12T14:02:21Z session=12"},
    {"2016-06-07T19:07:02.558338Z\t    3 Connect\tpma@localhost on  using Socket\n"
     "2016-06-07T19:07:02.558713Z\t    3 Query\tSET NAMES 'utf8'\n"
     "2023-07-31T08:34:16.116872Z\t   14 Connect\tAccess denied for user 'user'@'192.0.2.1' (using password: YES)\n",
     "database.login.success time=2016-06-07T19:07:02.558338Z basis=utc user=pma source_host=localhost "
     "attr:transport=Socket attr:database=\n"
     "database.query session=3 attr:client_user=pma\n"
     "database.login.failure time=2023-07-31T08:34:16.116872Z user=user ip=192.0.2.1 attr:using_password=YES"}};

struct Connection {
  std::string user, client;
};

// `user@host[ as proxied] on [db][ using transport]`. The user is the client's to choose, so borders are looked for
// from the right.
struct ConnectText {
  std::string_view user, host, proxy, database, transport;
};
bool read_connect(std::string_view text, ConnectText& out) {
  out = ConnectText();
  if (const size_t at = text.rfind(" using "); at != npos && text.size() - at < 32) {
    out.transport = text.substr(at + 7);
    text = text.substr(0, at + 1);
  }
  size_t on = text.rfind(" on ");
  if (on == npos && text.ends_with(" on")) on = text.size() - 3;
  std::string_view account = text;
  if (on != npos) {
    account = text.substr(0, on);
    out.database = trim(text.substr(std::min(on + 4, text.size())));
  }
  if (const size_t as = account.rfind(" as "); as != npos && account.find('@') < as) {
    out.proxy = account.substr(as + 4);
    account = account.substr(0, as);
  }
  const size_t at = account.rfind('@');
  if (at == npos) return false;
  out.user = account.substr(0, at);
  out.host = trim(account.substr(at + 1));
  return true;
}

// What became of a Connect entry is known by the next entry of its connection: it is written before the password is
// looked at.
enum class Proof : uint8_t { none, success, refused };

struct Entry {
  bool open = false;
  EventTime time;
  Extent where;
  uint64_t record = 0, lines = 0;
  std::string id, command, text;
};

class GeneralReader {
 public:
  GeneralReader(ContentStream& stream, const ParseContext& context, EventSink& sink)
      : stream_(stream), context_(context), clock_(*context.clock), sink_(sink) {}

  void read(std::string_view text, const Line& line) {
    const Extent where{line.offset + static_cast<uint64_t>(text.data() - line.text.data()),
                       line.length - static_cast<uint32_t>(text.data() - line.text.data())};
    MysqlGeneralEntry general;
    if (read_mysql_general_entry(text, general)) {
      flush();
      prove(general);
      Entry& e = entry_;
      e.open = true;
      e.where = where;
      e.record = line.number;
      e.id = general.id;
      e.command = general.command;
      e.text = general.argument.substr(0, kMaxStatement);
      if (general.stamped) {
        carried_ = resolve_mysql_stamp(general.stamp, clock_);
        last_ = carried_;
        next_ = std::nullopt;
      } else if (!carried_ && !bound(line.offset + line.length)) {
        e.open = false;
        sink_.unparsed(where, "bad-time", "no line of this file tells a time");
        return;
      }
      e.time = carried_ ? *carried_ : *next_;
      return;
    }
    if (is_mysql_log_header(text)) {
      // A new process begins, or the log was opened anew: its first entry prints the time.
      flush();
      carried_.reset();
      next_.reset();
      return;
    }
    if (entry_.open) {
      extend(text, where);
      return;
    }
    if (trim(text).empty()) return;
    // Above the first entry: the end of a statement whose beginning was rotated away.
    if (!orphan_) sink_.unparsed(where, "truncated", "text of a statement whose beginning is not in this file");
    orphan_ = true;
  }

  void finish() {
    flush();
    // Nothing more was heard of these; in the order in which they came.
    std::map<uint64_t, Entry> left;
    for (auto& [id, entry] : held_) left.emplace(entry.record, std::move(entry));
    held_.clear();
    for (auto& [record, entry] : left) emit(entry, Proof::none);
  }

 private:
  static bool is_login(std::string_view command) { return command == "Connect" || command == "Change user"; }

  // A new entry of a connection tells what its Connect entry led to.
  void prove(const MysqlGeneralEntry& next) {
    const auto held = held_.find(std::string(next.id));
    if (held == held_.end()) return;
    Entry entry = std::move(held->second);
    held_.erase(held);
    MysqlRefusal refusal;
    Proof proof = Proof::success;
    if (is_login(next.command) && read_mysql_refusal(next.argument, refusal)) {
      proof = Proof::refused;
    } else if (next.command == "Connect") {
      proof = Proof::none;  // the number was given anew
    }
    emit(entry, proof);
  }

  void extend(std::string_view text, Extent where) {
    ++entry_.lines;
    const uint64_t length = where.offset + where.length - entry_.where.offset;
    entry_.where.length = static_cast<uint32_t>(std::min<uint64_t>(length, UINT32_MAX));
    if (entry_.text.size() < kMaxStatement) {
      entry_.text += '\n';
      entry_.text.append(text.substr(0, kMaxStatement - std::min(entry_.text.size(), kMaxStatement)));
    }
  }

  // Entries without a time, above the first stamp of the file or behind a header: between the stamps around them.
  bool bound(uint64_t from) {
    if (next_) return true;
    EventTime time;
    bool found = false;
    LineReader ahead(stream_, from);
    MysqlGeneralEntry general;
    while (auto line = ahead.next()) {
      if (!sink_.keep_going()) break;
      if (!read_mysql_general_entry(line->text, general) || !general.stamped) continue;
      TimeResolver fresh(clock_.zone(), clock_.forced_year());
      time = resolve_mysql_stamp(general.stamp, fresh);
      found = true;
      break;
    }
    if (ahead.error()) return false;
    if (!found && context_.modified) {
      time = clock_.instant(*context_.modified, TimePrecision::s);
      found = true;
    }
    if (!found && !last_) return false;
    if (found) time.latest = time.when;
    if (last_ && (!found || last_->when <= time.when)) {
      time.earliest = last_->when;
      time.when = last_->when;
      time.precision = last_->precision;
    }
    time.basis = TimeBasis::bounded;
    time.ambiguous = time.skipped = false;
    next_ = time;
    return true;
  }

  void add(std::string_view key, std::string_view text) {
    if (!text.empty() && count_ < attributes_.size()) attributes_[count_++] = {key, text};
  }

  void flush() {
    if (!entry_.open) return;
    entry_.open = false;
    ConnectText connect;
    if (is_login(entry_.command) && !entry_.text.starts_with("Access denied for user ") &&
        read_connect(entry_.text, connect)) {
      if (held_.size() < kMaxConnections) {
        held_.insert_or_assign(entry_.id, std::move(entry_));
        entry_ = Entry();
        return;
      }
      emit(entry_, Proof::none);
    } else {
      emit(entry_, Proof::none);
    }
    entry_ = Entry();
  }

  void emit(Entry& entry, Proof proof) {
    Event e;
    e.time = entry.time;
    e.where = entry.where;
    e.record = entry.record;
    e.session_id = entry.id;
    e.service_name = "mysqld";
    count_ = 0;
    fill(entry, proof, e);
    if (entry.lines > 0) attributes_[count_++] = {"lines", {}, static_cast<int64_t>(entry.lines + 1)};
    e.attributes = {attributes_.data(), count_};
    sink_.record_read();
    sink_.event(e);
    // What a client is called holds until it leaves.
    if (e.action == Action::database_logout) connections_.erase(entry.id);
  }

  void fill(Entry& entry, Proof proof, Event& e) {
    const std::string_view command = entry.command;
    while (entry.text.ends_with('\n') || entry.text.ends_with(' ')) entry.text.pop_back();
    const std::string_view text = entry.text;
    add("command", command);
    if (is_login(command)) return read_login(entry, proof, text, e);
    if (const auto known = connections_.find(entry.id); known != connections_.end()) {
      add("client_user", known->second.user);
      add("client", known->second.client);
    }
    if (command == "Query" || command == "Prepare" || command == "Execute" || command == "Delayed insert" ||
        command == "Com_multi" || command == "Bulk Execute") {
      e.action = Action::database_query;
      message_ = text.empty() ? command : text;
      for (char& c : message_)
        if (c == '\n' || c == '\r' || c == '\t') c = ' ';
      e.message = message_;
      const MysqlStatement statement = read_mysql_statement(text);
      if (statement.grants) e.action = Action::database_grant;
      e.target_user = statement.target_user;
      add("target_host", statement.target_host);
      // A column has to stand in the line that the row points to.
      if (entry.lines == 0 || contains(text.substr(0, text.find('\n')), statement.file)) {
        e.file_path = statement.file;
      } else {
        add("file", statement.file);
      }
      return;
    }
    if (command == "Quit") {
      e.action = Action::database_logout;
      e.message_format = "database connection closed";
      return;
    }
    e.action = command == "Shutdown" ? Action::database_stopped : Action::database_message;
    if (command == "Init DB") add("database", text);
    message_ = command;
    if (!text.empty()) message_.append(" ").append(text);
    e.message = message_;
  }

  void read_login(const Entry& entry, Proof proof, std::string_view text, Event& e) {
    e.action = Action::database_login;
    e.auth_method = "sql";
    MysqlRefusal refusal;
    ConnectText connect;
    std::string_view host;
    if (read_mysql_refusal(text, refusal)) {
      e.outcome = Outcome::failure;
      e.user_name = refusal.user;
      host = refusal.host;
      add("using_password", refusal.using_password);
      add("database", refusal.database);
      e.message_format = "database login of %s failed%.0s from %s";
      // It was announced before it was refused, and did not become what it asked for.
      if (entry.command == "Connect") connections_.erase(entry.id);
    } else if (read_connect(text, connect)) {
      // Another command of the same connection proves that it was let in.
      e.outcome = proof == Proof::success ? Outcome::success : Outcome::none;
      if (proof == Proof::refused) e.action = Action::database_message;
      e.user_name = connect.user;
      host = connect.host;
      add("database", connect.database);
      add("transport", connect.transport);
      add("proxy_user", connect.proxy);
      e.message_format =
          proof == Proof::success ? "database login of %s%.0s from %s" : "database connection of %s%.0s from %s";
      if (proof == Proof::refused) return set_peer(host, e);
      if (connections_.size() >= kMaxConnections) connections_.clear();
      connections_[entry.id] = {std::string(connect.user.substr(0, 256)), std::string(connect.host.substr(0, 256))};
    } else {
      // Other refusals: `Host 'x' is not allowed …`, `Unknown database`.
      e.action = Action::database_message;
      e.auth_method = {};
      e.message = text.empty() ? std::string_view(entry.command) : text;
    }
    set_peer(host, e);
  }

  void set_peer(std::string_view host, Event& e) {
    read_peer(host, peer_, true);
    e.source_ip = peer_.ip;
    e.source_host = peer_.host;
    e.source_port = peer_.port;
  }

  ContentStream& stream_;
  const ParseContext& context_;
  TimeResolver& clock_;
  EventSink& sink_;
  Entry entry_;
  std::unordered_map<std::string, Entry> held_;  // Connect entries whose outcome is open, by connection
  // The second that was printed last; entries without a time lie in it.
  std::optional<EventTime> carried_;
  std::optional<EventTime> last_;  // the same, kept over a header
  std::optional<EventTime> next_;  // bounds for entries that have none to share
  std::unordered_map<std::string, Connection> connections_;
  Peer peer_;
  std::string message_;
  std::array<Attribute, 12> attributes_{};
  size_t count_ = 0;
  bool orphan_ = false;
};

Match probe(const Probe& p) {
  size_t headers = 0, slow = 0, stamped = 0;
  MysqlGeneralEntry general;
  const HeadCount count = count_head_lines(p.head, [&](std::string_view line) {
    headers += is_mysql_log_header(line);
    slow += line.starts_with("# User@Host: ") || line.starts_with("# Query_time: ") || line.starts_with("# Time: ");
    if (!read_mysql_general_entry(line, general)) return false;
    stamped += general.stamped;
    return true;
  });
  if (slow > 0) return Match::no;
  if (headers >= 2 && count.hits > 0) return Match::yes;
  // Without a header: stamps, or several entries that share one. A stray entry in an error log is not enough.
  if (count.hits > 0 && (stamped > 0 || count.hits >= 2)) {
    size_t stamps = 0;
    MysqlStamp stamp;
    count_head_lines(p.head, [&](std::string_view line) {
      stamps += read_mysql_stamp(line, stamp) && !read_mysql_general_entry(line, general);
      return false;
    });
    return count.hits > stamps ? Match::yes : Match::no;
  }
  return headers > 0 || count.hits > 0 ? Match::maybe : Match::no;
}

Finish parse(ContentStream& stream, const ParseContext& context, EventSink& sink) {
  GeneralReader reader(stream, context, sink);
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
    .name = "mysql_general",
    .title = "General query log of MySQL and MariaDB",
    .paths = kPaths,
    .emits = kEmits,
    .keys = kKeys,
    .zone_rule =
        "local time of the host (to 5.6 and MariaDB; printed when the second changes, carried forward), UTC or "
        "offset as the stamp says (5.7 and later)",
    .samples = kSamples};

}  // namespace

namespace parsers {
ParserEntry mysql_general() { return {&kAbout, probe, parse}; }
}  // namespace parsers

}  // namespace necropsy
