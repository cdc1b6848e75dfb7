// SPDX-License-Identifier: Apache-2.0
// Worker: does jobs on evidence and answers in frames. Read-only; knows nothing of the case.
// One thread. Keeps evidence open between jobs.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "engine/channel.hpp"
#include "engine/jobs.hpp"
#include "evidence/image.hpp"

namespace necropsy {

class Worker {
 public:
  // `spool_fd`: an unlinked temporary file for unpacking, or -1.
  Worker(Channel& channel, int spool_fd) : channel_(channel), spool_fd_(spool_fd) {}
  // Runs one job to its end; always ends with a done frame.
  void run(const Job& job);

 private:
  Result<Image*> image(const std::string& path, std::optional<uint64_t> media_offset);
  Result<FileTree*> tree(const VolumeSpec& volume);
  ProblemHandler problems();
  void send(wire::Type type, const wire::Out& out);
  wire::JobDone survey(const Job& job);
  wire::JobDone profile(const Job& job);
  wire::JobDone packages(const Job& job);
  wire::JobDone walk(const Job& job);
  wire::JobDone parse(const Job& job);
  wire::JobDone digest(const Job& job);
  wire::JobDone raw(const Job& job);
  wire::JobDone content(const Job& job);
  wire::JobDone media(const Job& job);

  Channel& channel_;
  int spool_fd_;
  std::map<std::string, std::unique_ptr<Image>> images_;
  std::map<std::string, std::unique_ptr<FileTree>> trees_;  // closed before the images they lie on
};

// Body of a worker process: jobs come in on `socket`, frames go out on it, until it is closed. Returns an exit status.
int worker_main(int socket, int spool_fd);

}  // namespace necropsy
