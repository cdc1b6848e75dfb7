// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "engine/jobs.hpp"
#include "engine/wire.hpp"
#include "model/vocabulary.hpp"

using namespace necropsy;
using namespace necropsy::wire;

namespace {

std::string event_frame() {
  TextTable texts;
  EventRow a;
  a.ts = -5;
  a.ns = 999;
  a.kind = static_cast<uint16_t>(kind_id(Action::login, Outcome::success));
  a.flags = 2 | 3 << 3 | 64;
  a.offset = 1000;
  a.length = 80;
  a.record = 12;
  a.user = texts.add("eve");
  a.addr = texts.add("192.0.2.1");
  a.port = 22;
  a.text = texts.add("login of eve");
  EventRow b = a;
  b.ts = INT64_MAX;
  b.offset = 0;
  b.record = 1;
  b.latest = INT64_MIN + 1;
  Out out;
  put(out, texts, std::vector<EventRow>{a, b});
  return out.buffer();
}

}  // namespace

TEST_CASE("events survive the road") {
  const std::string frame = event_frame();
  In in(frame);
  const EventBatch batch = get_events(in);
  REQUIRE(in.finished());
  REQUIRE(batch.rows.size() == 2);
  CHECK(batch.rows[0].ts == -5);
  CHECK(batch.rows[0].ns == 999);
  CHECK(batch.texts[static_cast<size_t>(batch.rows[0].user)] == "eve");
  CHECK(batch.rows[1].ts == INT64_MAX);
  CHECK(batch.rows[1].offset == 0);
  CHECK(batch.rows[1].latest == INT64_MIN + 1);
  CHECK(batch.rows[1].pid == kNone);
}

TEST_CASE("no prefix of a frame is taken for a frame") {
  const std::string frame = event_frame();
  for (size_t n = 0; n < frame.size(); ++n) {
    In in(std::string_view(frame).substr(0, n));
    get_events(in);
    CHECK_FALSE(in.finished());
  }
}

TEST_CASE("flipped bytes never lead outside the text table") {
  const std::string frame = event_frame();
  for (size_t n = 0; n < frame.size(); ++n)
    for (int bit = 0; bit < 8; ++bit) {
      std::string broken = frame;
      broken[n] = static_cast<char>(broken[n] ^ (1 << bit));
      In in(broken);
      const EventBatch batch = get_events(in);
      if (!in.finished()) continue;
      for (const EventRow& row : batch.rows)
        for (int32_t index : {row.user, row.addr, row.text, row.format, row.attributes, row.host})
          CHECK(index < static_cast<int32_t>(batch.texts.size()));
    }
}

TEST_CASE("counts that promise more than the frame holds are refused") {
  Out out;
  out.uint(0);           // texts
  out.uint(1ull << 40);  // rows
  In in(out.buffer());
  get_events(in);
  CHECK_FALSE(in.finished());
  Out text;
  text.uint(UINT64_MAX);
  In length(text.buffer());
  CHECK(length.text().empty());
  CHECK_FALSE(length.ok());
}

TEST_CASE("kinds that do not exist are refused") {
  TextTable texts;
  EventRow row;
  row.kind = 1023;
  Out out;
  put(out, texts, std::vector<EventRow>{row});
  In in(out.buffer());
  get_events(in);
  CHECK_FALSE(in.finished());
}

TEST_CASE("jobs and profiles survive the road") {
  Job job;
  job.kind = JobKind::parse;
  job.parser = "syslog";
  job.log_path = "/var/log/auth.log";
  job.ref = FileRef{12, 3, -1, "x/y"};
  job.modified = Timestamp{5, 7};
  job.year = 2001;
  job.host.host_name = "h";
  job.host.zone_tzif = std::string("TZif\0\1", 6);
  job.host.accounts.push_back({.name = "root", .id = "0", .is_admin = true, .enabled = false});
  VolumeSpec volume;
  volume.evidence_path = "/e";
  volume.info.name = "p1";
  volume.info.offset = 0;
  volume.mount = "/var";
  job.volumes.push_back(volume);
  job.reads.push_back({7, FileRef{1, 0, 2, ""}, "gzip", 10, 20});
  Out out;
  put(out, job);
  In in(out.buffer());
  const Job back = get_job(in);
  REQUIRE(in.finished());
  CHECK(back.parser == job.parser);
  CHECK(back.ref.path == "x/y");
  CHECK(back.ref.attribute_id == -1);
  CHECK(back.modified == job.modified);
  CHECK(back.host.zone_tzif == job.host.zone_tzif);
  CHECK(back.host.accounts.at(0).enabled == false);
  CHECK(back.volumes.at(0).info.offset == 0);
  CHECK(back.reads.at(0).ref.attribute_id == 2);
  for (size_t n = 0; n < out.buffer().size(); ++n) {
    In cut(std::string_view(out.buffer()).substr(0, n));
    get_job(cut);
    CHECK_FALSE(cut.finished());
  }
}

TEST_CASE("mount points and paths make the machine's path") {
  CHECK(join_mount("/", "/etc/passwd") == "/etc/passwd");
  CHECK(join_mount("/var", "/log/syslog") == "/var/log/syslog");
  CHECK(join_mount("/var", "/") == "/var");
  CHECK(join_mount("C:/", "/WINDOWS") == "C:/WINDOWS");
  CHECK(join_mount("C:/", "/") == "C:/");
}
