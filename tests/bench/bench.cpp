// SPDX-License-Identifier: Apache-2.0
// The bench: makes its inputs, runs the program beside a peer in the same sitting, prints ratios.
// usage: necropsy_bench FOLDER [walk] [auth] [case]     inputs are kept in FOLDER and made once
// Figures and how to read them: docs/performance.md.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

using namespace necropsy;
using Clock = std::chrono::steady_clock;

namespace {

struct Run {
  double wall = 0, cpu = 0;
  long peak_kib = 0;  // of the largest process
  int status = 0;
};

// A shell command with all its children accounted for.
Run run(const std::string& command) {
  const auto start = Clock::now();
  const pid_t pid = fork();
  if (pid == 0) {
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  Run r;
  rusage usage{};
  wait4(pid, &r.status, 0, &usage);
  r.wall = std::chrono::duration<double>(Clock::now() - start).count();
  r.cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
          static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  r.peak_kib = usage.ru_maxrss;
  return r;
}

Run best_of(int n, const std::string& command) {
  Run best;
  for (int i = 0; i < n; ++i) {
    const Run r = run(command);
    if (i == 0 || r.wall < best.wall) best = r;
  }
  return best;
}

bool exists(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0;
}

int64_t size_of(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_size : 0;
}

void line(std::string_view name, const Run& r) {
  fmt::print("  {:<34} wall {:8.2f} s   cpu {:8.2f} s   peak {:6} MiB   exit {}\n", name, r.wall, r.cpu,
             r.peak_kib / 1024, WEXITSTATUS(r.status));
}

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
}

// 2,000,000 lines as an sshd under attack writes them.
void bench_auth(const std::string& dir, const std::string& program) {
  const std::string folder = dir + "/auth/var/log", log = folder + "/auth.log";
  if (!exists(log)) {
    run("mkdir -p " + folder);
    std::ofstream out(log);
    std::mt19937 random(1);
    int64_t t = 1'704'067'200;
    for (int i = 0; i < 2'000'000; ++i) {
      t += static_cast<int64_t>(random() % 15);
      const Civil c = civil_from_unix(t);
      static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
      const unsigned a = random() % 20000, pid = 1000 + random() % 30000, port = 1024 + random() % 60000;
      out << fmt::format("{} {:2} {:02}:{:02}:{:02} web1 sshd[{}]: ", kMonths[c.month - 1], c.day, c.hour, c.minute,
                         c.second, pid);
      const std::string ip = fmt::format("{}.{}.{}.{}", 60 + a % 100, a / 100 % 200, a / 7 % 250, 1 + a % 250);
      switch (random() % 4) {
        case 0:
          out << fmt::format("Failed password for root from {} port {} ssh2\n", ip, port);
          break;
        case 1:
          out << fmt::format("Failed password for invalid user user{} from {} port {} ssh2\n", a % 300, ip, port);
          break;
        case 2:
          out << fmt::format("Invalid user user{} from {} port {}\n", a % 300, ip, port);
          break;
        default:
          out << fmt::format("Connection closed by authenticating user root {} port {} [preauth]\n", ip, port);
      }
    }
  }
  fmt::print("auth.log, 2,000,000 lines\n");
  const std::string db = dir + "/auth.db";
  const Run grep = best_of(2, fmt::format("grep -c 'Failed password' {} > /dev/null", log));
  Run ours;
  for (int i = 0; i < 2; ++i) {
    unlink(db.c_str());
    const Run r = run(fmt::format("{} ingest {}/auth --tz UTC --case {} --quiet", program, dir, db));
    if (i == 0 || r.cpu < ours.cpu) ours = r;
  }
  line("grep -c", grep);
  line("necropsy ingest (with questions)", ours);
  Database opened = Database::open(db, Database::Mode::read_only);
  const int64_t events = std::max<int64_t>(1, opened.value("SELECT count(*) FROM event").value_or(1));
  fmt::print(
      "  {:.0f} lines per CPU-second (all processes, indexes and questions included); case {:.1f} bytes an event\n",
      2e6 / ours.cpu, static_cast<double>(size_of(db)) / static_cast<double>(events));
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
    fmt::print(stderr, "usage: necropsy_bench FOLDER [walk] [auth] [case]\n");
    return 2;
  }
  const std::string dir = argv[1];
  mkdir(dir.c_str(), 0755);
  const std::vector<std::string> wanted(argv + 2, argv + argc);
  const auto wants = [&](const char* name) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
  };
  const std::string program = NECROPSY_PROGRAM;
  if (wants("walk")) bench_walk(dir, program);
  if (wants("auth")) bench_auth(dir, program);
  if (wants("case")) bench_case(dir, program);
  return 0;
}
