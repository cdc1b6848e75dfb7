# SPDX-License-Identifier: Apache-2.0
"""Weeks of ordinary life: staff, cron, rotation, updates, visitors, guessers."""
import datetime

from . import templates
from .install import site_pages
from .services import AGENTS
from .profile import SECOND
from .templates import render

GUESSED = ("root admin test user oracle postgres ubuntu pi git guest ftpuser www deploy jenkins mysql support nagios "
           "backup tomcat hadoop minecraft steam es devops").split()
SCANS = ["/wp-login.php", "/phpmyadmin/", "/.env", "/admin.php", "/manager/html", "/.git/config", "/cgi-bin/test.cgi",
         "/xmlrpc.php", "/boaform/admin/formLogin", "/solr/", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
         "/owa/auth/logon.aspx", "/backup.zip", "/shell.php", "/config.json"]


class Life:
    def __init__(self, machine):
        self.m, self.w, self.vfs, self.p = machine, machine.w, machine.vfs, machine.p
        self.rng = machine.rng
        self.rotated = {}
        self.boots = []
        self.updated = set()

    # -- the calendar --------------------------------------------------------------------
    def plan(self):
        p, w, rng = self.p, self.w, self.rng
        days = [p.first_day + datetime.timedelta(days=k) for k in range(0, p.days + 1)]
        reboots = sorted(rng.sample(range(4, p.days - 8), rng.randint(2, 3)))
        for k in reboots:
            power = rng.random() < 0.3
            at = p.on_day(days[k], rng.randint(18, 21), rng.randint(0, 50))
            self.boots.append(at)
            w.at(at, self.power_cut() if power else self.reboot())
        for k, day in enumerate(days):
            if k:
                w.at(p.on_day(day, 6, 25, 1.02), self.daily(day))
                w.at(p.on_day(day, 2, 30, 1.03), self.backup(day))
            w.at(p.on_day(day, 0, 0, 5.0), self.crons(day))
            w.at(p.on_day(day, 0, 1, 0), self.web_day(day))
            w.at(p.on_day(day, 0, 2, 0), self.guess_day(day))
            weekday = day.weekday() < 5
            if not k:
                continue
            if k == 2:  # everybody's usual places are known from the first days on
                for n, person in enumerate(p.people):
                    for j, address in enumerate(person.addresses):
                        w.at(p.on_day(day, 9 + n, 20 * j + rng.randint(2, 12), rng.random() * 59),
                             self.staff_session(person, address))
                w.at(p.on_day(day, 14, rng.randint(0, 59)), self.ftp_visit())
            for person in p.people:
                if weekday and rng.random() < (0.75 if person.admin else 0.4) or rng.random() < 0.06:
                    at = p.on_day(day, rng.randint(8, 16), rng.randint(0, 59), rng.random() * 59)
                    if self.quiet(at, 5400):
                        w.at(at, self.staff_session(person))
            if weekday and rng.random() < 0.45:
                at = p.on_day(day, rng.randint(9, 16), rng.randint(0, 59), rng.random() * 59)
                if self.quiet(at, 1200):
                    w.at(at, self.ftp_visit())
            if day.weekday() == 1:
                at = p.on_day(day, rng.randint(9, 15), rng.randint(0, 59))
                if self.quiet(at, 3600):
                    w.at(at, self.update_day())
        for k in rng.sample(range(5, p.days - 1), 3):
            at = p.on_day(days[k], rng.randint(9, 16), rng.randint(0, 59))
            if self.quiet(at, 3600):
                w.at(at, self.install_day())
        if rng.random() < 0.6:
            at = p.on_day(days[rng.randint(3, p.days - 2)], rng.randint(9, 16), rng.randint(0, 59))
            if self.quiet(at, 1800):
                w.at(at, self.console_root())

    def quiet(self, start, seconds):
        """No boot within the coming seconds, nor the end of the recording."""
        end = start + seconds * SECOND
        return end < self.p.end and all(not (start - 600 * SECOND < b < end + 600 * SECOND) for b in self.boots)

    # -- boots ---------------------------------------------------------------------------
    def reboot(self):
        m = self.m
        person = self.p.people[0]

        def script(s):
            yield from m.run(s, "uptime", 4)
            yield from m.sudo(s, "/usr/sbin/reboot", typed="sudo reboot", pause=0.3)
            yield from m.shutdown()
            m.boot_serial += 1
            yield self.rng.uniform(35, 80)
            yield from m.boot()
        yield from m.ssh_session(person.name, person.addresses[0], script, key=person.key)

    def power_cut(self):
        m, w = self.m, self.w
        m.up = False
        w.syslog_on = w.web_on = False
        m.boot_serial += 1
        yield self.rng.uniform(400, 4000)
        yield from m.boot()

    # -- cron ----------------------------------------------------------------------------
    def crons(self, day):
        m, w, p = self.m, self.w, self.p
        for hour in range(24):
            for minute in (9, 17, 39):
                at = p.on_day(day, hour, minute, 1.0)
                if at <= w.now:
                    continue
                if at > p.end:
                    return
                yield (at - w.now) / SECOND
                if not m.up:
                    continue
                if minute == 17:
                    w.do(m.cron_job("root", "cd / && run-parts --report /etc/cron.hourly"))
                elif self.vfs.exists("/etc/cron.d/php"):
                    w.do(m.cron_job("root", "[ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then "
                                            "/usr/lib/php/sessionclean; fi", self.session_clean))
                for user, command, when in getattr(m, "extra_cron", []):
                    if when == "hourly" and minute == 17:
                        w.do(m.cron_job(user, command))

    def session_clean(self):
        directory = self.vfs.lookup("/var/lib/php/sessions")
        for name in sorted(directory.entries if directory is not None else ()):
            node = directory.entries[name]
            if self.w.now - node.mtime > 1440 * SECOND:
                self.vfs.unlink("/var/lib/php/sessions/" + name, self.w.now)
        yield 0.01

    def backup(self, day):
        m, w, p = self.m, self.w, self.p

        def effect():
            yield from m.db_session("root", p.database, ["/*!40100 SET @@SQL_MODE='' */", "SHOW FULL TABLES",
                                                         "SELECT /*!40001 SQL_NO_CACHE */ * FROM `items`"])
            path = f"/var/backups/{p.database}-{day:%Y%m%d}.sql.gz"
            if not self.vfs.exists(path):
                self.vfs.create(path, b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + self.rng.randbytes(self.rng.randint(1500, 2500)), w.now)
            old = f"/var/backups/{p.database}-{day - datetime.timedelta(days=7):%Y%m%d}.sql.gz"
            if self.vfs.exists(old):
                yield 0.2
                self.vfs.unlink(old, w.now)
        yield from m.cron_job("root", "/usr/local/sbin/backup-db", effect)

    def daily(self, day):
        m = self.m

        def effect():
            yield 0.4
            yield from self.logrotate(day)
            yield 0.2
            self.dpkg_backup(day)
        yield from m.cron_job("root", "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }", effect)

    def dpkg_backup(self, day):
        """/etc/cron.daily/dpkg: keeps copies of the status file when it changed."""
        vfs, w = self.vfs, self.w
        status = vfs.lookup("/var/lib/dpkg/status")
        last = vfs.lookup("/var/backups/dpkg.status.0")
        if last is not None and last.content() == status.content():
            return
        now = w.now
        for n in range(4, -1, -1):
            if vfs.exists(f"/var/backups/dpkg.status.{n}"):
                if vfs.exists(f"/var/backups/dpkg.status.{n + 1}"):
                    vfs.unlink(f"/var/backups/dpkg.status.{n + 1}", now)
                vfs.rename(f"/var/backups/dpkg.status.{n}", f"/var/backups/dpkg.status.{n + 1}", now)
                now += 50_000
        copy = vfs.create("/var/backups/dpkg.status.0", status.content(), now)
        copy.atime, copy.mtime = status.atime // SECOND * SECOND, status.mtime

    def logrotate(self, day):
        w, vfs, p = self.w, self.vfs, self.p
        done = []
        weekly = ["/var/log/syslog", "/var/log/kern.log", "/var/log/auth.log"] + (["/var/log/cron.log"] if p.iso_stamps else [])
        monthly = [("/var/log/btmp", 1, "plain"), ("/var/log/dpkg.log", 12, None), ("/var/log/apt/term.log", 12, "now"),
                   ("/var/log/apt/history.log", 12, "now")]
        rotated_syslog = False
        week_due = lambda path: (day - self.rotated.setdefault(path, day)).days >= 7 or \
            day.weekday() == 6 and self.rotated[path] != day
        for path in ("/var/log/apache2/access.log", "/var/log/apache2/error.log"):
            if w.rotate(path, 14):
                done.append(path)
                self.rotated[path] = day
        if done:
            yield 0.1
            yield from self.m.apache_graceful()
        for path in weekly:
            if vfs.exists(path) and week_due(path):
                if w.rotate(path, 4):
                    rotated_syslog = True
                self.rotated[path] = day
        if rotated_syslog:
            yield 0.05
            w.syslog("daemon", "rsyslogd.huped", version="8.2302.0", pid=w.rsyslog_pid)
        if vfs.exists("/var/log/vsftpd.log") and week_due("/var/log/vsftpd.log"):
            w.rotate("/var/log/vsftpd.log", 4, create="plain")
            self.rotated["/var/log/vsftpd.log"] = day
        for path, keep, how in monthly:
            last = self.rotated.setdefault(path, day)
            if (last.year, last.month) != (day.year, day.month) and vfs.exists(path):
                w.rotate(path, keep, delay=how != "now", create="plain" if how == "plain" else None)
                self.rotated[path] = day
        yield 0.1
        text = render("logrotate.header") + "\n"
        for path in sorted(self.rotated):
            stamp = p.on_day(self.rotated[path], 6, 25, 2)
            text += render("logrotate.entry", path=path, stamp=templates.logrotate_date(p.local(stamp))) + "\n"
        vfs.replace("/var/lib/logrotate/status", text.encode(), w.now, 0o640, suffix=".tmp")

    # -- staff ---------------------------------------------------------------------------
    def staff_session(self, person, address=None):
        m, rng = self.m, self.rng
        address = address or person.addresses[0] if rng.random() < 0.8 or len(person.addresses) == 1 else person.addresses[1]
        failures = 1 if not person.uses_key and rng.random() < 0.12 else 0

        def script(s):
            for _ in range(rng.randint(1, 4)):
                yield from m.run(s, rng.choice(["ls -la", "df -h", "uptime", "w", "cd /var/log", "less access.log", "top",
                                                "git status", "vim notes.txt", "free -m", "tail -f /var/log/syslog"]))
            if rng.random() < 0.3:
                path = f"{s.home}/notes.txt"
                m.vfs.write(path, b"notes\n" * rng.randint(5, 200), m.w.now, 0o644, s.uid, s.gid)
            if person.admin:
                for _ in range(rng.randint(0, 3)):
                    yield from self.admin_task(s)
            yield from m.run(s, "exit", 1.0)
        yield from m.ssh_session(person.name, address, script, key=person.key, failures=failures)

    def admin_task(self, s):
        m, w, vfs, rng = self.m, self.w, self.vfs, self.rng
        task = rng.randrange(8)
        if task == 0:
            yield from m.sudo(s, "/usr/bin/tail -n 50 /var/log/auth.log", typed="sudo tail -n 50 /var/log/auth.log")
        elif task == 1:
            yield from m.sudo(s, "/usr/bin/less /var/log/apache2/error.log", typed="sudo less /var/log/apache2/error.log")
        elif task == 2:
            def edit():
                path = rng.choice(["/etc/apache2/apache2.conf", "/etc/vsftpd.conf", "/etc/mysql/mariadb.conf.d/50-server.cnf"])
                yield rng.uniform(10, 60)
                node = vfs.lookup(path)
                data = node.content().rstrip(b"\n").split(b"\n")
                if data[-1].startswith(b"# reviewed"):
                    data.pop()
                vfs.write(path, b"\n".join(data) + f"\n# reviewed {w.now // SECOND}\n".encode(), w.now)
            yield from m.sudo(s, "/usr/bin/nano /etc/apache2/apache2.conf", typed="sudo nano /etc/apache2/apache2.conf",
                              effect=edit, password_failures=1 if rng.random() < 0.05 else 0)
        elif task == 3:
            yield from m.sudo(s, "/usr/sbin/apachectl graceful", typed="sudo apachectl graceful", effect=m.apache_graceful)
        elif task == 4:
            def restart():
                yield from m.mariadb_stop()
                yield 1.1
                yield from m.mariadb_start()
            if rng.random() < 0.3:
                yield from m.sudo(s, "/usr/sbin/service mariadb restart", typed="sudo service mariadb restart", effect=restart)
            else:
                yield from m.sudo(s, "/usr/sbin/service mariadb status", typed="sudo service mariadb status")
        elif task == 5:
            def look():
                def root(r):
                    for command in ("cd /var/log", "ls -ltr", "grep -c Failed auth.log"):
                        yield from m.run(r, command)
                    yield from m.run(r, "exit", 1.0)
                yield from m.root_shell(s, root)
            yield from look()
        elif task == 6:
            yield from m.sudo(s, "/usr/bin/apt-get update", typed="sudo apt-get update",
                              effect=lambda: self._until(m.dpkg.apt_update(w.now)))
        else:
            yield from m.sudo(s, "/usr/bin/du -sh /var/www /var/lib/mysql", typed="sudo du -sh /var/www /var/lib/mysql")

    def _until(self, when):
        yield max(0.1, (when - self.w.now) / SECOND)

    def update_day(self):
        m, rng = self.m, self.rng
        person = self.p.people[0]
        names = [n for n, k in m.dpkg.packages.items() if k.installed and n not in self.updated]
        chosen = rng.sample(names, min(len(names), rng.randint(2, 6)))
        self.updated.update(chosen)

        def script(s):
            yield from m.sudo(s, "/usr/bin/apt-get update", typed="sudo apt-get update",
                              effect=lambda: self._until(m.dpkg.apt_update(self.w.now)))
            yield from m.sudo(s, "/usr/bin/apt-get upgrade", typed="sudo apt-get upgrade",
                              effect=lambda: m.dpkg.apt_run("apt-get upgrade", upgrade=chosen))
            yield from m.run(s, "exit", 1.0)
        yield from m.ssh_session(person.name, person.addresses[0], script, key=person.key)

    def install_day(self):
        m = self.m
        person = self.p.people[1]
        extra = [n for n, k in m.dpkg.packages.items() if k.group == "extra" and not k.installed]
        if not extra:
            return
        name = self.rng.choice(sorted(extra))

        def script(s):
            yield from m.sudo(s, f"/usr/bin/apt install {name}", typed=f"sudo apt install {name}",
                              effect=lambda: m.dpkg.apt_run(f"apt install {name}", install=[name], keep_debs=False))
            yield from m.run(s, f"{name} --version")
            yield from m.run(s, "exit", 1.0)
        yield from m.ssh_session(person.name, person.addresses[0], script, key=person.key,
                                 failures=0 if person.uses_key else self.rng.choice([0, 0, 1]))

    def console_root(self):
        m = self.m

        def script(s):
            for command in ("dmesg | tail", "fdisk -l", "df -h"):
                yield from m.run(s, command)
            yield from m.run(s, "exit", 1.0)
        if m.up:
            yield from m.console_session("root", script, failures=self.rng.choice([0, 0, 1]))

    # -- visitors ------------------------------------------------------------------------
    def address(self):
        rng = self.rng
        return rng.choice([lambda: f"198.18.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
                           lambda: f"198.19.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
                           lambda: f"100.{rng.randint(64, 127)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"])()

    def web_day(self, day):
        m, w, p, rng = self.m, self.w, self.p, self.rng
        moments = sorted(p.on_day(day, rng.randint(0, 23), rng.randint(0, 59), rng.random() * 59)
                         for _ in range(rng.randint(12, 40)))
        pages = [(u, s) for u, s in site_pages(p).items()]
        for at in moments:
            if at > w.now:
                yield (at - w.now) / SECOND
            if not m.up or not w.apache_pid:
                continue
            pick = rng.random()
            if pick < 0.80:
                chosen = rng.sample(pages, rng.randint(1, 4))
                if rng.random() < 0.15:
                    chosen.append(("/favicon.ico", None))
                w.do(m.visit(self.address(), chosen))
                if rng.random() < 0.3:
                    w.do(self.app_query())
            elif pick < 0.93:
                w.do(m.scan(self.address(), rng.choice(["Mozilla/5.0 zgrab/0.x", "python-requests/2.28.1", "Go-http-client/1.1"]),
                            rng.sample(SCANS, rng.randint(2, 9))))
            elif rng.random() < 0.6 and day < p.incident_day:
                w.do(self.photo())

    def app_query(self):
        m, p, rng, vfs, w = self.m, self.p, self.rng, self.vfs, self.w
        name = "".join(rng.choice("0123456789abcdefghijklmnopqrstuv") for _ in range(26))
        vfs.create("/var/lib/php/sessions/sess_" + name, b"", w.now, 0o600, 33, 33)
        statements = rng.choice([["SELECT * FROM items WHERE id = %d" % rng.randint(1, 900)],
                                 [render("general.multiline", number=rng.randint(1, 90))],
                                 ["SELECT COUNT(*) FROM items", "INSERT INTO views (item) VALUES (%d)" % rng.randint(1, 900)]])
        yield from m.db_session(p.app, p.database, statements)
        if rng.random() < 0.1:
            yield rng.uniform(1, 2)
            m.slow_query(p.app, p.database, rng.uniform(1.0, 3.0), render("slow.multiline", number=0.6))

    def photo(self):
        name = f"photo{self.rng.randint(100, 99999)}.jpg"
        ip, agent = self.address(), self.rng.choice(AGENTS)
        if self.vfs.exists(f"/var/www/html/{self.p.app}/uploads/{name}"):
            return
        self.m.get(ip, agent, f"/{self.p.app}/upload.php", size=420)
        yield self.rng.uniform(10, 40)
        yield from self.m.form_upload(ip, agent, name, b"\xff\xd8\xff\xe0\0\x10JFIF\0" + self.rng.randbytes(self.rng.randint(900, 2500)))
        yield 2.0
        self.m.get(ip, agent, f"/{self.p.app}/uploads/{name}", size=2000)

    def ftp_visit(self):
        m, p, rng = self.m, self.p, self.rng
        if not m.up:
            return
        actions = []
        for _ in range(rng.randint(1, 3)):
            kind = rng.random()
            if kind < 0.7:
                path = rng.choice(["/var/www/html/about.html", "/var/www/html/style.css", "/var/www/html/index.html",
                                   f"/var/www/html/img/banner{rng.randint(1, 40)}.png", "/var/www/html/contact.html"])
                actions.append(("put", path, rng.randbytes(rng.randint(500, 4000)) if path.endswith("png") else
                                b"<!-- new -->\n" + b"<p>text</p>\n" * rng.randint(20, 200)))
            else:
                actions.append(("get", "/var/www/html/index.html", None))
        if rng.random() < 0.1:
            yield from m.ftp_failure(p.ftp_user, p.ftp_address)
            yield 20.0
        yield from m.ftp_session(p.ftp_user, p.ftp_address, actions)

    # -- guessers ------------------------------------------------------------------------
    def guess_day(self, day):
        m, w, p, rng = self.m, self.w, self.p, self.rng
        count = max(1, int(p.guess_rate * rng.uniform(0.4, 1.6)))
        moments = sorted(p.on_day(day, rng.randint(0, 23), rng.randint(0, 59), rng.random() * 59) for _ in range(count))
        source, left = self.address(), 0
        for at in moments:
            if at > w.now:
                yield (at - w.now) / SECOND
            if not m.up or not m.sshd_pid:
                continue
            if left == 0:
                source, left = self.address(), rng.randint(1, 25)
            left -= 1
            w.do(self.guess(source, rng.choice(GUESSED)))

    def guess(self, ip, user):
        m, w = self.m, self.w
        kind = self.rng.random()
        if kind < 0.06:
            pid, port = w.pid(), w.port()
            w.syslog("auth", "sshd.kex_closed", pid=pid)
            w.syslog("auth", "sshd.closed", pid=pid, ip=ip, port=port)
        elif kind < 0.1:
            pid, port = w.pid(), w.port()
            w.syslog("auth", "sshd.kex_protocol", pid=pid, text="GET / HTTP/1.1")
            w.syslog("auth", "sshd.banner_invalid", pid=pid, ip=ip, port=port)
        else:
            yield from m.ssh_failures(ip, user, 1)
