// SPDX-License-Identifier: Apache-2.0
// Readers of binary logs, below the parsers that give them a meaning.
#include <algorithm>

#include "formats/evt_file.hpp"
#include "formats/utmp_record.hpp"
#include "fuzz/target.hpp"

namespace necropsy::fuzz {
namespace {

class EvtVisitor final : public evt::Visitor {
 public:
  explicit EvtVisitor(uint64_t size) : size_(size) {}
  bool record(const evt::Record& record) override {
    require(record.offset < size_, "a record lies outside the file");
    require(record.length <= size_, "a record is longer than the file");
    require(++records_ <= size_ / 4 + 1, "more records than fit into the file");
    require(record.strings.size() <= 65'535, "more strings than a record can count");
    return true;
  }
  void oddity(const evt::Oddity& oddity) override {
    require(!oddity.code.empty() && !oddity.what.empty(), "an oddity without code or reason");
    require(++oddities_ <= size_ + 64, "more oddities than bytes");
  }

 private:
  uint64_t size_, records_ = 0, oddities_ = 0;
};

void evt_file(Bytes input) {
  EvtVisitor visitor(input.size());
  const evt::ReadAt read = [&](uint64_t offset, std::span<std::byte> out) -> Result<size_t> {
    if (offset >= input.size()) return size_t{0};
    const Bytes part = input.subspan(offset, std::min<uint64_t>(out.size(), input.size() - offset));
    std::copy(part.begin(), part.end(), out.begin());
    return part.size();
  };
  evt::read_header(input);
  evt::holds_record(input.first(std::min<size_t>(input.size(), 4096)));
  evt::sid_text(input);
  evt::read_file(read, input.size(), visitor);
}

void utmp_record(Bytes input) {
  std::array<UtmpVote, kUtmpLayouts.size()> votes;
  foreign_utmp(input.first(std::min<size_t>(input.size(), 4096)), input.size());
  for (size_t i = 0; i < kUtmpLayouts.size(); ++i) {
    const UtmpLayout layout = kUtmpLayouts[i];
    votes[i] = count_utmp(input, layout);
    const size_t step = record_size(layout);
    for (size_t at = 0; at < input.size(); at += step) {
      const Bytes one = input.subspan(at, std::min(step, input.size() - at));
      const bool whole = one.size() == step;
      require(judge_utmp(one, layout) == UtmpQuality::bad || whole, "a record that is too short is judged to be one");
      read_utmp(one, layout);
    }
    if (const auto found = resync_utmp(input, 1, layout))
      require(*found >= 1 && *found < input.size(), "a record is found outside the bytes");
  }
  best_utmp(votes);
}

}  // namespace

extern const Target reader_evt_file, reader_utmp_record;
const Target reader_evt_file{evt_file};
const Target reader_utmp_record{utmp_record};

}  // namespace necropsy::fuzz
