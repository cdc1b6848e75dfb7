// SPDX-License-Identifier: Apache-2.0
// Document: the report as content, without a form. Text in it is as the evidence has it; each writer escapes for its
// own format.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace necropsy::report {

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

struct Evidence {
  std::string role, event_id, time, place, message;
};

struct FindingCard {
  std::string id, severity, confidence, status, why, when_local, when_utc, title, summary, rule, phase, attack, host,
      user, source, path;
  std::vector<Evidence> evidence;
  size_t cited = 0;  // rows in all
};

struct Block {
  enum class Kind { paragraph, list, table, finding } kind = Kind::paragraph;
  std::string text;
  std::vector<std::string> items;
  Table table;
  FindingCard finding;
};

struct Section {
  std::string title;
  std::vector<Block> blocks;
};

struct Document {
  std::string title, subtitle;
  std::vector<Section> sections;
};

std::string write_text(const Document& document);
std::string write_markdown(const Document& document);
std::string write_html(const Document& document);
std::string write_json(const Document& document);

}  // namespace necropsy::report
