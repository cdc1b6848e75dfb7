// SPDX-License-Identifier: Apache-2.0
// Where a worker's frames go: over a socket to the conductor, or straight into it (--jobs 0).
#pragma once
#include <functional>
#include <string_view>

#include "engine/wire.hpp"

namespace necropsy {

class Channel {
 public:
  virtual ~Channel() = default;
  // Hands one frame on. False: the other side is gone or the run is being stopped; the job ends.
  virtual bool send(wire::Type type, std::string_view payload) = 0;
};

// For a worker in the conductor's own process.
class DirectChannel final : public Channel {
 public:
  using Handler = std::function<bool(wire::Type, std::string_view)>;
  explicit DirectChannel(Handler handler) : handler_(std::move(handler)) {}
  bool send(wire::Type type, std::string_view payload) override { return handler_(type, payload); }

 private:
  Handler handler_;
};

}  // namespace necropsy
