// SPDX-License-Identifier: Apache-2.0
#include "support/run_parser.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.hpp"

namespace necropsy::test {
namespace {

std::string quoted(const std::string& value) {
  return value.find_first_of(" \"") == std::string::npos && !value.empty() ? value : fmt::format("\"{}\"", value);
}

GotEvent keep(const Event& e) {
  GotEvent got{.time = e.time,
               .action = e.action,
               .outcome = e.outcome,
               .fields = {},
               .where = e.where,
               .record = e.record,
               .text = {}};
  const auto text = [&](const char* key, std::string_view value) {
    if (!value.empty()) got.fields[key] = std::string(value);
  };
  const auto number = [&](const char* key, auto value) {
    if (value) got.fields[key] = std::to_string(*value);
  };
  std::string time = iso_micro(e.time.when);
  if (e.time.precision != TimePrecision::us && e.time.precision != TimePrecision::ns &&
      e.time.precision != TimePrecision::ms)
    time = time.substr(0, 19) + "Z";
  text("time", time);
  text("basis", to_text(e.time.basis));
  text("host", e.host_name);
  text("user", e.user_name);
  text("target", e.target_user);
  text("ip", e.source_ip);
  text("source_host", e.source_host);
  number("port", e.source_port);
  text("dest_ip", e.destination_ip);
  text("dest_host", e.destination_host);
  number("dest_port", e.destination_port);
  text("method", e.auth_method);
  text("session", e.session_id);
  text("process", e.process_name);
  number("pid", e.process_pid);
  text("command", e.command_line);
  text("service", e.service_name);
  text("http_method", e.http_method);
  text("url", e.url);
  text("agent", e.user_agent);
  number("status", e.http_status);
  number("bytes", e.http_bytes);
  text("path", e.file_path);
  number("size", e.file_size);
  text("format", e.message_format);
  text("message", e.message);
  if (e.repeat_count > 1) got.fields["repeat"] = std::to_string(e.repeat_count);
  if (e.time.year_inferred) got.fields["year_inferred"] = "1";
  for (const Attribute& a : e.attributes)
    got.fields["attr:" + std::string(a.key)] = a.number ? std::to_string(*a.number) : std::string(a.text);
  got.text = fmt::format("{}.{}", category_of(e.action), action_name(e.action));
  if (e.outcome != Outcome::none) got.text += fmt::format(".{}", to_text(e.outcome));
  for (const auto& [key, value] : got.fields) got.text += fmt::format(" {}={}", key, quoted(value));
  return got;
}

class KeepingSink final : public EventSink {
 public:
  KeepingSink(Got& got, uint64_t stop_after) : got_(got), stop_after_(stop_after) {}
  void event(const Event& e) override { got_.events.push_back(keep(e)); }
  void record_read(uint64_t count) override { got_.read += count; }
  void unparsed(Extent where, std::string_view code, std::string_view why, Stage stage) override {
    ++got_.unparsed;
    got_.problems.push_back({where, std::string(code), std::string(why), stage, true});
  }
  void problem(Extent where, std::string_view code, std::string_view why, Stage stage, Severity) override {
    got_.problems.push_back({where, std::string(code), std::string(why), stage, false});
  }
  bool keep_going() const override { return got_.events.size() < stop_after_; }

 private:
  Got& got_;
  uint64_t stop_after_;
};

class CountingSink final : public EventSink {
 public:
  Count count;
  void event(const Event&) override { ++count.events; }
  void record_read(uint64_t n) override { count.read += n; }
  void unparsed(Extent, std::string_view, std::string_view, Stage) override { ++count.unparsed; }
  void problem(Extent, std::string_view, std::string_view, Stage, Severity) override {}
  bool keep_going() const override { return true; }
};

Finish run_into(const ParserEntry& parser, ContentStream& stream, const RunOptions& options, EventSink& sink) {
  static const HostProfile kNoHost;
  TimeZone zone;
  if (!options.zone.empty())
    if (auto named = TimeZone::from_name(options.zone)) zone = *named;
  TimeResolver clock(zone, options.year);
  ParseContext context{.path = options.path,
                       .modified = options.modified,
                       .packed_modified = options.packed_modified,
                       .not_after = options.not_after,
                       .clock = &clock,
                       .host = options.host ? options.host : &kNoHost,
                       .remote = options.remote};
  return parser.parse(stream, context, sink);
}

}  // namespace

Match probe(const ParserEntry& parser, std::string_view bytes, std::string_view path) {
  bool matches = false;
  for (std::string_view pattern : parser.about->paths) matches |= glob_match(pattern, path, true);
  return parser.probe(Probe{as_bytes(bytes.substr(0, 4096)), path, bytes.size(), matches});
}

Got run_parser(const ParserEntry& parser, ContentStream& stream, const RunOptions& options) {
  Got got;
  KeepingSink sink(got, options.stop_after);
  got.finish = run_into(parser, stream, options, sink);
  return got;
}

Got run_parser(const ParserEntry& parser, std::string_view bytes, const RunOptions& options) {
  MemoryStream stream{std::string(bytes)};
  Got got = run_parser(parser, stream, options);
  got.match = probe(parser, bytes, options.path);
  return got;
}

Count count_events(const ParserEntry& parser, ContentStream& stream, const RunOptions& options) {
  CountingSink sink;
  run_into(parser, stream, options, sink);
  return sink.count;
}

std::string difference(std::string_view expected, const GotEvent& got) {
  std::string_view rest = trim(expected);
  const std::string_view kind = take_word(rest);
  const std::string_view have = std::string_view(got.text).substr(0, got.text.find(' '));
  if (kind != have) return fmt::format("expected {}, got {}", kind, got.text);
  while (!rest.empty()) {
    const std::string key(take_until(rest, "="));
    std::string value;
    if (rest.starts_with('"')) {
      rest.remove_prefix(1);
      value = std::string(take_until(rest, "\""));
      rest = trim(rest);
    } else if (rest.starts_with(' ')) {
      rest = trim(rest);
    } else {
      value = std::string(take_word(rest));
    }
    if (got[key] != value) return fmt::format("{} is '{}', not '{}', in {}", key, got[key], value, got.text);
  }
  return {};
}

std::string check_samples(const ParserEntry& parser) {
  for (const Sample& sample : parser.about->samples) {
    // Year-less samples are dated by a file time in 2024, zone UTC.
    RunOptions options;
    options.zone = "UTC";
    options.modified = Timestamp::from_unix(1735689599);
    if (!parser.about->paths.empty()) options.path = "/sample";
    const Got got = run_parser(parser, sample.bytes, options);
    const std::string head =
        fmt::format("{}: sample '{}'", parser.about->name, displayable(sample.bytes.substr(0, 200)));
    size_t n = 0;
    for (std::string_view line : split(sample.expected, '\n')) {
      if (trim(line).empty()) continue;
      if (n >= got.events.size()) return fmt::format("{}: {} events, more were expected", head, got.events.size());
      if (const std::string why = difference(line, got.events[n]); !why.empty()) return head + ": " + why;
      ++n;
    }
    if (n != got.events.size())
      return fmt::format("{}: {} events, {} expected; the last: {}", head, got.events.size(), n,
                         got.events.back().text);
    if (!got.problems.empty())
      return fmt::format("{}: problem {}: {}", head, got.problems[0].code, got.problems[0].why);
  }
  return {};
}

std::string shared_dir() {
  const char* named = std::getenv("NECROPSY_SHARED");
  const std::string dir = named ? named : NECROPSY_SHARED_DIR;
  std::error_code error;
  return std::filesystem::is_directory(dir + "/data", error) ? dir : std::string();
}

std::optional<std::string> shared_file(std::string_view relative_path) {
  const std::string dir = shared_dir();
  if (dir.empty()) return std::nullopt;
  std::ifstream in(dir + "/" + std::string(relative_path), std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

}  // namespace necropsy::test
