// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "evidence/evidence_files.hpp"

using namespace necropsy;
using namespace necropsy::testing;
using std::string_view_literals::operator""sv;

namespace {

constexpr size_t kMiB = 1 << 20;

// An ext4 with noise behind its metadata, so that every byte counts.
std::string make_disk(const Folder& folder) {
  const std::string path = folder.path("disk.raw");
  std::string bytes(8 * kMiB, '\0');
  put(bytes, 4 * kMiB, noise(3 * kMiB));
  write_file(path, bytes);
  REQUIRE(run("mke2fs -q -F -t ext4 -E lazy_itable_init=0 " + path + " 4096"));
  return path;
}

bool acquire(const std::string& raw, const std::string& target, const std::string& more = "") {
  return run("cat " + raw + " | ewfacquirestream -q -t " + target +
             " -C case-7 -D disk -E item-2 -e somebody -N remarks -d sha1 " + more);
}

struct Kept {
  std::string path, digest;
  timespec modified;
};
std::vector<Kept> keep(const Image& image) {
  std::vector<Kept> out;
  for (const std::string& path : image.facts().segments) {
    struct stat st {};
    REQUIRE(stat(path.c_str(), &st) == 0);
    out.push_back({path, sha256_of(path), st.st_mtim});
  }
  return out;
}

struct CountNames final : FileVisitor {
  size_t names = 0;
  bool file(const FileRecord&) override { return ++names < 1'000'000; }
};

}  // namespace

TEST_CASE("one disk in every container gives the same bytes, volumes and names, and none is written to") {
  NEEDS("mke2fs") NEEDS("qemu-img") NEEDS("ewfacquirestream") Folder folder;
  const std::string raw = make_disk(folder);
  const std::string bytes = read_file(raw);
  struct Case {
    std::string name, format;
    size_t segments;
  };
  std::vector<Case> cases{{raw, "raw", 1}};

  for (size_t i = 0; i < 4; ++i)
    write_file(folder.path("split.00" + std::to_string(i + 1)), std::string_view(bytes).substr(i * 2 * kMiB, 2 * kMiB));
  cases.push_back({folder.path("split.001"), "split-raw", 4});
  for (size_t i = 0; i < 3; ++i)
    write_file(folder.path("letters.dd.a") + static_cast<char>('a' + i),
               std::string_view(bytes).substr(i * 3 * kMiB, 3 * kMiB));
  cases.push_back({folder.path("letters.dd.aa"), "split-raw", 3});
  write_file(folder.path("zero.000"), std::string_view(bytes).substr(0, 4 * kMiB));
  write_file(folder.path("zero.001"), std::string_view(bytes).substr(4 * kMiB));
  cases.push_back({folder.path("zero.000"), "split-raw", 2});

  REQUIRE(acquire(raw, folder.path("one")));
  cases.push_back({folder.path("one.E01"), "ewf", 1});
  REQUIRE(acquire(raw, folder.path("many"), "-S 1048576"));
  cases.push_back({folder.path("many.E01"), "ewf", 4});
  REQUIRE(acquire(raw, folder.path("best"), "-c best"));
  cases.push_back({folder.path("best.E01"), "ewf", 1});

  for (std::string_view kind :
       {"monolithicSparse", "monolithicFlat", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat", "streamOptimized"}) {
    const std::string name = folder.path(std::string(kind) + ".vmdk");
    REQUIRE(run("qemu-img convert -f raw -O vmdk -o subformat=" + std::string(kind) + " " + raw + " " + name));
    const bool one_file = kind == "monolithicSparse" || kind == "streamOptimized";
    cases.push_back({name, "vmdk", one_file ? 1u : 2u});
  }
  REQUIRE(run("qemu-img convert -f raw -O vpc -o force_size " + raw + " " + folder.path("dynamic.vhd")));
  cases.push_back({folder.path("dynamic.vhd"), "vhd", 1});
  REQUIRE(run("qemu-img convert -f raw -O vpc -o subformat=fixed,force_size " + raw + " " + folder.path("fixed.vhd")));
  cases.push_back({folder.path("fixed.vhd"), "vhd", 1});
  REQUIRE(run("qemu-img convert -f raw -O vhdx " + raw + " " + folder.path("disk.vhdx")));
  cases.push_back({folder.path("disk.vhdx"), "vhdx", 1});

  for (const Case& c : cases) {
    CAPTURE(c.name);
    Opened opened = open_all(c.name);
    REQUIRE(opened.image);
    CHECK(opened.image->facts().format == c.format);
    // noise is not compressible: 8 MiB in pieces of 1 MiB would be 8 or 9; zeros and metadata pack well
    if (c.name.ends_with("many.E01"))
      CHECK(opened.image->facts().segments.size() >= c.segments);
    else
      CHECK(opened.image->facts().segments.size() == c.segments);
    const auto before = keep(*opened.image);
    CHECK(opened.problems.empty());
    REQUIRE(opened.volumes.size() == 1);
    CHECK(opened.volumes[0].name == "whole");
    CHECK(opened.volumes[0].content == "ext4");
    CHECK(opened.volumes[0].state == "filesystem");
    CHECK(opened.volumes[0].offset == 0u);
    CHECK(opened.image->facts().bytes == bytes.size());
    CHECK(read_media(*opened.image) == bytes);
    CHECK(read_media(*opened.image, nullptr, 65536) == bytes);

    std::vector<Problem> problems;
    auto tree = opened.image->open_tree(opened.volumes[0], [&](Problem p) { problems.push_back(std::move(p)); });
    REQUIRE(tree);
    CHECK((*tree)->facts().type == "ext4");
    CountNames count;
    (*tree)->walk(count, [&](Problem p) { problems.push_back(std::move(p)); });
    CHECK(count.names >= 2);  // the root and lost+found
    CHECK(problems.empty());
    tree->reset();
    opened.image.reset();
    for (const Kept& k : before) {
      struct stat st {};
      REQUIRE(stat(k.path.c_str(), &st) == 0);
      CHECK(sha256_of(k.path) == k.digest);
      CHECK(st.st_mtim.tv_sec == k.modified.tv_sec);
      CHECK(st.st_mtim.tv_nsec == k.modified.tv_nsec);
    }
  }
}

TEST_CASE("ewf: what the examiner wrote down, the hashes, and a date that does not depend on this machine's zone") {
  NEEDS("mke2fs") NEEDS("ewfacquirestream") Folder folder;
  const std::string raw = make_disk(folder);
  const int64_t before = time(nullptr);
  REQUIRE(acquire(raw, folder.path("x")));
  Opened opened = open_all(folder.path("x.E01"));
  REQUIRE(opened.image);
  const ImageFacts& facts = opened.image->facts();
  CHECK(facts.case_number == "case-7");
  CHECK(facts.evidence_number == "item-2");
  CHECK(facts.examiner == "somebody");
  CHECK(facts.description == "disk");
  CHECK(facts.notes == "remarks");
  CHECK_FALSE(facts.acquisition_software.empty());
  Digest md5(DigestKind::md5), sha1(DigestKind::sha1);
  const std::string bytes = read_file(raw);
  md5.update(as_bytes(bytes));
  sha1.update(as_bytes(bytes));
  CHECK(facts.md5_stored == md5.hex());
  CHECK(facts.sha1_stored == sha1.hex());
  REQUIRE(facts.acquired);
  CHECK(facts.acquired->seconds() >= before - 1);
  CHECK(facts.acquired->seconds() <= time(nullptr) + 1);
}

TEST_CASE("ewf: lost, cut and damaged pieces are errors and never zeros") {
  NEEDS("ewfacquirestream")
  Folder folder;
  const std::string bytes = noise(6 * kMiB);
  const std::string raw = write_file(folder.path("noise.raw"), bytes);
  REQUIRE(acquire(raw, folder.path("n"), "-S 1048576"));
  const std::string third = folder.path("n.E03");
  const std::string whole = read_file(third);
  std::optional<uint64_t> error_at;

  SUBCASE("untouched") {
    Opened opened = open_all(folder.path("n.E01"));
    REQUIRE(opened.image);
    CHECK(read_media(*opened.image, &error_at) == bytes);
    CHECK_FALSE(error_at);
  }
  SUBCASE("a missing segment") {
    fs::remove(third);
    Opened opened = open_all(folder.path("n.E01"));
    REQUIRE(opened.image);
    CHECK(opened.count("missing-segment") == 1);
    const std::string got = read_media(*opened.image, &error_at);
    CHECK(error_at);
    CHECK(got.size() > kMiB);
    CHECK(bytes.starts_with(got));
  }
  SUBCASE("the last segments are missing") {
    for (int i = 4; i < 10; ++i) fs::remove(folder.path("n.E0" + std::to_string(i)));
    Opened opened = open_all(folder.path("n.E01"));
    REQUIRE(opened.image);
    CHECK(opened.count("missing-segment") == 1);
    const std::string got = read_media(*opened.image, &error_at);
    CHECK(error_at);
    CHECK(bytes.starts_with(got));
  }
  SUBCASE("a segment that was cut") {
    write_file(third, std::string_view(whole).substr(0, whole.size() / 2));
    Opened opened = open_all(folder.path("n.E01"));
    REQUIRE(opened.image);
    CHECK(opened.count("truncated") == 1);
    const std::string got = read_media(*opened.image, &error_at);
    CHECK(error_at);
    CHECK(bytes.starts_with(got));
  }
  SUBCASE("a segment of another image in its place") {
    write_file(third, read_file(folder.path("n.E02")));
    Opened opened = open_all(folder.path("n.E01"));
    REQUIRE(opened.image);
    CHECK(opened.count("bad-segment") == 1);
    const std::string got = read_media(*opened.image, &error_at);
    CHECK(error_at);
    CHECK(bytes.starts_with(got));
  }
  SUBCASE("one changed byte in a chunk") {
    std::string broken = whole;
    broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 1);
    write_file(third, broken);
    Opened opened = open_all(folder.path("n.E01"));
    REQUIRE(opened.image);
    const std::string got = read_media(*opened.image, &error_at);
    REQUIRE(error_at);
    CHECK(bytes.starts_with(got));
    // What lies behind the damaged chunk can still be read.
    std::string rest(kMiB, '\0');
    auto last = opened.image->read(bytes.size() - kMiB, std::as_writable_bytes(std::span(rest)));
    REQUIRE(last);
    CHECK(rest == bytes.substr(bytes.size() - kMiB));
    // And the damage is still an error the second time.
    std::byte again[512];
    CHECK_FALSE(opened.image->read(*error_at, again));
  }
  SUBCASE("a later segment was named") {
    Opened opened = open_all(third);
    CHECK_FALSE(opened.image);
    CHECK(contains(opened.error, "n.E01"));
  }
  SUBCASE("only the second segment was named, and the first is gone") {
    fs::remove(folder.path("n.E01"));
    Opened opened = open_all(folder.path("n.E02"));
    CHECK_FALSE(opened.image);
    CHECK_FALSE(opened.error.empty());
  }
}

TEST_CASE("a file whose bytes lie in a damaged chunk cannot be read; its neighbours can") {
  NEEDS("mke2fs") NEEDS("debugfs") NEEDS("ewfacquirestream") Folder folder;
  const std::string raw = write_file(folder.path("d.raw"), std::string(4 * kMiB, '\0'));
  REQUIRE(run("mke2fs -q -F -t ext4 -b 1024 " + raw));
  // Sizes that are no multiple of anything.
  const std::string first = noise(300'001, 7), second = noise(300'003, 9);
  write_file(folder.path("first"), first);
  write_file(folder.path("second"), second);
  REQUIRE(
      run("cd " + folder.root() + " && printf 'write first first\\nwrite second second\\n' | debugfs -w -f - d.raw"));
  REQUIRE(acquire(raw, folder.path("e")));
  std::string image = read_file(folder.path("e.E01"));
  const size_t at = image.find(std::string_view(second).substr(150'000, 64));
  REQUIRE(at != std::string::npos);
  image[at] = static_cast<char>(image[at] ^ 0x40);
  write_file(folder.path("e.E01"), image);

  Opened opened = open_all(folder.path("e.E01"));
  REQUIRE(opened.image);
  REQUIRE(opened.volumes.size() == 1);
  auto tree = opened.image->open_tree(opened.volumes[0], [](Problem) {});
  REQUIRE(tree);
  const auto read_file_of = [&](const char* name) -> Result<std::string> {
    const auto record = (*tree)->find(name);
    REQUIRE(record);
    auto stream = (*tree)->open(record->ref);
    REQUIRE(stream);
    return read_all(**stream, kMiB);
  };
  const auto good = read_file_of("/first");
  REQUIRE(good);
  CHECK(*good == first);
  CHECK_FALSE(read_file_of("/second"));
  // libtsk answers reads that fail and are no whole sectors with zeros, if it is let.
  auto stream = (*tree)->open((*tree)->find("/second")->ref);
  REQUIRE(stream);
  for (const size_t size : {1u, 777u, 2048u}) {
    std::string part(size, '\0');
    CHECK_FALSE((*stream)->read(150'001, std::as_writable_bytes(std::span(part))));
  }
  std::string head(777, '\0');
  REQUIRE((*stream)->read(1, std::as_writable_bytes(std::span(head))));
  CHECK(head == second.substr(1, 777));
}

TEST_CASE("ewf: cut anywhere, it opens or says why, and what it gives is right") {
  NEEDS("ewfacquirestream")
  Folder folder;
  const std::string bytes = noise(256 * 1024);
  REQUIRE(acquire(write_file(folder.path("n.raw"), bytes), folder.path("n")));
  const std::string whole = read_file(folder.path("n.E01"));
  for (size_t size = 0; size < whole.size(); size += size < 4096 ? 61 : 9973) {
    CAPTURE(size);
    write_file(folder.path("cut.E01"), std::string_view(whole).substr(0, size));
    Opened opened = open_all(folder.path("cut.E01"));
    if (!opened.image) {
      CHECK_FALSE(opened.error.empty());
      continue;
    }
    if (opened.image->facts().format != "ewf") continue;  // not even the magic is left
    CHECK_FALSE(opened.problems.empty());
    CHECK(bytes.starts_with(read_media(*opened.image)));
  }
}

TEST_CASE("split raw: a missing piece is said, and what lies behind it is not moved forward") {
  Folder folder;
  const std::string bytes = noise(4 * kMiB);
  for (size_t i = 0; i < 4; ++i)
    write_file(folder.path("d.00" + std::to_string(i + 1)), std::string_view(bytes).substr(i * kMiB, kMiB));
  SUBCASE("complete") {
    Opened opened = open_all(folder.path("d.001"));
    REQUIRE(opened.image);
    CHECK(read_media(*opened.image) == bytes);
  }
  SUBCASE("the third is missing") {
    fs::remove(folder.path("d.003"));
    Opened opened = open_all(folder.path("d.001"));
    REQUIRE(opened.image);
    CHECK(opened.count("missing-segment") == 1);
    CHECK(read_media(*opened.image) == bytes.substr(0, 2 * kMiB));
  }
  SUBCASE("the second is short") {
    fs::resize_file(folder.path("d.002"), kMiB - 512);
    Opened opened = open_all(folder.path("d.001"));
    REQUIRE(opened.image);
    CHECK(opened.count("segment-size") == 1);
  }
  SUBCASE("a later piece was named") {
    Opened opened = open_all(folder.path("d.002"));
    CHECK_FALSE(opened.image);
    CHECK(contains(opened.error, "d.001"));
  }
}

TEST_CASE("vmdk: renamed, cut, snapshots, and extents that point elsewhere") {
  NEEDS("mke2fs") NEEDS("qemu-img") Folder folder;
  const std::string raw = make_disk(folder);
  const std::string bytes = read_file(raw);
  const std::string sparse = folder.path("made.vmdk");
  REQUIRE(run("qemu-img convert -f raw -O vmdk " + raw + " " + sparse));
  SUBCASE("renamed, with another file under the old name") {
    const std::string content = read_file(sparse);
    write_file(folder.path("renamed.vmdk"), content);
    write_file(sparse, noise(content.size()));
    Opened opened = open_all(folder.path("renamed.vmdk"));
    REQUIRE(opened.image);
    CHECK(read_media(*opened.image) == bytes);
  }
  SUBCASE("cut") {
    fs::resize_file(sparse, fs::file_size(sparse) / 2);
    Opened opened = open_all(sparse);
    REQUIRE(opened.image);
    std::optional<uint64_t> error_at;
    CHECK(bytes.starts_with(read_media(*opened.image, &error_at)));
    CHECK(error_at);
  }
  SUBCASE("a snapshot") {
    REQUIRE(run("cd " + folder.root() + " && qemu-img create -q -f vmdk -b made.vmdk -F vmdk delta.vmdk"));
    Opened opened = open_all(folder.path("delta.vmdk"));
    CHECK_FALSE(opened.image);
    CHECK(contains(opened.error, "snapshot"));
    CHECK(contains(opened.error, "made.vmdk"));
  }
  SUBCASE("an extent alone") {
    const std::string split = folder.path("split.vmdk");
    REQUIRE(run("qemu-img convert -f raw -O vmdk -o subformat=twoGbMaxExtentSparse " + raw + " " + split));
    CHECK(contains(open_all(folder.path("split-s001.vmdk")).error, "descriptor"));
    fs::remove(folder.path("split-s001.vmdk"));
    CHECK(contains(open_all(split).error, "missing"));
  }
  SUBCASE("a descriptor chooses among the analyst's files") {
    for (std::string_view target : {"/etc/passwd", "../disk.raw", "sub/disk.raw", ".."}) {
      write_file(folder.path("evil/evil.vmdk"),
                 "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\nRW 16384 FLAT \"" + std::string(target) +
                     "\" 0\n");
      Opened opened = open_all(folder.path("evil/evil.vmdk"));
      CHECK_FALSE(opened.image);
      CHECK(contains(opened.error, "outside its own folder"));
    }
  }
  SUBCASE("damaged anywhere in its tables") {
    const std::string whole = read_file(sparse);
    for (size_t at = 0; at < 2048; at += 7) {
      CAPTURE(at);
      std::string broken = whole;
      broken[at] = static_cast<char>(broken[at] ^ 0xff);
      write_file(folder.path("b.vmdk"), broken);
      Opened opened = open_all(folder.path("b.vmdk"));
      if (opened.image && opened.image->facts().bytes < 64 * kMiB) read_media(*opened.image);
    }
  }
}

TEST_CASE("vhd: a differencing disk is refused with its reason") {
  std::string footer(512, '\0');
  put(footer, 0, "conectix");
  put(footer, 8, "\0\0\0\2\0\1\0\0"sv);
  put(footer, 60, "\0\0\0\4"sv);
  Folder folder;
  Opened opened = open_all(write_file(folder.path("d.vhd"), footer + std::string(4096, '\0') + footer));
  CHECK_FALSE(opened.image);
  CHECK(contains(opened.error, "differencing"));
}

TEST_CASE("containers that are not read are named, with advice, whatever their ending") {
  struct Case {
    std::string_view magic;
    size_t at;
    const char* word;
  };
  const Case cases[] = {{"QFI\xfb\0\0\0\3"sv, 0, "qcow2"},
                        {"QED\0"sv, 0, "QED"},
                        {"\x7f\x10\xda\xbe"sv, 64, "VDI"},
                        {"EVF2\r\n\x81\0"sv, 0, "version 2"},
                        {"LVF\t\r\n\xff\0"sv, 0, "L01"},
                        {"ADSEGMENTEDFILE\0"sv, 0, "AD1"},
                        {"PK\3\4"sv, 0, "ZIP"},
                        {"7z\xbc\xaf\x27\x1c"sv, 0, "7-Zip"},
                        {"WithoutFreeSpace"sv, 0, "Parallels"},
                        {"EMiL"sv, 0, "memory"}};
  Folder folder;
  for (const Case& c : cases) {
    CAPTURE(c.word);
    std::string bytes(2 * kMiB, '\0');
    put(bytes, c.at, c.magic);
    for (std::string_view name : {"x.dd", "x.E01", "x"}) {
      Opened opened = open_all(write_file(folder.path(name), bytes));
      CHECK_FALSE(opened.image);
      CHECK(contains(opened.error, c.word));
    }
  }
  std::string dmg(kMiB, '\1');
  std::string koly(512, '\0');
  put(koly, 0, "koly\0\0\0\4\0\0\2\0"sv);
  CHECK(contains(open_all(write_file(folder.path("d.dmg"), dmg + koly)).error, "DMG"));
  CHECK_FALSE(open_all(folder.path("nothing")).image);
}

TEST_CASE("a real qcow2 is named and never taken for a raw disk without files") {
  NEEDS("qemu-img") NEEDS("mke2fs") Folder folder;
  const std::string raw = make_disk(folder);
  REQUIRE(run("qemu-img convert -f raw -O qcow2 " + raw + " " + folder.path("q.img")));
  CHECK(contains(open_all(folder.path("q.img")).error, "qcow2"));
}

TEST_CASE("logs of any size and kind are files; disks of any kind are disks") {
  Folder folder;
  const auto format = [&](std::string_view name, std::string_view bytes) -> std::string {
    Opened opened = open_all(write_file(folder.path(name), bytes));
    return opened.image ? opened.image->facts().format : "error: " + opened.error;
  };
  std::string log;
  while (log.size() < 3 * kMiB)
    log += "Mar  2 11:22:33 host sshd[1]: Accepted password for x from 192.0.2.1 port 22 ssh2\n";
  log.resize(3 * kMiB);
  CHECK(format("auth.log", log) == "file");
  CHECK(format("strange.dd", log) == "file");
  CHECK(format("syslog.001", log) == "file");
  CHECK(format("empty.log", "") == "file");
  CHECK(format("one-line", "x") == "file");
  CHECK(format("latin.log",
               "f\xfcr Gr\xfc\xdf"
               "e: Anmeldung fehlgeschlagen\nzweite Zeile\n") == "file");
  std::string crashed = log;
  crashed.replace(5000, 4096, std::string(4096, '\0'));
  CHECK(format("crashed", crashed) == "file");
  std::string wide;
  for (char c : log.substr(0, 200'000)) wide += {c, '\0'};
  CHECK(format("wide", "\xff\xfe" + wide) == "file");
  std::string evt(2 * kMiB, '\0');
  put(evt, 0, "\x30\0\0\0LfLe\1\0\0\0"sv);
  CHECK(format("System.dat.bin", evt) == "file");
  std::string evtx(2 * kMiB, '\0');
  put(evtx, 0, "ElfFile\0"sv);
  CHECK(format("x.raw", evtx) == "file");
  std::string record(384, '\0');
  put_le(record, 0, 7, 2);
  put(record, 8, "pts/0");
  put(record, 44, "somebody");
  put(record, 76, "192.0.2.7");
  std::string wtmp;
  for (int i = 0; i < 8192; ++i) wtmp += record;
  CHECK(wtmp.size() % 512 == 0);
  CHECK(format("copied-from-server", wtmp) == "file");
  CHECK(format("lastlog", std::string(2 * kMiB, '\0')) == "file");
  CHECK(format("small-binary", noise(777)) == "file");

  CHECK(format("blank", std::string(2 * kMiB, '\0')) == "raw");
  CHECK(format("blank.dd", std::string(512, '\0')) == "raw");
  CHECK(format("encrypted", noise(2 * kMiB)) == "raw");
  std::string cut_disk(3'000'001, '\0');  // not whole sectors
  put_mbr_entry(cut_disk, 0, 0, 0x83, 63, 4000);
  CHECK(format("cut", cut_disk) == "raw");
}

TEST_CASE("a packed log is a file, a packed disk is not, and both by what is inside") {
  NEEDS("gzip") NEEDS("xz") NEEDS("mke2fs") Folder folder;
  const std::string raw = make_disk(folder);
  write_file(folder.path("auth.log.1"), "Mar  2 11:22:33 host sshd[1]: line\n");
  REQUIRE(run("gzip -k " + folder.path("auth.log.1")));
  Opened log = open_all(folder.path("auth.log.1.gz"));
  REQUIRE(log.image);
  CHECK(log.image->facts().format == "file");
  REQUIRE(run("gzip -k " + raw + " && xz -k -0 " + raw));
  CHECK(contains(open_all(folder.path("disk.raw.gz")).error, "unpack"));
  CHECK(contains(open_all(folder.path("disk.raw.xz")).error, "xz"));
}

TEST_CASE("an unknown disk is a disk with a problem; a blank one is no problem") {
  Folder folder;
  Opened noisy = open_all(write_file(folder.path("n.dd"), noise(2 * kMiB)));
  REQUIRE(noisy.volumes.size() == 1);
  CHECK(noisy.volumes[0].state == "unknown");
  CHECK(noisy.count("no-filesystem") == 1);
  CHECK(noisy.problems[0].stage == Stage::volume);
  Opened blank = open_all(write_file(folder.path("b.dd"), std::string(2 * kMiB, '\0')));
  REQUIRE(blank.volumes.size() == 1);
  CHECK(blank.volumes[0].state == "empty");
  CHECK(blank.problems.empty());
  auto tree = blank.image->open_tree(blank.volumes[0], [](Problem) {});
  CHECK_FALSE(tree);
}

TEST_CASE("a single file is a tree with one name") {
  Folder folder;
  const std::string path = write_file(folder.path("a b.log"), "first\nsecond\n");
  Opened opened = open_all(path);
  REQUIRE(opened.image);
  CHECK(opened.image->facts().segments == std::vector<std::string>{path});
  REQUIRE(opened.volumes.size() == 1);
  auto tree = opened.image->open_tree(opened.volumes[0], [](Problem) {});
  REQUIRE(tree);
  struct Keep final : FileVisitor {
    std::vector<FileRecord> records;
    bool file(const FileRecord& r) override {
      records.push_back(r);
      return true;
    }
  } keep;
  (*tree)->walk(keep, [](Problem) {});
  REQUIRE(keep.records.size() == 1);
  CHECK(keep.records[0].path == "/a b.log");
  CHECK(keep.records[0].type == FileType::regular);
  CHECK(keep.records[0].content_intact);
  auto stream = (*tree)->open(keep.records[0].ref);
  REQUIRE(stream);
  CHECK(read_all(**stream, 1000) == "first\nsecond\n");
  CHECK((*tree)->find("/a b.log"));
  CHECK_FALSE((*tree)->find("/etc/passwd"));
  FileRef other;
  other.path = "/../../etc/passwd";
  CHECK_FALSE((*tree)->open(other));
}
