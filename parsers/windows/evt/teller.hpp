// SPDX-License-Identifier: Apache-2.0
// From one record of a Windows event log to one event: the row of the table is found, the strings become fields.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/evt_file.hpp"
#include "parse/parser.hpp"
#include "windows/evt/table.hpp"

namespace necropsy::evt {

// What the place of a record in the chain says beside the record itself.
struct Place {
  std::optional<uint32_t> record_gap;        // numbers missing before it
  std::optional<uint32_t> numbering_before;  // number of the record before it, where numbering began anew
  bool numbering_start = false;              // it is the oldest of the chain and has number 1
  std::optional<uint32_t> went_back_s;       // its time of writing lies so far before that of the record before
  std::string_view generation;               // of a carved record: overwritten, earlier-numbering, unknown
};

class Teller {
 public:
  // `log`: the log's name where the file name makes it certain (SecEvent.Evt -> Security), else empty.
  Teller(std::string_view log, TimeResolver& clock) : log_(log), clock_(clock) {}
  // The event of one record; valid until the next call. Nothing when the record has no time.
  const Event* tell(const Record& record, const Place& place);

 private:
  using Named = std::pair<std::string_view, std::string>;

  void clear();
  std::string_view string(size_t n) const;  // from 1; trimmed; empty when there is none
  const std::string& keep(std::string text);
  void name(std::string_view key, std::string value);  // a value that the message may use
  std::string_view named(std::string_view key) const;
  void text(std::string_view key, std::string_view value);
  void number(std::string_view key, int64_t value);
  void about_record(const Record& record, const Place& place);
  void read_fields(const Meaning& meaning);
  void field(std::string_view key, std::string_view value);
  void peer(std::string_view value, bool host_only);
  void set_path(std::string_view value);
  void set_status(std::string_view key, std::string_view kind, std::string_view value);
  void finish_users();
  void decide(const Meaning& meaning);
  void sql_2000();
  void about_data(const Record& record);
  void say(const Meaning* meaning);
  std::string plain() const;
  // Renders `format` up to its end or an unmatched `]`; false when a placeholder was empty.
  bool render(std::string_view& format, std::string& out) const;

  std::string_view log_;
  TimeResolver& clock_;
  const Record* record_ = nullptr;
  Event event_;
  std::vector<Attribute> attributes_;
  std::vector<std::unique_ptr<std::string>> kept_;
  std::vector<Named> named_;
  std::vector<bool> used_;  // strings that a field took
  std::string domain_, user_, target_, target_domain_, target_sid_, object_type_;
  std::optional<bool> status_good_;
};

}  // namespace necropsy::evt
