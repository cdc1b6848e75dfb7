// SPDX-License-Identifier: Apache-2.0
#include "linux/syslog/message.hpp"

#include "base/text.hpp"

namespace necropsy::syslog {
namespace {

// Dotted quad without leading zeros: canonical as it stands. Nearly every address of a log is one, and this spares it
// the copy that canonical_ip makes.
bool is_canonical_ipv4(std::string_view text) {
  if (text.size() < 7 || text.size() > 15) return false;
  int dots = 0, value = 0, digits_in_part = 0;
  for (char c : text) {
    if (is_digit(c)) {
      if (digits_in_part > 0 && value == 0) return false;
      value = value * 10 + (c - '0');
      if (++digits_in_part > 3 || value > 255) return false;
    } else if (c == '.' && digits_in_part > 0 && dots < 3) {
      ++dots;
      value = digits_in_part = 0;
    } else {
      return false;
    }
  }
  return dots == 3 && digits_in_part > 0;
}

// What daemons print when they know no peer.
bool is_no_host(std::string_view text) {
  return text.empty() || text == "(null)" || text == "?" || text == "-" || text == "(unknown)" ||
         equals_ignore_case(text, "unknown");
}

void set_peer(EventDraft& draft, std::string_view text, std::string_view& ip, std::string_view& host) {
  text = trim(text);
  if (is_canonical_ipv4(text)) {
    ip = text;
  } else if (auto canonical = canonical_ip(text)) {
    ip = draft.keep(std::move(*canonical));
  } else if (!is_no_host(text)) {
    host = text;
  }
}

void set_port(std::string_view text, std::optional<uint32_t>& port) {
  if (text.empty() || text.size() > 5) return;
  uint32_t value = 0;
  for (char c : text) {
    if (!is_digit(c)) return;
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  if (value <= 65535) port = value;
}

}  // namespace

void EventDraft::clear() {
  event = Event{};
  count_ = 0;
  if (!kept_.empty()) kept_.clear();
}

void EventDraft::from(std::string_view text) { set_peer(*this, text, event.source_ip, event.source_host); }
void EventDraft::to(std::string_view text) { set_peer(*this, text, event.destination_ip, event.destination_host); }

void EventDraft::from_port(std::string_view port) { set_port(port, event.source_port); }
void EventDraft::to_port(std::string_view port) { set_port(port, event.destination_port); }

void EventDraft::attribute(std::string_view key, std::string_view text) {
  if (!text.empty() && count_ < attributes_.size()) attributes_[count_++] = {key, text, {}};
}

void EventDraft::attribute(std::string_view key, int64_t number) {
  if (count_ < attributes_.size()) attributes_[count_++] = {key, {}, number};
}

void EventDraft::number_attribute(std::string_view key, std::string_view digits) {
  if (const auto number = to_number<int64_t>(digits))
    attribute(key, *number);
  else
    attribute(key, digits);
}

std::string_view EventDraft::keep(std::string text) { return kept_.emplace_back(std::move(text)); }

void EventDraft::finish() { event.attributes = {attributes_.data(), count_}; }

std::string_view value_of(std::string_view text, std::string_view key) {
  for (size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    if (at > 0 && !is_space(text[at - 1]) && text[at - 1] != ',' && text[at - 1] != '(' && text[at - 1] != ';')
      continue;
    text.remove_prefix(at + key.size());
    return text.substr(0, text.find_first_of(" ,\t"));
  }
  return {};
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && (text.front() == '\'' || text.front() == '"' || text.front() == '`') &&
      (text.back() == '\'' || text.back() == '"'))
    return text.substr(1, text.size() - 2);
  return text;
}

}  // namespace necropsy::syslog
