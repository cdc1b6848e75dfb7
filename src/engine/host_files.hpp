// SPDX-License-Identifier: Apache-2.0
// What the volumes of one host say about it, read through an overlay of their trees.
#pragma once
#include <functional>

#include "engine/overlay.hpp"
#include "engine/wire.hpp"
#include "model/host_profile.hpp"

namespace necropsy {

// The profile; where no file names the host, the name that most lines of its own logs carry.
HostProfile read_host_profile(const Overlay& overlay);
// The package database: one row per package (path empty), then one per file.
void read_host_packages(const Overlay& overlay, const std::function<void(wire::PackageRow)>& found,
                        const ProblemHandler& problems);

}  // namespace necropsy
