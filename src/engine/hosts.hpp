// SPDX-License-Identifier: Apache-2.0
// Which volumes are one machine, and where each was mounted.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/wire.hpp"

namespace necropsy {

struct SurveyedVolume {
  int64_t volume_id = 0;
  int64_t evidence_id = 0;
  std::string evidence_label;
  std::string mount_given;  // EVIDENCE=MOUNT
  bool is_folder = false;   // directory or single file
  wire::VolumeReport report;
};

struct PlannedHost {
  std::string fallback_name;  // until the image says its own
  struct Member {
    size_t volume;  // index into the list given
    std::string mount;
  };
  std::vector<Member> members;
};

// All volumes of one ingest; those without a filesystem go to the host of their evidence, without a mount point.
// Rules, in order: volumes that one fstab mounts (by UUID, label, or partition number on the same disk) are one host;
// evidence given with =MOUNT belongs to the one host found so, or together is one; a Windows system volume is C:/, its
// neighbours D:/, E:/ …; what is left is a host per evidence, mounted where the superblock says it last was.
std::vector<PlannedHost> plan_hosts(const std::vector<SurveyedVolume>& volumes);

}  // namespace necropsy
