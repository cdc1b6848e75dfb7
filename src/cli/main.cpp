// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <cstring>

#include "base/text.hpp"
#include "cli/command_facts.hpp"
#include "engine/pool.hpp"
#include "engine/worker.hpp"

int main(int argc, char** argv) {
  using namespace necropsy;
  using namespace necropsy::cli;
  if (argc == 2 && std::strcmp(argv[1], kWorkerCommand) == 0) return worker_main(kWorkerSocket, kWorkerSpool);

  CLI::App app{"necropsy: what happened on a machine of which only the disk is left"};
  app.set_version_flag("--version", std::string("necropsy ") + NECROPSY_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Start with:  necropsy ingest server.img --case server.db\n"
      "Then:        necropsy findings server.db    necropsy report server.db -o report.html\n"
      "Each command has --help with an example.");
  ExitCode code = kDone;
  add_ingest(app, code);
  add_info(app, code);
  add_timeline(app, code);
  add_answers(app, code);
  add_findings(app, code);
  add_ask(app, code);
  add_explain(app, code);
  add_report(app, code);
  add_files(app, code);
  add_verify(app, code);
  add_sql(app, code);
  add_parsers(app, code);
  watch_signals();
  // Hidden: what the build installs beside the program, made from the definitions above.
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  try {
    if (words.size() == 2 && words[0] == "__man") return put(man_page(app, words[1])), kDone;
    if (words.size() == 2 && words[0] == "__completion" && words[1] == "bash") return put(bash_completion(app)), kDone;
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  } catch (const Failure& failure) {
    if (!failure.message.empty()) fmt::print(stderr, "necropsy: {}\n", displayable(failure.message));
    return failure.code;
  } catch (const StoreError& error) {
    if (stop_requested()) {
      fmt::print(stderr, "necropsy: stopped\n");
      return kStopped;
    }
    fmt::print(stderr, "necropsy: the case file: {}\n{}", displayable(error.what()), error.advice());
    return kInternal;
  } catch (const std::exception& error) {
    fmt::print(stderr, "necropsy: internal error: {}\n", displayable(error.what()));
    return kInternal;
  }
  if (fflush(stdout) != 0) return kDone;
  return code;
}
