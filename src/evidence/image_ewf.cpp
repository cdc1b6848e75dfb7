// SPDX-License-Identifier: Apache-2.0
// EWF (E01) through libewf. libewf 20140813 reads what a missing or cut segment should hold, and every chunk with a
// wrong checksum, as zeros without an error; here each of these is a read error, and the damage is a Problem.
// Sections are walked once on opening: "EWF specification" by J. Metz (libewf documentation), sections 3 and 4.
#include <fcntl.h>
#include <libewf.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.hpp"
#include "evidence/image_parts.hpp"

namespace necropsy {
namespace {

constexpr size_t kFileHeader = 13;          // signature, fields start, segment number, fields end
constexpr size_t kSection = 76;             // type[16], next u64, size u64, padding[40], Adler-32 u32
constexpr uint32_t kMostChunk = 64u << 20;  // tools write 32 KiB to 16 MiB; libewf makes room for what is claimed
constexpr unsigned kMostSegments = 14'971;  // E01 … ZZZ

struct SegmentReport {
  bool complete = false;  // ends with "next" or "done"
  bool last = false;      // ends with "done"
  uint64_t chunks = 0;    // that its tables name
  std::string damage;
};

struct Sections {
  std::string header2, header, xheader;  // unpacked, of the first segment
  uint32_t sectors_per_chunk = 0, bytes_per_sector = 0;
};

std::string inflate_small(Bytes packed) {
  constexpr uLongf kMost = 1 << 20;
  std::string out(kMost, '\0');
  uLongf size = kMost;
  if (uncompress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(packed.data()),
                 static_cast<uLong>(packed.size())) != Z_OK)
    return {};
  out.resize(size);
  return out;
}

// Walks the chain of sections of one segment file.
SegmentReport walk_sections(ContentStream& file, Sections* facts) {
  SegmentReport report;
  uint64_t at = kFileHeader;
  // Each step goes forward, so the walk ends; a segment has a section per few MiB.
  while (true) {
    std::byte raw[kSection];
    auto got = file.read(at, raw);
    if (!got || *got < kSection) {
      report.damage = "is cut off at byte " + std::to_string(at);
      return report;
    }
    const ByteReader in(raw);
    const std::string_view type = in.padded_text(0, 16);
    const uint64_t next = *in.u64le(16);
    const uint64_t size = *in.u64le(24);
    if (*in.u32le(72) != adler32(1, reinterpret_cast<const Bytef*>(raw), 72)) {
      report.damage = "has a damaged section at byte " + std::to_string(at);
      return report;
    }
    if (type == "next" || type == "done") {
      report.complete = true;
      report.last = type == "done";
      return report;
    }
    if (next <= at || next > file.size()) {
      report.damage = "is cut off: its section at byte " + std::to_string(at) + " goes on to byte " +
                      std::to_string(next) + ", the file ends at " + std::to_string(file.size());
      return report;
    }
    const uint64_t body = at + kSection;
    const uint64_t body_size = std::min(next - body, size > kSection ? size - kSection : next - body);
    if (type == "table") {
      std::byte head[24];
      if (auto n = file.read(body, head); n && *n >= 4) report.chunks += *ByteReader(head).u32le(0);
    } else if (facts && (type == "volume" || type == "disk")) {
      // media type u32, chunks u32, sectors per chunk u32, bytes per sector u32
      std::byte head[16];
      if (auto n = file.read(body, head); n && *n == sizeof head) {
        facts->sectors_per_chunk = *ByteReader(head).u32le(8);
        facts->bytes_per_sector = *ByteReader(head).u32le(12);
      }
    } else if (facts && body_size <= (1 << 20) && (type == "header" || type == "header2" || type == "xheader")) {
      std::vector<std::byte> packed(body_size);
      if (auto n = file.read(body, packed); n && *n == packed.size()) {
        std::string& text = type == "header" ? facts->header : type == "header2" ? facts->header2 : facts->xheader;
        if (text.empty()) text = inflate_small(packed);
      }
    }
    at = next;
  }
}

// Value of a column of the header's "main" table: one line of tab-separated names, one of values.
std::string header_value(std::string_view text, std::string_view column) {
  const auto lines = split(text, '\n');
  for (size_t i = 0; i + 2 < lines.size(); ++i) {
    if (trim(lines[i]) != "main") continue;
    const auto names = split(lines[i + 1], '\t');
    const auto values = split(lines[i + 2], '\t');
    for (size_t k = 0; k < names.size() && k < values.size(); ++k)
      if (trim(names[k]) == column) return std::string(trim(values[k]));
  }
  return {};
}

// When the image was made. header2 (EnCase 4 and later) holds seconds since 1970; header holds the examiner's local
// time in six numbers, which no zone explains, and so gives a text only.
void read_acquired(const Sections& sections, ImageFacts& facts) {
  if (sections.header2.size() > 2) {
    const std::string text = utf16le_to_utf8(as_bytes(sections.header2));
    if (auto seconds = to_number<int64_t>(header_value(text, "m")); seconds && *seconds > 0 && *seconds < 1LL << 40) {
      facts.acquired = Timestamp::from_unix(*seconds);
      facts.acquired_text = iso_micro(*facts.acquired);
      return;
    }
  }
  if (const auto date = between(sections.xheader, "<acquiry_date>", "</acquiry_date>"))
    facts.acquired_text = std::string(trim(*date));
  const std::string old = header_value(sections.header, "m");
  const auto parts = split(old, ' ');
  Civil civil;
  if (facts.acquired_text.empty() && parts.size() == 6) {
    int64_t n[6] = {};
    bool numbers = true;
    for (size_t i = 0; i < 6; ++i) {
      const auto value = to_number<int32_t>(parts[i]);
      numbers = numbers && value && *value >= 0 && *value < 10'000;
      n[i] = value.value_or(0);
    }
    civil.year = static_cast<int32_t>(n[0]);
    if (numbers && n[1] < 13 && n[2] < 32 && n[3] < 24 && n[4] < 60 && n[5] < 61) {
      civil.month = static_cast<uint8_t>(n[1]);
      civil.day = static_cast<uint8_t>(n[2]);
      civil.hour = static_cast<uint8_t>(n[3]);
      civil.minute = static_cast<uint8_t>(n[4]);
      civil.second = static_cast<uint8_t>(n[5]);
      if (valid(civil)) {
        std::string iso = iso_micro(Timestamp::from_unix(unix_seconds(civil)));
        facts.acquired_text = iso.substr(0, 19) + " (local time of the acquiring machine)";
      }
    }
  }
  if (facts.acquired_text.empty()) facts.acquired_text = old;
}

struct EwfHandle {
  EwfHandle() = default;
  EwfHandle(EwfHandle&& other) noexcept : handle(other.handle) { other.handle = nullptr; }
  ~EwfHandle() {
    if (!handle) return;
    libewf_handle_close(handle, nullptr);
    libewf_handle_free(&handle, nullptr);
  }
  libewf_handle_t* handle = nullptr;
};

std::string ewf_error_text(libewf_error_t*& error) {
  char text[512] = "";
  if (error && libewf_error_sprint(error, text, sizeof text) < 0) text[0] = '\0';
  libewf_error_free(&error);
  std::string out = *text ? text : "libewf gave no reason";
  for (char& c : out)
    if (c == '\n' || c == '\r') c = ' ';
  return out;
}

class EwfMedium final : public Medium {
 public:
  EwfMedium(EwfHandle handle, uint64_t readable) : handle_(std::move(handle)), readable_(readable) {}

 protected:
  Result<void> fetch(uint64_t offset, std::span<std::byte> out) override {
    if (out.size() > readable_ || offset > readable_ - out.size())
      return fail(ErrorCode::truncated, "the segment that holds these bytes is missing or cut off", offset, out.size(),
                  offset < readable_ ? readable_ - offset : 0);
    size_t done = 0;
    while (done < out.size()) {
      libewf_error_t* error = nullptr;
      const ssize_t got = libewf_handle_read_random(handle_.handle, out.data() + done, out.size() - done,
                                                    static_cast<off64_t>(offset + done), &error);
      if (got <= 0) return fail(ErrorCode::io, ewf_error_text(error), offset + done, out.size() - done, 0);
      done += static_cast<size_t>(got);
    }
    note_checksum_errors();
    for (const Range& bad : bad_)
      if (bad.offset < offset + out.size() && offset < bad.offset + bad.length)
        return fail(ErrorCode::bad_value, "a chunk of the image does not match its checksum", bad.offset, bad.length,
                    0);
    return {};
  }

 private:
  struct Range {
    uint64_t offset, length;
  };
  // libewf keeps a list of chunks that it replaced with zeros; it may hold one of them in its cache without naming it
  // again, so the list is kept here.
  void note_checksum_errors() {
    uint32_t count = 0;
    if (libewf_handle_get_number_of_checksum_errors(handle_.handle, &count, nullptr) != 1) return;
    for (; known_ < count && bad_.size() < 100'000; ++known_) {
      uint64_t sector = 0, sectors = 0;
      if (libewf_handle_get_checksum_error(handle_.handle, known_, &sector, &sectors, nullptr) != 1) continue;
      bad_.push_back({sector * facts.sector_size, sectors * facts.sector_size});
    }
  }

  EwfHandle handle_;
  uint64_t readable_;  // bytes before the first missing segment
  uint32_t known_ = 0;
  std::vector<Range> bad_;
};

std::string text_value(libewf_handle_t* handle, std::string_view name, bool hash = false) {
  size_t size = 0;
  const auto* id = reinterpret_cast<const uint8_t*>(name.data());
  const int found = hash ? libewf_handle_get_utf8_hash_value_size(handle, id, name.size(), &size, nullptr)
                         : libewf_handle_get_utf8_header_value_size(handle, id, name.size(), &size, nullptr);
  if (found != 1 || size == 0 || size > (1 << 20)) return {};
  std::string out(size, '\0');
  auto* to = reinterpret_cast<uint8_t*>(out.data());
  const int got = hash ? libewf_handle_get_utf8_hash_value(handle, id, name.size(), to, size, nullptr)
                       : libewf_handle_get_utf8_header_value(handle, id, name.size(), to, size, nullptr);
  if (got != 1) return {};
  out.resize(std::strlen(out.c_str()));
  return out;
}

Problem segment_problem(const std::string& path, std::string code, std::string what) {
  return Problem{.stage = Stage::open,
                 .severity = Severity::error,
                 .code = std::move(code),
                 .what = std::move(what),
                 .file_path = path,
                 .offset = {},
                 .length = {}};
}

}  // namespace

std::string ewf_segment_name(const std::string& path, unsigned number) {
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos || path.size() - dot != 4 || number == 0 || number > kMostSegments) return {};
  const char first = path[dot + 1];
  const bool upper = first >= 'A' && first <= 'Z';
  if (!upper && !(first >= 'a' && first <= 'z')) return {};
  std::string out = path.substr(0, dot + 2);
  if (number < 100) {
    out += static_cast<char>('0' + number / 10);
    out += static_cast<char>('0' + number % 10);
    return out;
  }
  // After E99: EAA … EZZ, FAA …
  const unsigned n = number - 100;
  const unsigned step = n / (26 * 26);
  if (static_cast<unsigned>((upper ? 'Z' : 'z') - first) < step) return {};
  const char a = upper ? 'A' : 'a';
  out.back() = static_cast<char>(first + static_cast<int>(step));
  out += static_cast<char>(a + static_cast<int>(n / 26 % 26));
  out += static_cast<char>(a + static_cast<int>(n % 26));
  return out;
}

Result<std::unique_ptr<Medium>> open_ewf(const std::string& path) {
  // A later segment that is named by itself would bring the same disk a second time.
  {
    FileHandle fd = open_evidence(AT_FDCWD, path.c_str());
    std::byte head[kFileHeader];
    if (!fd) return fail(ErrorCode::io, errno_text("cannot open", path, errno));
    const auto got = read_descriptor(fd.get(), 0, head);
    if (!got) return tl::unexpected(got.error());
    const unsigned own = ByteReader(Bytes(head).first(*got)).u16le(9).value_or(0);
    if (own == 0) return fail(ErrorCode::truncated, "the EWF image ends within its header", 0, kFileHeader, *got);
    const std::string first = ewf_segment_name(path, 1);
    if (own != 1)
      return fail(ErrorCode::unsupported, path + " is segment " + std::to_string(own) +
                                              " of an EWF image: name the first, " +
                                              (first.empty() ? "which ends in .E01" : first));
  }
  std::vector<std::string> segments;
  std::vector<Problem> problems;
  Sections sections;
  uint64_t readable_chunks = 0;
  bool whole = true;  // no gap so far
  bool finished = false;
  unsigned absent = 0;
  std::string first_absent;
  for (unsigned number = 1; number <= kMostSegments && !finished && absent < 32; ++number) {
    // A single file may carry any name.
    const std::string name =
        ewf_segment_name(path, number).empty() && number == 1 ? path : ewf_segment_name(path, number);
    if (name.empty()) break;
    FileHandle fd = open_evidence(AT_FDCWD, name.c_str());
    if (!fd && errno == ENOENT) {
      if (absent++ == 0) first_absent = name;
      continue;
    }
    if (!fd) return fail(ErrorCode::io, errno_text("cannot open", name, errno));
    struct stat st {};
    if (fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) break;
    HandleStream file(std::move(fd), static_cast<uint64_t>(std::max<off_t>(st.st_size, 0)));
    std::byte head[kFileHeader];
    auto got = file.read(0, head);
    if (!got || *got < sizeof head || std::memcmp(head, "EVF\x09\x0d\x0a\xff\x00", 8) != 0) {
      problems.push_back(segment_problem(name, "bad-segment", name + " is not a segment of an EWF image"));
      whole = false;
      break;
    }
    if (const uint16_t own = *ByteReader(head).u16le(9); own != number) {
      problems.push_back(segment_problem(
          name, "bad-segment", name + " says that it is segment " + std::to_string(own) + ": it is not used"));
      whole = false;
      break;
    }
    if (absent != 0) {
      problems.push_back(
          segment_problem(first_absent, "missing-segment",
                          "segment " + first_absent + (absent > 1 ? " and more are" : " is") +
                              " missing although later ones are there: what lies behind cannot be read"));
      whole = false;
      break;
    }
    const SegmentReport report = walk_sections(file, number == 1 ? &sections : nullptr);
    segments.push_back(name);
    if (whole) readable_chunks += report.chunks;
    if (!report.complete) {
      problems.push_back(segment_problem(name, "truncated",
                                         name + " " + report.damage + ": what lies in it and behind cannot be read"));
      whole = false;
    }
    if (!whole) break;
    finished = report.last;
  }
  if (segments.empty()) return fail(ErrorCode::not_found, "the first segment of " + path + " is missing");
  if (whole && !finished && absent != 0) {
    problems.push_back(
        segment_problem(first_absent, "missing-segment",
                        "segment " + first_absent + " is missing: the last one that is there says that more follow"));
    whole = false;
  }

  EwfHandle handle;
  libewf_error_t* error = nullptr;
  if (libewf_handle_initialize(&handle.handle, &error) != 1)
    return fail(ErrorCode::internal, "libewf: " + ewf_error_text(error));
  std::vector<char*> names;
  for (std::string& s : segments) names.push_back(s.data());
  if (libewf_handle_open(handle.handle, names.data(), static_cast<int>(names.size()), LIBEWF_OPEN_READ, &error) != 1) {
    const std::string why = ewf_error_text(error);
    return fail(ErrorCode::bad_value, "the EWF image cannot be opened: " +
                                          (problems.empty() ? why : problems.front().what + " (" + why + ")"));
  }
  uint64_t bytes = 0;
  if (libewf_handle_get_media_size(handle.handle, &bytes, &error) != 1 || bytes > INT64_MAX)
    return fail(ErrorCode::bad_value, "the EWF image does not say how large the medium is: " + ewf_error_text(error));
  uint32_t chunk_size = 0;
  if (libewf_handle_get_chunk_size(handle.handle, &chunk_size, nullptr) == 1 && chunk_size > kMostChunk)
    return fail(ErrorCode::bad_value, "the EWF image claims chunks of " + std::to_string(chunk_size) +
                                          " bytes: its volume section is damaged");
  uint32_t sector = 0;
  if (libewf_handle_get_bytes_per_sector(handle.handle, &sector, nullptr) != 1 || sector < 512 || sector > 65536)
    sector = 512;
  uint64_t readable = bytes;
  if (!whole) {
    const uint64_t chunk = uint64_t{sections.sectors_per_chunk} * sections.bytes_per_sector;
    readable = chunk == 0 ? 0 : std::min(bytes, readable_chunks > bytes / chunk ? bytes : readable_chunks * chunk);
    if (readable == 0)
      return fail(ErrorCode::truncated, "nothing of the EWF image can be read: " + problems.front().what);
  }
  libewf_handle_t* h = handle.handle;
  auto medium = std::make_unique<EwfMedium>(std::move(handle), readable);
  ImageFacts& facts = medium->facts;
  facts.format = "ewf";
  facts.segments = segments;
  facts.bytes = bytes;
  facts.sector_size = sector;
  facts.md5_stored = to_lower(text_value(h, "MD5", true));
  facts.sha1_stored = to_lower(text_value(h, "SHA1", true));
  facts.case_number = text_value(h, "case_number");
  facts.evidence_number = text_value(h, "evidence_number");
  facts.examiner = text_value(h, "examiner_name");
  facts.description = text_value(h, "description");
  facts.notes = text_value(h, "notes");
  facts.acquisition_software = text_value(h, "acquiry_software_version");
  read_acquired(sections, facts);
  for (Problem& p : problems) {
    if (!whole) p.offset = readable;
    medium->problems.push_back(std::move(p));
  }
  return medium;
}

}  // namespace necropsy
