// SPDX-License-Identifier: Apache-2.0
#include "e2e/server_tree.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/time_zone.hpp"
#include "e2e/case_run.hpp"
#include "support/utmp_bytes.hpp"

namespace necropsy::test {
namespace {

constexpr int64_t kStart = 1677628800;  // 2023-03-01T00:00:00Z
constexpr const char* kZone = "Europe/Berlin";
constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint32_t below(uint32_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>((state_ >> 33) % n);
  }

 private:
  uint64_t state_;
};

std::string stamp(int64_t unix_seconds) {
  static const TimeZone zone = *TimeZone::from_name(kZone);
  const Civil c = zone.to_local(Timestamp::from_unix(unix_seconds));
  return fmt::format("{} {:>2} {:02}:{:02}:{:02}", kMonths[c.month - 1], c.day, c.hour, c.minute, c.second);
}

// Lines as sshd, sudo and cron of Debian write them. Attacks by password, two people at work, jobs of every hour.
std::string auth_log(size_t lines, uint64_t seed, int64_t& now) {
  Random random(seed);
  std::string out;
  unsigned pid = 900;
  size_t n = 0;
  const auto line = [&](const std::string& rest) {
    out += fmt::format("{} web1 {}\n", stamp(now), rest);
    ++n;
  };
  while (n < lines) {
    now += 1 + random.below(8);
    pid = pid % 30000 + 1 + random.below(5);
    const unsigned port = 30000 + random.below(30000);
    switch (random.below(16)) {
      case 0: {
        const char* user = random.below(2) ? "alice" : "bob";
        const std::string address = fmt::format("192.0.2.{}", 10 + random.below(3));
        line(fmt::format("sshd[{}]: Accepted publickey for {} from {} port {} ssh2: RSA SHA256:AbCdEf0123", pid, user,
                         address, port));
        line(fmt::format("sshd[{}]: pam_unix(sshd:session): session opened for user {}(uid=1000) by (uid=0)", pid,
                         user));
        now += 5 + random.below(60);
        if (random.below(3) == 0)
          line(fmt::format("sudo:    {} : TTY=pts/0 ; PWD=/home/{} ; USER=root ; COMMAND=/usr/bin/apt-get update", user,
                           user));
        line(fmt::format("sshd[{}]: pam_unix(sshd:session): session closed for user {}", pid, user));
        break;
      }
      case 1:
        line(fmt::format("CRON[{}]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)", pid));
        line(fmt::format("CRON[{}]: pam_unix(cron:session): session closed for user root", pid));
        break;
      case 2:
        line(fmt::format("sshd[{}]: Invalid user test{} from 198.51.100.{} port {}", pid, random.below(40),
                         random.below(200), port));
        break;
      default:
        line(fmt::format("sshd[{}]: Failed password for {} from 198.51.100.{} port {} ssh2", pid,
                         random.below(3) ? "root" : "alice", random.below(200), port));
    }
  }
  return out;
}

size_t lines_in(const std::string& text) {
  size_t n = 0;
  for (char c : text) n += c == '\n';
  return n;
}

void set_times(const fs::path& path, int64_t unix_seconds) {
  const timespec times[2] = {{unix_seconds, 0}, {unix_seconds, 123456789}};
  REQUIRE(utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
}

std::string login(int type, const char* user, const char* line, uint32_t pid, int64_t when) {
  UtmpFields f;
  f.type = type;
  f.pid = pid;
  f.line = line;
  f.user = user;
  f.seconds = static_cast<uint64_t>(when);
  if (type == 7) {
    f.host = "192.0.2.10";
    f.address = std::string("\xC0\x00\x02\x0A", 4);
  }
  return utmp_bytes(f);
}

}  // namespace

ServerTree write_server(const fs::path& folder, size_t auth_lines) {
  ServerTree tree{folder / "root", folder / "var", {}};
  const auto etc = [&](const char* name, std::string_view text) { write_file(tree.root / "etc" / name, text); };
  etc("passwd",
      "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\n"
      "alice:x:1000:1000:Alice:/home/alice:/bin/bash\nbob:x:1001:1001:Bob:/home/bob:/bin/bash\n");
  etc("shadow",
      "root:*:19400:0:99999:7:::\nwww-data:*:19400:0:99999:7:::\nalice:$6$aa$bb:19400:0:99999:7:::\n"
      "bob:$6$cc$dd:19410:0:99999:7:::\n");
  etc("group", "root:x:0:\nsudo:x:27:alice\nalice:x:1000:\nbob:x:1001:\n");
  etc("fstab", "/dev/sda1 / ext4 errors=remount-ro 0 1\n/dev/sda2 /var ext4 defaults 0 2\n");
  etc("hostname", "web1\n");
  etc("timezone", "Europe/Berlin\n");
  etc("localtime", TimeZone::tzif_of(kZone).value_or(""));
  etc("os-release", "PRETTY_NAME=\"Debian GNU/Linux 11 (bullseye)\"\nID=debian\nVERSION_ID=\"11\"\n");
  etc("machine-id", "0123456789abcdef0123456789abcdef\n");
  etc("crontab", "17 * * * * root cd / && run-parts /etc/cron.hourly\n");
  write_file(tree.root / "usr/bin/true", std::string(3000, 'T'));
  write_file(tree.root / "tmp/.x/run.sh", "#!/bin/sh\nid\n");
  write_file(tree.root / "tmp/gone.sh", "#!/bin/sh\nuname -a\n");
  write_file(tree.root / "home/alice/.bash_history", "ls\n");
  fs::create_directories(tree.root / "var");

  const auto log = [&](const std::string& name, const std::string& text, bool counted = true) {
    write_file(tree.var / "log" / name, text);
    if (counted) tree.line_logs["/var/log/" + name] = lines_in(text);
  };
  int64_t now = kStart;
  const std::string oldest = auth_log(auth_lines / 10, 1, now);
  const int64_t rotated_twice = now;
  const std::string older = auth_log(auth_lines / 10, 2, now);
  const int64_t rotated = now;
  // The last lines of the rotated part stand at the beginning of the live one too, as after copytruncate.
  const std::string both = older.substr(older.rfind('\n', older.size() - 3000) + 1);
  const std::string live = both + auth_log(auth_lines, 3, now);
  log("auth.log.2", oldest);
  tool({"gzip", "-n", (tree.var / "log/auth.log.2").string()});
  tree.line_logs.erase("/var/log/auth.log.2");
  tree.line_logs["/var/log/auth.log.2.gz"] = lines_in(oldest);
  log("auth.log.1", older);
  log("auth.log", live);
  std::string syslog;
  for (int i = 0; i < 200; ++i)
    syslog += fmt::format("{} web1 CRON[{}]: (root) CMD (cd / && run-parts /etc/cron.hourly)\n",
                          stamp(kStart + 3600 * i), 400 + i);
  syslog += fmt::format("{} web1 kernel: [    0.000000] Linux version 5.10.0-21-amd64\n", stamp(kStart + 720000));
  log("syslog", syslog);
  std::string access, errors;
  for (int i = 0; i < 300; ++i)
    access += fmt::format(
        "203.0.113.{} - - [{:02}/Mar/2023:10:{:02}:{:02} +0100] \"GET /p{} HTTP/1.1\" {} 512 \"-\" "
        "\"Mozilla/5.0\"\n",
        i % 7, 2 + i / 60, i % 60, i % 50, i, i % 9 ? 200 : 404);
  errors =
      "[Thu Mar 02 10:00:00.123456 2023] [core:notice] [pid 700:tid 1] AH00094: Command line: '/usr/sbin/apache2'\n"
      "[Thu Mar 02 10:00:05.654321 2023] [authz_core:error] [pid 701:tid 2] [client 203.0.113.3:4000] AH01630: client "
      "denied by server configuration: /var/www/html/.ht\n";
  log("apache2/access.log", access);
  log("apache2/error.log", errors);
  log("dpkg.log",
      "2023-03-02 09:00:00 startup archives unpack\n2023-03-02 09:00:01 install nmap:amd64 <none> 7.91\n"
      "2023-03-02 09:00:02 status installed nmap:amd64 7.91\n");
  log("vsftpd.log",
      "Thu Mar  2 11:00:00 2023 [pid 800] CONNECT: Client \"198.51.100.20\"\n"
      "Thu Mar  2 11:00:03 2023 [pid 799] [bob] OK LOGIN: Client \"198.51.100.20\"\n"
      "Thu Mar  2 11:00:09 2023 [pid 801] [bob] OK UPLOAD: Client \"198.51.100.20\", \"/home/bob/t.tgz\", 1200 bytes, "
      "30.00Kbyte/sec\n");
  log("mysql/error.log",
      "2023-03-02  8:00:00 0 [Note] /usr/sbin/mariadbd: ready for connections.\n"
      "2023-03-02  8:10:00 12 [Warning] Access denied for user 'root'@'198.51.100.5' (using password: YES)\n");
  log("mysql/mysql.log",
      "/usr/sbin/mariadbd, Version: 10.5.18-MariaDB (Debian 11). started with:\nTcp port: 3306  Unix socket: "
      "/run/mysqld/mysqld.sock\nTime\t\t    Id Command\tArgument\n230302  8:20:00\t     3 Connect\troot@localhost on  "
      "using Socket\n\t\t     3 Query\tselect @@version\n\t\t     3 Quit\t\n",
      false);
  log("apt/history.log",
      "\nStart-Date: 2023-03-02  09:00:00\nCommandline: apt-get install nmap\nRequested-By: alice (1000)\n"
      "Install: nmap:amd64 (7.91)\nEnd-Date: 2023-03-02  09:00:03\n"
      "\nStart-Date: 2023-03-03  09:00:00\nCommandline: apt-get remove nmap\nRequested-By: bob (1001)\n"
      "Remove: nmap:amd64 (7.91)\nEnd-Date: 2023-03-03  09:00:02\n",
      false);
  std::string wtmp = login(2, "reboot", "~", 0, kStart + 60);
  for (uint32_t i = 0; i < 20; ++i) {
    wtmp += login(7, i % 2 ? "alice" : "bob", "pts/0", 2000 + i, kStart + 4000 + i * 7200);
    wtmp += login(8, "", "pts/0", 2000 + i, kStart + 5000 + i * 7200);
  }
  log("wtmp", wtmp, false);
  write_file(tree.var / "lib/dpkg/status",
             "Package: coreutils\nStatus: install ok installed\nArchitecture: amd64\nVersion: 8.32-4\n");
  write_file(tree.var / "lib/dpkg/info/coreutils.list", "/.\n/usr\n/usr/bin\n/usr/bin/true\n");
  write_file(tree.var / "lib/dpkg/info/coreutils.md5sums", "0123456789abcdef0123456789abcdef  usr/bin/true\n");
  write_file(tree.var / "www/html/index.php", "<?php echo 1;\n");

  for (const fs::path& top : {tree.root, tree.var}) {
    set_times(top, kStart);
    for (const auto& entry : fs::recursive_directory_iterator(top)) set_times(entry.path(), kStart);
  }
  set_times(tree.var / "log/auth.log.2.gz", rotated_twice);
  set_times(tree.var / "log/auth.log.1", rotated);
  set_times(tree.var / "log/auth.log", now);
  set_times(tree.var / "log/syslog", kStart + 720000);
  set_times(tree.var / "log/wtmp", kStart + 5000 + 19 * 7200);
  return tree;
}

void make_server_disk(const ServerTree& tree, const fs::path& folder, const fs::path& disk, unsigned var_mebibytes) {
  // The filesystems are as old as the oldest line.
  setenv("E2FSPROGS_FAKE_TIME", std::to_string(kStart).c_str(), 1);
  make_ext4(folder / "root.ext4", tree.root, 8, "root");
  make_ext4(folder / "var.ext4", tree.var, var_mebibytes, "var");
  tool({"debugfs", "-w", "-R", "rm /tmp/gone.sh", (folder / "root.ext4").string()});
  unsetenv("E2FSPROGS_FAKE_TIME");
  make_disk(disk, {folder / "root.ext4", folder / "var.ext4"});
  fs::remove(folder / "root.ext4");
  fs::remove(folder / "var.ext4");
}

}  // namespace necropsy::test
