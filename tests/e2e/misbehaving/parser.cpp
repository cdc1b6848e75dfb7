// SPDX-License-Identifier: Apache-2.0
// A parser that does what none may do, as the first line of its log orders. Linked into the tests' copy of the program
// only: what is tested is that the rest of the run does not mind.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "parse/parser.hpp"

namespace necropsy {
namespace {

constexpr std::string_view kOrder = "MISBEHAVE ";
constexpr std::string_view kPaths[] = {"**/misbehave.log"};
constexpr Action kEmits[] = {Action::host_message};
constexpr Sample kSamples[] = {{"MISBEHAVE not\n", ""}};

constexpr Descriptor kAbout{.name = "misbehaving",
                            .title = "Orders to misbehave",
                            .paths = kPaths,
                            .emits = kEmits,
                            .zone_rule = "UTC",
                            .samples = kSamples};

Match probe(const Probe& p) { return as_text(p.head).starts_with(kOrder) ? Match::yes : Match::no; }

void say(EventSink& sink, uint64_t number, std::string_view text) {
  Event event;
  event.action = Action::host_message;
  event.time.when = Timestamp::from_unix(1'700'000'000 + static_cast<int64_t>(number));
  event.where = {0, 10};
  event.record = number;
  event.message = text;
  sink.event(event);
}

[[gnu::noinline]] size_t deeper(volatile char* above, size_t depth) {
  volatile char frame[4096];
  frame[0] = above ? above[0] : 'x';
  if (depth == SIZE_MAX) return 0;  // the stack ends long before
  return deeper(frame, depth + 1) + static_cast<size_t>(frame[0]);
}

Finish parse(ContentStream& stream, const ParseContext&, EventSink& sink) {
  std::string head(64, '\0');
  const auto got = stream.read(0, std::as_writable_bytes(std::span(head)));
  if (!got) return Finish::partial;
  head.resize(*got);
  std::string_view order = std::string_view(head).substr(kOrder.size());
  order = order.substr(0, order.find('\n'));
  say(sink, 1, "the one before");
  sink.record_read();
  if (order == "crash") raise(SIGSEGV);
  if (order == "abort") abort();
  if (order == "throw") throw std::runtime_error("the parser threw");
  if (order == "deep recursion") return deeper(nullptr, 0) == 1 ? Finish::partial : Finish::complete;
  if (order == "sleep")
    for (;;) pause();
  if (order == "spin")
    for (volatile uint64_t n = 0;;) n = n + 1;
  if (order == "take memory") {
    std::vector<std::unique_ptr<std::string>> kept;
    for (;;) kept.push_back(std::make_unique<std::string>(1 << 20, 'm'));
  }
  if (order == "endless events")
    for (uint64_t n = 2;; ++n) say(sink, n, "again and again");
  if (order == "endless text")
    for (uint64_t n = 2;; ++n) say(sink, n, fmt::format("{:016384}", n));
  if (order == "endless problems")
    for (uint64_t n = 0;; ++n) sink.unparsed({n, 1}, fmt::format("kind-{}", n), "one more kind of problem");
  if (order == "write a file") {
    const int fd = open("/tmp/necropsy-was-here", O_WRONLY | O_CREAT, 0600);
    say(sink, 2, fd < 0 ? "refused" : "written");
  }
  return Finish::complete;
}

}  // namespace

namespace parsers {
ParserEntry misbehaving();
ParserEntry misbehaving() { return {&kAbout, probe, parse}; }
}  // namespace parsers

}  // namespace necropsy
