// SPDX-License-Identifier: Apache-2.0
#include "store/case_writer.hpp"

#include <algorithm>

#include "base/escape.hpp"
#include "base/text.hpp"
#include "model/vocabulary.hpp"

namespace necropsy {
namespace {

constexpr uint64_t kRowsPerTransaction = 50'000;
constexpr size_t kCachedTexts = 400'000;
constexpr size_t kCachedTextLength = 512;
constexpr int kEventColumns = 26;

int64_t day_of(int64_t us) {
  constexpr int64_t kDay = 86'400'000'000;
  return us >= 0 ? us / kDay : -((-us + kDay - 1) / kDay);
}

}  // namespace

struct CaseWriter::Statements {
  Statement event, extra, find_string, add_string, find_dir, add_dir, find_template, add_template, file, file_time,
      problem, problem_once, activity;
  explicit Statements(Database& db)
      : event(db.prepare("INSERT INTO event VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,"
                         "?20,?21,?22,?23,?24,?25,?26)")),
        extra(db.prepare("INSERT INTO event_extra VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)")),
        find_string(db.prepare("SELECT string_id FROM string WHERE value = ?1")),
        add_string(db.prepare("INSERT INTO string(value) VALUES(?1)")),
        find_dir(db.prepare("SELECT dir_id FROM dir WHERE path = ?1 AND volume_id = ?2")),
        add_dir(db.prepare("INSERT INTO dir(volume_id, path) VALUES(?1, ?2)")),
        find_template(db.prepare("SELECT template_id FROM template WHERE fmt = ?1")),
        add_template(db.prepare("INSERT INTO template(fmt) VALUES(?1)")),
        file(db.prepare("INSERT INTO file VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)")),
        file_time(db.prepare("INSERT INTO file_time VALUES(?1,?2,?3,?4)")),
        problem(db.prepare("INSERT INTO problem(host_id, evidence_id, volume_id, source_id, file_path, offset, length, "
                           "stage, code, severity, parser, what, repeats) "
                           "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)")),
        problem_once(
            db.prepare("INSERT INTO problem(host_id, evidence_id, volume_id, source_id, file_path, offset, length, "
                       "stage, code, severity, parser, what, repeats) "
                       "SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13 WHERE NOT EXISTS (SELECT 1 FROM problem "
                       "WHERE source_id IS ?4 AND code = ?9 AND file_path IS ?5 AND host_id IS ?1 "
                       "AND evidence_id IS ?2 AND offset IS ?6 AND stage = ?8 AND what = ?12)")),
        activity(db.prepare("INSERT INTO activity_count VALUES(?1,?2,?3,?4) "
                            "ON CONFLICT DO UPDATE SET n = n + excluded.n")) {}
};

CaseWriter::CaseWriter(Database& db) : db_(db), sql_(std::make_unique<Statements>(db)) {}

CaseWriter::~CaseWriter() { rollback(); }

void CaseWriter::begin() {
  if (open_) return;
  db_.execute("BEGIN IMMEDIATE");
  open_ = true;
  rows_ = 0;
}

void CaseWriter::commit() {
  if (!open_) return;
  db_.execute("COMMIT");
  open_ = false;
}

void CaseWriter::rollback() {
  if (!open_) return;
  open_ = false;
  // Ids of what was interned since the transaction began are no more.
  strings_.clear();
  dirs_.clear();
  templates_.clear();
  activity_.clear();
  try {
    db_.execute("ROLLBACK");
  } catch (const StoreError&) {
    // An interrupted statement has already rolled back.
  }
}

void CaseWriter::count_row() {
  if (++rows_ < kRowsPerTransaction) return;
  commit();
  begin();
}

int64_t CaseWriter::intern(std::string_view text) {
  if (const auto found = strings_.find(text); found != strings_.end()) return found->second;
  begin();
  sql_->find_string.bind_static(1, text);
  int64_t id = 0;
  if (sql_->find_string.step()) id = sql_->find_string.integer(0);
  sql_->find_string.reset();
  if (id == 0) {
    sql_->add_string.bind_static(1, text).run();
    id = db_.last_insert_id();
  }
  if (text.size() <= kCachedTextLength) {
    if (strings_.size() >= kCachedTexts) strings_.clear();
    strings_.emplace(text, id);
  }
  return id;
}

int64_t CaseWriter::intern_template(std::string_view format) {
  if (const auto found = templates_.find(format); found != templates_.end()) return found->second;
  sql_->find_template.bind_static(1, format);
  int64_t id = 0;
  if (sql_->find_template.step()) id = sql_->find_template.integer(0);
  sql_->find_template.reset();
  if (id == 0) {
    sql_->add_template.bind_static(1, format).run();
    id = db_.last_insert_id();
  }
  if (templates_.size() < kCachedTexts) templates_.emplace(format, id);
  return id;
}

int64_t CaseWriter::intern_dir(int64_t volume_id, std::string_view path) {
  std::string key = std::to_string(volume_id);
  key += '\t';
  key += path;
  if (const auto found = dirs_.find(key); found != dirs_.end()) return found->second;
  sql_->find_dir.bind_static(1, path).bind(2, volume_id);
  int64_t id = 0;
  if (sql_->find_dir.step()) id = sql_->find_dir.integer(0);
  sql_->find_dir.reset();
  if (id == 0) {
    sql_->add_dir.bind(1, volume_id).bind_static(2, path).run();
    id = db_.last_insert_id();
  }
  if (dirs_.size() >= kCachedTexts / 4) dirs_.clear();
  dirs_.emplace(std::move(key), id);
  return id;
}

void CaseWriter::add_events(int64_t source_id, const EventBatch& batch, bool remote,
                            const std::vector<std::string>& local_names, SourceTotals& totals) {
  begin();
  // Each text of the batch is interned at most once, and only when a row uses it as a column.
  std::vector<int64_t> ids(batch.texts.size(), 0);
  const auto text_id = [&](int32_t index) -> int64_t {
    int64_t& id = ids[static_cast<size_t>(index)];
    if (id == 0) id = intern(batch.texts[static_cast<size_t>(index)]);
    return id;
  };
  std::vector<int8_t> is_local(batch.texts.size(), -1);
  const auto local = [&](int32_t index) {
    int8_t& known = is_local[static_cast<size_t>(index)];
    if (known < 0)
      known = std::find(local_names.begin(), local_names.end(), to_lower(batch.texts[static_cast<size_t>(index)])) !=
              local_names.end();
    return known == 1;
  };
  std::vector<int64_t> templates(batch.texts.size(), 0);
  auto& counts = activity_[source_id];
  std::pair<int, int64_t> last_key{-1, 0};
  int64_t* last_count = nullptr;
  Statement& sql = sql_->event;
  uint32_t bound = 0;  // columns of the statement that are not NULL now
  const auto put = [&](int column, int64_t value) {
    sql.bind(column, value);
    bound |= 1u << column;
  };
  const auto none = [&](int column) {
    if (bound & (1u << column)) {
      sql.bind_null(column);
      bound &= ~(1u << column);
    }
  };
  const auto text_column = [&](int column, int32_t index) { index >= 0 ? put(column, text_id(index)) : none(column); };
  const auto number_column = [&](int column, int64_t value) { value != kNone ? put(column, value) : none(column); };
  std::string attributes;
  for (const EventRow& row : batch.rows) {
    const uint64_t number = ++totals.events;
    const int64_t event_id = source_id << 32 | static_cast<int64_t>(number);
    if (totals.first_ts == kNone || row.ts < totals.first_ts) totals.first_ts = row.ts;
    if (totals.last_ts == kNone || row.ts > totals.last_ts) totals.last_ts = row.ts;
    put(1, event_id);
    put(2, row.ts);
    put(3, row.ns);
    put(4, row.kind);
    put(5, row.flags);
    put(6, static_cast<int64_t>(row.offset));
    put(7, row.length);
    row.record != number ? put(8, static_cast<int64_t>(row.record)) : none(8);
    text_column(9, row.user);
    text_column(10, row.target);
    text_column(11, row.addr);
    number_column(12, row.port);
    text_column(13, row.service);
    text_column(14, row.process);
    number_column(15, row.pid);
    text_column(16, row.method);
    if (row.format >= 0) {
      int64_t& id = templates[static_cast<size_t>(row.format)];
      if (id == 0) id = intern_template(batch.texts[static_cast<size_t>(row.format)]);
      put(17, id);
    } else {
      none(17);
    }
    if (row.text >= 0) {
      sql.bind_static(18, batch.texts[static_cast<size_t>(row.text)]);
      bound |= 1u << 18;
    } else {
      none(18);
    }
    text_column(19, row.session);
    text_column(20, row.path);
    const bool foreign = row.host >= 0 && !local(row.host);
    if (foreign && !remote) {
      attributes = row.attributes >= 0 ? std::string(batch.texts[static_cast<size_t>(row.attributes)]) : "{}";
      attributes.pop_back();
      if (attributes.size() > 1) attributes += ',';
      attributes += "\"log_host\":";
      append_json_string(attributes, batch.texts[static_cast<size_t>(row.host)]);
      attributes += '}';
      sql.bind_static(21, attributes);
      bound |= 1u << 21;
    } else if (row.attributes >= 0) {
      sql.bind_static(21, batch.texts[static_cast<size_t>(row.attributes)]);
      bound |= 1u << 21;
    } else {
      none(21);
    }
    text_column(22, row.http_method);
    text_column(23, row.url);
    number_column(24, row.status);
    number_column(25, row.bytes);
    text_column(26, row.agent);
    static_assert(kEventColumns == 26);
    sql.step();
    sql.rewind();

    const bool keep_host = foreign && remote;
    if (keep_host || row.source_host >= 0 || row.dest_addr >= 0 || row.dest_host >= 0 || row.command >= 0 ||
        row.dest_port != kNone || row.file_size != kNone || row.earliest != kNone || row.latest != kNone) {
      Statement& extra = sql_->extra;
      extra.bind(1, event_id);
      const auto text_or_null = [&](int column, int32_t index) {
        if (index >= 0) extra.bind(column, text_id(index));
      };
      const auto number_or_null = [&](int column, int64_t value) {
        if (value != kNone) extra.bind(column, value);
      };
      number_or_null(2, row.earliest);
      number_or_null(3, row.latest);
      if (keep_host) text_or_null(4, row.host);
      text_or_null(5, row.source_host);
      text_or_null(6, row.dest_addr);
      number_or_null(7, row.dest_port);
      text_or_null(8, row.dest_host);
      text_or_null(9, row.command);
      number_or_null(10, row.file_size);
      extra.run();
    }
    const std::pair<int, int64_t> key{row.kind, day_of(row.ts)};
    if (key != last_key) {
      last_key = key;
      last_count = &counts[key];
    }
    ++*last_count;
    count_row();
  }
  sql.reset();
}

void CaseWriter::add_files(int64_t source_id, int64_t volume_id, const FileBatch& batch, uint64_t& next,
                           SourceTotals& totals) {
  begin();
  std::vector<int64_t> dirs(batch.texts.size(), 0);
  auto& counts = activity_[source_id];
  const int times_kind = kind_id(Action::file_times, Outcome::none);
  const int deleted_kind = kind_id(Action::file_deleted, Outcome::none);
  for (const FileRow& row : batch.rows) {
    const uint64_t number = next++;
    if (number >= (1ull << 29)) throw StoreError(1, "a filesystem holds more than 2^29 names");
    const int64_t file_id = source_id << 29 | static_cast<int64_t>(number);
    int64_t& dir = dirs[static_cast<size_t>(row.dir)];
    if (dir == 0) dir = intern_dir(volume_id, batch.texts[static_cast<size_t>(row.dir)]);
    Statement& sql = sql_->file;
    sql.bind(1, file_id).bind(2, dir);
    sql.bind_static(3, row.name >= 0 ? batch.texts[static_cast<size_t>(row.name)] : std::string_view(""));
    if (row.raw_name >= 0) sql.bind_blob(4, as_bytes(batch.texts[static_cast<size_t>(row.raw_name)]));
    sql.bind(5, static_cast<int64_t>(row.inode));
    if (row.sequence) sql.bind(6, static_cast<int64_t>(row.sequence));
    if (row.attribute_id >= 0) sql.bind(7, static_cast<int64_t>(row.attribute_id));
    sql.bind(8, static_cast<int64_t>(row.type));
    if (row.mode != kNone) sql.bind(9, row.mode);
    if (row.uid != kNone) sql.bind(10, row.uid);
    if (row.gid != kNone) sql.bind(11, row.gid);
    if (row.owner >= 0) sql.bind(12, intern(batch.texts[static_cast<size_t>(row.owner)]));
    sql.bind(13, row.size);
    sql.bind(14, static_cast<int64_t>(row.state));
    if (row.target >= 0) sql.bind_static(15, batch.texts[static_cast<size_t>(row.target)]);
    if (row.flags >= 0) sql.bind_static(16, batch.texts[static_cast<size_t>(row.flags)]);
    sql.run();
    count_row();
    for (size_t i = 0; i < row.times && i < std::size(row.time); ++i) {
      const TimeRow& time = row.time[i];
      sql_->file_time.bind(1, file_id << 3 | static_cast<int64_t>(i))
          .bind(2, time.ts)
          .bind(3, static_cast<int64_t>(time.ns))
          .bind(4, static_cast<int64_t>(time.macb));
      sql_->file_time.step();
      sql_->file_time.rewind();
      if (totals.first_ts == kNone || time.ts < totals.first_ts) totals.first_ts = time.ts;
      if (totals.last_ts == kNone || time.ts > totals.last_ts) totals.last_ts = time.ts;
      ++totals.events;
      ++counts[{(time.macb & 15) ? times_kind : deleted_kind, day_of(time.ts)}];
      count_row();
    }
  }
}

void CaseWriter::add_problem(const ProblemOwner& owner, const Problem& problem, uint64_t repeats, bool once) {
  begin();
  Statement& sql = once ? sql_->problem_once : sql_->problem;
  const auto number = [&](int column, const std::optional<int64_t>& value) {
    if (value) sql.bind(column, *value);
  };
  number(1, owner.host_id);
  number(2, owner.evidence_id);
  number(3, owner.volume_id);
  number(4, owner.source_id);
  if (!problem.file_path.empty()) sql.bind(5, displayable(problem.file_path));
  if (problem.offset) sql.bind(6, static_cast<int64_t>(*problem.offset));
  if (problem.length) sql.bind(7, static_cast<int64_t>(*problem.length));
  sql.bind(8, to_text(problem.stage)).bind(9, displayable(problem.code)).bind(10, to_text(problem.severity));
  if (!owner.parser.empty()) sql.bind(11, owner.parser);
  sql.bind(12, displayable(problem.what)).bind(13, static_cast<int64_t>(repeats));
  sql.run();
  count_row();
}

void CaseWriter::flush_activity(int64_t source_id) {
  begin();
  for (const auto& [key, n] : activity_[source_id]) {
    sql_->activity.bind(1, source_id).bind(2, static_cast<int64_t>(key.first)).bind(3, key.second).bind(4, n);
    sql_->activity.run();
  }
  activity_.erase(source_id);
}

void CaseWriter::forget_source(int64_t source_id) {
  begin();
  const auto range = [&](const char* sql, int shift) {
    Statement remove = db_.prepare(sql);
    remove.bind(1, source_id << shift).bind(2, (source_id + 1) << shift).run();
  };
  range("DELETE FROM event WHERE event_id >= ?1 AND event_id < ?2", 32);
  range("DELETE FROM event_extra WHERE event_id >= ?1 AND event_id < ?2", 32);
  range("DELETE FROM file_time WHERE event_id >= ?1 AND event_id < ?2", 32);
  range("DELETE FROM file WHERE file_id >= ?1 AND file_id < ?2", 29);
  for (const char* sql :
       {"DELETE FROM activity_count WHERE source_id = ?1", "DELETE FROM problem WHERE source_id = ?1"}) {
    Statement remove = db_.prepare(sql);
    remove.bind(1, source_id).run();
  }
  activity_.erase(source_id);
}

}  // namespace necropsy
