// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "correlate/failures.hpp"

namespace necropsy {
namespace {

constexpr int64_t kDay = 24 * 3600 * int64_t{1'000'000};
constexpr std::ptrdiff_t kMostOfWindow = 50'000;

int64_t distinct(std::vector<uint32_t>& ids) {
  std::sort(ids.begin(), ids.end());
  return std::unique(ids.begin(), ids.end()) - ids.begin();
}

}  // namespace

void FailedTries::want(int64_t host, int64_t peer, int64_t user, int64_t ts) {
  if (peer != 0) peers_[{host, peer}].logins.push_back(ts);
  if (user != 0) users_[{host, user}].logins.push_back(ts);
}

void FailedTries::keep(Subjects& subjects, int64_t host, int64_t who, const Try& t) {
  const auto found = subjects.find({host, who});
  if (found == subjects.end() || full()) return;
  Subject& subject = found->second;
  const auto login = std::lower_bound(subject.logins.begin(), subject.logins.end(), t.ts);
  if (login == subject.logins.end() || *login - t.ts > kDay) return;
  subject.tries.push_back(t);
  ++kept_;
}

void FailedTries::add(int64_t host, int64_t peer, int64_t user, int64_t ts, FailureClass what, uint8_t parser,
                      int64_t n) {
  Try t{ts, static_cast<uint32_t>(user), static_cast<uint32_t>(n), what, parser};
  if (peer != 0) keep(peers_, host, peer, t);
  if (user == 0 || what != FailureClass::login) return;
  t.other = static_cast<uint32_t>(peer);
  keep(users_, host, user, t);
}

void FailedTries::sort() {
  for (Subjects* subjects : {&peers_, &users_})
    for (auto& [who, subject] : *subjects)
      std::stable_sort(subject.tries.begin(), subject.tries.end(),
                       [](const Try& a, const Try& b) { return a.ts < b.ts; });
}

std::pair<const FailedTries::Try*, const FailedTries::Try*> FailedTries::window(const Subjects& subjects, int64_t host,
                                                                                int64_t who, int64_t from, int64_t to) {
  const auto found = subjects.find({host, who});
  if (found == subjects.end()) return {nullptr, nullptr};
  const auto& tries = found->second.tries;
  const auto last =
      std::upper_bound(tries.begin(), tries.end(), to, [](int64_t ts, const Try& t) { return ts < t.ts; });
  const auto first = std::lower_bound(tries.begin(), last, from, [](const Try& t, int64_t ts) { return t.ts < ts; });
  const std::ptrdiff_t n = std::min(last - first, kMostOfWindow);
  const Try* end = tries.data() + (last - tries.begin());
  return {end - n, end};
}

std::vector<FailedTries::Count> FailedTries::of_peer(int64_t host, int64_t peer, int64_t from, int64_t to) const {
  const auto [begin, end] = window(peers_, host, peer, from, to);
  std::map<std::pair<FailureClass, uint8_t>, std::pair<Count, std::vector<uint32_t>>> found;
  for (const Try* t = begin; t != end; ++t) {
    auto& [count, users] = found[{t->what, t->parser}];
    if (count.n == 0) count.first = t->ts;
    count.last = t->ts;
    count.n += t->n;
    if (t->other != 0 && (users.empty() || users.back() != t->other)) users.push_back(t->other);
  }
  std::vector<Count> out;
  for (auto& [key, value] : found) {
    Count& count = value.first;
    count.what = key.first;
    count.parser = key.second;
    count.users = distinct(value.second);
    out.push_back(count);
  }
  return out;
}

FailedTries::Spread FailedTries::of_user(int64_t host, int64_t user, int64_t from, int64_t to) const {
  const auto [begin, end] = window(users_, host, user, from, to);
  Spread out;
  std::vector<uint32_t> peers;
  for (const Try* t = begin; t != end; ++t) {
    out.n += t->n;
    peers.push_back(t->other);
  }
  out.peers = distinct(peers);
  return out;
}

}  // namespace necropsy
