// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "report/document.hpp"

namespace necropsy::report {

std::string write_json(const Document& document) {
  using nlohmann::ordered_json;
  const auto shown = [](const std::string& text) { return displayable(text); };
  ordered_json out;
  out["title"] = shown(document.title);
  out["program"] = document.subtitle;
  out["sections"] = ordered_json::array();
  for (const Section& s : document.sections) {
    ordered_json section;
    section["title"] = shown(s.title);
    section["content"] = ordered_json::array();
    for (const Block& b : s.blocks) {
      ordered_json block;
      switch (b.kind) {
        case Block::Kind::paragraph:
          block["text"] = shown(b.text);
          break;
        case Block::Kind::list:
          block["items"] = ordered_json::array();
          for (const std::string& item : b.items) block["items"].push_back(shown(item));
          break;
        case Block::Kind::table:
          block["rows"] = ordered_json::array();
          for (const auto& row : b.table.rows) {
            ordered_json object;
            for (size_t i = 0; i < row.size() && i < b.table.columns.size(); ++i)
              object[b.table.columns[i]] = shown(row[i]);
            block["rows"].push_back(std::move(object));
          }
          break;
        case Block::Kind::finding: {
          const FindingCard& f = b.finding;
          ordered_json& o = block["finding"];
          for (const auto& [key, value] :
               std::initializer_list<std::pair<const char*, const std::string*>>{{"finding_id", &f.id},
                                                                                 {"severity", &f.severity},
                                                                                 {"confidence", &f.confidence},
                                                                                 {"status", &f.status},
                                                                                 {"why", &f.why},
                                                                                 {"when_local", &f.when_local},
                                                                                 {"when_utc", &f.when_utc},
                                                                                 {"title", &f.title},
                                                                                 {"summary", &f.summary},
                                                                                 {"rule", &f.rule},
                                                                                 {"phase", &f.phase},
                                                                                 {"attack_technique", &f.attack},
                                                                                 {"host_name", &f.host},
                                                                                 {"user_name", &f.user},
                                                                                 {"source_ip", &f.source},
                                                                                 {"file_path", &f.path}})
            if (!value->empty()) o[key] = shown(*value);
          o["event_count"] = f.cited;
          o["events"] = ordered_json::array();
          for (const Evidence& e : f.evidence)
            o["events"].push_back({{"event_id", e.event_id},
                                   {"role", e.role},
                                   {"time", e.time},
                                   {"place", shown(e.place)},
                                   {"message", shown(e.message)}});
          break;
        }
      }
      section["content"].push_back(std::move(block));
    }
    out["sections"].push_back(std::move(section));
  }
  return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace necropsy::report
