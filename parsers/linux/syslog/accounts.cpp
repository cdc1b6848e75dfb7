// SPDX-License-Identifier: Apache-2.0
// Account tools: useradd, usermod, userdel, groupadd, groupmod, groupdel, passwd, chage, chpasswd, gpasswd, newusers,
// chsh, chfn, newgrp; adduser of Red Hat 6; pw of FreeBSD.
// Texts: shadow src/*.c from 19990827 (Red Hat 6) to 4.16, FreeBSD usr.sbin/pw. Several tools write one line for each
// file they change; the one that speaks of the account is the event, its companions are plain messages.
#include "base/text.hpp"
#include "linux/syslog/message.hpp"

namespace necropsy::syslog {
namespace {

// Takes `'name'` or "`name'" from the front of `text`. Empty when there is none.
std::string_view take_quoted(std::string_view& text) {
  if (text.empty() || (text.front() != '\'' && text.front() != '`' && text.front() != '"')) return {};
  const size_t close = text.find_first_of("'\"", 1);
  if (close == std::string_view::npos) return {};
  const std::string_view name = text.substr(1, close - 1);
  text.remove_prefix(close + 1);
  while (text.starts_with(' ')) text.remove_prefix(1);
  return name;
}

// `name=U, UID=n, GID=n, home=H, shell=S[, from=T]`; lower-case uid and gid in old ones.
std::string_view field(std::string_view text, std::string_view key) {
  for (size_t at = 0; at < text.size();) {
    const size_t next = text.find(", ", at);
    std::string_view part = text.substr(at, next - at);
    const size_t equals = part.find('=');
    if (equals != std::string_view::npos && equals_ignore_case(part.substr(0, equals), key))
      return part.substr(equals + 1);
    if (next == std::string_view::npos) break;
    at = next + 2;
  }
  return {};
}

bool read_new_user(std::string_view t, EventDraft& d) {
  d.event.target_user = field(t, "name");
  d.number_attribute("uid", field(t, "uid"));
  d.number_attribute("gid", field(t, "gid"));
  d.attribute("home", field(t, "home"));
  d.attribute("shell", field(t, "shell"));
  if (const std::string_view from = field(t, "from"); from != "none") d.attribute("tty", from);
  return d.is(Action::user_created, Outcome::success);
}

bool read_new_group(std::string_view t, EventDraft& d) {
  d.attribute("group", field(t, "name"));
  d.number_attribute("gid", field(t, "gid"));
  return d.is(Action::group_created, Outcome::success);
}

// `change user 'U' FIELD from 'a' to 'b'`, `change user 'U' password`, `change user name 'a' to 'b'`
bool read_change(std::string_view t, EventDraft& d) {
  if (eat(t, "name ")) {
    d.event.target_user = take_quoted(t);
    eat(t, "to ");
    d.attribute("new_name", take_quoted(t));
    return d.is(Action::user_renamed, Outcome::success);
  }
  d.event.target_user = take_quoted(t);
  if (d.event.target_user.empty()) return false;
  if (t.starts_with("password")) return d.is(Action::password_changed, Outcome::success);
  d.attribute("field", t.substr(0, t.find(' ')));
  if (const size_t from = t.find("from "); from != std::string_view::npos) {
    std::string_view rest = t.substr(from + 5);
    const size_t to = rest.rfind(" to ");
    d.attribute("old_value", unquoted(rest.substr(0, to)));
    if (to != std::string_view::npos) d.attribute("new_value", unquoted(rest.substr(to + 4)));
  }
  return d.is(Action::user_changed, Outcome::success);
}

bool member(std::string_view user, std::string_view group, Action action, EventDraft& d) {
  d.event.target_user = user;
  d.attribute("group", group);
  return d.is(action, Outcome::success);
}

}  // namespace

bool read_accounts(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  if (eat(t, "new user: ")) return read_new_user(t, d);
  if (eat(t, "new group: ")) return read_new_group(t, d);
  if (eat(t, "change user ")) return read_change(t, d);
  if (eat(t, "add ")) {  // `'U' to group 'G'`; the shadow group is the same act
    const std::string_view user = take_quoted(t);
    const bool shadow = eat(t, "to shadow group ");
    if (user.empty() || (!shadow && !eat(t, "to group "))) return false;
    return member(user, take_quoted(t), shadow ? Action::iam_message : Action::member_added, d);
  }
  if (eat(t, "delete user ")) {
    d.event.target_user = take_quoted(t);
    return d.is(Action::user_deleted, Outcome::success);
  }
  if (eat(t, "delete ")) {  // `'U' from group 'G'`
    const std::string_view user = take_quoted(t);
    const bool shadow = eat(t, "from shadow group ");
    if (user.empty() || (!shadow && !eat(t, "from group "))) return false;
    return member(user, take_quoted(t), shadow ? Action::iam_message : Action::member_removed, d);
  }
  if (eat(t, "failed adding user ")) {
    d.event.target_user = take_quoted(t);
    if (eat(t, ", exit code: ")) d.number_attribute("exit_code", t);
    return d.is(Action::user_created, Outcome::failure);
  }
  if (eat(t, "failed adding group ")) {
    d.attribute("group", take_quoted(t));
    return d.is(Action::group_created, Outcome::failure);
  }
  if (eat(t, "failed deleting user ") || eat(t, "failed removing user ")) {
    d.event.target_user = take_quoted(t);
    return d.is(Action::user_deleted, Outcome::failure);
  }
  if (t.starts_with("removed group ") || t.starts_with("removed shadow group ")) {  // `'G' owned by 'U'`
    const bool shadow = !eat(t, "removed group ");
    if (shadow) eat(t, "removed shadow group ");
    d.attribute("group", take_quoted(t));
    return d.is(shadow ? Action::iam_message : Action::group_deleted, shadow ? Outcome::none : Outcome::success);
  }
  if (eat(t, "remove group ")) {
    d.attribute("group", take_quoted(t));
    return d.is(Action::group_deleted, Outcome::success);
  }
  if (t.starts_with("group added to ")) {  // groupadd's lines for each file; `new group:` follows
    std::string_view rest = t.substr(15);
    d.event.file_path = rest.substr(0, rest.find(':'));
    if (const size_t at = rest.find(": "); at != std::string_view::npos)
      d.attribute("group", field(rest.substr(at + 2), "name"));
    return d.is(Action::iam_message);
  }
  if (eat(t, "group changed in ")) {  // `/etc/group (group G/1001, new name: H)`
    d.event.file_path = t.substr(0, t.find(' '));
    std::string_view what = between(t, "(group ", ")").value_or("");
    d.attribute("group", what.substr(0, what.find_first_of("/,")));
    if (const size_t comma = what.find(", "); comma != std::string_view::npos)
      d.attribute("change", what.substr(comma + 2));
    const bool shadow = d.event.file_path != "/etc/group";
    return d.is(shadow ? Action::iam_message : Action::group_changed, shadow ? Outcome::none : Outcome::success);
  }
  if (eat(t, "group ")) {  // `'G' removed[ from /etc/group]`
    const std::string_view group = take_quoted(t);
    if (group.empty() || !eat(t, "removed")) return false;
    d.attribute("group", group);
    return t.empty() ? d.is(Action::group_deleted, Outcome::success) : d.is(Action::iam_message);
  }
  if (t.starts_with("lock user ") || t.starts_with("unlock user ")) {  // `'U' password`
    const bool lock = eat(t, "lock user ");
    if (!lock) eat(t, "unlock user ");
    d.event.target_user = take_quoted(t);
    return d.is(lock ? Action::user_disabled : Action::user_unlocked, Outcome::success);
  }
  if (eat(t, "password for ")) {  // `'U' changed by ['user ]'A'`
    std::string_view user = take_quoted(t);
    if (user.empty()) user = take_word(t);
    if (!eat(t, "changed")) return false;
    d.event.target_user = user;
    if (eat(t, " by ")) {
      eat(t, "user ");
      d.event.user_name = unquoted(t);
    }
    return d.is(Action::password_changed, Outcome::success);
  }
  if (eat(t, "changed password expiry for ")) {
    d.event.target_user = unquoted(t);
    d.attribute("field", "password expiry");
    return d.is(Action::user_changed, Outcome::success);
  }
  if (eat(t, "changed user ")) {  // chsh `'U' shell to 'S'`, chfn `'U' information`
    d.event.target_user = take_quoted(t);
    if (eat(t, "shell to ")) {
      d.attribute("field", "shell");
      d.attribute("new_value", unquoted(t));
    } else {
      d.attribute("field", t);
    }
    return d.is(Action::user_changed, Outcome::success);
  }
  if (t.starts_with("user '") && contains(t, " switched to group ")) {  // newgrp
    d.event.user_name = between(t, "(login '", "'").value_or("");
    d.event.target_user = between(t, "user '", "'").value_or("");
    d.attribute("group", unquoted(t.substr(t.rfind(" group ") + 7)));
    return d.is(Action::auth_message);
  }
  if (eat(t, "user ")) {  // gpasswd: `U added by A to group G`, `U removed by A from group G`
    const std::string_view user = take_word(t);
    const bool added = eat(t, "added by ");
    if (!added && !eat(t, "removed by ")) return false;
    d.event.user_name = take_word(t);
    if (!eat(t, "to group ") && !eat(t, "from group ")) return false;
    return member(user, t, added ? Action::member_added : Action::member_removed, d);
  }
  if (t.starts_with("members of group ") || t.starts_with("administrators of group ")) {  // `G set by A to LIST`
    d.attribute("field", t.substr(0, t.find(' ')));
    std::string_view rest = t.substr(t.find(" group ") + 7);
    d.attribute("group", take_word(rest));
    if (eat(rest, "set by ")) d.event.user_name = take_word(rest);
    if (eat(rest, "to ")) d.attribute("new_value", rest);
    return d.is(Action::group_changed, Outcome::success);
  }
  if (eat(t, "password of group ")) {  // `G changed by A`, `G removed by A`
    d.attribute("group", take_word(t));
    d.attribute("field", "password");
    if (const size_t by = t.find("by "); by != std::string_view::npos) d.event.user_name = t.substr(by + 3);
    return d.is(Action::group_changed, Outcome::success);
  }
  return false;
}

// Through syslog `bob:bob(1001):U:added`; in its own file `[root:useradd] bob(1001):bob(1001):Bob:/home/bob:/bin/sh`.
bool read_pw(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text, mode;
  if (t.starts_with('[')) {
    const std::string_view head = between(t, "[", "] ").value_or("");
    const size_t colon = head.find(':');
    if (colon == std::string_view::npos) return false;
    d.event.user_name = head.substr(0, colon);
    mode = head.substr(colon + 1);
    t = t.substr(head.size() + 3);
  } else if (t.ends_with(":added")) {
    mode = "useradd";
  } else {
    return false;
  }
  const size_t end = t.find_first_of("(: ");
  const std::string_view name = t.substr(0, end);
  const std::string_view number = between(t, "(", ")").value_or("");
  d.attribute("operation", mode);
  const auto parts = split(t, ':');
  if (mode.starts_with("group")) {
    d.attribute("group", name);
    d.number_attribute("gid", number);
    return mode == "groupadd"   ? d.is(Action::group_created, Outcome::success)
           : mode == "groupdel" ? d.is(Action::group_deleted, Outcome::success)
                                : d.is(Action::group_changed, Outcome::success);
  }
  d.event.target_user = name;
  if (mode == "useradd" && parts.size() >= 2) {  // other lines of the same act tell of the home folder and the mail
    d.number_attribute("uid", number);
    if (parts.size() >= 5) {
      d.attribute("home", parts[3]);
      d.attribute("shell", parts[4]);
    }
    return d.is(Action::user_created, Outcome::success);
  }
  if (mode == "userdel" && contains(t, "account removed")) return d.is(Action::user_deleted, Outcome::success);
  if (mode == "usermod") return d.is(Action::user_changed, Outcome::success);
  if (mode == "lock") return d.is(Action::user_disabled, Outcome::success);
  if (mode == "unlock") return d.is(Action::user_unlocked, Outcome::success);
  return d.is(Action::iam_message);
}

}  // namespace necropsy::syslog
