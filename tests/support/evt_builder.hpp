// SPDX-License-Identifier: Apache-2.0
// Makes .evt files in memory as the Windows service lays them out: a ring behind a 48-byte header, the newest record
// over the oldest, split at the end of the file; closed, dirty, wrapped.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace necropsy::test {

struct EvtRecord {
  uint32_t time = 0;
  uint32_t identifier = 0;
  std::vector<std::u16string> strings = {};
  std::u16string source = u"Security";
  std::u16string computer = u"SRV1";
  uint16_t type = 8, category = 0;
  std::string sid = {}, data = {};      // binary
  std::optional<uint32_t> number = {};  // else the next
  std::optional<uint32_t> written = {};
};

// One record as bytes.
std::string evt_record(const EvtRecord& record, uint32_t number);
// S-1-<authority>-<parts…> as bytes.
std::string evt_sid(uint64_t authority, const std::vector<uint32_t>& parts);

class EvtBuilder {
 public:
  // `size` of the file: a multiple of 4, at least 48 + 40 and room for a record.
  explicit EvtBuilder(uint32_t size = 65536);
  // Appends; overwrites the oldest records when the ring is full.
  EvtBuilder& add(const EvtRecord& record);
  // The file as the service leaves it when it stops: header up to date. `cut`: only as long as it is filled (a backup).
  std::string closed(bool cut = false) const;
  // As on the disk of a running machine: flag dirty, the header's positions are those of `stale_after` records.
  std::string dirty(size_t stale_after = 0) const;
  size_t held() const { return places_.size(); }  // records in the chain
  uint32_t begin() const { return begin_; }
  uint32_t end() const { return end_; }
  bool last_is_split() const { return split_; }
  bool eof_is_split() const { return end_ + 40 > bytes_.size(); }

 private:
  void put(uint32_t at, std::string_view bytes);  // over the ring
  uint32_t forward(uint32_t at, uint32_t by) const;
  std::string with_header(uint32_t start, uint32_t end, uint32_t next, uint32_t oldest, uint32_t flags) const;
  std::string bytes_;
  std::deque<std::pair<uint32_t, uint32_t>> places_;  // offset and length of the records of the chain
  std::deque<uint32_t> numbers_;
  struct Position {
    uint32_t begin, end, next, oldest;
  };
  std::vector<Position> history_;
  uint32_t begin_ = 48, end_ = 48, next_ = 1, used_ = 0;
  bool wrapped_ = false, split_ = false;
};

}  // namespace necropsy::test
