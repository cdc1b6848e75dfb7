// SPDX-License-Identifier: Apache-2.0
// Texts: sql/mysqld.cc, sql/sql_acl.cc, sql/sql_connect.cc, sql/signal_handler.cc, scripts/mysqld_safe.sh,
// storage/innobase/log/log0recv.cc of MySQL 4.1 to 8.0 and MariaDB 5.5 to 11.
#include "services/mysql_error/messages.hpp"

#include "base/text.hpp"
#include "formats/mysql_text.hpp"

namespace necropsy::mysql_error {
namespace {

constexpr size_t npos = std::string_view::npos;

bool is_level(std::string_view word) {
  for (std::string_view level : {"ERROR", "Warning", "Note", "System", "Info", "FATAL", "WARNING", "NOTE"})
    if (word == level) return true;
  return false;
}

}  // namespace

Prefix read_prefix(std::string_view& text) {
  Prefix p;
  text = trim(text);
  std::string_view rest = text;
  const size_t blank = rest.find(' ');
  if (blank != npos && blank <= 20) {
    std::string_view word = rest.substr(0, blank);
    std::string_view digits = word;
    const bool hex = eat(digits, "0x") || eat(digits, "0X");
    bool all_decimal = !digits.empty(), all_hex = !digits.empty();
    for (char c : digits) {
      all_decimal &= is_digit(c);
      all_hex &= is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
    }
    // InnoDB of 5.6 writes its thread in hexadecimal digits alone.
    const std::string_view behind = trim(rest.substr(blank));
    if (all_decimal || (hex && all_hex) ||
        (all_hex && digits.size() >= 4 && (behind.starts_with("InnoDB: ") || behind.starts_with('[')))) {
      p.thread = word;
      rest = behind;
    }
  }
  for (int i = 0; i < 3 && rest.starts_with('['); ++i) {
    const size_t close = rest.find(']');
    if (close == npos || close > 24) break;
    const std::string_view word = rest.substr(1, close - 1);
    if (p.level.empty() && p.code.empty() && is_level(word)) {
      p.level = word;
    } else if (p.code.empty() && word.starts_with("MY-")) {
      p.code = word;
    } else if (!p.code.empty() && p.subsystem.empty()) {
      p.subsystem = word;
    } else {
      break;
    }
    rest = trim(rest.substr(close + 1));
  }
  text = rest;
  return p;
}

std::optional<std::string_view> crash_signal(std::string_view text) {
  for (std::string_view words : {"got signal ", "got exception "}) {
    const size_t at = text.find(words);
    if (at == npos || at > 80) continue;
    const std::string_view program = trim(text.substr(0, at));
    if (!program.ends_with("mysqld") && !program.ends_with("mariadbd") && !program.ends_with("mysqld.exe") &&
        !program.ends_with("mysqld-nt") && !program.ends_with("mysqld-max"))
      continue;
    std::string_view value = trim(text.substr(at + words.size()));
    return value.substr(0, value.find_first_of(" ;"));
  }
  return std::nullopt;
}

namespace {

bool read_access(std::string_view text, Draft& d) {
  Event& e = d.event;
  MysqlRefusal refusal;
  if (!read_mysql_refusal(text, refusal)) return false;
  e.action = Action::database_login;
  e.outcome = Outcome::failure;
  e.auth_method = "sql";
  e.user_name = refusal.user;
  d.from(refusal.host);
  d.add("using_password", refusal.using_password);
  d.add("database", refusal.database);
  return true;
}

// Start, stop and crash. The wrapper mysqld_safe is a service of its own; the server's own words count for it.
bool read_life(std::string_view text, std::string_view more, Draft& d) {
  Event& e = d.event;
  const auto is = [&](Action action) {
    e.action = action;
    return true;
  };
  if (const auto signal = crash_signal(text)) {
    d.add("signal", *signal);
    e.process_name = contains(text, "mariadbd") ? "mariadbd" : "mysqld";
    return is(Action::process_crashed);
  }
  std::string_view rest = text;
  const bool wrapper = eat(rest, "mysqld_safe ") || eat(rest, "mariadbd-safe ");
  if (wrapper || rest == "mysqld started" || rest == "mysqld ended" || rest == "mysqld restarted") {
    if (contains(rest, "skip-grant-tables")) d.add("skip_grant_tables", 1);
    if (rest.starts_with("Starting ") || rest == "mysqld started") return is(Action::service_started);
    if (rest.ends_with(" ended")) return is(Action::service_stopped);
    if (contains(rest, "restarted")) return is(Action::service_crashed);
    return wrapper;
  }
  if (contains(text, "ready for connections")) {
    // 8.0 and MariaDB write X Plugin and admin ports with the same words.
    if (text.starts_with("X Plugin ready") || text.starts_with("Admin interface ready")) return true;
    const std::string_view all = contains(text, "Version: '") ? text : more;
    if (const auto version = between(all, "Version: '", "'")) d.add("server_version", *version);
    return is(Action::database_started);
  }
  if (text.ends_with("Shutdown complete") || contains(text, ": Shutdown complete")) {
    if (text.starts_with("InnoDB")) return false;
    d.add("stage", "complete");
    return is(Action::database_stopped);
  }
  if (rest = text; eat(rest, "Received SHUTDOWN from user ")) {
    d.add("stage", "requested");
    const std::string_view user = rest.substr(0, rest.find(". Shutting down"));
    e.user_name = user == "<via user signal>" ? std::string_view() : user;
    if (e.user_name.ends_with('.')) e.user_name.remove_suffix(1);
    return is(Action::database_stopped);
  }
  if (contains(text, "Normal shutdown")) {
    d.add("stage", "begun");
    if (const auto who = between(text, "(initiated by: ", ")")) {
      MysqlClient client;
      if (read_mysql_client(*who, client)) {
        e.user_name = client.user;
        d.from(client.address.empty() ? client.host : client.address);
      }
    }
    return is(Action::database_stopped);
  }
  return false;
}

}  // namespace

void read_text(std::string_view text, std::string_view more, const Prefix& prefix, Draft& d) {
  Event& e = d.event;
  if (read_access(text, d) || read_life(text, more, d)) return;
  std::string_view rest = text;
  if (eat(rest, "Aborted connection ")) {
    e.session_id = take_until(rest, " ");
    // `to db: 'x' user: 'u' host: '1.2.3.4' (Got …)`: the names are the client's; the host is the server's.
    if (eat(rest, "to db: '")) {
      d.add("database", rest.substr(0, rest.find("' user: '")));
      if (const auto user = between(rest, "' user: '", "' host: '"); user && *user != "unauthenticated")
        e.user_name = *user;
      if (const size_t host = rest.rfind("' host: '"); host != npos) {
        const std::string_view name = rest.substr(host + 9);
        d.from(name.substr(0, name.find('\'')));
      }
    }
    if (const size_t open = rest.rfind(" ("); open != npos && rest.ends_with(')'))
      d.add("reason", rest.substr(open + 2, rest.size() - open - 3));
    e.action = e.user_name.empty() ? Action::database_error : Action::database_logout;
    e.outcome = Outcome::failure;
    return;
  }
  if (rest = text; eat(rest, "Host '") && contains(rest, "' is blocked because of many connection errors")) {
    d.from(take_until(rest, "'"));
    e.action = Action::database_error;
    return;
  }
  if (rest = text; eat(rest, "IP address '")) {
    d.from(take_until(rest, "'"));
    return;
  }
  if (rest = text; eat(rest, "Hostname '")) {
    const std::string_view name = take_until(rest, "'");
    if (const auto address = between(rest, " does not resolve to '", "'")) {
      d.from(*address);
      e.source_host = name;
    }
    return;
  }
  if (rest = text; eat(rest, "Can't open shared library '")) {
    e.file_path = take_until(rest, "'");
    e.action = Action::database_error;
    return;
  }
  if (contains(text, "skip-grant-tables")) d.add("skip_grant_tables", 1);
  if (contains(text, "Database was not shut down normally") || contains(text, "Starting crash recovery") ||
      contains(text, "Recovering after a crash") || contains(text, "marked as crashed"))
    d.add("unclean_shutdown", 1);
  if (rest = text; prefix.level.empty() && (eat(rest, "InnoDB: ") || eat(rest, "InnoDB:"))) {
    if (rest.starts_with("Error") || rest.starts_with("ERROR") || rest.starts_with("Fatal") ||
        rest.starts_with("Assertion failure"))
      e.action = Action::database_error;
  }
}

}  // namespace necropsy::mysql_error
