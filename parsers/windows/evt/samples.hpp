// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

#include "parse/parser.hpp"

namespace necropsy::evt {

// Small logs, laid out byte by byte as the service does, beside the events they give.
std::span<const Sample> samples();

}  // namespace necropsy::evt
