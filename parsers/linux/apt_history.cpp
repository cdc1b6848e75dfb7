// SPDX-License-Identifier: Apache-2.0
// apt's history.log: one stanza per run of apt, with who asked and what was changed; local time.
// Sources: apt-pkg/deb/dpkgpm.cc (WriteHistoryTag, OpenLog, CloseLog), apt's apt-pkg/history; seen from 0.8 to 2.6.
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/text.hpp"
#include "parse/parser.hpp"

namespace necropsy::parsers {
namespace {

constexpr size_t kMaxStanza = 8 << 20;  // bytes of one stanza; a full upgrade of a desktop has some 200 KiB
constexpr size_t kMaxList = 15 * 1024;  // bytes of one list that are kept with the event
constexpr size_t kNamesShown = 4;

// Fields that name packages, in the order in which apt writes them.
enum ListKind : size_t { kInstall, kReinstall, kUpgrade, kDowngrade, kRemove, kPurge, kLists };
constexpr std::string_view kListNames[kLists] = {"Install", "Reinstall", "Upgrade", "Downgrade", "Remove", "Purge"};
constexpr std::string_view kListKeys[kLists] = {"install", "reinstall", "upgrade", "downgrade", "remove", "purge"};
constexpr std::string_view kCountKeys[kLists] = {"install_count",   "reinstall_count", "upgrade_count",
                                                 "downgrade_count", "remove_count",    "purge_count"};
constexpr std::string_view kPast[kLists] = {"installed", "reinstalled", "upgraded", "downgraded", "removed", "purged"};

// `2019-07-10  16:38:08`
std::optional<Civil> read_stamp(std::string_view text) {
  Civil civil;
  text = trim(text);
  if (!read_iso_date(text, civil)) return std::nullopt;
  text = trim(text);
  if (!read_clock(text, civil) || !trim(text).empty() || !valid(civil)) return std::nullopt;
  return civil;
}

// `name:arch (version, new version, automatic), …`: commas inside the brackets are not borders.
size_t count_packages(std::string_view list) {
  size_t count = trim(list).empty() ? 0 : 1, depth = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i] == '(') ++depth;
    if (list[i] == ')' && depth > 0) --depth;
    if (list[i] == ',' && depth == 0 && !trim(list.substr(i + 1)).empty()) ++count;
  }
  return count;
}
std::string first_names(std::string_view list, size_t want) {
  std::string out;
  size_t begin = 0, depth = 0, taken = 0;
  for (size_t i = 0; i <= list.size() && taken < want; ++i) {
    if (i < list.size() && list[i] == '(') ++depth;
    if (i < list.size() && list[i] == ')' && depth > 0) --depth;
    if (i < list.size() && (list[i] != ',' || depth != 0)) continue;
    std::string_view name = trim(list.substr(begin, i - begin));
    name = name.substr(0, name.find_first_of(" ("));
    if (!name.empty()) {
      out += (out.empty() ? "" : ", ") + std::string(name.substr(0, 80));
      ++taken;
    }
    begin = i + 1;
  }
  return out;
}
// Cut behind a whole package.
std::string_view bounded_list(std::string_view list) {
  if (list.size() <= kMaxList) return list;
  const size_t end = list.rfind("), ", kMaxList);
  return list.substr(0, end == std::string_view::npos ? kMaxList : end + 1);
}

struct Stanza {
  Extent where;
  size_t bytes = 0;
  std::string start, end, command, requester, error, comment, other;
  std::array<std::string, kLists> lists;
  std::string* last = nullptr;  // field that a continuation line belongs to
  bool cut = false, empty = true;

  // False when the line is no field.
  bool field(std::string_view line) {
    const size_t colon = line.find(": ");
    std::string_view name = line.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? std::string_view() : trim(line.substr(colon + 2));
    if (colon == std::string_view::npos) {
      if (!line.ends_with(':')) return false;
      name = line.substr(0, line.size() - 1);
    }
    std::string* into = name == "Start-Date"     ? &start
                        : name == "End-Date"     ? &end
                        : name == "Commandline"  ? &command
                        : name == "Requested-By" ? &requester
                        : name == "Error"        ? &error
                        : name == "Comment"      ? &comment
                                                 : nullptr;
    for (size_t i = 0; i < kLists && !into; ++i)
      if (name == kListNames[i]) into = &lists[i];
    if (!into) {
      // A field of a later apt: a name without blanks.
      if (name.empty() || name.size() > 32 || name.find(' ') != std::string_view::npos ||
          !(name[0] >= 'A' && name[0] <= 'Z'))
        return false;
      if (!other.empty()) other += "; ";
      other += line;
      last = &other;
      return true;
    }
    if (!into->empty()) *into += into == &command ? "\n" : ", ";
    *into += value;
    last = into;
    return true;
  }
};

// What the whole run was: the strongest of what it did.
Action action_of(const Stanza& s) {
  if (!s.error.empty()) return Action::package_failed;
  if (!s.lists[kInstall].empty() || !s.lists[kReinstall].empty()) return Action::package_installed;
  if (!s.lists[kUpgrade].empty() || !s.lists[kDowngrade].empty()) return Action::package_upgraded;
  if (!s.lists[kRemove].empty() || !s.lists[kPurge].empty()) return Action::package_removed;
  return Action::package_message;
}

class File {
 public:
  File(ContentStream& stream, const ParseContext& context, EventSink& sink)
      : lines_(stream), context_(context), sink_(sink) {}

  Finish run() {
    while (sink_.keep_going()) {
      const auto line = lines_.next();
      if (!line && lines_.error()) {
        // Half a stanza would tell of a run that never came to its end.
        if (!stanza_.empty) sink_.unparsed(stanza_.where, "truncated", "the rest of the stanza cannot be read");
        sink_.problem({lines_.error()->offset, 0}, "read-error", lines_.error()->what, Stage::parse, Severity::error);
        return Finish::partial;
      }
      if (!line) {
        tell();
        return Finish::complete;
      }
      std::string_view text = line->text;
      while (text.starts_with('\0')) text.remove_prefix(1);
      if (trim(text).empty()) {
        // A blank line ends a stanza; one that was just begun is not torn by it.
        tell();
        continue;
      }
      if (text.starts_with("Start-Date:") && !stanza_.empty) tell();
      take(text, *line);
      if (text.starts_with("End-Date:")) tell();
    }
    return Finish::partial;
  }

 private:
  void take(std::string_view text, const Line& line) {
    if (stanza_.empty) {
      stanza_ = Stanza{};
      stanza_.where = {line.offset, 0};
    }
    const bool first = stanza_.empty;
    stanza_.empty = false;
    stanza_.where.length =
        static_cast<uint32_t>(std::min<uint64_t>(line.offset + line.length - stanza_.where.offset, UINT32_MAX));
    stanza_.cut |= line.cut;
    if (stanza_.bytes + text.size() > kMaxStanza) {
      stanza_.cut = true;
      return;
    }
    stanza_.bytes += text.size();
    if (stanza_.field(text)) return;
    // Command lines may hold line ends.
    if (!first && stanza_.last) {
      *stanza_.last += '\n';
      *stanza_.last += text;
      return;
    }
    stanza_.other = text;
  }

  void tell() {
    if (stanza_.empty) return;
    Stanza s = std::move(stanza_);
    stanza_ = Stanza{};
    const auto start = read_stamp(s.start);
    const auto end = read_stamp(s.end);
    if (!start && !end) {
      sink_.unparsed(s.where, s.start.empty() && s.end.empty() ? "unknown-record" : "bad-time",
                     s.start.empty() && s.end.empty() ? "no stanza of apt: neither Start-Date nor End-Date"
                                                      : "neither Start-Date nor End-Date is a time");
      return;
    }
    if (s.cut) sink_.problem(s.where, "cut-line", "the stanza is longer than 8 MiB; its beginning was read");
    if (!s.start.empty() && !start) sink_.problem(s.where, "bad-time", "Start-Date is no time; End-Date was taken");
    sink_.record_read();

    Event e;
    e.time = context_.clock->local(start ? *start : *end, TimePrecision::s);
    e.action = action_of(s);
    if (e.action == Action::package_failed) e.outcome = Outcome::failure;
    e.process_name = "apt";
    e.command_line = s.command;
    // `name (uid)`
    std::string_view requester = s.requester;
    e.user_name = trim(take_until(requester, " ("));
    const auto uid = to_number<int64_t>(requester.substr(0, requester.find(')')));

    std::array<Attribute, 2 * kLists + 8> attributes;
    size_t count = 0;
    const auto text = [&](std::string_view key, std::string_view value) {
      if (!value.empty()) attributes[count++] = {key, value, {}};
    };
    std::string message, end_text;
    bool shortened = false;
    for (size_t i = 0; i < kLists; ++i) {
      if (s.lists[i].empty()) continue;
      const size_t packages = count_packages(s.lists[i]);
      const std::string_view kept = bounded_list(s.lists[i]);
      shortened |= kept.size() != s.lists[i].size();
      text(kListKeys[i], kept);
      attributes[count++] = {kCountKeys[i], {}, static_cast<int64_t>(packages)};
      message += fmt::format("{}{} {}: {}{}", message.empty() ? "apt: " : "; ", packages, kPast[i],
                             first_names(s.lists[i], kNamesShown), packages > kNamesShown ? " …" : "");
    }
    if (message.empty()) message = s.command.empty() ? "apt ran" : fmt::format("apt ran: {}", s.command);
    if (!s.error.empty()) message += fmt::format("; failed: {}", s.error);
    if (end) {
      end_text = iso_micro(context_.clock->local(*end, TimePrecision::s).when);
      text("end_date", end_text);
    } else {
      attributes[count++] = {"no_end", {}, 1};
      message += " (not finished)";
    }
    if (uid) attributes[count++] = {"requested_by_uid", {}, *uid};
    text("error", s.error);
    text("comment", s.comment);
    text("other", s.other);
    if (shortened) attributes[count++] = {"lists_shortened", {}, 1};
    e.message = message;
    e.where = s.where;
    e.record = 0;  // several lines: the offset says where
    e.attributes = {attributes.data(), count};
    sink_.event(e);
  }

  LineReader lines_;
  const ParseContext& context_;
  EventSink& sink_;
  Stanza stanza_;
};

Match probe(const Probe& p) {
  std::string_view head = as_text(p.head);
  size_t lines = 0;
  bool start = false, other = false;
  while (!head.empty() && lines < 40) {
    std::string_view line = take_until(head, "\n");
    if (trim(line).empty()) continue;
    ++lines;
    if (eat(line, "Start-Date: ") && read_stamp(line)) start = true;
    if (line.starts_with("Commandline: ") || line.starts_with("Requested-By: ") || line.starts_with("End-Date: "))
      other = true;
    for (std::string_view name : kListNames)
      if (line.starts_with(name) && line.substr(name.size()).starts_with(": ")) other = true;
  }
  if (start) return other || p.path_matches ? Match::yes : Match::maybe;
  return other ? Match::maybe : Match::no;
}

Finish parse(ContentStream& stream, const ParseContext& context, EventSink& sink) {
  return File(stream, context, sink).run();
}

constexpr Sample kSamples[] = {
    {"\nStart-Date: 2024-03-13  19:20:11\n"
     "Commandline: apt-get install tmux\n"
     "Requested-By: eve (1000)\n"
     "Install: libutempter0:amd64 (1.1.6-3, automatic), tmux:amd64 (2.3-4)\n"
     "Upgrade: bash:amd64 (5.1-1, 5.1-2)\n"
     "End-Date: 2024-03-13  19:20:22\n",
     "package.installed time=2024-03-13T19:20:11Z user=eve command=\"apt-get install tmux\" attr:install_count=2 "
     "attr:upgrade_count=1 attr:end_date=2024-03-13T19:20:22.000000Z attr:requested_by_uid=1000 "
     "attr:upgrade=\"bash:amd64 (5.1-1, 5.1-2)\""},
};
constexpr std::string_view kPaths[] = {"**/apt/history.log"};
constexpr Action kEmits[] = {Action::package_installed, Action::package_upgraded, Action::package_removed,
                             Action::package_failed, Action::package_message};
constexpr AttributeKey kKeys[] = {
    {"install", "packages installed, as apt writes them: name:arch (version[, automatic])"},
    {"reinstall", "packages installed again"},
    {"upgrade", "packages upgraded: name:arch (old, new)"},
    {"downgrade", "packages downgraded: name:arch (old, new)"},
    {"remove", "packages removed"},
    {"purge", "packages purged"},
    {"install_count", "how many were installed"},
    {"reinstall_count", "how many were installed again"},
    {"upgrade_count", "how many were upgraded"},
    {"downgrade_count", "how many were downgraded"},
    {"remove_count", "how many were removed"},
    {"purge_count", "how many were purged"},
    {"end_date", "End-Date in UTC"},
    {"no_end", "1: the run has no End-Date: it was killed, or the log is cut"},
    {"requested_by_uid", "uid behind Requested-By"},
    {"error", "Error"},
    {"comment", "Comment"},
    {"other", "fields that necropsy does not know, as they stand"},
    {"lists_shortened", "1: a list has more than 15 KiB; the whole stands in the log"},
};
constexpr Descriptor kAbout{.name = "apt_history",
                            .title = "Runs of apt (apt/history.log)",
                            .paths = kPaths,
                            .emits = kEmits,
                            .keys = kKeys,
                            .zone_rule = "local time of the host, seconds",
                            .samples = kSamples};

}  // namespace

ParserEntry apt_history() { return {&kAbout, probe, parse}; }

}  // namespace necropsy::parsers
