// SPDX-License-Identifier: Apache-2.0
// Access logs of Apache, nginx and whatever writes the common log format: one request a line.
// Sources: Apache mod_log_config and mod_ssl, ngx_http_log_module, proftpd mod_log (ExtendedLog), pure-ftpd AltLog clf.
#include <array>
#include <string>

#include "base/text.hpp"
#include "formats/clf_line.hpp"
#include "formats/head_lines.hpp"
#include "formats/peer.hpp"
#include "parse/parser.hpp"

namespace necropsy {
namespace {

constexpr std::string_view kPaths[] = {"**/apache2/*access*log*",
                                       "**/apache2/other_vhosts_access.log",
                                       "**/apache/*access*log*",
                                       "**/apache-ssl/*",
                                       "**/httpd/*access*log*",
                                       "**/httpd/ssl_request_log",
                                       "**/httpd/logs/*access*log",
                                       "**/httpd-access.log",
                                       "**/apache*/logs/*access*log*",
                                       "**/Apache*/**/access.log",
                                       "**/Apache24/logs/*access*log",
                                       "**/domlogs/**",
                                       "**/access-logs/*",
                                       "**/vhosts/**/logs/*access*log*",
                                       "**/vhosts/**/statistics/logs/*access*log*",
                                       "**/ispconfig/httpd/**",
                                       "**/httpd/domains/*.log",
                                       "**/lampp/logs/access_log",
                                       "**/nginx/*access*log*",
                                       "**/lighttpd/access.log",
                                       "**/logs/ssl_request*log",
                                       "**/logs/access*log*",
                                       "**/proftpd/*.log",
                                       "**/pure-ftpd/transfer.log",
                                       "**/access_log",
                                       "**/access.log",
                                       "**/*-access_log",
                                       "**/*-access.log"};

constexpr Action kEmits[] = {Action::web_request, Action::ftp_login,  Action::ftp_upload, Action::ftp_download,
                             Action::ftp_delete,  Action::ftp_rename, Action::ftp_mkdir,  Action::ftp_rmdir,
                             Action::ftp_command, Action::ftp_logout};

constexpr AttributeKey kKeys[] = {
    {"protocol", "protocol of the request line"},
    {"referrer", "Referer header"},
    {"vhost", "name of the virtual host that served the request"},
    {"vhost_port", "its port"},
    {"forwarded_for", "list of addresses given by proxies or by the client itself (forgeable)"},
    {"ident", "answer of the client's ident service"},
    {"tls_protocol", "TLS version (ssl_request_log)"},
    {"tls_cipher", "cipher suite (ssl_request_log)"},
    {"reply", "reply code of the FTP server"},
    {"tail", "further fields of the line, as they stand"},
    {"truncated", "1 when the line breaks off"},
    {"ambiguous", "1 when quotes were not escaped and the end of the request could lie elsewhere"}};

constexpr Sample kSamples[] = {
    {"192.0.2.10 - - [13/Jan/2016:19:31:16 +0000] \"GET /themes/header.php?install2 HTTP/1.1\" 200 494\n",
     "web.request.success time=2016-01-13T19:31:16Z basis=offset ip=192.0.2.10 http_method=GET "
     "url=/themes/header.php?install2 status=200 bytes=494 attr:protocol=HTTP/1.1 user= agent= message="},
    {"www.example.org:443 2001:db8::7 - eve@EXAMPLE.ORG [13/Jan/2018:19:31:17 +0200] \"POST /up.php HTTP/1.1\" 404 - "
     "\"http://www.example.org/\" \"Mozilla/5.0 (X11)\" \"198.51.100.7, 10.0.0.1\" 1234\n",
     "web.request.failure time=2018-01-13T17:31:17Z ip=2001:db8::7 user=eve@EXAMPLE.ORG http_method=POST url=/up.php "
     "status=404 bytes=0 agent=\"Mozilla/5.0 (X11)\" attr:vhost=www.example.org attr:vhost_port=443 "
     "attr:referrer=http://www.example.org/ attr:forwarded_for=\"198.51.100.7, 10.0.0.1\""},
    {"[13/Jan/2016:19:31:16 +0000] 192.0.2.10 TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384 \"GET /x HTTP/1.1\" 494\n",
     "web.request time=2016-01-13T19:31:16Z ip=192.0.2.10 url=/x status= bytes=494 attr:tls_protocol=TLSv1.2 "
     "attr:tls_cipher=ECDHE-RSA-AES256-GCM-SHA384"},
    {"192.0.2.10 UNKNOWN bob [14/May/2010:05:16:12 +0200] \"STOR x.php\" 226 11974\n",
     "ftp.upload.success time=2010-05-14T03:16:12Z ip=192.0.2.10 user=bob path=x.php size=11974 service=ftp"}};

struct FtpVerb {
  std::string_view name;
  Action action;
};
constexpr FtpVerb kFtpVerbs[] = {
    {"STOR", Action::ftp_upload},   {"APPE", Action::ftp_upload},  {"STOU", Action::ftp_upload},
    {"RETR", Action::ftp_download}, {"DELE", Action::ftp_delete},  {"RNTO", Action::ftp_rename},
    {"MKD", Action::ftp_mkdir},     {"XMKD", Action::ftp_mkdir},   {"RMD", Action::ftp_rmdir},
    {"XRMD", Action::ftp_rmdir},    {"PASS", Action::ftp_login},   {"QUIT", Action::ftp_logout},
    {"USER", Action::ftp_command},  {"RNFR", Action::ftp_command}, {"SITE", Action::ftp_command},
    {"CWD", Action::ftp_command},   {"XCWD", Action::ftp_command}, {"CDUP", Action::ftp_command},
    {"XCUP", Action::ftp_command},  {"PWD", Action::ftp_command},  {"XPWD", Action::ftp_command},
    {"LIST", Action::ftp_command},  {"NLST", Action::ftp_command}, {"MLSD", Action::ftp_command},
    {"MLST", Action::ftp_command},  {"PASV", Action::ftp_command}, {"EPSV", Action::ftp_command},
    {"PORT", Action::ftp_command},  {"EPRT", Action::ftp_command}, {"TYPE", Action::ftp_command},
    {"SIZE", Action::ftp_command},  {"MDTM", Action::ftp_command}, {"MFMT", Action::ftp_command},
    {"REST", Action::ftp_command},  {"SYST", Action::ftp_command}, {"STAT", Action::ftp_command},
    {"FEAT", Action::ftp_command},  {"NOOP", Action::ftp_command}, {"ABOR", Action::ftp_command},
    {"AUTH", Action::ftp_command},  {"PBSZ", Action::ftp_command}, {"PROT", Action::ftp_command},
    {"CLNT", Action::ftp_command},  {"OPTS", Action::ftp_command}, {"ALLO", Action::ftp_command},
    {"STRU", Action::ftp_command},  {"MODE", Action::ftp_command}};

std::optional<Action> ftp_action(std::string_view method, bool pure_ftpd) {
  for (const FtpVerb& verb : kFtpVerbs)
    if (method == verb.name) return verb.action;
  // pure-ftpd dresses its transfers as requests.
  if (pure_ftpd && method == "PUT") return Action::ftp_upload;
  if (pure_ftpd && method == "GET") return Action::ftp_download;
  return std::nullopt;
}

// Replies that RFC 959 and its extensions know. A web server answers the same words with 400, 404, 405 or 501.
bool is_ftp_reply(int64_t status) {
  static constexpr int16_t kReplies[] = {110, 120, 125, 150, 200, 202, 211, 212, 213, 214, 215, 220, 221, 225,
                                         226, 227, 228, 229, 230, 231, 232, 234, 235, 250, 257, 331, 332, 334,
                                         335, 336, 350, 421, 425, 426, 430, 434, 450, 451, 452, 500, 502, 503,
                                         504, 530, 532, 533, 534, 535, 536, 537, 550, 551, 552, 553};
  for (int16_t reply : kReplies)
    if (status == reply) return true;
  return false;
}

// `\"` back to `"`; other escapes are evidence and stay.
std::string_view unescape_quotes(std::string_view text, std::string& held) {
  size_t at = text.find("\\\"");
  if (at == std::string_view::npos) return text;
  held.clear();
  size_t from = 0;
  for (; at != std::string_view::npos; at = text.find("\\\"", from)) {
    held.append(text, from, at - from);
    held += '"';
    from = at + 2;
  }
  held.append(text, from);
  return held;
}

class AccessReader {
 public:
  AccessReader(const ParseContext& context, EventSink& sink)
      : clock_(*context.clock),
        sink_(sink),
        pure_ftpd_(contains_ignore_case(context.path, "pure-ftpd") || contains(context.path, "/ftp.")) {}

  bool read(std::string_view text, const Line& line) {
    if (!read_clf_line(text, clf_)) return false;
    Event e;
    e.where = {line.offset + static_cast<uint64_t>(text.data() - line.text.data()),
               line.length - static_cast<uint32_t>(text.data() - line.text.data())};
    e.record = line.number;
    e.time = clf_.instant ? clock_.instant(*clf_.instant, clf_.precision)
                          : clock_.with_offset(clf_.civil, clf_.offset, clf_.precision);
    read_peer(clf_.host, peer_, true);
    e.source_ip = peer_.ip;
    e.source_host = peer_.host;
    e.source_port = peer_.port;
    e.user_name = user(clf_.user);
    count_ = 0;

    e.http_status = to_number<int64_t>(clf_.status);
    if (clf_.bytes == "-") {
      e.http_bytes = 0;
    } else {
      e.http_bytes = to_number<int64_t>(clf_.bytes);
    }
    const int64_t status = e.http_status.value_or(0);
    if (status >= 400) {
      e.outcome = Outcome::failure;
    } else if (status >= 200) {
      e.outcome = Outcome::success;
    }

    const ClfRequest request = split_request(clf_.request);
    const bool plain = request.protocol.empty() && clf_.agent.empty() && clf_.referrer.empty() && clf_.tail.empty();
    const auto ftp = plain && is_ftp_reply(status) ? ftp_action(request.method, pure_ftpd_) : std::nullopt;
    if (ftp) {
      as_ftp(e, request, *ftp, status);
    } else {
      e.action = Action::web_request;
      e.http_method = request.method;
      e.url = unescape_quotes(request.uri, url_);
      e.user_agent = unescape_quotes(clf_.agent, agent_);
      if (e.url.empty() && e.http_method.empty()) e.message_format = "%.0s%.0s%s sent a request without a request line";
      add("protocol", request.protocol);
    }
    add("referrer", unescape_quotes(clf_.referrer, referrer_));
    if (!clf_.vhost.empty()) {
      const size_t colon = clf_.vhost.rfind(':');
      const auto port =
          colon == std::string_view::npos ? std::optional<int64_t>() : to_number<int64_t>(clf_.vhost.substr(colon + 1));
      add("vhost", port ? clf_.vhost.substr(0, colon) : clf_.vhost);
      if (port) attributes_[count_++] = {"vhost_port", {}, port};
    }
    add("forwarded_for", clf_.forwarded);
    add("ident", clf_.ident == "UNKNOWN" ? std::string_view() : clf_.ident);
    std::string_view tail = clf_.tail;
    if (clf_.leading_time) {
      std::string_view words = clf_.middle;
      add("tls_protocol", unless_dash(take_word(words)));
      add("tls_cipher", unless_dash(take_word(words)));
      if (tail.empty()) tail = words;
    } else if (tail.empty()) {
      tail = clf_.middle;
    }
    add("tail", tail);
    if (clf_.truncated || line.cut) attributes_[count_++] = {"truncated", {}, 1};
    if (clf_.ambiguous) attributes_[count_++] = {"ambiguous", {}, 1};
    e.attributes = {attributes_.data(), count_};
    sink_.record_read();
    sink_.event(e);
    return true;
  }

 private:
  static std::string_view unless_dash(std::string_view text) { return text == "-" ? std::string_view() : text; }

  void add(std::string_view key, std::string_view text) {
    if (!text.empty()) attributes_[count_++] = {key, text};
  }

  // Apache writes the `\` of DOMAIN\user twice, and a quote with one.
  std::string_view user(std::string_view text) {
    if (text.find('\\') == std::string_view::npos) return text;
    user_.clear();
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '\\' || text[i + 1] == '"')) ++i;
      user_ += text[i];
    }
    return user_;
  }

  void as_ftp(Event& e, const ClfRequest& request, Action action, int64_t status) {
    e.action = action;
    e.service_name = "ftp";
    e.http_status.reset();
    e.outcome = status >= 400 ? Outcome::failure : status >= 100 ? Outcome::success : Outcome::none;
    if (action == Action::ftp_login) {
      e.auth_method = "password";
      e.message_format =
          e.outcome == Outcome::failure ? "ftp login of %s failed%.0s from %s" : "ftp login of %s%.0s from %s";
    } else if (action == Action::ftp_command || action == Action::ftp_logout) {
      e.message = clf_.request;
      if (e.http_bytes == 0) e.http_bytes.reset();
    } else {
      e.file_path = unescape_quotes(request.uri, url_);
      if (action == Action::ftp_upload || action == Action::ftp_download) e.file_size = e.http_bytes;
      e.message = clf_.request;
    }
    e.http_bytes.reset();
    if (status > 0) attributes_[count_++] = {"reply", {}, status};
  }

  TimeResolver& clock_;
  EventSink& sink_;
  const bool pure_ftpd_;
  ClfLine clf_;
  Peer peer_;
  std::string url_, agent_, referrer_, user_;
  std::array<Attribute, 12> attributes_{};
  size_t count_ = 0;
};

Match probe(const Probe& p) {
  ClfLine clf;
  const HeadCount count = count_head_lines(p.head, [&](std::string_view line) { return read_clf_line(line, clf); });
  if (count.hits == 0) return Match::no;
  return count.hits * 2 >= count.lines ? Match::yes : Match::maybe;
}

Finish parse(ContentStream& stream, const ParseContext& context, EventSink& sink) {
  AccessReader access(context, sink);
  LineReader lines(stream);
  while (auto line = lines.next()) {
    if (!sink.keep_going()) return Finish::partial;
    if (!line->terminated && lines.error()) break;
    std::string_view text = line->text;
    // A log that was truncated while its writer held it open begins with a hole.
    while (!text.empty() && text[0] == '\0') text.remove_prefix(1);
    if (text.find_first_not_of(" \t\v\f") == std::string_view::npos) continue;
    const Extent where{line->offset, line->length};
    if (!access.read(text, *line)) sink.unparsed(where, "unknown-record", "not a line of an access log");
    if (line->cut) sink.problem(where, "cut-line", "line is longer than 1 MiB; its rest was passed over");
  }
  if (lines.error()) {
    sink.problem({lines.error()->offset, 0}, "read-error", lines.error()->what, Stage::parse, Severity::error);
    return Finish::partial;
  }
  return Finish::complete;
}

constexpr Descriptor kAbout{
    .name = "apache_access",
    .title = "Access log of Apache, nginx and others (common log format and its kin)",
    .paths = kPaths,
    .emits = kEmits,
    .keys = kKeys,
    .zone_rule = "each line carries its offset; the time is the start of the request (Apache) or its end (nginx)",
    .samples = kSamples};

}  // namespace

namespace parsers {
ParserEntry apache_access() { return {&kAbout, probe, parse}; }
}  // namespace parsers

}  // namespace necropsy
