// SPDX-License-Identifier: Apache-2.0
// What stands beside OpenSSH's server: its SFTP server, and Dropbear, the small server of routers and rescue systems.
// Texts: openssh-portable sftp-server.c; dropbear svr-auth*.c, svr-session.c.
#include "base/text.hpp"
#include "linux/syslog/message.hpp"

namespace necropsy::syslog {

bool read_sftp_server(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "sftp";
  const auto session = [&](Action action) {
    const size_t from = t.rfind(" from [");
    if (from == std::string_view::npos) return false;
    d.event.user_name = t.substr(0, from);
    std::string_view address = t.substr(from + 7);
    d.from(address.substr(0, address.find(']')));
    return d.is(action);
  };
  // Paths stand in quotes and may hold quotes: they end with the last one.
  const auto path = [](std::string_view text) {
    const size_t first = text.find('"'), last = text.rfind('"');
    return first == std::string_view::npos || last == first ? text : text.substr(first + 1, last - first - 1);
  };
  if (eat(t, "session opened for local user ")) return session(Action::session_opened);
  if (eat(t, "session closed for local user ")) return session(Action::session_closed);
  if (eat(t, "open ")) {
    const size_t flags = t.rfind(" flags ");
    if (flags == std::string_view::npos) return false;
    d.event.file_path = path(t.substr(0, flags));
    std::string_view rest = t.substr(flags + 7);
    d.attribute("flags", take_word(rest));
    if (eat(rest, "mode ")) d.attribute("mode", rest);
    return d.is(Action::ftp_command);
  }
  if (eat(t, "close ")) {  // `"P" bytes read N written N`
    const size_t bytes = t.rfind(" bytes read ");
    if (bytes == std::string_view::npos) return false;
    d.event.file_path = path(t.substr(0, bytes));
    std::string_view rest = t.substr(bytes + 12);
    const auto read = to_number<int64_t>(take_word(rest));
    eat(rest, "written ");
    const auto written = to_number<int64_t>(take_word(rest));
    if (!read || !written) return false;
    d.event.file_size = *written > 0 ? *written : *read;
    return d.is(*written > 0 ? Action::ftp_upload
                : *read > 0  ? Action::ftp_download
                             : Action::ftp_command,
                *written > 0 || *read > 0 ? Outcome::success : Outcome::none);
  }
  if (eat(t, "remove name ")) {
    d.event.file_path = path(t);
    return d.is(Action::ftp_delete);
  }
  if (eat(t, "rename old ") || eat(t, "posix-rename old ")) {
    const size_t to = t.find("\" new \"");
    if (to == std::string_view::npos) return false;
    d.event.file_path = path(t.substr(0, to + 1));
    d.attribute("new_path", path(t.substr(to + 6)));
    return d.is(Action::ftp_rename);
  }
  if (eat(t, "mkdir name ")) {
    d.event.file_path = path(t.substr(0, t.rfind('"') + 1));
    return d.is(Action::ftp_mkdir);
  }
  if (eat(t, "rmdir name ")) {
    d.event.file_path = path(t);
    return d.is(Action::ftp_rmdir);
  }
  if (eat(t, "set ")) {  // `"P" mode 0644`, `owner 0 group 0`, `modtime …`
    d.event.file_path = path(t);
    if (const size_t end = t.rfind('"'); end != std::string_view::npos) d.attribute("set", trim(t.substr(end + 1)));
    return d.is(Action::ftp_command);
  }
  if (eat(t, "symlink old ") || eat(t, "hardlink old ")) {
    const size_t to = t.find("\" new \"");
    if (to == std::string_view::npos) return false;
    d.event.file_path = path(t.substr(to + 6));
    d.attribute("target_path", path(t.substr(0, to + 1)));
    return d.is(Action::ftp_command);
  }
  if (t.starts_with("opendir ") || t.starts_with("closedir ")) {
    d.event.file_path = path(t);
    return d.is(Action::ftp_command);
  }
  return false;
}

bool read_dropbear(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "dropbear";
  // The port stands behind the last colon, whatever the address looks like.
  const auto peer = [&](std::string_view text) {
    const size_t from = text.rfind(" from ");
    if (from == std::string_view::npos) return;
    std::string_view address = trim(text.substr(from + 6));
    address = address.substr(0, address.find_first_of(" ,"));
    if (const size_t colon = address.rfind(':'); colon != std::string_view::npos) {
      d.from_port(address.substr(colon + 1));
      address = address.substr(0, colon);
    }
    d.from(address);
  };
  const auto quoted_user = [](std::string_view text, std::string_view until) {
    const size_t open = text.find('\''), close = text.rfind(until);
    return open == std::string_view::npos || close == std::string_view::npos || close <= open
               ? std::string_view()
               : text.substr(open + 1, close - open - 1);
  };
  if (contains(t.substr(0, 48), " auth succeeded for ")) {
    d.event.auth_method = t.starts_with("Password") || t.starts_with("password") ? "password"
                          : t.starts_with("Pubkey") || t.starts_with("pubkey")   ? "publickey"
                                                                                 : "keyboard-interactive";
    if (const size_t with = t.find("' with "); with != std::string_view::npos && d.event.auth_method == "publickey") {
      d.event.user_name = quoted_user(t.substr(0, with + 1), "'");
      if (const auto print = between(t.substr(with), " key ", " from ")) {  // `md5 aa:bb…` or `SHA256:…`
        std::string_view rest = *print;
        if (const size_t blank = rest.rfind(' '); blank != std::string_view::npos) {
          d.attribute("key_type", rest.substr(0, blank));
          rest = rest.substr(blank + 1);
        }
        d.attribute("key_fingerprint", rest);
      }
    } else {
      d.event.user_name = quoted_user(t, "' from ");
    }
    peer(t);
    return d.is(Action::login, Outcome::success);
  }
  if (t.size() > 4 && t.substr(1).starts_with("ad password attempt for ")) {
    d.event.user_name = quoted_user(t, "' from ");
    d.event.auth_method = "password";
    peer(t);
    return d.is(Action::login, Outcome::failure);
  }
  if (t.size() > 4 && t.substr(1).starts_with("ogin attempt for nonexistent user")) {
    d.event.user_name = quoted_user(t, "' from ");  // newer versions name it
    d.attribute("invalid_user", 1);
    peer(t);
    return d.is(Action::invalid_user, Outcome::failure);
  }
  if (t.size() > 4 && t.substr(1).starts_with("AM password auth failed"))
    return d.is(Action::auth_message, Outcome::failure);
  if (t.starts_with("Child connection from ")) {
    peer(t);
    return d.is(Action::network_connection);
  }
  if (t.starts_with("Exit before auth")) {
    if (contains(t, " from <")) {  // `Exit before auth from <A:P>: (user 'x', 5 fails): …`
      std::string_view address = between(t, "<", ">").value_or("");
      const size_t colon = address.rfind(':');
      d.from(address.substr(0, colon));
      if (colon != std::string_view::npos) d.from_port(address.substr(colon + 1));
    }
    d.event.user_name = between(t, "(user '", "'").value_or("");
    return d.event.user_name.empty() ? d.is(Action::auth_probe) : d.is(Action::auth_message, Outcome::failure);
  }
  if (t.starts_with("Exit (")) {  // `Exit (root): Disconnect received`, `Exit (root) from <A:P>: …`
    d.event.user_name = between(t, "(", ")").value_or("");
    if (contains(t, " from <")) {
      std::string_view address = between(t, "<", ">").value_or("");
      const size_t colon = address.rfind(':');
      d.from(address.substr(0, colon));
      if (colon != std::string_view::npos) d.from_port(address.substr(colon + 1));
    }
    return d.is(Action::logout);
  }
  if (t.starts_with("Running in background") || t.starts_with("Not backgrounding"))
    return d.is(Action::service_started);
  if (t.starts_with("Early exit: Terminated by signal")) return d.is(Action::service_stopped);
  return false;
}

}  // namespace necropsy::syslog
