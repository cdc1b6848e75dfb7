// SPDX-License-Identifier: Apache-2.0
// A parser over any bytes: it comes back, what it says lies inside the file, and it says no more than there is to say.
#include "parse/parser.hpp"

#include "base/text.hpp"
#include "fuzz/target.hpp"

namespace necropsy::fuzz {
namespace {

class CheckingSink final : public EventSink {
 public:
  explicit CheckingSink(uint64_t size) : size_(size) {}
  void event(const Event& event) override {
    inside(event.where);
    require(event.time.when.ns <= 999, "an event has more nanoseconds than a microsecond holds");
    // A record takes some bytes and gives a few events; more comes of a loop.
    require(++events_ <= size_ + 64, "more events than bytes");
    bytes_ += event.message.size() + event.command_line.size() + event.url.size();
    require(bytes_ <= 64 * (size_ + 4096), "events hold much more text than the file");
  }
  void record_read(uint64_t) override {}
  void unparsed(Extent where, std::string_view code, std::string_view why, Stage) override { said(where, code, why); }
  void problem(Extent where, std::string_view code, std::string_view why, Stage, Severity) override {
    said(where, code, why);
  }
  bool keep_going() const override { return true; }

 private:
  void inside(Extent where) { require(where.offset <= size_, "something lies outside the file"); }
  void said(Extent where, std::string_view code, std::string_view why) {
    inside(where);
    require(!code.empty() && !why.empty(), "a problem without code or reason");
    require(++problems_ <= 4 * size_ + 64, "more problems than bytes");
  }
  uint64_t size_, events_ = 0, problems_ = 0, bytes_ = 0;
};

}  // namespace

void run_parser(const ParserEntry& parser, Bytes input) {
  const std::string_view path =
      parser.about->paths.empty() ? std::string_view("/var/log/x") : parser.about->paths.front();
  const Bytes head = input.first(std::min<size_t>(input.size(), 4096));
  parser.probe(Probe{head, path, input.size(), true});
  parser.probe(Probe{head, {}, 0, false});

  // Whether something is known of the file and its machine changes the way; the content must not decide on it alone.
  const bool known = input.size() % 2 == 0;
  static const TimeZone kZone = TimeZone::from_name("Europe/Berlin").value_or(TimeZone());
  static const HostProfile kHost = [] {
    HostProfile host;
    host.host_name = "web1";
    host.accounts.push_back({.name = "root", .id = "0", .is_admin = true});
    return host;
  }();
  TimeResolver clock(known ? kZone : TimeZone());
  ParseContext context{.path = path,
                       .modified = {},
                       .packed_modified = {},
                       .not_after = {},
                       .clock = &clock,
                       .host = &kHost,
                       .remote = !known};
  if (known) context.modified = Timestamp::from_unix(1735689599);
  MemoryStream stream{std::string(as_text(input))};
  CheckingSink sink(input.size());
  parser.parse(stream, context, sink);
}

std::vector<std::string> parser_seeds(const ParserEntry& parser) {
  std::vector<std::string> out;
  std::string all;
  for (const Sample& sample : parser.about->samples) {
    out.emplace_back(sample.bytes);
    if (all.size() + sample.bytes.size() > 65'536) continue;
    all += sample.bytes;
    if (!all.ends_with('\n') && displayable(sample.bytes.substr(0, 64)) == sample.bytes.substr(0, 64)) all += '\n';
  }
  if (out.size() > 1) out.push_back(std::move(all));
  return out;
}

}  // namespace necropsy::fuzz
