// SPDX-License-Identifier: Apache-2.0
// Texts: Apache 1.3, 2.2 and 2.4 (server/core.c, server/request.c, mod_auth*.c, mod_cgi.c, mpm/*), nginx
// (ngx_http_auth_basic_module, ngx_http_static_module, ngx_process_cycle.c), ModSecurity 1.x and 2.x, PHP main/main.c.
#include "services/apache_error/messages.hpp"

#include "base/text.hpp"
#include "formats/clf_line.hpp"

namespace necropsy::web_error {
namespace {

constexpr size_t npos = std::string_view::npos;

bool is_serious(std::string_view level) {
  return level == "error" || level == "warn" || level == "crit" || level == "alert" || level == "emerg";
}

// Texts that end with the file they are about.
constexpr std::string_view kPathAtEnd[] = {"File does not exist: ",
                                           "script not found or unable to stat: ",
                                           "client denied by server configuration: ",
                                           "Directory index forbidden by rule: ",
                                           "Directory index forbidden by Options directive: ",
                                           "attempt to invoke directory as script: ",
                                           "Options ExecCGI is off in this directory: ",
                                           "Symbolic link not allowed or link target not accessible: ",
                                           "Symbolic link not allowed: ",
                                           "file permissions deny server access: ",
                                           "file permissions deny server execution: ",
                                           "file permissions deny server access to: ",
                                           "Premature end of script headers: ",
                                           "End of script output before headers: ",
                                           "client used wrong authentication scheme: ",
                                           "Script timed out before returning headers: ",
                                           "unable to include potential exec \"",
                                           "Cannot map "};

// Texts with the file between two others.
struct Enclosed {
  std::string_view before, after;
};
constexpr Enclosed kPathInside[] = {{"script '", "' not found or unable to stat"},
                                    {"stderr from ", ": "},
                                    {"Cannot serve directory ", ": No matching DirectoryIndex"},
                                    {"access to ", " failed"},
                                    {"access to ", " denied"},
                                    {"exec of '", "' failed"},
                                    {"exec of ", " failed"},
                                    {"couldn't create child process: ", ": "},
                                    {"open() \"", "\" failed"},
                                    {"opendir() \"", "\" failed"},
                                    {"stat() \"", "\" failed"},
                                    {"lstat() \"", "\" failed"},
                                    {"directory index of \"", "\" is forbidden"},
                                    {"malformed header from script '", "': "},
                                    {"malformed header from script. Bad header=", ": "},
                                    {"Negotiation: discovered file(s) matching request: ", " ("},
                                    {"\"", "\" is not found"},
                                    {"\"", "\" is forbidden"}};

// Refused credentials. The user is what the client sent; a text that is matched must begin with its first words.
bool read_refused_user(std::string_view text, Draft& d) {
  eat(text, "Digest: ");
  std::string_view user, path;
  if (eat(text, "Authorization of user ")) {
    user = take_until(text, " to access ");
    path = text.substr(0, text.rfind(" failed, reason: "));
  } else if (eat(text, "user `")) {
    user = take_until(text, "' in realm `");
    const size_t at = text.find("' not found: ");
    if (at == npos) return false;
    path = text.substr(at + 13);
  } else if (eat(text, "user \"")) {  // nginx
    if (const size_t at = text.find("\" was not found in \""); at != npos) {
      user = text.substr(0, at);
    } else if (const size_t bad = text.rfind("\": password mismatch"); bad != npos) {
      user = text.substr(0, bad);
    } else {
      return false;
    }
  } else if (eat(text, "user ")) {
    if (const size_t at = text.find(": authentication failure for \""); at != npos) {
      user = text.substr(0, at);
      path = text.substr(at + 30);
      path = path.substr(0, path.rfind("\": "));
    } else if (const size_t denied = text.find(": authorization failure for \""); denied != npos) {
      user = text.substr(0, denied);
      path = text.substr(denied + 29);
      path = path.substr(0, path.rfind("\":"));
    } else if (const size_t bad = text.find(": password mismatch: "); bad != npos) {
      user = text.substr(0, bad);
      path = text.substr(bad + 21);
    } else if (const size_t unknown = text.find(" not found"); unknown != npos) {
      user = text.substr(0, unknown);
      path = text.substr(unknown + 10);
      if (!path.empty() && !eat(path, ": ")) return false;
    } else {
      return false;
    }
  } else if (eat(text, "access to ")) {
    const size_t at = text.find(" failed, reason: user ");
    if (at == npos) return false;
    path = text.substr(0, at);
    user = text.substr(at + 22);
    if (eat(user, "'")) {
      user = user.substr(0, user.find('\''));
    } else {
      user = user.substr(0, user.find(' '));
    }
  } else {
    return false;
  }
  d.event.user_name = user;
  d.event.url = path;
  d.event.action = Action::web_error;
  d.event.outcome = Outcome::failure;
  d.add("refused_user", 1);
  return true;
}

// ` [key "value"]` of ModSecurity.
std::string_view tag_of(std::string_view text, std::string_view key) {
  for (size_t at = text.find(key); at != npos; at = text.find(key, at + 1)) {
    if (at == 0 || text[at - 1] != '[') continue;
    std::string_view value = text.substr(at + key.size());
    if (!eat(value, " \"")) continue;
    return value.substr(0, value.find("\"]"));
  }
  return {};
}

bool read_mod_security(std::string_view text, Draft& d) {
  const bool old = text.starts_with("mod_security: ");
  if (!old && !text.starts_with("ModSecurity: ") && !text.starts_with("ModSecurity for ")) return false;
  d.event.action = Action::web_error;
  if (text.starts_with("ModSecurity for ")) {
    d.event.action = Action::web_message;  // its banner
    return true;
  }
  if (const auto code = between(text, "with code ", " ")) {
    std::string_view digits = *code;
    while (!digits.empty() && !is_digit(digits.back())) digits.remove_suffix(1);
    d.event.http_status = to_number<int64_t>(digits);
    d.event.outcome = Outcome::failure;
  }
  d.event.url = tag_of(text, "uri");
  d.add("rule_id", tag_of(text, "id"));
  d.add("rule_message", tag_of(text, "msg"));
  d.add("unique_id", tag_of(text, "unique_id"));
  if (d.event.destination_host.empty()) d.add("vhost", tag_of(text, "hostname"));
  return true;
}

// `PHP Warning:  text in /p/x.php on line 3`, also inside FastCGI's and FPM's wrappings.
bool read_php(std::string_view text, Draft& d) {
  const bool php = text.starts_with("PHP ") || contains(text, "PHP message: ") || contains(text, "PHP Fatal error: ") ||
                   contains(text, "PHP Warning: ") || contains(text, "PHP Parse error: ");
  if (!php) return false;
  d.event.action = Action::web_error;
  // Newer releases write `in FILE:LINE` for uncaught exceptions.
  if (const size_t line = text.rfind(" on line "); line != npos) {
    std::string_view number = text.substr(line + 9);
    size_t digits = 0;
    while (digits < number.size() && is_digit(number[digits])) ++digits;
    const auto value = to_number<int64_t>(number.substr(0, digits));
    const size_t in = text.rfind(" in ", line);
    if (value && in != npos) {
      d.event.file_path = text.substr(in + 4, line - in - 4);
      d.add("line", *value);
    }
  }
  return true;
}

bool read_life(std::string_view text, Draft& d) {
  Event& e = d.event;
  const auto is = [&](Action action) {
    e.action = action;
    return true;
  };
  // Apache 1.3 to 2.4: child PID exit signal NAME (N); nginx: worker process PID exited on signal N
  std::string_view rest = text;
  if ((eat(rest, "child pid ") || eat(rest, "child process ")) && contains(rest, " exit signal ")) {
    if (const auto pid = to_number<int64_t>(take_until(rest, " "))) e.process_pid = pid;
    eat(rest, "exit signal ");
    d.add("signal", rest.substr(0, rest.find(',')));
    return is(Action::process_crashed);
  }
  rest = text;
  if (eat(rest, "worker process ") && contains(rest, " exited on signal ")) {
    if (const auto pid = to_number<int64_t>(take_until(rest, " "))) e.process_pid = pid;
    eat(rest, "exited on signal ");
    d.add("signal", rest);
    return is(Action::process_crashed);
  }
  if (text.starts_with("seg fault or similar nasty error")) return is(Action::process_crashed);
  if (contains(text, " configured -- resuming normal operations") || text == "start worker processes")
    return is(Action::service_started);
  if (text.starts_with("caught SIGTERM, shutting down") || text.starts_with("caught SIGWINCH, shutting down") ||
      text.starts_with("caught SIGINT, shutting down") || text.starts_with("httpd: caught SIGTERM, shutting down") ||
      (text.starts_with("signal ") && (text.ends_with(", exiting") || text.ends_with("shutting down"))))
    return is(Action::service_stopped);
  if (contains(text, "could not bind to address") || contains(text, "could not bind to port") ||
      contains(text, "no listening sockets available") || text.starts_with("Configuration Failed") ||
      (text.starts_with("bind() to ") && contains(text, " failed")))
    return is(Action::service_failed);
  if (text.starts_with("Graceful restart requested") || text.starts_with("SIGHUP received") ||
      text.starts_with("SIGUSR1 received") || text.starts_with("signal 1 (SIGHUP) received"))
    return is(Action::service_message);
  return false;
}

// Client inside the text: `mod_ssl: SSL handshake failed (server H:443, client A) (…)`.
void read_inner_client(std::string_view text, Draft& d) {
  if (!d.event.source_ip.empty() || !text.starts_with("mod_ssl: ")) return;
  if (const auto client = between(text, ", client ", ")")) d.event.source_host = *client;
}

}  // namespace

namespace {

// What mod_cgi passes on from a script: `AH01215: [stderr from SCRIPT: ]text` (2.4).
bool read_script_stderr(std::string_view code, std::string_view text, Draft& d) {
  if (code != "AH01215") return false;
  std::string_view script;
  if (eat(text, "stderr from ")) script = take_until(text, ": ");
  d.add("stderr", 1);
  d.event.action = Action::web_error;
  d.event.file_path = script;
  StderrLine line = read_stderr_line(text);
  // Progress bars arrive sign by sign.
  if (trim(text).size() <= 1) line.kind = StderrLine::Kind::process;
  if (line.kind == StderrLine::Kind::web) return true;
  d.add("script", script);
  d.event.action = line.kind == StderrLine::Kind::download ? Action::file_downloaded : Action::process_message;
  d.event.url = line.url;
  d.event.file_path = line.saved_as;
  d.event.file_size = line.saved_bytes;
  return true;
}

}  // namespace

void read_message(const WebErrorLine& line, Draft& d) {
  Event& e = d.event;
  std::string_view text = line.text;
  if (!line.os_error.empty() && text.starts_with(line.os_error)) text.remove_prefix(line.os_error.size() + 2);
  if (!line.code.empty() && text.starts_with(line.code)) {
    text.remove_prefix(line.code.size() + 1);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  if (!line.request.empty()) {
    const ClfRequest request = split_request(line.request);
    e.http_method = request.method;
    e.url = request.uri;
  }
  if (read_life(text, d)) return;
  e.action = is_serious(line.level) || line.level.empty() ? Action::web_error : Action::web_message;
  if (line.kind == WebErrorKind::php) e.action = Action::web_error;
  read_inner_client(text, d);
  if (read_script_stderr(line.code, text, d) || read_refused_user(text, d) || read_mod_security(text, d) ||
      read_php(text, d))
    return;
  std::string_view rest = text;
  if (eat(rest, "Invalid URI in request ")) {
    const ClfRequest request = split_request(rest);
    e.http_method = request.method;
    e.url = request.uri;
    e.outcome = Outcome::failure;
    return;
  }
  if (rest = text; eat(rest, "invalid URI path (")) {
    e.url = rest.substr(0, rest.rfind(')'));
    e.outcome = Outcome::failure;
    return;
  }
  if (text.starts_with("client denied by server configuration") || text.starts_with("access forbidden by rule"))
    e.outcome = Outcome::failure;
  for (std::string_view before : kPathAtEnd)
    if (text.starts_with(before)) {
      e.file_path = text.substr(before.size());
      // 2.4 says this as information only.
      e.action = Action::web_error;
      return;
    }
  for (const Enclosed& shape : kPathInside) {
    if (!text.starts_with(shape.before)) continue;
    const size_t end = text.find(shape.after, shape.before.size());
    if (end == npos) continue;
    e.file_path = text.substr(shape.before.size(), end - shape.before.size());
    return;
  }
}

namespace {

// First words of lines that shells, download programs and what they run write.
constexpr std::string_view kPrograms[] = {
    "sh",     "bash",    "dash",     "ash",     "ksh",     "csh",     "tcsh",      "zsh",          "wget",  "curl",
    "fetch",  "lynx",    "cat",      "ls",      "rm",      "cp",      "mv",        "mkdir",        "rmdir", "chmod",
    "chown",  "chattr",  "touch",    "ln",      "tar",     "gzip",    "gunzip",    "bzip2",        "unzip", "perl",
    "perl5",  "gcc",     "cc",       "make",    "python",  "python2", "ruby",      "php",          "id",    "uname",
    "ps",     "kill",    "pkill",    "killall", "nohup",   "find",    "grep",      "sed",          "awk",   "head",
    "tail",   "nc",      "netcat",   "ncat",    "ping",    "host",    "ftp",       "tftp",         "scp",   "ssh",
    "su",     "sudo",    "crontab",  "useradd", "passwd",  "mysql",   "mysqldump", "env",          "xargs", "base64",
    "cd",     "dd",      "python3",  "node",    "java",    "GET",     "POST",      "lwp-download", "links", "axel",
    "aria2c", "busybox", "ifconfig", "ip",      "netstat", "ss",      "which",     "test",         "expr",  "sort",
    "uniq",   "cut",     "tr",       "date",    "sleep"};

bool is_program(std::string_view word) {
  if (const size_t slash = word.rfind('/'); slash != npos) word = word.substr(slash + 1);
  for (std::string_view known : kPrograms)
    if (word == known) return true;
  return false;
}

// `name: …` or `/path/name: …` of a program.
bool is_program_message(std::string_view line) {
  const size_t colon = line.find(':');
  return colon != npos && colon > 0 && colon <= 64 && is_program(line.substr(0, colon));
}

constexpr std::string_view kFromTheStart[] = {"Resolving ",
                                              "Connecting to ",
                                              "HTTP request sent",
                                              "Length: ",
                                              "Saving to: ",
                                              "Location: ",
                                              "Reusing existing connection",
                                              "Reusing connection",
                                              "FINISHED --",
                                              "Downloaded: ",
                                              "Connection closed at byte",
                                              "Unable to resolve",
                                              "Unable to establish SSL",
                                              "  % Total ",
                                              "Dload  Upload",
                                              "Can't open perl script",
                                              "Can't locate ",
                                              "rm: ",
                                              "BusyBox v",
                                              "Usage: ",
                                              "usage: ",
                                              "Try `",
                                              "No such file or directory",
                                              "Giving up.",
                                              "Retrying.",
                                              "Logging in as ",
                                              "==> "};

// `[ <=> ] 1,234`, `100%[=====>] 1,234`, ` 0K .......... 50%`, curl's columns of numbers
bool is_progress(std::string_view line) {
  if (contains(line, "%[") || contains(line, "[ <=>") || contains(line, "<=>")) return true;
  const std::string_view text = trim(line);
  if (text.empty()) return false;
  size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  if (digits > 0 && digits < text.size() && text[digits] == 'K' && (contains(text, " .") || contains(text, "%")))
    return true;
  size_t numeric = 0;
  for (char c : text)
    numeric += is_digit(c) || c == ' ' || c == ':' || c == '-' || c == '.' || c == 'k' || c == 'M' || c == '\r';
  return digits > 0 && numeric == text.size();
}

bool read_day_and_clock(std::string_view& text, StderrLine& out) {
  Civil civil;
  std::string_view rest = text;
  if (read_iso_date(rest, civil)) {
    if (!eat(rest, " ")) return false;
  } else {
    out.time_only = true;
    rest = text;
  }
  if (rest.size() < 8 || !read_clock(rest, civil)) return false;
  if (!out.time_only && !valid(civil)) return false;
  out.own_time = civil;
  text = rest;
  return true;
}

}  // namespace

StderrLine read_stderr_line(std::string_view line) {
  StderrLine out;
  // wget: `--2010-06-08 10:43:07--  http://…` (1.11 and later), `--10:43:07--  http://…` (before)
  std::string_view rest = line;
  if (eat(rest, "--") && read_day_and_clock(rest, out) && eat(rest, "--")) {
    out.kind = StderrLine::Kind::process;
    out.url = trim(rest);
    return out;
  }
  out = StderrLine();
  // wget: `2010-06-08 10:43:08 (1.20 MB/s) - `bot.txt' saved [123/123]`
  rest = line;
  if (read_day_and_clock(rest, out) && eat(rest, " (")) {
    out.kind = StderrLine::Kind::process;
    const size_t saved = rest.rfind(" saved [");
    const size_t dash = rest.find(") - ");
    if (saved != npos && dash != npos && dash + 4 < saved) {
      std::string_view name = rest.substr(dash + 4, saved - dash - 4);
      // Quotes are ` and ', ASCII or typographic, by version and locale.
      for (std::string_view quote : {"`", "'", "\xE2\x80\x98", "\xE2\x80\x99", "\"", "\xE2\x80\x9C"})
        if (eat(name, quote)) break;
      for (std::string_view quote : {"'", "\xE2\x80\x99", "\"", "\xE2\x80\x9D"})
        if (name.ends_with(quote)) {
          name.remove_suffix(quote.size());
          break;
        }
      std::string_view size = rest.substr(saved + 8);
      size_t digits = 0;
      while (digits < size.size() && is_digit(size[digits])) ++digits;
      out.saved_bytes = to_number<int64_t>(size.substr(0, digits));
      if (!name.empty() && out.saved_bytes) {
        out.saved_as = name;
        out.kind = StderrLine::Kind::download;
      }
    }
    return out;
  }
  out = StderrLine();
  bool process = is_program_message(line) || is_progress(line) || contains(line, "command not found") ||
                 line.ends_with(": not found") || contains(line, " => `") || contains(line, " => '");
  for (std::string_view start : kFromTheStart) process = process || line.starts_with(start);
  out.kind = process ? StderrLine::Kind::process : StderrLine::Kind::web;
  return out;
}

}  // namespace necropsy::web_error
