// SPDX-License-Identifier: Apache-2.0
#include "engine/batch_sink.hpp"

#include <charconv>

#include "base/escape.hpp"
#include "base/text.hpp"

namespace necropsy {
namespace {

constexpr size_t kRowsPerFrame = 4096;
constexpr size_t kTextBytesPerFrame = 1u << 20;
constexpr size_t kTextsPerFrame = 16'384;
constexpr uint64_t kProblemsInFull = 20;
// A column holds at most this much of a text; the whole stands in the evidence.
constexpr size_t kMaxText = 16 * 1024;

void append_number(std::string& out, int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

// Cuts without tearing a UTF-8 sequence.
std::string_view bounded(std::string_view text) {
  if (text.size() <= kMaxText) return text;
  size_t end = kMaxText;
  while (end > kMaxText - 4 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

void ProblemTally::add(Problem problem) {
  if (problem.file_path.empty()) problem.file_path = path_;
  Kept& kept = kept_[{problem.code, problem.stage}];
  if (kept.sent < kProblemsInFull) {
    ++kept.sent;
    wire::Out out;
    wire::put(out, problem, 1);
    channel_.send(wire::Type::problem, out.buffer());
    return;
  }
  if (kept.more++ == 0) kept.first_left_out = std::move(problem);
}

void ProblemTally::flush() {
  for (auto& [key, kept] : kept_) {
    if (kept.more == 0) continue;
    wire::Out out;
    wire::put(out, kept.first_left_out, kept.more);
    channel_.send(wire::Type::problem, out.buffer());
    kept.more = 0;
  }
}

BatchSink::BatchSink(Channel& channel, std::string path) : channel_(channel), problems_(channel, std::move(path)) {}

int32_t BatchSink::shown(std::string_view text) {
  if (text.empty()) return -1;
  text = bounded(text);
  if (!needs_display_escape(text)) return texts_.add(text);
  return texts_.add(displayable(text, true));
}

void BatchSink::event(const Event& e) {
  if (stopped_) return;
  EventRow& row = rows_.emplace_back();
  row.ts = e.time.when.us;
  row.ns = e.time.when.ns;
  row.kind = static_cast<uint16_t>(kind_id(e.action, e.outcome));
  row.flags = static_cast<uint16_t>(static_cast<unsigned>(e.time.basis) | static_cast<unsigned>(e.time.precision) << 3 |
                                    (e.time.year_inferred ? 64u : 0u) | (e.time.ambiguous ? 128u : 0u) |
                                    (e.time.skipped ? 256u : 0u));
  row.offset = e.where.offset;
  row.length = e.where.length;
  row.record = e.record;
  row.user = shown(e.user_name);
  row.target = shown(e.target_user);
  row.addr = shown(e.source_ip);
  row.service = shown(e.service_name);
  row.process = shown(e.process_name);
  row.method = shown(e.auth_method);
  row.format = texts_.add(e.message_format);
  row.session = shown(e.session_id);
  row.path = shown(e.file_path);
  row.http_method = shown(e.http_method);
  row.url = shown(e.url);
  row.agent = shown(e.user_agent);
  row.host = shown(e.host_name);
  row.source_host = shown(e.source_host);
  row.dest_addr = shown(e.destination_ip);
  row.dest_host = shown(e.destination_host);
  row.command = shown(e.command_line);
  row.text = shown(e.message);
  if (e.source_port) row.port = *e.source_port;
  if (e.process_pid) row.pid = *e.process_pid;
  if (e.http_status) row.status = *e.http_status;
  if (e.http_bytes) row.bytes = *e.http_bytes;
  if (e.destination_port) row.dest_port = *e.destination_port;
  if (e.file_size) row.file_size = *e.file_size;
  if (e.time.earliest) row.earliest = e.time.earliest->us;
  if (e.time.latest) row.latest = e.time.latest->us;
  if (!e.attributes.empty() || e.repeat_count > 1 || e.time.ambiguous || e.time.skipped) {
    scratch_ = "{";
    const auto comma = [&] {
      if (scratch_.size() > 1) scratch_ += ',';
    };
    for (const Attribute& a : e.attributes) {
      comma();
      append_json_string(scratch_, a.key);
      scratch_ += ':';
      if (a.number) {
        append_number(scratch_, *a.number);
      } else {
        append_json_string(scratch_, bounded(a.text));
      }
    }
    if (e.repeat_count > 1) {
      comma();
      scratch_ += "\"repeat_count\":";
      append_number(scratch_, e.repeat_count);
    }
    if (e.time.ambiguous || e.time.skipped) {
      comma();
      scratch_ += e.time.ambiguous ? "\"local_time\":\"came twice\"" : "\"local_time\":\"never was\"";
    }
    scratch_ += '}';
    row.attributes = texts_.add(scratch_);
  }
  bases_ |= 1u << static_cast<unsigned>(e.time.basis);
  year_inferred_ |= e.time.year_inferred;
  if (rows_.size() >= kRowsPerFrame || texts_.bytes() >= kTextBytesPerFrame || texts_.size() >= kTextsPerFrame) flush();
}

void BatchSink::unparsed(Extent where, std::string_view code, std::string_view why, Stage stage) {
  ++unparsed_;
  problem(where, code, why, stage, Severity::warning);
}

void BatchSink::problem(Extent where, std::string_view code, std::string_view why, Stage stage, Severity severity) {
  problems_.add(Problem{.stage = stage,
                        .severity = severity,
                        .code = std::string(code),
                        .what = displayable(bounded(why)),
                        .file_path = {},
                        .offset = where.offset,
                        .length = where.length ? std::optional<uint64_t>(where.length) : std::nullopt});
}

void BatchSink::flush() {
  if (rows_.empty()) return;
  out_.clear();
  wire::put(out_, texts_, rows_);
  if (!channel_.send(wire::Type::events, out_.buffer())) stopped_ = true;
  rows_.clear();
  texts_.clear();
}

bool BatchSink::finish() {
  flush();
  problems_.flush();
  return !stopped_;
}

std::string BatchSink::zone_basis() const {
  std::string out;
  for (unsigned i = 0; i <= static_cast<unsigned>(TimeBasis::bounded); ++i)
    if (bases_ & (1u << i)) out += (out.empty() ? "" : ", ") + std::string(to_text(static_cast<TimeBasis>(i)));
  if (year_inferred_) out += ", year inferred";
  return out;
}

}  // namespace necropsy
