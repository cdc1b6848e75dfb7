// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/context.hpp"
#include "store/case_queries.hpp"

namespace necropsy::cli {
namespace {

struct Options {
  std::string path, user, ip;
  bool all = false;
  Format format = Format::table;
};

// On a screen the columns that tell; in files all of them.
const std::vector<std::string> kLogins = {"login_id",        "host_name", "user_name",  "source_ip",    "service_name",
                                          "auth_method",     "login_utc", "logout_utc", "logout_basis", "verdict",
                                          "failures_before", "is_admin",  "sources"};
const std::vector<std::string> kAccounts = {"host_name",      "user_name",       "account_id",       "source",
                                            "is_admin",       "enabled",         "created_utc",      "created_basis",
                                            "created_by",     "created_from_ip", "password_set_utc", "first_login_utc",
                                            "last_login_utc", "failed_logins"};

}  // namespace

void add_answers(CLI::App& app, ExitCode& code) {
  auto l = std::make_shared<Options>();
  CLI::App* logins = app.add_subcommand("logins", "Sessions, one row each");
  logins->add_option("case", l->path, "Case file")->required()->type_name("CASE.db");
  logins->add_flag("--all", l->all, "Network, service, su and sudo sessions too");
  logins->add_option("--user", l->user, "One account")->type_name("USER");
  logins->add_option("--ip", l->ip, "One source address")->type_name("ADDRESS");
  add_format(*logins, l->format);
  logins->footer("Example:\n  necropsy logins server.db --user root");
  logins->callback([l, &code] {
    Database db = open_for_reading(l->path);
    Statement rows = select_logins(db, l->all, l->user, l->ip);
    print_statement(rows, l->format, l->format == Format::table ? kLogins : std::vector<std::string>{});
    code = kDone;
  });

  auto a = std::make_shared<Options>();
  CLI::App* accounts = app.add_subcommand("accounts", "Accounts and how they came to be");
  accounts->add_option("case", a->path, "Case file")->required()->type_name("CASE.db");
  accounts->add_option("--user", a->user, "One account")->type_name("USER");
  add_format(*accounts, a->format);
  accounts->footer("Example:\n  necropsy accounts server.db");
  accounts->callback([a, &code] {
    Database db = open_for_reading(a->path);
    Statement rows = select_accounts(db, a->user);
    print_statement(rows, a->format, a->format == Format::table ? kAccounts : std::vector<std::string>{});
    code = kDone;
  });
}

}  // namespace necropsy::cli
