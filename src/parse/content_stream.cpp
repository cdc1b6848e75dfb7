// SPDX-License-Identifier: Apache-2.0
#include "parse/content_stream.hpp"

#include <algorithm>
#include <cstring>

#include "base/text.hpp"

namespace necropsy {
namespace {
constexpr size_t kStep = 64 * 1024;  // libtsk's cache line: larger reads bypass it and are slower
}

Result<size_t> MemoryStream::read(uint64_t offset, std::span<std::byte> out) {
  if (offset >= bytes_.size()) return 0;
  const size_t count = std::min<uint64_t>(out.size(), bytes_.size() - offset);
  std::memcpy(out.data(), bytes_.data() + offset, count);
  return count;
}

Result<std::string> read_all(ContentStream& stream, size_t limit) {
  std::string out;
  for (;;) {
    const size_t want = std::min(kStep, limit - out.size());
    if (want == 0) return out;
    const size_t have = out.size();
    out.resize(have + want);
    auto got = stream.read(have, std::as_writable_bytes(std::span(out).subspan(have)));
    if (!got) return tl::unexpected(got.error());
    out.resize(have + *got);
    if (*got < want) return out;
  }
}

LineReader::LineReader(ContentStream& stream, uint64_t offset, bool utf16)
    : stream_(stream), window_offset_(offset), utf16_(utf16) {}

// Drops what was handed out, keeps the rest and appends one step; false at the end.
bool LineReader::fill() {
  if (end_) return false;
  if (position_ > 0) {
    window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(position_));
    window_offset_ += position_;
    position_ = 0;
  }
  const size_t have = window_.size();
  window_.resize(have + kStep);
  auto got = stream_.read(window_offset_ + have, std::as_writable_bytes(std::span(window_).subspan(have)));
  if (!got) error_ = got.error();
  const size_t count = got ? *got : 0;
  window_.resize(have + count);
  if (count < kStep) end_ = true;
  return count > 0;
}

std::optional<Line> LineReader::next() {
  size_t searched = 0;
  bool cut = false;
  size_t stop = std::string_view::npos;  // of the line end, relative to position_
  for (;;) {
    const std::string_view rest(window_.data() + position_, window_.size() - position_);
    stop = std::string_view::npos;
    for (size_t at = searched;;) {
      at = rest.find('\n', at);
      if (at == std::string_view::npos) break;
      // In UTF-16LE a line end is 0A 00 on an even place of the line.
      if (!utf16_ || (at % 2 == 0 && at + 1 < rest.size() && rest[at + 1] == '\0')) {
        stop = at;
        break;
      }
      ++at;
    }
    if (stop != std::string_view::npos || end_) break;
    searched = utf16_ ? (rest.size() >= 2 ? rest.size() - 2 : 0) : rest.size();
    if (rest.size() >= kMaxLine) {
      cut = true;
      break;
    }
    if (!fill() && end_ && window_.size() == position_) break;
  }
  const size_t available = window_.size() - position_;
  // What stands before an unreadable place is no line: its end is missing.
  if (available == 0 || (error_ && stop == std::string_view::npos && !cut)) return std::nullopt;

  Line line;
  line.offset = window_offset_ + position_;
  line.number = ++number_;
  const size_t line_end_size = utf16_ ? 2 : 1;
  size_t text_size = stop == std::string_view::npos ? available : stop;
  size_t consumed = stop == std::string_view::npos ? available : std::min(stop + line_end_size, available);
  line.terminated = stop != std::string_view::npos;
  if (cut) {
    text_size = kMaxLine;
    converted_.assign(window_.data() + position_, text_size);
    // Pass over the rest of the line without keeping it.
    uint64_t passed = available;
    position_ = window_.size();
    bool found = false;
    while (!found && fill()) {
      const std::string_view more(window_.data(), window_.size());
      const size_t at = more.find('\n');
      found = at != std::string_view::npos;
      const size_t take = found ? std::min(at + line_end_size, more.size()) : more.size();
      passed += take;
      position_ = take;
    }
    line.cut = true;
    line.terminated = found;
    line.length = static_cast<uint32_t>(std::min<uint64_t>(passed, UINT32_MAX));
    line.text = converted_;
  } else {
    line.text = {window_.data() + position_, text_size};
    line.length = static_cast<uint32_t>(consumed);
    position_ += consumed;
  }
  if (utf16_) {
    std::string_view raw = line.text;
    if (line.offset == 0 && raw.starts_with("\xFF\xFE")) raw.remove_prefix(2);
    converted_ = utf16le_to_utf8(as_bytes(raw));
    line.text = converted_;
  }
  if (line.text.ends_with('\r')) line.text.remove_suffix(1);
  return line;
}

}  // namespace necropsy
