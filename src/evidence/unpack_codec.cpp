// SPDX-License-Identifier: Apache-2.0
// zlib, libbz2, liblzma and libzstd behind one interface. Formats: RFC 1952 (gzip), RFC 8878 (zstd), the .xz file
// format 1.1.0; bzip2 has "BZh" and the block size.
#include "evidence/unpack_codec.hpp"

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <climits>

#include "evidence/image.hpp"

namespace necropsy {
namespace {

// Windows and dictionaries: xz -9 needs 65 MiB, zstd --ultra 128 MiB; more is not made by any rotation.
constexpr uint64_t kMostMemory = 160u << 20;

unsigned limited(size_t size) { return static_cast<unsigned>(std::min<size_t>(size, INT_MAX)); }

class GzipCodec final : public Codec {
 public:
  GzipCodec() {
    ready_ = inflateInit2(&z_, 15 + 16) == Z_OK;  // 16: gzip header and trailer only
    if (ready_) inflateGetHeader(&z_, &header_);
  }
  ~GzipCodec() override {
    if (ready_) inflateEnd(&z_);
  }
  GzipCodec(const GzipCodec&) = delete;
  GzipCodec& operator=(const GzipCodec&) = delete;
  bool ready() const { return ready_; }

  Step step(Bytes in, std::span<std::byte> out) override {
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
    z_.avail_in = limited(in.size());
    z_.next_out = reinterpret_cast<Bytef*>(out.data());
    z_.avail_out = limited(out.size());
    const unsigned in_before = z_.avail_in, out_before = z_.avail_out;
    result_ = inflate(&z_, Z_NO_FLUSH);
    Step step;
    step.consumed = in_before - z_.avail_in;
    step.produced = out_before - z_.avail_out;
    step.state = result_ == Z_STREAM_END                     ? State::member_end
                 : result_ == Z_OK || result_ == Z_BUF_ERROR ? State::running
                                                             : State::failed;
    return step;
  }
  std::string error() const override { return z_.msg ? z_.msg : "zlib error " + std::to_string(result_); }
  std::optional<Timestamp> modified() const override {
    if (header_.done != 1 || header_.time == 0) return std::nullopt;  // 0: the packer had no time
    return Timestamp::from_unix(static_cast<int64_t>(header_.time));
  }

 private:
  z_stream z_{};
  gz_header header_{};
  int result_ = 0;
  bool ready_ = false;
};

class Bzip2Codec final : public Codec {
 public:
  Bzip2Codec() { ready_ = BZ2_bzDecompressInit(&b_, 0, 0) == BZ_OK; }
  ~Bzip2Codec() override {
    if (ready_) BZ2_bzDecompressEnd(&b_);
  }
  Bzip2Codec(const Bzip2Codec&) = delete;
  Bzip2Codec& operator=(const Bzip2Codec&) = delete;
  bool ready() const { return ready_; }

  Step step(Bytes in, std::span<std::byte> out) override {
    b_.next_in = reinterpret_cast<char*>(const_cast<std::byte*>(in.data()));
    b_.avail_in = limited(in.size());
    b_.next_out = reinterpret_cast<char*>(out.data());
    b_.avail_out = limited(out.size());
    const unsigned in_before = b_.avail_in, out_before = b_.avail_out;
    result_ = BZ2_bzDecompress(&b_);
    Step step;
    step.consumed = in_before - b_.avail_in;
    step.produced = out_before - b_.avail_out;
    step.state = result_ == BZ_STREAM_END ? State::member_end : result_ == BZ_OK ? State::running : State::failed;
    return step;
  }
  std::string error() const override {
    return result_ == BZ_DATA_ERROR ? "a block does not match its checksum" : "bzip2 error " + std::to_string(result_);
  }

 private:
  bz_stream b_{};
  int result_ = 0;
  bool ready_ = false;
};

class XzCodec final : public Codec {
 public:
  XzCodec() { ready_ = lzma_stream_decoder(&x_, kMostMemory, 0) == LZMA_OK; }
  ~XzCodec() override { lzma_end(&x_); }
  XzCodec(const XzCodec&) = delete;
  XzCodec& operator=(const XzCodec&) = delete;
  bool ready() const { return ready_; }

  Step step(Bytes in, std::span<std::byte> out) override {
    x_.next_in = reinterpret_cast<const uint8_t*>(in.data());
    x_.avail_in = in.size();
    x_.next_out = reinterpret_cast<uint8_t*>(out.data());
    x_.avail_out = out.size();
    result_ = lzma_code(&x_, LZMA_RUN);
    Step step;
    step.consumed = in.size() - x_.avail_in;
    step.produced = out.size() - x_.avail_out;
    step.state = result_ == LZMA_STREAM_END                        ? State::member_end
                 : result_ == LZMA_OK || result_ == LZMA_BUF_ERROR ? State::running
                                                                   : State::failed;
    return step;
  }
  std::string error() const override {
    switch (result_) {
      case LZMA_DATA_ERROR:
        return "a checksum or a block is wrong";
      case LZMA_MEMLIMIT_ERROR:
        return "it needs more memory than any log would";
      case LZMA_OPTIONS_ERROR:
        return "it uses options that are not known";
      default:
        return "xz error " + std::to_string(static_cast<int>(result_));
    }
  }

 private:
  lzma_stream x_ = LZMA_STREAM_INIT;
  lzma_ret result_ = LZMA_OK;
  bool ready_ = false;
};

struct ZstdFree {
  void operator()(ZSTD_DStream* stream) const noexcept { ZSTD_freeDStream(stream); }
};

class ZstdCodec final : public Codec {
 public:
  ZstdCodec() : stream_(ZSTD_createDStream()) {
    if (stream_) ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, 27);
  }
  bool ready() const { return stream_ != nullptr; }

  Step step(Bytes in, std::span<std::byte> out) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    result_ = ZSTD_decompressStream(stream_.get(), &output, &input);
    Step step;
    step.consumed = input.pos;
    step.produced = output.pos;
    // 0: a frame is complete and all of it was handed out.
    step.state = ZSTD_isError(result_) ? State::failed : result_ == 0 ? State::member_end : State::running;
    return step;
  }
  std::string error() const override { return ZSTD_getErrorName(result_); }

 private:
  std::unique_ptr<ZSTD_DStream, ZstdFree> stream_;
  size_t result_ = 0;
};

template <class T>
std::unique_ptr<Codec> ready_or_null() {
  auto codec = std::make_unique<T>();
  if (!codec->ready()) return nullptr;
  return codec;
}

}  // namespace

std::string_view compression_of(Bytes head) {
  using std::string_view_literals::operator""sv;
  const std::string_view text = as_text(head);
  if (text.size() >= 3 && text.starts_with("\x1f\x8b\x08"sv)) return "gzip";
  // "BZh", the block size, then the magic of a block or of an empty stream: a text may begin with BZh9 too.
  if (text.size() >= 10 && text.starts_with("BZh"sv) && text[3] >= '1' && text[3] <= '9' &&
      (text.substr(4, 6) == "\x31\x41\x59\x26\x53\x59"sv || text.substr(4, 6) == "\x17\x72\x45\x38\x50\x90"sv))
    return "bzip2";
  if (text.starts_with("\xfd\x37\x7a\x58\x5a\x00"sv)) return "xz";
  if (text.starts_with("\x28\xb5\x2f\xfd"sv)) return "zstd";
  return {};
}

bool is_member_start(Bytes bytes, std::string_view compression) {
  if (compression_of(bytes) == compression) return true;
  // zstd allows frames that only carry notes: 184D2A50 to 184D2A5F.
  const ByteReader in(bytes);
  return compression == "zstd" && (in.u32le(0).value_or(0) & 0xfffffff0u) == 0x184d2a50u;
}

std::unique_ptr<Codec> make_codec(std::string_view compression) {
  if (compression == "gzip") return ready_or_null<GzipCodec>();
  if (compression == "bzip2") return ready_or_null<Bzip2Codec>();
  if (compression == "xz") return ready_or_null<XzCodec>();
  if (compression == "zstd") return ready_or_null<ZstdCodec>();
  return nullptr;
}

}  // namespace necropsy
