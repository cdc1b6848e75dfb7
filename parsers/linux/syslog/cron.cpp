// SPDX-License-Identifier: Apache-2.0
// cron, crontab, anacron, at, run-parts.
#include "base/text.hpp"
#include "formats/cron_entry.hpp"
#include "linux/syslog/message.hpp"

namespace necropsy::syslog {
namespace {
// Arguments: user, target, address, port, method, process, pid, path, service, command (model/event.hpp).
constexpr std::string_view kRun = "Cron job of %s%.0s%.0s%.0s%.0s (%s[%s])%.0s%.0s: %s";
}  // namespace

bool read_cron(const SyslogMessage& m, EventDraft& d) {
  CronEntry entry;
  if (!read_cron_entry(m.text, entry)) return false;
  d.event.service_name = "cron";
  d.event.user_name = entry.user;
  switch (entry.act) {
    case CronAct::run:
      d.event.command_line = entry.detail;
      d.is(Action::task_run);
      if (m.pid && !entry.detail.empty()) d.event.message_format = kRun;
      return true;
    case CronAct::written:
    case CronAct::removed:
    case CronAct::seen:
      d.event.target_user = entry.detail;
      d.attribute("operation", entry.what);
      return d.is(entry.act == CronAct::written ? Action::task_created : Action::configuration_message);
    case CronAct::noticed:
      if (entry.user == "*system*" || entry.user == "*") d.event.user_name = {};
      d.event.file_path = entry.detail;
      d.attribute("operation", entry.what);
      return d.is(Action::configuration_message);
    case CronAct::started:
      d.event.user_name = {};
      return d.is(Action::service_started);
    case CronAct::denied:
      d.attribute("operation", entry.what);
      return d.is(Action::configuration_message, Outcome::failure);
    case CronAct::failed:
      return d.is(Action::configuration_message, Outcome::failure);
    case CronAct::other:
      break;
  }
  if (entry.user == "CRON" || entry.user == "cron") d.event.user_name = {};
  if (entry.what == "CMDOUT" || entry.what == "CMDEND") d.event.command_line = entry.detail;
  return d.is(Action::configuration_message);
}

bool read_anacron(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "anacron";
  if (t.starts_with("Job `") && t.ends_with("' started")) {
    d.event.command_line = t.substr(5, t.size() - 5 - 9);
    return d.is(Action::task_run);
  }
  return d.is(Action::configuration_message);
}

// `Starting job 5 (a0000501234567) for user 'bob' (1000)`
bool read_atd(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "atd";
  if (!eat(t, "Starting job ")) return false;
  d.number_attribute("job", take_word(t));
  d.event.file_path = between(t, "(", ")").value_or("");
  d.event.user_name = between(t, " for user '", "'").value_or("");
  if (const size_t open = t.rfind('('); open != std::string_view::npos && t.ends_with(')'))
    d.number_attribute("uid", t.substr(open + 1, t.size() - open - 2));
  return d.is(Action::task_run);
}

// `run-parts(/etc/cron.daily)[1]: starting logrotate`; newer `run-parts[1]: (/etc/cron.hourly) starting 0anacron`
bool read_run_parts(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text, folder = m.module;
  d.event.service_name = "cron";
  if (t.starts_with('(')) {
    folder = between(t, "(", ")").value_or("");
    t = trim(t.substr(std::min(t.size(), folder.size() + 2)));
  }
  if (!eat(t, "starting ")) return d.is(Action::configuration_message);
  std::string command(folder);
  command += '/';
  command += t;
  d.event.command_line = d.keep(std::move(command));
  return d.is(Action::task_run);
}

}  // namespace necropsy::syslog
