// SPDX-License-Identifier: Apache-2.0
// Bash completion. What depends on the commands is written as `case` arms from their definitions; how words are offered
// is the same for all and stands below as bash. Needs nothing but bash itself.
#include <fmt/format.h>

#include <set>

#include "cli/command_facts.hpp"
#include "correlate/runner.hpp"
#include "model/vocabulary.hpp"
#include "parse/parser.hpp"

namespace necropsy::cli {
namespace {

// A value's kind is its type name: small words are offered as they stand, capitals name what to look for.
constexpr std::string_view kMechanism = R"bash(
# Offers the words of $1 that go on from $cur, with $2 behind each.
_necropsy_words() {
  local word
  for word in $(compgen -W "$1" -- "$cur"); do COMPREPLY+=("$stem$word${2-}"); done
  if [[ -n ${2-} ]]; then compopt -o nospace 2>/dev/null; fi
}

# Offers names of files; the arguments are compgen's options.
_necropsy_names() {
  local name
  compopt -o filenames 2>/dev/null
  while IFS= read -r name; do COMPREPLY+=("$stem$name"); done < <(compgen "$@" -- "$cur" | sort -u)
}

_necropsy_zones() {
  local zone
  echo UTC
  while IFS=$'\t' read -r _ _ zone _; do
    if [[ $zone == */* ]]; then echo "$zone"; fi
  done 2>/dev/null </usr/share/zoneinfo/zone.tab
}

# Offers what fits a value of kind $1 (CASE.db, N, table|csv|jsonl ...); $2 is the question that is asked, if any.
_necropsy_value() {
  local kind=${1//[\[\]]/} part words=
  if [[ $cur == *=* ]]; then
    if [[ $kind != *=* ]]; then return; fi
    stem+=${cur%%=*}= cur=${cur#*=} kind=${kind#*=}
  else
    kind=${kind%%=*}
  fi
  if [[ $kind == *,... ]]; then
    kind=${kind%,...}
    compopt -o nospace 2>/dev/null  # a comma may follow
    if [[ $cur == *,* ]]; then stem+=${cur%,*}, cur=${cur##*,}; fi
  fi
  for part in ${kind//|/ }; do
    case $part in
      CASE.db)
        _necropsy_names -f -X '!*.db'
        _necropsy_names -d
        if [[ ${#COMPREPLY[@]} -eq 0 ]]; then _necropsy_names -f; fi
        ;;
      FILE | EVIDENCE) _necropsy_names -f ;;
      DIR) _necropsy_names -d ;;
      PARSER) words+=" $_necropsy_parsers" ;;
      QUESTION) words+=" $_necropsy_questions" ;;
      CATEGORY) words+=" $_necropsy_categories" ;;
      ACTION) words+=" $_necropsy_actions" ;;
      ZONE) words+=" $(_necropsy_zones)" ;;
      NAME) _necropsy_words "$(_necropsy_parameters "${2-}")" = ;;
      *[!a-z]*) ;;
      *) words+=" $part" ;;
    esac
  done
  if [[ -n $words ]]; then _necropsy_words "$words"; fi
}

_necropsy() {
  local cur kept= stem= command= waiting= kind word i
  local -a words=() given=()
  COMPREPLY=()
  # Bash cuts words at = and : too; here they are whole. What it keeps of the last one is not to be offered again.
  for ((i = 1; i <= COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [[ ${#words[@]} -gt 0 && ($word == [=:]* || ${COMP_WORDS[i - 1]} == *[=:]) ]]; then
      kept=${words[${#words[@]} - 1]}
      words[${#words[@]} - 1]+=$word
      if [[ $word == [=:]* ]]; then kept+=$word; fi
    else
      kept=
      words+=("$word")
    fi
  done
  cur=${words[${#words[@]} - 1]}
  unset "words[${#words[@]}-1]"
  # The command, what was given to it, and the option that waits for its value.
  for word in "${words[@]}"; do
    if [[ -z $command ]]; then
      if [[ $word != -* ]]; then command=$word; fi
    elif [[ -n $waiting ]]; then
      waiting=
    elif [[ $word == -* ]]; then
      if [[ -n $(_necropsy_option "$command" "$word") ]]; then waiting=$word; fi
    else
      given+=("$word")
    fi
  done
  if [[ -z $waiting && $cur == --*=* ]]; then
    waiting=${cur%%=*} stem=${cur%%=*}= cur=${cur#*=}
  fi
  if [[ -z $command ]]; then
    if [[ $cur == -* ]]; then _necropsy_words "$(_necropsy_options '')"; else _necropsy_words "$_necropsy_commands"; fi
  elif [[ -n $waiting ]]; then
    kind=$(_necropsy_option "$command" "$waiting")
    if [[ -n $kind ]]; then _necropsy_value "$kind" "${given[1]-}"; fi
  elif [[ $cur == -* ]]; then
    _necropsy_words "$(_necropsy_options "$command")"
  else
    kind=$(_necropsy_positional "$command" "${#given[@]}")
    if [[ -n $kind ]]; then _necropsy_value "$kind"; else _necropsy_words "$(_necropsy_options "$command")"; fi
  fi
  COMPREPLY=("${COMPREPLY[@]#"$kept"}")
}
complete -F _necropsy necropsy
)bash";

std::string list(std::string_view name, const auto& words) {
  std::string out = fmt::format("_necropsy_{}='", name);
  for (const auto& word : words) out += fmt::format("{}{}", out.ends_with('\'') ? "" : " ", word);
  return out + "'\n";
}

std::string function_of(std::string_view name, std::string_view comment, std::string_view what,
                        const std::string& arms) {
  return fmt::format("\n# {}\n_necropsy_{}() {{\n  case {} in\n{}  esac\n}}\n", comment, name, what, arms);
}

std::string arm(std::string_view pattern, std::string_view words) {
  return fmt::format("    {}) echo '{}' ;;\n", pattern, words);
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  std::set<std::string_view> categories, actions;
  for (size_t i = 0; i < kActionCount; ++i) {
    categories.insert(category_of(static_cast<Action>(i)));
    actions.insert(action_name(static_cast<Action>(i)));
  }
  std::vector<std::string_view> commands, parsers, questions;
  for (const ParserEntry& p : all_parsers()) parsers.push_back(p.about->name);

  std::string parameters;
  const auto known = load_questions();
  if (!known) throw Failure{kInternal, known.error().what};
  for (const Question& q : *known) {
    questions.push_back(q.name);
    std::string names;
    for (const QuestionParameter& p : q.parameters) names += (names.empty() ? "" : " ") + p.name;
    if (!names.empty()) parameters += arm(q.name, names);
  }

  const std::vector<CommandFacts> all = command_facts(app);
  std::string options, values, positionals;
  for (const CommandFacts& c : all) {
    if (!c.name.empty()) commands.push_back(c.name);
    std::string names;
    for (const OptionFacts& o : c.options) {
      std::string pattern;
      for (const std::string& name : o.names) {
        names += (names.empty() ? "" : " ") + name;
        pattern += (pattern.empty() ? "" : " | ") + c.name + ":" + name;
      }
      if (!o.value.empty()) values += arm(pattern, o.value);
    }
    options += arm(c.name.empty() ? "''" : c.name, names);
    for (size_t i = 0; i < c.positionals.size(); ++i) {
      const OptionFacts& p = c.positionals[i];
      positionals += arm(fmt::format("{}:{}", c.name, p.repeated ? "*" : std::to_string(i)), p.value);
    }
  }

  return "# Bash completion for necropsy. Made by the program from the definitions of its commands. Do not edit.\n" +
         list("commands", commands) + list("parsers", parsers) + list("questions", questions) +
         list("categories", categories) + list("actions", actions) +
         function_of("options", "Options of command $1.", "$1", options) +
         function_of("option", "Kind of the value of option $2 of command $1; nothing for a flag.", "$1:$2", values) +
         function_of("positional", "Kind of the value at place $2 of command $1.", "$1:$2", positionals) +
         function_of("parameters", "Parameters of question $1.", "$1", parameters) + std::string(kMechanism);
}

}  // namespace necropsy::cli
