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

  CLI::App* demo = app.add_subcommand("demo", "How to make and read the sample case");
  demo->footer("Example:\n  necropsy demo");
  demo->callback([&code] {
    put_line(
        "The sample case is the image of a small hacked server, made without root from a seed. In the source folder:");
    put_line("  tools/demo                      builds, makes the image, ingests it, tells the story");
    put_line("  tools/demo --seed 7             other names, addresses, zone, dates and order of events");
    put_line("  tools/demo --seed 7 --benign    the twin without an intruder: nothing of weight may be found");
    put_line("  sample_images/make --seed 7 DIR the image and its truth alone");
    code = kDone;
  });
}

}  // namespace necropsy::cli
