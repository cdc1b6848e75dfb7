// SPDX-License-Identifier: Apache-2.0
// Raw and split raw images, and the bridge that gives libtsk a medium that necropsy reads itself.
// libtsk's own raw reader would look for further segments by rules of its own, update the access time of the evidence
// and know nothing of a missing segment.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.hpp"
#include "evidence/image_parts.hpp"

namespace necropsy {

// libtsk calls back with the address of `info`, the first member.
struct Medium::Bridge {
  TSK_IMG_INFO info;
  Medium* medium;
};

Medium::Medium() : bridge_(std::make_unique<Bridge>()) { bridge_->medium = this; }

Medium::~Medium() {
  // tsk_img_close() releases the lock; the memory is ours.
  if (bridge_->info.read) tsk_img_close(&bridge_->info);
}

TSK_IMG_INFO* Medium::tsk() {
  TSK_IMG_INFO& info = bridge_->info;
  if (!info.read) {
    info.tag = TSK_IMG_INFO_TAG;
    tsk_img_open_external(
        &info, static_cast<TSK_OFF_T>(facts.bytes), facts.sector_size, &Medium::read_bridge, [](TSK_IMG_INFO*) {},
        [](TSK_IMG_INFO*, FILE*) {});
  }
  return &info;
}

Result<size_t> Medium::read(uint64_t offset, std::span<std::byte> out) {
  if (offset >= facts.bytes) return size_t{0};
  out = out.first(static_cast<size_t>(std::min<uint64_t>(out.size(), facts.bytes - offset)));
  if (auto done = fetch(offset, out); !done) return tl::unexpected(done.error());
  return out.size();
}

ssize_t Medium::read_bridge(TSK_IMG_INFO* image, TSK_OFF_T offset, char* out, size_t count) {
  Medium& medium = *reinterpret_cast<Bridge*>(image)->medium;
  image->sector_size = medium.facts.sector_size;
  Result<size_t> got = size_t{0};
  if (offset >= 0) got = medium.read(static_cast<uint64_t>(offset), {reinterpret_cast<std::byte*>(out), count});
  if (got && *got > 0) return static_cast<ssize_t>(*got);
  tsk_error_reset();
  tsk_error_set_errno(TSK_ERR_IMG_READ);
  tsk_error_set_errstr("%s", got ? "it ends before" : got.error().what.c_str());
  // When its cache cannot be filled, tsk_img_read() of 4.11.1 asks once more for just the bytes that are wanted. Where
  // these are not whole sectors it reads into a buffer of its own, ignores the failure and hands out zeros as if they
  // had been read. With sectors of one byte it goes the other way, which keeps the error; the next call sets it right.
  image->sector_size = 1;
  return -1;
}

namespace {

class RawMedium final : public Medium {
 public:
  struct Segment {
    std::string path;
    uint64_t start, size;
    FileHandle fd;  // opened when first needed
  };

  explicit RawMedium(std::vector<Segment> segments) : segments_(std::move(segments)) {}

 protected:
  Result<void> fetch(uint64_t offset, std::span<std::byte> out) override {
    while (!out.empty()) {
      // The last segment that starts at or before `offset`.
      auto next = std::upper_bound(segments_.begin(), segments_.end(), offset,
                                   [](uint64_t at, const Segment& s) { return at < s.start; });
      Segment& segment = *std::prev(next);
      const uint64_t within = offset - segment.start;
      const size_t count = static_cast<size_t>(std::min<uint64_t>(out.size(), segment.size - within));
      if (count == 0) return fail(ErrorCode::truncated, "the image ends here", offset, out.size(), 0);
      if (!segment.fd && !open_segment(segment)) return fail(ErrorCode::io, open_error_, offset, out.size(), 0);
      auto got = read_descriptor(segment.fd.get(), within, out.first(count));
      if (!got) {
        Error error = got.error();
        error.offset = offset;
        return tl::unexpected(error);
      }
      if (*got < count)
        return fail(ErrorCode::truncated, segment.path + " became shorter while it was read", offset + *got,
                    count - *got, 0);
      offset += count;
      out = out.subspan(count);
    }
    return {};
  }

 private:
  bool open_segment(Segment& segment) {
    // Images of thousands of pieces are read in order: a window of open ones is enough.
    if (open_.size() >= kMostOpen) {
      segments_[open_.front()].fd = FileHandle();
      open_.erase(open_.begin());
    }
    segment.fd = open_evidence(AT_FDCWD, segment.path.c_str());
    if (!segment.fd) {
      open_error_ = errno_text("cannot open", segment.path, errno);
      return false;
    }
    open_.push_back(static_cast<size_t>(&segment - segments_.data()));
    return true;
  }

  static constexpr size_t kMostOpen = 64;
  std::vector<Segment> segments_;
  std::vector<size_t> open_;
  std::string open_error_;
};

bool exists(const std::string& path) {
  struct stat st {};
  return stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
}

struct SplitName {
  std::string stem;  // with the dot
  bool digits = false;
  size_t width = 0;
  uint64_t number = 0;  // digits: the number; letters: base 26
};

// x.001, x.00, x.aa, x.aaa and what split(1) makes without a prefix of its own: xaa.
std::optional<SplitName> split_name(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string_view name = std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1);
  const size_t dot = name.rfind('.');
  SplitName out;
  std::string_view tail;
  if (dot != std::string_view::npos) {
    tail = name.substr(dot + 1);
  } else if (name.size() == 3 && name[0] == 'x') {
    tail = name.substr(1);
  }
  if (tail.size() < 2 || tail.size() > 6) return std::nullopt;
  out.stem = path.substr(0, path.size() - tail.size());
  out.width = tail.size();
  out.digits = is_digit(tail[0]);
  for (char c : tail) {
    if (out.digits ? !is_digit(c) : !(c >= 'a' && c <= 'z')) return std::nullopt;
    out.number = out.digits ? out.number * 10 + static_cast<uint64_t>(c - '0')
                            : out.number * 26 + static_cast<uint64_t>(c - 'a');
  }
  // .img, .raw and .iso are names, not numbers; so is .dd: letters count only as far as split(1) starts them.
  if (!out.digits && tail.size() > 3) return std::nullopt;
  return out;
}

std::optional<std::string> segment_name(const SplitName& split, uint64_t number) {
  std::string tail(split.width, split.digits ? '0' : 'a');
  const uint64_t base = split.digits ? 10 : 26;
  for (size_t i = split.width; i-- > 0; number /= base)
    tail[i] = static_cast<char>(tail[i] + static_cast<int>(number % base));
  if (number == 0) return split.stem + tail;
  // .999 is followed by .1000
  if (!split.digits) return std::nullopt;
  return split.stem + std::to_string(number) + tail;
}

constexpr uint64_t kMostSegments = 20'000;
constexpr uint64_t kLookAhead = 32;  // segments that may be missing before we stop looking for later ones

}  // namespace

std::vector<std::string> find_split_segments(const std::string& path, std::vector<std::string>& missing) {
  std::vector<std::string> segments{path};
  const auto split = split_name(path);
  if (!split || split->number > (split->digits ? 1u : 0u)) return segments;
  std::vector<std::string> gap;
  for (uint64_t number = split->number + 1; number < kMostSegments && gap.size() < kLookAhead; ++number) {
    const auto name = segment_name(*split, number);
    if (!name) break;
    if (!exists(*name)) {
      gap.push_back(*name);
    } else if (gap.empty()) {
      segments.push_back(*name);
    } else {
      missing = gap;
      break;
    }
  }
  return segments;
}

std::string first_split_segment(const std::string& path) {
  const auto split = split_name(path);
  if (!split || split->number == 0) return {};
  // Letters: a name like x.img is a segment only when x.aaa stands beside it.
  for (uint64_t first : {uint64_t{0}, uint64_t{1}}) {
    if (first >= split->number || (first == 1 && !split->digits)) continue;
    const auto name = segment_name(*split, first);
    if (name && exists(*name)) return *name;
  }
  return {};
}

Result<std::unique_ptr<Medium>> open_raw(const std::string& path, uint64_t size) {
  std::vector<std::string> missing;
  const std::vector<std::string> names = find_split_segments(path, missing);
  std::vector<RawMedium::Segment> segments;
  std::vector<std::string> odd;
  uint64_t at = 0;
  for (const std::string& name : names) {
    uint64_t bytes = size;
    if (&name != &names.front()) {
      struct stat st {};
      if (stat(name.c_str(), &st) != 0) return fail(ErrorCode::io, errno_text("cannot open", name, errno));
      bytes = static_cast<uint64_t>(std::max<off_t>(st.st_size, 0));
      if (bytes == 0) continue;
    }
    segments.push_back({name, at, bytes, FileHandle()});
    at += bytes;
  }
  // Splitting makes pieces of one size; one that is shorter has lost its end, and all behind it would be shifted.
  for (size_t i = 1; i + 1 < segments.size(); ++i)
    if (segments[i].size != segments[0].size) odd.push_back(segments[i].path);
  auto medium = std::make_unique<RawMedium>(std::move(segments));
  medium->facts.format = names.size() > 1 ? "split-raw" : "raw";
  medium->facts.segments = names;
  medium->facts.bytes = at;
  if (!missing.empty())
    medium->problems.push_back(Problem{.stage = Stage::open,
                                       .severity = Severity::error,
                                       .code = "missing-segment",
                                       .what = "segment " + missing.front() +
                                               (missing.size() > 1 ? " and more are" : " is") +
                                               " missing although later ones are there: only what lies before is read",
                                       .file_path = missing.front(),
                                       .offset = at,
                                       .length = {}});
  for (const std::string& name : odd)
    medium->problems.push_back(
        Problem{.stage = Stage::open,
                .severity = Severity::warning,
                .code = "segment-size",
                .what = "segment " + name + " is not as long as the first one: bytes may be missing",
                .file_path = name,
                .offset = {},
                .length = {}});
  return medium;
}

}  // namespace necropsy
