// SPDX-License-Identifier: Apache-2.0
// The "what happened when" report of a case: html, md, txt or json. Reads the case only.
#pragma once
#include <string>

#include "base/result.hpp"
#include "store/database.hpp"

namespace necropsy {

enum class ReportFormat : uint8_t { html, markdown, text, json };

struct ReportOptions {
  ReportFormat format = ReportFormat::text;
  bool redact = false;  // mask passwords and keys that log lines hold
};

// The whole report as one text in UTF-8.
Result<std::string> make_report(const Database& db, const ReportOptions& options);

}  // namespace necropsy
