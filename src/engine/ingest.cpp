// SPDX-License-Identifier: Apache-2.0
#include "engine/ingest.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <map>
#include <set>

#include "base/escape.hpp"
#include "base/text.hpp"
#include "engine/evidence_watch.hpp"
#include "engine/hosts.hpp"
#include "engine/pool.hpp"
#include "engine/sandbox_policy.hpp"
#include "model/vocabulary.hpp"
#include "parse/parser.hpp"
#include "parse/time_resolver.hpp"
#include "store/case_writer.hpp"
#include "store/ledger.hpp"
#include "store/schema.hpp"

namespace necropsy {
namespace {

constexpr int kSourceLog = 0, kSourceWalk = 1, kSourceSuperblock = 2;
constexpr size_t kReadsPerJob = 512;
constexpr int kInterrupted = 9, kFull = 13;                    // SQLITE_INTERRUPT, SQLITE_FULL
constexpr uint64_t kMostProblems = 100'000;                    // of one job
constexpr uint64_t kFewRows = 100'000, kFewBytes = 64u << 20;  // that any log may give, however small

// The one clock of the conductor: when evidence was opened and verified.
Timestamp now() {
  return Timestamp{
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count(),
      0};
}

std::string absolute(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) ? std::string(resolved) : path;
}

std::string folder_of(const std::string& path) {
  const size_t at = path.rfind('/');
  return at == std::string::npos ? "." : at == 0 ? "/" : path.substr(0, at);
}

std::string json_object(const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  std::string out = "{";
  for (const auto& [key, value] : fields) {
    if (value.empty()) continue;
    if (out.size() > 1) out += ',';
    out += json_string(key) + ":" + json_string(displayable(value));
  }
  return out + "}";
}

VolumeSpec spec_of(const VolumeRow& v) {
  VolumeSpec spec;
  spec.evidence_path = v.evidence_path;
  spec.media_offset = v.media_offset;
  spec.info.name = v.name;
  spec.info.offset = v.offset;
  spec.info.length = v.length;
  spec.info.type = v.type;
  spec.info.label = v.label;
  spec.info.state = v.state;
  spec.info.content = v.content;
  spec.mount = v.mount;
  return spec;
}

class Stopped {};  // the run was stopped; what is done is in the case

class Conductor final : public JobHandler {
 public:
  Conductor(Database& db, const IngestOptions& options, const IngestHooks& hooks)
      : db_(db),
        options_(options),
        hooks_(hooks),
        writer_(db),
        ledger_(writer_),
        pool_(PoolOptions{.workers = options.jobs,
                          .spool_dir = folder_of(options.case_path),
                          .silent_seconds = options.patience_seconds,
                          .stop = hooks.stop}) {}

  IngestEnd run() {
    try {
      name_evidence();
      survey();
      make_hosts();
      start_hashes();
      read_packages();
      walk();
      parse();
      merge();
      check_packages();
      finish_tables();
      analyse();
      finish_hashes();
      compare_evidence();
    } catch (const Stopped&) {
      return stopped();
    } catch (const StoreError& error) {
      // A long statement that was interrupted because the run is to stop.
      if (error.code() != kInterrupted || !stop_wanted()) throw;
      return stopped();
    }
    writer_.commit();
    bool any_open = false;
    for (const EvidenceRow& e : ledger_.evidence()) any_open |= e.stage > 0;
    if (!any_open) return IngestEnd::nothing_opened;
    return ledger_.count_problems() > 0 ? IngestEnd::with_problems : IngestEnd::complete;
  }

  // Kept with the case: a run with less protection than another is told of.
  void note_sandbox() {
    if (options_.jobs <= 0)
      ledger_.set_meta("sandbox", "none: the evidence was read in the program's own process (--jobs 0)");
    else if (pool_.sandbox())
      ledger_.set_meta("sandbox", describe(*pool_.sandbox()));
  }

  // --- frames -------------------------------------------------------------------------------------------------------
  bool frame(const Job& job, wire::Type type, std::string_view payload) override {
    wire::In in(payload);
    if (!within_budget(job, type, payload.size())) return false;
    switch (type) {
      case wire::Type::problem: {
        uint64_t repeats = 1;
        const Problem problem = wire::get_problem(in, repeats);
        if (!in.finished()) return false;
        report(job, problem, repeats);
        return true;
      }
      case wire::Type::image: {
        if (job.kind != JobKind::survey) return false;
        surveyed_[subject_.at(key_of(job))] = wire::get_image(in);
        return in.finished();
      }
      case wire::Type::profile: {
        if (job.kind != JobKind::profile) return false;
        profile_ = wire::get_profile(in);
        return in.finished();
      }
      case wire::Type::packages: {
        if (job.kind != JobKind::packages) return false;
        const auto rows = wire::get_packages(in);
        if (!in.finished()) return false;
        for (const auto& p : rows) {
          if (p.path.empty()) {
            ledger_.add_package(packages_host_, p.package, p.version, p.installed);
          } else {
            ledger_.add_package_file(packages_host_, p.path, p.package, p.md5, p.conffile);
          }
        }
        return true;
      }
      case wire::Type::files: {
        if (job.kind != JobKind::walk) return false;
        Walk& walk = walks_.at(subject_.at(key_of(job)));
        const FileBatch batch = wire::get_files(in);
        if (!in.finished()) return false;
        if (walk.store) writer_.add_files(walk.source_id, walk.volume_id, batch, walk.next, walk.totals);
        progress_.names += batch.rows.size();
        tell();
        return true;
      }
      case wire::Type::candidates: {
        if (job.kind != JobKind::walk) return false;
        Walk& walk = walks_.at(subject_.at(key_of(job)));
        const auto found = wire::get_candidates(in);
        if (!in.finished()) return false;
        std::vector<CandidateRow> rows;
        for (const auto& c : found)
          rows.push_back(
              {c.file_number, c.ref, c.path, c.parser, c.compression, c.reason, c.state, c.size, c.modified});
        ledger_.add_candidates(walk.volume_id, rows);
        return true;
      }
      case wire::Type::events: {
        if (job.kind != JobKind::parse) return false;
        Parse& parse = parses_.at(subject_.at(key_of(job)));
        const EventBatch batch = wire::get_events(in);
        if (!in.finished()) return false;
        parse.rows += batch.rows.size();
        if (parse.rows > most_rows(parse.source)) {
          refuse("more events than a log of its size can hold");
          return false;
        }
        writer_.add_events(parse.source.id, batch, parse.source.remote, parse.local_names, parse.totals);
        progress_.events += batch.rows.size();
        tell();
        return true;
      }
      case wire::Type::digests: {
        if (job.kind != JobKind::digest) return false;
        const auto rows = wire::get_digests(in);
        if (!in.finished()) return false;
        for (const auto& d : rows) {
          // Only what was asked for.
          const bool asked =
              std::any_of(job.reads.begin(), job.reads.end(), [&](const auto& r) { return r.id == d.id; });
          if (!asked) return false;
          ledger_.set_digest(d.id, d.md5, d.sha256);
        }
        return true;
      }
      case wire::Type::record: {
        if (job.kind != JobKind::raw) return false;
        const int64_t id = in.sint();
        const std::string_view bytes = in.text();
        const bool cut = in.flag();
        const bool asked = std::any_of(job.reads.begin(), job.reads.end(), [&](const auto& r) { return r.id == id; });
        if (!in.finished() || !asked) return false;
        ledger_.add_raw(id, bytes, cut);
        return true;
      }
      default:
        return false;
    }
  }

  void finished(const Job& job, const wire::JobDone& done) override {
    if (done.end == wire::JobEnd::no_space) throw StoreError(kFull, done.reason);
    budget_.erase(job.id);
    if (!refused_.empty()) return lost(job, "malformed-frame", {});
    const bool failed = done.end == wire::JobEnd::failed;
    switch (job.kind) {
      case JobKind::survey:
        if (failed) fail_survey(job, done.reason, "unreadable");
        break;
      case JobKind::walk: {
        Walk& walk = walks_.at(subject_.at(key_of(job)));
        if (failed) {
          fail_walk(walk, job, "walk-failed", done.reason);
        } else {
          end_walk(walk);
        }
        break;
      }
      case JobKind::parse: {
        Parse& parse = parses_.at(subject_.at(key_of(job)));
        if (failed) {
          fail_parse(parse, job, "parse-failed", done.reason);
          break;
        }
        SourceEnd end;
        end.status = done.end == wire::JobEnd::partial ? "partial" : "complete";
        end.reason = done.reason;
        end.zone_basis = done.zone_basis;
        end.totals = parse.totals;
        end.records_read = done.records_read;
        end.records_unparsed = done.records_unparsed;
        end.bytes_read = done.bytes_read;
        ledger_.finish_source(parse.source.id, end);
        progress_.bytes += parse.source.size;
        compare_log(job, parse.source);
        break;
      }
      case JobKind::media: {
        const int64_t id = subject_.at(key_of(job));
        if (done.end != wire::JobEnd::complete) {
          report(job, Problem{.stage = Stage::open,
                              .severity = Severity::error,
                              .code = "read-error",
                              .what = "the evidence could not be read to its end for hashing: " + done.reason,
                              .file_path = job.evidence_path,
                              .offset = done.bytes_read,
                              .length = {}});
          break;
        }
        std::string status = "verified";
        for (const EvidenceRow& e : ledger_.evidence())
          if (e.id == id) check_stored(e, done, status);
        ledger_.set_evidence_hash(id, done.sha256, now(), status);
        break;
      }
      default:
        if (failed)
          report(job, Problem{.stage = Stage::parse,
                              .severity = Severity::error,
                              .code = "job-failed",
                              .what = done.reason,
                              .file_path = {},
                              .offset = {},
                              .length = {}});
    }
    step();
  }

  void lost(const Job& job, std::string_view code, const std::string& reason) override {
    budget_.erase(job.id);
    const std::string why = refused_.empty() ? reason : std::exchange(refused_, {});
    if (why != reason) code = "too-much-output";
    switch (job.kind) {
      case JobKind::survey:
        fail_survey(job, why, code);
        break;
      case JobKind::walk:
        fail_walk(walks_.at(subject_.at(key_of(job))), job, code, why);
        break;
      case JobKind::parse:
        fail_parse(parses_.at(subject_.at(key_of(job))), job, code, why);
        break;
      default:
        report(job, Problem{.stage = Stage::parse,
                            .severity = Severity::error,
                            .code = std::string(code),
                            .what = why,
                            .file_path = job.evidence_path,
                            .offset = {},
                            .length = {}});
    }
    step();
  }

  // Rows of the job so far are thrown away; jobs of other kinds write nothing twice.
  bool again(const Job& job) override {
    budget_.erase(job.id);
    if (job.kind == JobKind::walk) {
      Walk& walk = walks_.at(subject_.at(key_of(job)));
      if (walk.store) writer_.forget_source(walk.source_id);
      if (walk.probe) ledger_.forget_candidates(walk.volume_id);
      walk.next = 0;
      walk.totals = {};
    } else if (job.kind == JobKind::parse) {
      Parse& parse = parses_.at(subject_.at(key_of(job)));
      writer_.forget_source(parse.source.id);
      parse.totals = {};
      parse.rows = 0;
    }
    return true;
  }

 private:
  struct Walk {
    int64_t volume_id = 0, source_id = 0, host_id = 0, evidence_id = 0;
    bool store = true, probe = true;
    uint64_t next = 0;
    SourceTotals totals;
  };
  struct Parse {
    SourceRow source;
    std::vector<std::string> local_names;
    SourceTotals totals;
    uint64_t rows = 0;
  };

  // A worker that never comes to an end must not fill the disk. No format has a record of less than a byte; packed
  // bytes stand for at most some thousand.
  static uint64_t most_rows(const SourceRow& source) {
    const uint64_t each = source.compression.empty() ? 16 : 4096;
    return std::min<uint64_t>(UINT32_MAX, kFewRows + std::min<uint64_t>(source.size, 1ull << 32) * each);
  }
  bool within_budget(const Job& job, wire::Type type, size_t bytes) {
    if (type == wire::Type::bytes || type == wire::Type::progress) return true;
    Budget& b = budget_[job.id];
    if (type == wire::Type::problem && ++b.problems > kMostProblems) {
      refuse("problems without end");
      return false;
    }
    if (job.kind != JobKind::parse) return true;
    const SourceRow& source = parses_.at(subject_.at(key_of(job))).source;
    b.bytes += bytes;
    if (b.bytes <= kFewBytes + std::min<uint64_t>(source.size, 1ull << 40) * (source.compression.empty() ? 256 : 16384))
      return true;
    refuse("more text than a log of its size can hold");
    return false;
  }
  void refuse(std::string_view what) {
    refused_ = fmt::format("the worker that read it answered with {}, and was ended", what);
  }

  // A job is known by what it works on: its key is made of its own fields, which a worker cannot change.
  static std::string key_of(const Job& job) {
    std::string key = fmt::format("{}:{}:{}", static_cast<int>(job.kind), job.evidence_path,
                                  job.media_offset ? *job.media_offset : 0);
    if (!job.volumes.empty()) key += fmt::format(":{}:{}", job.volumes[0].evidence_path, job.volumes[0].info.name);
    if (job.kind == JobKind::parse)
      key += fmt::format(":{}:{}:{}:{}", job.ref.inode, job.ref.sequence, job.ref.attribute_id, job.ref.path);
    return key;
  }

  void run_jobs(std::deque<Job> jobs, const std::string& stage) {
    note_reading(jobs);
    progress_.stage = stage;
    progress_.done = 0;
    progress_.total = jobs.size();
    tell();
    if (!jobs.empty() && !pool_.run(std::move(jobs), *this)) {
      // Rows of jobs in flight are thrown away when the run resumes: their sources are not marked done.
      throw Stopped{};
    }
    writer_.commit();
  }

  void step() {
    ++progress_.done;
    tell();
  }
  void tell() {
    if (hooks_.progress) hooks_.progress(progress_);
  }
  bool stop_wanted() const { return hooks_.stop && hooks_.stop(); }
  void check_stop() {
    if (stop_wanted()) throw Stopped{};
  }
  // What jobs have finished stays; a survey, a host or a merge that is half done would be done twice.
  IngestEnd stopped() {
    whole_ ? writer_.rollback() : writer_.commit();
    return IngestEnd::stopped;
  }
  // Lets a stop end the long statements of `work`.
  template <class Work>
  void interruptible(Work work) {
    db_.on_progress([](void* self) { return static_cast<Conductor*>(self)->stop_wanted(); }, this);
    try {
      work();
    } catch (...) {
      db_.on_progress(nullptr, nullptr);
      throw;
    }
    db_.on_progress(nullptr, nullptr);
  }
  template <class Work>
  void in_one_transaction(Work work) {
    whole_ = true;
    interruptible(work);
    writer_.commit();
    whole_ = false;
  }

  void report(const Job& job, const Problem& problem, uint64_t repeats = 1) {
    const ProblemOwner owner = owner_of(job);
    // Rows of a walk or a log go when their source is read again. Those of other jobs, and of a walk that only looks
    // for logs, may be there from a run before.
    const auto walk = walks_.find(job.kind == JobKind::walk ? owner.volume_id.value_or(0) : 0);
    const bool once = !owner.source_id || (walk != walks_.end() && !walk->second.store);
    writer_.add_problem(owner, problem, repeats, once);
  }

  ProblemOwner owner_of(const Job& job) {
    ProblemOwner owner;
    const auto found = subject_.find(key_of(job));
    const int64_t id = found == subject_.end() ? 0 : found->second;
    switch (job.kind) {
      case JobKind::survey:
      case JobKind::media:
        owner.evidence_id = id;
        break;
      case JobKind::walk:
        if (const auto w = walks_.find(id); w != walks_.end()) {
          owner = {.host_id = w->second.host_id,
                   .evidence_id = w->second.evidence_id,
                   .volume_id = w->second.volume_id,
                   .source_id = w->second.source_id,
                   .parser = {}};
        }
        break;
      case JobKind::parse:
        if (const auto p = parses_.find(id); p != parses_.end()) {
          const SourceRow& s = p->second.source;
          owner = {.host_id = s.host_id,
                   .evidence_id = s.evidence_id,
                   .volume_id = s.volume_id,
                   .source_id = s.id,
                   .parser = s.parser};
        }
        break;
      default:
        // Packages, digests, bytes: what is known is the volume, or one volume of the host.
        if (job.volumes.empty()) break;
        for (const VolumeRow& v : ledger_.volumes())
          if (v.evidence_path == job.volumes[0].evidence_path && v.name == job.volumes[0].info.name &&
              v.media_offset == job.volumes[0].media_offset) {
            owner.host_id = v.host_id;
            if (job.volumes.size() == 1) {
              owner.evidence_id = v.evidence_id;
              owner.volume_id = v.id;
            }
          }
    }
    return owner;
  }

  // --- evidence -----------------------------------------------------------------------------------------------------
  void name_evidence() {
    ingest_no_ = ledger_.next_ingest();
    for (const EvidenceArgument& argument : options_.evidence) {
      bool fresh = false;
      ledger_.add_evidence(absolute(argument.path), argument.mount, options_.media_offset, ingest_no_, fresh);
    }
    // Options that change what rows say are kept with the case: a resumed run uses the same.
    for (const auto& [key, value] : {std::pair<std::string_view, std::string>{"option.tz", options_.zone_name},
                                     {"option.host", options_.host_name},
                                     {"option.year", options_.year ? std::to_string(*options_.year) : ""}})
      if (!value.empty()) ledger_.set_meta(key, value);
    ledger_.set_meta("program", NECROPSY_VERSION);
    writer_.commit();
    // Evidence of earlier runs too: findings cite what it holds.
    std::vector<std::string> paths;
    for (const EvidenceRow& e : ledger_.evidence()) paths.push_back(e.path);
    pool_.confine_to(policy_for(paths));
  }

  void survey() {
    std::deque<Job> jobs;
    for (const EvidenceRow& e : ledger_.evidence()) {
      if (e.stage >= 2) continue;
      ledger_.clear_volumes(e.id);
      Job job;
      job.kind = JobKind::survey;
      job.evidence_path = e.path;
      job.media_offset = e.media_offset;
      subject_[key_of(job)] = e.id;
      jobs.push_back(std::move(job));
    }
    run_jobs(std::move(jobs), "survey");
    note_sandbox();
    for (const auto& [evidence_id, report] : surveyed_) {
      const ImageFacts& f = report.facts;
      std::string segments = "[";
      for (const std::string& s : f.segments) segments += (segments.size() > 1 ? "," : "") + json_string(s);
      segments += "]";
      ledger_.set_evidence(evidence_id, f.format, f.bytes, segments,
                           json_object({{"case_number", f.case_number},
                                        {"evidence_number", f.evidence_number},
                                        {"examiner", f.examiner},
                                        {"description", f.description},
                                        {"notes", f.notes},
                                        {"acquisition_software", f.acquisition_software}}),
                           f.md5_stored, f.sha1_stored, f.acquired, now());
      if (f.format != "directory") ledger_.set_meta(seen_key(evidence_id), look_at(f.segments));
      ledger_.set_evidence_stage(evidence_id, 1);
      const auto blank = [](const wire::VolumeReport& v) {
        return v.info.state == "empty" || v.info.state == "unallocated";
      };
      if (!report.volumes.empty() && std::all_of(report.volumes.begin(), report.volumes.end(), blank))
        writer_.add_problem({.evidence_id = evidence_id},
                            Problem{.stage = Stage::volume,
                                    .severity = Severity::warning,
                                    .code = "no-filesystem",
                                    .what = "nothing but zeros lies where a filesystem would begin: it holds no files",
                                    .file_path = {},
                                    .offset = {},
                                    .length = {}});
    }
    writer_.commit();
  }

  void fail_survey(const Job& job, const std::string& why, std::string_view code) {
    const int64_t id = subject_.at(key_of(job));
    surveyed_.erase(id);
    ledger_.set_evidence_status(id, "unreadable");
    writer_.add_problem({.evidence_id = id}, Problem{.stage = Stage::open,
                                                     .severity = Severity::error,
                                                     .code = std::string(code),
                                                     .what = why,
                                                     .file_path = job.evidence_path,
                                                     .offset = {},
                                                     .length = {}});
  }

  // --- evidence that changes ----------------------------------------------------------------------------------------
  void note_reading(const std::deque<Job>& jobs) {
    for (const Job& job : jobs) {
      if (!job.evidence_path.empty()) read_.insert(job.evidence_path);
      for (const VolumeSpec& v : job.volumes) read_.insert(v.evidence_path);
    }
  }

  static std::string seen_key(int64_t evidence_id) { return fmt::format("evidence.{}.seen", evidence_id); }

  // What was read in this run is still what it was when it was first opened, perhaps by a run long ago.
  void compare_evidence() {
    for (const EvidenceRow& e : ledger_.evidence()) {
      const auto then = ledger_.meta(seen_key(e.id));
      if (!then || !read_.contains(e.path)) continue;
      const std::string change = change_since(*then);
      if (change.empty()) continue;
      ledger_.set_evidence_status(e.id, "changed");
      writer_.add_problem(
          {.evidence_id = e.id},
          Problem{.stage = Stage::open,
                  .severity = Severity::error,
                  .code = "evidence-changed",
                  .what = fmt::format("the evidence is not what it was when it was opened ({}): rows may "
                                      "be of the one state or the other",
                                      change),
                  .file_path = e.path,
                  .offset = {},
                  .length = {}},
          1, true);
    }
  }

  // A log of a folder that something still writes to.
  void compare_log(const Job& job, const SourceRow& source) {
    if (source.ref.path.empty() || job.volumes[0].info.content != "directory") return;
    const std::string change = change_of(job.volumes[0].evidence_path + source.ref.path, source.size, source.modified);
    if (change.empty()) return;
    report(job,
           Problem{.stage = Stage::parse,
                   .severity = Severity::warning,
                   .code = "evidence-changed",
                   .what = fmt::format("the log is not what it was when the folder was looked through ({})", change),
                   .file_path = job.log_path,
                   .offset = {},
                   .length = {}});
  }

  // --- hosts --------------------------------------------------------------------------------------------------------
  // One transaction with the stage: a run that ends before surveys again.
  void make_hosts() {
    in_one_transaction([this] { plan_and_profile(); });
    surveyed_.clear();
  }

  void plan_and_profile() {
    std::map<int64_t, std::vector<SurveyedVolume>> by_ingest;
    std::map<int64_t, VolumeRow> rows;
    for (const EvidenceRow& e : ledger_.evidence()) {
      const auto report = surveyed_.find(e.id);
      if (e.stage != 1 || report == surveyed_.end()) continue;
      const bool folder = report->second.facts.format == "directory" || report->second.facts.format == "file";
      for (const wire::VolumeReport& v : report->second.volumes) {
        VolumeRow row;
        row.evidence_id = e.id;
        row.name = v.info.name;
        row.offset = v.info.offset;
        row.length = v.info.length;
        row.type = v.info.type;
        row.label = v.info.label;
        row.content = v.info.content;
        row.state = v.info.state;
        if (v.filesystem) {
          row.fs_type = v.filesystem->type;
          row.block_size = v.filesystem->block_size;
          row.fs_label = v.filesystem->label;
          row.fs_uuid = v.filesystem->uuid;
          row.fs_state = v.filesystem->state;
          row.created = v.filesystem->created;
          row.mounted = v.filesystem->mounted;
          row.checked = v.filesystem->checked;
          row.written = v.filesystem->written;
        }
        row.id = ledger_.add_volume(row);
        rows[row.id] = row;
        by_ingest[e.ingest_no].push_back({row.id, e.id, e.label, e.mount, folder, v});
      }
    }
    for (const auto& [ingest_no, volumes] : by_ingest) {
      const auto hosts = plan_hosts(volumes);
      for (const PlannedHost& planned : hosts) {
        const int64_t host_id = ledger_.add_host(planned.fallback_name, "not found on the evidence");
        Job job;
        job.kind = JobKind::profile;
        for (const auto& member : planned.members) {
          const SurveyedVolume& v = volumes[member.volume];
          ledger_.set_volume_host(v.volume_id, host_id, member.mount);
          VolumeRow& row = rows[v.volume_id];
          row.host_id = host_id;
          row.mount = member.mount;
          if (row.fs_type.empty()) continue;
          for (const EvidenceRow& e : ledger_.evidence())
            if (e.id == v.evidence_id) {
              row.evidence_path = e.path;
              row.media_offset = e.media_offset;
            }
          job.volumes.push_back(spec_of(row));
        }
        profile_ = {};
        if (!job.volumes.empty()) run_profile(job);
        apply_options(hosts.size());
        ledger_.set_profile(host_id, profile_);
        if (options_.clock_offset)
          ledger_.set_clock_offset(host_id, *options_.clock_offset, "given on the command line (--clock-offset)");
        for (const auto& member : planned.members) add_volume_sources(rows[volumes[member.volume].volume_id]);
      }
    }
    for (const auto& [evidence_id, report] : surveyed_) ledger_.set_evidence_stage(evidence_id, 2);
  }

  void run_profile(const Job& job) {
    std::deque<Job> jobs{job};
    note_reading(jobs);
    if (!pool_.run(std::move(jobs), *this)) throw Stopped{};
  }

  void apply_options(size_t hosts) {
    const std::string host = ledger_.meta("option.host").value_or("");
    if (!host.empty() && (hosts == 1 || profile_.host_name.empty())) {
      if (!profile_.host_name.empty()) profile_.host_aliases.push_back(profile_.host_name);
      profile_.host_name = host;
    }
    const std::string zone = ledger_.meta("option.tz").value_or("");
    if (!zone.empty()) {
      if (!profile_.zone_name.empty())
        profile_.notes.push_back({"zone-of-the-image", profile_.zone_name, profile_.zone_source});
      profile_.zone_name = zone;
      profile_.zone_source = "given on the command line (--tz)";
      profile_.zone_tzif = TimeZone::tzif_of(zone).value_or("");
    }
  }

  // Sources of a volume: its superblock's times and its walk. Ids follow the order of evidence and volumes.
  void add_volume_sources(const VolumeRow& v) {
    if (v.fs_type.empty()) return;
    if (v.created || v.mounted || v.checked || v.written) {
      const int64_t source = ledger_.add_source(kSourceSuperblock, *v.host_id, v.evidence_id, v.id, "superblock");
      TextTable texts;
      std::vector<EventRow> rows;
      const auto add = [&](const std::optional<Timestamp>& time, Action action, std::string_view what) {
        if (!time) return;
        EventRow& row = rows.emplace_back();
        row.ts = time->us;
        row.ns = time->ns;
        row.kind = static_cast<uint16_t>(kind_id(action, Outcome::none));
        row.flags = static_cast<uint16_t>(static_cast<unsigned>(TimePrecision::s) << 3);
        row.record = rows.size();
        row.text = texts.add(fmt::format("{} filesystem {}{} {}", v.fs_type, v.name,
                                         v.mount.empty() ? "" : fmt::format(" ({})", displayable(v.mount)), what));
      };
      add(v.created, Action::filesystem_created, "created (mkfs)");
      add(v.mounted, Action::filesystem_mounted, "last mounted");
      add(v.checked, Action::filesystem_checked, "last checked (fsck)");
      add(v.written, Action::filesystem_written, "superblock last written");
      EventBatch batch;
      for (size_t i = 0; i < texts.size(); ++i) batch.texts.push_back(texts[i]);
      batch.rows = rows;
      SourceEnd end;
      end.status = "complete";
      writer_.add_events(source, batch, false, {}, end.totals);
      ledger_.finish_source(source, end);
    }
    if (v.fs_type != "file") ledger_.add_source(kSourceWalk, *v.host_id, v.evidence_id, v.id, "fs");
  }

  // --- packages, walk -----------------------------------------------------------------------------------------------
  bool wants_logs() const {
    return options_.only.empty() ||
           std::any_of(options_.only.begin(), options_.only.end(), [](const std::string& o) { return o != "fs"; });
  }
  bool wants_parser(const std::string& parser) const {
    if (std::find(options_.exclude.begin(), options_.exclude.end(), parser) != options_.exclude.end()) return false;
    if (options_.only.empty()) return true;
    return std::any_of(options_.only.begin(), options_.only.end(),
                       [&](const std::string& o) { return o == "logs" || o == parser; });
  }

  void read_packages() {
    for (const HostRow& host : ledger_.hosts()) {
      const std::string key = fmt::format("packages.{}", host.id);
      if (ledger_.meta(key)) continue;
      Job job;
      job.kind = JobKind::packages;
      for (const VolumeRow& v : ledger_.volumes())
        if (v.host_id == host.id && !v.fs_type.empty() && v.fs_type != "file") job.volumes.push_back(spec_of(v));
      packages_host_ = host.id;
      if (!job.volumes.empty() && host.os_family == to_text(OsFamily::linux_)) {
        std::deque<Job> jobs{std::move(job)};
        run_jobs(std::move(jobs), "packages");
      }
      ledger_.set_meta(key, "1");
      writer_.commit();
    }
  }

  void walk() {
    std::deque<Job> jobs;
    for (const VolumeRow& v : ledger_.volumes()) {
      if (v.fs_type.empty() || !v.host_id) continue;
      const auto source = ledger_.source_of_volume(kSourceWalk, v.id);
      // A single file has no names of its own to tell; it is only looked into.
      const bool store = source && !(v.walked & 1);
      const bool probe = wants_logs() && !(v.walked & 2);
      if (!store && !probe) continue;
      if (store) writer_.forget_source(*source);
      if (probe) ledger_.forget_candidates(v.id);
      Walk walk;
      walk.volume_id = v.id;
      walk.source_id = source.value_or(0);
      walk.host_id = *v.host_id;
      walk.evidence_id = v.evidence_id;
      walk.store = store;
      walk.probe = probe;
      walks_[v.id] = walk;
      Job job;
      job.kind = JobKind::walk;
      job.volumes.push_back(spec_of(v));
      job.host.zone_tzif = profile_of(*v.host_id).zone_tzif;
      job.probe = probe;
      subject_[key_of(job)] = v.id;
      jobs.push_back(std::move(job));
    }
    run_jobs(std::move(jobs), "walk");
    // Also when nothing is left to walk: the run before may have ended between its last walk and this.
    ledger_.assign_sources(options_.remote_logs);
    writer_.commit();
  }

  void end_walk(const Walk& walk) {
    if (walk.store) {
      SourceEnd end;
      end.status = "complete";
      end.totals = walk.totals;
      ledger_.finish_source(walk.source_id, end);
    }
    ledger_.set_walked(walk.volume_id, (walk.store ? 1 : 0) | (walk.probe ? 2 : 0));
  }

  // What came before the end is kept: it was read, and the problem says that more is missing.
  void fail_walk(Walk& walk, const Job& job, std::string_view code, const std::string& why) {
    report(job, Problem{.stage = Stage::walk,
                        .severity = Severity::error,
                        .code = std::string(code),
                        .what = "not all names of this volume could be read: " + why,
                        .file_path = job.volumes[0].mount,
                        .offset = {},
                        .length = {}});
    end_walk(walk);
  }

  // --- logs ---------------------------------------------------------------------------------------------------------
  const HostProfile& profile_of(int64_t host_id) {
    const auto found = profiles_.find(host_id);
    return found != profiles_.end() ? found->second
                                    : profiles_.emplace(host_id, ledger_.profile(host_id)).first->second;
  }

  void parse() {
    std::vector<SourceRow> again = ledger_.sources_with("skipped");
    if (options_.force)
      for (SourceRow& s : ledger_.sources_with("failed")) again.push_back(std::move(s));
    for (const SourceRow& s : again)
      if (wants_parser(s.parser) && wants_logs()) ledger_.reopen_source(s.id);
    std::map<int64_t, VolumeRow> volumes;
    for (VolumeRow& v : ledger_.volumes()) volumes[v.id] = std::move(v);
    std::map<int64_t, std::vector<std::string>> names;
    for (const HostRow& h : ledger_.hosts()) names[h.id] = h.local_names;
    std::vector<SourceRow> open = ledger_.open_sources();
    // Small decisive logs first, then the biggest: the longest job decides when the run ends.
    std::stable_sort(open.begin(), open.end(), [](const SourceRow& a, const SourceRow& b) {
      const auto first = [](const SourceRow& s) {
        const ParserEntry* p = find_parser(s.parser);
        return p && p->about->decisive;
      };
      return first(a) != first(b) ? first(a) : a.size > b.size;
    });
    const auto year = ledger_.meta("option.year");
    std::deque<Job> jobs;
    progress_.total_bytes = 0;
    for (const SourceRow& s : open) {
      writer_.forget_source(s.id);  // rows of a run that was stopped
      if (!wants_parser(s.parser) || !wants_logs()) {
        ledger_.set_source_status(s.id, "skipped", "left out by --only or --exclude");
        continue;
      }
      const VolumeRow& v = volumes.at(s.volume_id);
      Job job;
      job.kind = JobKind::parse;
      job.volumes.push_back(spec_of(v));
      job.host = profile_of(s.host_id);
      job.parser = s.parser;
      job.log_path = s.log_path;
      job.compression = s.compression;
      job.ref = s.ref;
      job.modified = s.modified;
      if (year) job.year = to_number<int64_t>(*year);
      job.remote = s.remote;
      subject_[key_of(job)] = s.id;
      parses_[s.id] = {s, names[s.host_id], {}};
      progress_.total_bytes += s.size;
      jobs.push_back(std::move(job));
    }
    writer_.commit();
    run_jobs(std::move(jobs), "parse");
    parses_.clear();
  }

  void fail_parse(Parse& parse, const Job& job, std::string_view code, const std::string& why) {
    // A job that did not end counts as failed whole: half a log would look like a whole one.
    const ProblemOwner owner = owner_of(job);
    writer_.forget_source(parse.source.id);
    writer_.add_problem(owner, Problem{.stage = Stage::parse,
                                       .severity = Severity::error,
                                       .code = std::string(code),
                                       .what = why,
                                       .file_path = job.log_path,
                                       .offset = {},
                                       .length = {}});
    ledger_.set_source_status(parse.source.id, "failed", why);
  }

  void merge() {
    check_stop();
    progress_.stage = "merge";
    tell();
    in_one_transaction([this] { ledger_.merge_copies(); });
  }

  // --- digests, analysis, hashes ------------------------------------------------------------------------------------
  std::deque<Job> read_jobs(JobKind kind, const std::vector<FileWanted>& wanted) {
    std::map<int64_t, VolumeRow> volumes;
    for (VolumeRow& v : ledger_.volumes()) volumes[v.id] = std::move(v);
    std::deque<Job> jobs;
    int64_t last_volume = 0;
    for (const FileWanted& w : wanted) {
      const auto v = volumes.find(w.volume_id);
      if (v == volumes.end()) continue;
      if (jobs.empty() || w.volume_id != last_volume || jobs.back().reads.size() >= kReadsPerJob) {
        Job& job = jobs.emplace_back();
        job.kind = kind;
        job.volumes.push_back(spec_of(v->second));
        last_volume = w.volume_id;
      }
      ReadSpec read{w.id, w.ref, w.compression, w.offset, w.length};
      // Directory evidence is opened by the path below its root.
      if (kind == JobKind::digest && !read.ref.path.empty() && v->second.mount != "/")
        read.ref.path = read.ref.path.substr(std::min(read.ref.path.size(), v->second.mount.size()));
      jobs.back().reads.push_back(std::move(read));
    }
    return jobs;
  }

  void check_packages() {
    check_stop();
    ledger_.index_files();
    for (const HostRow& host : ledger_.hosts()) {
      run_jobs(read_jobs(JobKind::digest, ledger_.package_files_to_check(host.id, false)), "package digests");
      ledger_.compare_packages(host.id);
      writer_.commit();
    }
    if (options_.hash_files) run_jobs(read_jobs(JobKind::digest, ledger_.files_to_hash()), "file digests");
  }

  void finish_tables() {
    check_stop();
    progress_.stage = "index";
    tell();
    interruptible([this] {
      make_indexes(db_);
      db_.execute("ANALYZE");
    });
  }

  void analyse() {
    check_stop();
    progress_.stage = "correlate";
    tell();
    writer_.commit();
    if (hooks_.correlate) hooks_.correlate(db_);
    run_jobs(read_jobs(JobKind::digest, ledger_.cited_files()), "digests of what findings name");
    run_jobs(read_jobs(JobKind::raw, ledger_.cited_events()), "bytes of what findings cite");
  }

  // A worker of its own reads the media from end to end while the others do the rest.
  void start_hashes() {
    std::deque<Job> jobs;
    for (const EvidenceRow& e : ledger_.evidence()) {
      if (e.stage < 2 || !e.sha256.empty() || e.format == "directory") continue;
      Job job;
      job.kind = JobKind::media;
      job.evidence_path = e.path;
      job.media_offset = e.media_offset;
      subject_[key_of(job)] = e.id;
      jobs.push_back(std::move(job));
    }
    note_reading(jobs);
    pool_.start(std::move(jobs));
  }

  void finish_hashes() {
    progress_.stage = "hash";
    tell();
    if (!pool_.wait(*this)) throw Stopped{};
    writer_.commit();
  }

  void check_stored(const EvidenceRow& e, const wire::JobDone& done, std::string& status) {
    for (const auto& [column, computed] :
         {std::pair<std::string, std::string>{"md5_stored", done.md5}, {"sha1_stored", done.sha1}}) {
      if (computed.empty()) continue;
      const std::string stored = ledger_.stored_hash(e.id, column == "md5_stored");
      if (stored.empty() || equals_ignore_case(stored, computed)) continue;
      status = "changed";
      writer_.add_problem(
          {.evidence_id = e.id},
          Problem{.stage = Stage::open,
                  .severity = Severity::error,
                  .code = "bad-checksum",
                  .what = fmt::format("the container's stored hash is {}, its content has {}", stored, computed),
                  .file_path = e.path,
                  .offset = {},
                  .length = {}});
    }
  }

  Database& db_;
  const IngestOptions& options_;
  const IngestHooks& hooks_;
  CaseWriter writer_;
  Ledger ledger_;
  Pool pool_;
  Progress progress_;
  bool whole_ = false;  // what is in the open transaction counts only as a whole
  int64_t ingest_no_ = 0;
  std::map<std::string, int64_t> subject_;  // key_of(job) -> evidence, volume or source
  std::map<int64_t, wire::ImageReport> surveyed_;
  HostProfile profile_;
  int64_t packages_host_ = 0;
  std::map<int64_t, Walk> walks_;
  std::map<int64_t, Parse> parses_;
  std::map<int64_t, HostProfile> profiles_;
  struct Budget {
    uint64_t problems = 0, bytes = 0;
  };
  std::map<uint64_t, Budget> budget_;  // job id -> what its worker has said
  std::string refused_;                // why the frame at hand is refused
  std::set<std::string> read_;         // evidence that this run has opened
};

}  // namespace

IngestEnd run_ingest(Database& db, const IngestOptions& options, const IngestHooks& hooks) {
  return Conductor(db, options, hooks).run();
}

}  // namespace necropsy
