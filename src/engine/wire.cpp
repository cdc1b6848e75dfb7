// SPDX-License-Identifier: Apache-2.0
#include "engine/wire.hpp"

#include <array>
#include <limits>

#include "model/vocabulary.hpp"

namespace necropsy::wire {
namespace {

void put_strings(Out& out, const std::vector<std::string>& items) {
  out.list(items, [&](const std::string& s) { out.text(s); });
}

std::vector<std::string> get_strings(In& in) {
  std::vector<std::string> items(in.count());
  for (std::string& s : items) s = in.text();
  return items;
}

void put_texts(Out& out, const TextTable& texts) {
  out.uint(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) out.text(texts[i]);
}

std::vector<std::string_view> get_texts(In& in) {
  std::vector<std::string_view> texts(in.count(kMaxRows * 16));
  for (std::string_view& t : texts) t = in.text();
  return texts;
}

bool text_index(In& in, int32_t& out, size_t texts) {
  const uint64_t n = in.uint();
  if (n >= texts) {
    in.refuse();
    return false;
  }
  out = static_cast<int32_t>(n);
  return true;
}

// Columns of an event in the order of the presence mask's bits.
constexpr auto kTexts = std::to_array<int32_t EventRow::*>(
    {&EventRow::user, &EventRow::target, &EventRow::addr, &EventRow::service, &EventRow::process, &EventRow::method,
     &EventRow::format, &EventRow::session, &EventRow::path, &EventRow::http_method, &EventRow::url, &EventRow::agent,
     &EventRow::host, &EventRow::source_host, &EventRow::dest_addr, &EventRow::dest_host, &EventRow::command,
     &EventRow::text, &EventRow::attributes});
constexpr auto kNumbers = std::to_array<int64_t EventRow::*>(
    {&EventRow::port, &EventRow::pid, &EventRow::status, &EventRow::bytes, &EventRow::dest_port, &EventRow::file_size,
     &EventRow::earliest, &EventRow::latest});
static_assert(kTexts.size() + kNumbers.size() < 32);

constexpr auto kFileTexts = std::to_array<int32_t FileRow::*>(
    {&FileRow::name, &FileRow::raw_name, &FileRow::owner, &FileRow::flags, &FileRow::target});
constexpr auto kFileNumbers = std::to_array<int64_t FileRow::*>({&FileRow::mode, &FileRow::uid, &FileRow::gid});

template <class T>
T narrow(In& in, uint64_t value) {
  if (value > std::numeric_limits<T>::max()) in.refuse();
  return static_cast<T>(value);
}

bool known_kind(uint16_t id) {
  static const std::vector<bool> kKnown = [] {
    std::vector<bool> known(1024);
    for (const Kind& k : all_kinds()) known[static_cast<size_t>(k.id)] = true;
    return known;
  }();
  return id < kKnown.size() && kKnown[id];
}

}  // namespace

void put(Out& out, const FileRef& ref) {
  out.uint(ref.inode);
  out.uint(ref.sequence);
  out.sint(ref.attribute_id);
  out.text(ref.path);
}

FileRef get_file_ref(In& in) {
  FileRef ref;
  ref.inode = in.uint();
  ref.sequence = narrow<uint32_t>(in, in.uint());
  ref.attribute_id = static_cast<int32_t>(in.sint());
  ref.path = in.text();
  return ref;
}

void put(Out& out, const TextTable& texts, const std::vector<EventRow>& rows) {
  put_texts(out, texts);
  out.uint(rows.size());
  // Deltas restart with each frame, so a frame stands alone.
  int64_t last_ts = 0;
  uint64_t last_offset = 0, last_record = 0;
  for (const EventRow& row : rows) {
    uint32_t mask = 0;
    for (size_t i = 0; i < kTexts.size(); ++i)
      if (row.*kTexts[i] >= 0) mask |= 1u << i;
    for (size_t i = 0; i < kNumbers.size(); ++i)
      if (row.*kNumbers[i] != kNone) mask |= 1u << (kTexts.size() + i);
    out.uint(mask);
    out.sint(static_cast<int64_t>(static_cast<uint64_t>(row.ts) - static_cast<uint64_t>(last_ts)));
    out.uint(row.ns);
    out.uint(row.kind);
    out.uint(row.flags);
    out.sint(static_cast<int64_t>(row.offset - last_offset));
    out.uint(row.length);
    out.sint(static_cast<int64_t>(row.record - last_record));
    for (size_t i = 0; i < kTexts.size(); ++i)
      if (row.*kTexts[i] >= 0) out.uint(static_cast<uint64_t>(row.*kTexts[i]));
    for (size_t i = 0; i < kNumbers.size(); ++i)
      if (row.*kNumbers[i] != kNone) out.sint(row.*kNumbers[i]);
    last_ts = row.ts;
    last_offset = row.offset;
    last_record = row.record;
  }
}

EventBatch get_events(In& in) {
  EventBatch batch;
  batch.texts = get_texts(in);
  batch.rows.resize(in.count(kMaxRows));
  int64_t last_ts = 0;
  uint64_t last_offset = 0, last_record = 0;
  for (EventRow& row : batch.rows) {
    const uint64_t mask = in.uint();
    row.ts = static_cast<int64_t>(static_cast<uint64_t>(last_ts) + static_cast<uint64_t>(in.sint()));
    const uint64_t ns = in.uint(), kind = in.uint(), flags = in.uint();
    row.offset = last_offset + static_cast<uint64_t>(in.sint());
    row.length = narrow<uint32_t>(in, in.uint());
    row.record = last_record + static_cast<uint64_t>(in.sint());
    const bool known = ns <= 999 && kind < 1024 && known_kind(static_cast<uint16_t>(kind)) && flags < 512 &&
                       (flags & 7) <= 5 && ((flags >> 3) & 7) <= 6 &&
                       mask < (1u << (kTexts.size() + kNumbers.size())) && row.offset <= INT64_MAX &&
                       row.record <= INT64_MAX;
    if (!known) in.refuse();
    row.ns = static_cast<uint16_t>(ns);
    row.kind = static_cast<uint16_t>(kind);
    row.flags = static_cast<uint16_t>(flags);
    for (size_t i = 0; i < kTexts.size(); ++i)
      if (mask & (1u << i)) text_index(in, row.*kTexts[i], batch.texts.size());
    for (size_t i = 0; i < kNumbers.size(); ++i)
      if (mask & (1u << (kTexts.size() + i))) row.*kNumbers[i] = in.sint();
    if (!in.ok()) return {};
    last_ts = row.ts;
    last_offset = row.offset;
    last_record = row.record;
  }
  return batch;
}

void put(Out& out, const TextTable& texts, const std::vector<FileRow>& rows) {
  put_texts(out, texts);
  out.uint(rows.size());
  for (const FileRow& row : rows) {
    uint32_t mask = 0;
    for (size_t i = 0; i < kFileTexts.size(); ++i)
      if (row.*kFileTexts[i] >= 0) mask |= 1u << i;
    for (size_t i = 0; i < kFileNumbers.size(); ++i)
      if (row.*kFileNumbers[i] != kNone) mask |= 1u << (kFileTexts.size() + i);
    out.uint(mask);
    out.uint(static_cast<uint64_t>(row.dir));
    for (size_t i = 0; i < kFileTexts.size(); ++i)
      if (row.*kFileTexts[i] >= 0) out.uint(static_cast<uint64_t>(row.*kFileTexts[i]));
    for (size_t i = 0; i < kFileNumbers.size(); ++i)
      if (row.*kFileNumbers[i] != kNone) out.sint(row.*kFileNumbers[i]);
    out.uint(row.inode);
    out.uint(row.sequence);
    out.sint(row.attribute_id);
    out.u8(row.type);
    out.u8(row.state);
    out.sint(row.size);
    out.u8(row.times);
    for (size_t i = 0; i < row.times; ++i) {
      out.sint(row.time[i].ts);
      out.uint(row.time[i].ns);
      out.uint(row.time[i].macb);
    }
  }
}

FileBatch get_files(In& in) {
  FileBatch batch;
  batch.texts = get_texts(in);
  batch.rows.resize(in.count(kMaxRows));
  for (FileRow& row : batch.rows) {
    const uint64_t mask = in.uint();
    if (mask >= (1u << (kFileTexts.size() + kFileNumbers.size()))) in.refuse();
    text_index(in, row.dir, batch.texts.size());
    for (size_t i = 0; i < kFileTexts.size(); ++i)
      if (mask & (1u << i)) text_index(in, row.*kFileTexts[i], batch.texts.size());
    for (size_t i = 0; i < kFileNumbers.size(); ++i)
      if (mask & (1u << (kFileTexts.size() + i))) row.*kFileNumbers[i] = in.sint();
    row.inode = in.uint();
    row.sequence = narrow<uint32_t>(in, in.uint());
    row.attribute_id = static_cast<int32_t>(in.sint());
    row.type = in.u8();
    row.state = in.u8();
    row.size = in.sint();
    row.times = in.u8();
    if (row.type > 9 || row.state > 31 || row.times > std::size(row.time) || row.inode > INT64_MAX) in.refuse();
    for (size_t i = 0; in.ok() && i < row.times; ++i) {
      row.time[i].ts = in.sint();
      const uint64_t ns = in.uint();
      if (ns > 999) in.refuse();
      row.time[i].ns = static_cast<uint16_t>(ns);
      row.time[i].macb = narrow<uint16_t>(in, in.uint());
    }
    if (!in.ok()) return {};
  }
  return batch;
}

void put(Out& out, const Problem& p, uint64_t repeats) {
  out.u8(static_cast<uint8_t>(p.stage));
  out.u8(static_cast<uint8_t>(p.severity));
  out.text(p.code);
  out.text(p.what);
  out.text(p.file_path);
  out.number(p.offset ? std::optional<int64_t>(static_cast<int64_t>(*p.offset)) : std::nullopt);
  out.number(p.length ? std::optional<int64_t>(static_cast<int64_t>(*p.length)) : std::nullopt);
  out.uint(repeats);
}

Problem get_problem(In& in, uint64_t& repeats) {
  Problem p;
  p.stage = in.choice(Stage::store);
  p.severity = in.choice(Severity::error);
  p.code = in.text();
  p.what = in.text();
  p.file_path = in.text();
  if (const auto n = in.number()) p.offset = static_cast<uint64_t>(*n);
  if (const auto n = in.number()) p.length = static_cast<uint64_t>(*n);
  repeats = in.uint();
  if (repeats > INT64_MAX) in.refuse();
  return p;
}

void put(Out& out, const std::vector<Candidate>& candidates) {
  out.list(candidates, [&](const Candidate& c) {
    out.uint(c.file_number);
    put(out, c.ref);
    out.text(c.path);
    out.text(c.parser);
    out.text(c.compression);
    out.u8(c.state);
    out.uint(c.size);
    out.time(c.modified);
    out.text(c.reason);
  });
}

std::vector<Candidate> get_candidates(In& in) {
  std::vector<Candidate> list(in.count(kMaxRows));
  for (Candidate& c : list) {
    c.file_number = in.uint();
    c.ref = get_file_ref(in);
    c.path = in.text();
    c.parser = in.text();
    c.compression = in.text();
    c.state = in.u8();
    c.size = in.uint();
    c.modified = in.time();
    c.reason = in.text();
    if (c.state > 3 || c.file_number >= (1ull << 29) || c.size > INT64_MAX) in.refuse();
  }
  return in.ok() ? list : std::vector<Candidate>{};
}

void put(Out& out, const std::vector<PackageRow>& packages) {
  out.list(packages, [&](const PackageRow& p) {
    out.text(p.package);
    out.text(p.version);
    out.text(p.path);
    out.text(p.md5);
    out.flag(p.conffile);
    out.time(p.installed);
  });
}

std::vector<PackageRow> get_packages(In& in) {
  std::vector<PackageRow> list(in.count(kMaxRows));
  for (PackageRow& p : list) {
    p.package = in.text();
    p.version = in.text();
    p.path = in.text();
    p.md5 = in.text();
    p.conffile = in.flag();
    p.installed = in.time();
  }
  return in.ok() ? list : std::vector<PackageRow>{};
}

void put(Out& out, const std::vector<DigestRow>& digests) {
  out.list(digests, [&](const DigestRow& d) {
    out.sint(d.id);
    out.text(d.md5);
    out.text(d.sha256);
  });
}

std::vector<DigestRow> get_digests(In& in) {
  std::vector<DigestRow> list(in.count(kMaxRows));
  for (DigestRow& d : list) {
    d.id = in.sint();
    d.md5 = in.text();
    d.sha256 = in.text();
    if (d.md5.size() > 32 || d.sha256.size() > 64) in.refuse();
  }
  return in.ok() ? list : std::vector<DigestRow>{};
}

void put(Out& out, const SandboxPolicy& p) {
  out.list(p.files, [&](const std::string& file) { out.text(file); });
  out.list(p.folders, [&](const std::string& folder) { out.text(folder); });
}

SandboxPolicy get_policy(In& in) {
  SandboxPolicy p;
  for (size_t n = in.count(); n > 0 && in.ok(); --n) p.files.emplace_back(in.text());
  for (size_t n = in.count(); n > 0 && in.ok(); --n) p.folders.emplace_back(in.text());
  return p;
}

void put(Out& out, const SandboxState& s) {
  out.uint(static_cast<uint64_t>(s.landlock_abi));
  out.flag(s.seccomp);
  out.text(s.missing);
}

SandboxState get_sandbox(In& in) {
  SandboxState s;
  const uint64_t abi = in.uint();
  if (abi > 1000) in.refuse();
  s.landlock_abi = static_cast<int>(abi);
  s.seccomp = in.flag();
  s.missing = in.text();
  if (s.missing.size() > 1000) in.refuse();
  return s;
}

void put(Out& out, const JobDone& d) {
  out.u8(static_cast<uint8_t>(d.end));
  out.text(d.reason);
  out.uint(d.records_read);
  out.uint(d.records_unparsed);
  out.uint(d.bytes_read);
  out.text(d.zone_basis);
  out.text(d.sha256);
  out.text(d.md5);
  out.text(d.sha1);
}

JobDone get_done(In& in) {
  JobDone d;
  d.end = in.choice(JobEnd::no_space);
  d.reason = in.text();
  d.records_read = in.uint();
  d.records_unparsed = in.uint();
  d.bytes_read = in.uint();
  d.zone_basis = in.text();
  d.sha256 = in.text();
  d.md5 = in.text();
  d.sha1 = in.text();
  if (d.records_read > INT64_MAX || d.records_unparsed > INT64_MAX || d.bytes_read > INT64_MAX) in.refuse();
  return d;
}

void put(Out& out, const HostProfile& p) {
  out.text(p.host_name);
  out.u8(static_cast<uint8_t>(p.os));
  out.text(p.os_version);
  out.text(p.machine_id);
  out.text(p.zone_name);
  out.text(p.zone_source);
  out.text(p.zone_tzif);
  put_strings(out, p.ip_addresses);
  put_strings(out, p.host_aliases);
  out.time(p.installed);
  out.text(p.installed_source);
  out.list(p.accounts, [&](const Account& a) {
    out.text(a.name);
    out.text(a.id);
    out.text(a.source);
    out.number(a.gid);
    out.text(a.home);
    out.text(a.shell);
    out.text(a.gecos);
    out.flag(a.is_admin);
    out.text(a.admin_reason);
    out.number(a.enabled ? std::optional<int64_t>(*a.enabled) : std::nullopt);
    out.flag(a.empty_password);
    out.number(a.password_set_day);
  });
  out.list(p.groups, [&](const GroupEntry& g) {
    out.text(g.name);
    out.sint(g.gid);
    put_strings(out, g.members);
  });
  out.list(p.mounts, [&](const MountEntry& m) {
    out.text(m.device);
    out.text(m.mount_point);
    out.text(m.type);
  });
  out.list(p.notes, [&](const ProfileNote& n) {
    out.text(n.key);
    out.text(n.value);
    out.text(n.source_path);
  });
}

HostProfile get_profile(In& in) {
  HostProfile p;
  p.host_name = in.text();
  p.os = in.choice(OsFamily::solaris);
  p.os_version = in.text();
  p.machine_id = in.text();
  p.zone_name = in.text();
  p.zone_source = in.text();
  p.zone_tzif = in.text();
  p.ip_addresses = get_strings(in);
  p.host_aliases = get_strings(in);
  p.installed = in.time();
  p.installed_source = in.text();
  p.accounts.resize(in.count());
  for (Account& a : p.accounts) {
    a.name = in.text();
    a.id = in.text();
    a.source = in.text();
    a.gid = in.number();
    a.home = in.text();
    a.shell = in.text();
    a.gecos = in.text();
    a.is_admin = in.flag();
    a.admin_reason = in.text();
    if (const auto n = in.number()) a.enabled = *n != 0;
    a.empty_password = in.flag();
    a.password_set_day = in.number();
  }
  p.groups.resize(in.count());
  for (GroupEntry& g : p.groups) {
    g.name = in.text();
    g.gid = in.sint();
    g.members = get_strings(in);
  }
  p.mounts.resize(in.count());
  for (MountEntry& m : p.mounts) {
    m.device = in.text();
    m.mount_point = in.text();
    m.type = in.text();
  }
  p.notes.resize(in.count());
  for (ProfileNote& n : p.notes) {
    n.key = in.text();
    n.value = in.text();
    n.source_path = in.text();
  }
  return in.ok() ? p : HostProfile{};
}

namespace {

void put_filesystem(Out& out, const FilesystemFacts& f) {
  out.text(f.type);
  out.uint(f.block_size);
  out.text(f.label);
  out.text(f.uuid);
  out.text(f.last_mount_point);
  out.text(f.state);
  out.time(f.created);
  out.time(f.mounted);
  out.time(f.checked);
  out.time(f.written);
}

FilesystemFacts get_filesystem(In& in) {
  FilesystemFacts f;
  f.type = in.text();
  f.block_size = narrow<uint32_t>(in, in.uint());
  f.label = in.text();
  f.uuid = in.text();
  f.last_mount_point = in.text();
  f.state = in.text();
  f.created = in.time();
  f.mounted = in.time();
  f.checked = in.time();
  f.written = in.time();
  return f;
}

}  // namespace

void put(Out& out, const ImageReport& r) {
  const ImageFacts& f = r.facts;
  out.text(f.format);
  put_strings(out, f.segments);
  out.uint(f.bytes);
  out.uint(f.sector_size);
  out.text(f.md5_stored);
  out.text(f.sha1_stored);
  out.time(f.acquired);
  for (const std::string* s :
       {&f.case_number, &f.evidence_number, &f.examiner, &f.description, &f.notes, &f.acquisition_software})
    out.text(*s);
  out.list(r.volumes, [&](const VolumeReport& v) {
    out.text(v.info.name);
    out.number(v.info.offset ? std::optional<int64_t>(static_cast<int64_t>(*v.info.offset)) : std::nullopt);
    out.uint(v.info.length);
    out.text(v.info.type);
    out.text(v.info.label);
    out.text(v.info.state);
    out.text(v.info.content);
    out.flag(v.filesystem.has_value());
    if (v.filesystem) put_filesystem(out, *v.filesystem);
    out.text(v.fstab);
    out.flag(v.is_windows_system);
  });
}

ImageReport get_image(In& in) {
  ImageReport r;
  ImageFacts& f = r.facts;
  f.format = in.text();
  f.segments = get_strings(in);
  f.bytes = in.uint();
  f.sector_size = narrow<uint32_t>(in, in.uint());
  f.md5_stored = in.text();
  f.sha1_stored = in.text();
  f.acquired = in.time();
  for (std::string* s :
       {&f.case_number, &f.evidence_number, &f.examiner, &f.description, &f.notes, &f.acquisition_software})
    *s = in.text();
  r.volumes.resize(in.count(4096));
  for (VolumeReport& v : r.volumes) {
    v.info.name = in.text();
    if (const auto n = in.number()) v.info.offset = static_cast<uint64_t>(*n);
    v.info.length = in.uint();
    v.info.type = in.text();
    v.info.label = in.text();
    v.info.state = in.text();
    v.info.content = in.text();
    if (in.flag()) v.filesystem = get_filesystem(in);
    v.fstab = in.text();
    v.is_windows_system = in.flag();
    if (v.info.length > INT64_MAX) in.refuse();
  }
  if (f.bytes > INT64_MAX) in.refuse();
  return in.ok() ? r : ImageReport{};
}

}  // namespace necropsy::wire
