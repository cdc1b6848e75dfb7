# SPDX-License-Identifier: Apache-2.0
"""What the machine's programs do: boot, logins, sudo, accounts, ftp, web, database."""
import base64
import hashlib
import struct

from . import templates
from .profile import SECOND
from .services import Services
from .templates import render

def make_key(rng, comment):
    """(line of authorized_keys, fingerprint) of an ed25519 key."""
    blob = struct.pack(">I", 11) + b"ssh-ed25519" + struct.pack(">I", 32) + rng.randbytes(32)
    print_ = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {comment}\n", print_


class Session:
    def __init__(self, machine, user, ip, tty, benign):
        self.m, self.user, self.ip, self.tty, self.benign = machine, user, ip, tty, benign
        self.uid, self.gid, _, self.home, _ = machine.accounts.passwd[user]
        self.pwd, self.history, self.keep_history = self.home, [], True


class Machine(Services):
    def __init__(self, world, accounts, dpkg):
        self.w, self.vfs, self.p, self.accounts, self.dpkg = world, world.vfs, world.p, accounts, dpkg
        world.accounts = accounts
        self.rng = world.rng
        self.up = False
        self.db_id, self.db_second, self.lsn = 30, None, 46_000
        self.sshd_pid = self.cron_pid = self.vsftpd_pid = 0
        self.fingerprints = {}
        self.boot_serial = 0

    # -- start and stop -------------------------------------------------------------------
    def boot(self, services=True):
        w, vfs = self.w, self.vfs
        w.pid_counter = 1
        w.terminals.clear()
        self.boot_serial += 1
        line = w.wtmp(2, 0, "~", "~~", "reboot", self.p.kernel)
        w.fact("boot", True, [w.line_trace(line)])
        booting = w.facts[-1]
        up_at = w.now
        yield 3.1
        w.pid_counter = self.rng.randint(380, 420)
        if not vfs.exists("/var/lib/urandom"):
            vfs.makedirs("/var/lib/urandom", w.now)
        vfs.write("/var/lib/urandom/random-seed", self.rng.randbytes(512), w.now, 0o600)
        yield 1.4
        w.syslog_on = True
        w.rsyslog_pid = w.pid()
        w.syslog("daemon", "rsyslogd.start", version="8.2302.0", pid=w.rsyslog_pid)
        for ident, holes in (("kernel.version", dict(release=self.p.kernel, builder="debian-kernel@lists.debian.org",
                                                     compiler="gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40",
                                                     build="#1 SMP PREEMPT_DYNAMIC Debian")),
                             ("kernel.bios", {}), ("kernel.nx", {}),
                             ("kernel.tsc", dict(uptime="    0.000012", mhz="2394.454")),
                             ("kernel.inet", dict(uptime="    0.397213"))):
            line = w.syslog_text("kern", "kernel: " + render(ident, **holes))
            if ident == "kernel.version":
                booting["traces"].append(w.line_trace(line, 6.0))
        for device, uuid, uptime in (("vda1", self.p.uuids[0], "    1.904411"), ("vda2", self.p.uuids[1], "    2.713702")):
            w.syslog_text("kern", "kernel: " + render("kernel.ext4", uptime=uptime, device=device, uuid=uuid))
        yield 0.3
        self.cron_pid = w.pid()
        w.syslog("cron", "cron.pidfile", pid=self.cron_pid)
        w.pid()
        self.up = True
        if services and vfs.exists("/usr/sbin/sshd"):
            self.sshd_pid = w.pid()
            w.syslog("auth", "sshd.listening4", pid=self.sshd_pid)
            w.syslog("auth", "sshd.listening6", pid=self.sshd_pid)
        yield 0.5
        if services and vfs.exists("/usr/sbin/apache2"):
            self.apache_start()
        if services and vfs.exists("/usr/sbin/vsftpd"):
            self.vsftpd_pid = w.pid()
        yield 0.6
        if services and vfs.exists("/usr/sbin/mariadbd"):
            yield from self.mariadb_start()
        for n in range(1, 7):
            w.wtmp(6, w.pid(), f"tty{n}", str(n), "LOGIN", "")
        w.wtmp(1, 20018, "~", "~~", "runlevel", self.p.kernel)
        self.booted = up_at

    def shutdown(self):
        w, vfs = self.w, self.vfs
        self.up = False
        w.wtmp(1, 0, "~~", "~~", "shutdown", self.p.kernel)
        yield 0.4
        if vfs.exists("/usr/sbin/mariadbd"):
            yield from self.mariadb_stop()
        if vfs.exists("/usr/sbin/apache2") and w.apache_pid:
            w.web_error("apache.stopped", pid=w.apache_pid)
            w.web_on = False
        yield 0.7
        if self.sshd_pid:
            w.syslog("auth", "sshd.terminating", pid=self.sshd_pid)
        yield 0.4
        w.syslog_on = False
        vfs.write("/var/lib/urandom/random-seed", self.rng.randbytes(512), w.now, 0o600)
        vfs.write("/etc/adjtime", f"0.000000 {w.now // SECOND} 0.000000\n{w.now // SECOND}\nUTC\n".encode(), w.now)
        yield 1.5

    def apache_start(self):
        w = self.w
        w.apache_pid, w.web_on = w.pid(), True
        self.workers = [w.pid() for _ in range(5)]
        version = self.dpkg.packages["apache2"].version.split("-")[0]
        w.web_error("apache.started", pid=w.apache_pid, version=version)
        w.web_error("apache.command_line", pid=w.apache_pid, command="/usr/sbin/apache2")

    def apache_graceful(self):
        w = self.w
        version = self.dpkg.packages["apache2"].version.split("-")[0]
        w.web_error("apache.graceful", pid=w.apache_pid)
        yield 0.03
        w.web_error("apache.started", pid=w.apache_pid, version=version)
        w.web_error("apache.command_line", pid=w.apache_pid, command="/usr/sbin/apache2")
        self.workers = [w.pid() for _ in range(5)]

    # -- ssh ---------------------------------------------------------------------------------
    def ssh_failures(self, ip, user, count, pause=2.2, connection=True):
        """One connection with `count` wrong passwords; returns its lines, pid and port."""
        w = self.w
        known = user in self.accounts.passwd
        pid, port, lines = w.pid(), w.port(), []
        if not known:
            w.syslog("auth", "sshd.invalid_user", pid=pid, user=user, ip=ip, port=port)
        for n in range(count):
            if not known:
                w.syslog("auth", "sshd.pam_unknown", pid=pid)
                if n == 0:
                    w.syslog("auth", "sshd.pam_failure_unknown", pid=pid, ip=ip)
            elif n == 0:
                w.syslog("auth", "sshd.pam_failure", pid=pid, ip=ip, user=user)
            yield pause * self.rng.uniform(0.85, 1.15)
            if not self.up:
                return lines, pid, port
            ident = "sshd.failed_password" if known else "sshd.failed_password_invalid"
            lines.append((w.now, w.syslog("auth", ident, pid=pid, user=user, ip=ip, port=port)))
            w.btmp(pid, "ssh:notty", user, ip, ip)
        if connection:
            yield 0.2
            kind = "sshd.closed_authenticating" if known else "sshd.closed_invalid"
            w.syslog("auth", kind, pid=pid, user=user, ip=ip, port=port)
            if count > 1:
                ident = "sshd.pam_more" if known else "sshd.pam_more_unknown"
                w.syslog("auth", ident, pid=pid, count=count - 1, ip=ip, **({"user": user} if known else {}))
        return lines, pid, port

    def ssh_session(self, user, ip, script, key=None, failures=0, benign=True, lastlog=True):
        """A whole session. script: generator function that gets the Session."""
        w = self.w
        if failures:
            lines, pid, port = yield from self.ssh_failures(ip, user, failures, 3.0, connection=False)
            if failures >= 3:
                w.fact("login_failure_burst", benign, [w.line_trace(lines[0][1])], user, ip, when=lines[0][0])
            yield self.rng.uniform(2.0, 6.0)
        else:
            pid, port = w.pid(), w.port()
        uid = self.accounts.passwd[user][0]
        if key:
            line = w.syslog("auth", "sshd.accepted_publickey", pid=pid, user=user, ip=ip, port=port, keytype="ED25519",
                            fingerprint=key)
        else:
            line = w.syslog("auth", "sshd.accepted_password", pid=pid, user=user, ip=ip, port=port)
        accepted = w.now
        w.syslog("auth", "sshd.session_opened", pid=pid, user=user, uid=uid)
        child = w.pid()
        yield 0.12
        s = Session(self, user, ip, w.terminal(), benign)
        s.accepted_line = line
        s.serial = self.boot_serial
        s.wtmp_in = w.wtmp(7, pid, s.tty, "ts/" + s.tty[4:], user, ip, ip)
        trace = w.lastlog(uid, s.tty, ip)
        w.fact("login_success", benign, [w.line_trace(line), w.line_trace(s.wtmp_in), trace], user, ip, when=accepted)
        self.read_at_login(s)
        yield self.rng.uniform(1.0, 4.0)
        yield from script(s)
        if s.serial != self.boot_serial or not self.up:
            return  # the machine went down under the session
        w.syslog("auth", "sshd.received_disconnect", pid=child, ip=ip, port=port)
        w.syslog("auth", "sshd.disconnected", pid=child, user=user, ip=ip, port=port)
        w.syslog("auth", "sshd.session_closed", pid=pid, user=user)
        yield 0.01
        self.write_history(s)
        w.wtmp(8, pid, s.tty, "", "", "")
        w.terminals.discard(s.tty)

    def read_at_login(self, s):
        """What a login reads: relatime lets some of it show."""
        for path in ("/usr/bin/bash", "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/profile", s.home,
                     s.home + "/.bashrc", s.home + "/.profile", s.home + "/.bash_history",
                     s.home + "/.ssh/authorized_keys"):
            node = self.vfs.lookup(path)
            if node is not None:
                self.vfs.touch_atime(node, self.w.now)

    def console_session(self, user, script, failures=0, benign=True):
        w = self.w
        pid, tty = w.pid(), "tty1"
        uid = self.accounts.passwd[user][0]
        for n in range(failures):
            w.syslog("auth", "login.auth_failure", pid=pid, tty=tty, user=user)
            yield 2.4
            w.syslog("auth", "login.failed", pid=pid, count=n + 1, tty=tty, user=user)
            w.btmp(pid, tty, user, "")
        line = w.syslog("auth", "login.session_opened", pid=pid, user=user, uid=uid, by="LOGIN")
        if uid == 0:
            w.syslog("auth", "login.root", pid=pid + 1, tty=tty)
        s = Session(self, user, None, tty, benign)
        record = w.wtmp(7, pid, tty, "1", user, "")
        trace = w.lastlog(uid, tty, "")
        w.fact("login_success", benign, [w.line_trace(line), w.line_trace(record), trace], user, None)
        s.serial = self.boot_serial
        self.read_at_login(s)
        yield self.rng.uniform(2, 5)
        yield from script(s)
        if s.serial != self.boot_serial or not self.up:
            return
        w.syslog("auth", "login.session_closed", pid=pid, user=user)
        self.write_history(s)
        w.wtmp(8, pid, tty, "1", "", "")
        yield 1.0
        w.wtmp(6, w.pid(), tty, "1", "LOGIN", "")

    def write_history(self, s):
        if not s.keep_history or not s.history:
            return
        text = "".join((f"#{at // SECOND}\n" if self.p.histories_stamped else "") + command + "\n"
                       for at, command in s.history)
        path = s.home + "/.bash_history"
        self.vfs.append(path, text.encode(), self.w.now, mode=0o600, uid=s.uid, gid=s.gid)

    def run(self, s, command, pause=None):
        """A command typed into the shell of the session."""
        s.history.append((self.w.now, command))
        for directory in ("/usr/bin/", "/usr/sbin/"):
            node = self.vfs.lookup(directory + command.split()[0])
            if node is not None:
                self.vfs.touch_atime(node, self.w.now)
        yield self.rng.uniform(2, 25) if pause is None else pause

    # -- sudo and su --------------------------------------------------------------------------
    def sudo(self, s, command, effect=None, typed=None, pause=None, password_failures=0):
        w = self.w
        s.history.append((w.now, typed or "sudo " + command))
        if password_failures:
            w.syslog("auth", "sudo.auth_failure", user=s.user, uid=s.uid, tty=s.tty, ruser=s.user)
            yield 3.0 * password_failures
        shown = command
        program = command.split()[0]
        line = w.syslog("auth", "sudo.command", user=f"{s.user:>8}", tty=s.tty, pwd=s.pwd, target="root", command=shown)
        w.fact("sudo", s.benign, [w.line_trace(line)], s.user, None, program)
        w.syslog("auth", "sudo.session_opened", service="sudo", target="root", targetuid=0, user=s.user, uid=s.uid)
        lecture = "/var/lib/sudo/lectured"
        if not self.vfs.exists(f"{lecture}/{s.user}"):
            self.vfs.makedirs(lecture, w.now, 0o700)
            self.vfs.create(f"{lecture}/{s.user}", b"", w.now, 0o600, 0, s.gid)
        for path in ("/usr/bin/sudo", program):
            node = self.vfs.lookup(path)
            if node is not None:
                self.vfs.touch_atime(node, w.now)
        yield 0.05
        if effect is not None:
            yield from effect()
        w.syslog("auth", "sudo.session_closed", service="sudo", target="root")
        yield self.rng.uniform(2, 20) if pause is None else pause

    def root_shell(self, s, script, how="sudo -i"):
        """sudo -i, sudo su - or su -: a root shell inside the session."""
        w = self.w
        s.history.append((w.now, how))
        command = {"sudo -i": "/bin/bash", "sudo su -": "/usr/bin/su -"}[how]
        service = "sudo-i" if how == "sudo -i" else "sudo"
        pwd = "/root" if how == "sudo -i" else s.pwd
        line = w.syslog("auth", "sudo.command", user=f"{s.user:>8}", tty=s.tty, pwd=pwd, target="root", command=command)
        w.fact("sudo", s.benign, [w.line_trace(line)], s.user, None, command.split()[0])
        w.syslog("auth", "sudo.session_opened", service=service, target="root", targetuid=0, user=s.user, uid=s.uid)
        pid, pty = w.pid(), w.terminal()
        if how == "sudo su -":
            w.syslog("auth", "su.ok", pid=pid, target="root", user="root", tty=pty)
            w.syslog("auth", "su.session_opened", pid=pid, target="root", targetuid=0, user=s.user, uid=0)
        root = Session(self, "root", s.ip, pty, s.benign)
        root.login_user = s.user
        yield 0.6
        yield from script(root)
        self.write_history(root)
        if how == "sudo su -":
            w.syslog("auth", "su.session_closed", pid=pid, target="root")
        w.syslog("auth", "sudo.session_closed", service=service, target="root")
        w.terminals.discard(pty)
        yield 1.0

    # -- accounts -----------------------------------------------------------------------------
    def useradd(self, s, name, gecos="", uid=None, home=None, shell="/bin/bash", own_group=True):
        w = self.w
        pid = w.pid()
        new_gid = self.accounts.next_gid() if own_group else 0
        new_uid = self.accounts.next_uid() if uid is None else uid
        home = home or "/home/" + name
        make_home = not self.vfs.exists(home)
        if own_group:
            w.syslog("auth", "useradd.group", pid=pid, user=name, gid=new_gid)
        line = w.syslog("auth", "useradd.user", pid=pid, user=name, uid=new_uid, gid=new_gid, home=home, shell=shell,
                        tty="/dev/" + s.tty)
        self.accounts.add_user(name, gecos, home, shell, w.now, new_uid, new_gid, own_group, make_home)
        traces = [w.line_trace(line)]
        if make_home:
            traces.append(w.time_trace(home, "crtime", 1.0))
        traces.append(w.time_trace("/etc/passwd", "crtime", 1.0))
        w.fact("account_created", s.benign, traces, name, None, "/etc/passwd")
        yield 0.1

    def passwd(self, s, name, tool="passwd"):
        w = self.w
        yield self.rng.uniform(3, 9) if tool == "passwd" else 0.05
        line = w.syslog("auth", tool + ".changed", pid=w.pid(), user=name)
        self.accounts.set_password(name, w.now)
        w.fact("password_change", s.benign, [w.line_trace(line), w.time_trace("/etc/shadow", "crtime", 1.0)], name, None,
               "/etc/shadow")

    def group_add(self, s, name, group):
        w = self.w
        pid = w.pid()
        line = w.syslog("auth", "usermod.group", pid=pid, user=name, group=group)
        w.syslog("auth", "usermod.shadow_group", pid=pid, user=name, group=group)
        self.accounts.add_to_group(name, group, w.now)
        w.fact("group_add", s.benign, [w.line_trace(line), w.time_trace("/etc/group", "crtime", 1.0)], name, None,
               "/etc/group")
        yield 0.05

    def add_key(self, s, user, key_line):
        """authorized_keys of an account gets a line more."""
        w, vfs = self.w, self.vfs
        uid, gid, _, home, _ = self.accounts.passwd[user]
        if not vfs.exists(home + "/.ssh"):
            vfs.mkdir(home + "/.ssh", w.now, 0o700, uid, gid)
        path = home + "/.ssh/authorized_keys"
        vfs.append(path, key_line.encode(), w.now, mode=0o600, uid=uid, gid=gid)
        w.fact("authorized_keys", s.benign, [w.time_trace(path, "mtime")], user, None, path)

    def user_crontab(self, s, user, text):
        w = self.w
        stamp = templates.ftp_date(w.local())
        data = render("spool.header", source="-" if not s.benign else "/tmp/crontab.mQ3wzT/crontab", stamp=stamp) + "\n" + text
        path = "/var/spool/cron/crontabs/" + user
        uid = self.accounts.passwd[user][0]
        pid = w.pid()
        line = w.syslog("cron", "crontab.replace", pid=pid, user=s.user, target=user)
        temp = f"/var/spool/cron/crontabs/tmp.{self.rng.getrandbits(28):07x}"
        self.vfs.create(temp, data.encode(), w.now, 0o600, uid, 101)
        self.vfs.rename(temp, path, w.now + 2_000_000)
        w.fact("cron_persistence", s.benign, [w.line_trace(line), w.time_trace(path, "crtime")], user, None, path)
        yield 0.02

    # -- cron ------------------------------------------------------------------------------------
    def cron_job(self, user, command, effect=None):
        w = self.w
        if not self.up:
            return
        pid = w.pid()
        uid = self.accounts.passwd[user][0]
        w.syslog("auth", "cron.opened", pid=pid, user=user, uid=uid)
        w.syslog("cron", "cron.cmd", pid=w.pid(), user=user, command=command)
        yield 0.04
        if effect is not None:
            yield from effect()
        w.syslog("auth", "cron.closed", pid=pid, user=user)
