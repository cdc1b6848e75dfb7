// SPDX-License-Identifier: Apache-2.0
// Classic Windows event log (.evt, NT 3.1 to Server 2003): header, end-of-file record, the ring of records, and what
// can still be carved of overwritten ones. Structure only, no meaning.
// Sources: ELF_LOGFILE_HEADER, ELF_EOF_RECORD and EVENTLOGRECORD of the Windows SDK; the libevt format description.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace necropsy::evt {

// Copies bytes at an offset of the file; fewer than asked for only at its end.
using ReadAt = std::function<Result<size_t>(uint64_t offset, std::span<std::byte> out)>;

inline constexpr uint32_t kHeaderSize = 0x30, kEofSize = 0x28, kFixedPart = 0x38;
inline constexpr uint32_t kDirty = 1, kWrapped = 2, kLogFull = 4, kArchive = 8;  // Header::flags

struct Header {
  uint32_t start = 0, end = 0;    // offsets of the oldest record and of the end-of-file record
  uint32_t next = 0, oldest = 0;  // number the next record will get; number of the oldest
  uint32_t max_size = 0, flags = 0, retention = 0;
};
// Nothing when the 48 bytes at the start of `head` are no header.
std::optional<Header> read_header(Bytes head);

// Where the log says that its records lie.
enum class Positions : uint8_t {
  header,      // the header of a log that was closed
  eof_record,  // the end-of-file record: the header was dirty or did not fit
  guessed,     // neither: the header's first record, read as far as the chain goes
  none,        // no chain at all: everything was carved
};

struct Record {
  uint64_t offset = 0;  // of its first byte; a split record goes on at 0x30
  uint32_t length = 0;
  bool split = false;
  bool recovered = false;    // not part of the chain: carved
  bool copy = false;         // carved, and a record of the same number, times and id was read before
  bool torn = false;         // its end was overwritten or damaged: `strings` are what could still be read
  bool strings_cut = false;  // fewer strings in the record than it declares
  uint32_t number = 0;
  uint32_t generated = 0, written = 0;  // POSIX seconds, UTC
  uint32_t identifier = 0;              // low 16 bits: event id; 16-27 facility; 29 customer; 30-31 severity
  uint16_t type = 0, category = 0, declared_strings = 0;
  std::string source, computer, sid;  // sid: S-1-…, empty when there is none
  std::vector<std::string> strings;   // UTF-8
  Bytes data;                         // valid during the call
};

// Something about the file that a reader must know; `code` is a stable word.
struct Oddity {
  uint64_t offset = 0;
  uint32_t length = 0;
  std::string_view code;
  std::string what;
  bool lost_record = false;  // a record that should have been there could not be read
  bool grave = false;
};

class Visitor {
 public:
  virtual ~Visitor() = default;
  // First the chain from the oldest record to the newest, then what was carved, by offset. False stops the reading.
  virtual bool record(const Record& record) = 0;
  virtual void oddity(const Oddity& oddity) = 0;
};

struct Summary {
  std::optional<Header> header;
  Positions positions = Positions::none;
  uint32_t next = 0, oldest = 0;  // as the chosen positions say
  uint64_t regular = 0, recovered = 0;
  bool stopped = false;  // by the visitor
};

// Reads the whole file: chain first, then carving. Never fails: a file without a readable byte gives an empty summary
// and oddities. Memory: 64 KiB windows, 8 bytes a record, and one record.
Summary read_file(const ReadAt& read, uint64_t size, Visitor& visitor);

// S-1-… from the binary form; empty when it does not fit.
std::string sid_text(Bytes sid);

// A file that shows no header but holds a record within `head` (a header that was overwritten, a fragment).
bool holds_record(Bytes head);

}  // namespace necropsy::evt
