// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/context.hpp"
#include "parse/parser.hpp"

namespace necropsy::cli {

void add_parsers(CLI::App& app, ExitCode& code) {
  auto format = std::make_shared<Format>(Format::table);
  CLI::App* c = app.add_subcommand("parsers", "The log formats that are built in");
  add_format(*c, *format);
  c->footer("Example:\n  necropsy parsers");
  c->callback([format, &code] {
    RowPrinter printer(*format, {"parser", "title", "times", "usual places"});
    for (const ParserEntry& p : all_parsers()) {
      std::string places;
      for (std::string_view path : p.about->paths) places += (places.empty() ? "" : " ") + std::string(path);
      printer.row(
          {{std::string(p.about->name)}, {std::string(p.about->title)}, {std::string(p.about->zone_rule)}, {places}});
    }
    printer.finish();
    code = kDone;
  });
}

}  // namespace necropsy::cli
