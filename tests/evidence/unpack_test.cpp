// SPDX-License-Identifier: Apache-2.0
#include <bzlib.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "base/text.hpp"
#include "evidence/evidence_files.hpp"

using namespace necropsy;
using namespace necropsy::testing;

namespace {

constexpr uint64_t kBudget = 1ull << 30;

std::string gzip(const std::string& content, uint32_t modified = 0) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  gz_header header{};
  header.time = modified;
  header.os = 3;
  deflateSetHeader(&z, &header);
  std::string out(deflateBound(&z, content.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  z.avail_in = static_cast<uInt>(content.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}
std::string bzip2(const std::string& content) {
  std::string out(content.size() + content.size() / 50 + 700, '\0');
  auto size = static_cast<unsigned>(out.size());
  REQUIRE(BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(content.data()),
                                   static_cast<unsigned>(content.size()), 9, 0, 0) == BZ_OK);
  out.resize(size);
  return out;
}
std::string xz(const std::string& content) {
  std::string out(lzma_stream_buffer_bound(content.size()), '\0');
  size_t size = 0;
  REQUIRE(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const uint8_t*>(content.data()),
                                  content.size(), reinterpret_cast<uint8_t*>(out.data()), &size,
                                  out.size()) == LZMA_OK);
  out.resize(size);
  return out;
}
std::string zstd(const std::string& content) {
  std::string out(ZSTD_compressBound(content.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), content.data(), content.size(), 3);
  REQUIRE_FALSE(ZSTD_isError(size));
  out.resize(size);
  return out;
}

using Packer = std::string (*)(const std::string&);
struct Format {
  const char* name;
  Packer pack;
};
const Format kFormats[] = {
    {"gzip", [](const std::string& c) { return gzip(c); }}, {"bzip2", bzip2}, {"xz", xz}, {"zstd", zstd}};

Unpacked unpack_bytes(std::string bytes, int fd = -1, uint64_t budget = kBudget) {
  return unpack(std::make_unique<MemoryStream>(std::move(bytes)), fd, budget);
}
std::string content_of(const Unpacked& u) {
  auto all = read_all(*u.stream, 1u << 30);
  REQUIRE(all);
  return *all;
}

std::string log_text(size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i)
    text += "Mar  2 11:22:33 host sshd[" + std::to_string(i) + "]: Failed password for x from 192.0.2." +
            std::to_string(i % 250) + " port " + std::to_string(i * 7 % 65536) + " ssh2\n";
  text.resize(size);
  return text;
}

}  // namespace

TEST_CASE("every packing gives its content, one member or several") {
  const std::string one = log_text(300'000), two = log_text(777);
  for (const Format& f : kFormats) {
    CAPTURE(f.name);
    Unpacked single = unpack_bytes(f.pack(one));
    CHECK(single.compression == f.name);
    CHECK_FALSE(single.damage);
    CHECK(single.stream->size() == one.size());
    CHECK(content_of(single) == one);

    Unpacked several = unpack_bytes(f.pack(one) + f.pack("") + f.pack(two));
    CHECK_FALSE(several.damage);
    CHECK(content_of(several) == one + two);

    Unpacked empty = unpack_bytes(f.pack(""));
    CHECK(empty.compression == f.name);
    CHECK_FALSE(empty.damage);
    CHECK(empty.stream->size() == 0);

    Unpacked padded = unpack_bytes(f.pack(two) + std::string(1024, '\0'));
    CHECK_FALSE(padded.damage);
    CHECK(content_of(padded) == two);

    // Any place of the content can be read.
    std::string part(1000, '\0');
    auto got = single.stream->read(123'456, std::as_writable_bytes(std::span(part)));
    REQUIRE(got);
    CHECK(part == one.substr(123'456, 1000));
    CHECK(single.stream->read(one.size() + 5, std::as_writable_bytes(std::span(part))).value() == 0);
  }
}

TEST_CASE("gzip: the packer's time, and none where it wrote none") {
  CHECK(unpack_bytes(gzip("x", 1'234'567'890)).packed_modified == Timestamp::from_unix(1'234'567'890));
  CHECK_FALSE(unpack_bytes(gzip("x", 0)).packed_modified);
  CHECK_FALSE(unpack_bytes(bzip2("x")).packed_modified);
  // The first member's time counts.
  CHECK(unpack_bytes(gzip("x", 5) + gzip("y", 7)).packed_modified == Timestamp::from_unix(5));
}

TEST_CASE("cut anywhere, what came out before is kept and the cut is said") {
  const std::string content = log_text(40'000);
  for (const Format& f : kFormats) {
    CAPTURE(f.name);
    const std::string packed = f.pack(content);
    for (size_t size = 16; size < packed.size(); size += 37) {
      Unpacked cut = unpack_bytes(packed.substr(0, size));
      REQUIRE(cut.damage);
      CHECK(content.starts_with(content_of(cut)));
    }
    // The last byte missing costs no content in gzip (its trailer is a checksum), and never the damage report.
    Unpacked last = unpack_bytes(packed.substr(0, packed.size() - 1));
    CHECK(last.damage);
    if (std::string_view(f.name) == "gzip") CHECK(content_of(last) == content);
    if (std::string_view(f.name) == "gzip") CHECK(last.damage->code == ErrorCode::truncated);
  }
}

TEST_CASE("foreign bytes behind the content are said and cost nothing") {
  const std::string content = log_text(5000);
  for (const Format& f : kFormats) {
    CAPTURE(f.name);
    const std::string packed = f.pack(content);
    Unpacked u = unpack_bytes(packed + "something else");
    CHECK(content_of(u) == content);
    REQUIRE(u.damage);
    CHECK(u.damage->offset == packed.size());
  }
}

TEST_CASE("changed bytes never crash, hang or invent content without saying so") {
  const std::string content = log_text(20'000);
  for (const Format& f : kFormats) {
    CAPTURE(f.name);
    const std::string packed = f.pack(content);
    size_t damaged = 0;
    for (size_t at = 0; at < packed.size(); at += 11) {
      std::string changed = packed;
      changed[at] = static_cast<char>(changed[at] ^ 0x55);
      Unpacked u = unpack_bytes(changed, -1, 10 << 20);
      if (u.compression.empty()) continue;  // the magic itself
      damaged += u.damage.has_value();
      // zstd frames made here carry no checksum, so only the others must notice everything.
      if (!u.damage && std::string_view(f.name) != "zstd" && at > 12) CHECK(content_of(u) == content);
    }
    CHECK(damaged > 0);
  }
}

TEST_CASE("a bomb stops at the budget, with what it gave so far") {
  const std::string zeros(64u << 20, '\0');
  for (const Format& f : kFormats) {
    CAPTURE(f.name);
    const std::string bomb = f.pack(zeros);
    Folder folder;
    const int fd = open(folder.path("spool").c_str(), O_RDWR | O_CREAT, 0600);
    REQUIRE(fd >= 0);
    Unpacked u = unpack_bytes(bomb, fd, 20'000'000);
    REQUIRE(u.damage);
    CHECK(u.damage->code == ErrorCode::limit);
    CHECK(u.stream->size() == 20'000'000);
    // Without a file only memory is used.
    Unpacked small = unpack_bytes(bomb, -1, kBudget);
    REQUIRE(small.damage);
    CHECK(small.damage->code == ErrorCode::limit);
    CHECK(small.stream->size() <= (8u << 20));
    close(fd);
  }
}

TEST_CASE("large content goes to the temporary file and comes back the same, at any place") {
  const std::string content = noise(20'000'000);
  Folder folder;
  const int fd = open(folder.path("spool").c_str(), O_RDWR | O_CREAT, 0600);
  REQUIRE(fd >= 0);
  // Left from another log.
  REQUIRE(pwrite(fd, "old", 3, 30'000'000) == 3);
  Unpacked u = unpack_bytes(gzip(content), fd);
  CHECK_FALSE(u.damage);
  CHECK(u.stream->size() == content.size());
  CHECK(content_of(u) == content);
  std::string tail(100, '\0');
  CHECK(u.stream->read(content.size() - 30, std::as_writable_bytes(std::span(tail))).value() == 30);
  CHECK(tail.substr(0, 30) == content.substr(content.size() - 30));
  close(fd);
}

TEST_CASE("what is not packed comes back as it is") {
  for (std::string_view plain : {"", "a", "BZh9 is how a line may begin\n", "\x1f\x8b", "PK\3\4"}) {
    Unpacked u = unpack_bytes(std::string(plain));
    CHECK(u.compression.empty());
    CHECK_FALSE(u.damage);
    CHECK(content_of(u) == plain);
  }
}

TEST_CASE("a head is unpacked as far as it is asked for") {
  const std::string content = log_text(3'000'000);
  for (const Format& f : kFormats) {
    CAPTURE(f.name);
    MemoryStream packed(f.pack(content));
    CHECK(unpacked_head(packed, 4096) == content.substr(0, 4096));
    MemoryStream two(f.pack("short") + f.pack(content));
    CHECK(unpacked_head(two, 4096) == ("short" + content).substr(0, 4096));
    MemoryStream tiny(f.pack("tiny"));
    CHECK(unpacked_head(tiny, 4096) == "tiny");
  }
  MemoryStream plain("plain text");
  CHECK(unpacked_head(plain, 5) == "plain");
}

TEST_CASE("a read error of the evidence is damage, and what came before it is kept") {
  struct Failing final : ContentStream {
    std::string bytes;
    uint64_t size() const override { return bytes.size(); }
    Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
      if (offset >= 65536) return fail(ErrorCode::io, "bad spot", offset);
      const size_t count = std::min<size_t>(out.size(), 65536 - offset);
      std::memcpy(out.data(), bytes.data() + offset, count);
      return count;
    }
  };
  const std::string content = noise(200'000);
  auto stream = std::make_unique<Failing>();
  stream->bytes = gzip(content);
  Unpacked u = unpack(std::move(stream), -1, kBudget);
  REQUIRE(u.damage);
  CHECK(u.damage->code == ErrorCode::io);
  const std::string got = content_of(u);
  CHECK(got.size() > 30'000);
  CHECK(content.starts_with(got));
}
