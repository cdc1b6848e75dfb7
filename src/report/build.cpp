// SPDX-License-Identifier: Apache-2.0
// From the case to the document: what is said, in which order.
#include <fmt/format.h>

#include <boost/date_time/posix_time/posix_time.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "base/time_zone.hpp"
#include "report/document.hpp"
#include "report/redact.hpp"
#include "report/report.hpp"
#include "store/case_queries.hpp"
#include "store/embedded.hpp"
#include "store/schema.hpp"

namespace necropsy {
namespace {

using namespace report;

constexpr int64_t kRowsPerFinding = 12;
constexpr size_t kLesserFindings = 60;

bool is_serious(std::string_view severity) {
  return severity == "medium" || severity == "high" || severity == "critical";
}

std::string duration_text(int64_t us) {
  // Boost's own words for a span: hours may be more than 24, which a reader of logs is used to.
  const boost::posix_time::time_duration d = boost::posix_time::seconds(us / 1'000'000);
  if (us >= 172'800'000'000) return fmt::format("{} days", us / 86'400'000'000);
  return boost::posix_time::to_simple_string(d);
}

class Builder {
 public:
  Builder(const Database& db, const ReportOptions& options) : db_(db), redact_(options.redact) {}

  Document build() {
    read_hosts();
    read_findings();
    document_.title = "What happened on " + names();
    document_.subtitle = fmt::format("necropsy {}", NECROPSY_VERSION);
    in_short();
    story();
    sessions();
    accounts();
    not_known();
    next_steps();
    lesser();
    evidence();
    how_to_read();
    return std::move(document_);
  }

 private:
  struct Host {
    std::string name, os, zone_name, zone_source, addresses, stopped, installed_source;
    TimeZone zone;
    std::optional<int64_t> installed, last_seen;
  };

  Statement query(std::string_view name) const {
    return db_.prepare(expand_macros(*embedded_file(fmt::format("report/{}.sql", name))));
  }

  std::string clean(std::string_view text) const { return redact_ ? redact(text) : std::string(text); }

  void read_hosts() {
    Statement s = query("hosts");
    while (s.step()) {
      Host h;
      h.name = s.text(0);
      h.os = s.is_null(2) ? std::string(s.text(1)) : std::string(s.text(2));
      h.zone_name = s.text(3);
      h.zone_source = s.text(4);
      if (auto zone = TimeZone::from_tzif(as_text(s.blob(5)))) h.zone = *zone;
      h.installed = s.optional_integer(7);
      h.installed_source = s.text(8);
      h.last_seen = s.optional_integer(9);
      h.stopped = s.text(10);
      h.addresses = s.text(11);
      hosts_.push_back(std::move(h));
    }
  }

  const Host* host(std::string_view name) const {
    for (const Host& h : hosts_)
      if (h.name == name) return &h;
    return hosts_.empty() ? nullptr : &hosts_.front();
  }

  std::string names() const {
    std::string out;
    for (const Host& h : hosts_) out += (out.empty() ? "" : ", ") + h.name;
    return out.empty() ? "the evidence" : out;
  }

  // Host's own time first, UTC beside it.
  std::string utc(int64_t us) const { return iso_micro(Timestamp{us, 0}).substr(0, 19) + "Z"; }
  std::string local(int64_t us, std::string_view host_name) const {
    const Host* h = host(host_name);
    if (!h || !h->zone.known()) return utc(us);
    const Timestamp t{us, 0};
    const Civil c = h->zone.to_local(t);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} {}", c.year, c.month, c.day, c.hour, c.minute, c.second,
                       h->zone.abbreviation_at(t));
  }
  std::string both(int64_t us, std::string_view host_name) const {
    const Host* h = host(host_name);
    return h && h->zone.known() ? fmt::format("{} ({})", local(us, host_name), utc(us)) : utc(us);
  }
  std::string optional_time(const Statement& s, int column, std::string_view host_name) const {
    return s.is_null(column) ? std::string() : local(s.integer(column), host_name);
  }

  void read_findings() {
    Statement s = query("findings");
    Statement rows = query("finding_rows");
    Statement count = query("cited_count");
    while (s.step()) {
      FindingCard f;
      const int64_t id = s.integer(0);
      f.id = std::to_string(id);
      f.severity = s.text(1);
      f.confidence = s.text(2);
      f.status = s.text(3);
      f.title = clean(s.text(4));
      f.summary = clean(s.text(5));
      f.rule = s.text(6);
      f.phase = s.text(7);
      f.host = s.text(14);
      const auto first = s.is_null(8) ? s.optional_integer(9) : s.optional_integer(8);
      const auto last = s.optional_integer(9);
      if (first) {
        f.when_local = local(*first, f.host);
        f.when_utc = utc(*first);
        if (last && *last - *first >= 2'000'000) {
          f.when_local += " to " + local(*last, f.host);
          f.when_utc += " to " + utc(*last);
        }
      }
      f.user = s.text(10);
      f.source = s.text(11);
      f.path = s.text(12);
      f.attack = s.text(13);
      f.why = s.text(15);
      rows.bind(1, id).bind(2, kRowsPerFinding);
      while (rows.step()) {
        Evidence e;
        e.role = rows.text(0);
        e.event_id = rows.text(1);
        e.time = local(rows.integer(2), f.host);
        e.message = clean(rows.text(3));
        e.place = rows.is_null(4) ? fmt::format("{} {}", rows.text(6), rows.text(7))
                                  : fmt::format("{}:{}", rows.text(4), rows.text(5));
        f.evidence.push_back(std::move(e));
      }
      rows.reset();
      count.bind(1, id);
      if (count.step()) f.cited = static_cast<size_t>(count.integer(0));
      count.reset();
      findings_.push_back(std::move(f));
    }
  }

  Section& section(std::string title) { return document_.sections.emplace_back(Section{std::move(title), {}}); }
  static void paragraph(Section& s, std::string text) {
    s.blocks.push_back({.kind = Block::Kind::paragraph, .text = std::move(text)});
  }
  static void list(Section& s, std::vector<std::string> items) {
    if (!items.empty()) s.blocks.push_back({.kind = Block::Kind::list, .items = std::move(items)});
  }
  static void table(Section& s, Table t) {
    if (!t.rows.empty()) s.blocks.push_back({.kind = Block::Kind::table, .table = std::move(t)});
  }

  bool counts(const FindingCard& f) const { return is_serious(f.severity) && f.status != "dismissed"; }

  void in_short() {
    Section& s = section("In short");
    for (const Host& h : hosts_) {
      std::string text =
          fmt::format("{} ran {}", h.name, h.os.empty() ? "an operating system that the evidence does not name" : h.os);
      if (!h.addresses.empty()) text += fmt::format(", addresses {}", h.addresses);
      text += h.zone_name.empty() ? "; its time zone is not known: local times are taken as UTC"
                                  : fmt::format("; its clock shows {} ({})", h.zone_name, h.zone_source);
      text += ".";
      if (h.installed)
        text += fmt::format(" It was installed about {} ({}).", both(*h.installed, h.name), h.installed_source);
      if (h.last_seen)
        text += fmt::format(" Last sign of life: {}{}.", both(*h.last_seen, h.name),
                            h.stopped.empty() ? "" : "; " + h.stopped);
      paragraph(s, text);
    }
    // One line per question that a reader has, from the findings that answer it.
    const auto of_phase = [&](const std::set<std::string>& phases) {
      std::vector<std::string> items;
      for (const FindingCard& f : findings_)
        if (counts(f) && phases.contains(f.phase))
          items.push_back(
              fmt::format("{}: {} [{}]", f.when_local.empty() ? "time not known" : f.when_local, f.title, f.id));
      return items;
    };
    const auto answer = [&](std::string question, const std::set<std::string>& phases) {
      auto items = of_phase(phases);
      if (items.empty()) return;
      paragraph(s, std::move(question));
      list(s, std::move(items));
    };
    const bool any = std::any_of(findings_.begin(), findings_.end(), [&](const auto& f) { return counts(f); });
    if (!any) {
      paragraph(s,
                "Nothing of weight was found: no guessed password, no unexplained account, program or change of a log. "
                "That is only as good as the logs: see \"What cannot be known\".");
      return;
    }
    answer("Who came in, when, from where and how:", {"initial-access", "attempt", "credential-access"});
    answer("What they ran, and how they gained power:", {"execution", "privilege-escalation", "discovery"});
    answer("What they left behind, and how they stay:", {"persistence", "command-and-control"});
    answer("What they took or sent, and what they damaged:",
           {"collection", "exfiltration", "lateral-movement", "impact"});
    answer("What they wiped or hid:", {"defense-evasion"});
    answer("Also:", {"context"});
  }

  void story() {
    Section& s = section("The story, in order of time");
    bool any = false;
    for (const FindingCard& f : findings_) {
      if (!counts(f)) continue;
      any = true;
      s.blocks.push_back({.kind = Block::Kind::finding, .finding = f});
    }
    if (!any) paragraph(s, "No finding of medium severity or higher.");
  }

  void sessions() {
    Table t{{"from", "to", "account", "source", "service", "how", "password", "failures before", "logs"}, {}};
    Statement q = query("sessions");
    while (q.step()) {
      const std::string host_name(q.text(1));
      std::string end = optional_time(q, 7, host_name);
      if (!q.is_null(6) && !q.is_null(7)) end += fmt::format(" ({})", duration_text(q.integer(7) - q.integer(6)));
      if (end.empty()) end = q.text(8) == "open" ? "end not recorded" : std::string(q.text(8));
      t.rows.push_back({q.is_null(6) ? "start not recorded" : optional_time(q, 6, host_name), end,
                        std::string(q.text(2)), std::string(q.text(3)), std::string(q.text(4)), std::string(q.text(5)),
                        q.text(9) == "unknown" ? "not determinable" : std::string(q.text(9)), std::string(q.text(10)),
                        std::string(q.text(11))});
    }
    if (t.rows.empty()) return;
    Section& s = section("Sessions that findings speak of");
    table(s, std::move(t));
  }

  void accounts() {
    Table t{{"account", "id", "known from", "powers", "created", "by", "first login", "last login"}, {}};
    Statement q = query("accounts");
    while (q.step()) {
      const std::string host_name(q.text(0));
      std::string created = optional_time(q, 7, host_name);
      if (created.empty() && !q.is_null(9)) created = "after " + optional_time(q, 9, host_name);
      if (created.empty() && !q.is_null(10)) created = "before " + optional_time(q, 10, host_name);
      if (!q.is_null(8)) created += fmt::format("{}{}", created.empty() ? "" : ", ", q.text(8));
      std::string by(q.text(11));
      if (!q.is_null(12)) by += fmt::format(" from {}", q.text(12));
      t.rows.push_back({std::string(q.text(1)), std::string(q.text(2)), std::string(q.text(3)),
                        q.integer(4) ? std::string(q.is_null(5) ? "administrator" : q.text(5)) : std::string(), created,
                        by, optional_time(q, 13, host_name), optional_time(q, 14, host_name)});
    }
    if (t.rows.empty()) return;
    Section& s = section("Accounts");
    table(s, std::move(t));
  }

  void not_known() {
    Section& s = section("What cannot be known, and why");
    Table t{{"log", "parser", "state", "why", "first record", "last record"}, {}};
    Statement q = query("not_read");
    while (q.step())
      t.rows.push_back({std::string(q.text(1)), std::string(q.text(2)), std::string(q.text(3)), clean(q.text(4)),
                        std::string(q.text(5)).substr(0, 19), std::string(q.text(6)).substr(0, 19)});
    if (t.rows.empty())
      paragraph(s, "Every log that was found was read to its end, and none that such a machine keeps is missing.");
    else
      paragraph(s, "\"Not recorded\" is not \"did not happen\". These logs were not read whole, or are not there:");
    table(s, std::move(t));
    Table gaps{{"log", "from", "to", "why"}, {}};
    Statement g = select_view(db_, "gaps");
    while (g.step())
      gaps.rows.push_back({std::string(g.text(1)), std::string(g.text(2)).substr(0, 19),
                           std::string(g.text(3)).substr(0, 19), clean(g.text(5))});
    if (!gaps.rows.empty()) paragraph(s, "Holes in logs (UTC):");
    table(s, std::move(gaps));
    Table problems{{"weight", "where", "offset", "what", "times"}, {}};
    Statement p = select_view(db_, "problems");
    while (p.step())
      problems.rows.push_back({std::string(p.text(7)), p.is_null(2) ? std::string(p.text(1)) : clean(p.text(2)),
                               std::string(p.text(3)), clean(p.text(9)), std::string(p.text(10))});
    if (!problems.rows.empty()) paragraph(s, "What could not be read:");
    table(s, std::move(problems));
  }

  void next_steps() {
    Section& s = section("What to do next");
    std::vector<std::string> items;
    std::set<std::string> users, addresses;
    for (const FindingCard& f : findings_) {
      if (!counts(f)) continue;
      if (!f.user.empty()) users.insert(f.user);
      if (!f.source.empty()) addresses.insert(f.source);
    }
    const auto joined = [](const std::set<std::string>& names) {
      std::string out;
      for (const std::string& n : names) out += (out.empty() ? "" : ", ") + n;
      return out;
    };
    if (!users.empty())
      items.push_back(
          "Close or re-key these accounts, here and wherever the same password or key is used: " + joined(users) + ".");
    if (!addresses.empty())
      items.push_back("Look for these addresses in the logs of your other machines: " + joined(addresses) + ".");
    Statement q = query("files_to_keep");
    std::string files;
    while (q.step()) {
      files += files.empty() ? "" : ", ";
      files += clean(q.text(0));
      if (!q.is_null(1)) files += fmt::format(" (sha256 {})", q.text(1));
    }
    if (!files.empty()) items.push_back("Keep these files as evidence and look for them elsewhere: " + files + ".");
    const bool any = std::any_of(findings_.begin(), findings_.end(), [&](const auto& f) { return counts(f); });
    if (any)
      items.push_back(
          "Set the machine up anew from a source older than the first finding above; do not clean it in place.");
    items.push_back("Keep the image and this case file together: necropsy verify shows that neither has changed.");
    list(s, std::move(items));
  }

  void lesser() {
    std::vector<std::string> items;
    size_t more = 0;
    for (const FindingCard& f : findings_) {
      if (counts(f)) continue;
      if (items.size() >= kLesserFindings) {
        ++more;
        continue;
      }
      std::string text = fmt::format("{} ({}{}): {} [{}]", f.when_local, f.severity,
                                     f.status == "dismissed" ? ", dismissed: " + f.why : "", f.summary, f.id);
      items.push_back(std::move(text));
    }
    if (items.empty()) return;
    Section& s = section("Lesser findings");
    list(s, std::move(items));
    if (more) paragraph(s, fmt::format("{} more: necropsy findings CASE.", more));
  }

  void evidence() {
    Section& s = section("Evidence and what was read of it");
    Table items{{"label", "format", "bytes", "sha256", "state"}, {}};
    Statement e = select_view(db_, "evidence_items");
    while (e.step())
      items.rows.push_back({std::string(e.text(0)), std::string(e.text(2)), std::string(e.text(3)),
                            std::string(e.text(6)), std::string(e.text(10))});
    table(s, std::move(items));
    Table volumes{{"evidence", "volume", "at byte", "holds", "mounted at", "state"}, {}};
    Statement v = select_view(db_, "volumes");
    while (v.step())
      if (v.text(7) != "unallocated")
        volumes.rows.push_back({std::string(v.text(0)), std::string(v.text(1)), std::string(v.text(2)),
                                std::string(v.text(8)), std::string(v.text(6)), std::string(v.text(7))});
    table(s, std::move(volumes));
    Table logs{{"log", "parser", "events", "records", "not understood", "first (UTC)", "last (UTC)", "times from"}, {}};
    Statement r = query("read");
    while (r.step())
      logs.rows.push_back({std::string(r.text(2)), std::string(r.text(3)), std::string(r.text(7)),
                           std::string(r.text(8)), std::string(r.text(9)), std::string(r.text(5)).substr(0, 19),
                           std::string(r.text(6)).substr(0, 19), std::string(r.text(10))});
    table(s, std::move(logs));
    const CaseCounts counts = count_case(db_);
    paragraph(s, "Sandbox of the processes that read the evidence: " + case_sandbox(db_) + ".");
    paragraph(s, fmt::format("{} names of files and {} events from {} logs are in the case.", counts.names,
                             counts.events, counts.logs));
  }

  void how_to_read() {
    Section& s = section("How to read this");
    list(s,
         {"Numbers in [ ] are findings: necropsy findings CASE N shows every row behind one, necropsy explain CASE "
          "EVENT the "
          "bytes of a row and where they lie.",
          "Confidence is 0 to 100. A finding never says more than its rows; what speaks against it is shown with it.",
          "Times are the machine's own, UTC beside them. A clock that was wrong is not corrected, only shown.",
          "Password: guessed (failures before), known, key, console; \"not determinable\" where failures were not "
          "kept."});
  }

  const Database& db_;
  bool redact_;
  Document document_;
  std::vector<Host> hosts_;
  std::vector<FindingCard> findings_;
};

}  // namespace

Result<std::string> make_report(const Database& db, const ReportOptions& options) {
  const Document document = Builder(db, options).build();
  switch (options.format) {
    case ReportFormat::html:
      return write_html(document);
    case ReportFormat::markdown:
      return write_markdown(document);
    case ReportFormat::json:
      return write_json(document);
    case ReportFormat::text:
      break;
  }
  return write_text(document);
}

}  // namespace necropsy
