// SPDX-License-Identifier: Apache-2.0
// Kernel messages that say something of the machine's life: boots, crashes, devices, mounts, sniffers, firewalls.
// Texts: Linux 2.2 to 6.x (init/version.c, net/core/dev.c, arch/*/mm/fault.c, mm/oom_kill.c, drivers/usb/core/hub.c,
// fs/*/super.c, net/netfilter/nf_log_syslog.c), ipchains, FreeBSD ipfw.
#include "base/text.hpp"
#include "linux/syslog/message.hpp"

namespace necropsy::syslog {
namespace {

// `[prefix ]IN=eth0 OUT= MAC=… SRC=A DST=B … PROTO=TCP SPT=P DPT=P …`
bool read_netfilter(std::string_view t, size_t in_at, EventDraft& d) {
  const std::string_view prefix = trim(t.substr(0, in_at)), fields = t.substr(in_at);
  d.from(value_of(fields, "SRC="));
  d.to(value_of(fields, "DST="));
  d.from_port(value_of(fields, "SPT="));
  d.to_port(value_of(fields, "DPT="));
  d.attribute("prefix", prefix);
  d.attribute("interface_in", value_of(fields, "IN="));
  d.attribute("interface_out", value_of(fields, "OUT="));
  d.attribute("protocol", value_of(fields, "PROTO="));
  // The rule's author chose the prefix; only these words say what was done.
  for (std::string_view word : {"BLOCK", "DROP", "REJECT", "DENY", "DENIED"})
    if (contains_ignore_case(prefix, word)) return d.is(Action::network_blocked);
  for (std::string_view word : {"ALLOW", "ACCEPT"})
    if (contains_ignore_case(prefix, word)) return d.is(Action::network_connection);
  return d.is(Action::network_message);
}

void endpoint(std::string_view text, bool source, EventDraft& d) {
  const size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) source ? d.from_port(text.substr(colon + 1)) : d.to_port(text.substr(colon + 1));
  source ? d.from(text.substr(0, colon)) : d.to(text.substr(0, colon));
}

// ipchains: `Packet log: input DENY eth0 PROTO=6 A:P B:P L=60 …`
bool read_ipchains(std::string_view t, EventDraft& d) {
  d.attribute("chain", take_word(t));
  const std::string_view verdict = take_word(t);
  d.attribute("verdict", verdict);
  d.attribute("interface", take_word(t));
  std::string_view protocol = take_word(t);
  if (eat(protocol, "PROTO=")) d.number_attribute("protocol", protocol);
  endpoint(take_word(t), true, d);
  endpoint(take_word(t), false, d);
  return d.is(verdict == "DENY" || verdict == "REJECT" ? Action::network_blocked : Action::network_message);
}

// ipfw: `ipfw: 100 Deny TCP A:P B:P in via fxp0`
bool read_ipfw(std::string_view t, EventDraft& d) {
  d.number_attribute("rule", take_word(t));
  const std::string_view verdict = take_word(t);
  d.attribute("verdict", verdict);
  d.attribute("protocol", take_word(t));
  endpoint(take_word(t), true, d);
  endpoint(take_word(t), false, d);
  return d.is(verdict == "Deny" || verdict == "Reset" || verdict == "Reject" ? Action::network_blocked
                                                                             : Action::network_message);
}

// `name[123]: segfault at …`, `name[123] general protection …`, `traps: name[123] trap …`
bool read_fault(std::string_view t, size_t at, EventDraft& d) {
  std::string_view who = trim(t.substr(0, at));
  eat(who, "traps: ");
  if (who.ends_with(':')) who.remove_suffix(1);
  const size_t open = who.rfind('[');
  if (open == std::string_view::npos || !who.ends_with(']')) return false;
  const auto pid = to_number<int64_t>(who.substr(open + 1, who.size() - open - 2));
  if (!pid) return false;
  d.event.process_name = who.substr(0, open);
  d.event.process_pid = *pid;
  std::string_view fault = t.substr(at);
  d.attribute("fault",
              fault.substr(0, fault.find(' ', 1) == std::string_view::npos ? fault.size() : fault.find(' ', 1)));
  if (const size_t in = fault.rfind(" in "); in != std::string_view::npos) {
    std::string_view file = fault.substr(in + 4);
    d.attribute("mapped_file", file.substr(0, file.find('[')));
  }
  return d.is(Action::process_crashed);
}

bool filesystem(std::string_view t, Action action, EventDraft& d) {
  d.attribute("filesystem", t.substr(0, t.find_first_of(" -:")));
  if (const auto device = between(t.substr(0, 48), "(", ")"))
    if (device->find(' ') == std::string_view::npos) d.attribute("device", device->substr(device->rfind(' ') + 1));
  return d.is(action);
}

}  // namespace

bool read_kernel(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  if (t.starts_with('[')) {  // seconds since boot
    const size_t close = t.find(']');
    if (close != std::string_view::npos && close < 24 && close + 1 < t.size() && (t[1] == ' ' || is_digit(t[1]))) {
      std::string_view rest = t.substr(close + 1);
      t = trim(rest);
    }
  }
  if (t.empty()) return false;
  switch (t.front()) {
    case 'L':
      if (t.starts_with("Linux version ")) {
        std::string_view rest = t.substr(14);
        d.attribute("kernel", take_word(rest));
        return d.is(Action::boot);
      }
      break;
    case 'K':
      if (t.starts_with("Kernel logging (proc) stopped")) return d.is(Action::service_stopped);
      if (t.starts_with("Kernel panic")) return d.is(Action::unexpected_shutdown);
      break;
    case 'C':
      if (t.starts_with("Copyright (c) 1992-") && contains(t, "The FreeBSD Project")) return d.is(Action::boot);
      break;
    case 'O':
      // `Out of memory: Kill(ed) process 123 (mysqld) score …`
      if (t.starts_with("Out of memory")) {
        const size_t at = t.find("rocess ");
        if (at == std::string_view::npos) return false;
        std::string_view rest = t.substr(at + 7);
        if (const auto pid = to_number<int64_t>(take_word(rest))) d.event.process_pid = *pid;
        if (rest.starts_with('(')) d.event.process_name = between(rest, "(", ")").value_or("");
        d.attribute("reason", "out of memory");
        return d.is(Action::process_crashed);
      }
      break;
    case 'P':
      if (eat(t, "Packet log: ")) return read_ipchains(t, d);
      break;
    case 'V':
      if (t.starts_with("VFS: Mounted root (")) {
        d.attribute("filesystem", between(t, "(", " ").value_or(""));
        d.attribute("mount_point", "/");
        return d.is(Action::filesystem_mounted);
      }
      break;
    case 'E':
    case 'X':
    case 'J':
    case 'B':
      if (t.starts_with("EXT") || t.starts_with("XFS") || t.starts_with("JFS") || t.starts_with("BTRFS")) {
        if (contains(t, "mounting unchecked fs") || contains(t, "mounting fs with errors")) {
          d.attribute("unclean", 1);
          return filesystem(t, Action::filesystem_mounted, d);
        }
        if (contains(t, "recovery complete") || contains(t, "orphan cleanup") || contains(t, "Starting recovery") ||
            contains(t, "Ending recovery"))
          return filesystem(t, Action::filesystem_checked, d);
        if (contains(t, "mounted filesystem") || contains(t, "re-mounted") || contains(t, "Ending clean mount"))
          return filesystem(t, Action::filesystem_mounted, d);
      }
      break;
    case 'S':
      if (t.starts_with("System halted") || t.starts_with("System is powered down")) return d.is(Action::shutdown);
      break;
    case 'd':
    case 'e':
      // `device eth0 entered promiscuous mode`; 2.2: `eth0: Promiscuous mode enabled.`, `eth0: Setting promiscuous
      // mode.`
      if (t.starts_with("device ") && t.ends_with(" promiscuous mode")) {
        std::string_view rest = t.substr(7);
        d.attribute("interface", take_word(rest));
        d.attribute("promiscuous", rest.starts_with("entered") ? 1 : 0);
        return d.is(Action::network_configured);
      }
      break;
    case 'i':
      if (eat(t, "ipfw: ")) return read_ipfw(t, d);
      break;
    case 'r':
      if (t.starts_with("reboot: Restarting system") || t.starts_with("reboot: Power down") ||
          t.starts_with("reboot: System halted"))
        return d.is(Action::shutdown);
      break;
    case 's':
      if (t.starts_with("sd ") && contains(t, "] Attached SCSI removable disk")) {
        d.attribute("device", between(t, "[", "]").value_or(""));
        return d.is(Action::device_attached);
      }
      if (t.starts_with("syslogd")) return d.is(Action::service_message);
      break;
    default:
      break;
  }
  if (t.find("romiscuous mode") != std::string_view::npos) {
    const size_t colon = t.find(": ");
    if (colon != std::string_view::npos && colon < 16 && t.substr(0, colon).find(' ') == std::string_view::npos) {
      d.attribute("interface", t.substr(0, colon));
      d.attribute("promiscuous", contains(t, "disabled") ? 0 : 1);
      return d.is(Action::network_configured);
    }
  }
  if (const size_t in = t.find("IN=");
      in != std::string_view::npos && contains(t.substr(in), " OUT=") && contains(t.substr(in), "SRC="))
    return read_netfilter(t, in, d);
  for (std::string_view fault : {": segfault at ", " general protection", " trap "})
    if (const size_t at = t.find(fault); at != std::string_view::npos && at < 80)
      if (read_fault(t, at + (fault.front() == ':' ? 2 : 1), d)) return true;
  if (contains(t, "New USB device found, idVendor=")) {
    d.attribute("bus_id", between(t, "usb ", ":").value_or(""));
    d.attribute("vendor", value_of(t, "idVendor="));
    d.attribute("product", value_of(t, "idProduct="));
    return d.is(Action::device_attached);
  }
  if (const size_t at = t.find(": SerialNumber: "); at != std::string_view::npos && t.starts_with("usb ")) {
    d.attribute("bus_id", t.substr(4, at - 4));
    d.attribute("serial_number", t.substr(at + 16));
    return d.is(Action::host_message);
  }
  if (const size_t at = t.find(": Product: "); at != std::string_view::npos && t.starts_with("usb ")) {
    d.attribute("bus_id", t.substr(4, at - 4));
    d.attribute("product_name", t.substr(at + 11));
    return d.is(Action::host_message);
  }
  if (contains(t, "tainting kernel") || contains(t, "taints kernel")) {
    d.attribute("module", t.substr(0, t.find(':')));
    return d.is(Action::host_message);
  }
  if (contains(t, "possible SYN flooding on port")) return d.is(Action::network_message);
  return false;
}

}  // namespace necropsy::syslog
