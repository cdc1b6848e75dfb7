// SPDX-License-Identifier: Apache-2.0
// Error logs of Apache and nginx, and PHP's own: stamped messages, and between them what children of the server wrote
// to standard error. Those lines carry no time; where commands were injected they are the only trace of them.
#include <array>
#include <string>

#include "base/text.hpp"
#include "formats/head_lines.hpp"
#include "formats/peer.hpp"
#include "formats/web_error_line.hpp"
#include "parse/parser.hpp"
#include "services/apache_error/messages.hpp"

namespace necropsy {
namespace {

using web_error::Draft;
using web_error::StderrLine;

constexpr std::string_view kPaths[] = {"**/apache2/*error*log*",
                                       "**/apache/*error*log*",
                                       "**/apache-ssl/*error*",
                                       "**/httpd/*error*log*",
                                       "**/httpd-error.log",
                                       "**/apache*/logs/*error*log",
                                       "**/Apache*/**/error.log",
                                       "**/nginx/*error*log*",
                                       "**/httpd/ssl_engine_log",
                                       "**/lampp/logs/error_log",
                                       "**/vhosts/**/logs/*error*log*",
                                       "**/logs/error*log*",
                                       "**/ispconfig/httpd/**/error.log",
                                       "**/error_log",
                                       "**/*-error_log",
                                       "**/*-error.log",
                                       "**/php_error*log",
                                       "**/php_errors.log",
                                       "**/wamp*/logs/apache_error.log"};

constexpr Action kEmits[] = {Action::web_error,       Action::web_message,     Action::service_started,
                             Action::service_stopped, Action::service_failed,  Action::service_message,
                             Action::process_crashed, Action::process_message, Action::file_downloaded};

constexpr AttributeKey kKeys[] = {{"level", "level of the message"},
                                  {"module", "module that wrote it"},
                                  {"code", "Apache's number of the message (AHnnnnn)"},
                                  {"thread", "thread that wrote it"},
                                  {"connection", "nginx's number of the connection"},
                                  {"source", "source file and line that wrote it"},
                                  {"os_error", "error of the operating system, with its number"},
                                  {"referrer", "Referer header"},
                                  {"vhost", "name of the server that was asked for"},
                                  {"server", "nginx's server_name"},
                                  {"upstream", "where nginx sent the request on to"},
                                  {"protocol", "protocol of the request line"},
                                  {"refused_user", "1 when credentials were refused"},
                                  {"rule_id", "ModSecurity rule"},
                                  {"rule_message", "what that rule says it found"},
                                  {"unique_id", "id of the request (mod_unique_id)"},
                                  {"signal", "signal that ended a child"},
                                  {"line", "line of the PHP script"},
                                  {"stderr", "1 for what a child of the server wrote to its standard error"},
                                  {"script", "script that wrote the line, where the server names it"},
                                  {"inherited_time", "1 when the time is that of the line above"},
                                  {"zone", "zone as PHP printed it"}};

constexpr Sample kSamples[] = {
    {"[Sun Dec 04 04:47:44 2005] [error] [client 192.0.2.7] File does not exist: /var/www/html/x.php, referer: "
     "http://a.example/\n",
     "web.error time=2005-12-04T04:47:44Z ip=192.0.2.7 path=/var/www/html/x.php attr:level=error "
     "attr:referrer=http://a.example/ message=\"File does not exist: /var/www/html/x.php\""},
    {"[Wed Jun 01 10:15:32.123456 2022] [auth_basic:error] [pid 1234:tid 140] [client 192.0.2.7:5678] AH01618: user "
     "bob "
     "not found: /secret\n",
     "web.error.failure time=2022-06-01T10:15:32.123456Z user=bob ip=192.0.2.7 port=5678 pid=1234 url=/secret "
     "attr:code=AH01618 attr:module=auth_basic attr:thread=140"},
    {"[Tue Oct 11 00:02:22 2022] [notice] caught SIGTERM, shutting down\nsh: uname: command not found\n",
     "service.stopped time=2022-10-11T00:02:22Z\n"
     "process.message time=2022-10-11T00:02:22Z attr:stderr=1 attr:inherited_time=1"},
    {"[Tue Oct 11 00:02:22 2022] [notice] child pid 812 exit signal Segmentation fault (11)\n",
     "process.crashed pid=812 attr:signal=\"Segmentation fault (11)\""},
    {"2020/03/06 06:30:43 [error] 411#411: *2035 open() \"/srv/x.rss\" failed (2: No such file or directory), client: "
     "192.0.2.8, server: host5, request: \"GET /x.rss HTTP/1.1\", host: \"host5.example\"\n",
     "web.error time=2020-03-06T06:30:43Z ip=192.0.2.8 path=/srv/x.rss http_method=GET url=/x.rss pid=411 "
     "service=nginx "
     "attr:vhost=host5.example attr:server=host5"},
    {"[08-Jun-2010 10:43:07 Europe/Berlin] PHP Warning:  include(http://evil.example/x.txt): failed to open stream in "
     "/var/www/a.php on line 3\n",
     "web.error time=2010-06-08T08:43:07Z basis=offset path=/var/www/a.php attr:line=3"}};

class ErrorLogReader {
 public:
  ErrorLogReader(ContentStream& stream, const ParseContext& context, EventSink& sink)
      : stream_(stream), context_(context), clock_(*context.clock), sink_(sink) {}

  void read(std::string_view text, const Line& line) {
    Draft d;
    Event& e = d.event;
    e.where = {line.offset + static_cast<uint64_t>(text.data() - line.text.data()),
               line.length - static_cast<uint32_t>(text.data() - line.text.data())};
    e.record = line.number;
    if (read_web_error_line(text, parsed_)) {
      read_stamped(d);
    } else if (!read_unstamped(text, d)) {
      sink_.unparsed(e.where, "bad-time", "no line of this file tells a time");
      return;
    }
    e.attributes = {d.attributes.data(), d.count};
    sink_.record_read();
    sink_.event(e);
  }

 private:
  void read_stamped(Draft& d) {
    Event& e = d.event;
    last_ = time_of(parsed_);
    last_civil_ = parsed_.civil;
    e.time = *last_;
    e.message = parsed_.text.empty() ? std::string_view("(no text)") : parsed_.text;
    e.service_name = parsed_.kind == WebErrorKind::nginx ? "nginx"
                     : parsed_.kind == WebErrorKind::php ? "php"
                                                         : "apache";
    e.process_pid = parsed_.pid;
    read_peer(parsed_.client, peer_, true);
    e.source_ip = peer_.ip;
    e.source_host = peer_.host;
    e.source_port = peer_.port;
    // Without a port in the format, the last group of an IPv6 address is no port.
    if (!parsed_.client_has_port && parsed_.client.find(':') != parsed_.client.rfind(':')) {
      read_peer(parsed_.client, peer_, false);
      e.source_ip = peer_.ip;
      e.source_host = peer_.host;
      e.source_port.reset();
    }
    d.add("level", parsed_.level);
    d.add("module", parsed_.module);
    d.add("code", parsed_.code);
    if (parsed_.tid && parsed_.kind == WebErrorKind::apache) d.add("thread", *parsed_.tid);
    d.add("connection", parsed_.connection);
    d.add("source", parsed_.source);
    d.add("os_error", parsed_.os_error);
    d.add("referrer", parsed_.referrer);
    d.add("vhost", parsed_.host);
    d.add("server", parsed_.server);
    d.add("upstream", parsed_.upstream);
    if (zone_unknown_) d.add("zone", parsed_.zone);
    web_error::read_message(parsed_, d);
    // Apache doubles the `\` of DOMAIN\user.
    if (parsed_.kind == WebErrorKind::apache && e.user_name.find("\\\\") != std::string_view::npos) {
      user_.clear();
      for (size_t i = 0; i < e.user_name.size(); ++i) {
        if (e.user_name.substr(i).starts_with("\\\\")) ++i;
        user_ += e.user_name[i];
      }
      e.user_name = user_;
    }
    if (e.source_ip.empty() && !e.source_host.empty() && peer_.host.empty()) {
      const std::string_view inner = e.source_host;
      read_peer(inner, peer_, true);
      e.source_ip = peer_.ip;
      e.source_host = peer_.host;
      e.source_port = peer_.port;
    }
  }

  EventTime time_of(const WebErrorLine& line) {
    zone_unknown_ = false;
    if (line.zone.empty()) return clock_.local(line.civil, line.precision);
    if (line.zone == "UTC" || line.zone == "GMT") return clock_.utc(line.civil, line.precision);
    // PHP names its zone: the record carries it.
    if (line.zone != named_zone_) {
      named_zone_ = std::string(line.zone);
      zone_ = TimeZone::from_name(line.zone);
    }
    if (!zone_) {
      zone_unknown_ = true;
      return clock_.local(line.civil, line.precision);
    }
    const TimeZone::Local local = zone_->to_utc(line.civil);
    EventTime time = clock_.instant(Timestamp::from_unix(local.unix_seconds, line.civil.nanos), line.precision);
    time.basis = TimeBasis::offset;
    time.ambiguous = local.second_reading.has_value();
    time.skipped = local.skipped;
    return time;
  }

  // False when nothing in the file tells a time.
  bool read_unstamped(std::string_view text, Draft& d) {
    Event& e = d.event;
    const StderrLine line = web_error::read_stderr_line(text);
    e.message = text;
    d.add("stderr", 1);
    bool dated = false;
    if (line.own_time && (!line.time_only || last_civil_)) {
      Civil civil = *line.own_time;
      if (line.time_only) {
        civil.year = last_civil_->year;
        civil.month = last_civil_->month;
        civil.day = last_civil_->day;
        // Just after midnight, under a line of the evening before.
        if (unix_seconds(civil) + 43'200 < unix_seconds(*last_civil_))
          civil = civil_from_unix(unix_seconds(civil) + 86'400);
      }
      e.time = clock_.local(civil, TimePrecision::s);
      dated = true;
    }
    if (!dated) {
      if (!last_ && !find_bound()) return false;
      if (last_) {
        e.time = *last_;
        d.add("inherited_time", 1);
      } else {
        e.time = *bound_;
      }
    }
    switch (line.kind) {
      case StderrLine::Kind::process:
        e.action = Action::process_message;
        e.url = line.url;
        break;
      case StderrLine::Kind::download:
        e.action = Action::file_downloaded;
        e.file_path = line.saved_as;
        e.file_size = line.saved_bytes;
        break;
      case StderrLine::Kind::web:
        e.action = Action::web_error;
        break;
    }
    return true;
  }

  // Lines above the first stamp were written before it, whenever that was.
  bool find_bound() {
    if (!bound_searched_) {
      bound_searched_ = true;
      LineReader ahead(stream_);
      WebErrorLine line;
      while (auto next = ahead.next()) {
        if (!read_web_error_line(next->text, line)) continue;
        TimeResolver fresh(clock_.zone(), clock_.forced_year());
        bound_ = line.zone.empty() ? fresh.local(line.civil, line.precision) : time_of(line);
        break;
      }
      if (ahead.error()) return false;
      if (!bound_ && context_.modified) bound_ = clock_.instant(*context_.modified, TimePrecision::s);
      if (bound_) {
        bound_->basis = TimeBasis::bounded;
        bound_->latest = bound_->when;
        bound_->ambiguous = bound_->skipped = false;
      }
    }
    return bound_.has_value();
  }

  ContentStream& stream_;
  const ParseContext& context_;
  TimeResolver& clock_;
  EventSink& sink_;
  WebErrorLine parsed_;
  Peer peer_;
  std::optional<EventTime> last_, bound_;
  std::optional<Civil> last_civil_;
  bool bound_searched_ = false, zone_unknown_ = false;
  std::string named_zone_, user_;
  std::optional<TimeZone> zone_;
};

Match probe(const Probe& p) {
  size_t sure = 0;
  WebErrorLine parsed;
  const HeadCount count = count_head_lines(p.head, [&](std::string_view line) {
    if (!read_web_error_line(line, parsed)) return false;
    // `[Mon Jun  6 18:43:28 2016] text` alone is also what dmesg -T prints.
    if (!parsed.level.empty() || !parsed.client.empty() || parsed.text.starts_with("PHP ")) ++sure;
    return true;
  });
  if (count.hits == 0) return Match::no;
  return sure > 0 && (sure * 2 >= count.lines || sure >= 3) ? Match::yes : Match::maybe;
}

Finish parse(ContentStream& stream, const ParseContext& context, EventSink& sink) {
  ErrorLogReader reader(stream, context, sink);
  LineReader lines(stream);
  while (auto line = lines.next()) {
    if (!sink.keep_going()) return Finish::partial;
    if (!line->terminated && lines.error()) break;
    std::string_view text = line->text;
    while (!text.empty() && text[0] == '\0') text.remove_prefix(1);
    if (text.find_first_not_of(" \t\r\v\f") == std::string_view::npos) continue;
    reader.read(text, *line);
    if (line->cut)
      sink.problem({line->offset, line->length}, "cut-line", "line is longer than 1 MiB; its rest was passed over");
  }
  if (lines.error()) {
    sink.problem({lines.error()->offset, 0}, "read-error", lines.error()->what, Stage::parse, Severity::error);
    return Finish::partial;
  }
  return Finish::complete;
}

constexpr Descriptor kAbout{
    .name = "apache_error",
    .title = "Error log of Apache, nginx and PHP",
    .paths = kPaths,
    .emits = kEmits,
    .keys = kKeys,
    .zone_rule =
        "local time of the host, with year; PHP names its zone; unstamped lines take the time of the line above",
    .samples = kSamples};

}  // namespace

namespace parsers {
ParserEntry apache_error() { return {&kAbout, probe, parse}; }
}  // namespace parsers

}  // namespace necropsy
