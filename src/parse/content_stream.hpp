// SPDX-License-Identifier: Apache-2.0
// ContentStream: random-access bytes of one file. LineReader: its lines, bounded, with their places.
// One thread at a time. Offsets are those of the unpacked content.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace necropsy {

class ContentStream {
 public:
  virtual ~ContentStream() = default;
  // Bytes that are promised; evidence may hold fewer (see read).
  virtual uint64_t size() const = 0;
  // Copies what lies at `offset` into `out`; fewer bytes than asked for only at the end of the content.
  // A read error of the evidence is an Error, never a short count.
  virtual Result<size_t> read(uint64_t offset, std::span<std::byte> out) = 0;
};

// Content held in memory: samples, tests, small files.
class MemoryStream final : public ContentStream {
 public:
  explicit MemoryStream(std::string bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override;

 private:
  std::string bytes_;
};

// Whole content, at most `limit` bytes (longer content is cut; compare size()).
Result<std::string> read_all(ContentStream& stream, size_t limit);

struct Line {
  std::string_view text;   // without its line end; valid until the next call
  uint64_t offset = 0;     // of its first byte
  uint32_t length = 0;     // bytes with the line end
  uint64_t number = 0;     // from 1
  bool cut = false;        // longer than kMaxLine: `text` is the beginning, the rest was passed over
  bool terminated = true;  // false for a last line without line end
};

class LineReader {
 public:
  static constexpr size_t kMaxLine = 1 << 20;
  // `utf16`: content is UTF-16LE (byte-order mark passed over); text is then UTF-8, offsets stay those of the file.
  explicit LineReader(ContentStream& stream, uint64_t offset = 0, bool utf16 = false);
  // The next line. LF, CRLF and a lone CR before LF end a line; NUL bytes stay in the text.
  // Nothing at the end, and after a read error (see error()).
  std::optional<Line> next();
  const std::optional<Error>& error() const { return error_; }
  uint64_t bytes_read() const { return window_offset_ + window_.size(); }

 private:
  bool fill();
  ContentStream& stream_;
  std::vector<char> window_;  // bytes [window_offset_, window_offset_ + size)
  uint64_t window_offset_;
  size_t position_ = 0;  // next unread byte in window_
  uint64_t number_ = 0;
  bool end_ = false;
  bool utf16_ = false;
  std::string converted_;
  std::optional<Error> error_;
};

}  // namespace necropsy
