// SPDX-License-Identifier: Apache-2.0
// The bench: makes its inputs, runs the program beside a peer in the same sitting, prints ratios.
// usage: necropsy_bench FOLDER [walk] [auth] [web] [image] [case] [--write FILE] [--against FILE]
// Inputs are kept in FOLDER and made once. Ends with 1 when a figure is more than 15 % worse than in --against.
// Figures and how to read them: docs/performance.md.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "model/rows.hpp"
#include "model/vocabulary.hpp"
#include "store/case_file.hpp"
#include "store/case_writer.hpp"
#include "store/ledger.hpp"
#include "store/schema.hpp"
#include "store/timeline_query.hpp"
#include "support.hpp"

using namespace necropsy;
using namespace necropsy::bench;
using Clock = std::chrono::steady_clock;

namespace {

// 500,000 names in 5,000 folders.
void bench_walk(const std::string& dir, const std::string& program) {
  const std::string image = dir + "/names.ext4";
  if (!exists(image)) {
    const std::string tree = dir + "/names";
    for (int d = 0; d < 5000; ++d) {
      const std::string folder = fmt::format("{}/{:02}/{:04}", tree, d / 100, d);
      run("mkdir -p " + folder);
      for (int f = 0; f < 100; ++f)
        close(open(fmt::format("{}/file{:05}.dat", folder, f).c_str(), O_CREAT | O_WRONLY, 0644));
    }
    run(fmt::format("mke2fs -q -t ext4 -N 600000 -d {} {} 1500M && rm -rf {}", tree, image, tree));
  }
  fmt::print("walk of 500,000 names (ext4)\n");
  const std::string db = dir + "/names.db";
  const Run peer = best_of(2, fmt::format("fls -r -m / {} | mactime -b - > {}/names.mactime", image, dir));
  const Run lone = best_of(2, fmt::format("fls -r -m / {} > {}/names.body", image, dir));
  Run ours;
  for (int i = 0; i < 2; ++i) {
    unlink(db.c_str());
    const Run r = run(fmt::format("{} ingest {} --case {} --only fs --quiet", program, image, db));
    if (i == 0 || r.wall < ours.wall) ours = r;
  }
  line("fls -r -m | mactime", peer);
  line("fls -r -m alone", lone);
  line("necropsy ingest --only fs", ours);
  fmt::print(
      "  ratio of wall time, necropsy : fls|mactime = {:.2f}; case {:.1f} bytes a row of the timeline\n",
      ours.wall / peer.wall,
      static_cast<double>(size_of(db)) /
          static_cast<double>(std::max<int64_t>(
              1, Database::open(db, Database::Mode::read_only).value("SELECT count(*) FROM file_time").value_or(1))));
  figure("walk: wall, beside fls|mactime", ours.wall / peer.wall);
  figure("walk: CPU, beside fls|mactime", ours.cpu / peer.cpu);
  figure("walk: peak memory, MiB", static_cast<double>(ours.peak_kib) / 1024);
}

// 2,000,000 lines as an sshd under attack writes them: an address tries some hundred times, a few of them at a time.
void bench_auth(const std::string& dir, const std::string& program) {
  const std::string folder = dir + "/auth/var/log", log = folder + "/auth.log";
  if (!exists(log)) {
    run("mkdir -p " + folder);
    std::ofstream out(log);
    std::mt19937 random(1);
    int64_t t = 1'704'067'200;
    unsigned attackers[4] = {1, 2, 3, 4};
    for (int i = 0; i < 2'000'000; ++i) {
      unsigned& at_work = attackers[random() % 4];
      if (random() % 200 == 0) at_work = random() % 20000;
      t += static_cast<int64_t>(random() % 15);
      const Civil c = civil_from_unix(t);
      static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
      const unsigned a = at_work, who = random() % 300, pid = 1000 + random() % 30000, port = 1024 + random() % 60000;
      out << fmt::format("{} {:2} {:02}:{:02}:{:02} web1 sshd[{}]: ", kMonths[c.month - 1], c.day, c.hour, c.minute,
                         c.second, pid);
      const std::string ip = fmt::format("{}.{}.{}.{}", 60 + a % 100, a / 100 % 200, a / 7 % 250, 1 + a % 250);
      switch (random() % 4) {
        case 0:
          out << fmt::format("Failed password for root from {} port {} ssh2\n", ip, port);
          break;
        case 1:
          out << fmt::format("Failed password for invalid user user{} from {} port {} ssh2\n", who, ip, port);
          break;
        case 2:
          out << fmt::format("Invalid user user{} from {} port {}\n", who, ip, port);
          break;
        default:
          out << fmt::format("Connection closed by authenticating user root {} port {} [preauth]\n", ip, port);
      }
    }
  }
  fmt::print("auth.log, 2,000,000 lines\n");
  const std::string db = dir + "/auth.db";
  const Run grep = best_of(2, fmt::format("grep -c 'Failed password' {} > {}/count", log, dir));
  Run ours;
  for (int i = 0; i < 2; ++i) {
    unlink(db.c_str());
    const Run r = run(fmt::format("{} ingest {}/auth --tz UTC --case {} --quiet", program, dir, db));
    if (i == 0 || r.cpu < ours.cpu) ours = r;
  }
  const Run import =
      best_of(1, fmt::format("rm -f {0}/import.db; sqlite3 {0}/import.db 'CREATE TABLE line(t)' '.mode ascii' "
                             "'.separator \"\\037\" \"\\n\"' '.import {1} line'",
                             dir, log));
  line("grep -c", grep);
  line("sqlite3 .import of the lines", import);
  line("necropsy ingest (with questions)", ours);
  Database opened = Database::open(db, Database::Mode::read_only);
  const int64_t events = std::max<int64_t>(1, opened.value("SELECT count(*) FROM event").value_or(1));
  fmt::print(
      "  {:.0f} lines per CPU-second (all processes, indexes and questions included); case {:.1f} bytes an event\n",
      2e6 / ours.cpu, static_cast<double>(size_of(db)) / static_cast<double>(events));
  figure("auth.log: CPU, beside sqlite3 .import", ours.cpu / import.cpu);
  figure("auth.log: bytes an event", static_cast<double>(size_of(db)) / static_cast<double>(events));
  figure("auth.log: peak memory, MiB", static_cast<double>(ours.peak_kib) / 1024);
}

// 2,000,000 requests in the combined format.
void bench_web(const std::string& dir, const std::string& program) {
  const std::string folder = dir + "/web/var/log/apache2", log = folder + "/access.log";
  if (!exists(log)) {
    run("mkdir -p " + folder);
    std::ofstream out(log);
    std::mt19937 random(2);
    int64_t t = 1'704'067'200;
    for (int i = 0; i < 2'000'000; ++i) {
      t += static_cast<int64_t>(random() % 4);
      const Civil c = civil_from_unix(t);
      static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
      const unsigned a = random() % 30000;
      out << fmt::format(
          "{}.{}.{}.{} - - [{:02}/{}/{}:{:02}:{:02}:{:02} +0000] \"GET /page/{}.html HTTP/1.1\" {} {} \"-\" "
          "\"Mozilla/5.0 (X11; Linux x86_64; rv:{}.0) Gecko/20100101\"\n",
          60 + a % 100, a / 100 % 200, a / 7 % 250, 1 + a % 250, c.day, kMonths[c.month - 1], c.year, c.hour, c.minute,
          c.second, random() % 8000, random() % 20 ? 200 : 404, random() % 50000, 60 + a % 60);
    }
  }
  fmt::print("Apache access log, 2,000,000 lines\n");
  const std::string db = dir + "/web.db";
  const Run import =
      best_of(1, fmt::format("rm -f {0}/import.db; sqlite3 {0}/import.db 'CREATE TABLE line(t)' '.mode ascii' "
                             "'.separator \"\\037\" \"\\n\"' '.import {1} line'",
                             dir, log));
  const Run ours =
      best_of(1, fmt::format("rm -f {1}; {0} ingest {2}/web --tz UTC --case {1} --quiet", program, db, dir));
  line("sqlite3 .import of the lines", import);
  line("necropsy ingest (with questions)", ours);
  fmt::print("  {:.0f} lines per CPU-second; case {:.1f} bytes a line\n", 2e6 / ours.cpu,
             static_cast<double>(size_of(db)) / 2e6);
  figure("access log: CPU, beside sqlite3 .import", ours.cpu / import.cpu);
  figure("access log: bytes a line", static_cast<double>(size_of(db)) / 2e6);
}

// From an image to findings: the sample server, as raw and as E01, beside plaso where it is installed.
void bench_image(const std::string& dir, const std::string& program) {
  const std::string sample = dir + "/sample/server.img", db = dir + "/sample.db";
  if (!exists(sample))
    run(fmt::format("{}/sample_images/make --seed 1 {}/sample > /dev/null", NECROPSY_SOURCE_DIR, dir));
  if (!exists(dir + "/sample.E01"))
    run(fmt::format("ewfacquire -u -q -t {0}/sample {1} > /dev/null 2>&1", dir, sample));
  fmt::print("sample server, image to findings\n");
  const Run raw = best_of(3, fmt::format("rm -f {1}; {0} ingest {2} --case {1} --quiet", program, db, sample));
  const Run ewf = best_of(3, fmt::format("rm -f {1}; {0} ingest {2}/sample.E01 --case {1} --quiet", program, db, dir));
  line("necropsy ingest, raw", raw);
  line("necropsy ingest, E01", ewf);
  figure("image: E01 beside raw, wall", ewf.wall / raw.wall);
  if (run("command -v log2timeline > /dev/null && command -v psort > /dev/null").status != 0) {
    fmt::print("  log2timeline is not installed\n");
    return;
  }
  const Run plaso = run(fmt::format(
      "cd {0} && rm -f l2t.plaso l2t.csv && log2timeline -q -u --partitions all --volumes all --vss_stores none "
      "--storage-file l2t.plaso {1} > l2t.log 2>&1 && psort -q -u -o dynamic -w l2t.csv l2t.plaso >> l2t.log 2>&1",
      dir, sample));
  line("log2timeline and psort", plaso);
  fmt::print("  ratio of wall time, necropsy : plaso = 1/{:.0f}\n", plaso.wall / raw.wall);
  figure("image: wall, beside plaso, per thousand", 1000 * raw.wall / plaso.wall);
}

// A case of 10 million rows through the writer itself, and what queries on it take.
void bench_case(const std::string& dir, const std::string&) {
  const std::string path = dir + "/ten-million.db";
  if (!exists(path)) {
    auto opened = open_case(path, CaseMode::create_or_write);
    if (!opened) return;
    Database db = std::move(*opened);
    db.execute(
        "INSERT INTO host(host_id, name, time_zone_source) VALUES(1, 'web1', 'bench');"
        "INSERT INTO evidence(evidence_id, label, path, ingest_no, status) VALUES(1, 'bench', '/', 1, 'opened');"
        "INSERT INTO volume(volume_id, evidence_id, host_id, name, mount_point, fs_type) VALUES(1, 1, 1, 'p1', '/', "
        "'ext4');");
    CaseWriter writer(db);
    Ledger ledger(writer);
    std::mt19937_64 random(7);
    constexpr int64_t kStart = 1'704'067'200'000'000, kYear = 31'536'000'000'000;
    const auto start = Clock::now();
    {
      const int64_t source = ledger.add_source(1, 1, 1, 1, "fs");
      uint64_t next = 0;
      SourceEnd end;
      end.status = "complete";
      for (int batch = 0; batch < 366; ++batch) {
        TextTable texts;
        std::vector<FileRow> rows;
        for (int i = 0; i < 4096; ++i) {
          FileRow row;
          row.dir = texts.add(fmt::format("/srv/data/{:04}", batch * 8 + i / 512));
          row.name = texts.add(fmt::format("file{:07}.dat", batch * 4096 + i));
          row.inode = static_cast<uint64_t>(batch) * 4096 + static_cast<uint64_t>(i);
          row.type = 1;
          row.state = 16;
          row.times = 4;
          for (int k = 0; k < 4; ++k)
            row.time[k] = {kStart + static_cast<int64_t>(random() % kYear), 0, static_cast<uint16_t>(1 << k)};
          rows.push_back(row);
        }
        FileBatch files;
        for (size_t i = 0; i < texts.size(); ++i) files.texts.push_back(texts[i]);
        files.rows = std::move(rows);
        writer.add_files(source, 1, files, next, end.totals);
      }
      ledger.finish_source(source, end);
    }
    const int64_t log = ledger.add_source(0, 1, 1, 1, "syslog");
    SourceEnd end;
    end.status = "complete";
    for (int batch = 0; batch < 977; ++batch) {
      TextTable texts;
      std::vector<EventRow> rows;
      for (int i = 0; i < 4096; ++i) {
        EventRow row;
        row.ts = kStart + (kYear / (977 * 4096)) * (batch * 4096 + i);
        const unsigned k = static_cast<unsigned>(random() % 1000);
        row.kind = static_cast<uint16_t>(k < 2     ? kind_id(Action::login, Outcome::success)
                                         : k < 400 ? kind_id(Action::login, Outcome::failure)
                                                   : kind_id(Action::web_request, Outcome::success));
        row.flags = 2 | 3 << 3;
        row.offset = static_cast<uint64_t>(batch * 4096 + i) * 100;
        row.length = 100;
        row.record = static_cast<uint64_t>(batch * 4096 + i) + 1;
        const unsigned a = static_cast<unsigned>(random() % 20000);
        row.addr = texts.add(fmt::format("{}.{}.{}.{}", 60 + a % 100, a / 100 % 200, a / 7 % 250, 1 + a % 250));
        if (k < 400) {
          row.user = texts.add(fmt::format("user{}", a % 300));
          row.format = texts.add("sshd: password for %s from %.0s%s port %s");
          row.port = 1024 + a;
        } else {
          row.http_method = texts.add("GET");
          row.url = texts.add(fmt::format("/page/{}", a % 8000));
          row.status = 200;
          row.bytes = 5000;
        }
        rows.push_back(row);
      }
      EventBatch events;
      for (size_t i = 0; i < texts.size(); ++i) events.texts.push_back(texts[i]);
      events.rows = std::move(rows);
      writer.add_events(log, events, false, {}, end.totals);
    }
    ledger.finish_source(log, end);
    writer.commit();
    const double rows = std::chrono::duration<double>(Clock::now() - start).count();
    make_indexes(db);
    db.execute("ANALYZE");
    close_case(db);
    fmt::print("case of 10 million rows: written in {:.1f} s, indexes {:.1f} s\n", rows,
               std::chrono::duration<double>(Clock::now() - start).count() - rows);
  }
  auto opened = open_case(path, CaseMode::read);
  if (!opened) return;
  Database db = std::move(*opened);
  const int64_t rows = db.value("SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM file_time)").value_or(1);
  fmt::print("queries over {} rows of the timeline, warm, best of 3; case {:.1f} bytes a row\n", rows,
             static_cast<double>(size_of(path)) / static_cast<double>(rows));
  const auto time_of = [&](std::string_view name, const auto& make) {
    double best = 1e9;
    size_t n = 0;
    for (int i = 0; i < 3; ++i) {
      const auto start = Clock::now();
      Statement s = make();
      n = 0;
      while (s.step()) ++n;
      best = std::min(best, std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    }
    fmt::print("  {:<46} {:9.1f} ms   {} rows\n", name, best, n);
  };
  TimelineFilter window;
  window.from = Timestamp{1'710'000'000'000'000, 0};
  window.to = Timestamp{1'710'000'600'000'000, 0};
  time_of("timeline, window of 10 minutes", [&] { return select_timeline(db, window); });
  TimelineFilter address;
  address.ip = *db.text_value("SELECT value FROM string WHERE string_id = (SELECT addr FROM event LIMIT 1)");
  address.limit = 500;
  time_of("timeline by address, 500 rows", [&] { return select_timeline(db, address); });
  TimelineFilter user;
  user.user = "user7";
  user.limit = 500;
  time_of("timeline by user, 500 rows", [&] { return select_timeline(db, user); });
  TimelineFilter folder;
  folder.path = "/srv/data/0100/*";
  time_of("timeline by path, one folder", [&] { return select_timeline(db, folder); });
  time_of("notable logins of the year",
          [&] { return db.prepare("SELECT time_utc, message FROM notable WHERE event_action = 'login'"); });
  time_of("activity by day",
          [&] { return db.prepare("SELECT day, event_category, sum(n) FROM activity GROUP BY 1, 2"); });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr,
               "usage: necropsy_bench FOLDER [walk] [auth] [web] [image] [case] [--write FILE] [--against FILE]\n");
    return 2;
  }
  const std::string dir = argv[1];
  mkdir(dir.c_str(), 0755);
  std::vector<std::string> wanted;
  std::string write, against;
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--write" && i + 1 < argc)
      write = argv[++i];
    else if (word == "--against" && i + 1 < argc)
      against = argv[++i];
    else
      wanted.emplace_back(word);
  }
  const std::pair<std::string_view, void (*)(const std::string&, const std::string&)> kBenches[] = {
      {"walk", bench_walk}, {"auth", bench_auth}, {"web", bench_web}, {"image", bench_image}, {"case", bench_case}};
  for (const auto& [name, bench] : kBenches)
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end()) bench(dir, NECROPSY_PROGRAM);
  return finish_figures(write, against) > 0 ? 1 : 0;
}
