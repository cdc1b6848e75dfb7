// SPDX-License-Identifier: Apache-2.0
// One stamped line of an error log of Apache (1.2 to 2.4, mod_ssl's ssl_engine_log), nginx or PHP. Structure only.
// Sources: Apache server/log.c and the ErrorLogFormat directive, nginx src/core/ngx_log.c, PHP main/main.c
// php_log_err(). All views point into the line.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/timestamp.hpp"

namespace necropsy {

enum class WebErrorKind : uint8_t { apache, nginx, php };

struct WebErrorLine {
  WebErrorKind kind = WebErrorKind::apache;
  Civil civil;  // local time of the server
  TimePrecision precision = TimePrecision::s;
  std::string_view zone;           // as PHP prints it: `UTC`, `Area/City`; empty when the line names none
  std::string_view module, level;  // core, error
  std::optional<int64_t> pid, tid;
  std::string_view client;       // as it stands, port included
  bool client_has_port = false;  // 2.4 writes a port behind the address, also behind IPv6 without brackets
  std::string_view source;       // mod_x.c(123)
  std::string_view os_error;     // (13)Permission denied
  std::string_view code;         // AH01618
  std::string_view text;         // the message with its code, without the referer
  std::string_view referrer;
  // nginx
  std::string_view connection, server, request, host, upstream;
};

// False when the line has no such stamp in front.
bool read_web_error_line(std::string_view line, WebErrorLine& out);

// Whether `word` is a level of Apache or nginx (emerg … debug, trace1 … trace8).
bool is_web_error_level(std::string_view word);

}  // namespace necropsy
