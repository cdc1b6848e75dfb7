// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "base/escape.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "engine/ingest.hpp"
#include "store/case_queries.hpp"

namespace necropsy::cli {
namespace {

constexpr size_t kShownBytes = 1024;

struct Options {
  std::string path, zone;
  int64_t event = 0;
  MovedEvidence moved;
};

void hex_dump(std::string_view bytes, int64_t offset) {
  for (size_t at = 0; at < bytes.size(); at += 16) {
    const std::string_view row = bytes.substr(at, 16);
    std::string hex, text;
    for (char c : row) {
      hex += fmt::format("{:02x} ", static_cast<unsigned char>(c));
      text += c >= 0x20 && c < 0x7F ? c : '.';
    }
    put_line(fmt::format("  {:010x}  {:<48} {}", offset + static_cast<int64_t>(at), hex, text));
  }
}

int run(const Options& o) {
  const TimeZone zone = zone_by_name(o.zone);
  Database db = open_for_reading(o.path);
  Statement event = select_event(db, o.event);
  if (!event.step()) throw Failure{kUsage, fmt::format("there is no event {}", o.event)};
  for (int i = 0; i < event.columns(); ++i) {
    if (event.is_null(i)) continue;
    std::string value = terminal_text(event.text(i));
    if (event.column_name(i) == "time_utc" && !o.zone.empty())
      value += fmt::format("  ({})", show_time(Timestamp{event.integer(i + 1), 0}, zone));
    put_line(fmt::format("{:>22}  {}", event.column_name(i), value));
  }
  put_line("");
  put_line("Where it was read:");
  Statement places = select_event_sources(db, o.event);
  print_statement(places, Format::table, {"evidence", "log_path", "log_offset", "log_record", "state", "parser"});
  const auto place = place_of_event(db, o.event);
  if (!place) {
    put_line("  a time in the metadata of the file itself (volume and inode above)");
    return kDone;
  }
  put_line(fmt::format(
      "  inode {} of volume {}, bytes {} to {}{}", place->file.inode, terminal_text(event.text(36)), place->offset,
      place->offset + place->length,
      place->compression.empty() ? "" : fmt::format(" of the content unpacked from {}", place->compression)));
  bool cut = false;
  std::string bytes;
  if (auto kept = event_raw(db, o.event, cut)) {
    bytes = std::move(*kept);
    put_line("");
    put_line("Raw bytes (kept in the case, since a finding cites them):");
  } else if (place->compression.empty()) {
    ContentRequest request{place->file.volume_id,
                           place->file.tree_path,
                           place->file.inode,
                           place->file.sequence,
                           place->file.attribute_id,
                           static_cast<uint64_t>(place->offset),
                           static_cast<uint64_t>(std::max<int64_t>(place->length, 1))};
    const std::string error = read_content(db, o.moved.pairs(), request, [&](std::string_view piece) {
      bytes += piece;
      return bytes.size() < (1u << 20);
    });
    if (!error.empty()) {
      put_line(fmt::format("  the bytes could not be read: {}", terminal_text(error)));
      return kWithProblems;
    }
    put_line("");
    put_line("Raw bytes (read from the evidence now):");
  }
  hex_dump(std::string_view(bytes).substr(0, kShownBytes), place->offset);
  if (cut || bytes.size() > kShownBytes) put_line("  …");
  return kDone;
}

}  // namespace

void add_explain(CLI::App& app, ExitCode& code) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("explain", "One event decoded, its raw bytes, and where they lie");
  c->add_option("case", o->path, "Case file")->required()->type_name("CASE.db");
  c->add_option("event", o->event, "event_id")->required()->type_name("ID");
  c->add_option("--tz", o->zone, "Zone to show the time in as well")->type_name("ZONE");
  o->moved.add_to(*c);
  c->footer("Example:\n  necropsy explain server.db 21474836481");
  c->callback([o, &code] { code = run(*o); });
}

}  // namespace necropsy::cli
