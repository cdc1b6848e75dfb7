// SPDX-License-Identifier: Apache-2.0
// Rows on their way from a worker to the case file: events and files as plain numbers and indexes into a text table.
// A batch stands alone: nothing in it refers to another batch, and no id of the case is in it.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/timestamp.hpp"

namespace necropsy {

// Texts of a batch, each once.
class TextTable {
 public:
  // Index of `text`; -1 for empty text.
  int32_t add(std::string_view text) {
    if (text.empty()) return -1;
    if (const auto found = index_.find(text); found != index_.end()) return found->second;
    const auto n = static_cast<int32_t>(texts_.size());
    texts_.push_back(std::make_unique<std::string>(text));
    index_.emplace(*texts_.back(), n);
    bytes_ += text.size();
    return n;
  }
  size_t size() const { return texts_.size(); }
  size_t bytes() const { return bytes_; }
  std::string_view operator[](size_t i) const { return *texts_[i]; }
  void clear() {
    index_.clear();
    texts_.clear();
    bytes_ = 0;
  }

 private:
  std::vector<std::unique_ptr<std::string>> texts_;
  std::unordered_map<std::string_view, int32_t> index_;
  size_t bytes_ = 0;
};

// Texts are indexes into the batch's table, -1 for none. Numbers that are not there: kNone.
inline constexpr int64_t kNone = INT64_MIN;

struct EventRow {
  int64_t ts = 0;
  uint16_t ns = 0;
  uint16_t kind = 0;   // kind_id()
  uint16_t flags = 0;  // bits 0-2 basis, 3-5 precision, 6 year inferred, 7 ambiguous, 8 skipped
  uint64_t offset = 0;
  uint32_t length = 0;
  uint64_t record = 0;
  int32_t user = -1, target = -1, addr = -1, service = -1, process = -1, method = -1, format = -1, session = -1,
          path = -1, http_method = -1, url = -1, agent = -1;
  int32_t host = -1, source_host = -1, dest_addr = -1, dest_host = -1, command = -1;
  int64_t port = kNone, pid = kNone, status = kNone, bytes = kNone;
  int64_t dest_port = kNone, file_size = kNone, earliest = kNone, latest = kNone;
  int32_t text = -1, attributes = -1;  // message text and JSON object
};

struct EventBatch {
  std::vector<std::string_view> texts;
  std::vector<EventRow> rows;
};

enum class MacbSource : uint8_t { inode, si, fn, dir, usn, i30, journal };

// One name with its times grouped: equal instants share a row.
struct TimeRow {
  int64_t ts = 0;
  uint16_t ns = 0;
  uint16_t macb = 0;  // as table file_time keeps it
};

struct FileRow {
  int32_t dir = -1, name = -1, raw_name = -1, owner = -1, flags = -1, target = -1;
  uint64_t inode = 0;
  uint32_t sequence = 0;
  int32_t attribute_id = -1;
  uint8_t type = 0, state = 0;
  int64_t mode = kNone, uid = kNone, gid = kNone;
  int64_t size = 0;
  uint8_t times = 0;
  TimeRow time[8];
};

struct FileBatch {
  std::vector<std::string_view> texts;
  std::vector<FileRow> rows;
};

}  // namespace necropsy
