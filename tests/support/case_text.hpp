// SPDX-License-Identifier: Apache-2.0
// A case written as text, and what has to come out of it: rows in, findings out. The form is described in
// docs/adding-a-question.md. Header only: it needs the store, which not every test links.
#pragma once
#include <fmt/format.h>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/escape.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "correlate/correlate.hpp"
#include "model/file_record.hpp"
#include "model/vocabulary.hpp"
#include "store/case_file.hpp"
#include "store/case_writer.hpp"

namespace necropsy::test {

// Words of a line; "…" holds blanks. key=value, key~=part, or a bare word.
inline std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> out;
  std::string word;
  bool quoted = false, any = false;
  for (char c : line) {
    if (c == '"') {
      quoted = !quoted;
      any = true;
    } else if (!quoted && is_space(c)) {
      if (any) out.push_back(word);
      word.clear();
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (any) out.push_back(word);
  return out;
}

// 2024-03-01T10:00:00[.ffffff], UTC.
inline int64_t time_of(std::string_view text) {
  const std::string whole(text);
  Civil civil;
  if (!read_iso_date(text, civil) || !(eat(text, "T") || eat(text, " ")) || !read_clock(text, civil))
    throw std::runtime_error("no time: " + whole);
  return unix_seconds(civil) * 1'000'000 + civil.nanos / 1000;
}

class CaseText {
 public:
  explicit CaseText(Database& db) : db_(db), writer_(db) {}

  // One statement of the case; false when the word is not one of its own (`expect`, `case`).
  bool line(std::string_view text) {
    const bool indented = !text.empty() && is_space(text.front());
    const auto words = words_of(text);
    if (words.empty()) return true;
    if (indented && in_log_) {
      event(words);
      return true;
    }
    in_log_ = false;
    if (words[0] == "host") return host(words);
    if (words[0] == "account") return account(words);
    if (words[0] == "log") return log(words);
    if (words[0] == "file") return file(words);
    if (words[0] == "sql") {
      writer_.commit();
      db_.execute(trim(text).substr(4));
      return true;
    }
    return false;
  }

  void done() {
    flush_log();
    flush_files();
    writer_.commit();
  }

 private:
  using Keys = std::map<std::string, std::string>;
  static Keys keys_of(const std::vector<std::string>& words, size_t from) {
    Keys keys;
    for (size_t i = from; i < words.size(); ++i) {
      const size_t eq = words[i].find('=');
      if (eq == std::string::npos) throw std::runtime_error("no key=value: " + words[i]);
      keys[words[i].substr(0, eq)] = words[i].substr(eq + 1);
    }
    return keys;
  }
  static std::string get(const Keys& keys, const std::string& key) {
    const auto found = keys.find(key);
    return found == keys.end() ? std::string() : found->second;
  }
  static std::optional<int64_t> number(const Keys& keys, const std::string& key) {
    const std::string value = get(keys, key);
    if (value.empty()) return std::nullopt;
    const bool octal = key == "mode" && value.front() == '0';
    const auto n = to_number<int64_t>(value, octal ? 8 : 10);
    if (!n) throw std::runtime_error(key + " is no number: " + value);
    return n;
  }
  static std::optional<int64_t> time(const Keys& keys, const std::string& key) {
    const std::string value = get(keys, key);
    if (value.empty()) return std::nullopt;
    return time_of(value);
  }

  // host NAME [os=linux] [version=…] [installed=TIME] [last_seen=…]
  bool host(const std::vector<std::string>& words) {
    done();
    const Keys keys = keys_of(words, 2);
    ++host_;
    Statement h = db_.prepare(
        "INSERT INTO host(host_id, name, os_family, os_version, time_zone, time_zone_source, installed) "
        "VALUES(?1, ?2, ?3, ?4, 'UTC', 'test', ?5)");
    h.bind(1, host_).bind(2, words.at(1)).bind(3, get(keys, "os").empty() ? "linux" : get(keys, "os"));
    if (!get(keys, "version").empty()) h.bind(4, get(keys, "version"));
    h.bind(5, time(keys, "installed")).run();
    Statement e = db_.prepare(
        "INSERT INTO evidence(evidence_id, label, path, format, ingest_no, status, opened) "
        "VALUES(?1, ?2, ?2, 'raw', 1, 'open', ?3)");
    e.bind(1, host_).bind(2, words.at(1) + ".img").bind(3, time_of("2038-01-01T00:00:00")).run();
    return true;
  }

  // account NAME uid=N [source=passwd] [admin=1] [reason=…] [shell=…] [home=…] [empty_password=1] [gid=N]
  bool account(const std::vector<std::string>& words) {
    const Keys keys = keys_of(words, 2);
    Statement a = db_.prepare(
        "INSERT INTO account(host_id, user_name, account_id, source, is_admin, admin_reason, enabled, empty_password, "
        "gid, home, shell, password_set_ts) VALUES(?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8, ?9, ?10, ?11)");
    const std::string source = get(keys, "source").empty() ? "passwd" : get(keys, "source");
    a.bind(1, host_).bind(2, words.at(1)).bind(3, get(keys, "uid")).bind(4, source);
    a.bind(5, number(keys, "admin").value_or(0));
    if (!get(keys, "reason").empty()) a.bind(6, get(keys, "reason"));
    a.bind(7, number(keys, "empty_password").value_or(0)).bind(8, number(keys, "gid"));
    if (!get(keys, "home").empty()) a.bind(9, get(keys, "home"));
    if (!get(keys, "shell").empty()) a.bind(10, get(keys, "shell"));
    a.bind(11, time(keys, "password_set")).run();
    return true;
  }

  // log PATH PARSER [size=N] [modified=TIME] [remote=1] [zone=assumed] [first=TIME] [last=TIME]; events below, indented
  bool log(const std::vector<std::string>& words) {
    flush_log();
    const Keys keys = keys_of(words, 3);
    source_ = ++last_source_;
    log_path_ = words.at(1);
    remote_ = number(keys, "remote").value_or(0) != 0;
    assumed_ = get(keys, "zone") == "assumed";
    utc_ = words.at(2).starts_with("utmp") || words.at(2).starts_with("evt") || words.at(2) == "lastlog";
    first_ = time(keys, "first");
    last_ = time(keys, "last");
    Statement s = db_.prepare(
        "INSERT INTO source(source_id, kind, host_id, evidence_id, parser, log_path, size, modified, remote, done, "
        "status, "
        "file_state, file_id) VALUES(?1, 0, ?2, ?2, ?3, ?4, ?5, ?6, ?7, 1, 'complete', 0, ?8)");
    s.bind(1, source_)
        .bind(2, host_)
        .bind(3, words.at(2))
        .bind(4, log_path_)
        .bind(5, number(keys, "size").value_or(1000));
    s.bind(6, time(keys, "modified")).bind(7, remote_ ? 1 : 0);
    const auto known = file_ids_.find(log_path_);
    if (known != file_ids_.end()) s.bind(8, known->second);
    s.run();
    totals_ = SourceTotals{};
    in_log_ = true;
    return true;
  }

  static constexpr std::string_view kColumns[] = {
      "user",   "target",  "ip",      "host",    "port", "method",   "pid",     "process", "path", "url",
      "status", "session", "service", "command", "size", "log_host", "message", "basis",   "http", "agent"};

  void event(const std::vector<std::string>& words) {
    std::vector<std::string> rest(words.begin() + 2, words.end());
    int64_t copies = 1, apart = 1;
    while (!rest.empty() && rest.back().starts_with("x")) {  // x20 or x20/5s
      std::string_view count = rest.back();
      count.remove_prefix(1);
      const std::string_view n = take_until(count, "/");
      copies = to_number<int64_t>(n).value_or(1);
      if (!count.empty()) apart = to_number<int64_t>(count.substr(0, count.size() - 1)).value_or(1);
      rest.pop_back();
    }
    const Keys keys = keys_of(rest, 0);
    const std::string& what = words.at(1);
    const size_t dot = what.find('.'), second = what.find('.', dot + 1);
    const std::string action = what.substr(dot + 1, second == std::string::npos ? second : second - dot - 1);
    const std::string outcome = second == std::string::npos ? "" : what.substr(second + 1);
    const auto known = find_action(what.substr(0, dot), action);
    if (!known) throw std::runtime_error("no such action: " + what);
    const Outcome o = outcome == "success" ? Outcome::success : outcome == "failure" ? Outcome::failure : Outcome::none;
    for (int64_t i = 0; i < copies; ++i) {
      EventRow row;
      row.ts = time_of(words.at(0)) + i * apart * 1'000'000;
      row.kind = static_cast<uint16_t>(kind_id(*known, o));
      const int basis = get(keys, "basis") == "bounded" ? 5 : assumed_ ? 3 : utc_ ? 0 : 2;
      row.flags = static_cast<uint16_t>(basis | 3 << 3);
      row.record = ++record_;
      row.offset = record_ * 100;
      row.length = 99;
      row.user = text(get(keys, "user"));
      row.target = text(get(keys, "target"));
      row.addr = text(get(keys, "ip"));
      row.source_host = text(get(keys, "host"));
      row.method = text(get(keys, "method"));
      row.process = text(get(keys, "process"));
      row.path = text(get(keys, "path"));
      row.url = text(get(keys, "url"));
      row.session = text(get(keys, "session"));
      row.service = text(get(keys, "service"));
      row.command = text(get(keys, "command"));
      row.host = text(get(keys, "log_host"));
      row.http_method = text(get(keys, "http"));
      row.agent = text(get(keys, "agent"));
      if (const auto n = number(keys, "port")) row.port = *n;
      if (const auto n = number(keys, "pid")) row.pid = *n;
      if (const auto n = number(keys, "status")) row.status = *n;
      if (const auto n = number(keys, "size")) row.file_size = *n;
      const std::string message = get(keys, "message");
      row.text = text(message.empty() ? what + " of the test" : message);
      std::string attributes;
      for (const auto& [key, value] : keys) {
        if (!key.starts_with("attr:")) {
          bool column = false;
          for (std::string_view c : kColumns) column = column || c == key;
          if (!column) throw std::runtime_error("no such key: " + key);
          continue;
        }
        attributes += attributes.empty() ? "{" : ",";
        attributes += json_string(key.substr(5)) + ":";
        attributes += to_number<int64_t>(value) ? value : json_string(value);
      }
      if (!attributes.empty()) row.attributes = text(attributes + "}");
      rows_.push_back(row);
    }
  }

  // file PATH [uid=N] [gid=N] [mode=0755] [size=N] [inode=N] [state=deleted] [type=directory] [m= a= c= b= d=TIME]
  // [target=…] [flags=…] [fn_b=TIME …]
  bool file(const std::vector<std::string>& words) {
    flush_log();
    const Keys keys = keys_of(words, 2);
    FileRow row;
    const std::string& path = words.at(1);
    const size_t slash = path.rfind('/');
    const std::string dir = slash == 0 ? "/" : path.substr(0, slash);
    row.dir = file_text(dir);
    row.name = file_text(path.substr(slash + 1));
    row.inode = static_cast<uint64_t>(number(keys, "inode").value_or(++inode_));
    row.type = static_cast<uint8_t>(get(keys, "type") == "directory" ? FileType::directory
                                    : get(keys, "type") == "symlink" ? FileType::symlink
                                                                     : FileType::regular);
    row.state = get(keys, "state") == "deleted" ? 1 : get(keys, "state") == "orphan" ? 2 : 0;
    row.mode = number(keys, "mode").value_or(0644);
    row.uid = number(keys, "uid").value_or(0);
    row.gid = number(keys, "gid").value_or(0);
    row.size = number(keys, "size").value_or(100);
    row.target = file_text(get(keys, "target"));
    row.flags = file_text(get(keys, "flags"));
    struct Slot {
      const char* key;
      uint16_t bits, source;
    };
    for (const Slot& slot :
         {Slot{"m", 1, 0}, {"a", 2, 0}, {"c", 4, 0}, {"b", 8, 0}, {"d", 0, 0}, {"fn_m", 1, 2}, {"fn_b", 8, 2}}) {
      const auto ts = time(keys, slot.key);
      if (!ts || row.times >= 8) continue;
      bool merged = false;
      for (size_t i = 0; i < row.times; ++i)
        if (slot.bits && row.time[i].ts == *ts && (row.time[i].macb & 15) &&
            ((row.time[i].macb >> 4) & 7) == slot.source) {
          row.time[i].macb = static_cast<uint16_t>(row.time[i].macb | slot.bits);
          merged = true;
        }
      if (!merged) {
        row.time[row.times].ts = *ts;
        row.time[row.times].macb = static_cast<uint16_t>(slot.bits | slot.source << 4);
        ++row.times;
      }
    }
    if (volume_host_ != host_) {
      flush_files();
      volume_host_ = host_;
      Statement v = db_.prepare(
          "INSERT INTO volume(volume_id, evidence_id, host_id, name, mount_point, walked, fs_type) "
          "VALUES(?1, ?1, ?1, 'p1', '/', 3, 'ext4')");
      v.bind(1, host_).run();
      walk_ = ++last_source_;
      Statement s = db_.prepare(
          "INSERT INTO source(source_id, kind, host_id, evidence_id, volume_id, parser, done, status) "
          "VALUES(?1, 1, ?2, ?2, ?2, 'walk', 1, 'complete')");
      s.bind(1, walk_).bind(2, host_).run();
      file_number_ = next_file_ = 1;
    }
    file_ids_[path] = walk_ << 29 | static_cast<int64_t>(file_number_++);
    files_.push_back(row);
    return true;
  }

  int32_t text(const std::string& value) { return add(texts_, value); }
  int32_t file_text(const std::string& value) { return add(file_texts_, value); }
  static int32_t add(std::deque<std::string>& texts, const std::string& value) {
    if (value.empty()) return -1;
    for (size_t i = 0; i < texts.size(); ++i)
      if (texts[i] == value) return static_cast<int32_t>(i);
    texts.push_back(value);
    return static_cast<int32_t>(texts.size() - 1);
  }

  void flush_log() {
    in_log_ = false;
    if (source_ == 0) return;
    EventBatch batch;
    for (const std::string& t : texts_) batch.texts.emplace_back(t);
    batch.rows = rows_;
    writer_.add_events(source_, batch, remote_, {}, totals_);
    writer_.flush_activity(source_);
    Statement s = db_.prepare(
        "UPDATE source SET events = ?2, records_read = ?2, records_unparsed = 0, first_ts = ?3, "
        "last_ts = ?4 WHERE source_id = ?1");
    s.bind(1, source_).bind(2, static_cast<int64_t>(totals_.events));
    if (first_ || totals_.first_ts != kNone) s.bind(3, first_.value_or(totals_.first_ts));
    if (last_ || totals_.last_ts != kNone) s.bind(4, last_.value_or(totals_.last_ts));
    s.run();
    rows_.clear();
    texts_.clear();
    record_ = 0;
    source_ = 0;
  }

  void flush_files() {
    if (files_.empty()) return;
    FileBatch batch;
    for (const std::string& t : file_texts_) batch.texts.emplace_back(t);
    batch.rows = files_;
    SourceTotals totals;
    writer_.add_files(walk_, volume_host_, batch, next_file_, totals);
    writer_.flush_activity(walk_);
    files_.clear();
    file_texts_.clear();
  }

  Database& db_;
  CaseWriter writer_;
  int64_t host_ = 0, source_ = 0, last_source_ = 0, walk_ = 0, volume_host_ = 0;
  uint64_t record_ = 0, inode_ = 100, next_file_ = 1, file_number_ = 1;
  bool in_log_ = false, remote_ = false, assumed_ = false, utc_ = false;
  std::optional<int64_t> first_, last_;
  std::string log_path_;
  SourceTotals totals_;
  std::vector<EventRow> rows_;
  std::deque<std::string> texts_, file_texts_;
  std::vector<FileRow> files_;
  std::map<std::string, int64_t> file_ids_;
};

// Rows of a view as text by column; NULL is the empty text.
using TextRow = std::map<std::string, std::string>;
inline std::vector<TextRow> rows_of(Database& db, const std::string& sql) {
  std::vector<TextRow> out;
  Statement s = db.prepare(sql);
  while (s.step()) {
    TextRow& row = out.emplace_back();
    for (int i = 0; i < s.columns(); ++i) row[s.column_name(i)] = std::string(s.text(i));
  }
  return out;
}

// Empty when every word of `expected` (key=value, key~=part) holds in the row. `role@TIME` asks for a cited event.
inline std::string row_differs(Database& db, const TextRow& row, const std::string& expected) {
  for (const std::string& word : words_of(expected)) {
    const size_t at = word.find('@');
    const size_t eq = word.find('=');
    if (at != std::string::npos && (eq == std::string::npos || at < eq)) {
      Statement s = db.prepare(
          "SELECT count(*) FROM finding_event f WHERE f.finding_id = ?1 AND f.role = ?2 AND "
          "(EXISTS (SELECT 1 FROM event e WHERE e.event_id = f.event_id AND e.ts = ?3) OR "
          "EXISTS (SELECT 1 FROM file_time e WHERE e.event_id = f.event_id AND e.ts = ?3))");
      s.bind(1, row.at("finding_id")).bind(2, word.substr(0, at)).bind(3, time_of(word.substr(at + 1)));
      if (!s.step() || s.integer(0) == 0) return "does not cite " + word;
      continue;
    }
    if (eq == std::string::npos) throw std::runtime_error("no key=value: " + word);
    const bool part = eq > 0 && word[eq - 1] == '~';
    const std::string key = word.substr(0, part ? eq - 1 : eq), value = word.substr(eq + 1);
    const auto found = row.find(key);
    if (found == row.end()) throw std::runtime_error("no such column: " + key);
    if (part ? !contains(found->second, value) : found->second != value)
      return fmt::format("{} is `{}`", key, found->second);
  }
  return {};
}

// Runs one `.test` text: its cases one after another. Empty when all hold; else the case, the line and what differs.
inline std::string run_case_text(std::string_view text, const std::function<void(Database&)>& also = {}) {
  std::optional<Database> db;
  std::optional<CaseText> builder;
  std::string name = "(no case)", failures;
  bool correlated = false;
  std::string view;
  bool some = false;
  std::vector<std::string> expected;
  const auto complain = [&](const std::string& what) { failures += name + ": " + what + "\n"; };
  const auto settle = [&] {
    if (view.empty()) return;
    if (!correlated) {
      builder->done();
      correlate_case(*db);
      correlated = true;
      for (const TextRow& row : rows_of(*db, "SELECT what FROM problem WHERE code LIKE 'question-%'"))
        complain(row.at("what"));
      if (also) also(*db);
    }
    const std::vector<TextRow> rows = rows_of(*db, view);
    std::vector<bool> used(rows.size(), false);
    const auto show = [&] {
      std::string all;
      for (const TextRow& row : rows) {
        all += "\n      ";
        for (const auto& [key, value] : row)
          if (!value.empty() && !key.ends_with("_ts")) all += fmt::format("{}=\"{}\" ", key, value);
      }
      return all;
    };
    for (const std::string& line : expected) {
      bool found = false;
      std::string nearest;
      for (size_t i = 0; i < rows.size() && !found; ++i) {
        if (used[i]) continue;
        const std::string why = row_differs(*db, rows[i], line);
        if (why.empty()) {
          used[i] = found = true;
        } else {
          nearest += "\n      row: " + why;
        }
      }
      if (!found) complain("no row is `" + line + "`" + nearest + "\n    rows:" + show());
    }
    if (!some && rows.size() != expected.size())
      complain(fmt::format("{} rows, not {}, of {}{}", rows.size(), expected.size(), view, show()));
    view.clear();
    expected.clear();
  };
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = take_until(rest, "\n");
    const std::string_view bare = trim(line);
    if (bare.empty() || bare.starts_with("#")) continue;
    if (line.starts_with("case:")) {
      settle();
      db.emplace(memory_case());
      builder.emplace(*db);
      correlated = false;
      name = std::string(trim(line.substr(5)));
      continue;
    }
    if (!db) return "a test begins with `case:`";
    if (line.starts_with("expect ")) {
      settle();
      auto words = words_of(line);
      size_t i = 1;
      some = words.at(i) == "some";
      if (some) ++i;
      view = "SELECT * FROM " + words.at(i);
      std::string where;
      for (++i; i < words.size(); ++i) {
        where += where.empty() ? " WHERE " : " AND ";
        if (words[i].starts_with("min=")) {
          where += "instr('info low medium high critical', severity) >= instr('info low medium high critical', '" +
                   words[i].substr(4) + "')";
        } else {
          const size_t eq = words[i].find('=');
          where += words[i].substr(0, eq) + " = '" + words[i].substr(eq + 1) + "'";
        }
      }
      view += where;
      continue;
    }
    if (!view.empty() && is_space(line.front())) {
      if (bare != "(none)") expected.emplace_back(bare);
      continue;
    }
    settle();
    if (!builder->line(line)) return name + ": not understood: " + std::string(line);
  }
  settle();
  return failures;
}

}  // namespace necropsy::test
