// SPDX-License-Identifier: Apache-2.0
// Which files a worker may read: the evidence of this run, the parts that lie beside it, and the zone rules.
#pragma once
#include <string>
#include <vector>

#include "base/sandbox.hpp"

namespace necropsy {

// A directory with all below it; of an image the files beside it that share its name up to the last dot (segments,
// extents). Opens nothing.
SandboxPolicy policy_for(const std::vector<std::string>& evidence);

}  // namespace necropsy
