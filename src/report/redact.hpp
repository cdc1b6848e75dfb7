// SPDX-License-Identifier: Apache-2.0
// --redact: masks what log lines hold of passwords, keys and tokens.
#pragma once
#include <string>
#include <string_view>

namespace necropsy::report {

std::string redact(std::string_view text);

}  // namespace necropsy::report
