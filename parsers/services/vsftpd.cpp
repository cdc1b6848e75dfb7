// SPDX-License-Identifier: Apache-2.0
// The native log of vsftpd (xferlog_std_format=NO, or dual_log_enable=YES).
// Grammar: vsftpd 3.0 logging.c, vsf_log_do_log_vsftpd_format(); names are written without any escape.
#include <array>
#include <string>
#include <unordered_map>

#include "base/text.hpp"
#include "formats/ctime_stamp.hpp"
#include "formats/head_lines.hpp"
#include "formats/peer.hpp"
#include "parse/parser.hpp"

namespace necropsy {
namespace {

constexpr size_t npos = std::string_view::npos;
constexpr size_t kMaxProcesses = 65'536;  // remembered at a time

constexpr std::string_view kPaths[] = {"**/vsftpd.log", "**/vsftpd/*.log", "**/vsftpd*.log"};

constexpr Action kEmits[] = {Action::network_connection, Action::ftp_login,   Action::ftp_logout, Action::ftp_upload,
                             Action::ftp_download,       Action::ftp_delete,  Action::ftp_rename, Action::ftp_mkdir,
                             Action::ftp_rmdir,          Action::ftp_command, Action::ftp_message};

constexpr AttributeKey kKeys[] = {
    {"rate_kbytes", "transfer rate, Kbyte/sec, as written"},
    {"reason", "why a login was refused, as the server told the client"},
    {"anonymous_password", "what an anonymous client gave as its password, usually an e-mail address"},
    {"new_path", "name after a rename"},
    {"mode", "mode given to SITE CHMOD"},
    {"verb", "what the line says was done, where no action of its own exists"},
    {"names", "both names of a rename as written, where they cannot be told apart for certain"},
    {"ambiguous",
     "1 when a name holds words of the log and the line can be read in two ways; the reading that claims "
     "less was taken"}};

constexpr Sample kSamples[] = {
    {"Mon Jun  6 18:43:28 2016 [pid 2] CONNECT: Client \"192.0.2.9\"\n",
     "network.connection time=2016-06-06T18:43:28Z ip=192.0.2.9 pid=2 service=vsftpd user="},
    {"Mon Jun  6 18:43:32 2016 [pid 1] [jean] OK LOGIN: Client \"192.0.2.9\"\n",
     "ftp.login.success user=jean ip=192.0.2.9 method=password"},
    {"Mon Jun  6 18:43:59 2016 [pid 3] [jean] OK UPLOAD: Client \"::ffff:192.0.2.9\", \"/home/jean/a \"b\".jpg\", "
     "40120 "
     "bytes, 7308.28Kbyte/sec\n",
     "ftp.upload.success user=jean ip=192.0.2.9 size=40120 attr:rate_kbytes=7308.28"},
    {"Thu Sep  8 00:39:49 2016 [pid 15019] [guest] FAIL LOGIN: Client \"::ffff:192.0.2.1\", \"User is not in the allow "
     "user list.\"\n",
     "ftp.login.failure time=2016-09-08T00:39:49Z user=guest ip=192.0.2.1 attr:reason=\"User is not in the allow user "
     "list.\""},
    {"Fri Jun 10 14:28:50 2016 [pid 1] [ftp] OK LOGIN: Client \"192.0.2.5\", anon password \"n@x\"\n",
     "ftp.login.success user=ftp method=anonymous attr:anonymous_password=n@x"}};

enum class Verb : uint8_t {
  connect,
  login,
  upload,
  download,
  remove,
  rename,
  mkdir,
  rmdir,
  chmod,
  debug,
  command,
  response,
  other
};
struct VerbName {
  std::string_view name;
  Verb verb;
};
constexpr VerbName kVerbs[] = {
    {"CONNECT", Verb::connect},   {"LOGIN", Verb::login},         {"UPLOAD", Verb::upload},
    {"DOWNLOAD", Verb::download}, {"DELETE", Verb::remove},       {"RENAME", Verb::rename},
    {"MKDIR", Verb::mkdir},       {"RMDIR", Verb::rmdir},         {"CHMOD", Verb::chmod},
    {"DEBUG", Verb::debug},       {"FTP command", Verb::command}, {"FTP response", Verb::response}};

struct Record {
  std::string_view user, verb_name, client, text, rate, anonymous_password;
  Verb verb = Verb::other;
  Outcome outcome = Outcome::none;
  std::optional<int64_t> bytes;
};

bool is_transfer(Verb verb) { return verb == Verb::upload || verb == Verb::download; }

// What follows `Client "`: address, then text in quotes, size and rate, each where the verb has it.
bool read_tail(std::string_view rest, Record& r) {
  const size_t quote = rest.find('"');
  if (quote == npos) return false;
  r.client = rest.substr(0, quote);
  if (r.client.find(' ') != npos) return false;
  rest.remove_prefix(quote + 1);
  const bool plain = r.verb == Verb::command || r.verb == Verb::response || r.verb == Verb::debug;
  if (!plain) {
    if (rest.ends_with("Kbyte/sec")) {
      const size_t comma = rest.rfind(", ");
      if (comma == npos) return false;
      r.rate = rest.substr(comma + 2, rest.size() - comma - 2 - 9);
      for (char c : r.rate)
        if (!is_digit(c) && c != '.' && c != '-' && lower(c) != 'n' && lower(c) != 'a' && lower(c) != 'i' &&
            lower(c) != 'f')
          return false;
      rest = rest.substr(0, comma);
    } else if (is_transfer(r.verb)) {
      return false;
    }
    if (rest.ends_with(" bytes")) {
      const size_t comma = rest.rfind(", ");
      if (comma != npos) {
        if (const auto n = to_number<int64_t>(rest.substr(comma + 2, rest.size() - comma - 8))) {
          r.bytes = n;
          rest = rest.substr(0, comma);
        }
      }
    }
  }
  if (r.verb == Verb::login && eat(rest, ", anon password \"")) {
    if (!rest.ends_with('"')) return false;
    r.anonymous_password = rest.substr(0, rest.size() - 1);
    return true;
  }
  if (rest.empty()) return true;
  if (!eat(rest, ", \"") || !rest.ends_with('"')) return false;
  r.text = rest.substr(0, rest.size() - 1);
  return true;
}

// One reading of the line: the user ends at `at`, where a `: Client "` stands.
bool read_at(std::string_view line, size_t at, Record& r) {
  std::string_view head = line.substr(0, at);
  r = Record();
  std::string_view verb = head;
  if (head.starts_with('[')) {
    // The verb is what follows the last `] `: no verb holds brackets.
    const size_t close = head.rfind("] ");
    if (close == npos) return false;
    r.user = head.substr(1, close - 1);
    verb = head.substr(close + 2);
  }
  if (eat(verb, "OK ")) {
    r.outcome = Outcome::success;
  } else if (eat(verb, "FAIL ")) {
    r.outcome = Outcome::failure;
  }
  r.verb_name = verb;
  for (const VerbName& known : kVerbs)
    if (verb == known.name) r.verb = known.verb;
  if (r.verb == Verb::other) {
    // Verbs of other releases: capitals, with an outcome in front.
    if (verb.empty() || verb.size() > 24 || r.outcome == Outcome::none) return false;
    for (char c : verb)
      if ((c < 'A' || c > 'Z') && c != ' ' && c != '_') return false;
  }
  return read_tail(line.substr(at + 10), r);
}

// How much a reading claims: a command that was sent, a refusal, a deed.
int claim_of(const Record& r) {
  if (r.verb == Verb::command || r.verb == Verb::response || r.verb == Verb::debug) return 0;
  return r.outcome == Outcome::failure ? 1 : 2;
}

// Names are not escaped, so a user name or a path can hold a copy of what follows or precedes it. All readings that fit
// the grammar are looked at. Where two fit, the first is right when the process is known to act for its user
// (`acting`): after a login only paths are a client's to choose, and refused names come from other processes. Else the
// reading that claims least is taken and `ambiguous` is set.
bool read_record(std::string_view line, std::string_view acting, Record& out, bool& ambiguous) {
  ambiguous = false;
  bool found = false;
  int readings = 0;
  for (size_t at = line.find(": Client \""); at != npos && readings < 64; at = line.find(": Client \"", at + 1)) {
    ++readings;
    Record r;
    if (!read_at(line, at, r)) continue;
    if (!found) {
      out = r;
      found = true;
      if (!r.user.empty() && r.user == acting && r.verb != Verb::login && r.verb != Verb::connect) return true;
      continue;
    }
    ambiguous = true;
    if (claim_of(r) < claim_of(out)) out = r;
  }
  return found;
}

// Both names of a rename stand between one pair of quotes, with a blank between them; older texts speak of two pairs.
// Both are absolute, so ` /` divides them; of several such places the one that leaves both in one folder is right.
void split_names(std::string_view text, std::string_view& from, std::string_view& to, bool& certain) {
  certain = true;
  if (const size_t at = text.find("\", \""); at != npos) {
    from = text.substr(0, at);
    to = text.substr(at + 4);
    return;
  }
  size_t first = npos, same_folder = npos;
  int places = 0;
  for (size_t at = text.find(" /"); at != npos; at = text.find(" /", at + 1)) {
    ++places;
    if (first == npos) first = at;
    const std::string_view a = text.substr(0, at), b = text.substr(at + 1);
    if (same_folder == npos && places <= 64 && a.substr(0, a.rfind('/')) == b.substr(0, b.rfind('/'))) same_folder = at;
  }
  if (first == npos) {
    from = text;
    to = {};
    certain = false;
    return;
  }
  const size_t at = same_folder != npos ? same_folder : first;
  from = text.substr(0, at);
  to = text.substr(at + 1);
  certain = places == 1;
}

class VsftpdReader {
 public:
  VsftpdReader(const ParseContext& context, EventSink& sink) : clock_(*context.clock), sink_(sink) {}

  // Empty when the line was read, else why not.
  std::string_view read(std::string_view text, const Line& line) {
    Event e;
    Civil civil;
    TimePrecision precision = TimePrecision::s;
    std::string_view rest = text;
    if (!read_ctime_stamp(rest, civil, precision)) return "no time in front";
    if (!eat(rest, " [pid ")) return "no process number behind the time";
    e.process_pid = to_number<int64_t>(take_until(rest, "]"));
    if (!e.process_pid || !eat(rest, " ")) return "process number is damaged";
    Record r;
    bool ambiguous = false;
    const auto acting = acting_.find(*e.process_pid);
    if (!read_record(rest, acting == acting_.end() ? std::string_view() : acting->second, r, ambiguous))
      return "no verb and client in the line";
    if (!ambiguous && claim_of(r) > 0 && r.verb != Verb::login && r.verb != Verb::connect && !r.user.empty()) {
      if (acting_.size() >= kMaxProcesses) acting_.clear();
      acting_[*e.process_pid] = r.user;
    }
    e.time = clock_.local(civil, precision);
    e.where = {line.offset + static_cast<uint64_t>(text.data() - line.text.data()),
               line.length - static_cast<uint32_t>(text.data() - line.text.data())};
    e.record = line.number;
    e.service_name = e.process_name = "vsftpd";
    e.user_name = r.user;
    e.outcome = r.outcome;
    read_peer(r.client, peer_);
    e.source_ip = peer_.ip;
    e.source_host = peer_.host;
    e.file_size = r.bytes;
    // The size is left out when it is zero.
    if (is_transfer(r.verb) && r.outcome == Outcome::success && !r.bytes) e.file_size = 0;
    count_ = 0;
    add("rate_kbytes", r.rate);
    fill(e, r);
    if (ambiguous) attributes_[count_++] = {"ambiguous", {}, 1};
    e.attributes = {attributes_.data(), count_};
    sink_.record_read();
    sink_.event(e);
    return {};
  }

 private:
  void add(std::string_view key, std::string_view text) {
    if (!text.empty()) attributes_[count_++] = {key, text};
  }

  void fill(Event& e, const Record& r) {
    const bool failed = r.outcome == Outcome::failure;
    e.file_path = r.text;
    switch (r.verb) {
      case Verb::connect:
        e.action = Action::network_connection;
        e.file_path = {};
        e.message_format = "%.0s%.0sftp connection from %s";
        break;
      case Verb::login:
        e.action = Action::ftp_login;
        e.file_path = {};
        e.file_size.reset();
        add("reason", r.text);
        add("anonymous_password", r.anonymous_password);
        e.auth_method =
            !r.anonymous_password.empty() || r.user == "ftp" || r.user == "anonymous" ? "anonymous" : "password";
        e.message_format = failed ? "ftp login of %s failed%.0s from %s" : "ftp login of %s%.0s from %s";
        break;
      case Verb::upload:
        e.action = Action::ftp_upload;
        e.message_format =
            failed ? "%s failed to upload%.0s%.0s%.0s%.0s%.0s%.0s %s" : "%s uploaded%.0s%.0s%.0s%.0s%.0s%.0s %s";
        break;
      case Verb::download:
        e.action = Action::ftp_download;
        e.message_format =
            failed ? "%s failed to download%.0s%.0s%.0s%.0s%.0s%.0s %s" : "%s downloaded%.0s%.0s%.0s%.0s%.0s%.0s %s";
        break;
      case Verb::remove:
        e.action = Action::ftp_delete;
        e.message_format =
            failed ? "%s failed to delete%.0s%.0s%.0s%.0s%.0s%.0s %s" : "%s deleted%.0s%.0s%.0s%.0s%.0s%.0s %s";
        break;
      case Verb::mkdir:
        e.action = Action::ftp_mkdir;
        e.message_format = failed ? "%s failed to make folder%.0s%.0s%.0s%.0s%.0s%.0s %s"
                                  : "%s made folder%.0s%.0s%.0s%.0s%.0s%.0s %s";
        break;
      case Verb::rmdir:
        e.action = Action::ftp_rmdir;
        e.message_format = failed ? "%s failed to remove folder%.0s%.0s%.0s%.0s%.0s%.0s %s"
                                  : "%s removed folder%.0s%.0s%.0s%.0s%.0s%.0s %s";
        break;
      case Verb::rename: {
        e.action = Action::ftp_rename;
        std::string_view to;
        bool certain = true;
        split_names(r.text, e.file_path, to, certain);
        add("new_path", to);
        if (!certain) add("names", r.text);
        message_.assign(r.user);
        message_ += failed ? " failed to rename " : " renamed ";
        message_ += e.file_path;
        if (!to.empty()) message_.append(" to ").append(to);
        e.message = message_;
        break;
      }
      case Verb::chmod: {
        e.action = Action::ftp_command;
        add("verb", r.verb_name);
        const size_t blank = r.text.rfind(' ');
        if (blank != npos && to_number<uint32_t>(r.text.substr(blank + 1), 8)) {
          e.file_path = r.text.substr(0, blank);
          add("mode", r.text.substr(blank + 1));
        }
        e.message_format = failed ? "%s failed to change the mode of%.0s%.0s%.0s%.0s%.0s%.0s %s"
                                  : "%s changed the mode of%.0s%.0s%.0s%.0s%.0s%.0s %s";
        break;
      }
      case Verb::command:
        e.action = Action::ftp_command;
        e.file_path = {};
        e.message = r.text;
        break;
      case Verb::response:
      case Verb::debug:
        e.action = Action::ftp_message;
        e.file_path = {};
        e.message = r.text;
        // RFC 959: 221 closes the control connection, 421 says that the server closed it.
        if (r.verb == Verb::response && !r.user.empty() && (r.text.starts_with("221 ") || r.text.starts_with("421 ")))
          e.action = Action::ftp_logout;
        // A user whom the list of users keeps out is refused at USER, without a line of its own.
        if (r.verb == Verb::response && !r.user.empty() && r.text == "530 Permission denied.") {
          e.action = Action::ftp_login;
          e.outcome = Outcome::failure;
          add("reason", r.text);
        }
        break;
      case Verb::other:
        e.action = Action::ftp_command;
        add("verb", r.verb_name);
        message_.assign(r.verb_name).append(" ").append(r.text);
        e.message = message_;
        break;
    }
    if (e.message.empty() && e.message_format.empty()) e.message = r.verb_name;
    // Who acted is always known for what has a user in its template; a line without one speaks for itself.
    if (e.message_format.starts_with("%s") && r.user.empty()) {
      message_.assign(r.verb_name).append(" ").append(e.file_path);
      e.message_format = {};
      e.message = message_;
    }
  }

  TimeResolver& clock_;
  EventSink& sink_;
  std::unordered_map<int64_t, std::string> acting_;  // process to the user it acts for
  Peer peer_;
  std::string message_;
  std::array<Attribute, 8> attributes_{};
  size_t count_ = 0;
};

bool is_record(std::string_view line) {
  Civil civil;
  TimePrecision precision = TimePrecision::s;
  Record r;
  bool ambiguous = false;
  if (!read_ctime_stamp(line, civil, precision) || !eat(line, " [pid ")) return false;
  take_until(line, "]");
  return eat(line, " ") && read_record(line, {}, r, ambiguous);
}

Match probe(const Probe& p) {
  const HeadCount count = count_head_lines(p.head, is_record);
  if (count.hits == 0) return Match::no;
  return count.hits * 2 >= count.lines ? Match::yes : Match::maybe;
}

Finish parse(ContentStream& stream, const ParseContext& context, EventSink& sink) {
  VsftpdReader reader(context, sink);
  LineReader lines(stream);
  while (auto line = lines.next()) {
    if (!sink.keep_going()) return Finish::partial;
    if (!line->terminated && lines.error()) break;
    std::string_view text = line->text;
    while (!text.empty() && text[0] == '\0') text.remove_prefix(1);
    if (text.find_first_not_of(" \t\v\f") == npos) continue;
    const Extent where{line->offset, line->length};
    if (line->cut) {
      sink.unparsed(where, "cut-line", "line is longer than 1 MiB");
      continue;
    }
    if (const std::string_view why = reader.read(text, *line); !why.empty())
      sink.unparsed(where, "unknown-record", why);
  }
  if (lines.error()) {
    sink.problem({lines.error()->offset, 0}, "read-error", lines.error()->what, Stage::parse, Severity::error);
    return Finish::partial;
  }
  return Finish::complete;
}

constexpr Descriptor kAbout{
    .name = "vsftpd",
    .title = "vsftpd log (native format)",
    .paths = kPaths,
    .emits = kEmits,
    .keys = kKeys,
    .zone_rule =
        "local time of the host, with year (vsftpd 3.0.3 writes it with use_localtime=NO and inside a chroot, too)",
    .samples = kSamples,
    .decisive = true};

}  // namespace

namespace parsers {
ParserEntry vsftpd() { return {&kAbout, probe, parse}; }
}  // namespace parsers

}  // namespace necropsy
