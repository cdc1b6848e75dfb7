// SPDX-License-Identifier: Apache-2.0
#include "cli/command_facts.hpp"

#include "base/text.hpp"

namespace necropsy::cli {
namespace {

constexpr int kManyValues = 100;  // CLI11's mark for "any number" lies far above

OptionFacts facts_of(const CLI::Option& option) {
  OptionFacts facts;
  for (const std::string& name : option.get_snames()) facts.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) facts.names.push_back("--" + name);
  facts.description = option.get_description();
  facts.standard = option.get_default_str();
  facts.required = option.get_required();
  facts.repeated = option.get_items_expected_max() > kManyValues;
  if (option.get_items_expected_max() > 0) {
    // Behind the type's own name stand the checks: `N:INT in [0 - 256]`.
    const std::string type = option.get_type_name();
    facts.value = type.substr(0, type.find(':'));
    if (const auto range = between(type, " in [", "]")) {
      std::string_view rest = *range;
      facts.least = take_until(rest, " - ");
      facts.most = rest;
    }
  }
  return facts;
}

CommandFacts facts_of(const CLI::App& command) {
  CommandFacts facts;
  facts.description = command.get_description();
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    (option->nonpositional() ? facts.options : facts.positionals).push_back(facts_of(*option));
  }
  const std::string footer = command.get_footer();
  for (std::string_view line : split(footer, '\n'))
    if (trim(line).starts_with("necropsy ")) facts.examples.emplace_back(trim(line));
  return facts;
}

}  // namespace

std::vector<CommandFacts> command_facts(const CLI::App& app) {
  std::vector<CommandFacts> all = {facts_of(app)};
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    all.push_back(facts_of(*command));
    all.back().name = command->get_name();
  }
  return all;
}

}  // namespace necropsy::cli
