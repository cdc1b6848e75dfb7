// SPDX-License-Identifier: Apache-2.0
#include "store/case_file.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "store/embedded.hpp"
#include "store/schema.hpp"

namespace necropsy {
namespace {

tl::unexpected<Error> refuse(const std::string& path, std::string_view why) {
  return fail(ErrorCode::unsupported, fmt::format("{}: {}", path, why));
}

// schema/migrations/NNN.sql brings a case of version NNN-1 to NNN.
void migrate(Database& db, int64_t from) {
  for (int64_t version = from + 1; version <= kSchemaVersion; ++version) {
    const auto script = embedded_file(fmt::format("migrations/{:03}.sql", version));
    if (!script) throw StoreError(1, fmt::format("no migration to schema version {}", version));
    Transaction transaction(db);
    db.execute(expand_macros(*script));
    db.execute(fmt::format("PRAGMA user_version = {}", version));
    transaction.commit();
  }
}

}  // namespace

Result<Database> open_case(const std::string& path, CaseMode mode) {
  struct stat info {};
  const bool exists = stat(path.c_str(), &info) == 0;
  if (exists && !S_ISREG(info.st_mode)) return refuse(path, "is not a regular file, so it is no case file");
  if (!exists && mode != CaseMode::create_or_write)
    return fail(ErrorCode::not_found, fmt::format("{}: there is no such case file", path));
  try {
    bool fresh = !exists || info.st_size == 0;
    if (fresh && mode != CaseMode::create_or_write) return refuse(path, "is empty, so it is no case file");
    Database db = Database::open(path, mode == CaseMode::read    ? Database::Mode::read_only
                                       : mode == CaseMode::write ? Database::Mode::read_write
                                                                 : Database::Mode::create);
    if (mode != CaseMode::read && !db.take_alone(path))
      return fail(ErrorCode::io, fmt::format("{}: another necropsy is writing to this case", path));
    const int64_t id = fresh ? 0 : db.value("PRAGMA application_id").value_or(0);
    const int64_t version = fresh ? 0 : db.value("PRAGMA user_version").value_or(0);
    // A run that was killed before its first transaction left a database without anything in it.
    if (mode == CaseMode::create_or_write && id == 0 && version == 0 && !fresh)
      fresh = db.value("SELECT count(*) FROM sqlite_schema").value_or(1) == 0;
    if (!fresh && id == 0 && version == 0 && db.value("SELECT count(*) FROM sqlite_schema").value_or(1) == 0)
      return refuse(path, "has nothing in it: the run that made it ended before its first row; ingest again");
    if (!fresh) {
      if (id != kApplicationId) return refuse(path, "is an SQLite file, but no case of necropsy");
      if (version > kSchemaVersion)
        return refuse(path, fmt::format("was written by a newer necropsy (schema {}, this one knows {})", version,
                                        kSchemaVersion));
      if (version < 1) return refuse(path, "is a case without a schema version: it was never finished");
      if (mode == CaseMode::read && version < kSchemaVersion)
        return refuse(path, "is a case of an older schema: run `necropsy correlate` on it once to bring it up to date");
    }
    if (mode == CaseMode::read) {
      db.execute("PRAGMA query_only = 1; PRAGMA cache_size = -65536; PRAGMA mmap_size = 0;");
      return db;
    }
    db.execute(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -131072; "
        "PRAGMA wal_autocheckpoint = 4000; PRAGMA temp_store = FILE; PRAGMA analysis_limit = 1000;");
    if (fresh) {
      Transaction transaction(db);
      create_schema(db);
      transaction.commit();
    } else {
      migrate(db, db.value("PRAGMA user_version").value_or(0));
      Transaction transaction(db);
      make_views(db);
      transaction.commit();
    }
    return db;
  } catch (const StoreError& error) {
    if (error.code() == SQLITE_NOTADB) return refuse(path, "is no SQLite file, so it is no case of necropsy");
    if (error.code() == SQLITE_BUSY || error.code() == SQLITE_LOCKED)
      return fail(ErrorCode::io, fmt::format("{}: another necropsy is writing to this case", path));
    if (error.code() == SQLITE_CANTOPEN)
      return fail(ErrorCode::io, fmt::format("{}: {}", path,
                                             exists ? "it may not be opened, or its folder not be written to"
                                                    : "cannot be made: its folder is not there or may not be written"));
    if (error.code() == SQLITE_CORRUPT)
      return refuse(path, "is damaged, its evidence is not: ingest it into a new case");
    if (mode != CaseMode::read && (error.code() == SQLITE_FULL || error.code() == SQLITE_IOERR)) throw;
    return fail(ErrorCode::io, fmt::format("{}: {}", path, error.what()));
  }
}

void close_case(Database& db) { db.execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;"); }

Database memory_case() {
  Database db = Database::memory();
  create_schema(db);
  make_indexes(db);
  return db;
}

}  // namespace necropsy
