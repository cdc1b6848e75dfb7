// SPDX-License-Identifier: Apache-2.0
// Accounts, groups, who is an administrator.
// Sources: passwd(5), shadow(5), group(5), gshadow(5), master.passwd(5) of the BSDs, sudoers(5).
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "parse/profile_reader.hpp"
#include "parse/profile_text.hpp"

namespace necropsy {
namespace {

constexpr size_t kFileLimit = 16 << 20;
constexpr size_t kMaxAccounts = 100'000;
constexpr size_t kMaxSudoFiles = 256;
constexpr size_t kMaxSudoRules = 10'000;

struct Password {
  std::string hash;
  std::optional<int64_t> set_day;
  std::string path;
};

// ! and * in front lock; *LK* is Solaris', NP is "no password possible".
bool is_locked(std::string_view hash) {
  return hash.starts_with('!') || hash.starts_with('*') || hash == "NP" || hash == "LK" || hash == "x";
}

bool refuses_login(std::string_view shell) {
  const std::string_view name = shell.substr(shell.rfind('/') + 1);
  return name == "nologin" || name == "false" || name == "noshell" || name == "sync" || name == "halt" ||
         name == "shutdown";
}

std::map<std::string, Password, std::less<>> read_shadow(const ProfileFiles& files, HostProfile& out) {
  std::map<std::string, Password, std::less<>> found;
  for (const char* path : {"etc/shadow", "etc/master.passwd"}) {
    const auto text = files.text(path, kFileLimit);
    if (!text) continue;
    const bool shadow = std::string_view(path) == "etc/shadow";
    Malformed malformed(out, files.path(path));
    for_each_line(*text, [&](uint64_t number, std::string_view line) {
      if (trim(line).empty() || line.starts_with('#') || line.starts_with('+') || line.starts_with('-')) return;
      const auto fields = split(line, ':');
      if (fields.size() < (shadow ? 3u : 10u) || fields[0].empty()) return malformed.line(number, "too few fields");
      Password password{.hash = std::string(fields[1]), .set_day = {}, .path = files.path(path)};
      if (shadow && !fields[2].empty()) {
        const auto day = to_number<int64_t>(fields[2]);
        // 0 demands a new password at the next login; it is no date.
        if (!day || *day < 0 || *day > 100'000)
          malformed.line(number, "the day of the last change is none");
        else if (*day > 0)
          password.set_day = day;
      }
      found.emplace(std::string(fields[0]), std::move(password));
    });
  }
  return found;
}

void read_groups(const ProfileFiles& files, HostProfile& out) {
  if (const auto text = files.text("etc/group", kFileLimit)) {
    Malformed malformed(out, files.path("etc/group"));
    for_each_line(*text, [&](uint64_t number, std::string_view line) {
      if (trim(line).empty() || line.starts_with('#') || line.starts_with('+') || line.starts_with('-')) return;
      const auto fields = split(line, ':');
      if (fields.size() < 3 || fields[0].empty()) return malformed.line(number, "too few fields");
      const auto gid = to_number<int64_t>(trim(fields[2]));
      if (!gid) return malformed.line(number, "the gid is no number");
      GroupEntry group{.name = std::string(fields[0]), .gid = *gid, .members = {}};
      if (fields.size() > 3)
        for (std::string_view member : split(fields[3], ','))
          if (member = trim(member); !member.empty()) group.members.emplace_back(member);
      if (out.groups.size() < kMaxAccounts) out.groups.push_back(std::move(group));
    });
  }
  const auto text = files.text("etc/gshadow", kFileLimit);
  if (!text) return;
  const std::string path = files.path("etc/gshadow");
  Malformed malformed(out, path);
  for_each_line(*text, [&](uint64_t number, std::string_view line) {
    if (trim(line).empty() || line.starts_with('#') || line.starts_with('+') || line.starts_with('-')) return;
    const auto fields = split(line, ':');
    if (fields.size() < 4) return malformed.line(number, "too few fields");
    for (std::string_view member : split(fields[3], ',')) {
      member = trim(member);
      if (member.empty()) continue;
      for (GroupEntry& group : out.groups) {
        if (group.name != fields[0] ||
            std::find(group.members.begin(), group.members.end(), member) != group.members.end())
          continue;
        add_note(out, "gshadow_differs", fmt::format("{} is a member of {} here and not in group", member, group.name),
                 path);
        break;
      }
    }
  });
}

// What sudoers grants, as far as it grants everything.
class Sudoers {
 public:
  explicit Sudoers(const ProfileFiles& files) : files_(files) {}

  void read() {
    for (const char* path : {"etc/sudoers", "usr/local/etc/sudoers"}) file(path);
  }

  const std::string& everybody() const { return everybody_; }
  // Reason, or empty.
  std::string reason(const Account& account, const std::vector<std::string>& groups,
                     const std::vector<int64_t>& gids) const {
    for (const Rule& rule : rules_)
      for (const std::string& user : rule.users)
        if (names(user, account, groups, gids, 0)) return fmt::format("{} line {}", rule.path, rule.line);
    return {};
  }

 private:
  struct Rule {
    std::vector<std::string> users;
    std::string path;
    uint64_t line = 0;
  };

  void file(const std::string& below_root) {
    if (seen_.size() >= kMaxSudoFiles || !seen_.insert(below_root).second) return;
    const auto text = files_.text(below_root);
    if (!text) return;
    std::string joined;
    uint64_t first = 0;
    for_each_line(*text, [&](uint64_t number, std::string_view line) {
      if (joined.empty()) first = number;
      if (line.ends_with('\\')) {
        joined += line.substr(0, line.size() - 1);
        joined += ' ';
        return;
      }
      joined += line;
      one(trim(joined), below_root, first);
      joined.clear();
    });
    if (!joined.empty()) one(trim(joined), below_root, first);
  }

  void one(std::string_view line, const std::string& below_root, uint64_t number) {
    for (std::string_view word : {"#includedir", "@includedir"})
      if (std::string_view rest = line; eat(rest, word)) return folder(trim(rest));
    for (std::string_view word : {"#include", "@include"})
      if (std::string_view rest = line; eat(rest, word) && !rest.empty() && is_space(rest.front()))
        return file(below(unquoted(rest)));
    line = without_sudo_comment(line);
    if (line.empty()) return;
    if (line.starts_with("Defaults")) return;
    if (std::string_view rest = line; eat(rest, "User_Alias ")) return alias(rest, user_aliases_);
    if (std::string_view rest = line; eat(rest, "Cmnd_Alias ") || eat(rest, "Cmd_Alias "))
      return alias(rest, command_aliases_);
    if (line.starts_with("Host_Alias ") || line.starts_with("Runas_Alias ")) return;
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || rules_.size() >= kMaxSudoRules) return;
    if (!grants_all(line.substr(equals + 1))) return;
    // `user, user host = …`: the list of users ends with the first blank that no comma is beside.
    std::string_view left = line.substr(0, equals);
    Rule rule{.users = {}, .path = files_.path(below_root), .line = number};
    std::string user;
    for (size_t i = 0; i < left.size(); ++i) {
      if (left[i] == '\\' && i + 1 < left.size()) {
        user += left[++i];
      } else if (left[i] == ',') {
        rule.users.push_back(user);
        user.clear();
        while (i + 1 < left.size() && is_space(left[i + 1])) ++i;
      } else if (is_space(left[i])) {
        const std::string_view rest = trim(left.substr(i));
        if (!rest.starts_with(',')) break;
      } else {
        user += left[i];
      }
    }
    if (!user.empty()) rule.users.push_back(user);
    // Everybody, usually together with `Defaults targetpw`: no account is an administrator by that alone.
    if (std::find(rule.users.begin(), rule.users.end(), "ALL") != rule.users.end())
      everybody_ = fmt::format("{} line {}", rule.path, rule.line);
    rules_.push_back(std::move(rule));
  }

  // `(runas) TAG: command, command`: one of the commands is ALL, by itself or by an alias.
  bool grants_all(std::string_view text) const {
    std::string commands;  // without (runas), which may hold commas
    for (std::string_view rest = text; !rest.empty();) {
      commands += take_until(rest, "(");
      if (!rest.empty()) take_until(rest, ")");
    }
    for (std::string_view part : split(commands, ',')) {
      part = trim(part);
      for (size_t colon = part.find(':'); colon != std::string_view::npos; colon = part.find(':')) {
        const std::string_view tag = part.substr(0, colon);
        if (tag.empty() || tag.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_ ") != std::string_view::npos) break;
        part = trim(part.substr(colon + 1));
      }
      if (part == "ALL") return true;
      const auto found = command_aliases_.find(part);
      if (found != command_aliases_.end() &&
          std::find(found->second.begin(), found->second.end(), "ALL") != found->second.end())
        return true;
    }
    return false;
  }

  void folder(std::string_view path) {
    const std::string below_root = below(unquoted(path));
    std::vector<std::string> names;
    for (const FileRecord& entry : files_.entries(below_root)) {
      const std::string_view name = std::string_view(entry.path).substr(entry.path.rfind('/') + 1);
      // sudo passes over these itself.
      if (!name.empty() && !name.ends_with('~') && name.find('.') == std::string_view::npos) names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) file(below_root + "/" + name);
  }

  using Aliases = std::map<std::string, std::vector<std::string>, std::less<>>;
  static void alias(std::string_view rest, Aliases& into) {
    for (std::string_view one : split(rest, ':')) {
      const std::string name(trim(take_until(one, "=")));
      for (std::string_view member : split(one, ','))
        if (member = trim(member); !member.empty()) into[name].emplace_back(member);
    }
  }

  bool names(const std::string& user, const Account& account, const std::vector<std::string>& groups,
             const std::vector<int64_t>& gids, int depth) const {
    if (user.empty() || user[0] == '!' || depth > 4) return false;
    if (user == account.name) return true;
    if (user.starts_with("%#")) {
      const auto gid = to_number<int64_t>(std::string_view(user).substr(2));
      return gid && std::find(gids.begin(), gids.end(), *gid) != gids.end();
    }
    if (user[0] == '%') return std::find(groups.begin(), groups.end(), user.substr(1)) != groups.end();
    if (user[0] == '#') return user.substr(1) == account.id;
    const auto found = user_aliases_.find(user);
    if (found == user_aliases_.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(),
                       [&](const std::string& member) { return names(member, account, groups, gids, depth + 1); });
  }

  // #1000 and %#1000 are ids; any other # begins a comment.
  static std::string_view without_sudo_comment(std::string_view line) {
    for (size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
      const bool escaped = at > 0 && (line[at - 1] == '\\' || line[at - 1] == '%');
      const bool id = at + 1 < line.size() && is_digit(line[at + 1]);
      if (!escaped && !id) return trim(line.substr(0, at));
    }
    return trim(line);
  }

  static std::string below(std::string path) {
    while (path.starts_with('/')) path.erase(0, 1);
    while (path.ends_with('/')) path.pop_back();
    return path;
  }

  const ProfileFiles& files_;
  std::set<std::string> seen_;
  std::vector<Rule> rules_;
  Aliases user_aliases_, command_aliases_;
  std::string everybody_;
};

bool has_keys(const ProfileFiles& files, const Account& account) {
  if (!account.home.starts_with('/') || account.home == "/") return false;
  for (const char* name : {".ssh/authorized_keys", ".ssh/authorized_keys2"}) {
    std::string path = account.home.substr(1);
    while (path.ends_with('/')) path.pop_back();
    const auto record = files.record(path + "/" + name);
    if (record && record->size > 0) return true;
  }
  return false;
}

}  // namespace

void read_accounts(const ProfileFiles& files, HostProfile& out) {
  read_groups(files, out);
  auto passwords = read_shadow(files, out);
  const bool has_shadow = !passwords.empty();
  const std::string path = files.path("etc/passwd");
  auto text = files.text("etc/passwd", kFileLimit);
  bool master = false;
  if (!text) {
    text = files.text("etc/master.passwd", kFileLimit);
    master = text.has_value();
  }
  if (!text) return;
  Sudoers sudoers(files);
  sudoers.read();
  if (!sudoers.everybody().empty())
    add_note(out, "sudo_everybody", "every account may run everything with sudo", sudoers.everybody());

  std::set<std::string, std::less<>> seen;
  {
    Malformed malformed(out, master ? files.path("etc/master.passwd") : path);
    for_each_line(*text, [&](uint64_t number, std::string_view line) {
      if (trim(line).empty() || line.starts_with('#')) return;
      if (line.starts_with('+') || line.starts_with('-'))
        return add_note(out, "nis", fmt::format("line {} takes accounts from NIS: {}", number, displayable(line)),
                        path);
      const auto fields = split(line, ':');
      const size_t gecos = master ? 7 : 4;
      if (fields.size() < (master ? 10u : 7u)) return malformed.line(number, "too few fields");
      const auto uid = to_number<int64_t>(trim(fields[2]));
      if (fields[0].empty()) return malformed.line(number, fmt::format("an account without a name, uid {}", fields[2]));
      if (!uid) return malformed.line(number, "the uid is no number");
      if (!seen.emplace(fields[0]).second)
        return malformed.line(number,
                              fmt::format("a second account of the name {}, uid {}", displayable(fields[0]), *uid));
      if (out.accounts.size() >= kMaxAccounts) return malformed.line(number, "more accounts than are kept");
      Account account;
      account.name = std::string(fields[0]);
      account.id = std::to_string(*uid);
      account.source = "passwd";
      account.gid = to_number<int64_t>(trim(fields[3]));
      account.gecos = std::string(fields[gecos]);
      account.home = std::string(fields[gecos + 1]);
      account.shell = std::string(trim(fields[gecos + 2]));
      std::optional<std::string> hash;
      if (const auto found = passwords.find(account.name); found != passwords.end()) {
        hash = found->second.hash;
        account.password_set_day = found->second.set_day;
      }
      // Without a shadow entry the field itself holds the password; x and * there point to one that is not known.
      if (!hash && fields[1] != "x" && fields[1] != "*") hash = std::string(fields[1]);
      if (!hash && has_shadow && (fields[1] == "x" || fields[1] == "*")) hash = "*";
      // An empty field in passwd wins over shadow: login(1) then asks for none.
      if (fields[1].empty()) hash = "";
      if (hash) account.empty_password = hash->empty();
      if (refuses_login(account.shell))
        account.enabled = false;
      else if (hash)
        account.enabled = !is_locked(*hash) || has_keys(files, account);

      std::vector<std::string> groups;
      std::vector<int64_t> gids;
      for (const GroupEntry& group : out.groups)
        if ((account.gid && group.gid == *account.gid) ||
            std::find(group.members.begin(), group.members.end(), account.name) != group.members.end()) {
          groups.push_back(group.name);
          gids.push_back(group.gid);
        }
      if (account.gid) gids.push_back(*account.gid);
      if (*uid == 0) account.admin_reason = "uid 0";
      for (std::string_view group : {"sudo", "wheel", "admin"})
        if (account.admin_reason.empty() && std::find(groups.begin(), groups.end(), group) != groups.end())
          account.admin_reason = fmt::format("member of {}", group);
      if (account.admin_reason.empty()) account.admin_reason = sudoers.reason(account, groups, gids);
      account.is_admin = !account.admin_reason.empty();
      out.accounts.push_back(std::move(account));
    });
  }
  for (const auto& [name, password] : passwords)
    if (!seen.contains(name)) add_note(out, "shadow_without_account", displayable(name), password.path);
}

}  // namespace necropsy
