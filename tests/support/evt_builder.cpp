// SPDX-License-Identifier: Apache-2.0
#include "support/evt_builder.hpp"

#include <algorithm>
#include <cstring>

namespace necropsy::test {
namespace {

constexpr uint32_t kHeader = 48, kEof = 40, kFixed = 56;

template <class T>
void put_number(std::string& out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
}
void put_text(std::string& out, std::u16string_view text) {
  for (char16_t c : text) put_number<uint16_t>(out, c);
  put_number<uint16_t>(out, 0);
}
void pad(std::string& out) { out.resize((out.size() + 3) / 4 * 4); }

std::string eof_record(uint32_t begin, uint32_t end, uint32_t next, uint32_t oldest) {
  std::string out;
  for (uint32_t v : {kEof, 0x11111111u, 0x22222222u, 0x33333333u, 0x44444444u, begin, end, next, oldest, kEof})
    put_number(out, v);
  return out;
}

}  // namespace

std::string evt_record(const EvtRecord& r, uint32_t number) {
  std::string body;
  put_text(body, r.source);
  put_text(body, r.computer);
  pad(body);
  const auto sid_at = static_cast<uint32_t>(kFixed + body.size());
  body += r.sid;
  const auto strings_at = static_cast<uint32_t>(kFixed + body.size());
  for (const std::u16string& s : r.strings) put_text(body, s);
  const auto data_at = static_cast<uint32_t>(kFixed + body.size());
  body += r.data;
  pad(body);
  const auto length = static_cast<uint32_t>(kFixed + body.size() + 4);
  std::string out;
  put_number(out, length);
  out += "LfLe";
  for (uint32_t v : {r.number.value_or(number), r.time, r.written.value_or(r.time), r.identifier}) put_number(out, v);
  put_number<uint16_t>(out, r.type);
  put_number<uint16_t>(out, static_cast<uint16_t>(r.strings.size()));
  put_number<uint16_t>(out, r.category);
  put_number<uint16_t>(out, 0);
  for (uint32_t v : {0u, strings_at, static_cast<uint32_t>(r.sid.size()), r.sid.empty() ? strings_at : sid_at,
                     static_cast<uint32_t>(r.data.size()), data_at})
    put_number(out, v);
  out += body;
  put_number(out, length);
  return out;
}

std::string evt_sid(uint64_t authority, const std::vector<uint32_t>& parts) {
  std::string out = {'\1', static_cast<char>(parts.size())};
  for (int shift = 40; shift >= 0; shift -= 8) out += static_cast<char>(authority >> shift);
  for (uint32_t p : parts) put_number(out, p);
  return out;
}

EvtBuilder::EvtBuilder(uint32_t size) : bytes_(size, '\0') {
  put(end_, eof_record(begin_, end_, next_, 0));
  history_.push_back({begin_, end_, next_, 0});
}

uint32_t EvtBuilder::forward(uint32_t at, uint32_t by) const {
  at += by;
  return at >= bytes_.size() ? kHeader + (at - static_cast<uint32_t>(bytes_.size())) : at;
}

void EvtBuilder::put(uint32_t at, std::string_view what) {
  for (char c : what) {
    bytes_[at] = c;
    at = forward(at, 1);
  }
}

EvtBuilder& EvtBuilder::add(const EvtRecord& r) {
  const std::string record = evt_record(r, next_);
  const uint32_t ring = static_cast<uint32_t>(bytes_.size()) - kHeader;
  uint32_t at = end_;
  // A fixed part that would not fit before the end of the file is not split: the tail is filled.
  const uint32_t tail = static_cast<uint32_t>(bytes_.size()) - at;
  uint32_t filler = tail < kFixed ? tail : 0;
  const auto need = static_cast<uint32_t>(record.size()) + kEof;
  while (!places_.empty() && used_ + filler + need > ring) {
    // The oldest goes, with the filler that may lie before the next one.
    places_.pop_front();
    numbers_.pop_front();
    wrapped_ = true;
    const uint32_t start = places_.empty() ? at : places_.front().first;
    used_ = end_ >= start ? end_ - start : static_cast<uint32_t>(bytes_.size()) - start + end_ - kHeader;
    if (places_.empty()) used_ = 0;
  }
  for (uint32_t i = 0; i + 4 <= filler; i += 4) put(at + i, std::string("\x27\0\0\0", 4));
  at = forward(at, filler);
  split_ = at + record.size() > bytes_.size();
  put(at, record);
  places_.emplace_back(at, static_cast<uint32_t>(record.size()));
  numbers_.push_back(r.number.value_or(next_));
  next_ = numbers_.back() + 1;
  used_ += filler + static_cast<uint32_t>(record.size());
  begin_ = places_.front().first;
  end_ = forward(at, static_cast<uint32_t>(record.size()));
  put(end_, eof_record(begin_, end_, next_, numbers_.front()));
  history_.push_back({begin_, end_, next_, numbers_.front()});
  return *this;
}

std::string EvtBuilder::with_header(uint32_t start, uint32_t end, uint32_t next, uint32_t oldest,
                                    uint32_t flags) const {
  std::string header;
  put_number(header, kHeader);
  header += "LfLe";
  for (uint32_t v : {1u, 1u, start, end, next, oldest, static_cast<uint32_t>(bytes_.size()), flags, 0u, kHeader})
    put_number(header, v);
  return header + bytes_.substr(kHeader);
}

std::string EvtBuilder::closed(bool cut) const {
  const Position& now = history_.back();
  std::string out = with_header(now.begin, now.end, now.next, now.oldest, wrapped_ ? 2 : 0);
  if (cut && !wrapped_) out.resize(end_ + kEof);
  return out;
}

std::string EvtBuilder::dirty(size_t stale_after) const {
  const Position& then = history_[std::min(stale_after, history_.size() - 1)];
  return with_header(then.begin, then.end, then.next, then.oldest, 1 | (wrapped_ ? 2 : 0));
}

}  // namespace necropsy::test
