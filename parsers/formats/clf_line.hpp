// SPDX-License-Identifier: Apache-2.0
// One line of a web server's access log, in the common log format and what grew out of it. Structure only.
// Sources: mod_log_config (CustomLog formats common, combined, combinedio, vhost_combined; escaping since 1.3.25 and
// 2.0.46), mod_ssl (ssl_request_log), ngx_http_log_module (combined). All views point into the line.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/timestamp.hpp"

namespace necropsy {

struct ClfLine {
  std::string_view vhost;              // `name` or `name:port` in front; empty when there is none
  std::string_view host, ident, user;  // as they stand; empty for `-` and `""`
  std::string_view forwarded;          // list of addresses in front of or behind the rest (X-Forwarded-For)
  std::string_view middle;             // bare words between time and request (TLS protocol and cipher)
  std::string_view request;            // without its quotes, escapes as they stand
  std::string_view status, bytes;      // empty when the line does not have them
  std::string_view referrer, agent;    // without quotes, escapes as they stand; empty for `-`
  std::string_view tail;               // what follows, as it stands
  Civil civil;                         // start of the request (Apache) or its end (nginx)
  int32_t offset = 0;                  // seconds east of UTC
  std::optional<Timestamp> instant;    // for stamps that count from 1970; `civil` is unused then
  TimePrecision precision = TimePrecision::s;
  bool leading_time = false;  // time before host: ssl_request_log
  bool truncated = false;     // a quoted text has no end
  bool ambiguous = false;     // more than one place could be the end of the request: quotes were not escaped
};

// False when it is no such line. A line that breaks off inside the request or later is read as far as it goes.
bool read_clf_line(std::string_view line, ClfLine& out);

// METHOD, URI and protocol of a request text; a text that has not this shape is all `uri`.
struct ClfRequest {
  std::string_view method, uri, protocol;
};
ClfRequest split_request(std::string_view request);

}  // namespace necropsy
