// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/time_zone.hpp"
#include "support/fake_files.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

HostProfile read(const FakeFiles& files, ProfileOptions options = {}) {
  return read_profile(files.callbacks(), options);
}

const Account* account(const HostProfile& host, std::string_view name) {
  for (const Account& a : host.accounts)
    if (a.name == name) return &a;
  return nullptr;
}

std::string note(const HostProfile& host, std::string_view key) {
  for (const ProfileNote& n : host.notes)
    if (n.key == key) return n.value;
  return {};
}
size_t notes(const HostProfile& host, std::string_view key) {
  return static_cast<size_t>(
      std::count_if(host.notes.begin(), host.notes.end(), [&](const ProfileNote& n) { return n.key == key; }));
}

// A zone file as zic writes it: one type, and a rule in the footer.
std::string tzif(std::string_view abbreviation, int32_t offset, std::string_view footer, char version = '2') {
  std::string block = "TZif";
  block += version;
  block += std::string(15, '\0');
  const auto number = [&](uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) block += static_cast<char>(value >> shift & 0xFF);
  };
  for (const uint32_t count : {0u, 0u, 0u, 0u, 1u, static_cast<uint32_t>(abbreviation.size() + 1)}) number(count);
  number(static_cast<uint32_t>(offset));
  block += std::string(2, '\0') + std::string(abbreviation) + '\0';
  if (version == '\0') return block;
  return block + block + "\n" + std::string(footer) + "\n";
}
const std::string kBerlin = tzif("CET", 3600, "CET-1CEST,M3.5.0,M10.5.0/3");
const std::string kChicago = tzif("CST", -21600, "CST6CDT,M3.2.0,M11.1.0");

}  // namespace

TEST_CASE("operating systems") {
  const auto os = [](const FakeFiles& files) {
    const HostProfile host = read(files);
    return std::string(to_text(host.os)) + "|" + host.os_version;
  };
  CHECK(os(FakeFiles()
               .put("/etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n")
               .put("/etc/debian_version", "12.5\n")) == "linux|Debian GNU/Linux 12 (bookworm), point release 12.5");
  CHECK(os(FakeFiles().put("/usr/lib/os-release", "NAME=Alpine\nVERSION='3.19'\nID=alpine\n")) == "linux|Alpine 3.19");
  CHECK(os(FakeFiles().put("/etc/redhat-release", "Red Hat Linux release 6.2 (Zoot)\n")) ==
        "linux|Red Hat Linux release 6.2 (Zoot)");
  CHECK(os(FakeFiles()
               .put("/etc/redhat-release", "CentOS Linux release 7.9.2009 (Core)\n")
               .put("/etc/centos-release", "CentOS Linux release 7.9.2009 (Core)\n")) ==
        "linux|CentOS Linux release 7.9.2009 (Core)");
  CHECK(os(FakeFiles().put("/etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_DESCRIPTION=\"Ubuntu 8.04.4 LTS\"\n")) ==
        "linux|Ubuntu 8.04.4 LTS");
  CHECK(os(FakeFiles().put("/etc/SuSE-release",
                           "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n")) ==
        "linux|SUSE Linux Enterprise Server 11 (x86_64) SP4");
  CHECK(os(FakeFiles().put("/etc/debian_version", "3.1\n")) == "linux|Debian GNU/Linux 3.1");
  CHECK(os(FakeFiles().put("/etc/issue", "\nWelcome to Foo Linux 1.2 \\n \\l\n\n")) ==
        "linux|Welcome to Foo Linux 1.2");
  CHECK(os(FakeFiles().put("/bin/freebsd-version", "#!/bin/sh\nUSERLAND_VERSION=\"13.1-RELEASE\"\n")) ==
        "bsd|FreeBSD 13.1-RELEASE");
  CHECK(os(FakeFiles().put("/etc/motd", "OpenBSD 7.4 (GENERIC) #1336: Tue Oct 10\n")) == "bsd|OpenBSD 7.4");
  CHECK(os(FakeFiles().put("/etc/release", "                       Solaris 10 10/09 s10x\n")) ==
        "solaris|Solaris 10 10/09 s10x");
  CHECK(os(FakeFiles().put(
            "/System/Library/CoreServices/SystemVersion.plist",
            "<key>ProductName</key>\n<string>macOS</string>\n<key>ProductVersion</key><string>12.6</string>")) ==
        "macos|macOS 12.6");
  CHECK(os(FakeFiles().put("/etc/fstab", "")) == "linux|");
  CHECK(os(FakeFiles()) == "unknown|");
}

TEST_CASE("Windows is told by its system root") {
  FakeFiles files;
  files.put("C:/WINNT/system32/config/system", "regf");
  const HostProfile host = read_profile(files.callbacks("C:/"));
  CHECK(host.os == OsFamily::windows);
  CHECK(note(host, "system_root") == "C:/WINNT");
  CHECK_FALSE(host.zone_source.empty());
  CHECK(read_profile(FakeFiles().put("C:/Windows/notes.txt", "").callbacks("C:/")).os == OsFamily::unknown);
}

TEST_CASE("host names") {
  HostProfile host = read(FakeFiles().put("/etc/hostname", "# set by hand\nweb1.example.com\n"));
  CHECK(host.host_name == "web1");
  CHECK(host.host_aliases == std::vector<std::string>{"web1.example.com"});
  host = read(FakeFiles().put("/etc/sysconfig/network", "NETWORKING=yes\nHOSTNAME=\"apollo.example.edu\"\n"));
  CHECK(host.host_name == "apollo");
  host = read(FakeFiles().put("/etc/rc.conf", "hostname=\"gate\" # the gate\nsshd_enable=YES\n"));
  CHECK(host.host_name == "gate");
  host = read(
      FakeFiles().put("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 db.example.com db\n192.0.2.8 db db.old.example\n"));
  CHECK(host.host_name == "db");
  CHECK(host.host_aliases == std::vector<std::string>{"db.example.com", "db.old.example"});
  CHECK(host.ip_addresses == std::vector<std::string>{"192.0.2.8"});
  host = read(FakeFiles().put("/etc/hostname", "localhost.localdomain\n").put("/etc/HOSTNAME", "real\n"));
  CHECK(host.host_name == "real");
  host = read(FakeFiles().put("/etc/hostname", "bad\x01name$(reboot)\n"));
  CHECK(host.host_name == "");
  CHECK(notes(host, "malformed") == 1);
  CHECK(read(FakeFiles().put("/etc/machine-id", "0123456789abcdef0123456789ABCDEF\n")).machine_id ==
        "0123456789abcdef0123456789abcdef");
  CHECK(read(FakeFiles().put("/etc/machine-id", "uninitialized\n")).machine_id == "");
}

TEST_CASE("zone: a link names it") {
  const HostProfile host = read(FakeFiles()
                                    .link("/etc/localtime", "../usr/share/zoneinfo/Europe/Berlin")
                                    .put("/usr/share/zoneinfo/Europe/Berlin", kBerlin)
                                    .put("/etc/timezone", "America/Chicago\n"));
  CHECK(host.zone_name == "Europe/Berlin");
  CHECK(host.zone_tzif == kBerlin);
  CHECK(contains(host.zone_source, "/etc/localtime -> "));
  CHECK(contains(note(host, "zone_conflict"), "America/Chicago"));
}

TEST_CASE("zone: a link to what is not on the evidence") {
  const HostProfile host = read(FakeFiles().link("/etc/localtime", "/usr/share/zoneinfo/Europe/Berlin"));
  CHECK(host.zone_name == "Europe/Berlin");
  if (TimeZone::tzif_of("Europe/Berlin")) {
    CHECK(TimeZone::from_tzif(host.zone_tzif));
    CHECK(contains(host.zone_source, "this machine's zone database"));
  }
  const HostProfile unknown = read(FakeFiles().link("/etc/localtime", "/usr/share/zoneinfo/Mars/Base"));
  CHECK(unknown.zone_name == "Mars/Base");
  CHECK(unknown.zone_tzif.empty());
  CHECK(contains(unknown.zone_source, "taken as UTC"));
}

TEST_CASE("zone: bytes, and a name beside them") {
  HostProfile host = read(FakeFiles()
                              .put("/etc/localtime", kChicago)
                              .put("/etc/sysconfig/clock", "ZONE=\"America/Chicago\"\nUTC=true\n")
                              .put("/usr/share/zoneinfo/America/Chicago", kChicago));
  CHECK(host.zone_name == "America/Chicago");
  CHECK(host.zone_tzif == kChicago);
  CHECK(contains(host.zone_source, "/etc/sysconfig/clock"));
  // The name that is written down has other rules: the bytes are in force.
  host = read(FakeFiles()
                  .put("/etc/localtime", kChicago)
                  .put("/etc/timezone", "Europe/Berlin\n")
                  .put("/usr/share/zoneinfo/Europe/Berlin", kBerlin)
                  .put("/usr/share/zoneinfo/US/Central", kChicago)
                  .put("/usr/share/zoneinfo/America/Chicago", kChicago)
                  .put("/usr/share/zoneinfo/posix/America/Chicago", kChicago));
  CHECK(host.zone_name == "America/Chicago");
  CHECK(host.zone_tzif == kChicago);
  CHECK(note(host, "zone_same_rules") == "US/Central");
  CHECK(notes(host, "zone_conflict") == 1);
}

TEST_CASE("zone: the table of zones decides among names for the same rules") {
  const HostProfile host = read(FakeFiles()
                                    .put("/etc/localtime", kBerlin)
                                    .put("/usr/share/zoneinfo/zone1970.tab", "#c\nDE,NO\t+5230+01322\tEurope/Berlin\n")
                                    .put("/usr/share/zoneinfo/Europe/Amsterdam", kBerlin)
                                    .put("/usr/share/zoneinfo/Europe/Berlin", kBerlin));
  CHECK(host.zone_name == "Europe/Berlin");
}

TEST_CASE("zone: bytes alone are described by their rule") {
  HostProfile host = read(FakeFiles().put("/etc/localtime", kBerlin));
  CHECK(host.zone_name == "CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(host.zone_tzif == kBerlin);
  host = read(FakeFiles().put("/etc/localtime", tzif("EST", -18000, "", '\0')));
  CHECK(host.zone_name == "EST");
  CHECK(tzif_footer(kBerlin) == "CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(tzif_footer(tzif("EST", -18000, "", '\0')).empty());
  for (size_t length = 0; length < kBerlin.size(); ++length) tzif_footer(std::string_view(kBerlin).substr(0, length));
  std::string hostile = kBerlin;
  for (size_t at = 20; at < 44; ++at) hostile[at] = '\xFF';
  CHECK(tzif_footer(hostile).empty());
}

TEST_CASE("zone: names alone, none at all") {
  HostProfile host = read(FakeFiles()
                              .put("/etc/TIMEZONE", "# Solaris\nTZ=US/Central\n")
                              .put("/usr/share/lib/zoneinfo/US/Central", kChicago));
  CHECK(host.zone_name == "US/Central");
  CHECK(host.zone_tzif == kChicago);
  host = read(FakeFiles().put("/etc/passwd", "root:x:0:0::/root:/bin/sh\n"));
  CHECK(host.zone_name == "UTC");
  REQUIRE(TimeZone::from_tzif(host.zone_tzif));
  CHECK(TimeZone::from_tzif(host.zone_tzif)->offset_at(Timestamp::from_unix(1700000000)) == 0);
  host = read(FakeFiles().put("/home/eve/x", ""));
  CHECK(host.zone_name == "");
  CHECK(host.zone_tzif == "");
  CHECK_FALSE(host.zone_source.empty());
  host = read(FakeFiles().put("/etc/localtime", "no zone file").put("/etc/passwd", ""));
  CHECK(host.zone_tzif == "");
  CHECK(notes(host, "malformed") == 1);
  CHECK(note(read(FakeFiles().put("/etc/adjtime", "0.0 0 0.0\n0\nLOCAL\n")), "hardware_clock") == "LOCAL");
}

TEST_CASE("accounts") {
  FakeFiles files;
  files
      .put("/etc/passwd",
           "root:x:0:0:root:/root:/bin/bash\n"
           "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
           "toor::0:0::/tmp:/bin/sh\n"
           "eve:x:1000:1000:Eve,,,:/home/eve:/bin/bash\n"
           "bob:x:1001:27::/home/bob:/bin/bash\n"
           "mia:x:1002:1002::/home/mia:/bin/bash\n"
           "kay:x:1003:1003::/home/kay:/bin/bash\n"
           "old:x:1004:1004::/home/old:/bin/bash\n"
           "open:x:1005:1005::/home/open:/bin/bash\n"
           "\n# comment\n+@staff\n"
           "broken line\n"
           "nouid:x:abc:1::/:/bin/sh\n"
           "eve:x:4242:0::/tmp:/bin/sh\n")
      .put("/etc/shadow",
           "root:$6$a$b:19000:0:99999:7:::\ndaemon:*:18000:0:99999:7:::\neve:$y$j9T$x:19500:0:99999:7:::\n"
           "bob:$1$a:0:0:99999:7:::\nmia:!$6$a$b:19000::::::\nkay:!:19100::::::\nopen::19000::::::\nghost:$6$x:19000:::"
           ":::\n")
      .put("/etc/group", "root:x:0:\nsudo:x:27:eve\nwheel:x:10:\nops:x:50:mia,kay\nshort:x\n")
      .put("/etc/gshadow", "sudo:*::eve,old\nops:!::mia,kay\n")
      .put("/home/kay/.ssh/authorized_keys", "ssh-ed25519 AAAA k\n");
  const HostProfile host = read(files);
  REQUIRE(host.accounts.size() == 9);
  const Account* root = account(host, "root");
  CHECK(root->is_admin);
  CHECK(root->admin_reason == "uid 0");
  CHECK(root->enabled == true);
  CHECK(root->password_set_day == 19000);
  CHECK(root->source == "passwd");
  const Account* toor = account(host, "toor");
  CHECK(toor->admin_reason == "uid 0");
  CHECK(toor->empty_password);
  CHECK(toor->enabled == true);
  CHECK(account(host, "daemon")->enabled == false);
  CHECK(account(host, "eve")->admin_reason == "member of sudo");
  CHECK(account(host, "eve")->id == "1000");
  CHECK(account(host, "eve")->gecos == "Eve,,,");
  CHECK(account(host, "bob")->admin_reason == "member of sudo");  // by its own group
  CHECK_FALSE(account(host, "bob")->password_set_day);
  CHECK(account(host, "mia")->enabled == false);
  CHECK(account(host, "kay")->enabled == true);  // a key lets it in
  CHECK(account(host, "old")->enabled == false);
  CHECK(account(host, "open")->empty_password);
  CHECK_FALSE(account(host, "mia")->is_admin);
  CHECK(notes(host, "malformed") == 4);  // too few fields (passwd, group), no uid, a second eve
  CHECK(note(host, "shadow_without_account") == "ghost");
  CHECK(contains(note(host, "gshadow_differs"), "old"));
  CHECK(notes(host, "nis") == 1);
  CHECK(host.groups.size() == 4);
}

TEST_CASE("sudoers") {
  FakeFiles files;
  files
      .put("/etc/passwd",
           "root:x:0:0::/root:/bin/bash\na:x:1:1::/a:/bin/sh\nb:x:2:2::/b:/bin/sh\nc:x:3:3::/c:/bin/sh\n"
           "d:x:4:4::/d:/bin/sh\ne:x:5:5::/e:/bin/sh\nf:x:6:60::/f:/bin/sh\ng:x:7:7::/g:/bin/sh\nh:x:8:8::/h:/bin/sh\n")
      .put("/etc/group", "six:x:60:\nadmins:x:70:e\n")
      .put("/etc/sudoers",
           "Defaults env_reset\n# a comment\nUser_Alias TEAM = b, \\\n  c : OTHERS = zz\nCmnd_Alias EVERY = ALL\n"
           "root ALL=(ALL:ALL) ALL\na ALL = (root, op) NOPASSWD: SETENV: ALL\nTEAM ALL=(ALL) EVERY\n"
           "g ALL=(root) /usr/bin/less, /bin/cat\n%admins ALL=(ALL) ALL\n%#60 ALL=(ALL) NOPASSWD:ALL\n"
           "#includedir /etc/sudoers.d\n")
      .put("/etc/sudoers.d/90-d", "#4 ALL=(ALL) ALL # by uid\n")
      .put("/etc/sudoers.d/h.bak", "h ALL=(ALL) ALL\n");
  const HostProfile host = read(files);
  CHECK(account(host, "a")->admin_reason == "/etc/sudoers line 7");
  CHECK(account(host, "b")->admin_reason == "/etc/sudoers line 8");
  CHECK(account(host, "c")->is_admin);
  CHECK(account(host, "d")->admin_reason == "/etc/sudoers.d/90-d line 1");
  CHECK(account(host, "e")->admin_reason == "/etc/sudoers line 10");
  CHECK(account(host, "f")->admin_reason == "/etc/sudoers line 11");
  CHECK_FALSE(account(host, "g")->is_admin);
  CHECK_FALSE(account(host, "h")->is_admin);
  CHECK(notes(read(FakeFiles().put("/etc/passwd", "a:x:1:1::/a:/bin/sh\n").put("/etc/sudoers", "ALL ALL=(ALL) ALL\n")),
              "sudo_everybody") == 1);
  // A folder that includes itself ends.
  const HostProfile loop =
      read(FakeFiles()
               .put("/etc/passwd", "a:x:1:1::/a:/bin/sh\n")
               .put("/etc/sudoers", "@include /etc/sudoers\n@includedir /etc/sudoers.d\na ALL=ALL\n")
               .put("/etc/sudoers.d/x", "@includedir /etc/sudoers.d\n"));
  CHECK(account(loop, "a")->is_admin);
}

TEST_CASE("accounts of the BSDs") {
  const HostProfile host = read(FakeFiles().put("/etc/master.passwd",
                                                "root:$2b$x:0:0:daemon:0:0:Charlie:/root:/bin/ksh\n"
                                                "eve:*:1000:1000::0:0:Eve:/home/eve:/bin/ksh\n"));
  REQUIRE(host.accounts.size() == 2);
  CHECK(host.os == OsFamily::bsd);
  CHECK(host.accounts[0].home == "/root");
  CHECK(host.accounts[0].enabled == true);
  CHECK(host.accounts[1].enabled == false);
}

TEST_CASE("without shadow nothing is said about a hidden password") {
  const HostProfile host = read(FakeFiles().put("/etc/passwd", "eve:x:1000:1000::/home/eve:/bin/bash\n"));
  REQUIRE(host.accounts.size() == 1);
  CHECK_FALSE(host.accounts[0].enabled);
  CHECK_FALSE(host.accounts[0].empty_password);
}

TEST_CASE("a flood of malformed lines is counted, not kept") {
  std::string passwd;
  for (int i = 0; i < 5000; ++i) passwd += "junk\n";
  const HostProfile host = read(FakeFiles().put("/etc/passwd", passwd));
  CHECK(notes(host, "malformed") == 21);
}

TEST_CASE("mounts") {
  const HostProfile host =
      read(FakeFiles().put("/etc/fstab",
                           "# /etc/fstab\nUUID=1-2 / ext4 defaults 0 1\nLABEL=var\t/var/\text3\tdefaults 0 2\n"
                           "/dev/sda3 none swap sw 0 0\n/dev/sdb1 /srv/a\\040b xfs ro\nproc /proc proc\nlonely\n"));
  REQUIRE(host.mounts.size() == 4);
  CHECK(host.mounts[0].device == "UUID=1-2");
  CHECK(host.mounts[0].mount_point == "/");
  CHECK(host.mounts[1].mount_point == "/var");
  CHECK(host.mounts[1].type == "ext3");
  CHECK(host.mounts[2].mount_point == "/srv/a b");
  CHECK(notes(host, "malformed") == 1);
  const HostProfile solaris = read(FakeFiles().put("/etc/vfstab", "/dev/dsk/c0 /dev/rdsk/c0 /var ufs 1 no -\n"));
  REQUIRE(solaris.mounts.size() == 1);
  CHECK(solaris.mounts[0].mount_point == "/var");
}

TEST_CASE("addresses") {
  const auto ips = [](const FakeFiles& files) { return read(files).ip_addresses; };
  using List = std::vector<std::string>;
  CHECK(ips(FakeFiles()
                .put("/etc/network/interfaces",
                     "iface lo inet loopback\n  address 127.0.0.1\niface eth0 inet static\n  address 192.0.2.5/24\n  "
                     "gateway 192.0.2.1\n")
                .put("/etc/network/interfaces.d/x", "iface eth1 inet6 static\naddress 2001:DB8::0001\n")) ==
        List{"192.0.2.5", "2001:db8::1"});
  CHECK(ips(FakeFiles().put("/etc/sysconfig/network-scripts/ifcfg-eth0",
                            "DEVICE=eth0\nIPADDR=\"192.0.2.6\"\nGATEWAY=192.0.2.1\n")) == List{"192.0.2.6"});
  CHECK(ips(FakeFiles().put(
            "/etc/netplan/50.yaml",
            "network:\n  ethernets:\n    eth0:\n      addresses: [192.0.2.7/24, '2001:db8::7/64']\n"
            "      nameservers:\n        addresses: [192.0.2.53]\n      gateway4: 192.0.2.1\n"
            "    eth1:\n      addresses:\n      - 192.0.2.8/24\n      - \"192.0.2.9/24\":\n          label: x\n")) ==
        List{"192.0.2.7", "2001:db8::7", "192.0.2.8", "192.0.2.9"});
  CHECK(ips(FakeFiles().put("/etc/NetworkManager/system-connections/a.nmconnection",
                            "[ipv4]\naddress1=192.0.2.10/24,192.0.2.1\ndns=192.0.2.53;\n")) == List{"192.0.2.10"});
  CHECK(ips(FakeFiles().put("/etc/systemd/network/a.network",
                            "[Network]\nAddress=192.0.2.11/24\nGateway=192.0.2.1\n")) == List{"192.0.2.11"});
  CHECK(ips(FakeFiles()
                .put("/var/lib/dhcp/dhclient.eth0.leases",
                     "lease {\n  fixed-address 192.0.2.12;\n  option routers 192.0.2.1;\n}\n")
                .put("/var/lib/dhcp/dhcpd.leases", "lease 192.0.2.99 {\n fixed-address 192.0.2.98;\n}\n")) ==
        List{"192.0.2.12"});
  CHECK(ips(FakeFiles().put("/etc/rc.conf",
                            "ifconfig_em0=\"inet 192.0.2.13 netmask 255.255.255.0\"\ndefaultrouter=\"192.0.2.1\"\n")) ==
        List{"192.0.2.13"});
  CHECK(ips(FakeFiles()
                .put("/etc/motd", "OpenBSD 7.4 (GENERIC)\n")
                .put("/etc/hostname.em0", "inet 192.0.2.14 255.255.255.0\n")) == List{"192.0.2.14"});
}

TEST_CASE("install time: the most telling trace that is no older than the disk") {
  const int64_t day = 86400, made = 1700000000;
  ProfileOptions options;
  options.root_created = Timestamp::from_unix(made);
  FakeFiles files;
  files.folder("/lost+found", made, made).put("/etc/machine-id", "0123456789abcdef0123456789abcdef\n", made + 600);
  HostProfile host = read(files, options);
  CHECK(host.installed == Timestamp::from_unix(made + 600));
  CHECK(contains(host.installed_source, "/etc/machine-id"));
  files.put("/var/log/installer/syslog", "x", made + 900).put("/var/log/installer/media-info", "x", made - 90 * day);
  host = read(files, options);
  CHECK(host.installed == Timestamp::from_unix(made + 900));
  CHECK(contains(host.installed_source, "/var/log/installer/syslog"));
  CHECK(notes(host, "install_candidate") == 4);
  // New host keys, months later, are no installation.
  FakeFiles keys;
  keys.put("/etc/ssh/ssh_host_rsa_key", "x", made + 90 * day).put("/etc/machine-id", "x", made + 600);
  CHECK(read(keys, options).installed == Timestamp::from_unix(made + 600));
  // All that is older came with a copy of the disk.
  FakeFiles copied;
  copied.put("/root/anaconda-ks.cfg", "x", made - 400 * day).put("/etc/machine-id", "x", made - 399 * day);
  host = read(copied, options);
  CHECK(host.installed == Timestamp::from_unix(made));
  CHECK(contains(host.installed_source, "superblock"));
  // A part of the disk alone.
  host = read(FakeFiles().folder("/var/lost+found", made));
  CHECK(host.installed == Timestamp::from_unix(made));
  CHECK_FALSE(read(FakeFiles()).installed);
}

TEST_CASE("callbacks may be missing") {
  const HostProfile host = read_profile(ProfileFiles{});
  CHECK(host.accounts.empty());
  CHECK_FALSE(host.zone_source.empty());
}
