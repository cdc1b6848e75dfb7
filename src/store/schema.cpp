// SPDX-License-Identifier: Apache-2.0
#include "store/schema.hpp"

#include <fmt/format.h>

#include <vector>

#include "base/text.hpp"
#include "model/vocabulary.hpp"
#include "store/embedded.hpp"

namespace necropsy {
namespace {

constexpr std::string_view kTimelineColumns =
    "event_id, time_utc, ts, ts_ns, time_basis, time_precision, year_inferred, time_earliest_utc, time_latest_utc, "
    "host_name, boot_id, event_category, event_action, event_outcome, user_name, user_target_name, source_ip, "
    "source_port, source_host, destination_ip, destination_port, destination_host, auth_method, session_id, "
    "process_name, process_pid, process_command_line, service_name, http_method, url, http_status, http_bytes, "
    "user_agent, file_path, file_size, file_inode, volume, macb, macb_bits, macb_source, state, message, parser, "
    "evidence, log_path, log_offset, log_record, log_origin, sources, attributes";

// 400 years are 146,097 days: years that strftime() does not know (stomped times) are shifted by whole cycles.
std::string time_text(std::string_view us, std::string_view fraction) {
  const std::string seconds = fmt::format("(({0}) - ((({0}) % 1000000 + 1000000) % 1000000)) / 1000000", us);
  const std::string cycles =
      fmt::format("(({0} + 62167219200) / 12622780800 - (({0} + 62167219200) % 12622780800 < 0))", seconds);
  return fmt::format(
      "(CASE WHEN ({0}) BETWEEN -62167219200000000 AND 253402300799999999 "
      "THEN strftime('%Y-%m-%dT%H:%M:%S', {1}, 'unixepoch') "
      "ELSE printf(CASE WHEN ({0}) < 0 THEN '%05d' ELSE '%04d' END, "
      "CAST(strftime('%Y', {1} - {2} * 12622780800, 'unixepoch') AS INTEGER) + 400 * {2}) "
      "|| strftime('-%m-%dT%H:%M:%S', {1} - {2} * 12622780800, 'unixepoch') END || {3} || 'Z')",
      us, seconds, cycles, fraction);
}

std::string micro_fraction(std::string_view us) {
  return fmt::format("'.' || substr(1000000 + ((({0}) % 1000000 + 1000000) % 1000000), 2)", us);
}

std::string macro(std::string_view name, const std::vector<std::string>& a) {
  if (name == "TIME" && a.size() == 1) return time_text(a[0], micro_fraction(a[0]));
  if (name == "PATH" && a.size() == 2)
    return fmt::format(
        "(CASE WHEN {1} = '' THEN {0} WHEN substr({0}, -1) = '/' THEN {0} || {1} ELSE {0} || '/' || {1} END)", a[0],
        a[1]);
  if (name == "MACB" && a.size() == 1)
    return fmt::format(
        "substr('.m', 1 + ({0} & 1), 1) || substr('.a', 1 + (({0} >> 1) & 1), 1) || "
        "substr('.c', 1 + (({0} >> 2) & 1), 1) || substr('.b', 1 + (({0} >> 3) & 1), 1)",
        a[0]);
  if (name == "MACBSOURCE" && a.size() == 1)
    return fmt::format(
        "CASE ({0} >> 4) & 7 WHEN 0 THEN 'inode' WHEN 1 THEN 'si' WHEN 2 THEN 'fn' WHEN 3 THEN 'dir' WHEN 4 THEN 'usn' "
        "WHEN 5 THEN 'i30' ELSE 'journal' END",
        a[0]);
  if (name == "FILETIME" && a.size() == 2) {
    // Bit 0 asks for the time of deletion. Source 2 is $FILE_NAME; 0 is whatever the filesystem's own times are.
    const std::string fraction = fmt::format("{} || substr(1000 + ft.ns, 2)", micro_fraction("ft.ts"));
    const std::string bits = a[0] == "0" ? "ft.macb & 15 = 0" : fmt::format("ft.macb & {}", a[0]);
    const std::string from = a[1] == "2" ? "(ft.macb >> 4) & 7 = 2" : "(ft.macb >> 4) & 7 <> 2";
    return fmt::format(
        "(SELECT {} FROM file_time ft WHERE ft.event_id >= f.file_id * 8 AND ft.event_id < f.file_id * 8 + 8 "
        "AND {} AND {} LIMIT 1)",
        time_text("ft.ts", fraction), bits, from);
  }
  throw StoreError(1, fmt::format("schema files hold an unknown macro ${}", name));
}

// Arguments of a call whose '(' is at `at`; leaves `at` behind its ')'.
std::vector<std::string> arguments(std::string_view text, size_t& at) {
  std::vector<std::string> out;
  std::string current;
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '(' && ++depth == 1) continue;
    if (c == ')' && --depth == 0) {
      ++at;
      out.emplace_back(trim(current));
      return out;
    }
    if (c == ',' && depth == 1) {
      out.emplace_back(trim(current));
      current.clear();
      continue;
    }
    current += c;
  }
  throw StoreError(1, "schema files hold a macro without its closing bracket");
}

void run_files(Database& db, std::string_view folder) {
  for (const EmbeddedFile& file : embedded_files())
    if (file.path.starts_with(folder) && file.path.ends_with(".sql")) db.execute(expand_macros(file.text));
}

std::vector<std::string> names(Database& db, std::string_view type) {
  std::vector<std::string> out;
  Statement list = db.prepare("SELECT name FROM sqlite_schema WHERE type = ?1 AND sql IS NOT NULL");
  list.bind(1, type);
  while (list.step()) out.emplace_back(list.text(0));
  return out;
}

}  // namespace

std::string expand_macros(std::string_view sql) {
  std::string out;
  out.reserve(sql.size() * 2);
  for (size_t i = 0; i < sql.size();) {
    const bool upper_follows = i + 1 < sql.size() && sql[i + 1] >= 'A' && sql[i + 1] <= 'Z';
    if (sql[i] != '$' || !upper_follows) {
      out += sql[i++];
      continue;
    }
    size_t end = i + 1;
    while (end < sql.size() && ((sql[end] >= 'A' && sql[end] <= 'Z') || sql[end] == '_')) ++end;
    const std::string_view name = sql.substr(i + 1, end - i - 1);
    if (name == "TIMELINE_COLUMNS") {
      out += kTimelineColumns;
      i = end;
    } else if (end < sql.size() && sql[end] == '(') {
      i = end;
      out += macro(name, arguments(sql, i));
    } else {
      out += sql[i++];  // $FILE_NAME and the like are text
    }
  }
  return out;
}

void make_views(Database& db) {
  for (const std::string& name : names(db, "view")) db.execute(fmt::format("DROP VIEW IF EXISTS \"{}\"", name));
  run_files(db, "views/");
}

void create_schema(Database& db) {
  db.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};", kApplicationId, kSchemaVersion));
  run_files(db, "tables/");
  Statement insert = db.prepare("INSERT INTO kind VALUES(?1, ?2, ?3, ?4)");
  for (const Kind& kind : all_kinds()) {
    insert.bind(1, kind.id).bind(2, category_of(kind.action)).bind(3, action_name(kind.action));
    if (kind.outcome != Outcome::none) insert.bind(4, to_text(kind.outcome));
    insert.run();
  }
  make_views(db);
}

void make_indexes(Database& db) { db.execute(expand_macros(*embedded_file("indexes.sql"))); }

void drop_indexes(Database& db) {
  for (const std::string& name : names(db, "index")) db.execute(fmt::format("DROP INDEX IF EXISTS \"{}\"", name));
}

}  // namespace necropsy
