// SPDX-License-Identifier: Apache-2.0
// dpkg.log: what the package manager of Debian and its kin did, line by line, in local time.
// Sources: dpkg(1) --log, dpkg's lib/dpkg/log.c, src/main/{archives,configure,remove,trigproc,update}.c.
#include <array>

#include <fmt/format.h>

#include "base/text.hpp"
#include "parse/parser.hpp"

namespace necropsy::parsers {
namespace {

// `YYYY-MM-DD hh:mm:ss action …`
std::optional<Civil> read_stamp(std::string_view& text) {
  std::string_view rest = text;
  Civil civil;
  if (!read_iso_date(rest, civil) || !eat(rest, " ") || !read_clock(rest, civil) || !eat(rest, " "))
    return std::nullopt;
  if (!valid(civil)) return std::nullopt;
  text = rest;
  return civil;
}

constexpr std::string_view kActions[] = {"startup",   "install",  "upgrade", "remove",   "purge",
                                         "configure", "trigproc", "status",  "conffile", "disappear"};

bool is_action(std::string_view word) {
  for (std::string_view known : kActions)
    if (word == known) return true;
  return false;
}

// Versions that stand for "not there".
std::string_view version_of(std::string_view word) { return word == "<none>" || word == "<unknown>" ? "" : word; }

struct Change {
  Action action = Action::package_message;
  std::string_view package, architecture, version, previous, status, path;
  std::string message;
};

Change read_change(std::string_view verb, std::string_view rest) {
  Change change;
  const std::string_view all = rest;
  if (verb == "startup") {
    change.message = fmt::format("dpkg started: {}", all);
    return change;
  }
  if (verb == "conffile") {
    // The path may hold blanks; the decision is the last word.
    const size_t last = rest.rfind(' ');
    change.path = rest.substr(0, last);
    change.status = last == std::string_view::npos ? "" : rest.substr(last + 1);
    change.message = change.status == "install"
                         ? fmt::format("Configuration file {} replaced by the package's", change.path)
                     : change.status == "keep" ? fmt::format("Configuration file {} kept as it was", change.path)
                                               : fmt::format("Configuration file {}", all);
    return change;
  }
  if (verb == "status") change.status = take_word(rest);
  change.package = take_word(rest);
  const std::string_view first = version_of(take_word(rest));
  const std::string_view second = version_of(take_word(rest));
  const std::string_view shown = change.package;
  if (const size_t colon = change.package.find(':'); colon != std::string_view::npos) {
    change.architecture = change.package.substr(colon + 1);
    change.package = change.package.substr(0, colon);
  }
  change.version = first;
  if (verb == "install") {
    change.action = Action::package_installed;
    change.previous = first;
    change.version = second;
    change.message = fmt::format("Package {} {} installed", shown, second);
  } else if (verb == "upgrade") {
    change.action = Action::package_upgraded;
    change.previous = first;
    change.version = second;
    change.message = fmt::format("Package {} upgraded from {} to {}", shown, first, second);
  } else if (verb == "remove" || verb == "purge") {
    change.action = Action::package_removed;
    change.message = fmt::format("Package {} {} {}", shown, first, verb == "purge" ? "purged" : "removed");
  } else if (verb == "status") {
    change.message = fmt::format("Package {} {} is {}", shown, first, change.status);
  } else if (verb == "configure") {
    change.message = fmt::format("Package {} {} being configured", shown, first);
  } else {
    change.message = fmt::format("dpkg: {} {}", verb, all);
  }
  return change;
}

Match probe(const Probe& p) {
  std::string_view head = as_text(p.head);
  size_t known = 0, other = 0;
  while (!head.empty()) {
    const bool torn = head.find('\n') == std::string_view::npos && p.size > p.head.size();
    std::string_view line = take_until(head, "\n");
    if (torn || trim(line).empty()) continue;
    if (read_stamp(line) && is_action(take_word(line)))
      ++known;
    else
      ++other;
  }
  // The first line of a recovered piece may be torn.
  if (known > 0 && other <= known / 4 + 1) return known >= 2 || p.path_matches ? Match::yes : Match::maybe;
  return known > 0 ? Match::maybe : Match::no;
}

Finish parse(ContentStream& stream, const ParseContext& context, EventSink& sink) {
  LineReader lines(stream);
  while (sink.keep_going()) {
    const auto line = lines.next();
    if (!line) return lines.error() ? Finish::partial : Finish::complete;
    const Extent where{line->offset, line->length};
    std::string_view rest = line->text;
    // A crash leaves zeros in front of what is written next.
    while (rest.starts_with('\0')) rest.remove_prefix(1);
    if (trim(rest).empty()) continue;
    const auto civil = read_stamp(rest);
    if (!civil) {
      sink.unparsed(where, "unknown-record", "the line does not begin with a date and a time");
      continue;
    }
    const std::string_view verb = take_word(rest);
    rest = trim(rest);
    if (verb.empty() || (rest.empty() && is_action(verb))) {
      sink.unparsed(where, "truncated", "the line ends before it says what happened");
      continue;
    }
    if (line->cut) sink.problem(where, "cut-line", "the line is longer than 1 MiB; its beginning was read");
    const Change change = read_change(verb, rest);
    Event e;
    e.time = context.clock->local(*civil, TimePrecision::s);
    e.action = change.action;
    e.process_name = "dpkg";
    e.file_path = change.path;
    e.message = change.message;
    e.where = where;
    e.record = line->number;
    std::array<Attribute, 6> attributes;
    size_t count = 0;
    const auto add = [&](std::string_view key, std::string_view value) {
      if (!value.empty()) attributes[count++] = {key, value, {}};
    };
    add("operation", verb);
    add("package", change.package);
    add("architecture", change.architecture);
    add("version", change.version);
    add("previous_version", change.previous);
    add("status", change.status);
    e.attributes = {attributes.data(), count};
    sink.record_read();
    sink.event(e);
  }
  return Finish::partial;
}

constexpr Sample kSamples[] = {
    {"2024-02-23 16:38:30 startup archives unpack\n"
     "2024-02-23 16:38:31 install tree:armhf <none> 1.7.0-5\n"
     "2024-02-23 16:38:31 status half-installed tree:armhf 1.7.0-5\n"
     "2024-02-23 16:38:32 upgrade bash:amd64 5.1-1 5.1-2\n"
     "2024-02-23 16:38:33 conffile /etc/skel/.bashrc keep\n"
     "2024-02-23 16:38:34 configure tree:armhf 1.7.0-5 <none>\n"
     "2024-02-23 16:38:35 purge nano:amd64 7.2-1 <none>\n",
     "package.message time=2024-02-23T16:38:30Z basis=zone attr:operation=startup\n"
     "package.installed attr:package=tree attr:architecture=armhf attr:version=1.7.0-5 attr:previous_version=\n"
     "package.message attr:status=half-installed attr:package=tree attr:version=1.7.0-5\n"
     "package.upgraded attr:package=bash attr:previous_version=5.1-1 attr:version=5.1-2\n"
     "package.message path=/etc/skel/.bashrc attr:status=keep\n"
     "package.message attr:operation=configure attr:version=1.7.0-5\n"
     "package.removed attr:package=nano attr:version=7.2-1 attr:operation=purge"},
};
constexpr std::string_view kPaths[] = {"**/dpkg.log"};
constexpr Action kEmits[] = {Action::package_installed, Action::package_upgraded, Action::package_removed,
                             Action::package_message};
constexpr AttributeKey kKeys[] = {
    {"operation", "dpkg's word: startup, install, upgrade, remove, purge, configure, trigproc, status, conffile …"},
    {"package", "name without architecture"},
    {"architecture", "architecture after the colon of the name"},
    {"version", "version installed, configured or removed"},
    {"previous_version", "version before"},
    {"status", "new state of the package, or what was done with the configuration file"},
};
constexpr Descriptor kAbout{.name = "dpkg",
                            .title = "Package changes of Debian and its kin (dpkg.log)",
                            .paths = kPaths,
                            .emits = kEmits,
                            .keys = kKeys,
                            .zone_rule = "local time of the host, seconds",
                            .samples = kSamples};

}  // namespace

ParserEntry dpkg() { return {&kAbout, probe, parse}; }

}  // namespace necropsy::parsers
