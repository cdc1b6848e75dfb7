// SPDX-License-Identifier: Apache-2.0
#include "store/ledger.hpp"

#include <fmt/format.h>

#include <set>

#include "base/text.hpp"
#include "store/schema.hpp"

namespace necropsy {
namespace {

std::optional<int64_t> us(const std::optional<Timestamp>& t) {
  return t ? std::optional<int64_t>(t->us) : std::nullopt;
}
std::optional<Timestamp> time_column(const Statement& s, int column) {
  if (s.is_null(column)) return std::nullopt;
  return Timestamp{s.integer(column), 0};
}
std::optional<uint64_t> size_column(const Statement& s, int column) {
  if (s.is_null(column)) return std::nullopt;
  return static_cast<uint64_t>(s.integer(column));
}
void text_or_null(Statement& s, int column, std::string_view text) {
  if (!text.empty()) s.bind(column, text);
}

// The name of the evidence without folders and the endings of container formats: the same disk has the same label in
// every container.
std::string label_of(const std::string& path) {
  std::string name = path;
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  name = name.substr(name.rfind('/') + 1);
  static constexpr std::string_view kEndings[] = {".e01", ".ex01", ".s01", ".img",  ".dd",  ".raw",
                                                  ".bin", ".vmdk", ".vhd", ".vhdx", ".aff", ".afd",
                                                  ".afm", ".001",  ".000", ".aa",   ".iso"};
  for (int i = 0; i < 2; ++i)
    for (std::string_view ending : kEndings)
      if (name.size() > ending.size() &&
          equals_ignore_case(std::string_view(name).substr(name.size() - ending.size()), ending))
        name.resize(name.size() - ending.size());
  return displayable(name.empty() ? "evidence" : name);
}

SourceRow source_row(const Statement& s) {
  SourceRow row;
  row.id = s.integer(0);
  row.host_id = s.integer(1);
  row.evidence_id = s.integer(2);
  row.volume_id = s.integer(3);
  row.parser = s.text(4);
  row.log_path = s.text(5);
  row.compression = s.text(6);
  row.ref.inode = static_cast<uint64_t>(s.integer(7));
  row.ref.sequence = static_cast<uint32_t>(s.integer(8));
  row.ref.attribute_id = static_cast<int32_t>(s.integer(9));
  row.ref.path = s.text(10);
  row.size = static_cast<uint64_t>(s.integer(11));
  row.modified = time_column(s, 12);
  row.remote = s.integer(13) != 0;
  row.status = s.text(14);
  return row;
}

constexpr std::string_view kSourceColumns =
    "source_id, host_id, evidence_id, volume_id, parser, log_path, compression, inode, sequence, attribute_id, "
    "tree_path, size, modified, remote, status";

FileWanted wanted_row(const Statement& s) {
  FileWanted wanted;
  wanted.id = s.integer(0);
  wanted.volume_id = s.integer(1);
  wanted.ref.inode = static_cast<uint64_t>(s.integer(2));
  wanted.ref.sequence = static_cast<uint32_t>(s.integer(3));
  wanted.ref.attribute_id = s.is_null(4) ? -1 : static_cast<int32_t>(s.integer(4));
  wanted.ref.path = s.text(5);
  wanted.compression = s.text(6);
  wanted.offset = static_cast<uint64_t>(s.integer(7));
  wanted.length = static_cast<uint64_t>(s.integer(8));
  return wanted;
}

// Files by row, with what is needed to open them; directory evidence is opened by its path.
constexpr std::string_view kWantedFile =
    "SELECT f.file_id, d.volume_id, f.inode, coalesce(f.mft_sequence, 0), f.attribute_id, "
    "CASE WHEN ev.format = 'directory' THEN $PATH(d.path, f.name) ELSE '' END, '', 0, 0 "
    "FROM file f JOIN dir d ON d.dir_id = f.dir_id JOIN volume v ON v.volume_id = d.volume_id "
    "JOIN evidence ev ON ev.evidence_id = v.evidence_id ";

std::vector<FileWanted> wanted(Database& db, const std::string& sql, std::optional<int64_t> host = {}) {
  std::vector<FileWanted> out;
  Statement s = db.prepare(expand_macros(sql));
  if (host) s.bind(1, *host);
  while (s.step()) out.push_back(wanted_row(s));
  return out;
}

}  // namespace

std::optional<std::string> Ledger::meta(std::string_view key) {
  Statement s = db_.prepare("SELECT value FROM meta WHERE key = ?1");
  s.bind(1, key);
  if (!s.step()) return std::nullopt;
  return std::string(s.text(0));
}

void Ledger::set_meta(std::string_view key, std::string_view value) {
  writer_.begin();
  db_.prepare("INSERT INTO meta VALUES(?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value")
      .bind(1, key)
      .bind(2, value)
      .run();
}

int64_t Ledger::next_ingest() { return db_.value("SELECT max(ingest_no) FROM evidence").value_or(0) + 1; }

EvidenceRow Ledger::add_evidence(const std::string& path, const std::string& mount,
                                 std::optional<uint64_t> media_offset, int64_t ingest_no, bool& fresh) {
  for (EvidenceRow& row : evidence())
    if (row.path == path && row.media_offset == media_offset) {
      fresh = false;
      return row;
    }
  fresh = true;
  writer_.begin();
  std::set<std::string> labels;
  for (const EvidenceRow& row : evidence()) labels.insert(row.label);
  const std::string base = label_of(path);
  std::string label = base;
  for (int n = 2; labels.contains(label); ++n) label = fmt::format("{}-{}", base, n);
  Statement s = db_.prepare(
      "INSERT INTO evidence(label, path, mount, media_offset, ingest_no, status) VALUES(?1, ?2, ?3, ?4, ?5, 'named')");
  s.bind(1, label).bind(2, path);
  text_or_null(s, 3, mount);
  if (media_offset) s.bind(4, static_cast<int64_t>(*media_offset));
  s.bind(5, ingest_no).run();
  EvidenceRow row;
  row.id = db_.last_insert_id();
  row.label = label;
  row.path = path;
  row.mount = mount;
  row.media_offset = media_offset;
  row.ingest_no = ingest_no;
  return row;
}

std::vector<EvidenceRow> Ledger::evidence() {
  std::vector<EvidenceRow> out;
  Statement s = db_.prepare(
      "SELECT evidence_id, label, path, mount, format, status, media_offset, ingest_no, stage, sha256 FROM evidence "
      "ORDER BY evidence_id");
  while (s.step()) {
    EvidenceRow row;
    row.id = s.integer(0);
    row.label = s.text(1);
    row.path = s.text(2);
    row.mount = s.text(3);
    row.format = s.text(4);
    row.status = s.text(5);
    row.media_offset = size_column(s, 6);
    row.ingest_no = s.integer(7);
    row.stage = s.integer(8);
    row.sha256 = s.text(9);
    out.push_back(std::move(row));
  }
  return out;
}

void Ledger::set_evidence(int64_t id, const std::string& format, uint64_t bytes, const std::string& segments_json,
                          const std::string& facts_json, const std::string& md5, const std::string& sha1,
                          std::optional<Timestamp> acquired, Timestamp opened) {
  writer_.begin();
  Statement s = db_.prepare(
      "UPDATE evidence SET format = ?2, bytes = ?3, segments = ?4, facts = ?5, md5_stored = ?6, sha1_stored = ?7, "
      "acquired = ?8, opened = ?9, status = 'opened' WHERE evidence_id = ?1");
  s.bind(1, id).bind(2, format).bind(3, static_cast<int64_t>(bytes)).bind(4, segments_json).bind(5, facts_json);
  text_or_null(s, 6, md5);
  text_or_null(s, 7, sha1);
  s.bind(8, us(acquired)).bind(9, opened.us).run();
}

void Ledger::set_evidence_status(int64_t id, const std::string& status) {
  writer_.begin();
  db_.prepare("UPDATE evidence SET status = ?2 WHERE evidence_id = ?1").bind(1, id).bind(2, status).run();
}

void Ledger::set_evidence_stage(int64_t id, int64_t stage) {
  writer_.begin();
  db_.prepare("UPDATE evidence SET stage = ?2 WHERE evidence_id = ?1").bind(1, id).bind(2, stage).run();
}

std::string Ledger::stored_hash(int64_t id, bool md5) {
  Statement s = db_.prepare(md5 ? "SELECT md5_stored FROM evidence WHERE evidence_id = ?1"
                                : "SELECT sha1_stored FROM evidence WHERE evidence_id = ?1");
  s.bind(1, id);
  return s.step() ? std::string(s.text(0)) : std::string();
}

void Ledger::set_evidence_hash(int64_t id, const std::string& sha256, Timestamp verified, const std::string& status) {
  writer_.begin();
  db_.prepare("UPDATE evidence SET sha256 = ?2, verified = ?3, status = ?4 WHERE evidence_id = ?1")
      .bind(1, id)
      .bind(2, sha256)
      .bind(3, verified.us)
      .bind(4, status)
      .run();
}

void Ledger::clear_volumes(int64_t evidence_id) {
  writer_.begin();
  db_.prepare("DELETE FROM volume WHERE evidence_id = ?1").bind(1, evidence_id).run();
  db_.prepare("DELETE FROM problem WHERE evidence_id = ?1 AND source_id IS NULL").bind(1, evidence_id).run();
}

int64_t Ledger::add_volume(const VolumeRow& v) {
  writer_.begin();
  Statement s = db_.prepare(
      "INSERT INTO volume(evidence_id, name, offset, length, type, label, content, state, fs_type, block_size, "
      "fs_label, "
      "fs_uuid, fs_state, created, mounted, checked, written) "
      "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)");
  s.bind(1, v.evidence_id).bind(2, v.name);
  if (v.offset) s.bind(3, static_cast<int64_t>(*v.offset));
  s.bind(4, static_cast<int64_t>(v.length));
  text_or_null(s, 5, v.type);
  text_or_null(s, 6, displayable(v.label));
  text_or_null(s, 7, v.content);
  text_or_null(s, 8, v.state);
  text_or_null(s, 9, v.fs_type);
  if (!v.fs_type.empty()) s.bind(10, static_cast<int64_t>(v.block_size));
  text_or_null(s, 11, displayable(v.fs_label));
  text_or_null(s, 12, v.fs_uuid);
  text_or_null(s, 13, v.fs_state);
  s.bind(14, us(v.created)).bind(15, us(v.mounted)).bind(16, us(v.checked)).bind(17, us(v.written)).run();
  return db_.last_insert_id();
}

void Ledger::set_volume_host(int64_t volume_id, int64_t host_id, const std::string& mount) {
  writer_.begin();
  Statement s = db_.prepare("UPDATE volume SET host_id = ?2, mount_point = ?3 WHERE volume_id = ?1");
  s.bind(1, volume_id).bind(2, host_id);
  text_or_null(s, 3, displayable(mount));
  s.run();
}

void Ledger::set_walked(int64_t volume_id, int64_t walked) {
  writer_.begin();
  db_.prepare("UPDATE volume SET walked = walked | ?2 WHERE volume_id = ?1").bind(1, volume_id).bind(2, walked).run();
}

std::vector<VolumeRow> Ledger::volumes() {
  std::vector<VolumeRow> out;
  Statement s = db_.prepare(
      "SELECT v.volume_id, v.evidence_id, v.host_id, ev.path, ev.media_offset, ev.format, v.name, v.type, v.label, "
      "v.content, v.state, v.mount_point, v.offset, v.length, v.fs_type, v.fs_label, v.fs_uuid, v.fs_state, "
      "v.block_size, v.created, v.mounted, v.checked, v.written, v.walked "
      "FROM volume v JOIN evidence ev ON ev.evidence_id = v.evidence_id ORDER BY v.evidence_id, v.volume_id");
  while (s.step()) {
    VolumeRow v;
    v.id = s.integer(0);
    v.evidence_id = s.integer(1);
    v.host_id = s.optional_integer(2);
    v.evidence_path = s.text(3);
    v.media_offset = size_column(s, 4);
    v.evidence_format = s.text(5);
    v.name = s.text(6);
    v.type = s.text(7);
    v.label = s.text(8);
    v.content = s.text(9);
    v.state = s.text(10);
    v.mount = s.text(11);
    v.offset = size_column(s, 12);
    v.length = static_cast<uint64_t>(s.integer(13));
    v.fs_type = s.text(14);
    v.fs_label = s.text(15);
    v.fs_uuid = s.text(16);
    v.fs_state = s.text(17);
    v.block_size = static_cast<uint32_t>(s.integer(18));
    v.created = time_column(s, 19);
    v.mounted = time_column(s, 20);
    v.checked = time_column(s, 21);
    v.written = time_column(s, 22);
    v.walked = s.integer(23);
    out.push_back(std::move(v));
  }
  return out;
}

int64_t Ledger::add_host(const std::string& name, const std::string& zone_source) {
  writer_.begin();
  // Two machines may carry the same name; rows must tell them apart.
  std::string unique = displayable(name);
  Statement find = db_.prepare("SELECT 1 FROM host WHERE name = ?1");
  for (int n = 2;; ++n) {
    const bool taken = find.bind(1, unique).step();
    find.reset();
    if (!taken) break;
    unique = fmt::format("{}-{}", displayable(name), n);
  }
  db_.prepare("INSERT INTO host(name, time_zone_source) VALUES(?1, ?2)").bind(1, unique).bind(2, zone_source).run();
  return db_.last_insert_id();
}

void Ledger::set_profile(int64_t host_id, const HostProfile& p) {
  writer_.begin();
  if (!p.host_name.empty()) {
    Statement find = db_.prepare("SELECT 1 FROM host WHERE name = ?1 AND host_id <> ?2");
    std::string unique = displayable(p.host_name);
    for (int n = 2;; ++n) {
      const bool taken = find.bind(1, unique).bind(2, host_id).step();
      find.reset();
      if (!taken) break;
      unique = fmt::format("{}-{}", displayable(p.host_name), n);
    }
    db_.prepare("UPDATE host SET name = ?2 WHERE host_id = ?1").bind(1, host_id).bind(2, unique).run();
  }
  Statement s = db_.prepare(
      "UPDATE host SET os_family = ?2, os_version = ?3, time_zone = ?4, time_zone_source = ?5, zone_tzif = ?6, "
      "installed = ?7, installed_source = ?8, machine_id = ?9 WHERE host_id = ?1");
  s.bind(1, host_id);
  text_or_null(s, 2, p.os == OsFamily::unknown ? std::string_view() : to_text(p.os));
  text_or_null(s, 3, displayable(p.os_version));
  text_or_null(s, 4, displayable(p.zone_name));
  s.bind(5, p.zone_source.empty() ? "not found on the evidence" : displayable(p.zone_source));
  if (!p.zone_tzif.empty()) s.bind_blob(6, as_bytes(p.zone_tzif));
  s.bind(7, us(p.installed));
  text_or_null(s, 8, displayable(p.installed_source));
  text_or_null(s, 9, displayable(p.machine_id));
  s.run();
  for (const std::string& alias : p.host_aliases)
    db_.prepare("INSERT OR IGNORE INTO host_alias VALUES(?1, ?2)").bind(1, host_id).bind(2, displayable(alias)).run();
  for (const std::string& address : p.ip_addresses)
    db_.prepare("INSERT OR IGNORE INTO host_address VALUES(?1, ?2)")
        .bind(1, host_id)
        .bind(2, displayable(address))
        .run();
  for (const ProfileNote& note : p.notes)
    db_.prepare("INSERT INTO host_note VALUES(?1, ?2, ?3, ?4)")
        .bind(1, host_id)
        .bind(2, displayable(note.key))
        .bind(3, displayable(note.value))
        .bind(4, displayable(note.source_path))
        .run();
  for (const Account& a : p.accounts) {
    Statement add = db_.prepare(
        "INSERT OR IGNORE INTO account(host_id, user_name, account_id, source, is_admin, admin_reason, enabled, "
        "empty_password, gid, home, shell, gecos, password_set_ts) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)");
    add.bind(1, host_id).bind(2, displayable(a.name));
    text_or_null(add, 3, displayable(a.id));
    add.bind(4, a.source).bind(5, a.is_admin ? 1 : 0);
    text_or_null(add, 6, displayable(a.admin_reason));
    if (a.enabled) add.bind(7, *a.enabled ? 1 : 0);
    add.bind(8, a.empty_password ? 1 : 0).bind(9, a.gid);
    text_or_null(add, 10, displayable(a.home));
    text_or_null(add, 11, displayable(a.shell));
    text_or_null(add, 12, displayable(a.gecos));
    if (a.password_set_day && *a.password_set_day > 0 && *a.password_set_day < 100'000'000)
      add.bind(13, *a.password_set_day * 86'400'000'000);
    add.run();
  }
  for (const GroupEntry& g : p.groups)
    for (const std::string& member : g.members)
      db_.prepare("INSERT OR IGNORE INTO account_group VALUES(?1, ?2, ?3, ?4)")
          .bind(1, host_id)
          .bind(2, displayable(g.name))
          .bind(3, g.gid)
          .bind(4, displayable(member))
          .run();
}

void Ledger::set_clock_offset(int64_t host_id, double seconds, const std::string& source) {
  writer_.begin();
  db_.prepare("UPDATE host SET clock_offset_s = ?2, clock_offset_source = ?3 WHERE host_id = ?1")
      .bind(1, host_id)
      .bind(2, seconds)
      .bind(3, source)
      .run();
}

std::vector<HostRow> Ledger::hosts() {
  std::vector<HostRow> out;
  Statement s = db_.prepare("SELECT host_id, name, os_family, zone_tzif FROM host ORDER BY host_id");
  Statement alias = db_.prepare("SELECT name FROM host_alias WHERE host_id = ?1 ORDER BY name");
  while (s.step()) {
    HostRow row;
    row.id = s.integer(0);
    row.name = s.text(1);
    row.os_family = s.text(2);
    row.zone_tzif = std::string(as_text(s.blob(3)));
    std::set<std::string> names = {to_lower(row.name), "localhost"};
    alias.bind(1, row.id);
    while (alias.step()) names.insert(to_lower(alias.text(0)));
    alias.reset();
    // Logs hold the short name where the system knows the long one, and the other way round.
    for (const std::string& name : std::set<std::string>(names)) names.insert(name.substr(0, name.find('.')));
    row.local_names.assign(names.begin(), names.end());
    out.push_back(std::move(row));
  }
  return out;
}

HostProfile Ledger::profile(int64_t host_id) {
  HostProfile p;
  Statement s =
      db_.prepare("SELECT name, os_family, time_zone, time_zone_source, zone_tzif FROM host WHERE host_id = ?1");
  s.bind(1, host_id);
  if (!s.step()) return p;
  p.host_name = s.text(0);
  for (OsFamily f : {OsFamily::linux_, OsFamily::bsd, OsFamily::windows, OsFamily::macos, OsFamily::solaris})
    if (to_text(f) == s.text(1)) p.os = f;
  p.zone_name = s.text(2);
  p.zone_source = s.text(3);
  p.zone_tzif = std::string(as_text(s.blob(4)));
  Statement a = db_.prepare(
      "SELECT user_name, account_id, home FROM account WHERE host_id = ?1 AND source IN ('passwd', 'SAM') "
      "ORDER BY user_name");
  a.bind(1, host_id);
  while (a.step()) {
    Account account;
    account.name = a.text(0);
    account.id = a.text(1);
    account.home = a.text(2);
    p.accounts.push_back(std::move(account));
  }
  return p;
}

int64_t Ledger::add_source(int kind, int64_t host_id, int64_t evidence_id, int64_t volume_id,
                           const std::string& parser) {
  writer_.begin();
  db_.prepare("INSERT INTO source(kind, host_id, evidence_id, volume_id, parser) VALUES(?1, ?2, ?3, ?4, ?5)")
      .bind(1, kind)
      .bind(2, host_id)
      .bind(3, evidence_id)
      .bind(4, volume_id)
      .bind(5, parser)
      .run();
  return db_.last_insert_id();
}

std::optional<int64_t> Ledger::source_of_volume(int kind, int64_t volume_id) {
  Statement s = db_.prepare("SELECT source_id FROM source WHERE kind = ?1 AND volume_id = ?2");
  s.bind(1, kind).bind(2, volume_id);
  if (!s.step()) return std::nullopt;
  return s.integer(0);
}

void Ledger::finish_source(int64_t source_id, const SourceEnd& end) {
  writer_.flush_activity(source_id);
  Statement s = db_.prepare(
      "UPDATE source SET done = 1, status = ?2, reason = ?3, first_ts = ?4, last_ts = ?5, events = ?6, "
      "records_read = ?7, records_unparsed = ?8, bytes_read = ?9, zone_basis = ?10 WHERE source_id = ?1");
  s.bind(1, source_id).bind(2, end.status);
  text_or_null(s, 3, displayable(end.reason));
  if (end.totals.events > 0) s.bind(4, end.totals.first_ts).bind(5, end.totals.last_ts);
  s.bind(6, static_cast<int64_t>(end.totals.events))
      .bind(7, static_cast<int64_t>(end.records_read))
      .bind(8, static_cast<int64_t>(end.records_unparsed))
      .bind(9, static_cast<int64_t>(end.bytes_read));
  text_or_null(s, 10, end.zone_basis);
  s.run();
}

void Ledger::set_source_status(int64_t source_id, const std::string& status, const std::string& reason) {
  writer_.begin();
  db_.prepare(
         "UPDATE source SET done = 1, status = ?2, reason = ?3, events = 0, records_read = 0, records_unparsed = 0, "
         "bytes_read = 0 WHERE source_id = ?1")
      .bind(1, source_id)
      .bind(2, status)
      .bind(3, displayable(reason))
      .run();
}

void Ledger::add_candidates(int64_t volume_id, const std::vector<CandidateRow>& candidates) {
  writer_.begin();
  Statement s = db_.prepare("INSERT INTO candidate VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)");
  for (const CandidateRow& c : candidates) {
    s.bind(1, volume_id).bind(2, static_cast<int64_t>(c.file_number)).bind(3, static_cast<int64_t>(c.ref.inode));
    s.bind(4, static_cast<int64_t>(c.ref.sequence)).bind(5, static_cast<int64_t>(c.ref.attribute_id));
    s.bind(6, c.ref.path)
        .bind(7, c.path)
        .bind(8, c.parser)
        .bind(9, c.compression)
        .bind(10, static_cast<int64_t>(c.state));
    s.bind(11, static_cast<int64_t>(c.size)).bind(12, us(c.modified)).bind(13, c.reason).run();
  }
}

void Ledger::forget_candidates(int64_t volume_id) {
  writer_.begin();
  db_.prepare("DELETE FROM candidate WHERE volume_id = ?1").bind(1, volume_id).run();
}

void Ledger::assign_sources(bool remote_logs) {
  writer_.begin();
  // One inode under several names is one log: its first name in the order of the walk.
  Statement add = db_.prepare(
      "INSERT INTO source(kind, host_id, evidence_id, volume_id, parser, log_path, file_id, inode, sequence, "
      "attribute_id, tree_path, file_state, size, modified, compression, remote, done, status, reason, events, "
      "records_read, records_unparsed, bytes_read) "
      "SELECT 0, v.host_id, v.evidence_id, v.volume_id, c.parser, c.path, "
      "(SELECT w.source_id << 29 FROM source w WHERE w.kind = 1 AND w.volume_id = v.volume_id) + c.file_number, "
      "c.inode, "
      "c.sequence, c.attribute_id, c.tree_path, c.file_state, c.size, c.modified, nullif(c.compression, ''), "
      "CASE WHEN ?1 OR c.path GLOB '/var/log/remote/*' OR c.path GLOB '/var/log/hosts/*' OR c.path GLOB "
      "'/var/log/rsyslog/*' OR c.path GLOB '/var/log/HOSTS/*' OR c.path GLOB '/var/log/syslog-ng/*' THEN 1 ELSE 0 END, "
      "c.reason <> '', CASE WHEN c.reason <> '' THEN 'no-parser' END, nullif(c.reason, ''), "
      "CASE WHEN c.reason <> '' THEN 0 END, CASE WHEN c.reason <> '' THEN 0 END, CASE WHEN c.reason <> '' THEN 0 END, "
      "CASE WHEN c.reason <> '' THEN 0 END "
      "FROM candidate c JOIN volume v ON v.volume_id = c.volume_id "
      "WHERE v.evidence_id IN (SELECT evidence_id FROM evidence) AND NOT EXISTS (SELECT 1 FROM candidate o "
      "WHERE o.volume_id = c.volume_id AND o.inode = c.inode AND o.attribute_id = c.attribute_id "
      "AND o.tree_path = c.tree_path AND o.sequence = c.sequence AND o.file_number < c.file_number) "
      "AND NOT EXISTS (SELECT 1 FROM source s WHERE s.kind = 0 AND s.volume_id = v.volume_id AND s.inode = c.inode "
      "AND s.attribute_id = c.attribute_id AND s.tree_path = c.tree_path AND s.sequence = c.sequence) "
      "ORDER BY v.evidence_id, v.volume_id, c.inode, c.sequence, c.attribute_id, c.tree_path, c.file_number");
  add.bind(1, remote_logs ? 1 : 0).run();
  db_.execute("DELETE FROM candidate");
}

std::vector<SourceRow> Ledger::open_sources() {
  std::vector<SourceRow> out;
  Statement s =
      db_.prepare(fmt::format("SELECT {} FROM source WHERE kind = 0 AND done = 0 ORDER BY source_id", kSourceColumns));
  while (s.step()) out.push_back(source_row(s));
  return out;
}

std::vector<SourceRow> Ledger::sources_with(std::string_view status) {
  std::vector<SourceRow> out;
  Statement s = db_.prepare(
      fmt::format("SELECT {} FROM source WHERE kind = 0 AND status = ?1 ORDER BY source_id", kSourceColumns));
  s.bind(1, status);
  while (s.step()) out.push_back(source_row(s));
  return out;
}

void Ledger::reopen_source(int64_t source_id) {
  writer_.begin();
  db_.prepare("UPDATE source SET done = 0, status = NULL, reason = NULL WHERE source_id = ?1").bind(1, source_id).run();
}

void Ledger::add_package(int64_t host_id, const std::string& name, const std::string& version,
                         std::optional<Timestamp> installed) {
  writer_.begin();
  Statement s = db_.prepare("INSERT OR REPLACE INTO package VALUES(?1, ?2, ?3, ?4)");
  s.bind(1, host_id).bind(2, displayable(name));
  text_or_null(s, 3, displayable(version));
  s.bind(4, us(installed)).run();
}

void Ledger::add_package_file(int64_t host_id, const std::string& path, const std::string& package,
                              const std::string& md5, bool conffile) {
  writer_.begin();
  Statement s = db_.prepare(
      "INSERT INTO package_file VALUES(?1, ?2, ?3, ?4, ?5, NULL) ON CONFLICT DO UPDATE SET "
      "md5 = coalesce(excluded.md5, md5), conffile = max(conffile, excluded.conffile)");
  s.bind(1, host_id).bind(2, displayable(path)).bind(3, displayable(package));
  text_or_null(s, 4, displayable(md5));
  s.bind(5, conffile ? 1 : 0).run();
}

std::vector<FileWanted> Ledger::package_files_to_check(int64_t host_id, bool all) {
  const std::string programs =
      all ? ""
          : "AND (d.path GLOB '/bin*' OR d.path GLOB '/sbin*' OR d.path GLOB '/usr/bin*' OR d.path GLOB '/usr/sbin*' "
            "OR "
            "d.path GLOB '/lib*' OR d.path GLOB '/usr/lib*' OR d.path GLOB '/usr/local/*bin*') "
            "AND (f.mode & 73 OR f.name GLOB '*.so*' OR f.name GLOB '*.ko*') ";
  return wanted(db_,
                std::string(kWantedFile) + "WHERE v.host_id = ?1 AND f.type = 1 AND f.state & 7 = 0 " + programs +
                    "AND NOT EXISTS (SELECT 1 FROM file_digest g WHERE g.file_id = f.file_id) "
                    "AND EXISTS (SELECT 1 FROM package_file p WHERE p.host_id = v.host_id AND p.md5 IS NOT NULL "
                    "AND p.path = $PATH(d.path, f.name)) ORDER BY d.volume_id, f.inode",
                host_id);
}

void Ledger::set_digest(int64_t file_id, const std::string& md5, const std::string& sha256) {
  writer_.begin();
  db_.prepare("INSERT OR REPLACE INTO file_digest VALUES(?1, ?2, ?3)")
      .bind(1, file_id)
      .bind(2, md5)
      .bind(3, sha256)
      .run();
}

void Ledger::compare_packages(int64_t host_id) {
  writer_.begin();
  Statement s = db_.prepare(expand_macros(
      "WITH found AS MATERIALIZED (SELECT $PATH(d.path, f.name) AS path, g.md5 AS md5 FROM file_digest g "
      "JOIN file f ON f.file_id = g.file_id JOIN dir d ON d.dir_id = f.dir_id "
      "JOIN volume v ON v.volume_id = d.volume_id WHERE v.host_id = ?1 AND f.state & 7 = 0) "
      "UPDATE package_file AS p SET md5_found = n.md5 FROM found n WHERE p.host_id = ?1 AND p.path = n.path"));
  s.bind(1, host_id).run();
}

std::vector<FileWanted> Ledger::files_to_hash() {
  return wanted(db_, std::string(kWantedFile) +
                         "WHERE f.type = 1 AND f.state & 7 = 0 AND NOT EXISTS (SELECT 1 FROM file_digest g "
                         "WHERE g.file_id = f.file_id) ORDER BY d.volume_id, f.inode");
}

std::vector<FileWanted> Ledger::cited_files() {
  return wanted(db_, std::string(kWantedFile) +
                         "WHERE f.type = 1 AND f.state & 16 AND f.state & 8 = 0 AND f.file_id IN "
                         "(SELECT event_id >> 3 FROM finding_event WHERE role IN ('trigger', 'cause', 'effect')) "
                         "AND f.file_id << 3 IN (SELECT event_id & ~7 FROM file_time WHERE event_id IN "
                         "(SELECT event_id FROM finding_event)) "
                         "AND NOT EXISTS (SELECT 1 FROM file_digest g WHERE g.file_id = f.file_id) "
                         "ORDER BY d.volume_id, f.inode");
}

std::vector<FileWanted> Ledger::cited_events() {
  return wanted(db_,
                "SELECT e.event_id, s.volume_id, s.inode, s.sequence, s.attribute_id, s.tree_path, s.compression, "
                "e.log_offset, e.log_length FROM event e JOIN source s ON s.source_id = e.event_id >> 32 "
                "WHERE s.kind = 0 AND e.event_id IN (SELECT event_id FROM finding_event) "
                "AND NOT EXISTS (SELECT 1 FROM event_raw r WHERE r.event_id = e.event_id) "
                "ORDER BY s.volume_id, s.source_id, e.log_offset");
}

void Ledger::add_raw(int64_t event_id, std::string_view bytes, bool cut) {
  writer_.begin();
  db_.prepare("INSERT OR REPLACE INTO event_raw VALUES(?1, ?2, ?3)")
      .bind(1, event_id)
      .bind_blob(2, as_bytes(bytes))
      .bind(3, cut ? 1 : 0)
      .run();
}

void Ledger::index_files() { db_.execute("CREATE INDEX IF NOT EXISTS file_dir ON file(dir_id)"); }

uint64_t Ledger::count_problems() {
  return static_cast<uint64_t>(db_.value("SELECT count(*) FROM problem WHERE severity <> 'info'").value_or(0));
}
uint64_t Ledger::count_events() {
  return static_cast<uint64_t>(db_.value("SELECT coalesce(sum(events), 0) FROM source").value_or(0));
}
uint64_t Ledger::count_names() { return static_cast<uint64_t>(db_.value("SELECT count(*) FROM file").value_or(0)); }

}  // namespace necropsy
