// SPDX-License-Identifier: Apache-2.0
// What the syslog parser says of itself.
#pragma once
#include "parse/parser.hpp"

namespace necropsy::parsers::syslog_about {
extern const Descriptor kAbout;
}  // namespace necropsy::parsers::syslog_about
