// SPDX-License-Identifier: Apache-2.0
// Filesystems and partition tables of the fuzz corpus, damaged: changed at a thousand places, cut, and on a medium
// whose n-th read fails.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>

#include "fuzz/sparse_image.hpp"
#include "support/faulty_stream.hpp"

using namespace necropsy;
using namespace necropsy::fuzz;
using test::Fault;
namespace fs = std::filesystem;

namespace {

constexpr size_t kMostNames = 2000;
constexpr size_t kPoints = 1000;  // places at which an image is changed
constexpr size_t kFaults = 40;    // reads of an image that fail, one at a time

class FaultyMedium final : public SparseMedium {
 public:
  FaultyMedium(Bytes file, Fault& fault) : SparseMedium(file), fault_(fault) {}

 protected:
  Result<void> fetch(uint64_t offset, std::span<std::byte> out) override {
    if (fault_.strikes()) return fail(ErrorCode::io, "a bad sector", offset, out.size(), 0);
    return SparseMedium::fetch(offset, out);
  }

 private:
  Fault& fault_;
};

// Images as make_seeds wrote them: what the fuzzer found later is damaged by itself.
std::map<std::string, std::string> images(std::string_view prefix) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(std::string(NECROPSY_SOURCE_DIR) + "/tests/fuzz/corpus")) {
    const std::string name = entry.path().parent_path().filename().string() + "/" + entry.path().filename().string();
    if (!entry.is_regular_file() || !name.starts_with(prefix) || name.find("/found-") != std::string::npos) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    out[name] = {std::istreambuf_iterator<char>(in), {}};
  }
  return out;
}

using Key = std::tuple<uint64_t, uint32_t, int32_t>;
Key key_of(const TreeRow& row) { return {row.record.ref.inode, row.record.ref.sequence, row.record.ref.attribute_id}; }

bool same_or_missing(const std::optional<Timestamp>& got, const std::optional<Timestamp>& was) {
  return !got || got == was;
}

// Whether a row of a disturbed run tells nothing that the undisturbed one does not: the same name, or a nameless one
// where its folder could not be read; the same times and content, or none.
bool told_before(const TreeRow& row, const std::vector<TreeRow>& before) {
  return std::any_of(before.begin(), before.end(), [&](const TreeRow& was) {
    const FileRecord &a = row.record, &b = was.record;
    const bool nameless = a.state == FileState::orphan;
    if (a.path != b.path && (!nameless || key_of(row) != key_of(was))) return false;
    const bool unread = row.content == "-" || row.content == "closed" || row.content == "unreadable";
    return (unread || row.content == was.content) && (a.type == FileType::unknown || a.type == b.type) &&
           (a.size == b.size || a.size == 0 || unread) && (a.target.empty() || a.target == b.target) &&
           same_or_missing(a.modified, b.modified) && same_or_missing(a.accessed, b.accessed) &&
           same_or_missing(a.changed, b.changed) && same_or_missing(a.created, b.created) &&
           same_or_missing(a.deleted, b.deleted) && same_or_missing(a.fn_modified, b.fn_modified) &&
           same_or_missing(a.fn_created, b.fn_created);
  });
}

}  // namespace

TEST_CASE("filesystems with a changed byte at a thousand places, and cut") {
  const auto all = images("fs_");
  REQUIRE(all.size() >= 10);
  std::set<std::string> kinds;
  for (const auto& [name, image] : all) {
    CAPTURE(name);
    kinds.insert(name.substr(0, name.find('/')));
    SparseMedium medium(as_bytes(image));
    const TreeLook whole = look_at_tree(medium, kMostNames);
    CHECK(whole.opened);
    CHECK(whole.rows.size() > 1);
    std::mt19937_64 random(image.size());
    std::string changed = image;
    // Images of one filesystem share the points.
    const auto share = static_cast<size_t>(std::count_if(all.begin(), all.end(), [&, &name = name](const auto& other) {
      return other.first.substr(0, other.first.find('/')) == name.substr(0, name.find('/'));
    }));
    for (size_t i = 0; i < kPoints / share; ++i) {
      // Half of the changes meet the first sectors, where all depends on a byte.
      const size_t reach = i % 2 ? image.size() : std::min<size_t>(image.size(), 8 * kRecord);
      const size_t at = random() % reach;
      const char was = changed[at];
      changed[at] = static_cast<char>(i % 3 == 0 ? ~was : i % 3 == 1 ? was ^ (1 << (random() % 8)) : 0xFF);
      SparseMedium damaged(as_bytes(changed));
      CHECK(look_at_tree(damaged, kMostNames).rows.size() <= kMostNames);
      changed[at] = was;
    }
    for (size_t i = 0; i < 20; ++i) {
      SparseMedium cut(as_bytes(std::string_view(image).substr(0, random() % image.size())));
      look_at_tree(cut, kMostNames);
    }
  }
  CHECK(kinds.size() == 7);
}

TEST_CASE("filesystems: the n-th read fails") {
  for (const auto& [name, image] : images("fs_")) {
    CAPTURE(name);
    Fault none;
    FaultyMedium medium(as_bytes(image), none);
    const TreeLook whole = look_at_tree(medium, kMostNames);
    REQUIRE(none.reads() > 0);
    for (const uint64_t n : test::faults_to_try(none.reads(), kFaults))
      for (const bool lasting : {false, true}) {
        Fault fault(n, lasting);
        FaultyMedium broken(as_bytes(image), fault);
        const TreeLook look = look_at_tree(broken, kMostNames);
        CAPTURE(n);
        CAPTURE(lasting);
        REQUIRE(fault.struck());
        for (const TreeRow& row : look.rows) {
          CAPTURE(row.record.path);
          CHECK(told_before(row, whole.rows));
        }
        if (look.rows.size() < whole.rows.size()) CHECK(look.problems > whole.problems);
      }
  }
}

TEST_CASE("partition tables: changed bytes, and the n-th read fails") {
  const auto all = images("disk_volumes/");
  REQUIRE(all.size() >= 2);
  for (const auto& [name, image] : all) {
    CAPTURE(name);
    const auto look = [](Medium& medium, size_t& problems) {
      MediumBytes stream(medium);
      std::set<std::string> out;
      for (const VolumeInfo& v : find_volumes(medium, stream, std::nullopt, [&](const Problem&) { ++problems; }))
        if (v.state == "filesystem") out.insert(v.name + " " + std::to_string(v.offset.value_or(0)) + " " + v.content);
      return out;
    };
    Fault none;
    FaultyMedium medium(as_bytes(image), none);
    size_t problems = 0;
    const auto whole = look(medium, problems);
    CHECK_FALSE(whole.empty());
    for (const uint64_t n : test::faults_to_try(none.reads(), kFaults * 4))
      for (const bool lasting : {false, true}) {
        Fault fault(n, lasting);
        FaultyMedium broken(as_bytes(image), fault);
        size_t said = 0;
        const auto found = look(broken, said);
        CAPTURE(n);
        CAPTURE(lasting);
        CHECK(std::includes(whole.begin(), whole.end(), found.begin(), found.end()));
        if (found.size() < whole.size()) CHECK(said > problems);
      }
    std::mt19937_64 random(image.size());
    std::string changed = image;
    for (size_t i = 0; i < kPoints; ++i) {
      const size_t at = random() % std::min<size_t>(image.size(), 12 * kRecord);
      const char was = changed[at];
      changed[at] = static_cast<char>(i % 2 ? ~was : was ^ (1 << (random() % 8)));
      SparseMedium damaged(as_bytes(changed));
      size_t said = 0;
      look(damaged, said);
      changed[at] = was;
    }
  }
}
