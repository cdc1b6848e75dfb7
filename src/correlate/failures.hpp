// SPDX-License-Identifier: Apache-2.0
// Failed tries, read in one pass over the events: `attack_source` (by peer), `failure_cover` (where they would be
// seen), temp.failed_of (by account), and in memory those that a login can be weighed by.
#pragma once
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "store/database.hpp"

namespace necropsy {

// What a failed try is told by: each is counted for itself, since one try is often told of by several lines and logs.
enum class FailureClass : uint8_t { login = 1, unknown_user = 2, refusal = 3, probe = 4 };

// The tries in the 24 hours before each login, by its peer and by its account. Peers and accounts are string ids.
class FailedTries {
 public:
  struct Count {
    FailureClass what = FailureClass::login;
    uint8_t parser = 0;
    int64_t n = 0, users = 0, first = 0, last = 0;  // times in µs
  };
  struct Spread {
    int64_t n = 0, peers = 0;
  };

  // A login to be weighed: makes the tries before it worth keeping. All of them before the first add().
  void want(int64_t host, int64_t peer, int64_t user, int64_t ts);  // peer, user: 0 for none
  void add(int64_t host, int64_t peer, int64_t user, int64_t ts, FailureClass what, uint8_t parser, int64_t n);
  void sort();

  // One row for each class and parser, of the newest tries when there are very many.
  std::vector<Count> of_peer(int64_t host, int64_t peer, int64_t from, int64_t to) const;
  // Tries of an account (class login) and from how many peers.
  Spread of_user(int64_t host, int64_t user, int64_t from, int64_t to) const;
  // More tries than are kept: what is counted is less than there was.
  bool full() const { return kept_ >= kMostKept; }

 private:
  static constexpr size_t kMostKept = 10'000'000;
  struct Try {
    int64_t ts = 0;
    uint32_t other = 0, n = 0;  // other: the user where a peer tried, the peer where a user was tried
    FailureClass what = FailureClass::login;
    uint8_t parser = 0;
  };
  struct Subject {
    std::vector<int64_t> logins;  // sorted
    std::vector<Try> tries;       // sorted by time after sort()
  };
  using Subjects = std::map<std::pair<int64_t, int64_t>, Subject>;
  void keep(Subjects& subjects, int64_t host, int64_t who, const Try& t);
  static std::pair<const Try*, const Try*> window(const Subjects& subjects, int64_t host, int64_t who, int64_t from,
                                                  int64_t to);
  Subjects peers_, users_;
  size_t kept_ = 0;
};

// Also fills temp.host_name and temp.log_of_source, which later steps use.
void prepare_names(Database& db);
// Needs `login` without its verdicts.
FailedTries collect_failures(Database& db);

}  // namespace necropsy
