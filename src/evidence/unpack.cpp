// SPDX-License-Identifier: Apache-2.0
// Packed logs as their content. Sizes in headers are never believed: memory and spool grow with the bytes that really
// come out, up to a budget.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "evidence/image_parts.hpp"
#include "evidence/unpack_codec.hpp"

namespace necropsy {
namespace {

constexpr size_t kInput = 64 * 1024;
constexpr size_t kOutput = 256 * 1024;
constexpr size_t kInMemory = 8u << 20;

// Takes what comes out: first in memory, then in the caller's temporary file.
class Spool {
 public:
  Spool(int fd, uint64_t budget) : fd_(fd), budget_(budget) {}

  std::optional<Error> add(std::span<const std::byte> bytes) {
    if (bytes.size() > budget_ - size_) {
      if (auto error = store(bytes.first(static_cast<size_t>(budget_ - size_)))) return error;
      return Error{ErrorCode::limit, "unpacks to more than " + std::to_string(budget_) + " bytes: the rest is left out",
                   0, 0, size_};
    }
    return store(bytes);
  }

  std::unique_ptr<ContentStream> finish();

 private:
  std::optional<Error> store(std::span<const std::byte> bytes) {
    if (!spooled_ && memory_.size() + bytes.size() > kInMemory) {
      if (fd_ < 0)
        return Error{ErrorCode::limit, "unpacks to more than fits in memory: the rest is left out", 0, 0, size_};
      // What an earlier log left behind must not show through the holes.
      if (ftruncate(fd_, 0) != 0)
        return Error{ErrorCode::io, errno_text("cannot empty", "the temporary file", errno), 0, 0, 0};
      if (auto error = write_out(std::as_bytes(std::span(memory_)), 0)) return error;
      spooled_ = true;
      memory_ = std::string();
    }
    if (spooled_) {
      // Zeros stay holes: a bomb of them takes no room.
      const bool zeros = std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
      if (!zeros)
        if (auto error = write_out(bytes, size_)) return error;
    } else {
      memory_.append(as_text(bytes));
    }
    size_ += bytes.size();
    return std::nullopt;
  }

  std::optional<Error> write_out(std::span<const std::byte> bytes, uint64_t at) {
    while (!bytes.empty()) {
      const ssize_t put = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0)
        return Error{errno == EFBIG || errno == ENOSPC || errno == EDQUOT ? ErrorCode::no_space : ErrorCode::io,
                     errno_text("cannot keep", "the unpacked bytes", errno), 0, bytes.size(), 0};
      at += static_cast<uint64_t>(put);
      bytes = bytes.subspan(static_cast<size_t>(put));
    }
    return std::nullopt;
  }

  int fd_;
  uint64_t budget_;
  std::string memory_;
  uint64_t size_ = 0;  // bytes kept
  bool spooled_ = false;
};

class SpooledStream final : public ContentStream {
 public:
  SpooledStream(int fd, uint64_t size) : fd_(fd), size_(size) {}
  uint64_t size() const override { return size_; }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
    if (offset >= size_) return size_t{0};
    const auto wanted = out.first(static_cast<size_t>(std::min<uint64_t>(out.size(), size_ - offset)));
    auto got = read_descriptor(fd_, offset, wanted);
    if (!got) return got;
    // Zeros at the end are a hole that the file does not reach.
    std::fill(wanted.begin() + static_cast<ptrdiff_t>(*got), wanted.end(), std::byte{0});
    return wanted.size();
  }

 private:
  int fd_;  // the caller's
  uint64_t size_;
};

std::unique_ptr<ContentStream> Spool::finish() {
  if (spooled_) return std::make_unique<SpooledStream>(fd_, size_);
  return std::make_unique<MemoryStream>(std::move(memory_));
}

// Window over the packed bytes.
class Input {
 public:
  explicit Input(ContentStream& stream) : stream_(stream), buffer_(kInput) {}

  // Makes at least `least` bytes visible unless the content ends before.
  std::optional<Error> want(size_t least) {
    while (have() < least && !end_) {
      std::memmove(buffer_.data(), buffer_.data() + from_, have());
      to_ -= from_;
      from_ = 0;
      auto got = stream_.read(read_, std::span(buffer_).subspan(to_));
      if (!got) return got.error();
      if (*got == 0) end_ = true;
      read_ += *got;
      to_ += *got;
    }
    return std::nullopt;
  }
  Bytes bytes() const { return std::span(buffer_).subspan(from_, have()); }
  void take(size_t count) { from_ += count; }
  bool at_end() const { return end_ && have() == 0; }
  uint64_t offset() const { return read_ - have(); }

 private:
  size_t have() const { return to_ - from_; }
  ContentStream& stream_;
  std::vector<std::byte> buffer_;
  size_t from_ = 0, to_ = 0;
  uint64_t read_ = 0;
  bool end_ = false;
};

// Unpacks member after member (gzip members, bzip2 and xz streams, zstd frames may be appended to each other).
// `put` returns an error to stop. The result says why it ended early; what was put before stays.
template <class Put>
std::optional<Error> unpack_members(ContentStream& stream, std::string_view compression,
                                    std::optional<Timestamp>* modified, Put put) {
  Input in(stream);
  std::vector<std::byte> out(kOutput);
  bool first = true;
  while (true) {
    if (auto error = in.want(16)) return error;
    if (!first) {
      // Zeros pad the end of tapes, and xz streams to multiples of four.
      while (!in.at_end() && in.bytes().front() == std::byte{}) {
        const auto bytes = in.bytes();
        in.take(static_cast<size_t>(
            std::find_if(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{}; }) - bytes.begin()));
        if (auto error = in.want(16)) return error;
      }
      if (in.at_end()) return std::nullopt;
      if (!is_member_start(in.bytes(), compression))
        return Error{ErrorCode::bad_value,
                     "bytes that are not " + std::string(compression) + " follow the packed content", in.offset(), 0,
                     0};
    }
    const uint64_t member_at = in.offset();
    auto codec = make_codec(compression);
    if (!codec)
      return Error{ErrorCode::internal, "no memory for unpacking " + std::string(compression), member_at, 0, 0};
    bool more_output = false;
    while (true) {
      if (!more_output) {
        if (auto error = in.want(1)) return error;
        if (in.at_end())
          return Error{ErrorCode::truncated, "the " + std::string(compression) + " content ends too early", in.offset(),
                       0, 0};
      }
      const Codec::Step step = codec->step(in.bytes(), out);
      in.take(step.consumed);
      if (step.produced != 0)
        if (auto error = put(std::span<const std::byte>(out).first(step.produced))) {
          error->offset = in.offset();
          return error;
        }
      if (step.state == Codec::State::failed)
        return Error{ErrorCode::bad_value, "the " + std::string(compression) + " content is damaged: " + codec->error(),
                     in.offset(), 0, 0};
      if (step.state == Codec::State::member_end) break;
      // A full buffer may hide more; a step that neither takes nor gives needs more input.
      more_output = step.produced == out.size();
      if (!more_output && step.consumed == 0 && step.produced == 0 && !in.bytes().empty())
        return Error{ErrorCode::bad_value, "the " + std::string(compression) + " content is damaged", in.offset(), 0,
                     0};
    }
    if (first && modified) *modified = codec->modified();
    first = false;
  }
}

}  // namespace

Unpacked unpack(std::unique_ptr<ContentStream> stream, int spool_fd, uint64_t budget) {
  Unpacked result;
  std::byte head[16];
  auto got = stream->read(0, head);
  if (got) result.compression = compression_of(Bytes(head).first(*got));
  if (result.compression.empty()) {
    if (!got) result.damage = got.error();
    result.stream = std::move(stream);
    return result;
  }
  Spool spool(spool_fd, budget);
  result.damage = unpack_members(*stream, result.compression, &result.packed_modified,
                                 [&](std::span<const std::byte> bytes) { return spool.add(bytes); });
  result.stream = spool.finish();
  return result;
}

std::string unpacked_head(ContentStream& stream, size_t count) {
  std::byte head[16];
  auto got = stream.read(0, head);
  if (!got) return {};
  const std::string_view compression = compression_of(Bytes(head).first(*got));
  std::string out;
  if (compression.empty()) {
    out.resize(count);
    auto all = stream.read(0, std::as_writable_bytes(std::span(out)));
    out.resize(all ? *all : 0);
    return out;
  }
  unpack_members(stream, compression, nullptr, [&](std::span<const std::byte> bytes) -> std::optional<Error> {
    out.append(as_text(bytes.first(std::min(bytes.size(), count - out.size()))));
    if (out.size() < count) return std::nullopt;
    return Error{ErrorCode::cancelled, "enough", 0, 0, 0};
  });
  return out;
}

}  // namespace necropsy
