// SPDX-License-Identifier: Apache-2.0
// What the readers of the syslog parser get (SyslogMessage) and fill in (EventDraft). Each reader is a function of the
// message alone, but for RecentPids, the little that must be remembered from one line to the next.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "model/event.hpp"

namespace necropsy::syslog {

// Remembers for a few processes that a line about the same act was already read, so that it is not counted twice.
// Direct-mapped and bounded: a forgotten pid costs a double count, never memory.
class RecentPids {
 public:
  void mark(std::optional<int64_t> pid) {
    if (pid) slots_[index(*pid)] = *pid;
  }
  // True once for each mark.
  bool take(std::optional<int64_t> pid) {
    if (!pid || slots_[index(*pid)] != *pid) return false;
    slots_[index(*pid)] = -1;
    return true;
  }

 private:
  static size_t index(int64_t pid) { return static_cast<uint64_t>(pid) % 256; }
  std::array<int64_t, 256> slots_ = [] {
    std::array<int64_t, 256> none{};
    none.fill(-1);
    return none;
  }();
};

struct SyslogMessage {
  std::string_view tag;      // as it stands in the line
  std::string_view program;  // the tag without folders and brackets
  std::string_view module;   // what stood in the tag's brackets: pam_unix, /etc/cron.hourly, authority=local …
  std::optional<int64_t> pid;
  int facility = -1;               // RFC 5424 numbers; -1 when the line does not say
  std::string_view text;           // displayable, without blanks around it
  bool restarted_at_once = false;  // a line of a log daemon: the next line, seconds later, is its start
  RecentPids* recent = nullptr;
};

// An event under construction, with room for its attributes and for text that is not in the line.
class EventDraft {
 public:
  Event event;

  void clear();
  // Sets action and outcome; true, so that a reader can return it.
  bool is(Action action, Outcome outcome = Outcome::none) {
    event.action = action;
    event.outcome = outcome;
    return true;
  }
  // Where it came from: an address (made canonical) or a name; words for "no host" are left out.
  void from(std::string_view address_or_name);
  void from_port(std::string_view port);
  void to(std::string_view address_or_name);
  void to_port(std::string_view port);
  void attribute(std::string_view key, std::string_view text);  // empty text adds nothing
  void attribute(std::string_view key, int64_t number);
  void number_attribute(std::string_view key, std::string_view digits);  // as text when it is no number
  // Keeps text that the line does not hold as such until the event was handed on.
  std::string_view keep(std::string text);
  // For the mass kinds: a constant template, when all that it shows is known.
  void format_with_peer(std::string_view message_format) {
    if (event.source_port && event.process_pid && (!event.source_ip.empty() || !event.source_host.empty()))
      event.message_format = message_format;
  }
  void finish();  // after the last attribute

 private:
  std::array<Attribute, 32> attributes_;
  size_t count_ = 0;
  std::deque<std::string> kept_;
};

// A reader recognises a message by its text and fills the draft; false leaves the draft as it was given (action and
// outcome of a plain message of that program).
using Reader = bool (*)(const SyslogMessage&, EventDraft&);

struct Program {
  std::string_view name;
  Reader read;   // may be null: only the category is known
  Action plain;  // for messages without a meaning of their own
};

// The program by its name in the tag; nothing for an unknown one.
const Program* find_program(std::string_view name);
// Category of a message of an unknown program, by its facility.
Action plain_action(int facility);

// ssh.cpp, ssh_files.cpp
bool read_sshd(const SyslogMessage&, EventDraft&);
bool read_sftp_server(const SyslogMessage&, EventDraft&);
bool read_dropbear(const SyslogMessage&, EventDraft&);
// pam.cpp: text that begins with `pam_x(…)`, `(pam_x)`, `PAM …`, or whose tag names a PAM module.
bool is_pam(const SyslogMessage&);
bool read_pam(const SyslogMessage&, EventDraft&);
// privilege.cpp
bool read_sudo(const SyslogMessage&, EventDraft&);
bool read_doas(const SyslogMessage&, EventDraft&);
bool read_pkexec(const SyslogMessage&, EventDraft&);
bool read_polkitd(const SyslogMessage&, EventDraft&);
bool read_su(const SyslogMessage&, EventDraft&);
// login.cpp
bool read_login(const SyslogMessage&, EventDraft&);
bool read_remote_shell(const SyslogMessage&, EventDraft&);  // rshd, rlogind, rexecd, klogind
// accounts.cpp
bool read_accounts(const SyslogMessage&, EventDraft&);
bool read_pw(const SyslogMessage&, EventDraft&);
// cron.cpp
bool read_cron(const SyslogMessage&, EventDraft&);
bool read_anacron(const SyslogMessage&, EventDraft&);
bool read_atd(const SyslogMessage&, EventDraft&);
bool read_run_parts(const SyslogMessage&, EventDraft&);
// network.cpp
bool read_tcp_wrappers(const SyslogMessage&, EventDraft&);  // any program: `connect from`, `refused connect from`
bool read_xinetd(const SyslogMessage&, EventDraft&);
bool read_inetd(const SyslogMessage&, EventDraft&);
bool read_rpc(const SyslogMessage&, EventDraft&);  // rpc.statd, portmap, mountd
bool read_named(const SyslogMessage&, EventDraft&);
bool read_dhcp(const SyslogMessage&, EventDraft&);
bool read_vpn(const SyslogMessage&, EventDraft&);
bool read_scanlogd(const SyslogMessage&, EventDraft&);
bool read_portsentry(const SyslogMessage&, EventDraft&);
// ftp.cpp
bool read_ftpd(const SyslogMessage&, EventDraft&);
bool read_vsftpd(const SyslogMessage&, EventDraft&);
bool read_proftpd(const SyslogMessage&, EventDraft&);
bool read_pure_ftpd(const SyslogMessage&, EventDraft&);
// kernel.cpp
bool read_kernel(const SyslogMessage&, EventDraft&);
// system.cpp
bool read_log_daemon(const SyslogMessage&, EventDraft&);  // syslogd, rsyslogd, syslog-ng, klogd, newsyslog, journald
bool read_untagged(const SyslogMessage&, EventDraft&);
bool read_systemd(const SyslogMessage&, EventDraft&);
bool read_logind(const SyslogMessage&, EventDraft&);
bool read_shutdown(const SyslogMessage&, EventDraft&);
bool read_init(const SyslogMessage&, EventDraft&);
bool read_clock_daemon(const SyslogMessage&, EventDraft&);  // ntpd, chronyd, ntpdate, timesyncd
bool read_init_script(const SyslogMessage&, EventDraft&);   // `httpd: httpd startup succeeded` (Red Hat), rc
// mail.cpp
bool read_dovecot(const SyslogMessage&, EventDraft&);
bool read_uw_imapd(const SyslogMessage&, EventDraft&);
bool read_courier(const SyslogMessage&, EventDraft&);
bool read_cyrus(const SyslogMessage&, EventDraft&);
bool read_postfix(const SyslogMessage&, EventDraft&);
bool read_sendmail(const SyslogMessage&, EventDraft&);
bool read_exim(const SyslogMessage&, EventDraft&);
// services.cpp
bool read_mysqld(const SyslogMessage&, EventDraft&);
bool read_webmin(const SyslogMessage&, EventDraft&);
bool read_phpmyadmin(const SyslogMessage&, EventDraft&);
bool read_xrdp(const SyslogMessage&, EventDraft&);
bool read_slapd(const SyslogMessage&, EventDraft&);
bool read_screensharing(const SyslogMessage&, EventDraft&);
bool read_smbd(const SyslogMessage&, EventDraft&);

// Year that a message proves for its own stamp (month, day): a full date or an epoch in its text, given that it lies
// within two days of the stamp. anchors.cpp
std::optional<int32_t> proven_year(std::string_view program, std::string_view text, unsigned month, unsigned day);
// Cheap test by the first letters of the tag: false when `line` can prove no year.
bool may_prove_year(std::string_view line, size_t stamp_end);
// Year before which a kernel cannot have booted: the build date in its `Linux version` line.
std::optional<int32_t> kernel_build_year(std::string_view text);

// Shared small readers.
// Value of `key` (with its `=`) up to a blank, comma or end; the first occurrence at a word's beginning.
std::string_view value_of(std::string_view text, std::string_view key);
std::string_view unquoted(std::string_view text);  // without ' or " or ` ' around it

}  // namespace necropsy::syslog
