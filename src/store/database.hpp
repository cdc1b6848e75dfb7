// SPDX-License-Identifier: Apache-2.0
// Database and Statement: the thin wrapper around SQLite; the only place with <sqlite3.h>.
// One thread at a time. A failing call throws StoreError: the case cannot be written or is damaged, the run cannot go
// on. Text handed out lives until the next step() of its statement.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace necropsy {

class StoreError : public std::runtime_error {
 public:
  StoreError(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
  int code() const { return code_; }  // SQLite's primary result code
  const char* advice() const;         // a line for a person, where there is something to do about it

 private:
  int code_;
};

class Statement {
 public:
  Statement() = default;
  // Binds by position from 1; returns itself so that binds chain. A nullopt and bind_null bind NULL.
  Statement& bind(int index, int64_t value);
  Statement& bind(int index, double value);
  Statement& bind(int index, std::string_view text);  // copied
  Statement& bind(int index, const char* text) { return bind(index, std::string_view(text)); }
  Statement& bind(int index, int value) { return bind(index, static_cast<int64_t>(value)); }
  Statement& bind_static(int index, std::string_view text);  // must outlive the step
  Statement& bind_blob(int index, Bytes bytes);
  Statement& bind_null(int index);
  template <class T>
  Statement& bind(int index, const std::optional<T>& value) {
    return value ? bind(index, *value) : bind_null(index);
  }
  // By name (":from"); false when the statement has no such parameter.
  bool bind_named(const char* name, int64_t value);
  bool bind_named(const char* name, double value);
  bool bind_named(const char* name, std::string_view text);

  bool step();    // true: a row is there
  void run();     // steps to the end, then resets: for statements without rows
  void reset();   // ready to be bound and stepped again; bindings are cleared
  void rewind();  // ready to be stepped again with what is bound

  int columns() const;
  std::string column_name(int column) const;
  bool is_null(int column) const;
  bool is_integer(int column) const;
  bool is_real(int column) const;
  int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;  // empty for NULL
  Bytes blob(int column) const;
  std::optional<int64_t> optional_integer(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* s) const;
  };
  explicit Statement(sqlite3_stmt* s) : statement_(s) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  enum class Mode { read_only, read_write, create };
  // Opens without looking inside (store/case_file.hpp does). Throws StoreError.
  static Database open(const std::string& path, Mode mode);
  static Database memory();

  void execute(std::string_view script);  // any number of statements, no rows
  Statement prepare(std::string_view sql) const;
  // For SQL that is not ours: exactly one statement, and one that only reads. Throws StoreError otherwise.
  Statement prepare_query(std::string_view sql) const;
  // First column of the first row, or nothing.
  std::optional<int64_t> value(std::string_view sql) const;
  std::optional<std::string> text_value(std::string_view sql) const;
  int64_t last_insert_id() const;
  int64_t changes() const;
  // Asks `stop` about every few thousand steps of a running statement; true interrupts it (StoreError, code 9).
  void on_progress(bool (*stop)(void*), void* context);
  sqlite3* raw() const { return handle_.get(); }
  // Takes the file for this Database alone among all that ask for it (readers do not), until it is closed or the
  // process ends, however it ends. False: another one has it.
  bool take_alone(const std::string& path);

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  struct Descriptor {
    int fd = -1;
    Descriptor() = default;
    Descriptor(Descriptor&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
      std::swap(fd, other.fd);
      return *this;
    }
    ~Descriptor();
  };
  // Closed after the handle: closing any descriptor of a file drops SQLite's own locks on it.
  Descriptor lock_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// BEGIN … COMMIT; rolls back when it is left without commit().
class Transaction {
 public:
  explicit Transaction(Database& db);
  ~Transaction();
  void commit();

 private:
  Database& db_;
  bool open_ = true;
};

}  // namespace necropsy
