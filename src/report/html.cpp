// SPDX-License-Identifier: Apache-2.0
// One page without anything from outside: no script, no font, no picture. Prints well; follows the reader's dark mode.
#include <fmt/format.h>

#include "base/escape.hpp"
#include "report/document.hpp"

namespace necropsy::report {
namespace {

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --high: #b3261e; --medium: #9a6700; --low: #57606a; }
@media (prefers-color-scheme: dark) { :root { --high: #ff8a80; --medium: #e3b341; --low: #9aa4ae; } }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; max-width: 68rem; margin: 2rem auto;
  padding: 0 1.25rem; }
h1 { line-height: 1.2; margin-bottom: .2rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
.sub { opacity: .7; margin-top: 0; }
nav { columns: 2; font-size: .95rem; margin: 1.5rem 0; }
nav a { display: block; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
th { white-space: nowrap; background: var(--soft); overflow-wrap: normal; }
article { border: 1px solid var(--line); border-left: .35rem solid var(--low); border-radius: .4rem; padding: .8rem 1.1rem;
  margin: 1.1rem 0; break-inside: avoid; }
article.high, article.critical { border-left-color: var(--high); }
article.medium { border-left-color: var(--medium); }
article h3 { margin: .1rem 0 .4rem; }
article p { margin: .4rem 0; }
time { font-variant-numeric: tabular-nums; font-size: .92rem; opacity: .85; }
.facts { font-size: .86rem; opacity: .8; }
.tag { font-weight: 600; }
.high .tag, .critical .tag { color: var(--high); }
.medium .tag { color: var(--medium); }
details { margin-top: .5rem; font-size: .9rem; }
summary { cursor: pointer; }
code { font: .85rem/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, monospace; overflow-wrap: anywhere; }
@media print { body { max-width: none; margin: 0; } details > * { display: block; } nav { display: none; } }
)css";

void finding(std::string& out, const FindingCard& f) {
  out += fmt::format("<article class=\"{}\" id=\"finding-{}\">\n", html_text(f.severity), html_text(f.id));
  out += fmt::format("<time>{}</time>", html_text(f.when_local.empty() ? "time not known" : f.when_local));
  if (!f.when_utc.empty() && f.when_utc != f.when_local)
    out += fmt::format(" <time>· {}</time>", html_text(f.when_utc));
  out += fmt::format("\n<h3>{}</h3>\n<p>{}</p>\n", html_text(f.title), html_text(f.summary));
  out += fmt::format("<p class=\"facts\"><span class=\"tag\">{}</span> · confidence {} of 100 · finding {} · {}",
                     html_text(f.severity), html_text(f.confidence), html_text(f.id), html_text(f.rule));
  if (!f.attack.empty()) out += " · ATT&amp;CK " + html_text(f.attack);
  if (f.status != "open") out += fmt::format(" · {} by the analyst: {}", html_text(f.status), html_text(f.why));
  out += "</p>\n";
  if (!f.evidence.empty()) {
    out += fmt::format(
        "<details open><summary>Evidence: {} rows</summary>\n<table><thead><tr><th>time</th><th>role</th>"
        "<th>what the row says</th><th>where</th><th>event</th></tr></thead><tbody>\n",
        f.cited);
    for (const Evidence& e : f.evidence)
      out += fmt::format("<tr><td>{}</td><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n",
                         html_text(e.time), html_text(e.role), html_text(e.message), html_text(e.place),
                         html_text(e.event_id));
    out += "</tbody></table>\n";
    if (f.cited > f.evidence.size())
      out += fmt::format("<p class=\"facts\">… and {} rows more</p>\n", f.cited - f.evidence.size());
    out += "</details>\n";
  }
  out += "</article>\n";
}

}  // namespace

std::string write_html(const Document& document) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n";
  out += fmt::format(
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<h1>{}</h1>\n<p class=\"sub\">{}</p>\n<nav>\n",
      html_text(document.title), kStyle, html_text(document.title), html_text(document.subtitle));
  for (size_t i = 0; i < document.sections.size(); ++i)
    out += fmt::format("<a href=\"#s{}\">{}</a>\n", i, html_text(document.sections[i].title));
  out += "</nav>\n";
  for (size_t i = 0; i < document.sections.size(); ++i) {
    const Section& s = document.sections[i];
    out += fmt::format("<section id=\"s{}\">\n<h2>{}</h2>\n", i, html_text(s.title));
    for (const Block& b : s.blocks) {
      switch (b.kind) {
        case Block::Kind::paragraph:
          out += fmt::format("<p>{}</p>\n", html_text(b.text));
          break;
        case Block::Kind::list:
          out += "<ul>\n";
          for (const std::string& item : b.items) out += fmt::format("<li>{}</li>\n", html_text(item));
          out += "</ul>\n";
          break;
        case Block::Kind::table:
          out += "<table><thead><tr>";
          for (const std::string& c : b.table.columns) out += fmt::format("<th>{}</th>", html_text(c));
          out += "</tr></thead><tbody>\n";
          for (const auto& row : b.table.rows) {
            out += "<tr>";
            for (const std::string& c : row) out += fmt::format("<td>{}</td>", html_text(c));
            out += "</tr>\n";
          }
          out += "</tbody></table>\n";
          break;
        case Block::Kind::finding:
          finding(out, b.finding);
          break;
      }
    }
    out += "</section>\n";
  }
  return out + "</body>\n</html>\n";
}

}  // namespace necropsy::report
