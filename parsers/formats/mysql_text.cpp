// SPDX-License-Identifier: Apache-2.0
#include "formats/mysql_text.hpp"

#include <array>

#include "base/text.hpp"

namespace necropsy {
namespace {

constexpr size_t npos = std::string_view::npos;

// Names of the commands of the protocol as the general log prints them, longest first where one begins another.
constexpr std::string_view kCommands[] = {"Binlog Dump GTID",
                                          "Binlog Dump",
                                          "Group Replication Data Stream subscription",
                                          "Subscribe Group Replication Stream",
                                          "Register Slave",
                                          "Register Replica",
                                          "Reset Connection",
                                          "Delayed insert",
                                          "Bulk Execute",
                                          "Connect Out",
                                          "Change user",
                                          "Set option",
                                          "Field List",
                                          "Close stmt",
                                          "Reset stmt",
                                          "Long Data",
                                          "Create DB",
                                          "Table Dump",
                                          "Drop DB",
                                          "Init DB",
                                          "Slave_worker",
                                          "Slave_SQL",
                                          "Slave_IO",
                                          "Com_multi",
                                          "Processlist",
                                          "Statistics",
                                          "Shutdown",
                                          "Execute",
                                          "Prepare",
                                          "Connect",
                                          "Refresh",
                                          "Daemon",
                                          "Sleep",
                                          "Query",
                                          "Fetch",
                                          "Debug",
                                          "Error",
                                          "Clone",
                                          "Quit",
                                          "Kill",
                                          "Ping",
                                          "Time"};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Words, quoted texts and single signs of a statement; comments are passed over, executable ones (/*! … */) read.
class Tokens {
 public:
  enum class Kind { end, word, quoted, sign };
  struct Token {
    Kind kind = Kind::end;
    std::string_view text;  // of quoted ones what stands between the quotes
  };
  explicit Tokens(std::string_view text) : text_(text) {}

  Token next() {
    skip();
    if (at_ >= text_.size()) return {};
    const char c = text_[at_];
    if (c == '\'' || c == '"' || c == '`') return quoted(c);
    if (is_word(c)) {
      const size_t begin = at_;
      while (at_ < text_.size() && is_word(text_[at_])) ++at_;
      return {Kind::word, text_.substr(begin, at_ - begin)};
    }
    return {Kind::sign, text_.substr(at_++, 1)};
  }

 private:
  static bool is_word(char c) {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' || c == '$' || c == '%' || c == '.' ||
           static_cast<unsigned char>(c) >= 0x80;
  }
  void skip() {
    while (at_ < text_.size()) {
      const std::string_view rest = text_.substr(at_);
      if (is_space(rest[0])) {
        ++at_;
      } else if (rest.starts_with("/*!")) {
        at_ += 3;
        while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
      } else if (rest.starts_with("/*")) {
        const size_t end = rest.find("*/", 2);
        at_ = end == npos ? text_.size() : at_ + end + 2;
      } else if (rest.starts_with("*/")) {
        at_ += 2;
      } else if (rest[0] == '#' || (rest.starts_with("--") && (rest.size() == 2 || is_space(rest[2])))) {
        const size_t end = rest.find('\n');
        at_ = end == npos ? text_.size() : at_ + end + 1;
      } else {
        return;
      }
    }
  }
  Token quoted(char quote) {
    const size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != quote) at_ += text_[at_] == '\\' && quote != '`' ? 2 : 1;
    const size_t end = std::min(at_, text_.size());
    at_ = std::min(end + 1, text_.size());
    return {Kind::quoted, text_.substr(begin, end - begin)};
  }

  std::string_view text_;
  size_t at_ = 0;
};

using Token = Tokens::Token;
using Kind = Tokens::Kind;

bool is(const Token& token, std::string_view word) {
  return token.kind == Kind::word && equals_ignore_case(token.text, word);
}

// `user[@host]` beginning with `token`.
void read_account(const Token& token, Tokens& tokens, MysqlStatement& out) {
  if (token.kind != Kind::word && token.kind != Kind::quoted) return;
  out.target_user = token.text;
  Tokens ahead = tokens;
  const Token at = ahead.next();
  if (at.kind == Kind::sign && at.text == "@") {
    const Token host = ahead.next();
    if (host.kind == Kind::word || host.kind == Kind::quoted) {
      out.target_host = host.text;
      tokens = ahead;
    }
  }
}

// Passes over IF [NOT] EXISTS.
Token after_exists(Tokens& tokens) {
  Token token = tokens.next();
  if (!is(token, "IF")) return token;
  token = tokens.next();
  if (is(token, "NOT")) token = tokens.next();
  return tokens.next();
}

bool is_user_table(Tokens& tokens, Token token) {
  // `mysql`.`user`, mysql.user, or user alone
  if (token.kind == Kind::word)
    for (std::string_view table : {"mysql.user", "mysql.db", "mysql.global_priv", "user"})
      if (equals_ignore_case(token.text, table)) return true;
  if ((token.kind == Kind::word || token.kind == Kind::quoted) &&
      (equals_ignore_case(token.text, "mysql") || equals_ignore_case(token.text, "mysql."))) {
    Token table = tokens.next();
    if (table.kind == Kind::word && table.text == ".") table = tokens.next();
    std::string_view name = table.text;
    eat(name, ".");
    return equals_ignore_case(name, "user") || equals_ignore_case(name, "global_priv") ||
           equals_ignore_case(name, "db");
  }
  return token.kind == Kind::quoted && equals_ignore_case(token.text, "user");
}

// `user = 'x'` further on.
void read_user_condition(Tokens tokens, MysqlStatement& out) {
  bool where = false;
  for (Token token = tokens.next(); token.kind != Kind::end; token = tokens.next()) {
    if (is(token, "WHERE")) where = true;
    if (!where || !equals_ignore_case(token.text, "user")) continue;
    const Token sign = tokens.next();
    const Token value = tokens.next();
    if (sign.kind == Kind::sign && sign.text == "=" && value.kind == Kind::quoted) {
      out.target_user = value.text;
      return;
    }
  }
}

void read_grant(Tokens tokens, MysqlStatement& out) {
  Token token = tokens.next();
  while (token.kind == Kind::sign) token = tokens.next();  // ( and the like
  if (is(token, "GRANT") || is(token, "REVOKE")) {
    const std::string_view before = is(token, "GRANT") ? "TO" : "FROM";
    out.grants = true;
    for (token = tokens.next(); token.kind != Kind::end; token = tokens.next())
      if (is(token, before)) return read_account(tokens.next(), tokens, out);
    return;
  }
  const bool create = is(token, "CREATE"), drop = is(token, "DROP"), alter = is(token, "ALTER"),
             rename = is(token, "RENAME");
  if (create || drop || alter || rename) {
    token = tokens.next();
    if (is(token, "OR")) {  // CREATE OR REPLACE USER (MariaDB)
      tokens.next();
      token = tokens.next();
    }
    if (!is(token, "USER") && !is(token, "ROLE")) return;
    out.grants = true;
    return read_account(after_exists(tokens), tokens, out);
  }
  if (is(token, "SET")) {
    if (!is(tokens.next(), "PASSWORD")) return;
    out.grants = true;
    if (is(tokens.next(), "FOR")) read_account(tokens.next(), tokens, out);
    return;
  }
  if (is(token, "FLUSH")) {
    out.grants = is(tokens.next(), "PRIVILEGES");
    return;
  }
  const bool update = is(token, "UPDATE");
  if (update || is(token, "INSERT") || is(token, "REPLACE") || is(token, "DELETE")) {
    token = tokens.next();
    while (is(token, "INTO") || is(token, "FROM") || is(token, "IGNORE") || is(token, "LOW_PRIORITY") ||
           is(token, "DELAYED") || is(token, "QUICK"))
      token = tokens.next();
    if (!is_user_table(tokens, token)) return;
    out.grants = true;
    read_user_condition(tokens, out);
  }
}

void read_file(Tokens tokens, MysqlStatement& out) {
  for (Token token = tokens.next(); token.kind != Kind::end; token = tokens.next()) {
    if (token.kind != Kind::word) continue;
    const bool variable = equals_ignore_case(token.text, "general_log_file") ||
                          equals_ignore_case(token.text, "slow_query_log_file") ||
                          equals_ignore_case(token.text, "global.general_log_file") ||
                          equals_ignore_case(token.text, "global.slow_query_log_file");
    const bool call = is(token, "LOAD_FILE");
    if (!variable && !call && !is(token, "OUTFILE") && !is(token, "DUMPFILE") && !is(token, "INFILE") &&
        !is(token, "SONAME"))
      continue;
    Tokens ahead = tokens;
    Token value = ahead.next();
    while (value.kind == Kind::sign && (value.text == "(" || value.text == "=" || value.text == ":"))
      value = ahead.next();
    if (value.kind == Kind::quoted && !value.text.empty()) {
      out.file = value.text;
      return;
    }
  }
}

}  // namespace

bool read_mysql_refusal(std::string_view text, MysqlRefusal& out) {
  out = MysqlRefusal();
  text = trim(text);
  if (!eat(text, "Access denied for user ")) return false;
  // 3.23 and 4.0 wrote user: 'u@h'
  eat(text, ": ");
  if (!eat(text, "'")) return false;
  const size_t using_at = text.rfind(" (using password: ");
  if (using_at != npos && text.ends_with(')')) {
    out.using_password = text.substr(using_at + 18, text.size() - using_at - 19);
    if (out.using_password != "YES" && out.using_password != "NO") {
      // Localised servers translate the word; anything longer is no tail of this kind.
      if (out.using_password.size() > 16 || out.using_password.find(' ') != npos) return false;
    }
    text = text.substr(0, using_at);
  } else if (const size_t at = text.rfind("' to database '"); at != npos && text.ends_with('\'')) {
    out.database = text.substr(at + 15, text.size() - at - 16);
    text = text.substr(0, at + 1);
  }
  if (!text.ends_with('\'')) return false;
  text.remove_suffix(1);
  if (const size_t at = text.rfind("'@'"); at != npos) {
    out.user = text.substr(0, at);
    out.host = text.substr(at + 3);
  } else if (const size_t old = text.rfind('@'); old != npos) {
    out.user = text.substr(0, old);
    out.host = text.substr(old + 1);
  } else {
    return false;
  }
  return true;
}

bool read_mysql_general_entry(std::string_view line, MysqlGeneralEntry& out) {
  out = MysqlGeneralEntry();
  out.stamped = read_mysql_stamp(line, out.stamp);
  std::string_view rest = out.stamped ? line.substr(out.stamp.end) : line;
  size_t blanks = 0;
  bool tab = false;
  while (blanks < rest.size() && is_blank(rest[blanks])) tab |= rest[blanks++] == '\t';
  // Lines that share the second of the line above begin with two tabs, or with 15 blanks and one.
  if (blanks == 0 || (!out.stamped && !tab)) return false;
  rest.remove_prefix(blanks);
  size_t digits = 0;
  while (digits < rest.size() && digits < 21 && is_digit(rest[digits])) ++digits;
  if (digits == 0 || digits > 20 || digits >= rest.size() || rest[digits] != ' ') return false;
  out.id = rest.substr(0, digits);
  rest.remove_prefix(digits);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  for (std::string_view command : kCommands) {
    if (!rest.starts_with(command)) continue;
    std::string_view behind = rest.substr(command.size());
    if (!behind.empty() && !is_blank(behind[0])) continue;
    out.command = rest.substr(0, command.size());
    if (behind.starts_with('\t')) {
      behind.remove_prefix(1);
    } else {
      while (!behind.empty() && is_blank(behind[0])) behind.remove_prefix(1);
    }
    out.argument = behind;
    return true;
  }
  return false;
}

bool is_mysql_log_header(std::string_view line) {
  if (line.ends_with("started with:") && contains(line, ", Version: ")) return true;
  if ((line.starts_with("Tcp port: ") || line.starts_with("TCP Port: ")) &&
      (contains(line, "Unix socket: ") || contains(line, "Named Pipe: ")))
    return true;
  // MySQL pads with blanks, MariaDB with tabs.
  if (!line.starts_with("Time") || line.size() < 6 || !is_blank(line[4])) return false;
  const std::string_view rest = trim(line.substr(5));
  return rest.starts_with("Id Command") && rest.ends_with("Argument");
}

bool read_mysql_client(std::string_view text, MysqlClient& out) {
  out = MysqlClient();
  const size_t at = text.find("] @ ");
  const size_t open = at == npos ? npos : text.rfind('[', at);
  if (open == npos) return false;
  out.user = text.substr(open + 1, at - open - 1);
  if (out.user.empty()) out.user = trim(text.substr(0, open));
  const std::string_view rest = text.substr(at + 4);
  const size_t address = rest.find('[');
  if (address == npos) return false;
  out.host = trim(rest.substr(0, address));
  const size_t close = rest.find(']', address);
  if (close == npos) return false;
  out.address = rest.substr(address + 1, close - address - 1);
  return true;
}

MysqlStatement read_mysql_statement(std::string_view text) {
  MysqlStatement out;
  read_grant(Tokens(text), out);
  read_file(Tokens(text), out);
  return out;
}

}  // namespace necropsy
