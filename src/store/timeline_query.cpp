// SPDX-License-Identifier: Apache-2.0
#include "store/timeline_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "base/text.hpp"
#include "store/schema.hpp"

namespace necropsy {
namespace {

// A pattern as SQLite's GLOB wants it; typed backslashes are slashes, and a plain path means itself.
std::string glob_of(std::string pattern) {
  std::replace(pattern.begin(), pattern.end(), '\\', '/');
  return pattern;
}

bool is_drive_path(std::string_view path) { return path.size() > 1 && path[1] == ':'; }

std::string quoted_like(std::string_view text) {
  std::string out = "%";
  for (char c : text) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + "%";
}

}  // namespace

Statement select_timeline(Database& db, const TimelineFilter& f) {
  std::vector<std::string> where;
  std::vector<std::function<void(Statement&, int)>> values;
  const auto text = [&](const std::string& condition, const std::string& value) {
    where.push_back(condition);
    values.push_back([value](Statement& s, int i) { s.bind(i, value); });
  };
  const auto number = [&](const std::string& condition, int64_t value) {
    where.push_back(condition);
    values.push_back([value](Statement& s, int i) { s.bind(i, value); });
  };
  const auto next = [&] { return static_cast<int>(values.size()) + 1; };

  if (f.event && f.context > 0) {
    // Neighbours in time order: the window is found first, so that the view is asked for a range only.
    Statement at = db.prepare("SELECT ts FROM timeline WHERE event_id = ?1");
    at.bind(1, *f.event);
    if (at.step()) {
      const int64_t ts = at.integer(0);
      const auto edge = [&](bool before) {
        Statement s = db.prepare(before ? "SELECT ts, ts_ns, event_id FROM timeline WHERE ts <= ?1 "
                                          "ORDER BY ts DESC, ts_ns DESC, event_id DESC LIMIT ?2"
                                        : "SELECT ts, ts_ns, event_id FROM timeline WHERE ts >= ?1 "
                                          "ORDER BY ts, ts_ns, event_id LIMIT ?2");
        s.bind(1, ts).bind(2, f.context + 1);
        int64_t last = ts;
        while (s.step()) last = s.integer(0);
        return last;
      };
      number(fmt::format("ts >= ?{}", next()), edge(true));
      number(fmt::format("ts <= ?{}", next()), edge(false));
    } else {
      number(fmt::format("event_id = ?{}", next()), *f.event);
    }
  } else if (f.event) {
    number(fmt::format("event_id = ?{}", next()), *f.event);
  }
  if (f.from) number(fmt::format("ts >= ?{}", next()), f.from->us);
  if (f.to) number(fmt::format("ts <= ?{}", next()), f.to->us);
  if (!f.host.empty()) text(fmt::format("host_name = ?{}", next()), f.host);
  if (!f.user.empty()) {
    const int n = next();
    text(fmt::format("(user_name = ?{0} OR user_target_name = ?{0} OR user_name LIKE '%\\' || ?{0} OR "
                     "user_target_name LIKE '%\\' || ?{0})",
                     n),
         f.user);
  }
  if (!f.ip.empty()) text(fmt::format("source_ip = ?{}", next()), canonical_ip(f.ip).value_or(f.ip));
  if (!f.path.empty()) {
    const int n = next();
    const std::string pattern = glob_of(f.path);
    const std::string fold = is_drive_path(pattern) ? "lower" : "";
    // Names by way of their folders; paths in log rows by way of the texts.
    const std::string match = fmt::format("{0}($PATH(d.path, f.name)) GLOB {0}(?{1})", fold, n);
    // A pattern without wildcards names one folder: the index of folders finds it.
    const size_t wild = pattern.find_first_of("*?[");
    const size_t slash = pattern.rfind('/', wild);
    const std::string folder = slash == std::string::npos || is_drive_path(pattern)
                                   ? "1"
                                   : fmt::format("d.path >= '{0}' AND d.path < '{0}' || char(1114111)", [&] {
                                       std::string safe;
                                       for (char c : pattern.substr(0, std::max<size_t>(slash, 1)))
                                         safe += c == '\'' ? std::string("''") : std::string(1, c);
                                       return safe;
                                     }());
    text(fmt::format(
             "event_id IN (SELECT ft.event_id FROM dir d JOIN file f ON f.dir_id = d.dir_id "
             "JOIN file_time ft ON ft.event_id >= f.file_id * 8 AND ft.event_id < f.file_id * 8 + 8 "
             "WHERE {2} AND ({0}) UNION ALL SELECT e.event_id FROM string s JOIN event e ON e.path = s.string_id "
             "WHERE {3}(s.value) GLOB {3}(?{1}))",
             match, n, folder, fold),
         pattern);
  }
  if (!f.category.empty()) text(fmt::format("event_category = ?{}", next()), f.category);
  if (!f.action.empty()) text(fmt::format("event_action = ?{}", next()), f.action);
  if (!f.parser.empty()) text(fmt::format("parser = ?{}", next()), f.parser);
  if (!f.text.empty()) {
    for (std::string_view rest = f.text; !trim(rest).empty();) {
      const std::string word(take_word(rest));
      text(fmt::format("message LIKE ?{} ESCAPE '\\'", next()), quoted_like(word));
    }
  }
  if (!f.macb.empty()) {
    int64_t bits = 0;
    for (char c : f.macb) bits |= c == 'm' ? 1 : c == 'a' ? 2 : c == 'c' ? 4 : c == 'b' ? 8 : 0;
    number(fmt::format("macb_bits & ?{}", next()), bits);
  }
  if (!f.state.empty()) text(fmt::format("state = ?{}", next()), f.state);
  if (f.session)
    number(fmt::format("event_id IN (SELECT event_id FROM login_event WHERE login_id = ?{})", next()), *f.session);
  if (f.finding)
    number(fmt::format("event_id IN (SELECT event_id FROM finding_event WHERE finding_id = ?{})", next()), *f.finding);

  std::string sql = fmt::format("SELECT * FROM {}", f.notable ? "notable" : "timeline");
  for (size_t i = 0; i < where.size(); ++i) sql += (i == 0 ? " WHERE " : " AND ") + where[i];
  const char* down = f.reverse ? " DESC" : "";
  sql += fmt::format(" ORDER BY ts{0}, ts_ns{0}, event_id{0}", down);
  if (f.limit) sql += fmt::format(" LIMIT {}", *f.limit);
  Statement statement = db.prepare(expand_macros(sql));
  for (size_t i = 0; i < values.size(); ++i) values[i](statement, static_cast<int>(i) + 1);
  return statement;
}

}  // namespace necropsy
