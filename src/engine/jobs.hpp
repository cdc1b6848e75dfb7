// SPDX-License-Identifier: Apache-2.0
// Job: one piece of work for a worker, complete in itself: what to open, what to do, what is known of the host.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/wire.hpp"
#include "evidence/image.hpp"
#include "model/host_profile.hpp"

namespace necropsy {

enum class JobKind : uint8_t {
  survey,    // containers, volumes, filesystems of one evidence
  profile,   // what the volumes of one host say about it
  packages,  // the host's package database
  walk,      // every name of one volume; logs are recognised on the way
  parse,     // one log
  digest,    // md5 and sha256 of files
  raw,       // bytes of events
  content,   // bytes of one file
  media,     // sha256 (and what the container stores) of the whole evidence
};
inline constexpr JobKind kLastJobKind = JobKind::media;

struct VolumeSpec {
  std::string evidence_path;
  std::optional<uint64_t> media_offset;  // --offset
  VolumeInfo info;
  std::string mount;  // "/", "/var", "C:/"
};

// What is to be read of one file: the whole, or one range.
struct ReadSpec {
  int64_t id = 0;  // file or event
  FileRef ref;
  std::string compression;
  uint64_t offset = 0, length = 0;
};

struct Job {
  uint64_t id = 0;        // conductor's own
  bool repeated = false;  // likewise: it was begun before, and its worker was killed from outside
  JobKind kind = JobKind::survey;
  std::string evidence_path;
  std::optional<uint64_t> media_offset;
  std::vector<VolumeSpec> volumes;  // profile, packages: all of the host; others: the one
  HostProfile host;                 // profile of the host the volume belongs to
  // walk
  bool probe = true;  // look for logs on the way
  // parse
  std::string parser, log_path, compression;
  FileRef ref;
  std::optional<Timestamp> modified, not_after;
  std::optional<int64_t> year;
  bool remote = false;
  // digest, raw, content
  std::vector<ReadSpec> reads;
};

namespace wire {
void put(Out& out, const Job& job);
Job get_job(In& in);
}  // namespace wire

// Path on the machine of a path below a volume's root: mount "/var" and "/log/syslog" give "/var/log/syslog".
std::string join_mount(std::string_view mount, std::string_view path);

}  // namespace necropsy
