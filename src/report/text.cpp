// SPDX-License-Identifier: Apache-2.0
// Plain text for a terminal or a mail, and Markdown.
#include <fmt/format.h>

#include <algorithm>

#include "base/escape.hpp"
#include "base/text.hpp"
#include "report/document.hpp"

namespace necropsy::report {
namespace {

constexpr size_t kWidth = 100;
constexpr size_t kCell = 60;

// Breaks at blanks; `first` stands in front of the first line, `indent` in front of all others.
std::string wrapped(std::string_view text, std::string_view first, std::string_view indent) {
  std::string out, line(first);
  bool empty = true;  // nothing but the indent is on the line
  while (!trim(text).empty()) {
    const std::string_view word = take_word(text);
    if (!empty && line.size() + 1 + word.size() > kWidth) {
      out += line + "\n";
      line = indent;
      empty = true;
    }
    if (!empty) line += ' ';
    line += word;
    empty = false;
  }
  return out + line + "\n";
}

void text_table(std::string& out, const Table& t) {
  // Rows as blocks of "column: value" where a line would not fit; else columns.
  std::vector<size_t> widths;
  for (const std::string& c : t.columns) widths.push_back(c.size());
  for (const auto& row : t.rows)
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], std::min(kCell, terminal_text(row[i]).size()));
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text = "  ";
    for (size_t i = 0; i < cells.size(); ++i) {
      std::string cell = terminal_text(cells[i]);
      text += cell;
      if (i + 1 < cells.size()) text.append(widths[i] > cell.size() ? widths[i] - cell.size() + 2 : 2, ' ');
    }
    while (text.ends_with(' ')) text.pop_back();
    out += text + "\n";
  };
  line(t.columns);
  for (const auto& row : t.rows) line(row);
}

void text_finding(std::string& out, const FindingCard& f) {
  out += wrapped(terminal_text(f.when_local.empty() ? "time not known" : f.when_local), "", "    ");
  if (!f.when_utc.empty() && f.when_utc != f.when_local) out += "    " + f.when_utc + "\n";
  out += wrapped(terminal_text(f.title), "  ", "    ");
  out += wrapped(terminal_text(f.summary), "    ", "    ");
  std::string facts =
      fmt::format("severity {}, confidence {} of 100, finding [{}], {}", f.severity, f.confidence, f.id, f.rule);
  if (!f.attack.empty()) facts += ", ATT&CK " + f.attack;
  if (f.status != "open") facts += fmt::format(", {} by the analyst: {}", f.status, terminal_text(f.why));
  out += wrapped(facts, "    ", "    ");
  for (const Evidence& e : f.evidence)
    out += wrapped(fmt::format("{}  {}  ({}, {}, event {})", e.time, terminal_text(e.message), e.role,
                               terminal_text(e.place), e.event_id),
                   "      - ", "        ");
  if (f.cited > f.evidence.size()) out += fmt::format("      … and {} rows more\n", f.cited - f.evidence.size());
  out += "\n";
}

}  // namespace

std::string write_text(const Document& document) {
  std::string out = terminal_text(document.title) + "\n" + std::string(std::min(kWidth, document.title.size()), '=') +
                    "\n" + terminal_text(document.subtitle) + "\n";
  for (const Section& s : document.sections) {
    out += "\n" + terminal_text(s.title) + "\n" + std::string(std::min(kWidth, s.title.size()), '-') + "\n";
    for (const Block& b : s.blocks) {
      switch (b.kind) {
        case Block::Kind::paragraph:
          out += wrapped(terminal_text(b.text), "", "");
          break;
        case Block::Kind::list:
          for (const std::string& item : b.items) out += wrapped(terminal_text(item), "  - ", "    ");
          break;
        case Block::Kind::table:
          text_table(out, b.table);
          break;
        case Block::Kind::finding:
          text_finding(out, b.finding);
          break;
      }
    }
  }
  return out;
}

std::string write_markdown(const Document& document) {
  std::string out = "# " + markdown_text(document.title) + "\n\n" + markdown_text(document.subtitle) + "\n";
  for (const Section& s : document.sections) {
    out += "\n## " + markdown_text(s.title) + "\n\n";
    for (const Block& b : s.blocks) {
      switch (b.kind) {
        case Block::Kind::paragraph:
          out += markdown_text(b.text) + "\n\n";
          break;
        case Block::Kind::list:
          for (const std::string& item : b.items) out += "- " + markdown_text(item) + "\n";
          out += "\n";
          break;
        case Block::Kind::table: {
          const auto row = [&](const std::vector<std::string>& cells) {
            out += "|";
            for (const std::string& c : cells) out += " " + markdown_text(c) + " |";
            out += "\n";
          };
          row(b.table.columns);
          out += "|";
          for (size_t i = 0; i < b.table.columns.size(); ++i) out += "---|";
          out += "\n";
          for (const auto& r : b.table.rows) row(r);
          out += "\n";
          break;
        }
        case Block::Kind::finding: {
          const FindingCard& f = b.finding;
          out += fmt::format("### {}: {}\n\n", markdown_text(f.when_local.empty() ? "time not known" : f.when_local),
                             markdown_text(f.title));
          out += markdown_text(f.summary) + "\n\n";
          out += fmt::format("*{}; severity {}, confidence {} of 100, finding {}, {}{}*\n\n", f.when_utc, f.severity,
                             f.confidence, f.id, f.rule, f.attack.empty() ? "" : ", ATT&amp;CK " + f.attack);
          if (f.status != "open") out += fmt::format("{} by the analyst: {}\n\n", f.status, markdown_text(f.why));
          for (const Evidence& e : f.evidence)
            out += fmt::format("- {} {} ({}, {}, event {})\n", e.time, markdown_text(e.message), e.role,
                               markdown_text(e.place), e.event_id);
          if (f.cited > f.evidence.size()) out += fmt::format("- … and {} rows more\n", f.cited - f.evidence.size());
          out += "\n";
          break;
        }
      }
    }
  }
  return out;
}

}  // namespace necropsy::report
