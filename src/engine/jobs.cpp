// SPDX-License-Identifier: Apache-2.0
#include "engine/jobs.hpp"

namespace necropsy {

std::string join_mount(std::string_view mount, std::string_view path) {
  if (path.empty() || path == "/") return mount.empty() ? "/" : std::string(mount);
  std::string out(mount.ends_with('/') ? mount.substr(0, mount.size() - 1) : mount);
  if (!path.starts_with('/')) out += '/';
  out += path;
  return out;
}

namespace wire {

void put(Out& out, const Job& job) {
  const auto size = [](const std::optional<uint64_t>& n) {
    return n ? std::optional<int64_t>(static_cast<int64_t>(*n)) : std::nullopt;
  };
  out.uint(job.id);
  out.u8(static_cast<uint8_t>(job.kind));
  out.text(job.evidence_path);
  out.number(size(job.media_offset));
  out.list(job.volumes, [&](const VolumeSpec& v) {
    out.text(v.evidence_path);
    out.number(size(v.media_offset));
    out.text(v.info.name);
    out.number(size(v.info.offset));
    out.uint(v.info.length);
    out.text(v.info.type);
    out.text(v.info.label);
    out.text(v.info.state);
    out.text(v.info.content);
    out.text(v.mount);
  });
  put(out, job.host);
  out.flag(job.probe);
  out.text(job.parser);
  out.text(job.log_path);
  out.text(job.compression);
  put(out, job.ref);
  out.time(job.modified);
  out.time(job.not_after);
  out.number(job.year);
  out.flag(job.remote);
  out.list(job.reads, [&](const ReadSpec& r) {
    out.sint(r.id);
    put(out, r.ref);
    out.text(r.compression);
    out.uint(r.offset);
    out.uint(r.length);
  });
}

Job get_job(In& in) {
  const auto size = [&]() -> std::optional<uint64_t> {
    const auto n = in.number();
    return n ? std::optional<uint64_t>(static_cast<uint64_t>(*n)) : std::nullopt;
  };
  Job job;
  job.id = in.uint();
  job.kind = in.choice(kLastJobKind);
  job.evidence_path = in.text();
  job.media_offset = size();
  job.volumes.resize(in.count(65'536));
  for (VolumeSpec& v : job.volumes) {
    v.evidence_path = in.text();
    v.media_offset = size();
    v.info.name = in.text();
    v.info.offset = size();
    v.info.length = in.uint();
    v.info.type = in.text();
    v.info.label = in.text();
    v.info.state = in.text();
    v.info.content = in.text();
    v.mount = in.text();
  }
  job.host = get_profile(in);
  job.probe = in.flag();
  job.parser = in.text();
  job.log_path = in.text();
  job.compression = in.text();
  job.ref = get_file_ref(in);
  job.modified = in.time();
  job.not_after = in.time();
  job.year = in.number();
  job.remote = in.flag();
  job.reads.resize(in.count());
  for (ReadSpec& r : job.reads) {
    r.id = in.sint();
    r.ref = get_file_ref(in);
    r.compression = in.text();
    r.offset = in.uint();
    r.length = in.uint();
  }
  return in.ok() ? job : Job{};
}

}  // namespace wire
}  // namespace necropsy
