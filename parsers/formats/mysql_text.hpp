// SPDX-License-Identifier: Apache-2.0
// What the logs of MySQL and MariaDB have in common besides stamps: accounts, refused logins, lines of the general
// query log, and the few facts of a statement that matter whoever logged it.
// Sources: sql/sql_acl.cc, sql/log.cc (MYSQL_QUERY_LOG::write), sql/sql_parse.cc (command_name), the SQL grammar.
#pragma once
#include <string_view>

#include "formats/mysql_stamp.hpp"

namespace necropsy {

// `Access denied for user 'U'@'H' (using password: YES)`, `… to database 'D'`, or without a tail. The text begins with
// these words and ends with its tail: what a name holds cannot move the borders.
struct MysqlRefusal {
  std::string_view user, host, using_password, database;
};
bool read_mysql_refusal(std::string_view text, MysqlRefusal& out);

// `[time]<TAB or blanks>id command[<TAB or blanks>argument]`
struct MysqlGeneralEntry {
  bool stamped = false;
  MysqlStamp stamp;
  std::string_view id, command, argument;
};
bool read_mysql_general_entry(std::string_view line, MysqlGeneralEntry& out);

// The lines that open a general or a slow log: `…, Version: 5.0.77-log (…). started with:`, `Tcp port: …`,
// `Time                 Id Command    Argument`.
bool is_mysql_log_header(std::string_view line);

// `user[login] @ host [address]`, `[SQL_SLAVE] @  []` (slow log, shutdown notes).
struct MysqlClient {
  std::string_view user, host, address;
};
bool read_mysql_client(std::string_view text, MysqlClient& out);

struct MysqlStatement {
  bool grants = false;  // changes who may do what: GRANT, CREATE USER, SET PASSWORD, mysql.user …
  std::string_view target_user, target_host;  // account it is about
  std::string_view file;                      // INTO OUTFILE, LOAD DATA, LOAD_FILE(), SONAME, general_log_file
};
MysqlStatement read_mysql_statement(std::string_view text);

}  // namespace necropsy
