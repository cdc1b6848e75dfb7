# SPDX-License-Identifier: Apache-2.0
"""The machine's database, ftp and web server."""
from . import templates
from .profile import SECOND
from .templates import render

AGENTS = ["Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
          "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15",
          "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1"]


class Services:
    """Mixed into Machine, which has the world (w), vfs, accounts and profile (p)."""

    # -- MariaDB -----------------------------------------------------------------------------
    def mariadb_version(self):
        return self.dpkg.packages["mariadb-server"].version.split(":")[-1].split("-")[0] + "-MariaDB-0+deb12u1-log"

    def mariadb_start(self):
        w, version = self.w, self.mariadb_version()
        pid = w.pid()
        w.db_error("mariadb.starting", version=version, revision="5843d8475120241667a7ce0f8a1abb6c9b43a273",
                   serveruid="Yx1hQ0Zb9m2rT5nK8sVw3uEpA7g=", pid=pid)
        for ident in ("mariadb.pools", "mariadb.bufferpool", "mariadb.rollback"):
            w.db_error(ident)
        yield 0.3
        self.lsn += self.rng.randint(300, 4000)
        w.db_error("mariadb.lsn", lsn=self.lsn, transaction=self.lsn // 1900)
        w.db_error("mariadb.socket", ip="127.0.0.1")
        socket = "/run/mysqld/mysqld.sock"
        w.db_error("mariadb.ready", version=version, socket=socket)
        if self.p.general_log:
            w.append("/var/log/mysql/mysql.log", render("general.header", program="/usr/sbin/mariadbd", version=version,
                                                        socket=socket), mode=0o660, uid=w.uid("mysql"))
        self.db_id, self.db_second = 30, None
        mysql = w.uid("mysql")
        for name in ("ibdata1", "ib_logfile0", "aria_log_control", "aria_log.00000001"):
            path = "/var/lib/mysql/" + name
            self.vfs.write(path, self.rng.randbytes(4096 if name == "ibdata1" else 1024), w.now, 0o660, mysql,
                           self.accounts.groups["mysql"][0])
        yield 0.1

    def mariadb_stop(self):
        w = self.w
        w.db_error("mariadb.shutdown_unknown")
        w.db_error("mariadb.stopping")
        yield 0.6
        w.db_error("mariadb.stopped_lsn", lsn=self.lsn + 120, transaction=self.lsn // 1900 + 1)
        w.db_error("mariadb.stopped")
        self.vfs.write("/var/lib/mysql/ib_buffer_pool", self.rng.randbytes(300), w.now, 0o660, w.uid("mysql"),
                       self.accounts.groups["mysql"][0])
        yield 0.2

    def general(self, ident, command, argument):
        """A line of the general log: the time only when the second changes."""
        if not self.p.general_log or not self.up:
            return None
        w = self.w
        stamp = templates.mariadb_short(w.local())
        holes = dict(id=f"{ident:6d}", command=command, argument=argument)
        if stamp != self.db_second:
            text = render("general.stamped", stamp=stamp, **holes)
        else:
            text = render("general.unstamped", **holes)
        self.db_second = stamp
        return w.append("/var/log/mysql/mysql.log", text, mode=0o660, uid=w.uid("mysql"))

    def db_session(self, user, database, statements, pause=0.02):
        self.db_id += 1
        ident = self.db_id
        self.general(ident, "Connect", render("general.connect_socket", user=user, database=database))
        for statement in statements:
            yield pause
            self.general(ident, "Query", statement)
        self.general(ident, "Quit", "")

    def slow_query(self, user, database, seconds, statement):
        w = self.w
        w.append("/var/log/mysql/mariadb-slow.log", render(
            "slow.entry", stamp=templates.mariadb_short(w.local()), user=user, host="localhost", ip="", thread=self.db_id,
            database=database, seconds=f"{seconds:.6f}", lock="0.000081", sent=self.rng.randint(1, 40),
            examined=self.rng.randint(4000, 90000), bytes=self.rng.randint(70, 9000), epoch=w.now // SECOND,
            statement=statement), mode=0o660, uid=w.uid("mysql"))

    # -- ftp -------------------------------------------------------------------------------------
    def ftp_session(self, user, ip, actions, benign=True):
        """actions: ("put"|"get"|"del", path, data or None)."""
        w, vfs = self.w, self.vfs
        pid = w.pid()
        uid, gid = self.accounts.passwd[user][:2]
        if not self.p.xferlog:
            w.ftp_log("vsftpd.connect", pid=pid, ip=ip)
            yield self.rng.uniform(0.4, 2.0)
            line = w.ftp_log("vsftpd.login", pid=pid - 1, user=user, ip=ip)
            w.fact("login_success", benign, [w.line_trace(line)], user, ip)
        else:
            yield 1.0
        worker = w.pid()
        for kind, path, data in actions:
            yield self.rng.uniform(0.6, 6.0)
            size = len(data) if data is not None else (len(vfs.lookup(path).content()) if vfs.lookup(path) else 0)
            rate = f"{self.rng.uniform(300, 4000):.2f}"
            holes = dict(ip=ip, user=user, path=path)
            if kind == "put":
                vfs.write(path, data, w.now, 0o644, uid, gid)
                yield 0.08 + size / 400_000
                vfs.lookup(path).mtime = vfs.lookup(path).ctime = w.now
                line = w.ftp_log("xferlog.in", seconds=1, size=size, **holes) if self.p.xferlog else \
                    w.ftp_log("vsftpd.upload", pid=worker, size=size, rate=rate, **holes)
                w.fact("ftp_upload", benign, [w.line_trace(line)], user, ip, path)
            elif kind == "get":
                vfs.touch_atime(vfs.lookup(path), w.now)
                yield 0.05 + size / 400_000
                line = w.ftp_log("xferlog.out", seconds=1, size=size, **holes) if self.p.xferlog else \
                    w.ftp_log("vsftpd.download", pid=worker, size=size, rate=rate, **holes)
                w.fact("ftp_download", benign, [w.line_trace(line)], user, ip, path)
            elif vfs.exists(path):
                vfs.unlink(path, w.now)
                if not self.p.xferlog:
                    w.ftp_log("vsftpd.delete", pid=worker, **holes)

    def ftp_failure(self, user, ip):
        w = self.w
        pid = w.pid()
        if not self.p.xferlog:
            w.ftp_log("vsftpd.connect", pid=pid, ip=ip)
        w.syslog("auth", "vsftpd.pam_failure", user=user, ip=ip)
        yield 2.4
        if not self.p.xferlog:
            w.ftp_log("vsftpd.login_failed", pid=pid - 1, user=user, ip=ip)

    # -- web -------------------------------------------------------------------------------------
    def get(self, ip, agent, url, referer="-", status=200, size=None, method="GET"):
        size = size if size is not None else self.rng.randint(300, 9000)
        return self.w.web_access(ip, f"{method} {url} HTTP/1.1", status, size, referer, agent)

    def visit(self, ip, pages):
        agent = self.rng.choice(AGENTS)
        referer = "-"
        for url, size in pages:
            missing = size is None
            self.get(ip, agent, url, referer, 404 if missing else 200, 490 if missing else size + 260)
            if missing and url.endswith(".php"):
                self.w.web_error("apache.php_missing", pid=self.rng.choice(self.workers), ip=ip, port=self.w.port(),
                                 path="/var/www/html" + url)
            if url.endswith((".html", ".php")):
                referer = f"http://{self.p.host}.{self.p.domain}{url}"
            yield self.rng.uniform(0.2, 30)

    def scan(self, ip, agent, urls):
        for url in urls:
            self.get(ip, agent, url, "-", 404, 490)
            if url.endswith(".php"):
                self.w.web_error("apache.php_missing", pid=self.rng.choice(self.workers), ip=ip, port=self.w.port(),
                                 path="/var/www/html" + url)
            yield self.rng.uniform(0.05, 0.6)

    def form_upload(self, ip, agent, name, data):
        """POST to the upload form: PHP's temporary file, then the file in uploads/."""
        w, vfs = self.w, self.vfs
        started = w.now
        temp = "/tmp/php" + "".join(self.rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
                                    for _ in range(6))
        vfs.create(temp, data, w.now, 0o600, 33, 33)
        yield 0.04
        path = f"/var/www/html/{self.p.app}/uploads/{name}"
        vfs.write(path, data, w.now, 0o644, 33, 33)
        vfs.unlink(temp, w.now + 400_000)
        yield 0.01
        url = f"/{self.p.app}/upload.php"
        line = w.web_access(ip, f"POST {url} HTTP/1.1", 200, self.rng.randint(300, 700),
                            f"http://{self.p.host}.{self.p.domain}{url}", agent, started)
        return path, line, started

