// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "engine/hosts.hpp"

using namespace necropsy;

namespace {

SurveyedVolume volume(int64_t evidence, const char* name, const char* uuid, const char* fstab = "",
                      const char* last = "", bool windows = false, const char* given = "") {
  static int64_t id = 0;
  SurveyedVolume v;
  v.volume_id = ++id;
  v.evidence_id = evidence;
  v.evidence_label = "disk" + std::to_string(evidence);
  v.mount_given = given;
  v.report.info.name = name;
  v.report.filesystem = FilesystemFacts{.type = "ext4", .uuid = uuid, .last_mount_point = last};
  v.report.fstab = fstab;
  v.report.is_windows_system = windows;
  return v;
}

std::string plan(const std::vector<SurveyedVolume>& volumes) {
  std::string out;
  for (const PlannedHost& h : plan_hosts(volumes)) {
    out += h.fallback_name + ":";
    for (const auto& m : h.members)
      out += " " + volumes[m.volume].evidence_label + "/" + volumes[m.volume].report.info.name + "=" + m.mount;
    out += "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("one fstab makes one host, by UUID even over two disks") {
  const char* fstab =
      "UUID=AA-1 / ext4 defaults 0 1\nUUID=\"bb-2\" /var ext4 defaults 0 2\nUUID=cc-3 /srv/my\\040data ext4 x\nUUID=dd "
      "none swap sw\n";
  CHECK(plan({volume(1, "p1", "aa-1", fstab), volume(1, "p2", "bb-2"), volume(2, "p1", "CC-3")}) ==
        "disk1: disk1/p1=/ disk1/p2=/var disk2/p1=/srv/my data\n");
}

TEST_CASE("device names match partition numbers on the same disk") {
  CHECK(plan({volume(1, "p8", "", "/dev/hda8 / ext2 d 1 1\n/dev/hda7 /var ext2 d 1 2\n/dev/hda1 /boot ext2\n"),
              volume(1, "p7", ""), volume(1, "p1", ""), volume(2, "p7", "")}) ==
        "disk1: disk1/p8=/ disk1/p7=/var disk1/p1=/boot\ndisk2: disk2/p7=/\n");
}

TEST_CASE("volumes named with a mount point belong together") {
  CHECK(plan({volume(1, "whole", "", "", "", false, "/boot"), volume(2, "whole", "", "", "", false, "/var")}) ==
        "disk1: disk1/whole=/boot disk2/whole=/var\n");
  CHECK(plan({volume(1, "whole", "", "proc /proc proc\n"), volume(2, "whole", "", "", "", false, "/var")}) ==
        "disk1: disk1/whole=/ disk2/whole=/var\n");
}

TEST_CASE("a Windows system volume is C:, its neighbours follow") {
  CHECK(plan({volume(1, "p1", ""), volume(1, "p2", "", "", "", true)}) == "disk1: disk1/p2=C:/ disk1/p1=D:/\n");
}

TEST_CASE("what no fstab mounts goes where its superblock says, or aside") {
  CHECK(plan({volume(1, "p1", "a", "UUID=a / ext4\n"), volume(1, "p2", "b", "", "/data"), volume(1, "p3", "c")}) ==
        "disk1: disk1/p1=/ disk1/p2=/data disk1/p3=/[p3]\n");
  CHECK(plan({volume(1, "whole", "", "", "/var")}) == "disk1: disk1/whole=/var\n");
}

TEST_CASE("other images are hosts of their own") {
  CHECK(plan({volume(1, "p1", "a", "UUID=a / ext4\n"), volume(2, "p1", "b", "UUID=b / ext4\n")}) ==
        "disk1: disk1/p1=/\ndisk2: disk2/p1=/\n");
}
