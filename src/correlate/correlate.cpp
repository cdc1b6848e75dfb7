// SPDX-License-Identifier: Apache-2.0
#include "correlate/correlate.hpp"

#include <fmt/format.h>

#include <utility>

#include "correlate/accounts.hpp"
#include "correlate/acts.hpp"
#include "correlate/boots.hpp"
#include "correlate/failures.hpp"
#include "correlate/gaps.hpp"
#include "correlate/runner.hpp"
#include "correlate/sessions.hpp"
#include "correlate/steps.hpp"
#include "correlate/suspect_files.hpp"
#include "correlate/suspicion.hpp"

namespace necropsy {
namespace {

// A question's own trouble; stage `store` is the one that fits of the fixed words.
void add_problem(Database& db, std::string_view code, std::string_view severity, std::string_view what) {
  Statement insert =
      db.prepare("INSERT INTO problem(stage, code, severity, parser, what) VALUES('store', ?1, ?2, 'correlate', ?3)");
  insert.bind(1, code).bind(2, severity).bind(3, what).run();
}

void ask_all(Database& db, const CorrelateOptions& options) {
  const auto questions = load_questions(options.questions_dir);
  if (!questions) {
    add_problem(db, "question-unreadable", "error", questions.error().what);
    return;
  }
  RunLimits limits;
  limits.stop = options.stop;
  for (const Question& q : *questions) {
    if (!q.finding) continue;
    db.execute("SAVEPOINT question");
    const auto stored = store_findings(db, q, limits);
    if (!stored) {
      db.execute("ROLLBACK TO question; RELEASE question");
      if (stored.error().code == ErrorCode::cancelled) throw StoreError(9, "stopped");
      add_problem(db, "question-failed", "error", stored.error().what);
      continue;
    }
    db.execute("RELEASE question");
    if (stored->without_evidence > 0)
      add_problem(db, "question-row-without-evidence", "warning",
                  fmt::format("question {}.sql: {} of its rows cite no event of the case and are left out", q.name,
                              stored->without_evidence));
  }
}

// Lets `stop` end the long statements of the steps too.
class StopHook {
 public:
  StopHook(Database& db, const std::function<bool()>& stop) : db_(db), stop_(stop) { set(); }
  ~StopHook() { db_.on_progress(nullptr, nullptr); }
  StopHook(const StopHook&) = delete;
  StopHook& operator=(const StopHook&) = delete;
  void set() {
    if (stop_) db_.on_progress([](void* self) { return static_cast<StopHook*>(self)->stop_(); }, this);
  }

 private:
  Database& db_;
  const std::function<bool()>& stop_;
};

}  // namespace

void correlate_case(Database& db, const CorrelateOptions& options) {
  StopHook hook(db, options.stop);
  Transaction transaction(db);
  Boots boots;
  FailedTries tries;
  // Each stage rests on those before it.
  const std::pair<const char*, std::function<void()>> stages[] = {
      {"clear", [&] { run_step(db, "clear"); }},
      {"names", [&] { prepare_names(db); }},
      {"boots",
       [&] {
         find_boots(db);
         find_last_seen(db);
         boots = read_boots(db);
       }},
      {"sessions", [&] { collect_sessions(db, boots); }},
      {"merge", [&] { merge_sessions(db, boots); }},
      {"failures",
       [&] {
         tries = collect_failures(db);
         if (tries.full())
           add_problem(db, "too-many-failures", "warning",
                       "so many failed tries stand before the logins that not all are counted in their verdicts");
       }},
      {"gaps", [&] { find_gaps(db, boots); }},
      {"verdicts", [&] { judge_sessions(db, tries); }},
      {"acts", [&] { find_acts(db); }},
      {"accounts", [&] { find_accounts(db); }},
      {"log signs", [&] { run_step(db, "log_signs"); }},
      {"utmp signs", [&] { run_step(db, "utmp_signs"); }},
      {"suspect files", [&] { find_suspect_files(db); }},
      {"suspicion", [&] { find_suspicion(db); }},
      {"file sessions", [&] { run_step(db, "file_sessions"); }},
      {"coverage", [&] { run_step(db, "coverage"); }},
      {"questions", [&] { ask_all(db, options); }},
      {"incidents", [&] { run_step(db, "incidents"); }},
  };
  for (const auto& [name, work] : stages) {
    if (options.stop && options.stop()) throw StoreError(9, "stopped");
    if (options.stage) options.stage(name);
    hook.set();
    work();
  }
  transaction.commit();
}

}  // namespace necropsy
