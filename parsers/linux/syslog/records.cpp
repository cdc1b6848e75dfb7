// SPDX-License-Identifier: Apache-2.0
#include "linux/syslog/records.hpp"

#include <array>
#include <cstring>

namespace necropsy::syslog {
namespace {

// First byte at or after `from` that is not zero; the end of the content when there is none. A log that was truncated
// under its writer begins with a hole that may be larger than all the rest.
Result<uint64_t> skip_zeros(ContentStream& stream, uint64_t from) {
  std::array<std::byte, 64 * 1024> block;
  for (;;) {
    const auto got = stream.read(from, block);
    if (!got) return tl::unexpected(got.error());
    for (size_t i = 0; i < *got; ++i)
      if (block[i] != std::byte{0}) return from + i;
    from += *got;
    if (*got < block.size()) return from;
  }
}

}  // namespace

PieceReader::PieceReader(ContentStream& stream, uint64_t offset, uint64_t lines_before)
    : stream_(stream), lines_before_(lines_before), end_(offset) {
  lines_.emplace(stream, offset);
}

bool PieceReader::next_line() {
  for (;;) {
    if (resume_) {
      zeros_ += hole_;
      lines_before_ = line_.number;
      lines_.emplace(stream_, *resume_);
      end_ = *resume_;
      resume_.reset();
    }
    const auto line = lines_->next();
    if (!line) {
      error_ = lines_->error();
      return false;
    }
    line_ = *line;
    line_.number += lines_before_;
    at_ = 0;
    in_line_ = true;
    glued_ = false;
    end_ = line_.offset + line_.length;
    if (!line_.cut || !line_.text.ends_with('\0')) return true;
    // The reader gave up on a line that ends in zeros: what follows the hole is looked for byte by byte.
    const uint64_t text_end = line_.offset + line_.text.size();
    const auto next = skip_zeros(stream_, text_end);
    if (!next) {
      error_ = next.error();
      return true;
    }
    line_.cut = false;
    resume_ = *next;
    hole_ = *next - text_end;
    if (line_.text.find_first_not_of('\0') != std::string_view::npos) return true;
    zeros_ += line_.text.size();
    --line_.number;
  }
}

bool PieceReader::next(Piece& piece, SyslogStamp& stamp) {
  for (;;) {
    if (!in_line_ && !next_line()) return false;
    const std::string_view text = line_.text;
    while (at_ < text.size() && text[at_] == '\0') {
      ++at_;
      ++zeros_;
    }
    if (at_ >= text.size()) {
      in_line_ = false;
      continue;
    }
    const size_t start = at_;
    size_t stop = text.size();
    if (const void* zero = std::memchr(text.data() + start, 0, text.size() - start))
      stop = static_cast<size_t>(static_cast<const char*>(zero) - text.data());
    std::string_view part = text.substr(start, stop - start);
    piece.stamped = read_syslog_stamp(part, stamp);
    // Only messages that begin with <PRI> come from a template that may leave out the line end.
    const bool was_glued = glued_;
    if (piece.stamped && part.front() == '<') {
      if (const size_t next = find_glued_message(part, stamp.end); next != std::string_view::npos) {
        part = part.substr(0, next);
        stop = start + next;
        glued_ = true;
      }
    }
    at_ = stop;
    piece.text = part;
    piece.offset = line_.offset + start;
    // The last part of a line takes its end with it.
    piece.length =
        stop == text.size() ? line_.length - static_cast<uint32_t>(start) : static_cast<uint32_t>(part.size());
    piece.line = line_.number;
    piece.zeros = zeros_;
    piece.cut = line_.cut && stop == text.size();
    piece.glued = was_glued;
    zeros_ = 0;
    if (at_ >= text.size()) in_line_ = false;
    return true;
  }
}

}  // namespace necropsy::syslog
