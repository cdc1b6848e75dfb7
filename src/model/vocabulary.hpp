// SPDX-License-Identifier: Apache-2.0
// The closed vocabulary of what can happen: category and action (docs/schema.md), outcome, and their stored number.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace necropsy {

enum class Outcome : uint8_t { none, success, failure };

// One line per action: identifier, category, action. The order is the stored number: append only.
#define NECROPSY_ACTIONS(X)                                         \
  X(auth_message, "authentication", "message")                      \
  X(session_message, "session", "message")                          \
  X(iam_message, "iam", "message")                                  \
  X(file_message, "file", "message")                                \
  X(ftp_message, "ftp", "message")                                  \
  X(web_message, "web", "message")                                  \
  X(database_message, "database", "message")                        \
  X(process_message, "process", "message")                          \
  X(service_message, "service", "message")                          \
  X(package_message, "package", "message")                          \
  X(network_message, "network", "message")                          \
  X(host_message, "host", "message")                                \
  X(configuration_message, "configuration", "message")              \
  X(mail_message, "mail", "message")                                \
  X(malware_message, "malware", "message")                          \
  X(file_times, "file", "times")                                    \
  X(login, "authentication", "login")                               \
  X(logout, "authentication", "logout")                             \
  X(invalid_user, "authentication", "invalid-user")                 \
  X(sudo, "authentication", "sudo")                                 \
  X(su, "authentication", "su")                                     \
  X(explicit_credentials, "authentication", "explicit-credentials") \
  X(privilege_assigned, "authentication", "privilege-assigned")     \
  X(ticket, "authentication", "ticket")                             \
  X(locked_out, "authentication", "locked-out")                     \
  X(auth_probe, "authentication", "probe")                          \
  X(session_opened, "session", "opened")                            \
  X(session_closed, "session", "closed")                            \
  X(session_reconnected, "session", "reconnected")                  \
  X(session_disconnected, "session", "disconnected")                \
  X(user_created, "iam", "user-created")                            \
  X(user_deleted, "iam", "user-deleted")                            \
  X(user_changed, "iam", "user-changed")                            \
  X(user_renamed, "iam", "user-renamed")                            \
  X(user_enabled, "iam", "user-enabled")                            \
  X(user_disabled, "iam", "user-disabled")                          \
  X(user_unlocked, "iam", "user-unlocked")                          \
  X(password_changed, "iam", "password-changed")                    \
  X(password_reset, "iam", "password-reset")                        \
  X(group_created, "iam", "group-created")                          \
  X(group_deleted, "iam", "group-deleted")                          \
  X(group_changed, "iam", "group-changed")                          \
  X(member_added, "iam", "member-added")                            \
  X(member_removed, "iam", "member-removed")                        \
  X(file_created, "file", "created")                                \
  X(file_written, "file", "written")                                \
  X(file_renamed, "file", "renamed")                                \
  X(file_deleted, "file", "deleted")                                \
  X(file_executed, "file", "executed")                              \
  X(file_downloaded, "file", "downloaded")                          \
  X(ftp_login, "ftp", "login")                                      \
  X(ftp_logout, "ftp", "logout")                                    \
  X(ftp_upload, "ftp", "upload")                                    \
  X(ftp_download, "ftp", "download")                                \
  X(ftp_delete, "ftp", "delete")                                    \
  X(ftp_rename, "ftp", "rename")                                    \
  X(ftp_mkdir, "ftp", "mkdir")                                      \
  X(ftp_rmdir, "ftp", "rmdir")                                      \
  X(ftp_command, "ftp", "command")                                  \
  X(web_request, "web", "request")                                  \
  X(web_error, "web", "error")                                      \
  X(database_login, "database", "login")                            \
  X(database_logout, "database", "logout")                          \
  X(database_query, "database", "query")                            \
  X(database_grant, "database", "grant")                            \
  X(database_error, "database", "error")                            \
  X(database_started, "database", "started")                        \
  X(database_stopped, "database", "stopped")                        \
  X(process_started, "process", "started")                          \
  X(process_exited, "process", "exited")                            \
  X(process_crashed, "process", "crashed")                          \
  X(process_command, "process", "command")                          \
  X(service_installed, "service", "installed")                      \
  X(service_started, "service", "started")                          \
  X(service_stopped, "service", "stopped")                          \
  X(service_changed, "service", "changed")                          \
  X(service_failed, "service", "failed")                            \
  X(service_crashed, "service", "crashed")                          \
  X(package_available, "package", "available")                      \
  X(package_downloaded, "package", "downloaded")                    \
  X(package_pending, "package", "pending")                          \
  X(package_installed, "package", "installed")                      \
  X(package_upgraded, "package", "upgraded")                        \
  X(package_removed, "package", "removed")                          \
  X(package_failed, "package", "failed")                            \
  X(network_connection, "network", "connection")                    \
  X(network_blocked, "network", "blocked")                          \
  X(network_probe, "network", "probe")                              \
  X(network_configured, "network", "configured")                    \
  X(boot, "host", "boot")                                           \
  X(shutdown, "host", "shutdown")                                   \
  X(unexpected_shutdown, "host", "unexpected-shutdown")             \
  X(last_seen, "host", "last-seen")                                 \
  X(time_changed, "host", "time-changed")                           \
  X(log_cleared, "host", "log-cleared")                             \
  X(log_rotated, "host", "log-rotated")                             \
  X(device_attached, "host", "device-attached")                     \
  X(filesystem_created, "host", "filesystem-created")               \
  X(filesystem_mounted, "host", "filesystem-mounted")               \
  X(filesystem_checked, "host", "filesystem-checked")               \
  X(filesystem_written, "host", "filesystem-written")               \
  X(configuration_entry, "configuration", "entry")                  \
  X(audit_policy_changed, "configuration", "audit-policy-changed")  \
  X(firewall_changed, "configuration", "firewall-changed")          \
  X(task_created, "configuration", "task-created")                  \
  X(task_run, "configuration", "task-run")                          \
  X(key_written, "configuration", "key-written")                    \
  X(mail_received, "mail", "received")                              \
  X(mail_queued, "mail", "queued")                                  \
  X(mail_sent, "mail", "sent")                                      \
  X(mail_deferred, "mail", "deferred")                              \
  X(mail_rejected, "mail", "rejected")                              \
  X(mail_login, "mail", "login")                                    \
  X(malware_detected, "malware", "detected")                        \
  X(malware_cleaned, "malware", "cleaned")                          \
  X(protection_disabled, "malware", "protection-disabled")          \
  X(rule_matched, "malware", "rule-matched")

enum class Action : uint16_t {
#define NECROPSY_ENUM(id, category, action) id,
  NECROPSY_ACTIONS(NECROPSY_ENUM)
#undef NECROPSY_ENUM
      count_
};

inline constexpr size_t kActionCount = static_cast<size_t>(Action::count_);

std::string_view category_of(Action action);
std::string_view action_name(Action action);
std::string_view to_text(Outcome outcome);  // empty for none
// By "category" and "action" as they stand in the vocabulary.
std::optional<Action> find_action(std::string_view category, std::string_view action);

// Stored number of (action, outcome). Below kFirstRareKind stand the mass kinds (plain messages, requests, failures,
// probes, cron runs, queries): the partial index over rare kinds and the view `notable` rest on that border.
inline constexpr int kFirstRareKind = 128;
int kind_id(Action action, Outcome outcome);
struct Kind {
  int id;
  Action action;
  Outcome outcome;
};
std::span<const Kind> all_kinds();

}  // namespace necropsy
