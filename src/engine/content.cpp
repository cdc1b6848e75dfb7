// SPDX-License-Identifier: Apache-2.0
// Reading evidence again for a person: cat, extract, explain, verify.
#include <fmt/format.h>

#include <map>

#include "base/text.hpp"
#include "engine/ingest.hpp"
#include "engine/pool.hpp"
#include "engine/sandbox_policy.hpp"
#include "store/case_writer.hpp"
#include "store/ledger.hpp"

namespace necropsy {
namespace {

using Moved = std::vector<std::pair<std::string, std::string>>;

std::string place_now(const EvidenceRow& evidence, const Moved& moved) {
  for (const auto& [label, path] : moved)
    if (label == evidence.label) return path;
  return evidence.path;
}

class ContentHandler final : public JobHandler {
 public:
  explicit ContentHandler(const std::function<bool(std::string_view)>& out) : out_(out) {}
  bool frame(const Job&, wire::Type type, std::string_view payload) override {
    if (type == wire::Type::bytes) return out_(payload);
    return type == wire::Type::problem;
  }
  void finished(const Job&, const wire::JobDone& done) override {
    if (done.end != wire::JobEnd::complete) error = done.reason;
  }
  void lost(const Job&, std::string_view, const std::string& why) override { error = why; }
  bool again(const Job&) override { return false; }  // bytes have been handed on
  std::string error;

 private:
  const std::function<bool(std::string_view)>& out_;
};

class HashHandler final : public JobHandler {
 public:
  std::map<std::string, wire::JobDone> done;  // by path
  std::map<std::string, std::string> error;
  bool frame(const Job&, wire::Type type, std::string_view) override { return type == wire::Type::problem; }
  void finished(const Job& job, const wire::JobDone& d) override {
    done[job.evidence_path] = d;
    if (d.end != wire::JobEnd::complete) error[job.evidence_path] = d.reason;
  }
  void lost(const Job& job, std::string_view, const std::string& why) override { error[job.evidence_path] = why; }
  bool again(const Job&) override { return true; }
};

}  // namespace

std::string read_content(Database& db, const Moved& moved, const ContentRequest& request,
                         const std::function<bool(std::string_view)>& out) {
  CaseWriter writer(db);
  Ledger ledger(writer);
  for (const VolumeRow& v : ledger.volumes()) {
    if (v.id != request.volume_id) continue;
    Job job;
    job.kind = JobKind::content;
    VolumeSpec spec;
    spec.evidence_path = v.evidence_path;
    for (const EvidenceRow& e : ledger.evidence())
      if (e.id == v.evidence_id) spec.evidence_path = place_now(e, moved);
    spec.media_offset = v.media_offset;
    spec.info.name = v.name;
    spec.info.offset = v.offset;
    spec.info.length = v.length;
    spec.info.state = v.state;
    spec.info.content = v.content;
    job.volumes.push_back(std::move(spec));
    job.reads.push_back({0, FileRef{request.inode, request.sequence, request.attribute_id, request.tree_path}, "",
                         request.offset, request.length});
    ContentHandler handler(out);
    Pool pool(PoolOptions{.workers = 1, .spool_dir = "/tmp", .stop = {}});
    pool.confine_to(policy_for({job.volumes[0].evidence_path}));
    pool.run({job}, handler);
    return handler.error;
  }
  return "the case has no such volume";
}

std::vector<VerifyResult> verify_evidence(Database& db, const Moved& moved, int jobs,
                                          const std::function<bool()>& stop) {
  CaseWriter writer(db);
  Ledger ledger(writer);
  std::deque<Job> queue;
  std::vector<std::string> paths;
  for (const EvidenceRow& e : ledger.evidence()) {
    if (e.format == "directory" || e.format.empty()) continue;
    Job job;
    job.kind = JobKind::media;
    job.evidence_path = place_now(e, moved);
    job.media_offset = e.media_offset;
    paths.push_back(job.evidence_path);
    queue.push_back(std::move(job));
  }
  HashHandler handler;
  Pool pool(PoolOptions{.workers = std::max(jobs, 1), .spool_dir = "/tmp", .stop = stop});
  pool.confine_to(policy_for(paths));
  pool.run(std::move(queue), handler);
  std::vector<VerifyResult> results;
  for (const EvidenceRow& e : ledger.evidence()) {
    VerifyResult r;
    r.label = e.label;
    r.path = place_now(e, moved);
    r.format = e.format;
    r.sha256_then = e.sha256;
    if (const auto found = handler.done.find(r.path); found != handler.done.end()) {
      r.sha256_now = found->second.sha256;
      const bool md5 = !found->second.md5.empty();
      r.stored_kind = md5 ? "md5" : found->second.sha1.empty() ? "" : "sha1";
      r.computed = md5 ? found->second.md5 : found->second.sha1;
      if (!r.stored_kind.empty()) r.stored = ledger.stored_hash(e.id, md5);
    }
    if (const auto found = handler.error.find(r.path); found != handler.error.end()) r.error = found->second;
    results.push_back(std::move(r));
  }
  return results;
}

}  // namespace necropsy
