// SPDX-License-Identifier: Apache-2.0
// Frames. The first byte of the input is the type, the rest the payload. What is taken is written and read again: the
// second time gives the same bytes, or something was taken that no worker can have meant.
#include "engine/jobs.hpp"
#include "engine/wire.hpp"
#include "fuzz/target.hpp"
#include "model/vocabulary.hpp"

namespace necropsy::fuzz {
namespace {

using namespace wire;

template <class Get, class Put>
void there_and_back(std::string_view payload, Get get, Put put_back) {
  In in(payload);
  const auto value = get(in);
  if (!in.finished()) return;
  Out first;
  put_back(first, value);
  In again(first.buffer());
  const auto same = get(again);
  require(again.finished(), "what was taken from a frame is refused when it is sent on");
  Out second;
  put_back(second, same);
  require(first.buffer() == second.buffer(), "a frame changes when it is sent on");
}

constexpr auto kPut = [](Out& out, const auto& value) { put(out, value); };

void check_index(int32_t index, size_t texts) {
  require(index >= -1 && index < static_cast<int64_t>(texts), "an index beyond the texts");
}

void events(std::string_view payload) {
  In in(payload);
  const EventBatch batch = get_events(in);
  if (!in.finished()) return;
  for (const EventRow& row : batch.rows) {
    for (const int32_t index : {row.user, row.target, row.addr, row.service, row.process, row.method, row.format,
                                row.session, row.path, row.http_method, row.url, row.agent, row.host, row.source_host,
                                row.dest_addr, row.dest_host, row.command, row.text, row.attributes})
      check_index(index, batch.texts.size());
    require(row.ns <= 999 && row.offset <= INT64_MAX && row.record <= INT64_MAX, "a number that no table takes");
  }
}

void files(std::string_view payload) {
  In in(payload);
  const FileBatch batch = get_files(in);
  if (!in.finished()) return;
  for (const FileRow& row : batch.rows) {
    for (const int32_t index : {row.dir, row.name, row.raw_name, row.owner, row.flags, row.target})
      check_index(index, batch.texts.size());
    require(row.dir >= 0 && row.times <= std::size(row.time) && row.inode <= INT64_MAX, "a row that no table takes");
  }
}

void worker(Bytes input) {
  if (input.empty()) return;
  const std::string_view payload = as_text(input).substr(1);
  switch (static_cast<Type>(static_cast<uint8_t>(input[0]) % (kLastType + 1))) {
    case Type::image:
      return there_and_back(payload, get_image, kPut);
    case Type::profile:
      return there_and_back(payload, get_profile, kPut);
    case Type::files:
      return files(payload);
    case Type::candidates:
      return there_and_back(payload, get_candidates, kPut);
    case Type::events:
      return events(payload);
    case Type::problem: {
      uint64_t repeats = 0;
      return there_and_back(
          payload, [&](In& in) { return get_problem(in, repeats); },
          [&](Out& out, const Problem& problem) { put(out, problem, repeats); });
    }
    case Type::packages:
      return there_and_back(payload, get_packages, kPut);
    case Type::digests:
      return there_and_back(payload, get_digests, kPut);
    case Type::done:
      return there_and_back(payload, get_done, kPut);
    case Type::confined:
      return there_and_back(payload, get_sandbox, kPut);
    default: {  // plain values
      In in(payload);
      in.sint();
      in.text();
      in.flag();
      in.number();
      in.time();
      in.count();
    }
  }
}

void conductor(Bytes input) {
  if (input.empty()) return;
  const std::string_view payload = as_text(input).substr(1);
  switch (static_cast<uint8_t>(input[0]) % 3) {
    case 0:
      return there_and_back(payload, get_job, kPut);
    case 1:
      return there_and_back(payload, get_policy, kPut);
    default:
      return there_and_back(payload, get_file_ref, kPut);
  }
}

template <class... Values>
std::string frame(uint8_t type, const Values&... values) {
  Out out;
  out.u8(type);
  put(out, values...);
  return out.buffer();
}

HostProfile host() {
  HostProfile profile;
  profile.host_name = "web1";
  profile.zone_tzif = "TZif2";
  profile.ip_addresses = {"192.0.2.1"};
  profile.installed = Timestamp{5, 7};
  profile.accounts.push_back({.name = "root", .id = "0", .gid = 0, .is_admin = true, .enabled = false});
  profile.groups.push_back({"sudo", 27, {"eve"}});
  profile.mounts.push_back({"UUID=1", "/var", "ext4"});
  profile.notes.push_back({"malformed", "x", "/etc/passwd"});
  return profile;
}

std::vector<std::string> worker_seeds() {
  TextTable texts;
  EventRow event;
  event.ts = -5;
  event.kind = static_cast<uint16_t>(kind_id(Action::login, Outcome::success));
  event.flags = 2 | 3 << 3 | 64;
  event.offset = 1000;
  event.user = texts.add("eve");
  event.text = texts.add("login of eve");
  event.port = 22;
  event.latest = INT64_MIN + 1;
  FileRow file;
  file.dir = texts.add("/etc");
  file.name = texts.add("passwd");
  file.mode = 0644;
  file.inode = 12;
  file.times = 2;
  file.time[1] = {1, 999, 15};
  ImageReport image;
  image.facts.segments = {"/e.img"};
  image.facts.acquired = Timestamp{1, 2};
  image.volumes.resize(2);
  image.volumes[0].info.offset = 512;
  image.volumes[0].filesystem = FilesystemFacts{.type = "ext4", .label = "root", .created = Timestamp{1, 0}};
  Candidate candidate;
  candidate.path = "/var/log/x";
  candidate.parser = "syslog";
  candidate.compression = "gzip";
  Problem problem{.stage = Stage::walk, .code = "damaged", .what = "x", .file_path = "/y", .offset = 1, .length = 2};
  const auto type = [](Type t) { return static_cast<uint8_t>(t); };
  return {
      frame(type(Type::events), texts, std::vector<EventRow>{event, event}),
      frame(type(Type::files), texts, std::vector<FileRow>{file, file}),
      frame(type(Type::image), image),
      frame(type(Type::profile), host()),
      frame(type(Type::candidates), std::vector<Candidate>{candidate, candidate}),
      frame(type(Type::problem), problem, uint64_t{3}),
      frame(type(Type::packages), std::vector<PackageRow>{{"p", "1", "/bin/p", std::string(32, 'a'), true, {}}}),
      frame(type(Type::digests), std::vector<DigestRow>{{1, "m", "s"}}),
      frame(type(Type::done), JobDone{.end = JobEnd::partial, .reason = "r", .records_read = 5}),
      frame(type(Type::confined), SandboxState{.landlock_abi = 4, .seccomp = true, .missing = ""}),
  };
}

std::vector<std::string> conductor_seeds() {
  Job job;
  job.kind = JobKind::parse;
  job.parser = "syslog";
  job.host = host();
  job.year = 2001;
  job.modified = Timestamp{5, 7};
  VolumeSpec volume;
  volume.evidence_path = "/e";
  volume.info.offset = 0;
  volume.mount = "/var";
  job.volumes.push_back(volume);
  job.reads.push_back({7, FileRef{1, 0, 2, "p"}, "gzip", 10, 20});
  return {frame(0, job), frame(1, SandboxPolicy{.files = {"/e.img"}, .folders = {"/usr/share/zoneinfo"}}),
          frame(2, FileRef{12, 3, -1, "x/y"})};
}

}  // namespace

extern const Target frames_worker, frames_conductor;
const Target frames_worker{worker, worker_seeds};
const Target frames_conductor{conductor, conductor_seeds};

}  // namespace necropsy::fuzz
