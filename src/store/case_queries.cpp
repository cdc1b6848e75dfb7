// SPDX-License-Identifier: Apache-2.0
#include "store/case_queries.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "store/schema.hpp"

namespace necropsy {
namespace {

// Views by what their rows are put in order by.
struct View {
  std::string_view name, order;
};
constexpr View kViews[] = {
    {"hosts", "host_name"},
    {"evidence_items", "label"},
    {"volumes", "evidence, offset, volume"},
    {"filesystems", "evidence, volume"},
    {"coverage", "host_name, log_path, evidence, parser, status"},
    {"gaps", "gap_from_utc, log_path"},
    {"problems", "host_name, evidence, file_path, offset, code, what"},
    {"incidents", "first_utc, incident_id"},
    {"findings", "first_utc, finding_id"},
    {"logins", "coalesce(login_utc, logout_utc), login_id"},
    {"accounts", "host_name, user_name, source"},
};

constexpr std::string_view kFileColumns =
    "SELECT f.file_id, d.volume_id, f.size, ev.label, $PATH(d.path, f.name) AS path, ev.format, f.inode, "
    "coalesce(f.mft_sequence, 0), coalesce(f.attribute_id, -1), f.state, f.type, v.mount_point, g.sha256 "
    "FROM file f JOIN dir d ON d.dir_id = f.dir_id JOIN volume v ON v.volume_id = d.volume_id "
    "JOIN evidence ev ON ev.evidence_id = v.evidence_id LEFT JOIN file_digest g ON g.file_id = f.file_id ";

StoredFile file_row(const Statement& s) {
  StoredFile f;
  f.file_id = s.integer(0);
  f.volume_id = s.integer(1);
  f.size = s.integer(2);
  f.evidence = s.text(3);
  f.path = s.text(4);
  f.inode = static_cast<uint64_t>(s.integer(6));
  f.sequence = static_cast<uint32_t>(s.integer(7));
  f.attribute_id = static_cast<int32_t>(s.integer(8));
  const int64_t state = s.integer(9);
  f.allocated = (state & 7) == 0;
  f.intact = (state & 16) != 0 && (state & 8) == 0;
  f.regular = s.integer(10) == 1 || s.integer(10) == 9;
  if (s.text(5) == "directory") {
    const std::string_view mount = s.text(11);
    f.tree_path = mount == "/" ? f.path : f.path.substr(std::min(f.path.size(), mount.size()));
  }
  f.sha256 = s.text(12);
  return f;
}

std::vector<StoredFile> rows(Statement& s) {
  std::vector<StoredFile> out;
  while (s.step()) out.push_back(file_row(s));
  return out;
}

}  // namespace

CaseCounts count_case(const Database& db) {
  CaseCounts c;
  c.names = db.value("SELECT count(*) FROM file").value_or(0);
  c.events = db.value("SELECT count(*) FROM event").value_or(0);
  c.findings = db.value("SELECT count(*) FROM finding").value_or(0);
  c.problems = db.value("SELECT count(*) FROM problem").value_or(0);
  c.logs = db.value("SELECT count(*) FROM source WHERE kind = 0 AND status IN ('complete', 'partial')").value_or(0);
  return c;
}

std::string case_sandbox(const Database& db) {
  return db.text_value("SELECT value FROM meta WHERE key = 'sandbox'").value_or("not recorded");
}

Statement select_view(const Database& db, std::string_view view) {
  for (const View& v : kViews)
    if (v.name == view) return db.prepare(fmt::format("SELECT * FROM {} ORDER BY {}", v.name, v.order));
  throw StoreError(1, fmt::format("there is no view {}", view));
}

Statement select_logins(const Database& db, bool all, const std::string& user, const std::string& ip) {
  std::string sql = "SELECT * FROM logins WHERE 1";
  if (!all) sql += " AND kind IN ('user', 'ftp', 'database')";
  if (!user.empty()) sql += " AND (user_name = :user OR user_name LIKE '%\\' || :user)";
  if (!ip.empty()) sql += " AND source_ip = :ip";
  sql += " ORDER BY coalesce(login_ts, logout_ts), login_id";
  Statement s = db.prepare(sql);
  if (!user.empty()) s.bind_named(":user", user);
  if (!ip.empty()) s.bind_named(":ip", canonical_ip(ip).value_or(ip));
  return s;
}

Statement select_accounts(const Database& db, const std::string& user) {
  Statement s = db.prepare(std::string("SELECT * FROM accounts ") + (user.empty() ? "" : "WHERE user_name = :user ") +
                           "ORDER BY host_name, user_name, source");
  if (!user.empty()) s.bind_named(":user", user);
  return s;
}

Statement select_findings(const Database& db, std::optional<int64_t> id) {
  Statement s = db.prepare(std::string("SELECT * FROM findings ") + (id ? "WHERE finding_id = ?1 " : "") +
                           "ORDER BY coalesce(first_utc, last_utc), finding_id");
  if (id) s.bind(1, *id);
  return s;
}

Statement select_finding_events(const Database& db, int64_t finding_id) {
  Statement s = db.prepare(
      "SELECT x.role AS role, t.* FROM finding_event x JOIN timeline t ON t.event_id = x.event_id "
      "WHERE x.finding_id = ?1 ORDER BY t.ts, t.ts_ns, t.event_id");
  s.bind(1, finding_id);
  return s;
}

Statement select_event(const Database& db, int64_t event_id) {
  Statement s = db.prepare("SELECT * FROM timeline WHERE event_id = ?1");
  s.bind(1, event_id);
  return s;
}

Statement select_event_sources(const Database& db, int64_t event_id) {
  Statement s = db.prepare("SELECT * FROM event_sources WHERE event_id = ?1 ORDER BY evidence, log_path, log_offset");
  s.bind(1, event_id);
  return s;
}

std::optional<std::string> event_raw(const Database& db, int64_t event_id, bool& cut) {
  Statement s = db.prepare("SELECT bytes, cut FROM event_raw WHERE event_id = ?1");
  s.bind(1, event_id);
  if (!s.step()) return std::nullopt;
  cut = s.integer(1) != 0;
  return std::string(as_text(s.blob(0)));
}

Statement select_package_differences(const Database& db) {
  return db.prepare(
      "SELECT h.name AS host_name, p.path AS file_path, p.package AS package, p.md5 AS md5_shipped, p.md5_found AS "
      "md5_found "
      "FROM package_file p JOIN host h ON h.host_id = p.host_id WHERE p.md5_found IS NOT NULL AND p.md5 IS NOT NULL "
      "AND p.md5_found <> p.md5 AND p.conffile = 0 ORDER BY h.name, p.path");
}

bool decide_finding(Database& db, int64_t finding_id, const std::string& status, const std::string& why, int64_t when) {
  Statement s = db.prepare(
      "INSERT INTO finding_decision SELECT f.rule, coalesce(h.name, ''), f.subject, ?2, ?3, ?4 FROM finding f "
      "LEFT JOIN host h ON h.host_id = f.host_id WHERE f.finding_id = ?1 "
      "ON CONFLICT DO UPDATE SET status = excluded.status, why = excluded.why, decided = excluded.decided");
  s.bind(1, finding_id).bind(2, status).bind(3, why).bind(4, when).run();
  return db.changes() > 0;
}

std::vector<StoredFile> find_files(const Database& db, const std::string& path_or_inode) {
  if (const auto inode = to_number<int64_t>(path_or_inode)) {
    Statement s = db.prepare(
        expand_macros(std::string(kFileColumns) + "WHERE f.inode = ?1 ORDER BY f.state & 7, d.volume_id, f.file_id"));
    s.bind(1, *inode);
    return rows(s);
  }
  std::string path = path_or_inode;
  std::replace(path.begin(), path.end(), '\\', '/');
  const bool wild = path.find_first_of("*?[") != std::string::npos;
  const bool drive = path.size() > 1 && path[1] == ':';
  const std::string match =
      wild ? (drive ? "lower($PATH(d.path, f.name)) GLOB lower(?1)" : "$PATH(d.path, f.name) GLOB ?1")
           : (drive ? "lower($PATH(d.path, f.name)) = lower(?1)" : "$PATH(d.path, f.name) = ?1");
  std::string folder;
  if (!wild && !drive) folder = "d.path IN (?2, ?3) AND ";
  Statement s = db.prepare(expand_macros(std::string(kFileColumns) + "WHERE " + folder + match +
                                         " ORDER BY f.state & 7, d.volume_id, f.file_id"));
  s.bind(1, path);
  if (!folder.empty()) s.bind(2, path.substr(0, std::max<size_t>(path.rfind('/'), 1))).bind(3, path);
  return rows(s);
}

std::vector<StoredFile> finding_files(const Database& db, int64_t finding_id) {
  Statement s = db.prepare(expand_macros(
      std::string(kFileColumns) +
      "WHERE f.file_id IN (SELECT ft.event_id >> 3 FROM finding_event x JOIN file_time ft ON ft.event_id = x.event_id "
      "WHERE x.finding_id = ?1) OR f.file_id IN (SELECT s.file_id FROM finding_event x JOIN source s "
      "ON s.source_id = x.event_id >> 32 WHERE x.finding_id = ?1 AND s.kind = 0) ORDER BY d.volume_id, f.file_id"));
  s.bind(1, finding_id);
  return rows(s);
}

std::vector<StoredFile> log_files(const Database& db) {
  Statement s = db.prepare(
      expand_macros(std::string(kFileColumns) +
                    "WHERE f.file_id IN (SELECT file_id FROM source WHERE kind = 0) ORDER BY d.volume_id, f.file_id"));
  return rows(s);
}

std::optional<EventPlace> place_of_event(const Database& db, int64_t event_id) {
  Statement s = db.prepare(
      "SELECT s.volume_id, s.inode, s.sequence, s.attribute_id, s.tree_path, s.compression, e.log_offset, "
      "e.log_length, "
      "ev.label, s.log_path FROM event e JOIN source s ON s.source_id = e.event_id >> 32 "
      "JOIN evidence ev ON ev.evidence_id = s.evidence_id WHERE e.event_id = ?1 AND s.kind = 0");
  s.bind(1, event_id);
  if (!s.step()) return std::nullopt;
  EventPlace place;
  place.file.volume_id = s.integer(0);
  place.file.inode = static_cast<uint64_t>(s.integer(1));
  place.file.sequence = static_cast<uint32_t>(s.integer(2));
  place.file.attribute_id = static_cast<int32_t>(s.integer(3));
  place.file.tree_path = s.text(4);
  place.compression = s.text(5);
  place.offset = s.integer(6);
  place.length = s.integer(7);
  place.file.evidence = s.text(8);
  place.file.path = s.text(9);
  return place;
}

}  // namespace necropsy
