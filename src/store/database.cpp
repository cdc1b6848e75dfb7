// SPDX-License-Identifier: Apache-2.0
#include "store/database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

namespace necropsy {
namespace {

[[noreturn]] void raise(sqlite3* db, int code, std::string_view doing) {
  std::string what(doing);
  what += ": ";
  what += db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  throw StoreError(code & 0xFF, what);
}

void check(sqlite3_stmt* s, int code) {
  if (code != SQLITE_OK) raise(sqlite3_db_handle(s), code, "binding a value");
}

}  // namespace

const char* StoreError::advice() const {
  switch (code_) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return "What was read so far is kept. With room on the disk, running the same command again resumes.\n";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "The case file is damaged, its evidence is not: ingest it into a new case.\n";
    default:
      return "";
  }
}

void Statement::Finalize::operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
void Database::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Statement& Statement::bind(int index, int64_t value) {
  check(statement_.get(), sqlite3_bind_int64(statement_.get(), index, value));
  return *this;
}
Statement& Statement::bind(int index, double value) {
  check(statement_.get(), sqlite3_bind_double(statement_.get(), index, value));
  return *this;
}
Statement& Statement::bind(int index, std::string_view text) {
  check(statement_.get(), sqlite3_bind_text64(statement_.get(), index, text.data() ? text.data() : "", text.size(),
                                              SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}
Statement& Statement::bind_static(int index, std::string_view text) {
  check(statement_.get(), sqlite3_bind_text64(statement_.get(), index, text.data() ? text.data() : "", text.size(),
                                              SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}
Statement& Statement::bind_blob(int index, Bytes bytes) {
  check(statement_.get(),
        sqlite3_bind_blob64(statement_.get(), index, bytes.empty() ? static_cast<const void*>("") : bytes.data(),
                            bytes.size(), SQLITE_TRANSIENT));
  return *this;
}
Statement& Statement::bind_null(int index) {
  check(statement_.get(), sqlite3_bind_null(statement_.get(), index));
  return *this;
}

bool Statement::bind_named(const char* name, int64_t value) {
  const int index = sqlite3_bind_parameter_index(statement_.get(), name);
  if (index > 0) bind(index, value);
  return index > 0;
}
bool Statement::bind_named(const char* name, double value) {
  const int index = sqlite3_bind_parameter_index(statement_.get(), name);
  if (index > 0) bind(index, value);
  return index > 0;
}
bool Statement::bind_named(const char* name, std::string_view text) {
  const int index = sqlite3_bind_parameter_index(statement_.get(), name);
  if (index > 0) bind(index, text);
  return index > 0;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    sqlite3* db = sqlite3_db_handle(statement_.get());
    const std::string what = std::string("running SQL: ") + sqlite3_errmsg(db);
    sqlite3_reset(statement_.get());
    throw StoreError(code & 0xFF, what);
  }
  return false;
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

void Statement::rewind() { sqlite3_reset(statement_.get()); }

int Statement::columns() const { return sqlite3_column_count(statement_.get()); }
std::string Statement::column_name(int column) const { return sqlite3_column_name(statement_.get(), column); }
bool Statement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }
bool Statement::is_integer(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_INTEGER; }
bool Statement::is_real(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_FLOAT; }
int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }
std::string_view Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  if (!bytes) return {};
  return {reinterpret_cast<const char*>(bytes), static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}
Bytes Statement::blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  if (!bytes) return {};
  return {static_cast<const std::byte*>(bytes), static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}
std::optional<int64_t> Statement::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

Database Database::open(const std::string& path, Mode mode) {
  Database db;
  sqlite3* handle = nullptr;
  const int flags = mode == Mode::read_only    ? SQLITE_OPEN_READONLY
                    : mode == Mode::read_write ? SQLITE_OPEN_READWRITE
                                               : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  db.handle_.reset(handle);
  if (code != SQLITE_OK) raise(handle, code, "opening " + path);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, 2000);
  // A case file may have been made by somebody else: its schema gets no trust.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  return db;
}

Database::Descriptor::~Descriptor() {
  if (fd >= 0) close(fd);
}

bool Database::take_alone(const std::string& path) {
  // flock, since it is told apart from the fcntl locks that SQLite takes for each transaction.
  lock_.fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return lock_.fd >= 0 && flock(lock_.fd, LOCK_EX | LOCK_NB) == 0;
}

Database Database::memory() { return open(":memory:", Mode::create); }

void Database::execute(std::string_view script) {
  const std::string text(script);
  char* message = nullptr;
  const int code = sqlite3_exec(handle_.get(), text.c_str(), nullptr, nullptr, &message);
  if (code != SQLITE_OK) {
    std::string what = message ? message : sqlite3_errstr(code);
    sqlite3_free(message);
    throw StoreError(code & 0xFF, "running SQL: " + what);
  }
}

Statement Database::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) raise(handle_.get(), code, "preparing SQL");
  return Statement(statement);
}

Statement Database::prepare_query(std::string_view sql) const {
  const std::string text(sql);  // `tail` needs a terminated text
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), text.c_str(), -1, 0, &statement, &tail);
  if (code != SQLITE_OK) raise(handle_.get(), code, "preparing SQL");
  Statement query(statement);
  if (!statement) throw StoreError(SQLITE_ERROR, "preparing SQL: there is no statement");
  if (!sqlite3_stmt_readonly(statement)) throw StoreError(SQLITE_READONLY, "preparing SQL: only reading is allowed");
  sqlite3_stmt* second = nullptr;
  if (sqlite3_prepare_v3(handle_.get(), tail, -1, 0, &second, nullptr) != SQLITE_OK || second) {
    sqlite3_finalize(second);
    throw StoreError(SQLITE_ERROR, "preparing SQL: more than one statement");
  }
  return query;
}

std::optional<int64_t> Database::value(std::string_view sql) const {
  Statement s = prepare(sql);
  if (!s.step() || s.is_null(0)) return std::nullopt;
  return s.integer(0);
}

std::optional<std::string> Database::text_value(std::string_view sql) const {
  Statement s = prepare(sql);
  if (!s.step() || s.is_null(0)) return std::nullopt;
  return std::string(s.text(0));
}

int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
int64_t Database::changes() const { return sqlite3_changes64(handle_.get()); }

void Database::on_progress(bool (*stop)(void*), void* context) {
  struct Hook {
    bool (*stop)(void*);
    void* context;
  };
  // SQLite keeps one pointer; the hook lives as long as the program that asks for it.
  static Hook hook;
  hook = {stop, context};
  sqlite3_progress_handler(
      handle_.get(), stop ? 20'000 : 0, [](void*) { return hook.stop(hook.context) ? 1 : 0; }, nullptr);
}

Transaction::Transaction(Database& db) : db_(db) { db_.execute("BEGIN IMMEDIATE"); }
Transaction::~Transaction() {
  if (!open_) return;
  try {
    db_.execute("ROLLBACK");
  } catch (const StoreError&) {
    // SQLite has already rolled back (full disk, I/O error): nothing is left to undo.
  }
}
void Transaction::commit() {
  db_.execute("COMMIT");
  open_ = false;
}

}  // namespace necropsy
