// SPDX-License-Identifier: Apache-2.0
#include "formats/evt_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/text.hpp"

namespace necropsy::evt {
namespace {

constexpr uint32_t kMagic = 0x654C664C;      // LfLe
constexpr uint32_t kFiller = 0x27;           // fills a tail in which no fixed part would fit
constexpr uint32_t kMaxRecord = 16u << 20;   // writers stop at 64 KiB; what claims more than this is no record
constexpr uint32_t kEarliest = 700'000'000;  // 1992: before the first Windows NT; carved records only
constexpr size_t kBlock = 64 * 1024;
constexpr size_t kMaxCandidates = 16;
constexpr size_t kMaxRanges = 1u << 20;
constexpr uint64_t kMaxFarTails = 4096;
constexpr uint64_t kMaxNotes = 20;
constexpr std::array<uint32_t, 4> kEofSignature = {0x11111111, 0x22222222, 0x33333333, 0x44444444};

bool plausible_type(uint16_t type) { return type <= 16 && (type & (type - 1)) == 0; }

// The file through two cached blocks: one follows the walk, the other serves jumps (offset 0x30, tails of records).
class Window {
 public:
  Window(const ReadAt& read, uint64_t size, Visitor& visitor) : read_(read), size_(size), visitor_(visitor) {}
  uint64_t size() const { return size_; }

  // The cached block that holds `offset`, from there on; empty past the end of what the evidence holds.
  Bytes at(uint64_t offset) {
    if (offset >= size_) return {};
    const uint64_t start = offset / kBlock * kBlock;
    Block* block = blocks_[0].start == start ? &blocks_[0] : blocks_[1].start == start ? &blocks_[1] : nullptr;
    if (!block) {
      block = &blocks_[recent_ ^ 1];
      load(*block, start);
    }
    recent_ = block == &blocks_[1];
    return ByteReader(block->bytes).slice(static_cast<size_t>(offset - start), kBlock);
  }
  // Copies [offset, offset + count); false when not all of it is there.
  bool copy(uint64_t offset, size_t count, std::byte* out) {
    while (count > 0) {
      const Bytes part = at(offset);
      if (part.empty()) return false;
      const size_t n = std::min(count, part.size());
      std::memcpy(out, part.data(), n);
      out += n;
      offset += n;
      count -= n;
    }
    return true;
  }
  // The same over the ring: what lies past the end of the file goes on behind the header.
  bool ring_copy(uint64_t offset, size_t count, std::byte* out) {
    const uint64_t ring = size_ > kHeaderSize ? size_ - kHeaderSize : 0;
    if (offset >= size_ || count > ring) return false;
    const size_t first = static_cast<size_t>(std::min<uint64_t>(count, size_ - offset));
    return copy(offset, first, out) && copy(kHeaderSize, count - first, out + first);
  }
  std::optional<uint32_t> ring_u32(uint64_t offset) {
    if (offset >= size_) {
      offset -= size_;
      if (offset >= size_) return std::nullopt;
      offset += kHeaderSize;
    }
    std::array<std::byte, 4> raw;
    if (!ring_copy(offset, 4, raw.data())) return std::nullopt;
    return ByteReader(raw).u32le(0);
  }

 private:
  struct Block {
    uint64_t start = UINT64_MAX;
    std::vector<std::byte> bytes;
  };
  void load(Block& block, uint64_t start) {
    block.start = start;
    const size_t want = static_cast<size_t>(std::min<uint64_t>(kBlock, size_ - start));
    block.bytes.resize(want);
    const auto got = read_(start, block.bytes);
    if (got) {
      block.bytes.resize(std::min(*got, want));
      return;
    }
    // Unreadable sectors count as zeros, so that what follows is still found.
    std::fill(block.bytes.begin(), block.bytes.end(), std::byte{0});
    if (start < reported_) return;
    reported_ = start + 1;
    visitor_.oddity({start, static_cast<uint32_t>(want), "read-error",
                     fmt::format("not readable: {}", got.error().what), false, true});
  }
  const ReadAt& read_;
  uint64_t size_;
  Visitor& visitor_;
  std::array<Block, 2> blocks_;
  size_t recent_ = 0;
  uint64_t reported_ = 0;
};

struct EofRecord {
  uint64_t offset = 0;
  uint32_t begin = 0, end = 0, next = 0, oldest = 0;
};

// Disjoint, sorted stretches of the file that the chain accounts for.
class Ranges {
 public:
  void add(uint64_t from, uint64_t to) {
    if (from >= to) return;
    if (!all_.empty() && all_.back().second == from) {
      all_.back().second = to;
    } else {
      all_.emplace_back(from, to);
    }
  }
  void sort() {
    std::sort(all_.begin(), all_.end());
    next_ = 0;
  }
  size_t count() const { return all_.size(); }
  // End of the stretch that holds `offset`, else nothing. Offsets must be asked for in rising order.
  std::optional<uint64_t> end_of(uint64_t offset) {
    while (next_ < all_.size() && all_[next_].second <= offset) ++next_;
    if (next_ < all_.size() && all_[next_].first <= offset) return all_[next_].second;
    return std::nullopt;
  }
  // Start of the next stretch after `offset` (asked for with end_of first).
  uint64_t next_start(uint64_t end) const { return next_ < all_.size() ? all_[next_].first : end; }

 private:
  std::vector<std::pair<uint64_t, uint64_t>> all_;
  size_t next_ = 0;
};

// UTF-16 text from `at` up to its NUL, which must lie before `end`; `at` then stands behind the NUL.
std::optional<std::string> terminated(const ByteReader& raw, size_t& at, size_t end) {
  for (size_t stop = at; stop + 2 <= end; stop += 2) {
    if (raw.u16le(stop).value_or(0) != 0) continue;
    std::string text = utf16le_to_utf8(raw.slice(at, stop - at));
    at = stop + 2;
    return text;
  }
  return std::nullopt;
}

uint64_t identity(const Record& r) {
  uint64_t h = 0x9E3779B97F4A7C15ull;
  for (uint64_t v :
       {uint64_t{r.number}, uint64_t{r.generated}, uint64_t{r.written}, uint64_t{r.identifier}, uint64_t{r.length}}) {
    h = (h ^ v) * 0xFF51AFD7ED558CCDull;
    h ^= h >> 32;
  }
  return h;
}

class Reader {
 public:
  Reader(const ReadAt& read, uint64_t size, Visitor& visitor) : file_(read, size, visitor), visitor_(visitor) {}

  Summary run() {
    choose_positions();
    if (summary_.positions != Positions::none) walk();
    if (!summary_.stopped) carve();
    if (remnants_ > kMaxNotes)
      note(0, 0, "remnant", fmt::format("{} more marks of records that cannot be read", remnants_ - kMaxNotes));
    return summary_;
  }

 private:
  void note(uint64_t offset, uint32_t length, std::string_view code, std::string what, bool lost = false) {
    visitor_.oddity({offset, length, code, std::move(what), lost, false});
  }
  uint64_t ring() const { return file_.size() > kHeaderSize ? file_.size() - kHeaderSize : 0; }
  uint64_t forward(uint64_t offset, uint64_t by) const {
    offset += by;
    return offset >= file_.size() ? kHeaderSize + (offset - file_.size()) % std::max<uint64_t>(ring(), 1) : offset;
  }
  bool in_ring(uint64_t offset) const { return offset >= kHeaderSize && offset < file_.size(); }

  std::optional<EofRecord> eof_at(uint64_t offset) {
    std::array<std::byte, kEofSize> raw;
    if (!in_ring(offset) || !file_.ring_copy(offset, raw.size(), raw.data())) return std::nullopt;
    const ByteReader r(raw);
    if (r.u32le(0) != kEofSize || r.u32le(36) != kEofSize) return std::nullopt;
    for (size_t i = 0; i < kEofSignature.size(); ++i)
      if (r.u32le(4 + i * 4) != kEofSignature[i]) return std::nullopt;
    return EofRecord{offset, *r.u32le(20), *r.u32le(24), *r.u32le(28), *r.u32le(32)};
  }
  bool head_at(uint64_t offset) {
    if (!in_ring(offset)) return false;
    const auto length = file_.ring_u32(offset), magic = file_.ring_u32(offset + 4);
    return length && magic == kMagic && *length >= kFixedPart && *length % 4 == 0 && *length <= kMaxRecord &&
           *length <= ring();
  }

  // All end-of-file records of the file; kept are those whose own offset fits, newest first.
  std::vector<EofRecord> find_eof_records() {
    std::vector<EofRecord> found;
    const auto keep = [&](uint64_t offset) {
      const auto eof = eof_at(offset);
      if (!eof) return;
      const auto better = [](const EofRecord& a, const EofRecord& b) {
        const bool a_own = a.offset == a.end, b_own = b.offset == b.end;
        return a_own != b_own ? a_own : a.next > b.next;
      };
      found.insert(std::upper_bound(found.begin(), found.end(), *eof, better), *eof);
      if (found.size() > kMaxCandidates) found.pop_back();
    };
    std::vector<std::byte> bytes;  // a copy: keep() moves the window
    for (uint64_t block = 0; block < file_.size(); block += kBlock) {
      const Bytes there = file_.at(block);
      bytes.assign(there.begin(), there.end());
      const ByteReader r(bytes);
      for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
        uint32_t value;
        std::memcpy(&value, bytes.data() + i, sizeof value);
        if (value != kEofSignature[0] || block + i < kHeaderSize + 4) continue;
        // A run of the first signature word (hostile) is told apart before the record is read.
        if (i + 8 <= bytes.size() && r.u32le(i + 4) != kEofSignature[1]) continue;
        keep(block + i - 4);
      }
      if (bytes.size() < kBlock) break;
    }
    // Only its length before the end of the file, all else behind the header.
    if (file_.size() >= kHeaderSize + 4) keep((file_.size() - 4) & ~uint64_t{3});
    return found;
  }

  void choose_positions() {
    std::array<std::byte, kHeaderSize> raw;
    if (file_.copy(0, raw.size(), raw.data())) summary_.header = read_header(raw);
    const auto& header = summary_.header;
    if (header && !(header->flags & kDirty)) {
      const auto eof = eof_at(header->end);
      if (eof && (header->start == header->end || head_at(header->start))) {
        take(Positions::header, header->start, *eof, header->next, header->oldest);
        return;
      }
      note(0, kHeaderSize, "stale-header", "the header says the log was closed, but its positions lead nowhere");
    }
    for (const EofRecord& eof : find_eof_records()) {
      if (eof.begin != eof.offset && !head_at(eof.begin)) continue;
      take(Positions::eof_record, eof.begin, eof, eof.next, eof.oldest);
      return;
    }
    if (file_.size() > kHeaderSize)
      note(0, 0, "no-eof-record", "no end-of-file record: the newest records may be missing, order rests on the chain");
    for (uint64_t start : {header ? uint64_t{header->start} : uint64_t{kHeaderSize}, uint64_t{kHeaderSize}}) {
      if (!head_at(start)) continue;
      summary_.positions = Positions::guessed;
      begin_ = start;
      return;
    }
  }
  void take(Positions positions, uint64_t begin, const EofRecord& eof, uint32_t next, uint32_t oldest) {
    summary_.positions = positions;
    begin_ = begin;
    eof_ = eof;
    summary_.next = next;
    summary_.oldest = oldest;
  }

  void cover(uint64_t offset, uint64_t length) {
    const uint64_t first = std::min(length, file_.size() - offset);
    ranges_.add(offset, offset + first);
    ranges_.add(kHeaderSize, kHeaderSize + length - first);
  }

  // The chain from the oldest record. Each step goes forward on the ring, and all steps together at most once round it.
  void walk() {
    uint64_t position = begin_, walked = 0;
    // How far the chain may go: to the end-of-file record, else once round.
    const uint64_t limit =
        eof_ ? (eof_->offset >= begin_ ? eof_->offset - begin_ : eof_->offset + ring() - begin_) : ring();
    while (walked < limit) {
      const auto length = file_.ring_u32(position);
      if (!length) {
        note(position, 0, "truncated", "the file ends inside its chain of records");
        return;
      }
      if (*length == kFiller && file_.size() - position < kFixedPart) {
        const uint64_t rest = file_.size() - position;
        cover(position, rest);
        walked += rest;
        position = kHeaderSize;
        continue;
      }
      if (*length == kEofSize && eof_at(position)) break;
      if (!head_at(position) || *length > limit - walked) {
        if (!eof_) {
          // Unused space follows the newest record when the log was never closed.
          if (*length != 0)
            note(position, 0, "broken-chain", "what follows the last record that could be followed is no record");
          return;
        }
        const uint64_t passed = resync(position, limit - walked);
        note(position, static_cast<uint32_t>(std::min<uint64_t>(passed, UINT32_MAX)), "broken-chain",
             fmt::format("{} bytes inside the chain of records are no record", passed), true);
        if (ranges_.count() > kMaxRanges) {
          note(position, 0, "limit", "too many breaks in the chain of records: the rest is carved");
          return;
        }
        walked += passed;
        position = forward(position, passed);
        continue;
      }
      Record record;
      read_record(position, *length, *length, record);
      const bool whole = file_.ring_u32(forward(position, *length - 4)) == *length;
      uint64_t step = *length;
      if (!whole) {
        record.torn = true;
        const uint64_t after = forward(position, *length);
        // A length that leads to no record and no end is itself damaged: look for the next record inside.
        if (walked + *length < limit && !head_at(after) && !eof_at(after)) {
          step = 4 + resync(forward(position, 4), std::min<uint64_t>(limit - walked - 4, *length));
          const auto readable = static_cast<uint32_t>(std::min<uint64_t>(step, *length));
          if (readable < kFixedPart) {
            note(position, readable, "broken-chain", "the next record begins inside the head of this one", true);
            cover(position, step);
            walked += step;
            position = forward(position, step);
            continue;
          }
          read_record(position, *length, readable, record);
          record.torn = true;
        }
      }
      cover(position, std::min<uint64_t>(step, limit - walked));
      chain_.push_back(identity(record));
      ++summary_.regular;
      if (!visitor_.record(record)) {
        summary_.stopped = true;
        return;
      }
      walked += step;
      position = forward(position, step);
    }
    if (const auto eof = eof_at(position)) {
      cover(eof->offset, kEofSize);
      if (eof_ && eof->offset != eof_->offset)
        note(position, kEofSize, "early-end",
             "the chain of records ends before the end-of-file record that is current");
    }
  }

  // Bytes from `position` to the next whole record or end-of-file record on the ring, at most `limit`.
  uint64_t resync(uint64_t position, uint64_t limit) {
    for (uint64_t passed = 4; passed < limit; passed += 4) {
      const uint64_t at = forward(position, passed);
      const auto magic = file_.ring_u32(at + 4);
      if (magic == kEofSignature[0] && eof_at(at)) return passed;
      if (magic != kMagic || !head_at(at)) continue;
      const auto length = file_.ring_u32(at);
      if (length && file_.ring_u32(forward(at, *length - 4)) == *length) return passed;
    }
    return limit;
  }

  // Fills `record` from the first `readable` bytes at `offset`.
  void read_record(uint64_t offset, uint32_t length, uint32_t readable, Record& record) {
    buffer_.assign(readable, std::byte{0});
    if (!file_.ring_copy(offset, readable, buffer_.data())) record.torn = true;
    const ByteReader r(buffer_);
    record.offset = offset;
    record.length = length;
    record.split = offset + length > file_.size();
    record.number = *r.u32le(8);
    record.generated = *r.u32le(12);
    record.written = *r.u32le(16);
    record.identifier = *r.u32le(20);
    record.type = *r.u16le(24);
    record.declared_strings = *r.u16le(26);
    record.category = *r.u16le(28);
    const uint32_t string_offset = *r.u32le(36), sid_length = *r.u32le(40), sid_offset = *r.u32le(44),
                   data_length = *r.u32le(48), data_offset = *r.u32le(52);
    const size_t end = readable == length ? length - 4 : readable;
    size_t at = kFixedPart;
    if (auto source = terminated(r, at, end)) record.source = std::move(*source);
    if (auto computer = terminated(r, at, end)) record.computer = std::move(*computer);
    if (sid_length > 0 && sid_offset >= kFixedPart)
      record.sid = sid_text(r.slice(sid_offset, std::min(sid_length, 68u)));
    record.data = {};
    size_t strings_end = end;
    if (data_length > 0 && data_offset >= kFixedPart && data_offset <= end) {
      record.data = r.slice(data_offset, std::min<size_t>(data_length, end - data_offset));
      if (data_offset >= string_offset) strings_end = data_offset;
    }
    record.strings.clear();
    at = string_offset;
    if (record.declared_strings > 0 && string_offset >= kFixedPart && string_offset <= strings_end) {
      while (record.strings.size() < record.declared_strings) {
        auto text = terminated(r, at, strings_end);
        if (!text) {
          // The last one may have lost its terminator; what stands there is kept.
          std::string rest = at < strings_end ? utf16le_to_utf8(r.slice(at, strings_end - at)) : std::string();
          if (!rest.empty()) record.strings.push_back(std::move(rest));
          break;
        }
        record.strings.push_back(std::move(*text));
      }
    }
    record.strings_cut = record.strings.size() < record.declared_strings;
  }

  bool offsets_fit(const ByteReader& fixed, uint32_t length) const {
    const auto fits = [&](size_t count_at, size_t offset_at) {
      return *fixed.u32le(count_at) == 0 || *fixed.u32le(offset_at) <= length;
    };
    return (*fixed.u16le(26) == 0 || *fixed.u32le(36) <= length) && fits(40, 44) && fits(48, 52);
  }

  // Everything that the chain does not account for.
  void carve() {
    ranges_.sort();
    std::sort(chain_.begin(), chain_.end());
    constexpr std::string_view kText = "LfLe";
    uint64_t position = 0;
    while (position < file_.size()) {
      if (const auto covered = ranges_.end_of(position)) {
        position = *covered;
        continue;
      }
      const Bytes block = file_.at(position);
      if (block.empty()) {
        note(position, 0, "truncated",
             fmt::format("the evidence holds {} of the {} bytes of the file", position, file_.size()));
        return;
      }
      const std::string_view text = as_text(block);
      size_t hit = text.find(kText);
      if (hit == std::string_view::npos) {
        // The word may lie across two blocks.
        const size_t tail = std::min<size_t>(3, block.size());
        std::array<std::byte, 6> seam{};
        const uint64_t from = position + block.size() - tail;
        if (file_.copy(from, tail + 3, seam.data())) hit = as_text(Bytes(seam).first(tail + 3)).find(kText);
        if (hit == std::string_view::npos) {
          position += block.size();
          continue;
        }
        hit += block.size() - tail;
      }
      const uint64_t magic_at = position + hit;
      if (magic_at < 4 || ranges_.end_of(magic_at - 4)) {
        position = magic_at + 4;
        continue;
      }
      const uint64_t next = carve_at(magic_at - 4);
      if (summary_.stopped) return;
      position = next;
    }
  }

  // One hit; where to go on looking.
  uint64_t carve_at(uint64_t start) {
    const uint64_t after_hit = start + 8;
    std::array<std::byte, kFixedPart> raw;
    const auto length = file_.ring_u32(start);
    if (!length || *length == kHeaderSize) return after_hit;  // the header, or one of a log that lay here before
    const bool sizes = *length >= kFixedPart && *length % 4 == 0 && *length <= kMaxRecord && *length <= ring();
    const auto remnant = [&](const char* why) {
      if (++remnants_ <= kMaxNotes) note(start, 0, "remnant", fmt::format("the mark of a record, but {}", why));
      return after_hit;
    };
    // Tails far away cost a read each: hostile marks get only so many.
    if (sizes && *length > kBlock && ++far_tails_ > kMaxFarTails) return remnant("it claims an absurd length");
    if (!sizes) return remnant("its length is none");
    if (!file_.ring_copy(start, raw.size(), raw.data())) return remnant("the file ends inside it");
    const ByteReader fixed(raw);
    if (*fixed.u32le(12) < kEarliest) return remnant("its time is none");
    const uint64_t gap_end = ranges_.next_start(file_.size());
    const bool beyond = start + *length > file_.size();
    const bool fits = beyond ? gap_end == file_.size() : start + *length <= gap_end;
    Record record;
    record.recovered = true;
    if (fits && offsets_fit(fixed, *length) && file_.ring_u32(forward(start, *length - 4)) == *length) {
      read_record(start, *length, *length, record);
      if (!emit(record)) return after_hit;
      return start + *length;
    }
    // Torn: it reaches to the next record, to what the chain holds, or to the end of the file.
    const uint64_t end = std::min({start + *length, gap_end, file_.size()});
    uint64_t readable = end - start;
    for (uint64_t at = start + 8; at < end;) {
      const Bytes part = file_.at(at);
      if (part.empty()) {
        readable = at - start;
        break;
      }
      const std::string_view text = as_text(part.first(std::min<size_t>(part.size(), static_cast<size_t>(end - at))));
      const size_t hit = text.find("LfLe");
      if (hit != std::string_view::npos) {
        readable = at + hit - start - 4;
        break;
      }
      at += text.size() > 3 && at + text.size() < end ? text.size() - 3 : text.size();
    }
    if (readable < kFixedPart + 4 || !plausible_type(*fixed.u16le(24))) return remnant("it was overwritten");
    record.torn = true;
    read_record(start, *length, static_cast<uint32_t>(readable), record);
    record.torn = true;
    record.split = false;
    if (record.source.empty() || displayable(record.source) != record.source)
      return remnant("its source cannot be read");
    emit(record);
    return after_hit;
  }

  bool emit(Record& record) {
    const uint64_t key = identity(record);
    record.copy = std::binary_search(chain_.begin(), chain_.end(), key) || !carved_.insert(key).second;
    ++summary_.recovered;
    if (visitor_.record(record)) return true;
    summary_.stopped = true;
    return false;
  }

  Window file_;
  Visitor& visitor_;
  Summary summary_;
  uint64_t begin_ = 0;
  std::optional<EofRecord> eof_;
  Ranges ranges_;
  std::vector<uint64_t> chain_;          // identities of the records of the chain, sorted before carving
  std::unordered_set<uint64_t> carved_;  // of the carved ones
  uint64_t remnants_ = 0, far_tails_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace

std::optional<Header> read_header(Bytes head) {
  const ByteReader r(head);
  if (!r.has(0, kHeaderSize) || r.u32le(0) != kHeaderSize || r.u32le(4) != kMagic || r.u32le(8) != 1u)
    return std::nullopt;
  return Header{*r.u32le(16), *r.u32le(20), *r.u32le(24), *r.u32le(28), *r.u32le(32), *r.u32le(36), *r.u32le(40)};
}

Summary read_file(const ReadAt& read, uint64_t size, Visitor& visitor) { return Reader(read, size, visitor).run(); }

std::string sid_text(Bytes sid) {
  const ByteReader r(sid);
  const auto revision = r.u8(0), count = r.u8(1);
  if (!revision || !count || *revision != 1 || *count > 15 || !r.has(8, size_t{*count} * 4)) return {};
  uint64_t authority = 0;
  for (size_t i = 2; i < 8; ++i) authority = authority << 8 | *r.u8(i);
  std::string text = fmt::format("S-1-{}", authority);
  for (size_t i = 0; i < *count; ++i) text += fmt::format("-{}", *r.u32le(8 + i * 4));
  return text;
}

bool holds_record(Bytes head) {
  const std::string_view text = as_text(head);
  const ByteReader r(head);
  for (size_t hit = text.find("LfLe"); hit != std::string_view::npos; hit = text.find("LfLe", hit + 4)) {
    if (hit < 4) continue;
    const auto length = r.u32le(hit - 4);
    const auto generated = r.u32le(hit + 8);
    if (!length || !generated || *length < kFixedPart || *length % 4 != 0 || *length > kMaxRecord) continue;
    if (*generated >= kEarliest && plausible_type(r.u16le(hit + 20).value_or(0xFFFF))) return true;
  }
  return false;
}

}  // namespace necropsy::evt
