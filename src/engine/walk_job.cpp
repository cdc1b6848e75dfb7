// SPDX-License-Identifier: Apache-2.0
#include "engine/walk_job.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "evidence/image.hpp"
#include "parse/locator.hpp"
#include "parse/time_resolver.hpp"

namespace necropsy {
namespace {

constexpr size_t kRowsPerFrame = 4096;
constexpr size_t kTextBytesPerFrame = 1u << 20;
constexpr size_t kHead = 4096;

// Endings of files that no parser reads, in the places where thousands of them lie.
constexpr std::string_view kNeverLogs[] = {
    ".so",  ".o",   ".a",   ".ko",  ".h",    ".hpp", ".c",   ".cc",  ".cpp", ".py",  ".pyc",  ".pl",  ".pm",  ".rb",
    ".js",  ".css", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".ttf", ".otf", ".woff", ".mo",  ".po",  ".html",
    ".htm", ".xml", ".exe", ".dll", ".sys",  ".ocx", ".cpl", ".mui", ".nls", ".inf", ".cat",  ".chm", ".hlp", ".fon",
    ".pnf", ".cur", ".ani", ".wav", ".mp3",  ".avi", ".zip", ".jar", ".deb", ".rpm", ".ibd",  ".frm", ".myd", ".myi",
    ".pf",  ".lnk", ".bmp", ".tlb", ".ax",   ".drv", ".com", ".msi", ".cab", ".tar", ".tgz",  ".gmo", ".pyo", ".la"};

std::string_view name_of(std::string_view path) {
  const size_t at = path.rfind('/');
  return at == std::string_view::npos ? path : path.substr(at + 1);
}

// Records without a magic number are known by their name, and a log handed over by itself may have a longer one than it
// had on its machine: web1-lastlog.bin. Text says by itself what it is.
Located locate_by_name(Bytes head, std::string_view name, uint64_t size) {
  if (!contains(as_text(head), std::string_view("\0", 1))) return {};
  for (const ParserEntry& entry : all_parsers())
    for (std::string_view usual : entry.about->paths) {
      const std::string_view base = name_of(usual);
      if (contains(base, "*") || contains(base, "?") || contains(base, "[") || !contains_ignore_case(name, base))
        continue;
      if (const Located found = locate(head, usual, size); found.parser == &entry) return found;
    }
  return {};
}

}  // namespace

bool worth_probing(const FileRecord& record, std::string_view path) {
  if (record.type != FileType::regular || !record.content_intact || record.reallocated) return false;
  // An empty log tells something too: that it was never used, or was emptied.
  if (record.size <= 0) return record.state == FileState::allocated && is_usual_place(path);
  if (record.state != FileState::allocated) return true;
  const std::string_view name = name_of(path);
  const size_t dot = name.rfind('.');
  if (dot != std::string_view::npos)
    for (std::string_view ending : kNeverLogs)
      if (equals_ignore_case(name.substr(dot), ending)) return is_usual_place(path);
  // Translations, manual pages and package documentation: thousands of small packed texts.
  if (path.starts_with("/usr/share/") || path.starts_with("/usr/lib/") || path.starts_with("/usr/include/") ||
      path.starts_with("/lib/") || path.starts_with("/usr/src/"))
    return is_usual_place(path) || contains_ignore_case(name, "log");
  return true;
}

void group_times(const FileRecord& record, MacbSource source, const TimeZone& zone, FileRow& row) {
  const auto add = [&](const std::optional<Timestamp>& time, unsigned bit, MacbSource from, TimePrecision precision) {
    if (!time) return;
    Timestamp t = *time;
    TimeBasis basis = TimeBasis::utc;
    if (record.local_time) {
      basis = zone.known() ? TimeBasis::zone : TimeBasis::assumed;
      t = Timestamp::from_unix(zone.to_utc(civil_from_unix(t.seconds())).unix_seconds, t.nanos());
    }
    const auto rest = static_cast<uint16_t>(static_cast<unsigned>(from) << 4 | static_cast<unsigned>(basis) << 7 |
                                            static_cast<unsigned>(precision) << 10);
    for (uint8_t i = 0; i < row.times; ++i) {
      TimeRow& have = row.time[i];
      const bool mergeable = bit != 0 && (have.macb & 15) != 0;
      if (mergeable && have.ts == t.us && have.ns == t.ns && (have.macb & ~15) == rest) {
        have.macb = static_cast<uint16_t>(have.macb | bit);
        return;
      }
    }
    if (row.times < std::size(row.time)) row.time[row.times++] = {t.us, t.ns, static_cast<uint16_t>(rest | bit)};
  };
  const TimePrecision p = record.precision;
  add(record.modified, 1, source, p);
  add(record.accessed, 2, source, record.accessed_precision.value_or(p));
  add(record.changed, 4, source, p);
  add(record.created, 8, source, record.created_precision.value_or(p));
  add(record.fn_modified, 1, MacbSource::fn, p);
  add(record.fn_accessed, 2, MacbSource::fn, p);
  add(record.fn_changed, 4, MacbSource::fn, p);
  add(record.fn_created, 8, MacbSource::fn, p);
  add(record.deleted, 0, source, TimePrecision::s);
}

WalkCollector::WalkCollector(Channel& channel, FileTree& tree, const Job& job, const ProblemHandler& problems)
    : channel_(channel), tree_(tree), job_(job), problems_(problems) {
  const std::string& type = tree.facts().type;
  single_ = type == "file";
  source_ = type == "ntfs"                                 ? MacbSource::si
            : type.starts_with("fat") || type == "exfat"   ? MacbSource::dir
            : type.starts_with("iso") || type == "iso9660" ? MacbSource::dir
                                                           : MacbSource::inode;
  if (auto zone = TimeZone::from_tzif(job.host.zone_tzif)) zone_ = *zone;
}

bool WalkCollector::file(const FileRecord& record) {
  const std::string path = join_mount(job_.volumes[0].mount, record.path);
  const bool is_root = record.path == "/" || record.path.empty();
  const size_t slash = path.rfind('/');
  // A drive's root keeps its slash ("C:/"), so that its files read C:/name.
  const std::string_view dir = is_root ? std::string_view(path)
                               : slash == 0 || (slash == 2 && path[1] == ':')
                                   ? std::string_view(path).substr(0, slash + 1)
                                   : std::string_view(path).substr(0, slash);
  const std::string_view name = is_root ? std::string_view() : std::string_view(path).substr(slash + 1);

  FileRow& row = rows_.emplace_back();
  row.dir = texts_.add(needs_display_escape(dir) ? displayable(dir) : std::string(dir));
  if (needs_display_escape(name)) {
    const std::string shown = displayable(name);
    row.name = texts_.add(shown);
    if (shown != name) row.raw_name = texts_.add(name);
  } else {
    row.name = texts_.add(name);
  }
  row.inode = record.ref.inode;
  row.sequence = record.ref.sequence;
  row.attribute_id = record.ref.attribute_id;
  row.type = static_cast<uint8_t>(record.type);
  row.state = static_cast<uint8_t>(static_cast<unsigned>(record.state) | (record.reallocated ? 8u : 0u) |
                                   (record.content_intact ? 16u : 0u));
  if (record.mode) row.mode = *record.mode;
  if (record.uid) row.uid = *record.uid;
  if (record.gid) row.gid = *record.gid;
  row.owner = texts_.add(record.owner_sid);
  row.size = record.size;
  row.target = texts_.add(displayable(record.target));
  row.flags = texts_.add(record.flags);
  // A deleted name whose inode serves another file now says nothing about times of its own.
  if (!record.reallocated) group_times(record, record.from_index ? MacbSource::i30 : source_, zone_, row);
  if (job_.probe && (single_ || worth_probing(record, path))) waiting_.push_back({record, path, number_});
  ++number_;
  if (rows_.size() >= kRowsPerFrame || texts_.bytes() >= kTextBytesPerFrame) return flush();
  return true;
}

void WalkCollector::tell(std::string_view code, const std::string& what, const std::string& path,
                         std::optional<uint64_t> offset) {
  problems_(Problem{.stage = Stage::probe,
                    .severity = Severity::warning,
                    .code = std::string(code),
                    .what = what,
                    .file_path = path,
                    .offset = offset,
                    .length = {}});
}

void WalkCollector::probe(const FileRecord& record, const std::string& path, uint64_t number) {
  // A file that was handed over as a log, or stands where one stands, is told of whatever comes of it.
  const bool meant = single_ || is_usual_place(path);
  auto stream = tree_.open(record.ref);
  if (!stream) return tell("read-error", stream.error().what, path, stream.error().offset);
  std::string head(kHead, '\0');
  auto got = (*stream)->read(0, std::as_writable_bytes(std::span(head)));
  if (!got) {
    if (meant) tell("read-error", got.error().what, path, got.error().offset);
    return;
  }
  if (*got == 0 && !meant) return;
  head.resize(*got);
  uint64_t size = (*stream)->size();
  wire::Candidate candidate;
  if (const std::string_view packed = compression_of(as_bytes(head)); !packed.empty()) {
    // Packed files are unpacked only as far as their head; the rest waits until a parser wants it.
    candidate.compression = packed;
    head = unpacked_head(**stream, kHead);
    size = 0;
    if (head.empty()) {
      if (!meant) return;
      candidate.reason = fmt::format("not even its beginning could be unpacked ({})", packed);
      tell("unpack-failed", candidate.reason, path, 0);
    }
  }
  const bool named = record.state != FileState::orphan;
  Located found = locate(as_bytes(head), named ? std::string_view(path) : std::string_view(), size);
  if (single_ && !found.parser) found = locate_by_name(as_bytes(head), name_of(path), size);
  if (found.parser) {
    candidate.parser = found.parser->about->name;
  } else if (*got == 0) {
    // Nothing to recognise it by: its name says whose it is.
    if (found.by_path) candidate.parser = found.by_path->about->name;
    if (!found.by_path) candidate.reason = "the file is empty";
  } else if (found.by_path) {
    candidate.parser = found.by_path->about->name;
    if (candidate.reason.empty())
      candidate.reason = "stands where a log of this kind stands, but its content is not one that any parser reads";
  } else if (!single_) {
    return;
  } else if (candidate.reason.empty()) {
    candidate.reason = "no parser reads content of this kind";
  }
  if (single_ && !found.parser && *got > 0) tell("unknown-content", candidate.reason, path, std::nullopt);
  candidate.file_number = number;
  candidate.ref = record.ref;
  candidate.path = displayable(path);
  candidate.state = static_cast<uint8_t>(record.state);
  candidate.size = static_cast<uint64_t>(record.size);
  candidate.modified = record.modified;
  candidates_.push_back(std::move(candidate));
}

bool WalkCollector::flush() {
  out_.clear();
  wire::put(out_, texts_, rows_);
  bool alive = rows_.empty() || channel_.send(wire::Type::files, out_.buffer());
  rows_.clear();
  texts_.clear();
  // By inode, so that the head moves over the disk in one direction.
  std::stable_sort(waiting_.begin(), waiting_.end(),
                   [](const ToProbe& a, const ToProbe& b) { return a.record.ref.inode < b.record.ref.inode; });
  for (const ToProbe& w : waiting_) probe(w.record, w.path, w.number);
  waiting_.clear();
  if (!candidates_.empty()) {
    out_.clear();
    wire::put(out_, candidates_);
    alive = channel_.send(wire::Type::candidates, out_.buffer()) && alive;
    candidates_.clear();
  }
  return alive;
}

bool WalkCollector::finish() { return flush(); }

}  // namespace necropsy
