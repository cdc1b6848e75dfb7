// SPDX-License-Identifier: Apache-2.0
// BatchSink: a parser's EventSink that makes frames of what it is given.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/channel.hpp"
#include "parse/parser.hpp"

namespace necropsy {

// Keeps the first 20 problems of a code in full and counts the rest.
class ProblemTally {
 public:
  ProblemTally(Channel& channel, std::string path) : channel_(channel), path_(std::move(path)) {}
  void add(Problem problem);
  void flush();  // the counts of what was not sent in full

 private:
  struct Kept {
    uint64_t sent = 0, more = 0;
    Problem first_left_out;
  };
  Channel& channel_;
  std::string path_;
  std::map<std::pair<std::string, Stage>, Kept> kept_;
};

class BatchSink final : public EventSink {
 public:
  BatchSink(Channel& channel, std::string path);
  void event(const Event& event) override;
  void record_read(uint64_t count) override { read_ += count; }
  void unparsed(Extent where, std::string_view code, std::string_view why, Stage stage) override;
  void problem(Extent where, std::string_view code, std::string_view why, Stage stage, Severity severity) override;
  bool keep_going() const override { return !stopped_; }
  // Sends what is left. False when the channel is closed.
  bool finish();
  uint64_t records_read() const { return read_; }
  uint64_t records_unparsed() const { return unparsed_; }
  // Bases seen, for coverage: "zone", "offset", "zone, year inferred" …
  std::string zone_basis() const;

 private:
  void flush();
  int32_t shown(std::string_view text);  // index of the displayable form

  Channel& channel_;
  ProblemTally problems_;
  TextTable texts_;
  std::vector<EventRow> rows_;
  wire::Out out_;
  std::string scratch_;
  uint64_t read_ = 0, unparsed_ = 0;
  bool stopped_ = false;
  uint32_t bases_ = 0;
  bool year_inferred_ = false;
};

}  // namespace necropsy
