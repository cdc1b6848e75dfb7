// SPDX-License-Identifier: Apache-2.0
#include "report/redact.hpp"

#include "base/text.hpp"

namespace necropsy::report {
namespace {

constexpr std::string_view kMask = "[redacted]";

// Words after which a secret stands, with what may stand between.
constexpr std::string_view kBefore[] = {
    "password=",      "passwd=",     "pwd=",           "pass=",           "token=",      "secret=",
    "api_key=",       "apikey=",     "identified by ", "password '",      "password \"", "password(",
    "anon password ", "--password=", "sshpass -p",     "given password: "};

bool ends_secret(char c, char quote) {
  return quote ? c == quote : is_space(c) || c == '&' || c == ',' || c == ';' || c == ')' || c == '"' || c == '\'';
}

}  // namespace

std::string redact(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    std::string_view hit;
    for (std::string_view word : kBefore)
      if (word.size() > hit.size() && equals_ignore_case(text.substr(i, word.size()), word)) hit = word;
    if (hit.empty()) {
      out += text[i++];
      continue;
    }
    out += text.substr(i, hit.size());
    i += hit.size();
    while (i < text.size() && text[i] == ' ') out += text[i++];
    char quote = hit.back() == '\'' || hit.back() == '"' ? hit.back() : '\0';
    if (!quote && i < text.size() && (text[i] == '\'' || text[i] == '"')) {
      quote = text[i];
      out += text[i++];
    }
    const size_t start = i;
    while (i < text.size() && !ends_secret(text[i], quote)) ++i;
    if (i > start) out += kMask;
  }
  return out;
}

}  // namespace necropsy::report
