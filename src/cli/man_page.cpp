// SPDX-License-Identifier: Apache-2.0
// The manual page in roff (man macros). Everything about commands comes from their definitions; here stands only what
// no definition says.
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command_facts.hpp"

namespace necropsy::cli {
namespace {

constexpr size_t kSourceWidth = 76;  // of a line in the page's source

struct ExitMeaning {
  Exit code;
  std::string_view meaning;
};
// docs/reference.md, "Exit codes", has the same sentences.
constexpr ExitMeaning kExits[] = {
    {kDone, "done"},
    {kWithProblems, "done, but some evidence could not be read (view problems), or verify found a difference"},
    {kUsage, "the command line is wrong"},
    {kNotOpened, "none of the evidence, or not the case, could be opened"},
    {kInternal, "internal error, or the case could not be written"},
    {kStopped, "stopped by a signal or --deadline; running again resumes"},
};

constexpr std::string_view kDescription[] = {
    "necropsy opens a disk image read-only, walks every filesystem for its file times, finds and reads the logs "
    "inside, "
    "merges all of it into one SQLite file, the case, and answers: who came in, when, from where, what they left "
    "behind, "
    "which accounts they made, what they wiped, and what cannot be known.",
    "Evidence is raw, split raw, E01, AFF, VMDK, VHD or VHDX, a directory, or a single log file. Nothing is ever "
    "written "
    "to it. What cannot be read is named, never skipped. A run that was interrupted is resumed by the same command.",
    "Results go to stdout, messages and progress to stderr. The views of the case are open to every SQLite client.",
    "A TIME is 2009-10-05, 2009-10-05T14:03, either with Z or +02:00 behind it, or @1254751380; without an offset it "
    "is in "
    "the zone of --tz, else in UTC. A DURATION is 90, 30s, 10m, 2h or 1d. A ZONE is Area/City.",
};

struct Entry {
  std::string_view name, meaning;
};
constexpr Entry kFiles[] = {
    {"CASE.db",
     "The case: one SQLite 3 file, one portable file after every command. CASE.db-wal and CASE.db-shm stand "
     "beside it while a command writes, or after it was killed."},
    {"/usr/share/zoneinfo", "Rules of time zones, where the image does not bring its own."},
};
constexpr Entry kEnvironment[] = {{"NO_COLOR", "When set, no colour even on a terminal."}};
constexpr std::string_view kSeeAlso[] = {"sqlite3", "ewfacquire", "fls", "mactime", "mmls"};

// Code points that roff's ASCII source spells as \[uXXXX].
void append_code_point(std::string& out, std::string_view text, size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  uint32_t code = lead & (0x3Fu >> more);
  for (size_t i = 0; i < more && at + 1 < text.size(); ++i) code = code << 6 | (text[++at] & 0x3F);
  out += fmt::format("\\[u{:04X}]", code);
}

// Text that comes out as it is: no escapes, no typographic quotes or dashes.
std::string literal(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    switch (const char c = text[i]) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      case '"':
        out += "\\(dq";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x80) {
          out += c;
        } else {
          append_code_point(out, text, i);
        }
    }
  }
  return out;
}

// A line of text must not look like a request.
std::string text_line(const std::string& escaped) { return (escaped.starts_with('.') ? "\\&" : "") + escaped + "\n"; }

// Prose, in source lines of bounded length. A sentence starts a line.
std::string prose(std::string_view text) {
  std::string out, line;
  for (std::string_view word : split(text, ' ')) {
    const std::string escaped = literal(word);
    if (!line.empty() && (line.size() + 1 + escaped.size() > kSourceWidth || line.ends_with('.'))) {
      out += text_line(line);
      line.clear();
    }
    line += (line.empty() ? "" : " ") + escaped;
  }
  return out + text_line(line);
}

std::string bold(std::string_view text) { return "\\fB" + literal(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + literal(text) + "\\fR"; }

// small words are typed as they stand, the others stand for something
std::string value_text(const OptionFacts& option) {
  const bool words = option.value == to_lower(option.value);
  return (words ? bold(option.value) : italic(option.value)) + (option.repeated ? " ..." : "");
}

std::string sentence(std::string text) {
  if (!text.empty() && !text.ends_with('.')) text += '.';
  return text;
}

std::string option_text(const OptionFacts& option) {
  std::string head;
  for (const std::string& name : option.names) head += (head.empty() ? "" : ", ") + bold(name);
  if (!option.value.empty()) head += (head.empty() ? "" : " ") + value_text(option);
  std::string tail = sentence(option.description);
  if (option.required && !option.names.empty()) tail += " Required.";
  if (!option.least.empty()) tail += fmt::format(" From {} to {}.", option.least, option.most);
  if (!option.standard.empty()) tail += fmt::format(" Default: {}.", option.standard);
  return ".TP\n" + text_line(head) + prose(tail);
}

std::string synopsis(const CommandFacts& command) {
  std::string line = bold("necropsy " + command.name);
  for (const OptionFacts& p : command.positionals)
    line += p.required ? " " + value_text(p) : " [" + value_text(p) + "]";
  bool more = false;
  for (const OptionFacts& o : command.options) {
    if (o.required) {
      line += " " + bold(o.names.back()) + " " + value_text(o);
    } else {
      more |= o.names.back() != "--help";
    }
  }
  return text_line(line + (more ? " [" + italic("OPTIONS") + "]" : ""));
}

}  // namespace

std::string man_page(const CLI::App& app, std::string_view date) {
  const std::vector<CommandFacts> all = command_facts(app);
  const CommandFacts& program = all.front();
  const auto commands = std::span(all).subspan(1);
  std::string_view purpose = program.description;
  take_until(purpose, ": ");

  std::string out = ".\\\" Made by the program from the definitions of its commands. Do not edit.\n";
  out += fmt::format(".TH NECROPSY 1 \"{}\" \"necropsy {}\" \"User Commands\"\n", date, NECROPSY_VERSION);
  out += ".nh\n.ad l\n";  // names of options and files stay whole
  out += ".SH NAME\nnecropsy \\- " + text_line(literal(purpose));
  out += ".SH SYNOPSIS\n";
  for (const CommandFacts& c : commands) out += synopsis(c) + ".br\n";
  out.resize(out.size() - 4);
  out += ".SH DESCRIPTION\n";
  for (std::string_view paragraph : kDescription)
    out += (paragraph == kDescription[0] ? "" : ".PP\n") + prose(paragraph);
  out += ".SH OPTIONS\n";
  for (const OptionFacts& o : program.options) out += option_text(o);
  out += ".SH COMMANDS\nEach command takes " + bold("--help") + " too.\n";
  for (const CommandFacts& c : commands) {
    out += ".SS " + literal(c.name) + "\n" + synopsis(c) + ".PP\n" + prose(sentence(c.description));
    for (const OptionFacts& p : c.positionals) out += option_text(p);
    for (const OptionFacts& o : c.options)
      if (o.names.back() != "--help") out += option_text(o);
  }
  out += ".SH EXIT STATUS\n";
  for (const ExitMeaning& e : kExits)
    out += fmt::format(".TP\n.B {}\n", static_cast<int>(e.code)) + prose(sentence(std::string(e.meaning)));
  out += ".SH ENVIRONMENT\n";
  for (const Entry& e : kEnvironment) out += ".TP\n" + text_line(bold(e.name)) + prose(e.meaning);
  out += ".SH FILES\n";
  for (const Entry& e : kFiles) out += ".TP\n" + text_line(italic(e.name)) + prose(e.meaning);
  out += ".SH EXAMPLES\n";
  for (const CommandFacts& c : commands) {
    if (c.examples.empty()) continue;
    out += prose(c.description + ":") + ".PP\n.RS 4\n.nf\n";
    for (const std::string& line : c.examples) out += text_line(literal(line));
    out += ".fi\n.RE\n.PP\n";
  }
  out.resize(out.size() - 4);
  out += ".SH SEE ALSO\n";
  for (std::string_view name : kSeeAlso)
    out += fmt::format(".BR {} (1){}\n", literal(name), name == std::end(kSeeAlso)[-1] ? "" : ",");
  return out;
}

}  // namespace necropsy::cli
