// SPDX-License-Identifier: Apache-2.0
#include "report/report.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "cli/context.hpp"

namespace necropsy::cli {
namespace {

struct Options {
  std::string path, output;
  bool redact = false;
};

ReportFormat format_of(const std::string& path) {
  const std::string ending = path.substr(std::min(path.size(), path.rfind('.')));
  if (ending == ".html" || ending == ".htm") return ReportFormat::html;
  if (ending == ".md") return ReportFormat::markdown;
  if (ending == ".txt" || path == "-") return ReportFormat::text;
  if (ending == ".json") return ReportFormat::json;
  throw Failure{
      kUsage, fmt::format("'{}': the ending says the format: .html, .md, .txt or .json (- for text on stdout)", path)};
}

int run(const Options& o) {
  const ReportFormat format = format_of(o.output);
  Database db = open_for_reading(o.path);
  auto text = make_report(db, ReportOptions{.format = format, .redact = o.redact});
  if (!text) throw Failure{kInternal, text.error().what};
  if (o.output == "-") {
    put(*text);
    return kDone;
  }
  const int fd = open(o.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) throw Failure{kInternal, fmt::format("{}: {}", o.output, strerror(errno))};
  std::string_view rest = *text;
  while (!rest.empty()) {
    const ssize_t n = write(fd, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      close(fd);
      throw Failure{kInternal, fmt::format("{}: {}", o.output, strerror(errno))};
    }
    rest.remove_prefix(static_cast<size_t>(n));
  }
  close(fd);
  return kDone;
}

}  // namespace

void add_report(CLI::App& app, ExitCode& code) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("report", "The \"what happened when\" report");
  c->add_option("case", o->path, "Case file")->required()->type_name("CASE.db");
  c->add_option("-o,--output", o->output, "FILE.html, .md, .txt or .json; - for text on stdout")
      ->required()
      ->type_name("FILE");
  c->add_flag("--redact", o->redact, "Mask secrets");
  c->footer("Example:\n  necropsy report server.db -o report.html");
  c->callback([o, &code] { code = run(*o); });
}

}  // namespace necropsy::cli
