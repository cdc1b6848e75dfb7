// SPDX-License-Identifier: Apache-2.0
// Frames between conductor and workers: u32 length, u8 type, payload. What a worker sends is checked like evidence:
// lengths, counts, indexes, numbers and enumerations; one thing out of place refuses the frame.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/sandbox.hpp"
#include "evidence/image.hpp"
#include "model/host_profile.hpp"
#include "model/problem.hpp"
#include "model/rows.hpp"

namespace necropsy::wire {

inline constexpr uint32_t kMaxFrame = 8u << 20;
inline constexpr uint32_t kMaxRows = 65'536;
inline constexpr size_t kHeader = 5;

enum class Type : uint8_t {
  job = 1,  // conductor to worker
  image,    // facts, volumes, filesystem facts
  profile,
  files,
  candidates,
  events,
  problem,
  packages,
  digests,
  bytes,     // content of a file
  record,    // raw bytes of an event
  progress,  // bytes read so far; also says that the worker is alive
  done,
  confined,  // which protections are on; once, before the first job
  confine,   // conductor to worker: what may be read; the first frame of all
};
inline constexpr uint8_t kLastType = static_cast<uint8_t>(Type::confined);  // of those a worker sends

class Out {
 public:
  void u8(uint8_t v) { buffer_ += static_cast<char>(v); }
  void uint(uint64_t v) {
    while (v >= 0x80) {
      buffer_ += static_cast<char>(v | 0x80);
      v >>= 7;
    }
    buffer_ += static_cast<char>(v);
  }
  void sint(int64_t v) { uint((static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63)); }
  void text(std::string_view t) {
    uint(t.size());
    buffer_ += t;
  }
  void flag(bool b) { u8(b ? 1 : 0); }
  template <class T, class F>
  void list(const std::vector<T>& items, F each) {
    uint(items.size());
    for (const T& item : items) each(item);
  }
  void time(const std::optional<Timestamp>& t) {
    flag(t.has_value());
    if (t) {
      sint(t->us);
      uint(t->ns);
    }
  }
  void number(const std::optional<int64_t>& n) {
    flag(n.has_value());
    if (n) sint(*n);
  }
  std::string& buffer() { return buffer_; }
  void clear() { buffer_.clear(); }

 private:
  std::string buffer_;
};

// Reads what Out wrote. After anything out of place ok() is false and all further values are zero or empty.
class In {
 public:
  explicit In(std::string_view data) : data_(data) {}
  bool ok() const { return ok_; }
  bool finished() const { return ok_ && data_.empty(); }
  void refuse() { ok_ = false; }
  uint8_t u8() {
    if (!ok_ || data_.empty()) return spoil();
    const auto v = static_cast<uint8_t>(data_.front());
    data_.remove_prefix(1);
    return v;
  }
  uint64_t uint() {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t b = u8();
      if (!ok_) return 0;
      if (shift == 63 && b > 1) return spoil();
      v |= static_cast<uint64_t>(b & 0x7F) << shift;
      if (!(b & 0x80)) return v;
    }
    return spoil();
  }
  int64_t sint() {
    const uint64_t v = uint();
    return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
  }
  std::string_view text() {
    const uint64_t size = uint();
    if (!ok_ || size > data_.size()) {
      spoil();
      return {};
    }
    const std::string_view t = data_.substr(0, size);
    data_.remove_prefix(size);
    return t;
  }
  bool flag() {
    const uint8_t v = u8();
    if (v > 1) spoil();
    return v == 1;
  }
  // Number of items that follow; each takes at least one byte, so no count can make memory grow beyond the frame.
  size_t count(size_t ceiling = kMaxFrame) {
    const uint64_t n = uint();
    if (n > ceiling || n > data_.size()) return spoil();
    return n;
  }
  template <class E>
  E choice(E last) {
    const uint8_t v = u8();
    if (v > static_cast<uint8_t>(last)) return static_cast<E>(spoil());
    return static_cast<E>(v);
  }
  std::optional<Timestamp> time() {
    if (!flag()) return std::nullopt;
    Timestamp t;
    t.us = sint();
    const uint64_t ns = uint();
    if (ns > 999) spoil();
    t.ns = static_cast<uint16_t>(ns);
    return t;
  }
  std::optional<int64_t> number() {
    if (!flag()) return std::nullopt;
    return sint();
  }

 private:
  uint8_t spoil() {
    ok_ = false;
    data_ = {};
    return 0;
  }
  std::string_view data_;
  bool ok_ = true;
};

// A file that may be a log, found by the walk; `file_number` counts the walk's rows from 0.
struct Candidate {
  uint64_t file_number = 0;
  FileRef ref;
  std::string path;  // displayed, below the mount point
  std::string parser;
  std::string compression;
  uint8_t state = 0;
  uint64_t size = 0;
  std::optional<Timestamp> modified;
  // Empty for a log to be parsed; else why it is not: its place is a log's, its content is none that necropsy reads.
  std::string reason;
};

struct VolumeReport {
  VolumeInfo info;
  std::optional<FilesystemFacts> filesystem;
  std::string fstab;               // content, where the volume has one
  bool is_windows_system = false;  // holds WINDOWS or WINNT with system32
};

struct ImageReport {
  ImageFacts facts;
  std::vector<VolumeReport> volumes;
};

struct PackageRow {
  std::string package, version, path, md5;
  bool conffile = false;
  std::optional<Timestamp> installed;
};

struct DigestRow {
  int64_t id = 0;  // as given in the job
  std::string md5, sha256;
};

// no_space: not the evidence's fault; the run ends and may be taken up again.
enum class JobEnd : uint8_t { complete, partial, failed, no_space };
struct JobDone {
  JobEnd end = JobEnd::complete;
  std::string reason;
  uint64_t records_read = 0, records_unparsed = 0, bytes_read = 0;
  std::string zone_basis;
  std::string sha256, md5, sha1;  // of media
};

void put(Out& out, const HostProfile& profile);
HostProfile get_profile(In& in);
void put(Out& out, const ImageReport& report);
ImageReport get_image(In& in);
void put(Out& out, const Problem& problem, uint64_t repeats);
Problem get_problem(In& in, uint64_t& repeats);
void put(Out& out, const std::vector<Candidate>& candidates);
std::vector<Candidate> get_candidates(In& in);
void put(Out& out, const std::vector<PackageRow>& packages);
std::vector<PackageRow> get_packages(In& in);
void put(Out& out, const std::vector<DigestRow>& digests);
std::vector<DigestRow> get_digests(In& in);
void put(Out& out, const SandboxPolicy& policy);
SandboxPolicy get_policy(In& in);
void put(Out& out, const SandboxState& state);
SandboxState get_sandbox(In& in);
void put(Out& out, const JobDone& done);
JobDone get_done(In& in);
void put(Out& out, const FileRef& ref);
FileRef get_file_ref(In& in);
// Batches: texts, then rows; a row's text index beyond the table refuses the frame.
void put(Out& out, const TextTable& texts, const std::vector<EventRow>& rows);
EventBatch get_events(In& in);
void put(Out& out, const TextTable& texts, const std::vector<FileRow>& rows);
FileBatch get_files(In& in);

}  // namespace necropsy::wire
