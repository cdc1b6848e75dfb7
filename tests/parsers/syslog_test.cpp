// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/text.hpp"
#include "support/run_parser.hpp"

namespace necropsy::parsers {
ParserEntry syslog();
}
using namespace necropsy;
using namespace necropsy::test;

namespace {

const ParserEntry kParser = parsers::syslog();

// Year-less lines are of 2005, or of 2004 when their date lies after Aug 14 (the date of fail2ban's samples).
RunOptions in_2005() {
  RunOptions o;
  o.zone = "UTC";
  o.modified = Timestamp::from_unix(1124013600);  // 2005-08-14 10:00 UTC
  return o;
}

struct OneLine {
  std::string_view text, expected;
};

// The descriptor names every action and attribute that comes out.
void check_declared(const Got& got) {
  for (const GotEvent& e : got.events) {
    CHECK_MESSAGE(std::ranges::find(kParser.about->emits, e.action) != kParser.about->emits.end(), e.text);
    for (const auto& [key, value] : e.fields) {
      if (!key.starts_with("attr:")) continue;
      bool known = false;
      for (const AttributeKey& k : kParser.about->keys) known |= key.substr(5) == k.name;
      CHECK_MESSAGE(known, key);
    }
  }
}

// Each line alone gives one event, and that event.
void check_lines(std::span<const OneLine> lines) {
  for (const OneLine& line : lines) {
    const Got got = run_parser(kParser, line.text, in_2005());
    CAPTURE(std::string(line.text));
    CHECK(got.problems.empty());
    CHECK(got.read == 1);
    REQUIRE(got.events.size() == 1);
    CHECK(difference(line.expected, got.events[0]) == "");
    check_declared(got);
  }
}

}  // namespace

TEST_CASE("samples") { CHECK(check_samples(kParser) == ""); }

TEST_CASE("sshd: the core line in all its forms") {
  static constexpr OneLine kLines[] = {
      {"Dec 10 06:55:48 LabSZ sshd[24200]: Failed password for invalid user webmaster from 173.234.31.186 port 38926 "
       "ssh2",
       "authentication.login.failure time=2004-12-10T06:55:48Z host=LabSZ user=webmaster ip=173.234.31.186 port=38926 "
       "method=password service=sshd attr:invalid_user=1"},
      {"Mar 11 22:55:30 ubuntu2015 sshd[3]:  Accepted password for plaso from "
       "2001:0db8:0a0b:12f0:0000:0000:0000:0001 port 42532  ssh2",
       "authentication.login.success user=plaso ip=2001:db8:a0b:12f0::1 port=42532 method=password"},
      {"Jan  2 03:04:05 h sshd[1]: Accepted publickey for bob from ::ffff:192.0.2.9 port 4711 ssh2: RSA-CERT "
       "SHA256:abc ID admin@x (serial 17) CA ED25519 SHA256:def",
       "authentication.login.success user=bob ip=192.0.2.9 method=publickey attr:key_type=RSA-CERT "
       "attr:key_fingerprint=SHA256:abc attr:certificate_id=admin@x attr:certificate_serial=17 "
       "attr:certificate_authority=\"ED25519 SHA256:def\""},
      {"Jan  2 03:04:05 h sshd[1]: Accepted publickey for bob from 192.0.2.9 port 4711 ssh2: RSA "
       "00:aa:bb:cc:dd:ee:ff:11:22:33:44:55:66:77:88:99",
       "authentication.login.success attr:key_type=RSA "
       "attr:key_fingerprint=00:aa:bb:cc:dd:ee:ff:11:22:33:44:55:66:77:88:99"},
      {"Jan  2 03:04:05 h sshd[1]: Accepted keyboard-interactive/pam for root from 192.0.2.9 port 4711 ssh2",
       "authentication.login.success user=root method=keyboard-interactive attr:submethod=pam"},
      {"Jan  2 03:04:05 h sshd[1]: Accepted password for root from 192.0.2.9 port 1023",
       "authentication.login.success user=root ip=192.0.2.9 port=1023"},
      {"Jan  2 03:04:05 h sshd[1]: Failed password for ILLEGAL USER test from 192.0.2.9 port 1023 ssh2",
       "authentication.login.failure user=test attr:invalid_user=1"},
      {"Jan  2 03:04:05 h sshd[1]: Failed none for invalid user x from 192.0.2.9 port 1023 ssh2",
       "authentication.probe user=x ip=192.0.2.9 method=none"},
      {"Nov 28 09:16:03 srv sshd[32307]: Failed publickey for git from 192.0.2.1 port 57904 ssh2: ECDSA 0e:ff:1a",
       "authentication.message.failure user=git ip=192.0.2.1 attr:key_type=ECDSA attr:key_fingerprint=0e:ff:1a"},
      {"Nov 28 09:16:03 srv sshd[32307]: Postponed publickey for git from 192.0.2.1 port 57904 ssh2 [preauth]",
       "authentication.message user=git ip=192.0.2.1"},
      {"Sep 29 16:28:02 spaceman sshd[16699]: Failed password for dan from 127.0.0.1 port 45416 ssh1",
       "authentication.login.failure user=dan ip=127.0.0.1 attr:protocol=ssh1"},
      {"Jan  2 03:04:05 h sshd[1]: log: Password authentication for root accepted.",
       "authentication.login.success user=root method=password"},
      {"Jan  2 03:04:05 h sshd[1]: log: Connection from 192.0.2.9 port 1023",
       "network.connection ip=192.0.2.9 port=1023"},
      {"Jan  2 03:04:05 h sshd[1]: Invalid user bob smith from 192.0.2.9 port 4711",
       "authentication.invalid-user.failure user=\"bob smith\" ip=192.0.2.9 port=4711 attr:invalid_user=1"},
      {"Jan  2 03:04:05 h sshd[1]: Illegal user bob from 192.0.2.9",
       "authentication.invalid-user.failure user=bob ip=192.0.2.9"},
      {"Jan  2 03:04:05 h sshd[1]: input_userauth_request: invalid user bob [preauth]",
       "authentication.message.failure user=bob attr:invalid_user=1"},
      {"Jan  2 03:04:05 h sshd[1]: Connection from 192.0.2.9 port 4711 on 192.0.2.1 port 22 rdomain \"\"",
       "network.connection ip=192.0.2.9 port=4711 dest_ip=192.0.2.1 dest_port=22"},
      {"Jan  2 03:04:05 h sshd[1]: Connection closed by authenticating user root 192.0.2.9 port 4711 [preauth]",
       "authentication.message.failure user=root ip=192.0.2.9 port=4711"},
      {"Jan  2 03:04:05 h sshd[1]: Connection closed by 192.0.2.9 [preauth]", "authentication.probe ip=192.0.2.9"},
      {"Jan  2 03:04:05 h sshd[1]: Connection closed by 192.0.2.9", "authentication.message ip=192.0.2.9"},
      {"Jan  2 03:04:05 h sshd[1]: Disconnected from user bob 192.0.2.9 port 4711",
       "authentication.logout user=bob ip=192.0.2.9 port=4711"},
      {"Jan  2 03:04:05 h sshd[1]: Disconnected from invalid user bob 192.0.2.9 port 4711 [preauth]",
       "authentication.message.failure user=bob ip=192.0.2.9 attr:invalid_user=1"},
      {"Jan  2 03:04:05 h sshd[1]: Received disconnect from 192.0.2.9 port 4711:11: disconnected by user",
       "authentication.message ip=192.0.2.9 port=4711"},
      {"Jan  2 03:04:05 h sshd[1]: error: Received disconnect from 2001:db8::5: 14: No supported authentication "
       "methods available [preauth]",
       "authentication.message ip=2001:db8::5 attr:disconnect_code=14 attr:reason=\"No supported authentication "
       "methods "
       "available\""},
      {"Jan  2 03:04:05 h sshd[1]: Disconnecting: Too many authentication failures for root [preauth]",
       "authentication.message.failure user=root"},
      {"Jan  2 03:04:05 h sshd[1]: Disconnecting invalid user bob 192.0.2.9 port 4711: Too many authentication "
       "failures "
       "[preauth]",
       "authentication.message.failure user=bob ip=192.0.2.9 port=4711"},
      {"Jan  2 03:04:05 h sshd[1]: error: maximum authentication attempts exceeded for invalid user xxx from "
       "192.0.2.9 port 49941 ssh2 [preauth]",
       "authentication.message.failure user=xxx ip=192.0.2.9 port=49941"},
      {"Jan  2 03:04:05 h sshd[1]: User root from 192.0.2.9 not allowed because not listed in AllowUsers",
       "authentication.message.failure user=root ip=192.0.2.9 attr:reason=\"not listed in AllowUsers\""},
      {"Jan  2 03:04:05 h sshd[1]: User root not allowed because account is locked",
       "authentication.message.failure user=root ip= attr:reason=\"account is locked\""},
      {"Jan  2 03:04:05 h sshd[1]: ROOT LOGIN REFUSED FROM 192.0.2.9 port 12345 [preauth]",
       "authentication.message.failure user=root ip=192.0.2.9 port=12345"},
      {"Jan  2 03:04:05 h sshd[1]: Authentication refused: bad ownership or modes for directory /home/bob",
       "authentication.message.failure path=/home/bob"},
      {"Jan  2 03:04:05 h sshd[1]: /root/.ssh/authorized_keys:2: Authentication tried for root with correct key but "
       "not "
       "from a permitted host (host=gate.example.org, ip=192.0.2.9).",
       "authentication.login.failure user=root ip=192.0.2.9 attr:claimed_host=gate.example.org method=publickey"},
      {"Jan  2 03:04:05 h sshd[1]: Accepted key ED25519 SHA256:xyz found at /home/bob/.ssh/authorized_keys:3",
       "authentication.message attr:key_type=ED25519 attr:key_fingerprint=SHA256:xyz "
       "path=/home/bob/.ssh/authorized_keys attr:file_line=3"},
      {"Jan  2 03:04:05 h sshd[1]: Found matching RSA key: aa:bb:cc",
       "authentication.message attr:key_type=RSA attr:key_fingerprint=aa:bb:cc"},
      {"Jan  2 03:04:05 h sshd[1]: Starting session: shell on pts/0 for bob from 192.0.2.9 port 4711 id 0",
       "session.message user=bob ip=192.0.2.9 port=4711 attr:tty=pts/0 attr:session_kind=shell"},
      {"Jan  2 03:04:05 h sshd[1]: subsystem request for sftp by user bob",
       "session.message user=bob attr:subsystem=sftp"},
      {"Jan  2 03:04:05 h sshd[1]: User child is on pid 42", "session.message attr:child_pid=42"},
      {"Jan  2 03:04:05 h sshd[1]: Server listening on 0.0.0.0 port 22.",
       "service.started service=sshd attr:listen_address=0.0.0.0 attr:listen_port=22"},
      {"Jan  2 03:04:05 h sshd[1]: Received signal 15; terminating.", "service.stopped service=sshd"},
      {"Jan  2 03:04:05 h sshd[1]: Did not receive identification string from 192.0.2.9 port 35836",
       "authentication.probe ip=192.0.2.9 port=35836"},
      {"Jan  2 03:04:05 h sshd[1]: banner exchange: Connection from 192.0.2.9 port 44105: invalid format",
       "authentication.probe ip=192.0.2.9 port=44105"},
      {"Jan  2 03:04:05 h sshd[1]: Unable to negotiate with 192.0.2.9 port 55419: no matching cipher found. Their "
       "offer: aes256-cbc [preauth]",
       "authentication.probe ip=192.0.2.9 port=55419"},
      {"Jan  2 03:04:05 h sshd[1]: scanned from 192.0.2.9 with SSH-1.0-SSH_Version_Mapper.  Don't panic.",
       "authentication.probe ip=192.0.2.9"},
      {"Jan  2 03:04:05 h sshd[1]: reverse mapping checking getaddrinfo for x.example [192.0.2.9] failed - POSSIBLE "
       "BREAK-IN ATTEMPT!",
       "authentication.message ip=192.0.2.9 attr:claimed_host=x.example"},
      {"Jan  2 03:04:05 h sshd[1]: Address 192.0.2.9 maps to x.example, but this does not map back to the address",
       "authentication.message ip=192.0.2.9 attr:claimed_host=x.example"},
      {"Jan  2 03:04:05 h sshd[1]: drop connection #10 from [192.0.2.9]:4711 on [192.0.2.1]:22 past MaxStartups",
       "network.blocked ip=192.0.2.9 port=4711"},
      {"Jan  2 03:04:05 h sshd[1]: srclimit_penalise: 192.0.2.9/32: activating penalty of 10 seconds for penalty: "
       "failed authentication",
       "network.blocked ip=192.0.2.9"},
      {"Jan  2 03:04:05 h sshd[1]: Timeout before authentication for connection from 192.0.2.9 to 192.0.2.1, pid = 7",
       "authentication.probe ip=192.0.2.9 dest_ip=192.0.2.1"},
      {"Jan  2 03:04:05 h sshd[1]: fatal: Timeout before authentication for 192.0.2.9 port 55555",
       "authentication.probe ip=192.0.2.9 port=55555"},
      {"Jan  2 03:04:05 h sshd[1]: fatal: Access denied for user bob by PAM account configuration [preauth]",
       "authentication.login.failure user=bob"},
      {"Jan  2 03:04:05 h sshd[1]: fatal: Local: crc32 compensation attack: network attack detected",
       "authentication.probe attr:attack=\"crc32 compensation\""},
      {"Mar 19 23:48:18 <auth.info> pancake sshd[55517]: Invalid user r00t from 183.60.159.20",
       "authentication.invalid-user.failure host=pancake user=r00t ip=183.60.159.20"},
      {"Apr  2 17:51:27 <4.3> pancake sshd[55624]: error: PAM: Authentication error for illegal user x from 192.0.2.9",
       "authentication.login.failure host=pancake user=x ip=192.0.2.9 attr:invalid_user=1"},
      {"Jun 25 23:53:34 [sshd] User root from 1.2.3.4 not allowed because not listed in AllowUsers",
       "authentication.message.failure process=sshd host= user=root ip=1.2.3.4"},
      {"Mar  3 00:17:22 [sshd]: User root from 211.188.220.49 not allowed because not listed in AllowUsers",
       "authentication.message.failure process=sshd ip=211.188.220.49"},
  };
  check_lines(kLines);
}

TEST_CASE("sshd: awkward lines and the right parse") {
  static constexpr OneLine kLines[] = {
      {"Nov 11 08:04:51 r sshd[2737]: Failed password for invalid user from 10.10.1.1 from 127.0.0.1 port 58946 ssh2",
       "authentication.login.failure user=\"from 10.10.1.1\" ip=127.0.0.1 port=58946 attr:invalid_user=1"},
      {"Nov 11 08:04:52 r sshd[2737]: Failed password for invalid user test from 10.10.1.2 port 55555 ssh2 from "
       "127.0.0.1 port 58946 ssh2",
       "authentication.login.failure user=\"test from 10.10.1.2 port 55555 ssh2\" ip=127.0.0.1 port=58946 "
       "attr:address_ambiguous=1"},
      {"Nov 11 08:04:52 r sshd[2737]: Failed password for invalid user test from 127.0.0.1 port 58946 ssh2: from "
       "10.10.1.2 port 55555 ssh2",
       "authentication.login.failure user=test ip=127.0.0.1 port=58946 attr:address_ambiguous=1"},
      {"Sep 29 17:15:02 s sshd[12946]: Failed password for user from 127.0.0.1 port 20000 ssh1: ruser XXXXXXXX from "
       "1.2.3.4",
       "authentication.login.failure user=user ip=127.0.0.1 port=20000"},
      {"Jul 17 23:04:01 srv sshd[1300]: Connection closed by authenticating user test 127.0.0.1 port 12345 192.0.2.11 "
       "port 46039 [preauth]",
       "authentication.message.failure user=\"test 127.0.0.1 port 12345\" ip=192.0.2.11 port=46039"},
      {"Jun 7 01:11:58 host sshd[8783]: Bad protocol version identification 'dummy string' from 192.0.2.1' from "
       "69.61.56.115 port 31778",
       "authentication.probe time=2005-06-07T01:11:58Z ip=69.61.56.115 port=31778"},
      {"Jun  6 04:17:04 host sshd[1189074]: Invalid user  from 192.0.2.68 port 34916",
       "authentication.invalid-user.failure user= ip=192.0.2.68 port=34916"},
      {"Jun  6 04:17:09 host sshd[1189074]: Connection closed by invalid user  192.0.2.68 port 34916 [preauth]",
       "authentication.message.failure user= ip=192.0.2.68 port=34916 attr:invalid_user=1"},
      {"Mar 29 05:59:23 dusky sshd[20878]: [ID 800047 auth.info] Failed keyboard-interactive for <invalid username> "
       "from "
       "205.186.180.55 port 42742 ssh2",
       "authentication.login.failure user= ip=205.186.180.55 port=42742 attr:invalid_user=1"},
      {"Apr 29 17:16:20 i.local sshd[62312]: error: PAM: authentication error for james from example.com via "
       "192.168.1.201",
       "authentication.login.failure user=james source_host=example.com dest_ip=192.168.1.201"},
      {"Dec 12 20:04:39 aragorn sshd[1328]: error: PAM: User not known to the underlying authentication module for "
       "illegal user kernelitshell from 10.215.4.227 ",
       "authentication.login.failure user=kernelitshell ip=10.215.4.227 attr:invalid_user=1"},
      {"Nov 11 23:33:27 Server sshd[5174]: refused connect from "
       "_U2FsdGVkX19P3BCJmFBHhjLza8BcMH06WCUVwttMHpE=_@::ffff:218.249.210.161 (::ffff:218.249.210.161)",
       "network.blocked ip=218.249.210.161 source_host= service=sshd"},
      {"Sep 29 17:15:02 spaceman sshd[12946]: Failed hostbased for dan from 127.0.0.1 port 45785 ssh2: RSA "
       "8c:e3:aa:0f, client user \"dan\", client host \"localhost.localdomain\"",
       "authentication.login.failure user=dan ip=127.0.0.1 method=hostbased attr:key_fingerprint=8c:e3:aa:0f "
       "attr:client_user=dan attr:client_host=localhost.localdomain"},
      {"Sep 29 17:15:02 spaceman sshd[12946]: Failed hostbased for dan from 127.0.0.1 port 45785 ssh2: RSA 8c:e3:aa, "
       "client user \"x from 6.6.6.6 port 66 ssh2\", client host \"l\"",
       "authentication.login.failure user=dan ip=127.0.0.1 port=45785 attr:client_user=\"x from 6.6.6.6 port 66 "
       "ssh2\""},
      {"Nov 24 23:46:41 host sshd[32686]: SSH: Server;Ltype: Authname;Remote: 127.0.0.1-1780;Name: root [preauth]",
       "authentication.message user=root ip=127.0.0.1 port=1780"},
      {"<38>1 2019-07-08T17:40:17.954167-04:00 hostname.example.com sshd 55555 - [timeQuality tzKnown=\"1\" "
       "isSynced=\"0\"][xxx@123 test=\"[brackets]\"] Failed unknown for invalid user redmond from 192.0.2.2 port 55555 "
       "ssh2",
       "authentication.login.failure time=2019-07-08T21:40:17.954167Z basis=offset host=hostname.example.com "
       "user=redmond ip=192.0.2.2 port=55555 method=unknown pid=55555"},
      {"Jan  1 00:00:01 h sshd[9]: Invalid user root from 10.0.0.1 from 192.0.2.9",
       "authentication.invalid-user.failure user=\"root from 10.0.0.1\" ip=192.0.2.9"},
      {"Jan  1 00:00:01 h sshd[9]: Accepted password for from from 192.0.2.9 port 1 ssh2",
       "authentication.login.success user=from ip=192.0.2.9"},
  };
  check_lines(kLines);
}

TEST_CASE("dropbear and sftp-server") {
  static constexpr OneLine kLines[] = {
      {"Mar 24 15:25:51 buffalo1 dropbear[4092]: bad password attempt for 'root' from 198.51.100.87:5543",
       "authentication.login.failure user=root ip=198.51.100.87 port=5543 service=dropbear"},
      {"Feb 11 15:23:17 dropbear[1252]: login attempt for nonexistent user from ::ffff:198.51.100.215:60495",
       "authentication.invalid-user.failure host= ip=198.51.100.215 port=60495 attr:invalid_user=1"},
      {"Mar 24 15:25:51 b dropbear[4092]: Password auth succeeded for 'root' from 198.51.100.87:5543",
       "authentication.login.success user=root ip=198.51.100.87 port=5543 method=password"},
      {"Mar 24 15:25:51 b dropbear[4092]: Pubkey auth succeeded for 'root' with key md5 aa:bb from 198.51.100.87:5543",
       "authentication.login.success user=root method=publickey attr:key_type=md5 attr:key_fingerprint=aa:bb "
       "port=5543"},
      {"Mar 24 15:25:51 b dropbear[4092]: Exit (root): Disconnect received", "authentication.logout user=root"},
      {"Mar 24 15:25:51 b sftp-server[9]: session opened for local user bob from [192.0.2.9]",
       "session.opened user=bob ip=192.0.2.9 service=sftp"},
      {"Mar 24 15:25:51 b internal-sftp[9]: close \"/home/bob/a \"b\".tgz\" bytes read 0 written 40120",
       "ftp.upload.success path=\"/home/bob/a \" size=40120"},
      {"Mar 24 15:25:51 b internal-sftp[9]: close \"/etc/shadow\" bytes read 900 written 0",
       "ftp.download.success path=/etc/shadow size=900"},
      {"Mar 24 15:25:51 b internal-sftp[9]: rename old \"/a\" new \"/b\"", "ftp.rename path=/a attr:new_path=/b"},
      {"Mar 24 15:25:51 b internal-sftp[9]: open \"/x\" flags WRITE,CREATE,TRUNCATE mode 0644",
       "ftp.command path=/x attr:flags=WRITE,CREATE,TRUNCATE attr:mode=0644"},
  };
  // A name with quotes cannot be written in the expectation's own quotes: only its beginning is compared.
  for (const OneLine& line : kLines) {
    const Got got = run_parser(kParser, line.text, in_2005());
    CAPTURE(std::string(line.text));
    REQUIRE(got.events.size() == 1);
    if (line.text.find("a \"b\"") != std::string_view::npos) {
      CHECK(got.events[0]["path"] == "/home/bob/a \"b\".tgz");
      CHECK(got.events[0]["size"] == "40120");
    } else {
      CHECK(difference(line.expected, got.events[0]) == "");
    }
  }
}

TEST_CASE("PAM, old and new") {
  static constexpr OneLine kLines[] = {
      // sshd says `Failed …` itself: the PAM line is no second failure
      {"Nov 2 15:40:14 w sshd[28179]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh "
       "ruser= "
       "rhost=5.33.63.160  user=workshop",
       "authentication.message.failure user=workshop ip=5.33.63.160 service=sshd attr:invalid_user="},
      {"Dec 10 07:13:56 LabSZ sshd[24227]: PAM 5 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= "
       "rhost=5.36.59.76.dynamic-dsl-ip.omantel.net.om  user=root",
       "authentication.message.failure user=root source_host=5.36.59.76.dynamic-dsl-ip.omantel.net.om repeat=5"},
      // the only trace there is
      {"Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= "
       "rhost=218.188.2.4 ",
       "authentication.login.failure process=sshd service=sshd user= ip=218.188.2.4 attr:invalid_user=1"},
      {"Jun 14 15:16:02 combo sshd(pam_unix)[19937]: check pass; user unknown",
       "authentication.message.failure attr:invalid_user=1"},
      {"Nov 25 17:12:13 webmail pop(pam_unix)[4920]: authentication failure; logname= uid=0 euid=0 tty= ruser= "
       "rhost=192.168.10.3 user=mailuser",
       "mail.login.failure user=mailuser ip=192.168.10.3 service=pop"},
      {"Oct 11 01:06:47 ServerJV vsftpd: (pam_unix) authentication failure; logname= uid=0 euid=0 tty= ruser= "
       "rhost=209.67.1.67",
       "ftp.login.failure ip=209.67.1.67 service=vsftpd"},
      {"Jul 19 18:11:26 srv2 vsftpd: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp "
       "ruser=an8767 rhost=www.google.com",
       "ftp.login.failure user=an8767 source_host=www.google.com"},
      {"Feb  7 15:10:42 example pure-ftpd: (pam_unix) authentication failure; logname= uid=0 euid=0 tty=pure-ftpd "
       "ruser=sample-user rhost=192.168.1.1 ",
       "authentication.message.failure user=sample-user ip=192.168.1.1 service=pure-ftpd"},
      {"Jul 19 18:11:50 srv2 daemon: pam_unix(auth): authentication failure; logname= uid=0 euid=0 tty=xxx ruser=test "
       "rhost=192.0.2.151 rhost=192.0.2.1",
       "authentication.login.failure user=\"test rhost=192.0.2.151\" ip=192.0.2.1"},
      {"Jul 19 18:11:52 srv2 daemon: pam_unix(auth): authentication failure; logname= uid=0 euid=0 tty=xxx ruser= "
       "rhost=192.0.2.2 user=test rhost=192.0.2.152",
       "authentication.login.failure user=\"test rhost=192.0.2.152\" ip=192.0.2.2"},
      {"Dec  7 14:52:59 v sudo: pam_unix(sudo:auth): authentication failure; logname=zbadguy uid=4001 euid=0 "
       "tty=/dev/pts/12 ruser=zbadguy rhost=  user=zbadguy",
       "authentication.message.failure user=zbadguy target=zbadguy attr:uid=4001 attr:tty=/dev/pts/12 service=sudo"},
      {"Dec  7 14:53:04 v sudo: pam_tally2(sudo:auth): user zbadguy (4001) tally 6, deny 5",
       "authentication.locked-out target=zbadguy attr:tally=6 attr:deny=5 attr:module=pam_tally2"},
      {"Jul  7 08:06:15 combo login(pam_unix)[2421]: session opened for user root by LOGIN(uid=0)",
       "session.opened user=root attr:by=LOGIN service=login process=login pid=2421"},
      {"Nov  5 09:37:31 apollo PAM_pwdb[575]: (login) session opened for user root by LOGIN(uid=0)",
       "session.opened user=root service=login process=PAM_pwdb pid=575"},
      {"Nov  5 10:55:11 apollo PAM_pwdb[621]: (login) session closed for user root", "session.closed user=root"},
      {"Nov  5 10:55:11 apollo PAM_pwdb[621]: 2 authentication failures; (uid=0) -> bob for ssh service",
       "authentication.login.failure user=bob service=ssh repeat=2"},
      {"Nov  5 10:55:11 apollo PAM_pwdb[621]: authentication failure; eve(uid=500) -> root for su service",
       "authentication.su.failure user=eve target=root service=su attr:uid=500"},
      {"Feb 23 06:37:40 h CRON[1242]: pam_unix(cron:session): session closed for user root",
       "session.message user=root service=cron"},
      {"Dec 15 03:09:42 e sudo: pam_unix(sudo-i:session): session opened for user user1(uid=1001) by root(uid=0)",
       "session.opened user=root target=user1 attr:uid=1001 attr:by_uid=0 service=sudo-i"},
      {"Dec 15 03:09:42 e systemd: pam_unix(systemd-user:session): session opened for user bob(uid=1000) by (uid=0)",
       "session.message user=bob service=systemd-user"},
      {"Dec 15 03:10:09 e passwd: pam_unix(passwd:chauthtok): password changed for user1",
       "iam.password-changed.success target=user1 service=passwd"},
      {"Jan  1 00:00:01 h sshd[1]: pam_unix(sshd:account): account bob has expired (account expired)",
       "authentication.message.failure user=bob"},
      {"Jan  1 00:00:01 h sshd[1]: pam_unix(sshd:account): expired password for user bob (root enforced)",
       "authentication.message user=bob attr:reason=\"root enforced\""},
      {"Jan  1 00:00:01 h sshd[1]: pam_faillock(sshd:auth): Consecutive login failures for user bob account "
       "temporarily "
       "locked",
       "authentication.locked-out target=bob attr:module=pam_faillock"},
      {"Jan  1 00:00:01 h sshd[1]: pam_succeed_if(sshd:auth): requirement \"uid >= 1000\" not met by user \"root\"",
       "authentication.message.failure user=root attr:requirement=\"uid >= 1000\""},
      {"Jan  1 00:00:01 h vsftpd[1]: pam_listfile(vsftpd:auth): Refused user root for service vsftpd",
       "authentication.message.failure user=root"},
      {"Jan  1 00:00:01 h login[1]: pam_access(login:account): access denied for user `bob' from `tty3'",
       "authentication.message.failure user=bob"},
      {"Jan  1 00:00:01 h login[1]: pam_securetty(login:auth): access denied: tty 'pts/1' is not secure !",
       "authentication.message.failure attr:tty=pts/1"},
      {"Jan  1 00:00:01 h su[1]: pam_wheel(su:auth): Access denied to 'root' for 'bob'",
       "authentication.message.failure user=bob target=root"},
      {"Jan  1 00:00:01 h sshd[1]: pam_sss(sshd:auth): authentication success; logname= uid=0 euid=0 tty=ssh ruser= "
       "rhost=192.0.2.9 user=bob",
       "authentication.message.success user=bob ip=192.0.2.9 attr:module=pam_sss"},
      {"Jan  1 00:00:01 h sshd[1]: pam_sss(sshd:auth): received for user bob: 7 (Authentication failure)",
       "authentication.message.failure user=bob attr:reason=\"7 (Authentication failure)\""},
      {"Jan  1 00:00:01 h sshd[1]: pam_backdoor(sshd:auth): hello", "authentication.message attr:module=pam_backdoor"},
  };
  check_lines(kLines);
}

TEST_CASE("sudo, doas, pkexec, polkit, su") {
  static constexpr OneLine kLines[] = {
      {"Jan  1 00:00:01 h sudo:      bob : TTY=pts/1 ; PWD=/home/bob ; USER=root ; COMMAND=/bin/sh -c echo ; ls",
       "authentication.sudo.success user=bob target=root command=\"/bin/sh -c echo ; ls\" attr:tty=pts/1 "
       "attr:cwd=/home/bob service=sudo"},
      {"Jan  1 00:00:01 h sudo:      bob : user NOT in sudoers ; TTY=pts/1 ; PWD=/home/bob ; USER=root ; "
       "COMMAND=/bin/sh",
       "authentication.sudo.failure user=bob target=root command=/bin/sh attr:reason=\"user NOT in sudoers\""},
      {"Jan  1 00:00:01 h sudo:      bob : 3 incorrect password attempts ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/x",
       "authentication.sudo.failure user=bob attr:attempts=3"},
      {"Jan  1 00:00:01 h sudo[77]:      bob : HOST=h ; TTY=pts/1 ; CWD=/ ; USER=root ; GROUP=adm ; TSID=000001 ; "
       "ENV=A=1 "
       "; COMMAND=/x a",
       "authentication.sudo.success pid=77 attr:group=adm attr:io_log=000001 attr:environment=A=1 attr:sudo_host=h "
       "command=\"/x a\""},
      {"Jan  1 00:00:01 h sudo:      bob : TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/echo a#011b",
       "authentication.sudo.success command=\"/bin/echo a\\tb\""},
      {"Jan  1 00:00:01 h sudo: unable to resolve host h", "authentication.message"},
      {"Jan  1 00:00:01 h doas: bob ran command ls -l as root from /home/bob",
       "authentication.sudo.success user=bob target=root command=\"ls -l\" attr:cwd=/home/bob"},
      {"Jan  1 00:00:01 h pkexec[9]: bob: Executing command [USER=root] [TTY=unknown] [CWD=/home/bob] "
       "[COMMAND=/usr/bin/x]",
       "authentication.sudo.success user=bob target=root command=/usr/bin/x attr:cwd=/home/bob service=pkexec"},
      {"Jan  1 00:00:01 h pkexec[9]: bob: The value for the SHELL variable was not found the /etc/shells file "
       "[USER=root] [TTY=/dev/pts/0] [CWD=/home/bob] [COMMAND=GCONV_PATH=./value PATH=.]",
       "authentication.sudo.failure user=bob attr:attack=CVE-2021-4034"},
      {"Jan  1 00:00:01 h polkitd(authority=local): Operator of unix-session:1 successfully authenticated as "
       "unix-user:root to gain ONE-SHOT authorization for action org.x.y for unix-process:12:34 [/bin/z] (owned by "
       "unix-user:bob)",
       "authentication.privilege-assigned.success process=polkitd user=bob target=root session=1 "
       "attr:polkit_action=org.x.y command=/bin/z"},
      {"Jan  1 00:00:01 h su[5]: Successful su for root by bob", "authentication.su.success user=bob target=root"},
      {"Jan  1 00:00:01 h su[5]: FAILED su for root by bob", "authentication.su.failure user=bob target=root"},
      {"Jan  1 00:00:01 h su[5]: + /dev/pts/0 bob:root",
       "authentication.message.success user=bob target=root attr:tty=/dev/pts/0"},
      {"Jan  1 00:00:01 h su[5]: - pts/0 bob-root", "authentication.su.failure user=bob target=root attr:tty=pts/0"},
      {"Jan  1 00:00:01 h su: (to root) bob on pts/0", "authentication.su.success user=bob target=root attr:tty=pts/0"},
      {"Jan  1 00:00:01 h su: FAILED SU (to root) bob on pts/0", "authentication.su.failure user=bob target=root"},
      {"Jan  1 00:00:01 h su: bob to root on /dev/ttyp0", "authentication.su.success user=bob target=root"},
      {"Jan  1 00:00:01 h su: BAD SU bob to root on ttyp0",
       "authentication.su.failure user=bob target=root attr:tty=ttyp0"},
  };
  check_lines(kLines);
}

TEST_CASE("consoles and remote shells of old") {
  static constexpr OneLine kLines[] = {
      {"Jan  1 00:00:01 h login[5]: LOGIN ON tty1 BY bob FROM gate.example.org",
       "authentication.login.success user=bob source_host=gate.example.org attr:tty=tty1 method=interactive "
       "service=login"},
      {"Jan  1 00:00:01 h login[5]: ROOT LOGIN ON tty1", "authentication.login.success user=root ip= attr:tty=tty1"},
      {"Jan  1 00:00:01 h login[5]: ROOT LOGIN  on '/dev/pts/0' from '192.0.2.9'",
       "authentication.login.success user=root ip=192.0.2.9 attr:tty=/dev/pts/0"},
      {"Jan  1 00:00:01 combo  -- root[2421]: ROOT LOGIN ON tty2", "authentication.login.success user=root pid=2421"},
      {"Nov  5 10:50:26 apollo login: FAILED LOGIN 1 FROM (null) FOR  root, User not known to the underlying "
       "authentication module",
       "authentication.login.failure user=root ip= source_host= attr:invalid_user=1"},
      {"Jan  1 00:00:01 h login[5]: FAILED LOGIN 2 FROM 192.0.2.9 FOR bob, Authentication failure",
       "authentication.login.failure user=bob ip=192.0.2.9 attr:reason=\"Authentication failure\""},
      {"Jan  1 00:00:01 h login[5]: FAILED LOGIN (2) on '/dev/tty1' FOR 'root', Authentication failure",
       "authentication.login.failure user=root attr:tty=/dev/tty1"},
      {"Jan  1 00:00:01 h login[5]: TOO MANY LOGIN TRIES (3) FROM 192.0.2.9 FOR UNKNOWN, Permission denied",
       "authentication.login.failure user= ip=192.0.2.9 attr:invalid_user=1"},
      {"Jan  1 00:00:01 h login[5]: FAILED LOGIN 1 FROM tty3 FOR x FROM 6.6.6.6 FOR y, Authentication failure",
       "authentication.login.failure user=\"x FROM 6.6.6.6 FOR y\" ip= attr:tty=tty3"},
      {"Jan  1 00:00:01 h login[5]: invalid password for 'bob' on '/dev/tty1'",
       "authentication.login.failure user=bob attr:tty=/dev/tty1"},
      {"Mar 15 22:15:45 f13b login[842]: login on ttyv0 as root",
       "authentication.login.success user=root attr:tty=ttyv0"},
      {"Mar 15 22:15:45 f13b login[842]: ROOT LOGIN (root) ON ttyv0",
       "authentication.login.success user=root attr:tty=ttyv0"},
      {"Jan  1 00:00:01 h rshd[5]: root@evil.example as root: cmd='id; uname -a'",
       "authentication.login.success user=root source_host=evil.example command=\"id; uname -a\" attr:remote_user=root "
       "method=rhosts"},
      {"Jan  1 00:00:01 h rlogind[5]: Connection from 192.0.2.9 on illegal port", "network.blocked ip=192.0.2.9"},
      {"Jan  1 00:00:01 combo klogind[19272]: Authentication failed from 163.27.187.39 (163.27.187.39): Permission "
       "denied "
       "in replay cache code ",
       "authentication.login.failure ip=163.27.187.39 method=kerberos"},
  };
  check_lines(kLines);
  // FreeBSD says it twice for root: one login
  const Got got = run_parser(kParser,
                             "Mar 15 22:15:45 f13b login[842]: login on ttyv0 as root\n"
                             "Mar 15 22:15:45 f13b login[842]: ROOT LOGIN (root) ON ttyv0\n",
                             in_2005());
  REQUIRE(got.events.size() == 2);
  CHECK(got.events[1].action == Action::auth_message);
}

TEST_CASE("accounts") {
  static constexpr OneLine kLines[] = {
      {"Jan  1 00:00:01 h useradd[5]: new user: name=user1, UID=1001, GID=1001, home=/home/user1, shell=/bin/bash, "
       "from=/dev/pts/1",
       "iam.user-created.success target=user1 user= attr:uid=1001 attr:gid=1001 attr:home=/home/user1 "
       "attr:shell=/bin/bash attr:tty=/dev/pts/1"},
      {"Jan  1 00:00:01 h adduser[5]: new user: name=own, uid=0, gid=0, home=/, shell=/bin/bash",
       "iam.user-created.success target=own attr:uid=0 attr:home=/"},
      {"Jan  1 00:00:01 h useradd[5]: new group: name=user1, GID=1001",
       "iam.group-created.success attr:group=user1 attr:gid=1001"},
      {"Jan  1 00:00:01 h useradd[5]: add 'bob' to group 'sudo'",
       "iam.member-added.success target=bob attr:group=sudo"},
      {"Jan  1 00:00:01 h usermod[5]: add `bob' to group `wheel'",
       "iam.member-added.success target=bob attr:group=wheel"},
      {"Jan  1 00:00:01 h useradd[5]: add 'bob' to shadow group 'sudo'",
       "iam.message.success target=bob attr:group=sudo"},
      {"Jan  1 00:00:01 h useradd[5]: failed adding user 'bob', exit code: 9",
       "iam.user-created.failure target=bob attr:exit_code=9"},
      {"Jan  1 00:00:01 h useradd[5]: failed adding user 'bob', data deleted", "iam.user-created.failure target=bob"},
      {"Jan  1 00:00:01 h userdel[5]: delete user 'bob'", "iam.user-deleted.success target=bob"},
      {"Jan  1 00:00:01 h userdel[5]: removed group 'bob' owned by 'bob'", "iam.group-deleted.success attr:group=bob"},
      {"Jan  1 00:00:01 h userdel[5]: delete 'bob' from group 'sudo'",
       "iam.member-removed.success target=bob attr:group=sudo"},
      {"Jan  1 00:00:01 h groupdel[5]: group 'g' removed from /etc/group", "iam.message attr:group=g"},
      {"Jan  1 00:00:01 h groupdel[5]: group 'g' removed", "iam.group-deleted.success attr:group=g"},
      {"Jan  1 00:00:01 h groupadd[5]: group added to /etc/group: name=g, GID=1002",
       "iam.message path=/etc/group attr:group=g"},
      {"Jan  1 00:00:01 h usermod[5]: change user 'bob' password", "iam.password-changed.success target=bob"},
      {"Jan  1 00:00:01 h usermod[5]: change user 'bob' UID from '1001' to '0'",
       "iam.user-changed.success target=bob attr:field=UID attr:old_value=1001 attr:new_value=0"},
      {"Jan  1 00:00:01 h usermod[5]: change user name 'a' to 'b'",
       "iam.user-renamed.success target=a attr:new_name=b"},
      {"Jan  1 00:00:01 h usermod[5]: change user 'bob' shell from '/bin/sh' to '/bin/false'",
       "iam.user-changed.success attr:field=shell attr:new_value=/bin/false"},
      {"Jan  1 00:00:01 h usermod[5]: lock user 'bob' password", "iam.user-disabled.success target=bob"},
      {"Jan  1 00:00:01 h usermod[5]: unlock user 'bob' password", "iam.user-unlocked.success target=bob"},
      {"Jan  1 00:00:01 h passwd[5]: password for 'bob' changed by 'root'",
       "iam.password-changed.success target=bob user=root"},
      {"Jan  1 00:00:01 h passwd[5]: password for `bob' changed by user `root'",
       "iam.password-changed.success target=bob user=root"},
      {"Jan  1 00:00:01 h chage[5]: changed password expiry for bob", "iam.user-changed.success target=bob"},
      {"Jan  1 00:00:01 h chsh[5]: changed user 'bob' shell to '/bin/zsh'",
       "iam.user-changed.success target=bob attr:field=shell attr:new_value=/bin/zsh"},
      {"Jan  1 00:00:01 h chfn[5]: changed user 'bob' information", "iam.user-changed.success target=bob"},
      {"Jan  1 00:00:01 h gpasswd[5]: user bob added by root to group wheel",
       "iam.member-added.success target=bob user=root attr:group=wheel"},
      {"Jan  1 00:00:01 h gpasswd[5]: user bob removed by root from group wheel",
       "iam.member-removed.success target=bob user=root attr:group=wheel"},
      {"Jan  1 00:00:01 h gpasswd[5]: members of group wheel set by root to bob,eve",
       "iam.group-changed.success user=root attr:group=wheel attr:new_value=bob,eve"},
      {"Jan  1 00:00:01 h newgrp[5]: user 'bob' (login 'bob' on pts/0) switched to group 'adm'",
       "authentication.message user=bob attr:group=adm"},
      {"Jan  1 00:00:01 h groupmod[5]: group changed in /etc/group (group g/1001, new name: k)",
       "iam.group-changed.success attr:group=g attr:change=\"new name: k\""},
      {"Jan  1 00:00:01 h pw[5]: bob:bob(1001):U:added", "iam.user-created.success target=bob attr:uid=1001"},
      {"2020-03-04 10:00:00 [root:useradd] bob(1001):bob(1001):Bob:/home/bob:/bin/sh",
       "iam.user-created.success time=2020-03-04T10:00:00Z user=root target=bob attr:uid=1001 attr:home=/home/bob "
       "attr:shell=/bin/sh process=pw"},
  };
  check_lines(kLines);
}

TEST_CASE("cron, anacron, at") {
  static constexpr OneLine kLines[] = {
      {"Jan 22 07:53:01 h CRON[31051]: (root) CMD (touch /var/run/crond.somecheck)",
       "configuration.task-run user=root command=\"touch /var/run/crond.somecheck\" process=CRON pid=31051"},
      {"Apr 16 03:01:01 f13b /usr/sbin/cron[31051]: (operator) CMD (/usr/libexec/save-entropy)",
       "configuration.task-run user=operator process=cron"},
      {"Jan 22 07:53:01 h /USR/SBIN/CRON[31051]: (root) CMD (x)", "configuration.task-run process=CRON"},
      {"Jan 22 07:53:01 h crontab[5]: (root) REPLACE (bob)",
       "configuration.task-created user=root target=bob attr:operation=REPLACE"},
      {"Jan 22 07:53:01 h crontab[5]: (bob) BEGIN EDIT (bob)",
       "configuration.message user=bob target=bob attr:operation=\"BEGIN EDIT\""},
      {"Jan 22 07:53:01 h cron[5]: (bob) RELOAD (crontabs/bob)", "configuration.message user=bob path=crontabs/bob"},
      {"Jan 22 07:53:01 h crontab[5]: (bob) AUTH (crontab command not allowed)",
       "configuration.message.failure user=bob"},
      {"Jan 22 07:53:01 h cron[5]: (CRON) STARTUP (fork ok)", "service.started service=cron user="},
      {"Jan 22 07:53:01 h anacron[5]: Job `cron.daily' started", "configuration.task-run command=cron.daily"},
      {"Jan 22 07:54:32 h Job `cron.daily' terminated", "configuration.message host=h"},
      {"Jan 22 07:53:01 h atd[5]: Starting job 5 (a0000501234567) for user 'bob' (1000)",
       "configuration.task-run user=bob attr:job=5 attr:uid=1000 path=a0000501234567"},
      {"Jan 22 07:53:01 h run-parts(/etc/cron.daily)[12345]: starting logrotate",
       "configuration.task-run command=/etc/cron.daily/logrotate process=run-parts"},
      {"Jan 22 07:53:01 h run-parts[12345]: (/etc/cron.hourly) starting 0anacron",
       "configuration.task-run command=/etc/cron.hourly/0anacron"},
  };
  check_lines(kLines);
}

TEST_CASE("connections and daemons of the Red Hat 6 days") {
  static constexpr OneLine kLines[] = {
      {"Nov  5 10:54:49 apollo in.telnetd[680]: connect from 207.239.115.11",
       "network.connection ip=207.239.115.11 service=telnetd process=in.telnetd pid=680"},
      {"Nov  5 10:54:49 apollo in.ftpd[680]: connect from bob@evil.example",
       "network.connection source_host=evil.example service=ftpd attr:ident_user=bob"},
      {"Nov  5 10:54:49 apollo ipop3d[680]: refused connect from evil.example (192.0.2.9)",
       "network.blocked ip=192.0.2.9 source_host=evil.example service=ipop3d"},
      {"Nov  5 10:54:49 apollo portmap[680]: connect from 192.0.2.9 to getport(status): request from unauthorized host",
       "network.blocked ip=192.0.2.9 attr:request=getport(status)"},
      {"Nov  5 10:54:52 apollo inetd[408]: pid 680: exit status 1", "service.message process=inetd pid=408"},
      {"Nov  6 03:00:41 apollo ftpd[973]: FTP session closed", "ftp.message service=ftp"},
      {"Nov  5 10:54:49 a ftpd[9]: ANONYMOUS FTP LOGIN FROM evil.example [192.0.2.9], mozilla@",
       "ftp.login.success user=anonymous ip=192.0.2.9 source_host=evil.example method=anonymous "
       "attr:anonymous_password=mozilla@"},
      {"Nov  5 10:54:49 a ftpd[9]: FTP LOGIN FROM evil.example [192.0.2.9], bob",
       "ftp.login.success user=bob ip=192.0.2.9"},
      {"Nov  5 10:54:49 a ftpd[9]: FTP LOGIN FROM evil.example as bob (class: real, type: REAL)",
       "ftp.login.success user=bob source_host=evil.example attr:class=\"class: real, type: REAL\""},
      {"Nov  5 10:54:49 a ftpd[9]: FTP LOGIN REFUSED (ftp in /etc/ftpusers) FROM evil.example [192.0.2.9], root",
       "ftp.login.failure user=root ip=192.0.2.9 attr:reason=\"ftp in /etc/ftpusers\""},
      {"Oct  6 09:59:26 myserver wu-ftpd[18760]: failed login from hj-145-173-a8.bta.net.cn [202.108.145.173]",
       "ftp.login.failure ip=202.108.145.173 source_host=hj-145-173-a8.bta.net.cn"},
      {"Jan 22 18:09:46 host ftpd[132]: repeated login failures from 198.51.100.23 (example.com)",
       "ftp.message.failure ip=198.51.100.23 source_host=example.com"},
      {"Jun 17 07:07:00 combo ftpd[29504]: connection from 24.54.76.216 (24-54-76-216.bflony.adelphia.net) at Fri Jun "
       "17 "
       "07:07:00 2005 ",
       "network.connection time=2005-06-17T07:07:00Z ip=24.54.76.216 source_host=24-54-76-216.bflony.adelphia.net"},
      {"Jun 17 07:07:00 combo ftpd[29504]: getpeername (ftpd): Transport endpoint is not connected", "network.probe"},
      {"Jun 17 07:07:00 combo ftpd[29504]: SITE EXEC %p%p%p", "ftp.command command=\"SITE EXEC %p%p%p\""},
      {"Jun 17 07:07:00 c ftpd[2]: User unknown timed out after 900 seconds at Fri Jun 17 07:07:00 2005",
       "ftp.message user="},
      {"May 15 17:38:49 boo xinetd[16256]: FAIL: telnet address from=198.51.100.169",
       "network.blocked service=telnet ip=198.51.100.169 attr:reason=address"},
      {"May 15 17:38:49 boo xinetd[16256]: START: telnet pid=99 from=198.51.100.169",
       "network.connection service=telnet ip=198.51.100.169 attr:child_pid=99"},
      {"May 15 17:38:49 boo xinetd[16256]: EXIT: telnet status=0 pid=99 duration=12(sec)",
       "network.message service=telnet attr:duration_s=12"},
      {"May 15 17:38:49 boo rpc.mountd: authenticated mount request from evil.example:855 for /home (/home)",
       "network.connection source_host=evil.example port=855 path=/home"},
      {"May 15 17:38:49 combo httpd: httpd startup succeeded", "service.started service=httpd"},
      {"May 15 17:38:49 combo rc: Starting pcmcia:  succeeded", "service.started service=pcmcia"},
  };
  check_lines(kLines);
}

TEST_CASE("the line of an exploit: binary, and longer than any line should be") {
  std::string line =
      "Nov  8 00:09:00 apollo rpc.statd[270]: SM_MON request for hostname containing '/': ^X\xF7\xFF\xBF";
  line += std::string(1200, '\x90') + "/bin/sh -c echo 4545 stream tcp nowait root /bin/sh sh -i";
  const Got got = run_parser(kParser, line + "\n", in_2005());
  REQUIRE(got.events.size() == 1);
  const GotEvent& e = got.events[0];
  CHECK(difference("network.probe process=rpc.statd pid=270 host=apollo attr:binary=1", e) == "");
  CHECK(to_number<int>(e["attr:text_bytes"]).value_or(0) > 1200);
  CHECK(e["message"].find("/bin/sh -c echo 4545") != std::string::npos);
  CHECK(is_utf8(e["message"]));
  CHECK(e.where.length == line.size() + 1);
}

TEST_CASE("other daemons") {
  static constexpr OneLine kLines[] = {
      {"Jul  3 14:59:17 host sshd-session[1571]: Failed password for root from 192.0.2.1 port 56502 ssh2",
       "authentication.login.failure user=root ip=192.0.2.1 process=sshd-session service=sshd"},
      {"[20220407-12:11:06] [INFO ] AUTHFAIL: user=badtypist ip=::ffff:10.171.161.151 time=1649351466",
       "authentication.login.failure time=2022-04-07T12:11:06Z user=badtypist ip=10.171.161.151 process=xrdp "
       "attr:unix_time=1649351466"},
      {"[20220407-12:11:06] [INFO ] AUTHFAIL: user=a ip=6.6.6.6 ip=::ffff:10.171.161.151 time=1649351466",
       "authentication.login.failure user=\"a ip=6.6.6.6\" ip=10.171.161.151"},
      {"Dec 13 08:15:18 sb1 webmin[25875]: Invalid login as root from 89.2.49.230",
       "authentication.login.failure user=root ip=89.2.49.230 service=webmin"},
      {"Dec 13 08:15:18 sb1 webmin[25875]: Non-existent login as robert from 188.40.105.142",
       "authentication.login.failure user=robert ip=188.40.105.142 attr:invalid_user=1"},
      {"Dec 13 08:15:18 sb1 webmin[25875]: Successful login as root from 89.2.49.230",
       "authentication.login.success user=root ip=89.2.49.230"},
      {"Aug 22 14:50:22 eurostream phpMyAdmin[16358]: user denied: root (mysql-denied) from 192.0.2.1",
       "database.login.failure user=root ip=192.0.2.1 attr:reason=mysql-denied"},
      {"Jul 3 20:56:53 Linux2 imapd[666]: Login failed user=lizdy auth=lizdy host=h2066373.stratoserver.net "
       "[81.169.154.112]",
       "mail.login.failure time=2005-07-03T20:56:53Z user=lizdy ip=81.169.154.112 "
       "source_host=h2066373.stratoserver.net"},
      {"Apr 23 21:59:01 dns2 imapd: LOGIN FAILED, user=sales@example.com, ip=[::ffff:1.2.3.4]",
       "mail.login.failure user=sales@example.com ip=1.2.3.4"},
      {"Apr 23 21:59:01 dns2 imapd: LOGIN FAILED, method=PLAIN, ip=[::ffff:1.2.3.4]",
       "mail.login.failure user= method=PLAIN ip=1.2.3.4"},
      {"Jan 4 21:51:05 hostname cyrus/imap[5355]: badlogin: localhost.localdomain [127.0.0.1] plaintext "
       "cyrus@localdomain SASL(-13): authentication failure: checkpass failed",
       "mail.login.failure time=2005-01-04T21:51:05Z user=cyrus@localdomain ip=127.0.0.1 method=plaintext"},
      {"Jul 24 14:16:55 raid5 named[3935]: client 194.145.196.18#4795: query 'ricreig.com/NS/IN' denied",
       "network.blocked ip=194.145.196.18 port=4795 attr:query=ricreig.com/NS/IN"},
      {"Mar  5 21:44:43 srv scanlogd: 192.0.2.123 to 192.0.2.1 ports 80, 81, 83, 88, 99, 443, 1080, 3128, ..., "
       "f????uxy, TOS 00, TTL 49 @20:44:43",
       "network.probe ip=192.0.2.123 dest_ip=192.0.2.1 attr:ports=\"80, 81, 83, 88, 99, 443, 1080, 3128, ...\""},
      {"1403884279 - 06/27/2014 17:51:19 Host: 192.168.56.1/192.168.56.1 Port: 1 TCP Blocked",
       "network.probe time=2014-06-27T15:51:19Z basis=utc ip=192.168.56.1 source_host= dest_port=1 attr:protocol=TCP "
       "process=portsentry"},
      {"Apr 25 10:57:30 hostname ovpn-server[901]: TCP connection established with [AF_INET]83.97.20.30:10107",
       "network.connection ip=83.97.20.30 port=10107"},
      {"Jul  8 01:47:19 ldap-server slapd[1183]: conn=1022 fd=21 ACCEPT from IP=8.8.8.8:45011 (IP=0.0.0.0:636)",
       "network.connection session=1022 ip=8.8.8.8 port=45011"},
      {"Jul  8 01:47:19 ldap-server slapd[1183]: conn=1022 op=0 BIND dn=\"cn=admin,dc=x\" method=128",
       "authentication.message session=1022 user=cn=admin,dc=x"},
      {"Jul  8 01:47:19 ldap-server slapd[1183]: conn=1022 op=0 RESULT tag=97 err=49 text=",
       "authentication.login.failure session=1022 attr:ldap_result=49"},
      {"Oct 27 2015 09:24:46 test1.beezwax.net screensharingd[1170]: Authentication: SUCCEEDED :: User Name: simon :: "
       "Viewer Address: 192.168.5.247 :: Type: DH",
       "authentication.login.success time=2015-10-27T09:24:46Z host=test1.beezwax.net user=simon ip=192.168.5.247 "
       "year_inferred="},
      {"Feb 18 09:48:04 xxx postfix/smtpd[50903]: disconnect from unknown[192.0.2.23] ehlo=1 auth=0/1 rset=1 "
       "commands=2/3",
       "mail.message.failure ip=192.0.2.23 source_host= attr:auth_failures=1"},
      {"Nov  4 09:11:01 mail postfix/smtpd[1234]: warning: unknown[192.0.2.152]: SASL LOGIN authentication failed: "
       "(reason unavailable), sasl_username=admin",
       "mail.login.failure user=admin ip=192.0.2.152 method=LOGIN"},
      {"Nov  4 09:11:01 mail postfix/smtpd[1234]: warning: unknown[192.0.2.152]:4711: SASL LOGIN authentication "
       "failed: "
       "UGFzc3dvcmQ6",
       "mail.login.failure ip=192.0.2.152 port=4711"},
      {"Feb 16 23:33:20 smtp1 sm-mta[5133]: s1GNXHYB005133: [190.5.230.178]: possible SMTP attack: command=AUTH, "
       "count=5",
       "mail.login.failure session=s1GNXHYB005133 ip=190.5.230.178 attr:command_count=5"},
      {"2014-12-02 03:00:23 auth_plain authenticator failed for (rom182) [193.254.202.35]:41556 I=[10.0.0.1]:25: 535 "
       "Incorrect authentication data (set_id=webmaster)",
       "mail.login.failure time=2014-12-02T03:00:23Z host= user=webmaster ip=193.254.202.35 port=41556 "
       "method=auth_plain process=exim"},
      {"2014-12-02 03:00:23 login authenticator failed for (x [6.6.6.6]) [193.254.202.35]: 535 Incorrect "
       "authentication "
       "data",
       "mail.login.failure user= ip=193.254.202.35"},
      {"Jun 13 16:30:54 platypus dovecot: imap-login: Disconnected (auth failed, 2 attempts): user=<username.bob>, "
       "method=PLAIN, rip=49.176.98.87, lip=113.212.99.194, TLS",
       "mail.login.failure user=username.bob ip=49.176.98.87 dest_ip=113.212.99.194 method=PLAIN repeat=2 attr:tls=1 "
       "service=imap-login"},
      {"Aug 30 00:11:05 imap-login: Info: Login aborted: Connection closed (auth failed, 3 attempts in 16 secs) "
       "(auth_failed): user=<info@example.com>, method=PLAIN, rip=192.0.2.110, lip=192.0.2.1",
       "mail.login.failure host= user=info@example.com ip=192.0.2.110 repeat=3 service=imap-login"},
      {"Aug 30 00:10:57 auth(info@example.com,192.0.2.110,sasl:login)<CvN+E95Uf4e7eEnj>: Info: sql: Password mismatch "
       "(given password: XxxxXXxx123)",
       "mail.message.failure host= user=info@example.com ip=192.0.2.110 attr:given_password=XxxxXXxx123"},
      {"@400000004c91b044077a9e94 imap-login: Info: Aborted login (auth failed, 1 attempts): user=<u>, method=PLAIN, "
       "rip=80.187.101.33, lip=80.254.129.240",
       "mail.login.failure time=2010-09-16T05:50:50.125476Z basis=utc user=u ip=80.187.101.33 year_inferred="},
      {"Jun 13 16:30:54 p dovecot: imap-login: Login: user=<bob>, method=PLAIN, rip=49.176.98.87, lip=113.212.99.194, "
       "mpid=9, TLS, session=<abc/d>",
       "mail.login.success user=bob session=abc/d"},
      {"Jun 13 16:30:54 p postfix/smtpd[9]: 3F2A1B: client=x.example[192.0.2.9], sasl_method=LOGIN, sasl_username=bob",
       "mail.login.success session=3F2A1B user=bob ip=192.0.2.9 source_host=x.example method=LOGIN"},
      {"Jun 13 16:30:54 p postfix/pickup[9]: 3F2A1B: uid=33 from=<www-data>",
       "mail.received session=3F2A1B attr:uid=33 attr:mail_from=www-data"},
      {"Jun 13 16:30:54 p postfix/smtp[9]: 3F2A1B: to=<x@y.example>, relay=mx.y.example[192.0.2.5]:25, delay=1, "
       "status=sent (250 ok)",
       "mail.sent.success session=3F2A1B attr:mail_to=x@y.example"},
      {"Jun 13 16:30:54 p postfix/smtpd[9]: NOQUEUE: reject: RCPT from x.example[192.0.2.9]: 554 5.7.1 <y@z>: Relay "
       "access denied; from=<a@b> to=<y@z> proto=ESMTP helo=<x>",
       "mail.rejected ip=192.0.2.9 source_host=x.example"},
      {"Apr 16 03:26:11 f13b sm-mta[2964]: 33GAQBFu002964: AUTH=server, relay=x [192.0.2.9], authid=bob, mech=LOGIN, "
       "bits=0",
       "mail.login.success user=bob ip=192.0.2.9 method=LOGIN"},
      {"Jan  1 00:00:01 h mysqld: 2005-01-01  0:00:01 9 [Warning] Access denied for user 'root'@'192.0.2.9' (using "
       "password: YES)",
       "database.login.failure user=root ip=192.0.2.9 attr:using_password=YES"},
      {"2025-03-04T01:06:36.645577 ip-172-31-3-150.example vsftpd[1658]: [username] FAIL LOGIN: Client \"192.0.2.222\"",
       "ftp.login.failure time=2025-03-04T01:06:36.645577Z basis=zone user=username ip=192.0.2.222"},
      {"Jan  1 00:00:01 h vsftpd[1658]: [bob] OK UPLOAD: Client \"192.0.2.222\", \"/home/bob/x.php\", 40120 bytes, "
       "7308.28Kbyte/sec",
       "ftp.upload.success user=bob path=/home/bob/x.php size=40120"},
      {"Jan 31 16:54:07 desktop pure-ftpd: (?@24.79.92.194) [WARNING] Authentication failed for user [Administrator]",
       "ftp.login.failure user=Administrator ip=24.79.92.194"},
      {"Jan 31 16:54:07 desktop pure-ftpd: (bob@24.79.92.194) [NOTICE] /home/bob//x.php uploaded  (11974 bytes, "
       "50.12KB/sec)",
       "ftp.upload.success user=bob path=/home/bob//x.php size=11974"},
      {"2016-10-25T12:37:23.297265-07:00 INFO periodic_scheduler[13707]: cron hourly",
       "service.message time=2016-10-25T19:37:23.297265Z host= process=periodic_scheduler"},
      {"Mar 11 19:26:45 host proc[1985] <Info>: hello", "service.message host=host process=proc pid=1985"},
  };
  check_lines(kLines);
}

TEST_CASE("proftpd: the first brackets are the server's") {
  static constexpr OneLine kLines[] = {
      {"Jan 10 00:00:00 myhost proftpd[12345] myhost.domain.com (123.123.123.123[123.123.123.123]): USER username "
       "(Login "
       "failed): User in /etc/ftpusers",
       "ftp.login.failure host=myhost user=username ip=123.123.123.123 pid=12345 attr:reason=\"User in "
       "/etc/ftpusers\""},
      {"Jun 14 00:09:59 platypus proftpd[17839] platypus (::ffff:59.167.242.100[::ffff:59.167.242.100]): USER platypus "
       "proftpd[17424] platypus (hihoinjection[1.2.3.44]): no such user found from ::ffff:59.167.242.100 "
       "[::ffff:59.167.242.100] to ::ffff:113.212.99.194:21",
       "ftp.login.failure ip=59.167.242.100 user=\"platypus proftpd[17424] platypus (hihoinjection[1.2.3.44])\""},
      {"Oct  2 15:45:44 ftp01 proftpd[5517]: 192.0.2.13 (192.0.2.13[192.0.2.13]) - SECURITY VIOLATION: Root login "
       "attempted",
       "ftp.login.failure user=root ip=192.0.2.13"},
      {"Dec 5 15:44:32 serv1 proftpd[70944]: serv1.domain.com (example.com[1.2.3.4]) - USER jtittle@domain.org: no "
       "such "
       "user found from example.com [1.2.3.4] to 1.2.3.4:21 ",
       "ftp.login.failure user=jtittle@domain.org ip=1.2.3.4 source_host=example.com"},
      {"2013-11-16 21:59:30,121 novo proftpd[25891] localhost (andy[1.2.3.4]): USER kjsad: no such user found from "
       "andy "
       "[1.2.3.5] to ::ffff:192.168.1.14:21",
       "ftp.login.failure time=2013-11-16T21:59:30.121000Z host=novo user=kjsad ip=1.2.3.4"},
      {"Jan  1 00:00:00 h proftpd[5]: h (a[1.2.3.4]) - USER bob: Login successful.", "ftp.login.success user=bob"},
      {"Jan  1 00:00:00 h proftpd[5]: h (a[1.2.3.4]) - FTP session opened.", "network.connection ip=1.2.3.4"},
  };
  check_lines(kLines);
}

TEST_CASE("kernel") {
  static constexpr OneLine kLines[] = {
      {"Jan  1 00:00:01 h kernel: Linux version 2.2.14-5.0 (root@x) (gcc) #1 Tue Mar 7 20:53:41 EST 2000 ",
       "host.boot attr:kernel=2.2.14-5.0"},
      {"Jan  1 00:00:01 h kernel: [   31.559919] device eth0 entered promiscuous mode",
       "network.configured attr:interface=eth0 attr:promiscuous=1"},
      {"Jan  1 00:00:01 h kernel: device eth0 left promiscuous mode", "network.configured attr:promiscuous=0"},
      {"Jan  1 00:00:01 h kernel: eth0: Setting promiscuous mode. ",
       "network.configured attr:interface=eth0 attr:promiscuous=1"},
      {"Jan  1 00:00:01 h kernel: [316.55] exploit[1234]: segfault at 7fff ip 0000 sp 0000 error 4 in libc.so[7f+1]",
       "process.crashed process=exploit pid=1234 attr:fault=segfault attr:mapped_file=libc.so"},
      {"Jan  1 00:00:01 h kernel: Out of memory: Killed process 123 (mysqld), UID 27",
       "process.crashed process=mysqld pid=123"},
      {"Jan  1 00:00:01 h kernel: usb 1-1: New USB device found, idVendor=0781, idProduct=5567",
       "host.device-attached attr:bus_id=1-1 attr:vendor=0781 attr:product=5567"},
      {"Jan  1 00:00:01 h kernel: usb 1-1: SerialNumber: 4C530001",
       "host.message attr:bus_id=1-1 attr:serial_number=4C530001"},
      {"Jan  1 00:00:01 h kernel: EXT4-fs (sdb1): mounted filesystem with ordered data mode",
       "host.filesystem-mounted attr:device=sdb1 attr:filesystem=EXT4"},
      {"Jan  1 00:00:01 h kernel: EXT2-fs warning: mounting unchecked fs, running e2fsck is recommended ",
       "host.filesystem-mounted attr:unclean=1"},
      {"Jan  1 00:00:01 h kernel: EXT3-fs: recovery complete.", "host.filesystem-checked attr:filesystem=EXT3"},
      {"Jan  1 00:00:01 h kernel: [UFW BLOCK] IN=eth0 OUT= MAC=00 SRC=192.0.2.9 DST=192.0.2.1 LEN=40 PROTO=TCP SPT=55 "
       "DPT=22 WINDOW=1024",
       "network.blocked ip=192.0.2.9 port=55 dest_ip=192.0.2.1 dest_port=22 attr:protocol=TCP attr:interface_in=eth0"},
      {"Jan  1 00:00:01 h kernel: Packet log: input DENY eth0 PROTO=6 192.0.2.9:55 192.0.2.1:22 L=60 S=0x00",
       "network.blocked ip=192.0.2.9 port=55 dest_port=22 attr:verdict=DENY"},
      {"Jan  1 00:00:01 h kernel: ipfw: 100 Deny TCP 192.0.2.9:55 192.0.2.1:22 in via fxp0",
       "network.blocked ip=192.0.2.9 dest_ip=192.0.2.1 dest_port=22 attr:rule=100"},
      {"Jan  1 00:00:01 h kernel: rk: module verification failed: signature and/or required key missing - tainting "
       "kernel",
       "host.message attr:module=rk"},
      {"Jan  1 00:00:01 h kernel: Kernel panic - not syncing: Fatal exception", "host.unexpected-shutdown"},
      {"Jan  1 00:00:01 h kernel: Kernel logging (proc) stopped.", "service.stopped"},
  };
  check_lines(kLines);
}

TEST_CASE("log daemons, systemd, shutdown, clocks") {
  static constexpr OneLine kLines[] = {
      {"Jan  1 00:00:01 h syslogd 1.4.1: restart.", "service.started process=syslogd host=h"},
      {"Jan  1 00:00:01 h exiting on signal 15", "host.shutdown host=h"},
      {"Jan  1 00:00:01 h rsyslogd: [origin software=\"rsyslogd\" swVersion=\"8\" x-pid=\"1\"] start",
       "service.started service=rsyslogd"},
      {"Jan  1 00:00:01 h rsyslogd: [origin software=\"rsyslogd\" swVersion=\"8\"] rsyslogd was HUPed",
       "host.log-rotated"},
      {"Jan  1 00:00:01 h newsyslog[2005]: logfile turned over", "host.log-rotated"},
      {"Jan  1 00:00:01 h rsyslogd-2177: imuxsock lost 12 messages from pid 99 due to rate-limiting",
       "service.message process=rsyslogd-2177"},
      {"Jan  1 00:00:01 h rsyslogd: imuxsock lost 12 messages from pid 99 due to rate-limiting",
       "service.message attr:lost_messages=12"},
      {"Jan  1 00:00:01 h -- MARK --", "host.message host=h"},
      {"Jan  1 00:00:01 h systemd[1]: Started OpenBSD Secure Shell server.",
       "service.started service=\"OpenBSD Secure Shell server\""},
      {"Jan  1 00:00:01 h systemd[1]: Started Session 4 of user bob.", "session.message session=4 user=bob"},
      {"Jan  1 00:00:01 h systemd[1]: Failed to start Foo.", "service.failed service=Foo"},
      {"Jan  1 00:00:01 h systemd[1]: x.service: Main process exited, code=dumped, status=11/SEGV",
       "service.crashed service=x.service"},
      {"Jan  1 00:00:01 h systemd[1]: Reloading.", "configuration.message"},
      {"Jan  1 00:00:01 h systemd[1]: Time has been changed", "host.time-changed"},
      {"Jan  1 00:00:01 h systemd[1]: Shutting down.", "host.shutdown"},
      {"Jan  1 00:00:01 h systemd-logind[9]: New session 4 of user bob.", "session.opened session=4 user=bob"},
      {"Jan  1 00:00:01 h systemd-logind[9]: New session 'c1' of user 'bob' with class 'user' and type 'tty'.",
       "session.opened session=c1 user=bob attr:session_class=user attr:session_type=tty"},
      {"Jan  1 00:00:01 h systemd-logind[9]: Removed session 4.", "session.closed session=4"},
      {"Jan  1 00:00:01 h systemd-logind[9]: System is rebooting.", "host.shutdown"},
      {"Mar 15 22:16:44 f13b shutdown[861]: reboot by root: ", "host.shutdown user=root attr:kind=reboot"},
      {"Jan  1 00:00:01 h shutdown[861]: shutting down for system reboot", "host.shutdown"},
      {"Jan  1 00:00:01 h init: Switching to runlevel: 6", "host.shutdown attr:runlevel=6"},
      {"Jan  1 00:00:01 h init: Switching to runlevel: 3", "host.message attr:runlevel=3"},
      {"Jan  1 00:00:01 h ntpd[5]: time reset +12.345 s", "host.time-changed attr:step_s=12.345"},
      {"Jan  1 00:00:01 h ntpdate[5]: step time server 192.0.2.5 offset -3600.5 sec",
       "host.time-changed attr:step_s=-3600.5 attr:server=192.0.2.5"},
      {"Jan  1 00:00:01 h chronyd[5]: System clock was stepped by -5.0 seconds", "host.time-changed attr:step_s=-5.0"},
      {"Jan  1 00:00:01 h dhclient: DHCPACK of 192.0.2.7 from 192.0.2.1",
       "network.configured attr:address=192.0.2.7 attr:server=192.0.2.1"},
  };
  check_lines(kLines);
}

TEST_CASE("a log daemon that comes back at once was restarted; without that the machine went down") {
  const auto second = [](std::string_view text) {
    const Got got = run_parser(kParser, text, in_2005());
    REQUIRE(got.events.size() >= 1);
    return got.events[0].action;
  };
  CHECK(second("Jan  1 00:00:01 h rsyslogd: [origin software=\"rsyslogd\"] exiting on signal 15.\n"
               "Jan  1 00:00:02 h rsyslogd: [origin software=\"rsyslogd\"] start\n") == Action::service_stopped);
  CHECK(second("Jan  1 00:00:01 h exiting on signal 15\n"
               "Jan  1 00:00:01 h syslogd 1.4.1: restart.\n") == Action::service_stopped);
  CHECK(second("Jan  1 00:00:01 h exiting on signal 15\n"
               "Jan  1 00:01:11 h syslogd 1.4.1: restart.\n") == Action::shutdown);
  CHECK(second("Jan  1 00:00:01 h exiting on signal 15\n") == Action::shutdown);
}

TEST_CASE("a try by keyboard-interactive that is logged twice counts once") {
  const Got got =
      run_parser(kParser,
                 "Jan  1 00:00:01 h sshd[7]: error: PAM: Authentication failure for root from 192.0.2.9\n"
                 "Jan  1 00:00:01 h sshd[7]: Failed keyboard-interactive/pam for root from 192.0.2.9 port 4711 ssh2\n"
                 "Jan  1 00:00:09 h sshd[8]: Failed keyboard-interactive/pam for root from 192.0.2.9 port 4712 ssh2\n",
                 in_2005());
  REQUIRE(got.events.size() == 3);
  CHECK(got.events[0].action == Action::login);
  CHECK(got.events[1].action == Action::auth_message);
  CHECK(got.events[2].action == Action::login);
}

TEST_CASE("repeat markers") {
  const Got got = run_parser(kParser,
                             "Jan  1 00:00:01 h sshd[7]: Failed password for root from 192.0.2.9 port 1 ssh2\n"
                             "Jan  1 00:00:09 h last message repeated 3 times\n"
                             "Jan  1 00:00:10 h syslogd: last message repeated 1 times\n"
                             "Jan  1 00:00:11: --- last message repeated 1 time ---\n"
                             "Jan  1 00:00:12 h sshd[8]: message repeated 5 times: [ Failed password for bob from "
                             "192.0.2.8 port 2 ssh2]\n"
                             "Jan  1 00:00:13 h x: last message repeated 99999999999999999999 times\n"
                             "Jan  1 00:00:14 h prog[1]: some longer text than twenty\n"
                             "Jan  1 00:00:15 h prog[1]: Last message 'some longer text than' repeated 2 times, "
                             "suppressed by syslog-ng on h\n"
                             "Jan  1 00:00:16 h prog[1]: Last message 'something else' repeated 2 times, suppressed "
                             "by syslog-ng on h\n",
                             in_2005());
  REQUIRE(got.events.size() == 9);
  CHECK(got.read == 9);
  CHECK(got.problems.empty());
  CHECK(difference("authentication.login.failure time=2005-01-01T00:00:09Z user=root ip=192.0.2.9 pid=7 repeat=3",
                   got.events[1]) == "");
  CHECK(got.events[1].record == 2);
  CHECK(difference("authentication.login.failure user=root repeat=", got.events[2]) == "");
  CHECK(difference("authentication.login.failure user=root time=2005-01-01T00:00:11Z", got.events[3]) == "");
  CHECK(difference("authentication.login.failure user=bob ip=192.0.2.8 pid=8 repeat=5", got.events[4]) == "");
  CHECK(difference("authentication.login.failure user=root repeat=4294967295", got.events[5]) == "");
  CHECK(difference("service.message process=prog repeat=2 message=\"prog[1]: some longer text than twenty\"",
                   got.events[7]) == "");
  CHECK(difference("service.message process=prog repeat=", got.events[8]) == "");
}

TEST_CASE("a repeat marker at the beginning has nothing to repeat") {
  const Got got = run_parser(kParser, "Jan  1 00:00:09 h last message repeated 3 times\n", in_2005());
  REQUIRE(got.events.size() == 1);
  CHECK(got.events[0].action == Action::host_message);
}

TEST_CASE("sudo's split commands") {
  const std::string head =
      "Jan  1 00:00:01 h sudo:  bob : TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/x " + std::string(800, 'a');
  const Got got =
      run_parser(kParser, head + "\nJan  1 00:00:01 h sudo:  bob : (command continued) bbb ccc\n", in_2005());
  REQUIRE(got.events.size() == 2);
  CHECK(got.read == 2);
  CHECK(got.events[0]["command"] == "/bin/x " + std::string(800, 'a') + " bbb ccc");
  CHECK(difference("process.message user=bob command=\"bbb ccc\"", got.events[1]) == "");
}

TEST_CASE("broken lines, continuation lines, CRLF, blank lines") {
  const Got got = run_parser(kParser,
                             "torn rest of a line\n"
                             "Jan  1 00:00:01 h p[1]: one\r\n"
                             "\tand more\r\n"
                             "and more\r\n"
                             "\r\n"
                             "MMM 22 07:54:32 h anacron[29782]: Normal exit\r\n"
                             "Mar 23 Wrong line that should not be able to get through\r\n"
                             "orphan after a broken line\r\n"
                             "Feb 30 00:00:02 h p[1]: no such day\r\n"
                             "Jan  1 00:00:02 h p[1]: two\r\n"
                             "Jan  1 25:00:02 h p[1]: no such hour\r\n"
                             "Jan  1 00:00:03 h p[1]: three",
                             in_2005());
  CHECK(got.read == 3);
  CHECK(got.unparsed == 6);
  REQUIRE(got.events.size() == 3);
  CHECK(got.events[0]["message"] == "p[1]: one\\n\\tand more\\nand more");
  CHECK(got.events[0].where.offset == 20);
  CHECK(got.events[0].where.length == 29 + 11 + 10);
  CHECK(got.events[0].record == 2);
  CHECK(got.events[2]["message"] == "p[1]: three");
  CHECK(got.events[2].record == 12);
  size_t bad_time = 0;
  for (const GotProblem& p : got.problems) bad_time += p.code == "bad-time";
  CHECK(bad_time == 4);
}

TEST_CASE("names and addresses come from the record's own line, not from lines that follow it") {
  const Got got = run_parser(kParser,
                             "Aug  1 10:00:00 h sshd[7]: Failed password for eve from 192.0.2.1 port 4000 ssh2\n"
                             "for root from 198.51.100.9 port 22 ssh2\n"
                             "Aug  1 10:00:01 h sshd[8]: Disconnecting: Too many authentication failures for root\n"
                             " [preauth] user admin\n",
                             in_2005());
  REQUIRE(got.events.size() == 2);
  CHECK(difference("authentication.login.failure user=eve ip=192.0.2.1 attr:continuation_lines=1 "
                   "attr:continuation=\"for root from 198.51.100.9 port 22 ssh2\"",
                   got.events[0]) == "");
  CHECK(got.events[1].fields.at("user") == "root");
  check_declared(got);
}

TEST_CASE("continuation lines are bounded") {
  std::string text = "Jan  1 00:00:01 h p[1]: one\n";
  for (int i = 0; i < 5000; ++i) text += " more\n";
  text += "Jan  1 00:00:02 h p[1]: two\n";
  const Got got = run_parser(kParser, text, in_2005());
  CHECK(got.events.size() == 2);
  CHECK(got.read == 2);
  CHECK(got.unparsed == 4000);
}

TEST_CASE("runs of zeros: dropped, told, and nothing after them is lost") {
  const std::string a = "Jan  1 00:00:01 h p[1]: one\n", b = "Jan  1 00:00:02 h p[1]: two\n";
  for (size_t zeros : {1u, 300u, 70'000u, 3'000'000u}) {
    CAPTURE(zeros);
    for (const std::string& text : {std::string(zeros, '\0') + a + b, a + std::string(zeros, '\0') + b,
                                    a + "Jan  1 00:00:01 h p[1]: ha" + std::string(zeros, '\0') + b}) {
      const Got got = run_parser(kParser, text, in_2005());
      const size_t expected = text.find("ha") == std::string::npos ? 2 : 3;
      REQUIRE(got.events.size() == expected);
      CHECK(got.events.back()["message"] == "p[1]: two");
      CHECK(got.events.back().where.offset == text.size() - b.size());
      CHECK(got.events.back().where.length == b.size());
      REQUIRE(got.problems.size() == 1);
      CHECK(got.problems[0].code == "zero-bytes");
      CHECK(got.problems[0].where.length == zeros);
      CHECK(got.finish == Finish::complete);
    }
    const Got tail = run_parser(kParser, a + std::string(zeros, '\0'), in_2005());
    CHECK(tail.events.size() == 1);
    CHECK(tail.problems.size() == 1);
  }
}

TEST_CASE("a line without end is cut, and told") {
  const Got got = run_parser(
      kParser, "Jan  1 00:00:01 h p[1]: " + std::string(2'000'000, 'x') + "\nJan  1 00:00:02 h p[1]: two\n", in_2005());
  REQUIRE(got.events.size() == 2);
  CHECK(got.events[0]["message"].size() <= 8192);
  CHECK(got.events[1]["message"] == "p[1]: two");
  REQUIRE(got.problems.size() == 1);
  CHECK(got.problems[0].code == "cut-line");
}

TEST_CASE("glued messages of a forward format") {
  const Got got = run_parser(kParser,
                             "<15>Mar  6 04:07:23 hostname log_tag this is debug<14>Mar  6 04:07:24 hostname tag: two"
                             "<38>Mar  6 04:07:25 hostname sshd[3]: Accepted password for root from 192.0.2.9 port 5 "
                             "ssh2<999>Mar  6 04:07:25 no\n",
                             in_2005());
  REQUIRE(got.events.size() == 3);
  CHECK(got.read == 3);
  CHECK(difference("host.message host=hostname message=\"log_tag this is debug\" attr:glued=", got.events[0]) == "");
  CHECK(difference("service.message process=tag attr:glued=1", got.events[1]) == "");
  CHECK(got.events[1].where.offset == 50);
  CHECK(got.events[2]["attr:glued"] == "1");
}

TEST_CASE("text of the old character sets and of UTF-8") {
  const Got got = run_parser(kParser,
                             "Jan 22 07:52:33 h client[30840]: M\xFCller\n"
                             "Jan 22 07:52:34 h client[30840]: M\xC3\xBCller\n"
                             "Jan 22 07:52:35 h client[30840]: a\x1B[31mred\n",
                             in_2005());
  REQUIRE(got.events.size() == 3);
  CHECK(got.events[0]["message"] == "client[30840]: M\xC3\xBCller");
  CHECK(got.events[1]["message"] == "client[30840]: M\xC3\xBCller");
  CHECK(got.events[1]["attr:binary"] == "");
  CHECK(got.events[2]["message"] == "client[30840]: a\\x1b[31mred");
  CHECK(got.events[2]["attr:binary"] == "1");
}

TEST_CASE("years: over New Year, leap day, anchors in the text, none at all") {
  const Got over = run_parser(kParser,
                              "Dec 31 23:59:59 h p[1]: old\n"
                              "Jan  1 00:00:01 h p[1]: new\n",
                              in_2005());
  REQUIRE(over.events.size() == 2);
  CHECK(over.events[0]["time"] == "2004-12-31T23:59:59Z");
  CHECK(over.events[1]["time"] == "2005-01-01T00:00:01Z");

  // The file was copied in 2023; the text knows better.
  RunOptions copied;
  copied.zone = "UTC";
  copied.modified = Timestamp::from_unix(1'700'000'000);
  for (const auto& [text, year] : {
           std::pair{"Jun 17 07:07:00 c ftpd[1]: connection from 1.2.3.4 () at Fri Jun 17 07:07:00 2005 \n", "2005"},
           std::pair{"Nov  6 04:02:00 a anacron[1]: Updated timestamp for job `cron.daily' to 2000-11-06\n", "2000"},
           std::pair{
               "Aug 19 18:49:28 h kernel: [1.2] rtc_cmos 00:00: setting system clock to 2020-08-19T18:49:28 UTC\n",
               "2020"},
           std::pair{"Aug 19 18:49:28 h kernel: [1.2] audit: type=1400 audit(1597862968.592:5): apparmor\n", "2020"},
           std::pair{"Mar  6 06:27:33 h nmbd[1]: [2020/03/06 06:27:33.4866,  0] ../x.c:109(q)\n", "2020"},
           // the day before, written after midnight
           std::pair{"Jan  1 00:00:01 h anacron[1]: Updated timestamp for job `cron.daily' to 1999-12-31\n", "2000"},
           // an audit time that is not the line's own proves nothing
           std::pair{"Oct 11 00:02:36 h kernel: [4.6] audit: type=1400 audit(0123456789.592:5): x\n", "2023"},
       }) {
    CAPTURE(text);
    const Got got = run_parser(kParser, text, copied);
    REQUIRE(got.events.size() == 1);
    CHECK(got.events[0]["time"].substr(0, 4) == year);
    CHECK(got.events[0]["year_inferred"] == "1");
  }

  RunOptions nothing;
  nothing.zone = "UTC";
  const Got none = run_parser(kParser, "Jan  1 00:00:01 h p[1]: x\nJan  1 00:00:02 h p[1]: y\n", nothing);
  CHECK(none.events.empty());
  CHECK(none.unparsed == 2);
  CHECK(none.problems.at(0).code == "no-year");

  nothing.year = 1999;
  CHECK(run_parser(kParser, "Jan  1 00:00:01 h p[1]: x\n", nothing).events.at(0)["time"] == "1999-01-01T00:00:01Z");

  // Of several bounds the earliest holds.
  RunOptions bounded = copied;
  bounded.packed_modified = Timestamp::from_unix(1'300'000'000);  // 2011-03-13
  CHECK(run_parser(kParser, "Apr  1 00:00:01 h p[1]: x\n", bounded).events.at(0)["time"] == "2010-04-01T00:00:01Z");
}

TEST_CASE("a file that changes its template keeps its years") {
  RunOptions o;
  o.zone = "UTC";
  const Got got = run_parser(kParser,
                             "Dec 30 10:00:00 h p[1]: traditional\n"
                             "Jan  2 10:00:00 h p[1]: traditional\n"
                             "2024-01-03T10:00:00.123456+01:00 h p[1]: precise\n"
                             "Jan  4 10:00:00 h p[1]: traditional again\n",
                             o);
  REQUIRE(got.events.size() == 4);
  CHECK(got.events[0]["time"] == "2023-12-30T10:00:00Z");
  CHECK(got.events[1]["time"] == "2024-01-02T10:00:00Z");
  CHECK(got.events[2]["time"] == "2024-01-03T09:00:00.123456Z");
  CHECK(got.events[2]["year_inferred"] == "");
  CHECK(got.events[3]["time"] == "2024-01-04T10:00:00Z");
}

TEST_CASE("a clock without a battery is no New Year") {
  RunOptions o;
  o.zone = "UTC";
  o.modified = Timestamp::from_unix(1'700'000'000);  // 2023-11-14
  const std::string boots =
      "Nov  5 10:00:00 h p[1]: before\n"
      "Jan  1 00:00:07 h kernel: Linux version 5.1 (r@x) #1 SMP Tue Mar 7 20:53:41 UTC 2023\n"
      "Jan  1 00:00:09 h p[2]: lost\n"
      "Nov  5 10:03:00 h p[1]: time is known\n"
      "Nov  7 10:03:00 h p[1]: later\n"
      "Jan  1 00:00:07 h p[3]: lost again\n"
      "Nov  9 10:03:00 h p[1]: and back\n";
  const Got got = run_parser(kParser, boots, o);
  REQUIRE(got.events.size() == 7);
  CHECK(got.events[0]["time"] == "2023-11-05T10:00:00Z");
  CHECK(difference("host.boot time=2023-11-05T10:00:00Z basis=bounded attr:stamp=\"Jan  1 00:00:07\"", got.events[1]) ==
        "");
  REQUIRE(got.events[2].time.latest);
  CHECK(iso_micro(*got.events[2].time.earliest) == "2023-11-05T10:00:00.000000Z");
  CHECK(iso_micro(*got.events[2].time.latest) == "2023-11-05T23:59:59.000000Z");
  CHECK(got.events[3]["time"] == "2023-11-05T10:03:00Z");
  CHECK(got.events[5]["basis"] == "bounded");
  CHECK(got.events[5]["time"] == "2023-11-07T10:03:00Z");
  CHECK(got.events[6]["time"] == "2023-11-09T10:03:00Z");
  REQUIRE(got.problems.size() == 1);
  CHECK(got.problems[0].code == "clock-lost");

  // A real New Year, also with silence around it, stays one.
  const Got real = run_parser(kParser,
                              "Nov  5 10:00:00 h p[1]: a\n"
                              "Jan  1 00:00:07 h p[2]: b\n"
                              "Jan  9 00:00:07 h p[2]: c\n"
                              "Dec 28 00:00:07 h p[2]: d\n"
                              "Jan  1 00:00:07 h p[2]: e\n",
                              o);
  REQUIRE(real.events.size() == 5);
  CHECK(real.problems.empty());
  CHECK(real.events[0]["time"].substr(0, 4) == "2021");
  CHECK(real.events[1]["time"].substr(0, 4) == "2022");
  CHECK(real.events[3]["time"].substr(0, 4) == "2022");
  CHECK(real.events[4]["time"].substr(0, 4) == "2023");
}

TEST_CASE("a kernel cannot boot before it was built") {
  RunOptions o;
  o.zone = "UTC";
  o.year = 1998;
  const Got got = run_parser(
      kParser, "Jan  1 00:00:01 h kernel: Linux version 2.2.14 (r@x) (gcc) #1 Tue Mar 7 20:53:41 EST 2000\n", o);
  REQUIRE(got.events.size() == 1);
  REQUIRE(got.problems.size() == 1);
  CHECK(got.problems[0].code == "year-before-kernel");
}

TEST_CASE("zones: summer, winter, the hour that comes twice") {
  RunOptions o;
  o.zone = "Europe/Berlin";
  o.modified = Timestamp::from_unix(1'704'060'000);  // 2023-12-31
  const Got got = run_parser(kParser,
                             "Jul  1 12:00:00 h p[1]: summer\n"
                             "Oct 29 02:30:00 h p[1]: first\n"
                             "Oct 29 02:30:20 h p[1]: first\n"
                             "Oct 29 02:10:00 h p[1]: second\n"
                             "Dec  1 12:00:30 h p[1]: winter\n"
                             "Dec  1 12:00:10 h p[1]: a little back\n",
                             o);
  REQUIRE(got.events.size() == 6);
  CHECK(got.events[0]["time"] == "2023-07-01T10:00:00Z");
  CHECK(got.events[1]["time"] == "2023-10-29T00:30:00Z");
  CHECK(got.events[1].time.ambiguous);
  CHECK(got.events[2]["time"] == "2023-10-29T00:30:20Z");
  CHECK(got.events[3]["time"] == "2023-10-29T01:10:00Z");
  CHECK(got.events[4]["time"] == "2023-12-01T11:00:30Z");
  CHECK(got.events[5]["time"] == "2023-12-01T11:00:10Z");
}

TEST_CASE("probe: what is ours, and what only looks so") {
  CHECK(probe(kParser, "Jan  1 00:00:01 h p[1]: x\nJan  1 00:00:02 h p[1]: y\n") == Match::yes);
  CHECK(probe(kParser, "rest of a torn line\nJan  1 00:00:02 h p[1]: y\n") == Match::yes);
  CHECK(probe(kParser, "2024-01-03T10:00:00.123456+01:00 h p[1]: precise\n") == Match::yes);
  CHECK(probe(kParser, "<30>1 2021-03-06T04:07:38.263426+00:00 hostname systemd 1 - -  Stopping\n") == Match::yes);
  CHECK(probe(kParser, std::string(100, '\0') + "Jan  1 00:00:02 h p[1]: y\n") == Match::yes);
  CHECK(probe(kParser, std::string(10'000, '\0') + "Jan  1 00:00:02 h p[1]: y\n") == Match::maybe);
  CHECK(probe(kParser, "Oct 06 01:14:54 Updated: libgcc-4.8.5-39.el7.x86_64\n") != Match::yes);
  CHECK(probe(kParser, "2012-07-02 10:22:40,672:DEBUG:foo bar baz\n") != Match::yes);
  CHECK(probe(kParser, "2015-03-12T23:16:52.071:INFO:com.root:Response :\n") == Match::no);
  CHECK(probe(kParser, "2020-05-31T00:00:45.738158Z 0 [System] [MY-010116] [Server] starting\n") != Match::yes);
  CHECK(probe(kParser, "2020-05-31T00:00:45.738158Z INFO module: text\n") != Match::yes);
  CHECK(probe(kParser, "2020-05-31 00:00:45 status installed x:amd64 1.0\n") != Match::yes);
  CHECK(probe(kParser, "Mon Jun  6 18:43:28 2016 [pid 2] CONNECT: Client \"192.168.1.9\"\n") == Match::no);
  CHECK(probe(kParser, "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 2326\n") == Match::no);
  CHECK(probe(kParser, "") == Match::no);
}

TEST_CASE("cut anywhere: no crash, and every line is accounted for") {
  const std::string whole =
      "Jan  1 00:00:01 h sshd[7]: Failed hostbased for dan from 127.0.0.1 port 45785 ssh2: RSA 8c:e3, client user "
      "\"d\"\n"
      "<38>1 2019-07-08T17:40:17.954167-04:00 h sshd 5 - [a b=\"]\\\"\"] Invalid user x from 192.0.2.2 port 55555\n"
      "Jan  1 00:00:01 h sudo: bob : TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/x\n"
      "Jan  1 00:00:02 h polkitd(authority=local): Operator of unix-session:1 FAILED to authenticate as unix-user:r to "
      "gain authorization for action a for unix-process:1:2 [x] (owned by unix-user:b)\n"
      "Jan  1 00:00:03 h kernel: [1.2] Packet log: input DENY eth0 PROTO=6 192.0.2.9:55 192.0.2.1:22 L=60\n"
      "Jan  1 00:00:04 h postfix/smtpd[1]: warning: u[192.0.2.152]:47: SASL LOGIN authentication failed: x\n"
      "Jan  1 00:00:05 h vsftpd[1]: [bob] OK RENAME: Client \"192.0.2.2\", \"/a\", \"/b\"\n"
      "Jan  1 00:00:06 h dovecot: auth: pam(bob,192.0.2.2): unknown user (given password: x)\n";
  for (size_t n = 0; n <= whole.size(); ++n) {
    const std::string part = whole.substr(0, n);
    size_t lines = 0;
    for (std::string_view line : split(part, '\n')) lines += !line.empty();
    const Got got = run_parser(kParser, part, in_2005());
    // A torn stamp at the very end belongs to the record above, or is told.
    CHECK(got.read + got.unparsed <= lines);
    CHECK(got.read + got.unparsed + 1 >= lines);
    CHECK(got.events.size() == got.read);
  }
}

TEST_CASE("the texts of all readers, cut and mangled: nothing but events and problems") {
  // Every known program with every beginning of many texts: what a reader expects next is missing.
  static constexpr std::string_view kPrograms[] = {"sshd",
                                                   "dropbear",
                                                   "sftp-server",
                                                   "sudo",
                                                   "doas",
                                                   "su",
                                                   "pkexec",
                                                   "polkitd",
                                                   "login",
                                                   "rshd",
                                                   "useradd",
                                                   "passwd",
                                                   "gpasswd",
                                                   "pw",
                                                   "CRON",
                                                   "anacron",
                                                   "atd",
                                                   "run-parts",
                                                   "inetd",
                                                   "xinetd",
                                                   "rpc.statd",
                                                   "rpc.mountd",
                                                   "named",
                                                   "dhclient",
                                                   "openvpn",
                                                   "scanlogd",
                                                   "snort",
                                                   "portsentry",
                                                   "ftpd",
                                                   "vsftpd",
                                                   "proftpd",
                                                   "pure-ftpd",
                                                   "kernel",
                                                   "rsyslogd",
                                                   "systemd",
                                                   "systemd-logind",
                                                   "shutdown",
                                                   "init",
                                                   "ntpd",
                                                   "dovecot",
                                                   "imapd",
                                                   "cyrus/imap",
                                                   "postfix/smtpd",
                                                   "sendmail",
                                                   "exim",
                                                   "mysqld",
                                                   "webmin",
                                                   "phpMyAdmin",
                                                   "xrdp-sesman",
                                                   "slapd",
                                                   "screensharingd",
                                                   "smbd",
                                                   "smbd_audit",
                                                   "PAM_pwdb",
                                                   "login(pam_unix)",
                                                   "auth"};
  static constexpr std::string_view kTexts[] = {
      "Accepted password for a from 1.2.3.4 port 5 ssh2: RSA a:b ID x (serial 1) CA",
      "Failed x for invalid user  from ",
      "Invalid user ",
      "Connection closed by user a 1.2.3.4 port 5",
      "Received disconnect from 1.2.3.4 port 5:11: x",
      "pam_unix(sshd:auth): authentication failure; logname= uid=0 ruser= rhost=a  user=b",
      "(pam_unix) x",
      "pam_x(",
      "PAM 5 more authentication failures; rhost=",
      "session opened for user a(uid=0) by b(uid=1)",
      "a : TTY=x ; PWD=y ; USER=z ; COMMAND=c ; EXIT=1",
      "FAILED SU (to a) b on c",
      "+ a b:c",
      "a to b on c",
      "FAILED LOGIN (2) on '/dev/tty1' from 'x' FOR 'root', r",
      "LOGIN ON a BY b FROM c",
      "login from a on b as c",
      "ROOT LOGIN (a) ON b FROM c",
      "2 LOGIN FAILURES FROM a, b",
      "a@b as c: cmd='d'",
      "new user: name=a, UID=0, GID=",
      "change user 'a' b from 'c' to 'd'",
      "group 'a' removed from b",
      "user a added by b to group c",
      "[a:useradd] b(1):c(1):d:e:f",
      "(a) CMD (b)",
      "(a) REPLACE (b)",
      "Starting job 1 (b) for user 'c' (1)",
      "(/etc) starting x",
      "START: a pid=1 from=b",
      "libwrap refused connection to a (b) from c",
      "refused connect from a@b (c)",
      "a[1] from 1.2.3.4 5",
      "authenticated mount request from a:1 for /b (/c)",
      "client @0x1 1.2.3.4#5 (a): query 'b/c/d' denied",
      "denied a from [1.2.3.4].5 for \"b\"",
      "DHCPACK on a to b (c)",
      "[1:2:3] a {TCP} 1.2.3.4:5 -> 6.7.8.9:10",
      "From a:1 to b ports 1, 2, f",
      "a: Connect from host: b/c to TCP port: 1",
      "connection from a (b) at c",
      "FTP LOGIN REFUSED (a) FROM b [c], d",
      "User a timed out after 9 seconds at b",
      "[a] OK RENAME: Client \"b\", \"c\", \"d\", 1 bytes",
      "a (b[c]) - USER d (Login failed): e",
      "(a@b) [c] File successfully renamed or moved: [d]->[e]",
      "(a@b) [c] d partially uploaded  (1 bytes, x)",
      "IN=a OUT=b SRC=c DST=d SPT=1 DPT=2 PROTO=e",
      "Packet log: a DENY b PROTO=6 c:1 d:2",
      "ipfw: 1 Deny a b:1 c:2",
      "[1.2] a[1]: segfault at b in c[d]",
      "Out of memory: Kill process 1 (a)",
      "EXT4-fs (a): mounted filesystem",
      "usb 1: New USB device found, idVendor=a, idProduct=b",
      "[origin a=\"b\"] start",
      "a lost 5 messages from b",
      "New session 'a' of user 'b' with class 'c' and type 'd'.",
      "a.service: Main process exited, code=killed, status=b",
      "x: Failed with result 'a'.",
      "reboot by a: b",
      "step time server a offset b sec",
      "imap-login: Disconnected (auth failed, 2 attempts): user=<a>, rip=b",
      "auth: pam(a,b): unknown user",
      "badlogin: a [b] c d SASL(-1): e",
      "login: a [b] c d e",
      "Login failed user=a auth=b host=c [d]",
      "warning: a[b]:1: SASL c authentication failed: d, sasl_username=e",
      "1A2B: client=a[b], sasl_username=c",
      "NOQUEUE: reject: RCPT from a[b]: 5",
      "12345678: AUTH=server, relay=a [b], authid=c",
      "12345678: a: possible SMTP attack: command=b, count=c",
      "a authenticator failed for b [c]:1: 535 d (set_id=e)",
      "1aB <= a H=b [c]:1 P=d A=e:f S=1",
      "Access denied for user 'a'@'b' (using password: YES)",
      "FATAL:  password authentication failed for user \"a\"",
      "user denied: a (b) from c",
      "AUTHFAIL: user=a ip=b time=c",
      "x created session (access granted): username a, ip b:1 - c",
      "conn=1 fd=2 ACCEPT from IP=a:1 (IP=b)",
      "Authentication: FAILED :: User Name: a :: Viewer Address: b :: Type: c",
      "a (ipv4:b:1) connect to service c initially as user d (uid=1)",
      "a|b|c|unlink|ok|d",
      "Operator of unix-session:1 FAILED to authenticate as unix-user:a to gain b for action c for unix-process:d [e] ("
      "owned by unix-user:f)",
      "a: Executing command [USER=b] [TTY=c] [COMMAND=d]",
      "close \"a\" bytes read 1 written 2",
      "rename old \"a\" new \"b\"",
      "Pubkey auth succeeded for 'a' with key b c:d from e:1",
      "Exit before auth from <a:1>: (user 'b', 1 fails): c",
      "2 authentication failures; a(uid=1) -> b for c service",
      "password for (a/1) changed by (b/2)",
      "Linux version a (b) #1 SMP Tue Mar 7 20:53:41 EST 2000",
      "SSH: Server;Ltype: Authname;Remote: a-1;Name: b"};
  uint64_t events = 0;
  for (std::string_view program : kPrograms)
    for (std::string_view text : kTexts) {
      std::string log;
      size_t lines = 0;
      for (size_t n = 0; n <= text.size(); ++n, ++lines)
        log += fmt::format("Jan  1 00:00:01 h {}[1]: {}\n", program, text.substr(0, n));
      for (size_t n = 1; n < text.size(); n += 3, ++lines)
        log += fmt::format("Jan  1 00:00:01 h {}[1]: {}\n", program, text.substr(n));
      const Got got = run_parser(kParser, log, in_2005());
      CHECK(got.read == lines);
      CHECK(got.events.size() == lines);
      check_declared(got);
      events += got.events.size();
    }
  CHECK(events > 100'000);
}

TEST_CASE("a stopped run hands on what it has and says that it is partial") {
  std::string log;
  for (int i = 0; i < 5000; ++i) log += "Jan  1 00:00:01 h p[1]: x\n";
  RunOptions o = in_2005();
  o.stop_after = 1000;
  const Got got = run_parser(kParser, log, o);
  CHECK(got.finish == Finish::partial);
  CHECK(got.events.size() >= 1000);
  CHECK(got.events.size() < 2000);
}

namespace {
// A stream whose n-th read fails.
class FaultyStream final : public ContentStream {
 public:
  FaultyStream(std::string bytes, int fail_at) : inner_(std::move(bytes)), left_(fail_at) {}
  uint64_t size() const override { return inner_.size(); }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
    if (left_-- == 0) return fail(ErrorCode::io, "the medium gave up", offset);
    return inner_.read(offset, out);
  }

 private:
  MemoryStream inner_;
  int left_;
};
}  // namespace

TEST_CASE("a read error is told, what was read before it is kept") {
  std::string log;
  while (log.size() < 300'000) log += "Jan  1 00:00:01 h p[1]: some text\n";
  for (int n = 0; n < 12; ++n) {
    FaultyStream stream(log, n);
    const Got got = run_parser(kParser, stream, in_2005());
    CAPTURE(n);
    if (got.finish == Finish::complete) continue;
    bool told = false;
    for (const GotProblem& p : got.problems) told |= p.code == "read-error" || p.code == "no-year";
    CHECK(told);
  }
}

TEST_CASE("fail2ban's samples: time and host agree") {
  RunOptions o = in_2005();
  o.zone = "Europe/Zurich";
  size_t compared = 0;
  for (const char* name : {"sshd", "pam-generic", "wuftpd", "xinetd-fail", "pure-ftpd", "proftpd", "webmin-auth"}) {
    const auto content = shared_file(std::string("data/logs/fail2ban-samples/") + name);
    if (!content) return;
    std::string note;
    for (std::string_view line : split(*content, '\n')) {
      if (line.starts_with("# failJSON:")) {
        note = std::string(line);
        continue;
      }
      if (line.empty() || line.starts_with('#') || note.empty()) continue;
      const std::string_view time = between(note, "\"time\": \"", "\"").value_or("");
      const std::string_view host = between(note, "\"host\": \"", "\"").value_or("");
      const bool match = contains(note, "\"match\": true");
      note.clear();
      const Got got = run_parser(kParser, line, o);
      CAPTURE(std::string(line));
      REQUIRE(got.events.size() == 1);
      const GotEvent& e = got.events[0];
      ++compared;
      const bool counted =
          e.outcome == Outcome::failure && (e.action == Action::login || e.action == Action::ftp_login);
      // Without `match` no failure is counted, except where fail2ban does not read an old form that we do.
      if (!match && !contains(line, "pop(pam_unix)")) CHECK(!counted);
      if (!match) continue;
      if (!time.empty()) {
        const auto zone = TimeZone::from_name("Europe/Zurich");
        const Civil c = zone->to_local(e.time.when);
        CHECK(fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute, c.second) ==
              time);
      }
      if (contains(line, host)) {
        const std::string expected = canonical_ip(host).value_or(std::string(host));
        const bool agrees = e["ip"] == expected || e["source_host"] == expected;
        CHECK_MESSAGE(agrees, e.text);
      }
      const bool told = counted || e.outcome == Outcome::failure || e.action == Action::auth_probe ||
                        e.action == Action::network_blocked || e.action == Action::auth_message ||
                        contains(line, "Accepted password for known");
      CHECK_MESSAGE(told, e.text);
    }
  }
  CHECK(compared > 150);
}

TEST_CASE("real logs: every line is a record, and none is lost") {
  if (shared_dir().empty()) return;
  struct File {
    const char* name;
    size_t records, broken;
  };
  static constexpr File kFiles[] = {
      {"auth/CentOS7-secure", 59, 0},
      {"auth/Debian9-auth.log", 19, 0},
      {"auth/FreeBSD13.1-auth.log", 80, 0},
      {"syslog/Debian11-messages", 20, 0},
      {"syslog/Debian9-syslog", 19, 0},
      {"syslog/FreeBSD13.1-cron", 273, 0},
      {"syslog/FreeBSD13.1-maillog", 40, 0},
      {"syslog/Linux_2k.log", 2000, 0},
      {"syslog/syslog", 16, 1},
      {"syslog/logfile_bad_syslog.0", 4, 0},
      {"syslog/syslog_rsyslog", 5, 0},
      {"text-parser-edge/syslog_copy", 12, 2},
      {"syslog/syslog_rsyslog_SyslogProtocol23Format", 9, 0},
      {"syslog/syslog_rsyslog_traditional", 8, 0},
  };
  RunOptions o;
  o.zone = "UTC";
  o.modified = Timestamp::from_unix(1'700'000'000);
  for (const File& file : kFiles) {
    CAPTURE(file.name);
    const auto content = shared_file(std::string("data/logs/") + file.name);
    REQUIRE(content);
    const Got got = run_parser(kParser, *content, o);
    CHECK(got.read == file.records);
    CHECK(got.unparsed == file.broken);
    CHECK(got.events.size() == file.records);
    CHECK(got.match == Match::yes);
    CHECK(got.finish == Finish::complete);
  }
}

// Run with --no-skip --test-case=bench*
TEST_CASE("bench: two million lines of auth.log" * doctest::skip()) {
  std::string log;
  log.reserve(220'000'000);
  uint32_t seed = 1;
  const auto random = [&](uint32_t below) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
  };
  constexpr int kLines = 2'000'000;
  for (int i = 0; i < kLines; ++i) {
    const int s = i / 4 % 60, m = i / 240 % 60, h = i / 14400 % 24, d = i / 345600 % 28 + 1;
    const std::string head = fmt::format("Mar {:2} {:02}:{:02}:{:02} web1 ", d, h, m, s);
    const std::string ip = fmt::format("203.0.{}.{}", random(64), random(250));
    const uint32_t pid = 1000 + random(30000), port = 1024 + random(60000);
    switch (random(10)) {
      case 0:
        log += fmt::format("{}sshd[{}]: Accepted password for user{} from {} port {} ssh2\n", head, pid, random(300),
                           ip, port);
        break;
      case 1:
        log += fmt::format("{}sshd[{}]: Invalid user admin{} from {} port {}\n", head, pid, random(300), ip, port);
        break;
      case 2:
        log += fmt::format("{}sshd[{}]: Failed password for invalid user admin{} from {} port {} ssh2\n", head, pid,
                           random(300), ip, port);
        break;
      case 3:
        log += fmt::format(
            "{}sshd[{}]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={}  "
            "user=root\n",
            head, pid, ip);
        break;
      case 4:
        log += fmt::format("{}CRON[{}]: pam_unix(cron:session): session opened for user root by (uid=0)\n", head, pid);
        break;
      case 5:
        log +=
            fmt::format("{}sshd[{}]: Received disconnect from {} port {}:11: Bye Bye [preauth]\n", head, pid, ip, port);
        break;
      case 6:
        log += fmt::format("{}sshd[{}]: Disconnected from authenticating user root {} port {} [preauth]\n", head, pid,
                           ip, port);
        break;
      default:
        log += fmt::format("{}sshd[{}]: Failed password for root from {} port {} ssh2\n", head, pid, ip, port);
        break;
    }
  }
  MemoryStream stream(std::move(log));
  RunOptions o;
  o.zone = "Europe/Berlin";
  o.modified = Timestamp::from_unix(1'700'000'000);
  for (int round = 0; round < 3; ++round) {
    const std::clock_t before = std::clock();
    const Count count = count_events(kParser, stream, o);
    const double seconds = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
    CHECK(count.read == kLines);
    fmt::print("{} lines, {} bytes, {:.3f} CPU s: {:.2f} M lines/s\n", count.read, stream.size(), seconds,
               static_cast<double>(count.read) / seconds / 1e6);
  }
}
