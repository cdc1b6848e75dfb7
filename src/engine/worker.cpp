// SPDX-License-Identifier: Apache-2.0
#include "engine/worker.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "engine/batch_sink.hpp"
#include "engine/host_files.hpp"
#include "engine/overlay.hpp"
#include "engine/walk_job.hpp"
#include "parse/locator.hpp"

namespace necropsy {
namespace {

constexpr uint64_t kUnpackBudget = 16ull << 30;  // bytes that one packed log may grow to
constexpr size_t kStep = 64 * 1024;              // libtsk's cache line
constexpr size_t kRawLimit = 4096;               // bytes kept of a record that a finding cites
constexpr uint64_t kFewBytes = 64u << 20;        // that may be digested on any volume
constexpr size_t kFstabLimit = 256 * 1024;

Problem open_problem(const Error& error, std::string path, Stage stage) {
  return Problem{.stage = stage,
                 .severity = Severity::error,
                 .code = error.code == ErrorCode::unsupported ? "unsupported"
                         : error.code == ErrorCode::truncated ? "truncated"
                         : error.code == ErrorCode::limit     ? "limit"
                                                              : "read-error",
                 .what = error.what,
                 .file_path = std::move(path),
                 .offset = error.offset ? std::optional<uint64_t>(error.offset) : std::nullopt,
                 .length = {}};
}

wire::JobDone no_space(const std::string& log) {
  return {.end = wire::JobEnd::no_space,
          .reason = fmt::format("the disk is full: there is no room beside the case file for unpacking {}", log)};
}

// Tells how far a job is; also shows the conductor that the worker lives.
class Progress {
 public:
  explicit Progress(Channel& channel) : channel_(channel) {}
  bool read(uint64_t bytes) {
    since_ += bytes;
    if (since_ < (8u << 20)) return true;
    wire::Out out;
    out.uint(since_);
    since_ = 0;
    return channel_.send(wire::Type::progress, out.buffer());
  }

 private:
  Channel& channel_;
  uint64_t since_ = 0;
};

// Content as the parser reads it: counts what was read. `most`: bytes other than zeros that it can hold; a file that
// has more of them than its volume is a few blocks that it points to again and again.
class CountedStream final : public ContentStream {
 public:
  CountedStream(ContentStream& inner, Progress& progress, uint64_t most)
      : inner_(inner), progress_(progress), most_(most) {}
  uint64_t size() const override { return inner_.size(); }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
    auto got = inner_.read(offset, out);
    if (got) {
      if (offset + *got > furthest_) {
        furthest_ = offset + *got;
        if (std::any_of(out.begin(), out.begin() + static_cast<ptrdiff_t>(*got),
                        [](std::byte b) { return b != std::byte{0}; }))
          content_ += *got;
        if (content_ > most_ && !error_) {
          error_ = Error{ErrorCode::limit,
                         "the file gives more bytes than its volume holds: it leads to the same "
                         "blocks again and again",
                         offset, 0, 0};
        }
      }
      if (content_ > most_) return tl::unexpected(*error_);
      if (!progress_.read(*got)) return fail(ErrorCode::cancelled, "the run is being stopped", offset);
    } else if (!error_) {
      error_ = got.error();
    }
    return got;
  }
  uint64_t furthest() const { return furthest_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  ContentStream& inner_;
  Progress& progress_;
  uint64_t most_;
  uint64_t furthest_ = 0, content_ = 0;
  std::optional<Error> error_;
};

}  // namespace

void Worker::send(wire::Type type, const wire::Out& out) { channel_.send(type, const_cast<wire::Out&>(out).buffer()); }

ProblemHandler Worker::problems() {
  return [this](Problem problem) {
    wire::Out out;
    wire::put(out, problem, 1);
    send(wire::Type::problem, out);
  };
}

void Worker::run(const Job& job) {
  wire::JobDone done;
  try {
    switch (job.kind) {
      case JobKind::survey:
        done = survey(job);
        break;
      case JobKind::profile:
        done = profile(job);
        break;
      case JobKind::packages:
        done = packages(job);
        break;
      case JobKind::walk:
        done = walk(job);
        break;
      case JobKind::parse:
        done = parse(job);
        break;
      case JobKind::digest:
        done = digest(job);
        break;
      case JobKind::raw:
        done = raw(job);
        break;
      case JobKind::content:
        done = content(job);
        break;
      case JobKind::media:
        done = media(job);
        break;
    }
  } catch (const std::bad_alloc&) {
    done = {.end = wire::JobEnd::failed, .reason = "more memory was needed than a worker may use"};
  } catch (const std::exception& error) {
    done = {.end = wire::JobEnd::failed, .reason = fmt::format("internal error: {}", error.what())};
  }
  wire::Out out;
  wire::put(out, done);
  send(wire::Type::done, out);
}

Result<Image*> Worker::image(const std::string& path, std::optional<uint64_t> media_offset) {
  const std::string key = fmt::format("{}\t{}", path, media_offset ? std::to_string(*media_offset) : "");
  if (const auto found = images_.find(key); found != images_.end()) return found->second.get();
  auto opened = open_image(path, OpenOptions{.offset = media_offset});
  if (!opened) return tl::unexpected(opened.error());
  return images_.emplace(key, std::move(*opened)).first->second.get();
}

Result<FileTree*> Worker::tree(const VolumeSpec& volume) {
  const std::string key = fmt::format("{}\t{}", volume.evidence_path, volume.info.name);
  if (const auto found = trees_.find(key); found != trees_.end()) return found->second.get();
  auto opened = image(volume.evidence_path, volume.media_offset);
  if (!opened) return tl::unexpected(opened.error());
  // Problems of opening were told by the survey.
  auto made = (*opened)->open_tree(volume.info, [](const Problem&) {});
  if (!made) return tl::unexpected(made.error());
  return trees_.emplace(key, std::move(*made)).first->second.get();
}

wire::JobDone Worker::survey(const Job& job) {
  auto opened = image(job.evidence_path, job.media_offset);
  if (!opened) return {.end = wire::JobEnd::failed, .reason = opened.error().what};
  wire::ImageReport report;
  report.facts = (*opened)->facts();
  for (const VolumeInfo& info : (*opened)->volumes(problems())) {
    wire::VolumeReport volume{.info = info, .filesystem = {}, .fstab = {}};
    if (info.state == "filesystem") {
      auto made = (*opened)->open_tree(info, problems());
      if (!made) {
        problems()(open_problem(made.error(), info.name, Stage::volume));
        volume.info.state = "damaged";
      } else {
        FileTree& files = **made;
        volume.filesystem = files.facts();
        if (const auto fstab = files.find("/etc/fstab"); fstab && fstab->type == FileType::regular)
          if (auto stream = files.open(fstab->ref))
            if (auto text = read_all(**stream, kFstabLimit)) volume.fstab = *text;
        for (const char* root : {"/WINDOWS/system32/config", "/WINNT/system32/config"})
          volume.is_windows_system |= files.find(root).has_value();
        trees_.emplace(fmt::format("{}\t{}", job.evidence_path, info.name), std::move(*made));
      }
    }
    report.volumes.push_back(std::move(volume));
  }
  wire::Out out;
  wire::put(out, report);
  send(wire::Type::image, out);
  return {};
}

wire::JobDone Worker::profile(const Job& job) {
  Overlay overlay;
  for (const VolumeSpec& volume : job.volumes)
    if (auto files = tree(volume)) overlay.add(volume.mount, *files);
  wire::Out out;
  wire::put(out, read_host_profile(overlay));
  send(wire::Type::profile, out);
  return {};
}

wire::JobDone Worker::packages(const Job& job) {
  Overlay overlay;
  for (const VolumeSpec& volume : job.volumes)
    if (auto files = tree(volume)) overlay.add(volume.mount, *files);
  std::vector<wire::PackageRow> rows;
  wire::Out out;
  const auto flush = [&] {
    out.clear();
    wire::put(out, rows);
    send(wire::Type::packages, out);
    rows.clear();
  };
  read_host_packages(
      overlay,
      [&](wire::PackageRow row) {
        rows.push_back(std::move(row));
        if (rows.size() >= 8192) flush();
      },
      problems());
  if (!rows.empty()) flush();
  return {};
}

wire::JobDone Worker::walk(const Job& job) {
  auto files = tree(job.volumes.at(0));
  if (!files) return {.end = wire::JobEnd::failed, .reason = files.error().what};
  // The first problems of a kind in full, the rest counted: a broken filesystem has as many as it has names.
  ProblemTally tally(channel_, job.volumes[0].mount);
  const ProblemHandler handler = [&](Problem problem) { tally.add(std::move(problem)); };
  WalkCollector collector(channel_, **files, job, handler);
  (*files)->walk(collector, handler);
  const bool alive = collector.finish();
  tally.flush();
  if (!alive) return {.end = wire::JobEnd::failed, .reason = "the run was stopped"};
  return {};
}

wire::JobDone Worker::parse(const Job& job) {
  const ParserEntry* parser = find_parser(job.parser);
  if (!parser) return {.end = wire::JobEnd::failed, .reason = fmt::format("no parser is called {}", job.parser)};
  auto files = tree(job.volumes.at(0));
  if (!files) return {.end = wire::JobEnd::failed, .reason = files.error().what};
  auto opened = (*files)->open(job.ref);
  if (!opened) {
    problems()(open_problem(opened.error(), job.log_path, Stage::parse));
    return {.end = wire::JobEnd::failed, .reason = opened.error().what};
  }
  Unpacked content{.stream = std::move(*opened), .compression = {}, .packed_modified = {}, .damage = {}};
  if (!job.compression.empty()) content = unpack(std::move(content.stream), spool_fd_, kUnpackBudget);
  if (content.damage && content.damage->code == ErrorCode::no_space) return no_space(job.log_path);
  if (content.damage) problems()(open_problem(*content.damage, job.log_path, Stage::unpack));
  if (!content.stream) return {.end = wire::JobEnd::failed, .reason = "could not be unpacked"};

  if (content.stream->size() == 0 && !content.damage) return {};  // an empty log is read to its end

  TimeZone zone;
  if (auto known = TimeZone::from_tzif(job.host.zone_tzif)) zone = *known;
  TimeResolver clock(zone, job.year ? std::optional<int32_t>(static_cast<int32_t>(*job.year)) : std::nullopt);
  const ParseContext context{.path = job.log_path,
                             .modified = job.modified,
                             .packed_modified = content.packed_modified,
                             .not_after = job.not_after,
                             .clock = &clock,
                             .host = &job.host,
                             .remote = job.remote};
  Progress progress(channel_);
  const bool on_volume = job.compression.empty() && job.volumes[0].info.offset;
  CountedStream stream(*content.stream, progress, on_volume ? job.volumes[0].info.length : UINT64_MAX);
  BatchSink sink(channel_, job.log_path);
  const Finish finish = parser->parse(stream, context, sink);
  const bool read_failed = stream.error() && stream.error()->code != ErrorCode::cancelled;
  if (read_failed) problems()(open_problem(*stream.error(), job.log_path, Stage::parse));
  const bool alive = sink.finish();
  wire::JobDone done;
  done.records_read = sink.records_read();
  done.records_unparsed = sink.records_unparsed();
  done.bytes_read = stream.furthest();
  done.zone_basis = sink.zone_basis();
  if (!alive || (stream.error() && !read_failed)) {
    done.end = wire::JobEnd::failed;
    done.reason = "the run was stopped";
  } else if (finish == Finish::not_mine) {
    done.end = wire::JobEnd::failed;
    done.reason = "the content is not what its beginning promised";
  } else if (content.damage) {
    done.end = wire::JobEnd::partial;
    done.reason = fmt::format("packed file is damaged: {}", content.damage->what);
  } else if (read_failed) {
    done.end = wire::JobEnd::partial;
    done.reason = stream.error()->what;
  } else if (finish == Finish::partial) {
    done.end = wire::JobEnd::partial;
    done.reason = "the end of the log could not be reached";
  } else if (sink.records_unparsed() > 0) {
    done.end = wire::JobEnd::partial;
    done.reason = fmt::format("{} records were not understood", sink.records_unparsed());
  }
  return done;
}

wire::JobDone Worker::digest(const Job& job) {
  auto files = tree(job.volumes.at(0));
  if (!files) return {.end = wire::JobEnd::failed, .reason = files.error().what};
  std::vector<wire::DigestRow> rows;
  Progress progress(channel_);
  std::vector<std::byte> buffer(kStep);
  // All files of a volume have no more bytes than it, but for holes and what leads to the same blocks twice.
  const VolumeInfo& volume = job.volumes[0].info;
  uint64_t left = volume.offset ? 2 * std::min(volume.length, UINT64_MAX / 4) + kFewBytes : UINT64_MAX;
  for (const ReadSpec& read : job.reads) {
    auto stream = (*files)->open(read.ref);
    if (stream && (*stream)->size() > left)
      stream = fail(ErrorCode::limit, fmt::format("inode {}: {} bytes are more than its volume holds: it gets no "
                                                  "digest",
                                                  read.ref.inode, (*stream)->size()));
    if (!stream) {
      problems()(open_problem(stream.error(), read.ref.path, Stage::parse));
      continue;
    }
    left -= std::min(left, (*stream)->size());
    Digest md5(DigestKind::md5), sha256(DigestKind::sha256);
    uint64_t offset = 0;
    bool whole = true;
    for (;;) {
      auto got = (*stream)->read(offset, buffer);
      if (!got) {
        problems()(open_problem(got.error(), read.ref.path, Stage::parse));
        whole = false;
        break;
      }
      if (*got == 0) break;
      md5.update(std::span(buffer).first(*got));
      sha256.update(std::span(buffer).first(*got));
      offset += *got;
      if (!progress.read(*got)) return {.end = wire::JobEnd::failed, .reason = "the run was stopped"};
    }
    if (whole) rows.push_back({read.id, md5.hex(), sha256.hex()});
  }
  wire::Out out;
  wire::put(out, rows);
  send(wire::Type::digests, out);
  return {};
}

wire::JobDone Worker::raw(const Job& job) {
  auto files = tree(job.volumes.at(0));
  if (!files) return {.end = wire::JobEnd::failed, .reason = files.error().what};
  // Requests come grouped by file, so a packed log is unpacked once.
  std::unique_ptr<ContentStream> stream;
  const FileRef* opened = nullptr;
  const auto same = [](const FileRef& a, const FileRef& b) {
    return a.inode == b.inode && a.sequence == b.sequence && a.attribute_id == b.attribute_id && a.path == b.path;
  };
  for (const ReadSpec& read : job.reads) {
    if (!opened || !same(*opened, read.ref)) {
      auto content = (*files)->open(read.ref);
      if (!content) {
        problems()(open_problem(content.error(), read.ref.path, Stage::parse));
        continue;
      }
      if (read.compression.empty()) {
        stream = std::move(*content);
      } else {
        Unpacked unpacked = unpack(std::move(*content), spool_fd_, kUnpackBudget);
        if (unpacked.damage && unpacked.damage->code == ErrorCode::no_space) return no_space(read.ref.path);
        stream = std::move(unpacked.stream);
      }
      opened = &read.ref;
    }
    if (!stream) continue;
    std::string bytes(std::min<uint64_t>(read.length, kRawLimit), '\0');
    auto got = stream->read(read.offset, std::as_writable_bytes(std::span(bytes)));
    if (!got) continue;
    bytes.resize(*got);
    wire::Out out;
    out.sint(read.id);
    out.text(bytes);
    out.flag(read.length > kRawLimit);
    send(wire::Type::record, out);
  }
  return {};
}

wire::JobDone Worker::content(const Job& job) {
  auto files = tree(job.volumes.at(0));
  if (!files) return {.end = wire::JobEnd::failed, .reason = files.error().what};
  for (const ReadSpec& read : job.reads) {
    auto stream = (*files)->open(read.ref);
    if (!stream) return {.end = wire::JobEnd::failed, .reason = stream.error().what};
    std::vector<std::byte> buffer(kStep);
    uint64_t offset = read.offset;
    uint64_t left = read.length ? read.length : UINT64_MAX;
    while (left > 0) {
      auto got = (*stream)->read(offset, std::span(buffer).first(std::min<uint64_t>(left, buffer.size())));
      if (!got) return {.end = wire::JobEnd::partial, .reason = got.error().what, .bytes_read = offset};
      if (*got == 0) break;
      if (!channel_.send(wire::Type::bytes, as_text(std::span(buffer).first(*got))))
        return {.end = wire::JobEnd::failed, .reason = "the run was stopped"};
      offset += *got;
      left -= *got;
    }
  }
  return {};
}

wire::JobDone Worker::media(const Job& job) {
  auto opened = image(job.evidence_path, job.media_offset);
  if (!opened) return {.end = wire::JobEnd::failed, .reason = opened.error().what};
  const ImageFacts& facts = (*opened)->facts();
  Digest sha256(DigestKind::sha256), md5(DigestKind::md5), sha1(DigestKind::sha1);
  Progress progress(channel_);
  std::vector<std::byte> buffer(kStep);
  wire::JobDone done;
  uint64_t offset = 0;
  for (;;) {
    auto got = (*opened)->read(offset, buffer);
    if (!got) return {.end = wire::JobEnd::partial, .reason = got.error().what, .bytes_read = offset};
    if (*got == 0) break;
    const Bytes bytes = std::span(buffer).first(*got);
    sha256.update(bytes);
    if (!facts.md5_stored.empty()) md5.update(bytes);
    if (!facts.sha1_stored.empty()) sha1.update(bytes);
    offset += *got;
    if (!progress.read(*got)) return {.end = wire::JobEnd::failed, .reason = "the run was stopped"};
  }
  done.bytes_read = offset;
  done.sha256 = sha256.hex();
  if (!facts.md5_stored.empty()) done.md5 = md5.hex();
  if (!facts.sha1_stored.empty()) done.sha1 = sha1.hex();
  return done;
}

namespace {

class SocketChannel final : public Channel {
 public:
  explicit SocketChannel(int fd) : fd_(fd) {}
  bool send(wire::Type type, std::string_view payload) override {
    if (payload.size() > wire::kMaxFrame) return false;
    char header[wire::kHeader];
    const auto length = static_cast<uint32_t>(payload.size());
    std::memcpy(header, &length, sizeof length);
    header[4] = static_cast<char>(type);
    return write_all({header, sizeof header}) && write_all(payload);
  }

 private:
  bool write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  int fd_;
};

// What libraries fetch from files outside the evidence at first use: OpenSSL its configuration.
void prepare_to_be_confined() {
  for (DigestKind kind : {DigestKind::md5, DigestKind::sha1, DigestKind::sha256}) Digest(kind).update({});
}

bool read_exactly(int fd, char* out, size_t size) {
  while (size > 0) {
    const ssize_t n = ::read(fd, out, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    out += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

}  // namespace

int worker_main(int socket, int spool_fd) {
  SocketChannel channel(socket);
  Worker worker(channel, spool_fd);
  bool confined = false;
  std::string payload;
  for (;;) {
    char header[wire::kHeader];
    if (!read_exactly(socket, header, sizeof header)) return 0;  // the conductor is done with this worker
    uint32_t length = 0;
    std::memcpy(&length, header, sizeof length);
    if (length > wire::kMaxFrame) return 4;
    payload.resize(length);
    if (!read_exactly(socket, payload.data(), length)) return 4;
    wire::In in(payload);
    const auto type = static_cast<wire::Type>(header[4]);
    if (type == wire::Type::confine && !confined) {
      const SandboxPolicy policy = wire::get_policy(in);
      if (!in.finished()) return 4;
      prepare_to_be_confined();
      wire::Out out;
      wire::put(out, enter_sandbox(policy));
      if (!channel.send(wire::Type::confined, out.buffer())) return 0;
      confined = true;
      continue;
    }
    // No job before the doors are shut.
    if (type != wire::Type::job || !confined) return 4;
    const Job job = wire::get_job(in);
    if (!in.finished()) return 4;
    worker.run(job);
  }
}

}  // namespace necropsy
