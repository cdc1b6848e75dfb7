// SPDX-License-Identifier: Apache-2.0
// Packed logs that unpack to more than any disk has, packings in packings, headers that ask for gigabytes of memory,
// an image of 4 GiB of zeros, logs of gibibytes of them, lines of 100 MB: small and quick, and told of.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/text.hpp"
#include "e2e/hostile_run.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

constexpr uint64_t kGibibyte = 1ull << 30;

// NECROPSY_BOMB_GIB=10 makes the bombs ten times as large.
uint64_t bomb_gibibytes() {
  const char* wanted = std::getenv("NECROPSY_BOMB_GIB");
  return wanted ? std::strtoull(wanted, nullptr, 10) : 1;
}

// gzip members one behind the other: the good lines, zeros, the good lines once more.
void write_gzip_bomb(const Folder& folder, const fs::path& to, uint64_t gibibytes) {
  write_file(folder / "part/lines", std::string(kGoodLines));
  write_file(folder / "part/zeros", std::string(64u << 20, '\0'));
  tool({"gzip", "-n", "-9", (folder / "part/lines").string()});
  tool({"gzip", "-n", "-9", (folder / "part/zeros").string()});
  const std::string lines = read_file(folder / "part/lines.gz"), zeros = read_file(folder / "part/zeros.gz");
  std::string bomb = lines;
  for (uint64_t i = 0; i < gibibytes * kGibibyte / (64u << 20); ++i) bomb += zeros;
  write_file(to, bomb + lines);
  fs::remove_all(folder / "part");
}

void write_tree(const fs::path& top) {
  write_file(top / "etc/hostname", "web1\n");
  write_file(top / "var/log/auth.log", std::string(kGoodLines));
}

// Bytes that the disk really gives to a file.
uint64_t on_disk(const fs::path& path) {
  struct stat st {};
  return stat(path.c_str(), &st) == 0 ? static_cast<uint64_t>(st.st_blocks) * 512 : 0;
}

void python(const std::string& program) { tool({"python3", "-c", program}); }

}  // namespace

TEST_CASE("gzip: gibibytes of zeros between two good lines; the lines are read, the zeros told of") {
  const Folder folder("bomb-gzip");
  write_gzip_bomb(folder, folder / "top/var/log/auth.log.1.gz", bomb_gibibytes());
  CHECK(fs::file_size(folder / "top/var/log/auth.log.1.gz") < bomb_gibibytes() * (2u << 20));
  write_tree(folder / "top");
  const HostileRun run(folder, {folder / "top"});
  CHECK_MESSAGE(run.ran.code == 1, run.problems());
  CHECK(run.ran.seconds < 60.0 * static_cast<double>(bomb_gibibytes()));
  // Two records in front, two behind; those of auth.log are the same as two of them.
  CHECK(run.good_events() == "4\n");
  CHECK_MESSAGE(query(run.db, "SELECT status, records_read FROM coverage WHERE log_path = '/var/log/auth.log.1.gz'") ==
                    "complete|4\n",
                run.coverage());
  CHECK_MESSAGE(contains(run.problems(), "/var/log/auth.log.1.gz"), run.problems());
  MESSAGE(run.ran.seconds, " s, ", run.ran.peak_mebibytes, " MiB");
}

TEST_CASE("gzip in gzip in gzip is no log, and is not unpacked without end") {
  const Folder folder("bomb-nested");
  write_file(folder / "inner", std::string(kGoodLines));
  for (int i = 0; i < 12; ++i) {
    tool({"gzip", "-n", (folder / "inner").string()});
    fs::rename(folder / "inner.gz", folder / "inner");
  }
  write_tree(folder / "top");
  fs::rename(folder / "inner", folder / "top/var/log/syslog.2.gz");
  const HostileRun run(folder, {folder / "top"});
  CHECK(run.ran.code == 0);
  CHECK(run.good_events() == "2\n");
  CHECK_MESSAGE(query(run.db, "SELECT status, reason FROM coverage WHERE log_path = '/var/log/syslog.2.gz'") ==
                    "no-parser|stands where a log of this kind stands, but its content is not one that any parser "
                    "reads\n",
                run.coverage());
}

TEST_CASE("xz and zstd whose headers ask for gigabytes are refused by name") {
  const Folder folder("bomb-windows");
  write_tree(folder / "top");
  // A dictionary of 4 GiB - 1 in the block header, its CRC32 made right again (xz file format, 3.1 and 5.3.1).
  python(fmt::format(R"(
import lzma, zlib
data = bytearray(lzma.compress(open('{0}/var/log/auth.log', 'rb').read(), format=lzma.FORMAT_XZ))
size = (data[12] + 1) * 4
at = data.index(b'\x21\x01', 12) + 2
data[at] = 40
data[12 + size - 4:12 + size] = zlib.crc32(bytes(data[12:12 + size - 4])).to_bytes(4, 'little')
open('{0}/var/log/auth.log.1.xz', 'wb').write(data)
)",
                     (folder / "top").string()));
  // A window of 2 GiB and one raw block (RFC 8878, 3.1.1).
  std::string zstd("\x28\xB5\x2F\xFD\x00\xA8", 6);
  const auto block = static_cast<uint32_t>(kGoodLines.size()) << 3 | 1u;
  for (int i = 0; i < 3; ++i) zstd += static_cast<char>(block >> (8 * i));
  write_file(folder / "top/var/log/auth.log.2.zst", zstd + std::string(kGoodLines));
  const HostileRun run(folder, {folder / "top"});
  CHECK(run.ran.code == 1);
  CHECK(run.good_events() == "2\n");
  CHECK(run.ran.peak_mebibytes < 150);
  CHECK_MESSAGE(contains(run.coverage(), "/var/log/auth.log.1.xz|no-parser|not even its beginning"), run.coverage());
  CHECK_MESSAGE(contains(run.coverage(), "/var/log/auth.log.2.zst|no-parser|not even its beginning"), run.coverage());
  CHECK(contains(run.problems(), "unpack-failed|warning|not even its beginning could be unpacked (xz)"));
  CHECK(contains(run.problems(), "unpack-failed|warning|not even its beginning could be unpacked (zstd)"));
}

TEST_CASE("an image of 4 GiB of zeros") {
  const Folder folder("zeros-image");
  write_file(folder / "zeros.img", "");
  fs::resize_file(folder / "zeros.img", 4 * kGibibyte);
  const HostileRun run(folder, {folder / "zeros.img"});
  CHECK(run.ran.code == 1);
  CHECK_MESSAGE(contains(run.problems(), "no-filesystem|warning"), run.problems());
  CHECK(on_disk(run.db) < (2u << 20));
  CHECK(run.ran.seconds < 60);  // the sha256 of 4 GiB is in it
  MESSAGE(run.ran.seconds, " s, ", run.ran.peak_mebibytes, " MiB");
}

TEST_CASE("logs of gibibytes of zeros, and lines before and behind them") {
  const Folder folder("zeros-log");
  write_tree(folder / "top");
  write_file(folder / "top/var/log/messages", "");
  const uint64_t bytes = bomb_gibibytes() * kGibibyte;
  fs::resize_file(folder / "top/var/log/messages", bytes);
  const fs::path half = folder / "top/var/log/syslog";
  write_file(half, std::string(kGoodLines));
  fs::resize_file(half, bytes);
  std::ofstream(half, std::ios::binary | std::ios::app) << '\n' << kGoodLines;
  const HostileRun run(folder, {folder / "top"});
  CHECK(run.ran.code == 1);
  CHECK(run.ran.seconds < 30.0 * static_cast<double>(bomb_gibibytes()));
  CHECK(run.good_events() == "4\n");
  CHECK_MESSAGE(contains(run.problems(), fmt::format("zero-bytes|warning|{} zero bytes", bytes)), run.problems());
  CHECK_MESSAGE(
      query(run.db, "SELECT status, records_read FROM coverage WHERE log_path = '/var/log/syslog'") == "complete|4\n",
      run.coverage());
  CHECK_MESSAGE(contains(run.problems(), "/var/log/syslog"), run.problems());
  MESSAGE(run.ran.seconds, " s, ", run.ran.peak_mebibytes, " MiB");
}

TEST_CASE("a line of 100 MB between good ones is cut, told of, and costs no memory") {
  const Folder folder("long-line");
  write_tree(folder / "top");
  const std::string piece(1u << 20, 'A');
  const fs::path log = folder / "top/var/log/auth.log";
  {
    std::ofstream out(log, std::ios::binary | std::ios::app);
    out << "Mar  2 10:00:03 web1 sshd[2]: ";
    for (int i = 0; i < 100; ++i) out << piece;
    out << "\nMar  2 10:00:04 web1 sshd[3]: Accepted password for alice from 192.0.2.9 port 4000 ssh2\n";
  }
  const HostileRun run(folder, {folder / "top"});
  CHECK(run.ran.code == 1);
  CHECK(run.ran.seconds < 30);
  CHECK(run.ran.peak_mebibytes < 200);
  CHECK_MESSAGE(run.good_events() == "3\n", run.coverage());
  CHECK_MESSAGE(contains(run.problems(), "cut-line"), run.problems());
  // What the program prints of it stays a line.
  const Ran shown = program({"timeline", run.db.string()});
  CHECK(shown.code == 0);
  CHECK(shown.out.size() < 100'000);
  MESSAGE(run.ran.seconds, " s, ", run.ran.peak_mebibytes, " MiB");
}
