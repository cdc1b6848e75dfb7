// SPDX-License-Identifier: Apache-2.0
#include "windows/evt/teller.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "windows/evt/values.hpp"

namespace necropsy::evt {
namespace {

std::string_view type_text(uint16_t type) {
  switch (type) {
    case 0:
      return "success";
    case 1:
      return "error";
    case 2:
      return "warning";
    case 4:
      return "information";
    case 8:
      return "audit success";
    case 16:
      return "audit failure";
    default:
      return "unknown";
  }
}

std::string qualified(std::string_view domain, std::string_view user) {
  if (domain.empty() || user.empty() || contains(user, "\\") || contains(user, "@")) return std::string(user);
  return fmt::format("{}\\{}", domain, user);
}

// Words of anti-virus messages that tell of a finding rather than of a scan.
bool tells_of_malware(std::string_view text) {
  for (std::string_view word : {"infected", "trojan", "virus found", "found virus", "threat found", "threat detected",
                                "virus detected", "malware", "was detected", "infiziert", "infecté", "infectado"})
    if (contains_ignore_case(text, word)) return true;
  return false;
}

}  // namespace

void Teller::clear() {
  event_ = Event();
  attributes_.clear();
  kept_.clear();
  named_.clear();
  for (std::string* s : {&domain_, &user_, &target_, &target_domain_, &target_sid_, &object_type_}) s->clear();
  status_good_.reset();
}

const std::string& Teller::keep(std::string text) {
  kept_.push_back(std::make_unique<std::string>(std::move(text)));
  return *kept_.back();
}

std::string_view Teller::string(size_t n) const {
  if (n == 0 || n > record_->strings.size()) return {};
  return unwrapped(trim(record_->strings[n - 1]));
}

void Teller::name(std::string_view key, std::string value) { named_.emplace_back(key, std::move(value)); }

std::string_view Teller::named(std::string_view key) const {
  for (const Named& n : named_)
    if (n.first == key) return n.second;
  return {};
}

void Teller::text(std::string_view key, std::string_view value) { attributes_.push_back({key, value, {}}); }
void Teller::number(std::string_view key, int64_t value) { attributes_.push_back({key, {}, value}); }

void Teller::about_record(const Record& record, const Place& place) {
  event_.host_name = record.computer;
  event_.where = {record.offset, record.length};
  event_.record = record.number;
  number("event_id", record.identifier & 0xFFFF);
  if (record.identifier > 0xFFFF) text("message_id", keep(fmt::format("0x{:08x}", record.identifier)));
  text("provider", record.source);
  text("event_type", type_text(record.type));
  if (record.category) number("category", record.category);
  if (!record.sid.empty()) {
    text("user_sid", record.sid);
    const std::string_view known = code_text("sid", record.sid);
    name("by", std::string(known.empty() ? std::string_view(record.sid) : known));
  }
  if (record.written != record.generated)
    text("written_time", keep(iso_micro(Timestamp::from_unix(record.written)).substr(0, 19) + "Z"));
  if (record.split) number("split", 1);
  if (record.recovered) {
    number("recovered", 1);
    text("generation", place.generation);
  }
  if (record.copy) number("copy", 1);
  if (record.torn) number("corrupt", 1);
  if (record.strings_cut)
    number("strings_missing", record.declared_strings - static_cast<int64_t>(record.strings.size()));
  if (place.record_gap) number("record_gap", *place.record_gap);
  if (place.numbering_before) number("numbering_restart_after", *place.numbering_before);
  if (place.numbering_start) number("numbering_start", 1);
  if (place.went_back_s) number("time_went_back_s", *place.went_back_s);
}

// An address, a host name, or neither. Its own name is no peer.
void Teller::peer(std::string_view value, bool host_only) {
  while (value.starts_with('\\')) value.remove_prefix(1);
  if (is_none(value) || equals_ignore_case(value, "LOCAL")) return;
  if (const auto ip = canonical_ip(value)) {
    if (event_.source_ip.empty()) event_.source_ip = keep(*ip);
    if (!host_only) name("ip", *ip);
    return;
  }
  if (equals_ignore_case(value, record_->computer) || equals_ignore_case(value, "localhost")) return;
  if (event_.source_host.empty()) event_.source_host = keep(std::string(value));
}

void Teller::set_path(std::string_view value) {
  const std::string& path = keep(machine_path(value));
  if (contains(path, "/")) event_.file_path = path;
  name("path", std::string(value));
}

void Teller::set_status(std::string_view key, std::string_view kind, std::string_view value) {
  const auto code = status_code(value);
  if (!code) {
    text(key, value);
    name(key, std::string(value));
    return;
  }
  const std::string_view meaning = code_text(kind, *code);
  text(key, keep(*code));
  if (!meaning.empty()) text(key == "sub_status" ? "sub_status_text" : "status_text", meaning);
  name(key, meaning.empty() ? *code : fmt::format("{} ({})", meaning, *code));
  if (key != "sub_status") status_good_ = *code == "0x0";
}

void Teller::field(std::string_view key, std::string_view value) {
  if (key == "client") {
    if (const auto client = sql_client(value)) {
      peer(*client, false);
      name("client", std::string(*client));
    }
    return;
  }
  if (key == "from_text") {
    if (const auto address = address_in(value)) peer(*address, false);
    return;
  }
  if (is_none(value)) return;
  const auto attribute = [&] {
    text(key, keep(std::string(value)));
    name(key, with_parameters(one_line(value)));
  };
  if (key == "user") {
    user_ = value;
  } else if (key == "domain") {
    domain_ = value;
  } else if (key == "target") {
    target_ = value;
  } else if (key == "target_domain") {
    target_domain_ = value;
  } else if (key == "target_sid") {
    target_sid_ = value;
    attribute();
  } else if (key == "logon_id") {
    const auto id = logon_id(value);
    const std::string& normal = keep(id ? *id : std::string(value));
    event_.session_id = normal;
    text(key, normal);
    name(key, normal);
  } else if (key.ends_with("logon_id")) {
    const auto id = logon_id(value);
    text(key, keep(id ? *id : std::string(value)));
  } else if (key == "logon_type") {
    const auto type = integer(value);
    if (!type) return attribute();
    const std::string code = std::to_string(*type);
    number(key, *type);
    const std::string_view words = code_text("logon-type", code);
    name(key, words.empty() ? code : fmt::format("{} ({})", code, words));
    event_.auth_method = code_text("auth-method", code);
  } else if (key == "ip" || key == "from") {
    peer(value, false);
  } else if (key == "host" || key == "workstation") {
    while (value.starts_with('\\')) value.remove_prefix(1);
    if (is_none(value)) return;
    peer(value, true);
    name(key, one_line(value));
    if (key == "workstation") text(key, keep(std::string(value)));
  } else if (key == "port") {
    const auto port = integer(value);
    if (port && *port > 0 && *port <= 65535) {
      event_.source_port = static_cast<uint32_t>(*port);
      name(key, std::to_string(*port));
    }
  } else if (key == "dest_host") {
    while (value.starts_with('\\')) value.remove_prefix(1);
    name("server", one_line(value));
    if (const auto ip = canonical_ip(value)) {
      event_.destination_ip = keep(*ip);
    } else if (equals_ignore_case(value, "localhost") || equals_ignore_case(value, record_->computer)) {
      text("target_server", keep(std::string(value)));
    } else {
      event_.destination_host = keep(std::string(value));
    }
  } else if (key == "pid") {
    event_.process_pid = integer(value);
    if (!event_.process_pid) text(key, keep(std::string(value)));
    name(key, event_.process_pid ? std::to_string(*event_.process_pid) : std::string(value));
  } else if (key == "image") {
    set_path(value);
    event_.process_name = keep(std::string(base_name(value)));
    name("process", std::string(event_.process_name));
  } else if (key == "process_image") {
    attribute();
    event_.process_name = keep(std::string(base_name(value)));
    name("process", std::string(event_.process_name));
  } else if (key == "process") {
    event_.process_name = keep(std::string(base_name(value)));
    name(key, std::string(event_.process_name));
  } else if (key == "command") {
    event_.command_line = keep(std::string(value));
    const std::string& path = keep(machine_path(program_of(value)));
    if (contains(path, "/")) event_.file_path = path;
    name(key, one_line(value));
  } else if (key == "path") {
    set_path(value);
  } else if (key == "object") {
    name(key, one_line(value));
    if (equals_ignore_case(object_type_, "File") && contains(value, "\\")) {
      set_path(value);
    } else {
      text("object_name", keep(std::string(value)));
    }
  } else if (key == "object_type") {
    object_type_ = value;
    attribute();
  } else if (key == "service") {
    event_.service_name = keep(std::string(value));
    name(key, one_line(value));
  } else if (key == "method") {
    event_.auth_method = keep(std::string(value));
  } else if (key == "status" || key == "sub_status") {
    set_status(key, "status", value);
  } else if (key == "kerberos") {
    set_status(key, "kerberos", value);
  } else if (key == "privileges") {
    std::string list = one_line(value);
    for (size_t blank = list.find(' '); blank != std::string::npos; blank = list.find(' ', blank + 2))
      list.replace(blank, 1, ", ");
    text(key, keep(list));
    name(key, std::move(list));
  } else if (key == "printer") {
    attribute();
    // `!!CLIENT!printer`: the client computer of a remote session.
    if (const auto client = between(value, "!!", "!")) {
      peer(*client, true);
      text("printer_client", keep(std::string(*client)));
      name("printer_client", std::string(*client));
    }
  } else if (key == "time_zone") {
    attribute();
  } else {
    attribute();
  }
}

void Teller::read_fields(const Meaning& meaning) {
  for (const FieldRule& rule : meaning.fields) {
    switch (rule.kind) {
      case FieldRule::Kind::constant:
        field(rule.name, rule.constant);
        break;
      case FieldRule::Kind::anywhere:
        for (size_t n = 1; n <= record_->strings.size(); ++n) field(rule.name, string(n));
        break;
      case FieldRule::Kind::pair: {
        const bool success = string(rule.first) == "+", failure = string(rule.second) == "+";
        if (rule.second > record_->strings.size()) break;
        const std::string_view words = success && failure ? "success, failure"
                                       : success          ? "success"
                                       : failure          ? "failure"
                                                          : "none";
        text(rule.name, words);
        name(rule.name, std::string(words));
        used_[rule.first - 1] = used_[rule.second - 1] = true;
        break;
      }
      case FieldRule::Kind::string:
        if (rule.first > record_->strings.size()) break;
        // An address looked for inside a text does not use the text up.
        if (rule.name != "from_text") used_[rule.first - 1] = true;
        field(rule.name, string(rule.first));
        break;
    }
  }
}

void Teller::finish_users() {
  if (!user_.empty()) event_.user_name = keep(qualified(domain_, user_));
  if (!target_.empty()) {
    event_.target_user = keep(qualified(target_domain_, target_));
  } else if (!target_sid_.empty()) {
    event_.target_user = target_sid_;
  }
  // A network logon without a name is the anonymous one; the record's SID says so.
  name("user", !event_.user_name.empty() ? one_line(event_.user_name) : std::string(code_text("sid", record_->sid)));
  name("target", one_line(event_.target_user));
  name("from", std::string(event_.source_ip.empty() ? event_.source_host : event_.source_ip));
}

void Teller::decide(const Meaning& meaning) {
  event_.action = meaning.action;
  switch (meaning.outcome) {
    case OutcomeRule::none:
      break;
    case OutcomeRule::success:
      event_.outcome = Outcome::success;
      break;
    case OutcomeRule::failure:
      event_.outcome = Outcome::failure;
      break;
    case OutcomeRule::status:
    case OutcomeRule::audit_type:
      if (meaning.outcome == OutcomeRule::status && status_good_) {
        event_.outcome = *status_good_ ? Outcome::success : Outcome::failure;
      } else if (record_->type == 8 || record_->type == 16) {
        event_.outcome = record_->type == 8 ? Outcome::success : Outcome::failure;
      }
      break;
    case OutcomeRule::msi_status: {
      // 3010 and 1641: done, a restart is needed or was begun.
      const auto code = integer(named("status_code"));
      const bool good = !code || *code == 0 || *code == 3010 || *code == 1641;
      event_.outcome = good ? Outcome::success : Outcome::failure;
      if (!good) event_.action = Action::package_failed;
      break;
    }
  }
  if (meaning.action_rule == ActionRule::service_state) {
    const std::string_view state = code_text("service-state", to_lower(named("state")));
    if (state == "started") event_.action = Action::service_started;
    if (state == "stopped") event_.action = Action::service_stopped;
  } else if (meaning.action_rule == ActionRule::malware_text) {
    for (const std::string& text : record_->strings)
      if (tells_of_malware(text)) event_.action = Action::malware_detected;
  }
  // SQL Server 2000 logs everything as 17055: its own number and the text.
  if (meaning.id == 17055 && category_of(meaning.action) == "database") sql_2000();
}

void Teller::sql_2000() {
  const auto own = integer(named("sql_number"));
  if (!own) return;
  const std::string_view said = string(2);
  const bool failed = *own == 18456 || *own == 18452 || *own == 18450 || *own == 18451;
  if (!failed && *own != 18453 && *own != 18454) return;
  event_.action = Action::database_login;
  event_.outcome = failed ? Outcome::failure : Outcome::success;
  event_.auth_method = *own == 18453 ? "windows" : "sql";
  if (const auto user = between(said, "'", "'")) user_ = *user;
  if (const auto client = sql_client(said)) peer(*client, false);
}

void Teller::about_data(const Record& record) {
  if (record.data.empty()) return;
  const bool event_log = equals_ignore_case(record.source, "EventLog");
  const uint32_t id = record.identifier & 0xFFFF;
  // 6008: two SYSTEMTIMEs, local and UTC, of the last sign of life.
  if (event_log && id == 6008 && record.data.size() >= 32) {
    if (const auto alive = system_time(record.data.subspan(16, 16))) {
      const Timestamp when = Timestamp::from_unix(unix_seconds(*alive), alive->nanos);
      event_.time.earliest = when;
      event_.time.latest = event_.time.when;
      if (*event_.time.latest < when) event_.time.earliest = event_.time.latest = std::nullopt;
      text("last_alive_utc", keep(iso_micro(when)));
    }
  }
  if (const auto words = data_text(record.data)) {
    text("data_text", keep(*words));
    // 6005 … 6013 of Server 2003: a list whose seventh part is the install time as hexadecimal POSIX seconds.
    if (event_log) {
      std::string_view rest = *words;
      for (int i = 0; i < 6; ++i) take_until(rest, " | ");
      const auto seconds = to_number<uint32_t>(take_until(rest, " | "), 16);
      if (seconds && *seconds > 0)
        text("install_time", keep(iso_micro(Timestamp::from_unix(*seconds)).substr(0, 19) + "Z"));
    }
    return;
  }
  constexpr size_t kShown = 64;
  text("data", keep(to_hex(record.data.first(std::min(record.data.size(), kShown)))));
  if (record.data.size() > kShown) number("data_bytes", static_cast<int64_t>(record.data.size()));
}

std::string Teller::plain() const {
  std::string out = fmt::format("{}/{}", one_line(record_->source), record_->identifier & 0xFFFF);
  std::string_view mark = ": ";
  for (const std::string& raw : record_->strings) {
    const std::string words = with_parameters(one_line(unwrapped(trim(raw))));
    if (words.empty()) continue;
    out += mark;
    out += words;
    mark = " | ";
  }
  return out;
}

bool Teller::render(std::string_view& format, std::string& out) const {
  bool full = true;
  while (!format.empty() && format.front() != ']') {
    const char c = format.front();
    if (c == '[') {
      format.remove_prefix(1);
      std::string part;
      if (render(format, part)) out += part;
      if (!format.empty()) format.remove_prefix(1);
    } else if (c == '{') {
      format.remove_prefix(1);
      const std::string_view key = take_until(format, "}");
      if (key == "strings") {
        std::string list;
        for (size_t n = 1; n <= record_->strings.size(); ++n) {
          if (used_[n - 1] || is_none(string(n))) continue;
          if (!list.empty()) list += " | ";
          list += with_parameters(one_line(string(n)));
        }
        full = full && !list.empty();
        out += list;
        continue;
      }
      const std::string_view value = named(key);
      full = full && !value.empty();
      out += value.empty() ? std::string("-") : one_line(value);
    } else {
      out += c;
      format.remove_prefix(1);
    }
  }
  return full;
}

void Teller::say(const Meaning* meaning) {
  std::string words;
  if (meaning && !meaning->message.empty()) {
    std::string_view format = meaning->message;
    render(format, words);
  } else {
    words = plain();
  }
  if (record_->copy) words = fmt::format("copy of record {}: {}", record_->number, words);
  event_.message = keep(std::move(words));
}

const Event* Teller::tell(const Record& record, const Place& place) {
  record_ = &record;
  clear();
  const uint32_t seconds = record.generated ? record.generated : record.written;
  if (seconds == 0) return nullptr;
  used_.assign(record.strings.size(), false);
  event_.time = clock_.instant(Timestamp::from_unix(seconds), TimePrecision::s);
  about_record(record, place);
  const Meaning* meaning =
      find_meaning(log_, record.source, static_cast<uint16_t>(record.identifier & 0xFFFF), record.strings.size());
  if (meaning) {
    read_fields(*meaning);
    decide(*meaning);
  }
  finish_users();
  for (size_t n = 1; n <= record.strings.size(); ++n)
    if (!used_[n - 1] && !is_none(string(n))) text(keep(fmt::format("string_{}", n)), string(n));
  about_data(record);
  say(meaning);
  // A copy of a record that was told of already must not count as a second logon, start or deletion.
  if (record.copy) {
    if (const auto message = find_action(category_of(event_.action), "message")) event_.action = *message;
    event_.outcome = Outcome::none;
  }
  event_.attributes = attributes_;
  return &event_;
}

}  // namespace necropsy::evt
