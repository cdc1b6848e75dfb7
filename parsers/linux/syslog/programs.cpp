// SPDX-License-Identifier: Apache-2.0
// Which reader knows which program, and the category of its other messages.
#include <array>

#include "linux/syslog/message.hpp"

namespace necropsy::syslog {
namespace {

constexpr Program kPrograms[] = {
    // Remote shells and file transfer over SSH
    {"sshd", read_sshd, Action::auth_message},
    {"sshd-session", read_sshd, Action::auth_message},
    {"sshd-auth", read_sshd, Action::auth_message},
    {"sshd2", read_sshd, Action::auth_message},
    {"ssh", read_sshd, Action::auth_message},
    {"dropbear", read_dropbear, Action::auth_message},
    {"sftp-server", read_sftp_server, Action::ftp_message},
    {"internal-sftp", read_sftp_server, Action::ftp_message},
    // Acting as somebody else
    {"sudo", read_sudo, Action::auth_message},
    {"doas", read_doas, Action::auth_message},
    {"su", read_su, Action::auth_message},
    {"runuser", read_su, Action::auth_message},
    {"pkexec", read_pkexec, Action::auth_message},
    {"polkitd", read_polkitd, Action::auth_message},
    {"polkit-agent-helper-1", nullptr, Action::auth_message},
    {"polkit", read_polkitd, Action::auth_message},
    // Consoles
    {"login", read_login, Action::auth_message},
    {"-- root", read_login, Action::auth_message},
    {"sulogin", nullptr, Action::auth_message},
    {"getty", nullptr, Action::session_message},
    {"agetty", nullptr, Action::session_message},
    {"mingetty", nullptr, Action::session_message},
    {"gdm", nullptr, Action::session_message},
    {"gdm3", nullptr, Action::session_message},
    {"gdm-binary", nullptr, Action::session_message},
    {"gdm-password", nullptr, Action::session_message},
    {"lightdm", nullptr, Action::session_message},
    {"sddm", nullptr, Action::session_message},
    {"kdm", nullptr, Action::session_message},
    {"xdm", nullptr, Action::session_message},
    {"gnome-keyring-daemon", nullptr, Action::session_message},
    {"systemd-logind", read_logind, Action::session_message},
    {"elogind", read_logind, Action::session_message},
    {"sd-pam", nullptr, Action::session_message},
    {"pam_unix", nullptr, Action::auth_message},
    {"unix_chkpwd", nullptr, Action::auth_message},
    {"saslauthd", nullptr, Action::auth_message},
    {"sssd", nullptr, Action::auth_message},
    {"krb5kdc", nullptr, Action::auth_message},
    // Remote shells of old
    {"rshd", read_remote_shell, Action::auth_message},
    {"in.rshd", read_remote_shell, Action::auth_message},
    {"rlogind", read_remote_shell, Action::auth_message},
    {"in.rlogind", read_remote_shell, Action::auth_message},
    {"rexecd", read_remote_shell, Action::auth_message},
    {"in.rexecd", read_remote_shell, Action::auth_message},
    {"kshd", read_remote_shell, Action::auth_message},
    {"klogind", read_remote_shell, Action::auth_message},
    {"telnetd", nullptr, Action::network_message},
    {"in.telnetd", nullptr, Action::network_message},
    // Accounts
    {"useradd", read_accounts, Action::iam_message},
    {"adduser", read_accounts, Action::iam_message},
    {"usermod", read_accounts, Action::iam_message},
    {"userdel", read_accounts, Action::iam_message},
    {"deluser", read_accounts, Action::iam_message},
    {"groupadd", read_accounts, Action::iam_message},
    {"addgroup", read_accounts, Action::iam_message},
    {"groupmod", read_accounts, Action::iam_message},
    {"groupdel", read_accounts, Action::iam_message},
    {"delgroup", read_accounts, Action::iam_message},
    {"passwd", read_accounts, Action::iam_message},
    {"chpasswd", read_accounts, Action::iam_message},
    {"chgpasswd", read_accounts, Action::iam_message},
    {"chage", read_accounts, Action::iam_message},
    {"gpasswd", read_accounts, Action::iam_message},
    {"groupmems", read_accounts, Action::iam_message},
    {"newusers", read_accounts, Action::iam_message},
    {"chsh", read_accounts, Action::iam_message},
    {"chfn", read_accounts, Action::iam_message},
    {"newgrp", read_accounts, Action::auth_message},
    {"vipw", read_accounts, Action::iam_message},
    {"pw", read_pw, Action::iam_message},
    {"accounts-daemon", nullptr, Action::iam_message},
    // Jobs
    {"CRON", read_cron, Action::configuration_message},
    {"cron", read_cron, Action::configuration_message},
    {"CROND", read_cron, Action::configuration_message},
    {"crond", read_cron, Action::configuration_message},
    {"crontab", read_cron, Action::configuration_message},
    {"fcron", read_cron, Action::configuration_message},
    {"anacron", read_anacron, Action::configuration_message},
    {"atd", read_atd, Action::configuration_message},
    {"run-parts", read_run_parts, Action::configuration_message},
    // Connections
    {"inetd", read_inetd, Action::service_message},
    {"xinetd", read_xinetd, Action::service_message},
    {"rpc.statd", read_rpc, Action::network_message},
    {"statd", read_rpc, Action::network_message},
    {"rpc.mountd", read_rpc, Action::network_message},
    {"mountd", read_rpc, Action::network_message},
    {"portmap", read_rpc, Action::network_message},
    {"rpcbind", read_rpc, Action::network_message},
    {"named", read_named, Action::network_message},
    {"bind", read_named, Action::network_message},
    {"dhclient", read_dhcp, Action::network_message},
    {"dhclient3", read_dhcp, Action::network_message},
    {"dhcpcd", read_dhcp, Action::network_message},
    {"dhcpd", read_dhcp, Action::network_message},
    {"pump", nullptr, Action::network_message},
    {"NetworkManager", nullptr, Action::network_message},
    {"avahi-daemon", nullptr, Action::network_message},
    {"openvpn", read_vpn, Action::network_message},
    {"ovpn-server", read_vpn, Action::network_message},
    {"pptpd", read_vpn, Action::network_message},
    {"pppd", read_vpn, Action::network_message},
    {"scanlogd", read_scanlogd, Action::network_message},
    {"snort", read_scanlogd, Action::network_message},
    {"portsentry", read_portsentry, Action::network_message},
    {"snmpd", nullptr, Action::network_message},
    {"network", read_init_script, Action::network_message},
    // File transfer
    {"ftpd", read_ftpd, Action::ftp_message},
    {"in.ftpd", read_ftpd, Action::ftp_message},
    {"wu-ftpd", read_ftpd, Action::ftp_message},
    {"wu.ftpd", read_ftpd, Action::ftp_message},
    {"vsftpd", read_vsftpd, Action::ftp_message},
    {"proftpd", read_proftpd, Action::ftp_message},
    {"in.proftpd", read_proftpd, Action::ftp_message},
    {"pure-ftpd", read_pure_ftpd, Action::ftp_message},
    {"in.tftpd", nullptr, Action::ftp_message},
    {"tftpd", nullptr, Action::ftp_message},
    // The system itself
    {"kernel", read_kernel, Action::host_message},
    {"unix", read_kernel, Action::host_message},
    {"genunix", read_kernel, Action::host_message},
    {"syslogd", read_log_daemon, Action::service_message},
    {"klogd", read_log_daemon, Action::service_message},
    {"rsyslogd", read_log_daemon, Action::service_message},
    {"liblogging-stdlog", read_log_daemon, Action::service_message},
    {"rsyslogd-pstats", nullptr, Action::service_message},
    {"syslog-ng", read_log_daemon, Action::service_message},
    {"newsyslog", read_log_daemon, Action::service_message},
    {"systemd-journald", read_log_daemon, Action::service_message},
    {"journal", read_log_daemon, Action::service_message},
    {"systemd", read_systemd, Action::service_message},
    {"shutdown", read_shutdown, Action::host_message},
    {"reboot", read_shutdown, Action::host_message},
    {"halt", read_shutdown, Action::host_message},
    {"init", read_init, Action::host_message},
    {"ntpd", read_clock_daemon, Action::host_message},
    {"ntpdate", read_clock_daemon, Action::host_message},
    {"xntpd", read_clock_daemon, Action::host_message},
    {"chronyd", read_clock_daemon, Action::host_message},
    {"systemd-timesyncd", read_clock_daemon, Action::host_message},
    {"systemd-udevd", nullptr, Action::host_message},
    {"udev", nullptr, Action::host_message},
    {"modprobe", nullptr, Action::host_message},
    {"rngd", nullptr, Action::host_message},
    {"smartd", nullptr, Action::host_message},
    {"mcelog", nullptr, Action::host_message},
    {"fsck", nullptr, Action::host_message},
    {"sysctl", nullptr, Action::host_message},
    {"auditd", nullptr, Action::configuration_message},
    {"audispd", nullptr, Action::configuration_message},
    // Mail
    {"dovecot", read_dovecot, Action::mail_message},
    {"imap-login", read_dovecot, Action::mail_message},
    {"pop3-login", read_dovecot, Action::mail_message},
    {"managesieve-login", read_dovecot, Action::mail_message},
    {"submission-login", read_dovecot, Action::mail_message},
    {"auth", read_dovecot, Action::mail_message},
    {"auth-worker", read_dovecot, Action::mail_message},
    {"imapd", read_uw_imapd, Action::mail_message},
    {"imaps", read_uw_imapd, Action::mail_message},
    {"ipop2d", read_uw_imapd, Action::mail_message},
    {"ipop3d", read_uw_imapd, Action::mail_message},
    {"pop3d", read_uw_imapd, Action::mail_message},
    {"imapd-ssl", read_courier, Action::mail_message},
    {"pop3d-ssl", read_courier, Action::mail_message},
    {"courierpop3login", read_courier, Action::mail_message},
    {"cyrus", read_cyrus, Action::mail_message},
    {"imap", read_cyrus, Action::mail_message},
    {"pop3", read_cyrus, Action::mail_message},
    {"postfix", read_postfix, Action::mail_message},
    {"sendmail", read_sendmail, Action::mail_message},
    {"sm-mta", read_sendmail, Action::mail_message},
    {"sm-msp-queue", read_sendmail, Action::mail_message},
    {"exim", read_exim, Action::mail_message},
    {"exim4", read_exim, Action::mail_message},
    {"spamd", nullptr, Action::mail_message},
    {"amavis", nullptr, Action::mail_message},
    {"opendkim", nullptr, Action::mail_message},
    {"procmail", nullptr, Action::mail_message},
    // Other services
    {"mysqld", read_mysqld, Action::database_message},
    {"mariadbd", read_mysqld, Action::database_message},
    {"mysqld_safe", nullptr, Action::database_message},
    {"postgres", read_mysqld, Action::database_message},
    {"webmin", read_webmin, Action::auth_message},
    {"usermin", read_webmin, Action::auth_message},
    {"phpMyAdmin", read_phpmyadmin, Action::database_message},
    {"xrdp", read_xrdp, Action::session_message},
    {"xrdp-sesman", read_xrdp, Action::session_message},
    {"slapd", read_slapd, Action::network_message},
    {"screensharingd", read_screensharing, Action::session_message},
    {"smbd", read_smbd, Action::service_message},
    {"smbd_audit", read_smbd, Action::file_message},
    {"nmbd", nullptr, Action::network_message},
    {"clamd", nullptr, Action::malware_message},
    {"freshclam", nullptr, Action::malware_message},
    {"dpkg", nullptr, Action::package_message},
    {"yum", nullptr, Action::package_message},
    {"dnf", nullptr, Action::package_message},
    {"packagekitd", nullptr, Action::package_message},
    {"AptDaemon", nullptr, Action::package_message},
    {"httpd", read_init_script, Action::web_message},
    {"apache2", nullptr, Action::web_message},
    {"nginx", nullptr, Action::web_message},
};

// Open addressing over a fixed table: one probe for nearly every line.
constexpr size_t kSlots = 1024;
static_assert(std::size(kPrograms) < kSlots / 2);

constexpr size_t slot_of(std::string_view name) {
  uint32_t hash = 2166136261u;  // FNV-1a
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return (hash ^ (hash >> 15)) % kSlots;
}

constexpr std::array<uint16_t, kSlots> make_slots() {
  std::array<uint16_t, kSlots> slots{};
  for (size_t i = 0; i < std::size(kPrograms); ++i) {
    size_t at = slot_of(kPrograms[i].name);
    while (slots[at] != 0) at = (at + 1) % kSlots;
    slots[at] = static_cast<uint16_t>(i + 1);
  }
  return slots;
}
constexpr std::array<uint16_t, kSlots> kSlotTable = make_slots();

}  // namespace

const Program* find_program(std::string_view name) {
  if (name.empty() || name.size() > 32) return nullptr;
  for (size_t at = slot_of(name); kSlotTable[at] != 0; at = (at + 1) % kSlots)
    if (kPrograms[kSlotTable[at] - 1].name == name) return &kPrograms[kSlotTable[at] - 1];
  // `postfix/smtpd`, `cyrus/imap`: the suite before the slash.
  if (const size_t slash = name.find('/'); slash != std::string_view::npos && slash > 0)
    return find_program(name.substr(0, slash));
  return nullptr;
}

Action plain_action(int facility) {
  switch (facility) {
    case 0:
      return Action::host_message;
    case 2:
      return Action::mail_message;
    case 4:
    case 10:
      return Action::auth_message;
    case 9:
      return Action::configuration_message;
    case 11:
      return Action::ftp_message;
    default:
      return Action::service_message;
  }
}

}  // namespace necropsy::syslog
