// SPDX-License-Identifier: Apache-2.0
// Cuts a syslog file into pieces that may each be a record: lines, and parts of lines between runs of zero bytes or
// glued messages. Both passes over a file (year, then events) see the same pieces.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "formats/syslog_line.hpp"
#include "parse/content_stream.hpp"

namespace necropsy::syslog {

struct Piece {
  std::string_view text;  // not empty; valid until the next call
  uint64_t offset = 0;    // of its first byte
  uint32_t length = 0;    // bytes it takes in the file, with the line end
  uint64_t line = 0;      // from 1
  uint64_t zeros = 0;     // zero bytes between it and the piece before
  bool cut = false;       // the line was longer than what is read of one
  bool glued = false;     // it stands behind another message on the same line
  bool stamped = false;   // `stamp` was read at its front
};

class PieceReader {
 public:
  PieceReader(ContentStream& stream, uint64_t offset, uint64_t lines_before);
  // False at the end of the file or after a read error.
  bool next(Piece& piece, SyslogStamp& stamp);
  const std::optional<Error>& error() const { return error_; }
  uint64_t trailing_zeros() const { return zeros_; }  // at the end of the file, after the last piece
  uint64_t end_offset() const { return end_; }

 private:
  bool next_line();
  ContentStream& stream_;
  std::optional<LineReader> lines_;
  std::optional<Error> error_;
  Line line_;
  size_t at_ = 0;  // next unread byte of line_.text
  bool in_line_ = false;
  bool glued_ = false;
  uint64_t lines_before_;
  uint64_t zeros_ = 0;
  std::optional<uint64_t> resume_;  // behind a hole of zeros that the line ended in
  uint64_t hole_ = 0;               // zeros of that hole beyond the line's text
  uint64_t end_ = 0;
};

}  // namespace necropsy::syslog
