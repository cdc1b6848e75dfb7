// SPDX-License-Identifier: Apache-2.0
#include "windows/evt/samples.hpp"

#include <string>
#include <vector>

namespace necropsy::evt {
namespace {

void put32(std::string& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift);
}
void put16(std::string& out, uint16_t value) {
  out += static_cast<char>(value);
  out += static_cast<char>(value >> 8);
}
void put_text(std::string& out, std::string_view ascii) {
  for (char c : ascii) {
    out += c;
    out += '\0';
  }
  out.append(2, '\0');
}

std::string record(uint32_t number, uint32_t time, uint32_t identifier, uint16_t type, uint16_t category,
                   std::string_view source, const std::vector<std::string_view>& strings) {
  std::string names, text;
  put_text(names, source);
  put_text(names, "SRV1");
  names.resize((names.size() + 3) / 4 * 4);
  for (std::string_view s : strings) put_text(text, s);
  const auto strings_at = static_cast<uint32_t>(56 + names.size());
  const auto data_at = static_cast<uint32_t>(strings_at + text.size());
  const uint32_t length = (data_at + 3) / 4 * 4 + 4;
  std::string out;
  put32(out, length);
  out += "LfLe";
  for (uint32_t v : {number, time, time, identifier}) put32(out, v);
  put16(out, type);
  put16(out, static_cast<uint16_t>(strings.size()));
  put16(out, category);
  put16(out, 0);
  for (uint32_t v : {0u, strings_at, 0u, strings_at, 0u, data_at}) put32(out, v);
  out += names + text;
  out.resize(length - 4);
  put32(out, length);
  return out;
}

std::string log_file(const std::vector<std::string>& records) {
  std::string body;
  for (const std::string& r : records) body += r;
  const auto end = static_cast<uint32_t>(48 + body.size());
  const auto next = static_cast<uint32_t>(records.size() + 1);
  std::string out;
  put32(out, 48);
  out += "LfLe";
  for (uint32_t v : {1u, 1u, 48u, end, next, 1u, 65536u, 0u, 0u, 48u}) put32(out, v);
  out += body;
  for (uint32_t v : {40u, 0x11111111u, 0x22222222u, 0x33333333u, 0x44444444u, 48u, end, next, 1u, 40u}) put32(out, v);
  return out;
}

}  // namespace

std::span<const Sample> samples() {
  static const std::string kSecurity =
      log_file({record(1, 1254751380, 529, 16, 2, "Security", {"bob", "SRV1", "3", "NtLmSsp ", "NTLM", "PC7"}),
                record(2, 1254751390, 528, 8, 2, "Security",
                       {"bob", "SRV1", "(0x0,0x3A7A6E0)", "10", "User32  ", "Negotiate", "SRV1", "-", "SRV1$",
                        "WORKGROUP", "(0x0,0x3E7)", "1180", "-", "192.0.2.7", "4501"}),
                record(3, 1254751400, 624, 8, 7, "Security",
                       {"helper", "SRV1", "%{S-1-5-21-1-2-3-1010}", "bob", "SRV1", "(0x0,0x3A7A6E0)", "-"}),
                record(4, 1254752000, 538, 8, 2, "Security", {"bob", "SRV1", "(0x0,0x3A7A6E0)", "10"})});
  static const std::string kSystem =
      log_file({record(1, 1254751380, 0x80001775, 4, 0, "EventLog", {}),
                record(2, 1254751381, 0x40001B7C, 4, 0, "Service Control Manager", {"Telnet", "running"}),
                record(3, 1254751381, 0xC0000001, 1, 3, "Some Driver", {"", "\\Device\\Harddisk0", "bad\tblock"})});
  static const Sample kSamples[] = {
      {kSecurity,
       "authentication.login.failure time=2009-10-05T14:03:00Z user=SRV1\\bob host=SRV1 source_host=PC7 method=network "
       "session= attr:reason=bad-user-or-password attr:numbering_start=1\n"
       "authentication.login.success user=SRV1\\bob ip=192.0.2.7 port=4501 method=remoteinteractive session=0x3a7a6e0 "
       "attr:logon_type=10 source_host= attr:event_id=528\n"
       "iam.user-created.success user=SRV1\\bob target=SRV1\\helper session=0x3a7a6e0 "
       "attr:target_sid=S-1-5-21-1-2-3-1010 message=\"account created: SRV1\\helper (S-1-5-21-1-2-3-1010), by "
       "SRV1\\bob\"\n"
       "authentication.logout.success user=SRV1\\bob session=0x3a7a6e0 attr:logon_type=10"},
      {kSystem,
       "host.boot time=2009-10-05T14:03:00Z basis=utc attr:event_id=6005 attr:message_id=0x80001775\n"
       "service.started service=Telnet attr:state=running message=\"service Telnet is now running\"\n"
       "host.message attr:string_2=\\Device\\Harddisk0 message=\"Some Driver/1: \\Device\\Harddisk0 | bad block\""},
  };
  return kSamples;
}

}  // namespace necropsy::evt
