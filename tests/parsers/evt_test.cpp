// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "parse/parser.hpp"
#include "support/evt_builder.hpp"
#include "support/run_parser.hpp"
#include "support/sweep.hpp"
#include "windows/evt/table.hpp"
#include "windows/evt/values.hpp"

namespace necropsy::parsers {
ParserEntry evt();
}

using namespace necropsy;
using test::EvtBuilder;
using test::EvtRecord;
using test::Got;

namespace {

const ParserEntry kEvt = parsers::evt();

Got run(const std::string& bytes, std::string path = "C:/WINDOWS/system32/config/SecEvent.Evt") {
  test::RunOptions options;
  options.path = std::move(path);
  return test::run_parser(kEvt, bytes, options);
}

// The one event of one record; `expected` as in samples.
std::string one(const EvtRecord& record, std::string_view expected, std::string path = {}) {
  EvtBuilder log;
  log.add(record);
  const Got got = run(log.closed(), path);
  if (got.events.size() != 1 || got.read != 1) return fmt::format("{} events", got.events.size());
  return test::difference(expected, got.events[0]);
}

EvtRecord security(uint32_t id, std::vector<std::u16string> strings, uint16_t type = 8) {
  return {.time = 1254751380, .identifier = id, .strings = std::move(strings), .type = type};
}
EvtRecord other(std::u16string source, uint32_t id, std::vector<std::u16string> strings, std::string data = {}) {
  return {.time = 1254751380,
          .identifier = id,
          .strings = std::move(strings),
          .source = std::move(source),
          .type = 4,
          .data = std::move(data)};
}

}  // namespace

TEST_CASE("samples") { CHECK(test::check_samples(kEvt) == ""); }

TEST_CASE("the tables are sound") {
  for (const std::string& error : evt::table_errors()) CHECK_MESSAGE(false, error);
  CHECK(evt::all_meanings().size() > 400);
  std::set<std::string_view> keys;
  for (const AttributeKey& k : evt::table_keys()) CHECK_MESSAGE(keys.insert(k.name).second, k.name);
  // Fields that become columns of the timeline need no meaning of their own.
  const std::set<std::string_view> columns = {"client",  "command", "dest_host", "domain",        "from",   "from_text",
                                              "host",    "image",   "ip",        "method",        "object", "port",
                                              "process", "service", "target",    "target_domain", "user"};
  std::set<std::string> rows;
  for (const evt::Meaning& m : evt::all_meanings()) {
    CHECK_MESSAGE(
        rows.insert(fmt::format("{}/{}/{}", to_lower(m.provider), m.id ? *m.id : 70000, m.min_strings)).second,
        fmt::format("line {}: twice", m.line));
    size_t depth = 0;
    for (char c : m.message) {
      if (c == '[') ++depth;
      if (c == ']') REQUIRE_MESSAGE(depth-- > 0, fmt::format("line {}: brackets", m.line));
    }
    CHECK_MESSAGE(depth == 0, fmt::format("line {}: brackets", m.line));
    for (const evt::FieldRule& f : m.fields)
      CHECK_MESSAGE((keys.contains(f.name) || columns.contains(f.name)),
                    fmt::format("line {}: field {} is not in windows_fields.tsv", m.line, f.name));
  }
}

TEST_CASE("logons: every layout of strings has its own row") {
  CHECK(one(security(528, {u"bob", u"DOM", u"(0x0,0x1F)", u"2", u"User32  ", u"Negotiate", u"PC7"}),
            "authentication.login.success user=DOM\\bob method=interactive session=0x1f attr:logon_type=2 "
            "attr:workstation=PC7 source_host=PC7 ip= port= attr:package=Negotiate") == "");
  CHECK(one(security(540, {u"", u"", u"(0x0,0xB338)", u"3", u"NtLmSsp ", u"NTLM", u"\\\\PC9", u"-", u"-", u"-", u"-",
                           u"-", u"-", u"192.0.2.9", u"0"}),
            "authentication.login.success user= method=network ip=192.0.2.9 source_host=PC9 port=") == "");
  CHECK(one(security(528, {u"bob", u"DOM", u"(0x1,0x2)", u"10", u"User32", u"Negotiate", u"SRV1", u"-", u"SRV1$", u"WG",
                           u"(0x0,0x3E7)", u"1180", u"-", u"::ffff:192.0.2.7", u"4501"}),
            "authentication.login.success session=0x100000002 ip=192.0.2.7 port=4501 source_host= "
            "attr:caller_logon_id=0x3e7 message=\"logon of DOM\\bob, type 10 (remote interactive), from 192.0.2.7 port "
            "4501, workstation SRV1, logon id 0x100000002\"") == "");
  for (uint32_t id : {529, 530, 531, 532, 533, 534, 535, 536, 539, 548, 549})
    CHECK(one(security(id,
                       {u"bob", u"DOM", u"3", u"NtLmSsp", u"NTLM", u"PC7", u"-", u"-", u"-", u"-", u"-", u"192.0.2.9",
                        u"1025"},
                       16),
              "authentication.login.failure user=DOM\\bob ip=192.0.2.9 port=1025 source_host=PC7 session=") == "");
  CHECK(one(security(537, {u"bob", u"DOM", u"3", u"Kerberos", u"Kerberos", u"-", u"0xC0000133", u"0x0"}, 16),
            "authentication.login.failure attr:status=0xc0000133 attr:status_text=\"clocks differ too much\"") == "");
  CHECK(one(security(552, {u"SRV1$", u"WG", u"(0x0,0x3E7)", u"-", u"admin", u"SRV1", u"-", u"fs1", u"cifs/fs1", u"372",
                           u"127.0.0.1", u"0", u""}),
            "authentication.explicit-credentials.success user=WG\\SRV1$ target=SRV1\\admin dest_host=fs1 pid=372 "
            "ip=127.0.0.1 session=0x3e7") == "");
  CHECK(one(security(551, {u"bob", u"DOM", u"(0x0,0x1F)"}), "authentication.logout.success session=0x1f") == "");
  CHECK(one(security(682, {u"bob", u"DOM", u"(0x0,0x1F)", u"RDP-Tcp#4", u"PC7", u"192.0.2.9"}),
            "session.reconnected.success user=DOM\\bob session=0x1f ip=192.0.2.9 source_host=PC7 "
            "attr:session_name=RDP-Tcp#4") == "");
}

TEST_CASE("NTLM checks are no logons, and their codes decide") {
  const std::u16string package = u"MICROSOFT_AUTHENTICATION_PACKAGE_V1_0";
  CHECK(one(security(680, {package, u"bob", u"PC7", u"0x0"}), "authentication.ticket.success user=bob") == "");
  CHECK(one(security(680, {package, u"bob", u"PC7", u"0xC000006A"}, 16),
            "authentication.ticket.failure attr:status=0xc000006a attr:status_text=\"wrong password\"") == "");
  CHECK(one(security(681, {package, u"bob", u"PC7", u"3221225572"}, 16),
            "authentication.ticket.failure attr:status_text=\"user does not exist\"") == "");
  CHECK(one(security(680, {package, u"bob", u"PC7"}), "authentication.ticket.success source_host=PC7") == "");
  CHECK(one(security(675, {u"bob", u"%{S-1-5-21-1-2-3-1010}", u"krbtgt/DOM", u"0x2", u"0x18", u"192.0.2.9"}, 16),
            "authentication.ticket.failure ip=192.0.2.9 attr:kerberos=0x18 attr:status_text=\"wrong password\" "
            "attr:user_sid_text=S-1-5-21-1-2-3-1010") == "");
}

TEST_CASE("accounts and groups") {
  const std::vector<std::u16string> account = {u"eve", u"SRV1", u"%{S-1-5-21-1-2-3-1011}",
                                               u"bob", u"DOM",  u"(0x0,0x1F)"};
  for (const auto& [id, action] : std::map<uint32_t, std::string>{{624, "user-created"},
                                                                  {626, "user-enabled"},
                                                                  {627, "password-changed"},
                                                                  {628, "password-reset"},
                                                                  {629, "user-disabled"},
                                                                  {630, "user-deleted"},
                                                                  {645, "user-created"},
                                                                  {671, "user-unlocked"}})
    CHECK(one(security(id, account), fmt::format("iam.{}.success user=DOM\\bob target=SRV1\\eve session=0x1f "
                                                 "attr:target_sid=S-1-5-21-1-2-3-1011",
                                                 action)) == "");
  for (uint32_t id : {632, 636, 650, 655, 660, 665})
    CHECK(one(security(id, {u"-", u"%{S-1-5-21-1-2-3-1011}", u"Administrators", u"Builtin", u"%{S-1-5-32-544}", u"bob",
                            u"DOM", u"(0x0,0x1F)", u"-"}),
              "iam.member-added.success user=DOM\\bob target=S-1-5-21-1-2-3-1011 attr:group=Administrators "
              "attr:group_sid=S-1-5-32-544") == "");
  for (uint32_t id : {633, 637, 651, 656, 661, 666})
    CHECK(one(security(id, {u"CN=eve,DC=x", u"%{S-1-5-21-1-2-3-1011}", u"g", u"DOM", u"%{S-1-5-32-544}", u"bob", u"DOM",
                            u"(0x0,0x1F)", u"-"}),
              "iam.member-removed.success target=CN=eve,DC=x") == "");
  CHECK(one(security(685, {u"old", u"new", u"SRV1", u"%{S-1-5-21-1-2-3-1011}", u"bob", u"DOM", u"(0x0,0x1F)"}),
            "iam.user-renamed.success target=SRV1\\old attr:new_name=new user=DOM\\bob") == "");
  CHECK(one(security(644, {u"eve", u"PC7", u"%{S-1-5-21-1-2-3-1011}", u"SRV1$", u"DOM", u"(0x0,0x3E7)"}),
            "authentication.locked-out target=eve source_host=PC7 user=DOM\\SRV1$") == "");
  CHECK(one(security(642, {u"Account Disabled.", u"eve", u"SRV1", u"%{S-1-5-21-1-2-3-1011}", u"bob", u"DOM",
                           u"(0x0,0x1F)", u"-"}),
            "iam.user-changed.success target=SRV1\\eve attr:change=\"Account Disabled.\"") == "");
}

TEST_CASE("clearing, clock, audit policy, processes, services, tasks") {
  CHECK(one(security(517, {u"SYSTEM", u"NT AUTHORITY", u"(0x0,0x3E7)", u"bob", u"DOM", u"(0x0,0x1F)"}),
            "host.log-cleared user=DOM\\bob session=0x1f attr:primary_user=SYSTEM") == "");
  CHECK(one(security(520, {u"900", u"C:\\WINDOWS\\system32\\rundll32.exe", u"bob", u"DOM", u"(0x0,0x1F)", u"bob",
                           u"DOM", u"(0x0,0x1F)", u"10/5/2009", u"2:03:00 PM", u"10/4/2009", u"2:03:00 PM"}),
            "host.time-changed.success user=DOM\\bob pid=900 process=rundll32.exe "
            "path=C:/WINDOWS/system32/rundll32.exe") == "");
  std::vector<std::u16string> policy(18, u"-");
  policy[2] = policy[16] = policy[17] = u"+";
  policy.insert(policy.end(), {u"bob", u"DOM", u"(0x0,0x1F)"});
  CHECK(one(security(612, policy),
            "configuration.audit-policy-changed.success user=DOM\\bob attr:audit_logon=success attr:audit_system=none "
            "attr:audit_account_logon=\"success, failure\" attr:audit_account_management=none") == "");
  CHECK(one(security(592, {u"1234", u"\\??\\C:\\Temp\\nc.exe", u"900", u"bob", u"DOM", u"(0x0,0x1F)"}),
            "process.started.success user=DOM\\bob pid=1234 process=nc.exe path=C:/Temp/nc.exe attr:parent_pid=900 "
            "session=0x1f") == "");
  CHECK(one(security(593, {u"1234", u"bob", u"DOM", u"(0x0,0x1F)"}), "process.exited.success pid=1234 user=DOM\\bob") ==
        "");
  CHECK(one(security(593, {u"1234", u"C:\\Temp\\nc.exe", u"bob", u"DOM", u"(0x0,0x1F)"}),
            "process.exited.success pid=1234 user=DOM\\bob path=C:/Temp/nc.exe") == "");
  CHECK(one(security(601, {u"PSEXESVC", u"\"C:\\Program Files\\a b\\x.exe\" -k", u"16", u"3", u"LocalSystem", u"bob",
                           u"DOM", u"(0x0,0x1F)"}),
            "service.installed.success service=PSEXESVC path=\"C:/Program Files/a b/x.exe\" user=DOM\\bob "
            "attr:service_account=LocalSystem") == "");
  CHECK(one(security(602, {u"At1", u"C:\\x.bat /q", u"-", u"-", u"-", u"-", u"SYSTEM", u"bob", u"DOM", u"(0x0,0x1F)"}),
            "configuration.task-created.success command=\"C:\\x.bat /q\" path=C:/x.bat target=SYSTEM user=DOM\\bob") ==
        "");
  CHECK(one(security(576, {u"bob", u"DOM", u"(0x0,0x1F)", u"SeDebugPrivilege\r\n\t\t\tSeTcbPrivilege", u""}),
            "authentication.privilege-assigned.success attr:privileges=\"SeDebugPrivilege, SeTcbPrivilege\"") == "");
  CHECK(one(other(u"Service Control Manager", 0x40001B85,
                  {u"X", u"C:\\x.exe", u"user mode service", u"auto start", u"LocalSystem"}),
            "service.installed.success service=X command=C:\\x.exe path=C:/x.exe") == "");
}

TEST_CASE("system and application logs") {
  const auto scm = [](uint32_t id, std::vector<std::u16string> s) { return other(u"Service Control Manager", id, s); };
  CHECK(one(scm(7036, {u"Telnet", u"stopped"}), "service.stopped service=Telnet") == "");
  CHECK(one(scm(7036, {u"Telnet", u"beendet"}), "service.stopped service=Telnet") == "");
  CHECK(one(scm(7036, {u"Telnet", u"§§"}), "service.changed service=Telnet attr:state=§§") == "");
  CHECK(one(scm(7034, {u"Server", u"2"}), "service.crashed service=Server attr:crash_count=2") == "");
  CHECK(one(scm(7000, {u"X", u"%%1053"}),
            "service.failed.failure service=X attr:error=%%1053 message=\"service X failed to start: the service did "
            "not respond in time\"") == "");
  CHECK(one(other(u"EVENTLOG", 6005, {}), "host.boot attr:event_id=6005") == "");
  CHECK(one(other(u"EventLog", 6006, {}), "host.shutdown") == "");
  CHECK(one(other(u"EventLog", 6009, {u"5.02.", u"3790", u"Service Pack 2", u"Multiprocessor Free"}),
            "host.message attr:os_version=5.02. attr:service_pack=\"Service Pack 2\"") == "");
  // Two SYSTEMTIMEs, local and UTC: 2009-10-05 13:55:30.
  const std::string stamp("\xd9\x07\x0a\x00\x01\x00\x05\x00\x0d\x00\x37\x00\x1e\x00\x00\x00", 16);
  CHECK(one(other(u"EventLog", 6008, {u"3:55:30 PM", u"10/5/2009"}, stamp + stamp),
            "host.unexpected-shutdown attr:last_alive_utc=2009-10-05T13:55:30.000000Z time=2009-10-05T14:03:00Z") ==
        "");
  CHECK(one(other(u"USER32", 1074,
                  {u"C:\\WINDOWS\\Explorer.EXE", u"SRV1", u"No title", u"0x0", u"restart", u"", u"DOM\\bob"}),
            "host.shutdown user=DOM\\bob process=Explorer.EXE attr:shutdown_type=restart") == "");
  CHECK(one(other(u"NtServicePack", 4377, {u"Windows XP", u"KB958644"}),
            "package.installed.success attr:package=KB958644") == "");
  CHECK(one(other(u"Windows Update Agent", 19, {u"Security Update (KB958644)"}), "package.installed.success") == "");
  CHECK(one(other(u"Windows Update Agent", 18, {u"d", u"t", u"\n- A\n- B"}),
            "package.pending message=\"updates will be installed on d at t: - A - B\"") == "");
  CHECK(one(other(u"MsiInstaller", 11724, {u"Product: AV -- Removal completed successfully."}, "{GUID-0001}"),
            "package.removed.success attr:data_text={GUID-0001}") == "");
  CHECK(one(other(u"MsiInstaller", 1033, {u"AV", u"1.0", u"1033", u"1603", u"Maker"}), "package.failed.failure") == "");
  CHECK(one(other(u"Application Error", 1000, {u"svchost.exe", u"5.1", u"netapi32.dll", u"5.1", u"00001234"}),
            "process.crashed process=svchost.exe attr:module=netapi32.dll attr:fault_offset=00001234") == "");
  CHECK(one(other(u"DrWatson", 4097, {u"C:\\x\\iexplore.exe", u"d", u"t", u"c0000005", u"77F9", u"f"}),
            "process.crashed process=iexplore.exe attr:exception=c0000005") == "");
  CHECK(one(other(u"W32Time", 52, {u"-34187"}), "host.time-changed attr:offset_s=-34187") == "");
  CHECK(one(other(u"MSSQLSERVER", 18456, {u"sa", u" [CLIENT: 192.0.2.4]"}),
            "database.login.failure user=sa ip=192.0.2.4 method=sql") == "");
  CHECK(one(other(u"MSSQL$X", 17055, {u"18456", u"Login failed for user 'sa'."}), "database.login.failure user=sa") ==
        "");
  CHECK(one(other(u"MSSQL$X", 17055, {u"17126", u"ready"}), "database.message user=") == "");
  CHECK(one(other(u"Symantec AntiVirus", 5, {u"Virus Found!Virus name: X in File: C:\\x.exe"}), "malware.detected") ==
        "");
  CHECK(one(other(u"McLogEvent", 257, {u"The scan of C: has completed."}), "malware.message") == "");
  CHECK(one(other(u"McLogEvent", 258, {u"The file C:\\x.exe is infected with X."}), "malware.detected") == "");
  CHECK(one(other(u"WinVNC4", 1, {u"Connections", u"accepted: 192.0.2.8::3321"}), "network.connection") == "");
  CHECK(one(other(u"TermServDevices", 1111, {u"HP 4", u"!!EVILPC!HP 4"}),
            "session.message source_host=EVILPC attr:printer_client=EVILPC") == "");
}

TEST_CASE("what has no meaning of its own is still told, with all its strings") {
  CHECK(one(other(u"Nobody\u2603", 0xC0000063, {u"a", u"-", u"b\r\nc"}),
            "host.message attr:string_1=a attr:string_2= attr:message_id=0xc0000063 message=\"Nobody☃/99: a | - | b "
            "c\"") == "");
  CHECK(one(security(650, {u"too", u"few"}), "authentication.message attr:string_1=too attr:string_2=few") == "");
  CHECK(one(security(9999, {u"x"}), "authentication.message attr:string_1=x") == "");
}

TEST_CASE("a record that borrows the name Security in another log proves no logon") {
  const auto fake = security(528, {u"bob", u"DOM", u"(0x0,0x1F)", u"10"});
  CHECK(one(fake, "host.message user= attr:string_1=bob", "C:/WINDOWS/system32/config/AppEvent.Evt") == "");
  CHECK(one(fake, "authentication.login.success", "C:/WINDOWS/system32/config/secevent.evt") == "");
  CHECK(one(fake, "authentication.login.success", "E:/backup/old.evt") == "");
}

TEST_CASE("the order of records is evidence of its own") {
  EvtBuilder log;
  const auto at = [](uint32_t time, std::optional<uint32_t> number = {}) {
    return EvtRecord{.time = time, .identifier = 1, .strings = {u"x"}, .source = u"S", .number = number};
  };
  log.add(at(1254751380)).add(at(1254751390)).add(at(1254751400, 7)).add(at(1254751300)).add(at(1254751500, 2));
  const Got got = run(log.closed());
  REQUIRE(got.events.size() == 5);
  CHECK(got.events[0]["attr:numbering_start"] == "1");
  CHECK(got.events[1]["attr:record_gap"] == "");
  CHECK(got.events[2]["attr:record_gap"] == "4");
  CHECK(got.events[3]["attr:time_went_back_s"] == "100");
  CHECK(got.events[4]["attr:numbering_restart_after"] == "8");
  CHECK(got.events[4].record == 2);
}

TEST_CASE("recovered records say so, and copies do not count twice") {
  EvtBuilder log(4096);
  const auto logon = [](uint32_t n) {
    EvtRecord r = security(528, {u"bob", u"DOM", u"(0x0,0x1F)", u"2"});
    r.time += n;
    return r;
  };
  log.add(logon(1)).add(logon(2));
  std::string bytes = log.closed();
  const std::string copy = test::evt_record(logon(2), 2), old = test::evt_record(logon(9), 900);
  bytes.replace(2000, copy.size(), copy);
  bytes.replace(3000, old.size(), old);
  const Got got = run(bytes);
  REQUIRE(got.events.size() == 4);
  CHECK(got.read == 4);
  CHECK(got.events[0]["attr:recovered"] == "");
  CHECK(got.events[2].action == Action::auth_message);
  CHECK(got.events[2]["attr:copy"] == "1");
  CHECK(got.events[3].action == Action::login);
  CHECK(got.events[3]["attr:recovered"] == "1");
  CHECK(got.events[3]["attr:generation"] == "earlier-numbering");
  CHECK(got.events[3].record == 900);
}

TEST_CASE("probe") {
  EvtBuilder log;
  log.add(security(528, {u"a"}));
  const std::string good = log.closed();
  CHECK(test::probe(kEvt, good) == Match::yes);
  CHECK(test::probe(kEvt, good.substr(0, 48)) == Match::yes);
  CHECK(test::probe(kEvt, good.substr(0, 47)) == Match::no);
  std::string headless = good;
  std::fill(headless.begin(), headless.begin() + 48, '\0');
  CHECK(test::probe(kEvt, headless) == Match::no);
  CHECK(test::probe(kEvt, headless, "/WINNT/system32/config/SysEvent.Evt") == Match::maybe);
  CHECK(test::probe(kEvt, std::string(4096, 'x'), "/WINNT/system32/config/SysEvent.Evt") == Match::no);
  CHECK(test::run_parser(kEvt, std::string(4096, 'x')).finish == Finish::not_mine);
}

TEST_CASE("values") {
  CHECK(evt::logon_id("(0x0,0x3E7)") == "0x3e7");
  CHECK(evt::logon_id("0x3E7") == "0x3e7");
  CHECK(!evt::logon_id("(0x0)"));
  CHECK(!evt::logon_id("x"));
  CHECK(evt::status_code("3221225578") == "0xc000006a");
  CHECK(evt::status_code("-1073741718") == "0xc000006a");
  CHECK(evt::status_code("C000006A") == "0xc000006a");
  CHECK(!evt::status_code("no"));
  CHECK(evt::program_of("C:\\Program Files\\x.exe /a b.dll") == "C:\\Program Files\\x.exe");
  CHECK(evt::program_of("cmd /c x") == "cmd");
  CHECK(evt::with_parameters("%%1833 and %%99999 and %% end%") == "impersonation and %%99999 and %% end%");
  CHECK(evt::address_in("from 10.1.2.3.") == "10.1.2.3");
  CHECK(!evt::address_in("version 1.2.3"));
  CHECK(evt::one_line("a\r\n\t b\x01") == "a b");
}

TEST_CASE("every prefix and every changed byte of a log is survived") {
  EvtBuilder log(4096);
  for (uint32_t n = 1; n <= 24; ++n) {
    EvtRecord r = security(n % 3 ? 528 : 612, std::vector<std::u16string>(n % 22, u"+"));
    r.time += n;
    r.sid = test::evt_sid(5, {18});
    r.data = std::string(n, 'z');
    log.add(r);
  }
  for (const std::string& bytes : {log.closed(), log.dirty(7)}) {
    test::SweepOptions options;
    options.run.path = "C:/WINDOWS/system32/config/SecEvent.Evt";
    options.set_extremes = bytes == log.closed();
    const auto swept = test::sweep(kEvt, bytes, options);
    CHECK(swept.failure == "");
    CHECK(swept.runs > 4096 * 3 - 100);
  }
}

// Against the counts that an independent tool gives (evtexport), where the shared evidence is present.
TEST_CASE("real logs: records and histograms") {
  const auto summary = test::shared_file("data/expected/evt/SUMMARY.tsv");
  if (!summary) return;
  size_t files = 0;
  for (std::string_view line : split(*summary, '\n')) {
    const auto cell = split(line, '\t');
    if (cell.size() < 6 || cell[0] == "file") continue;
    ++files;
    const std::string name(cell[0]);
    const auto bytes = test::shared_file("data/evt/" + name);
    REQUIRE(bytes);
    const Got got = run(*bytes, "/x/" + name);
    uint64_t regular = 0, recovered = 0;
    std::map<std::string, uint64_t> histogram;
    for (const auto& event : got.events) {
      const bool carved = event["attr:recovered"] == "1";
      ++(carved ? recovered : regular);
      // The expected histogram counts the records of the chain.
      if (!carved) ++histogram[event["attr:provider"] + "\t" + event["attr:event_id"]];
    }
    CHECK_MESSAGE(std::to_string(regular) == cell[4], name);
    CHECK_MESSAGE(std::to_string(recovered) == cell[5], name);
    CHECK(got.read == got.events.size());
    CHECK(got.unparsed == 0);
    const auto expected = test::shared_file("data/expected/evt/" + name + ".histogram.tsv");
    REQUIRE(expected);
    size_t kinds = 0;
    for (std::string_view row : split(*expected, '\n')) {
      const size_t tab = row.rfind('\t');
      if (tab == std::string_view::npos || row.starts_with("source\t")) continue;
      ++kinds;
      CHECK_MESSAGE(std::to_string(histogram[std::string(row.substr(0, tab))]) == row.substr(tab + 1), row);
    }
    CHECK(kinds == histogram.size());
  }
  CHECK(files >= 3);
}
