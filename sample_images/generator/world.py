# SPDX-License-Identifier: Apache-2.0
"""The running machine: clock, syslog, login records, logs that rotate, truth.

What happens is written as Python generators that yield the seconds until they
go on; the world resumes them in order of time, so that process ids, inode
numbers and log lines come out in the order in which they happened.
"""
import gzip
import heapq
import io
import random
import socket
import struct

from . import templates
from .profile import SECOND
from .templates import render


class Line:
    """One record of a log; facts point at it to know whether it survived."""
    __slots__ = ("data", "time")

    def __init__(self, data, time=0):
        self.data, self.time = data, time


class LogContent:
    """Bytes of a log file as records; compressed when rotated far enough."""

    def __init__(self, lines=None):
        self.lines = lines if lines is not None else []
        self.gzip_name, self.gzip_time = None, 0
        self.cache = None

    def render(self):
        data = b"".join(line.data for line in self.lines)
        if self.gzip_name is None:
            return data
        if self.cache is None:
            out = io.BytesIO()
            with gzip.GzipFile(self.gzip_name, "wb", 9, out, self.gzip_time) as z:
                z.write(data)
            self.cache = out.getvalue()
        return self.cache


class Trace:
    """Where a fact can be read off the image, and how exactly."""

    def __init__(self, kind, what, field=None, value=None, tolerance=1.0, path=None):
        self.kind, self.what, self.field, self.value, self.tolerance = kind, what, field, value, tolerance
        self.path = path            # name of a deleted file that shows it


class World:
    def __init__(self, profile, vfs):
        self.p, self.vfs = profile, vfs
        self.rng = random.Random(f"life {profile.seed}")
        self.now = profile.installed
        self.queue, self.order = [], 0
        self.pid_counter = 300
        self.syslog_on = self.web_on = False
        self.facts = []
        self.terminals = set()
        self.rsyslog_pid = self.apache_pid = 0
        self.tids = {}
        self.dropped = []           # lines lost while syslog was stopped
        self.log_owner = {"auth.log": 4, "syslog": 4, "cron.log": 4, "kern.log": 4}

    # -- time -----------------------------------------------------------------------
    def at(self, when, generator):
        self.order += 1
        heapq.heappush(self.queue, (max(when, self.now), self.order, generator))

    def run(self, until):
        while self.queue and self.queue[0][0] <= until:
            when, _, generator = heapq.heappop(self.queue)
            self.now = max(self.now, when)
            try:
                pause = next(generator)
            except StopIteration:
                continue
            self.at(self.now + int(pause * SECOND) + self.rng.randrange(1, 900_000), generator)
        self.now = until

    def do(self, generator):
        """Starts something now, beside what goes on."""
        self.at(self.now, generator)

    def local(self, ns=None):
        return self.p.local(self.now if ns is None else ns)

    def pid(self):
        self.pid_counter += self.rng.randint(1, 7)
        if self.pid_counter > 32000:
            self.pid_counter = 500
        return self.pid_counter

    def port(self):
        return self.rng.randint(32800, 60900)

    # -- truth -----------------------------------------------------------------------
    def fact(self, kind, benign, traces, user=None, ip=None, path=None, when=None):
        self.facts.append({"kind": kind, "time": self.now if when is None else when, "user": user, "src_ip": ip,
                           "path": path, "benign": benign, "traces": [t for t in traces if t is not None]})

    def line_trace(self, line, tolerance=1.0):
        return Trace("line", line, tolerance=tolerance) if line is not None else None

    def time_trace(self, path, field, tolerance=0.001):
        node = self.vfs.lookup(path, follow=False)
        return Trace("inode", node, field, getattr(node, field), tolerance)

    # -- logs --------------------------------------------------------------------------
    def log_file(self, path, mode=0o640, uid=0, gid=4):
        node = self.vfs.lookup(path)
        if node is None:
            node = self.vfs.create(path, b"", self.now, mode, uid, gid)
        if node.log is None:
            node.log = LogContent()
        return node

    def append(self, path, data, **kw):
        node = self.log_file(path, **kw)
        line = Line(data if isinstance(data, bytes) else data.encode() + b"\n", self.now)
        node.log.lines.append(line)
        node.mtime = node.ctime = self.now
        return line

    def syslog(self, facility, ident, **holes):
        """Sends a recorded message through rsyslog; returns its line in the first file it went to."""
        return self.syslog_text(facility, render(ident, **holes))

    def syslog_text(self, facility, message):
        self.now += self.rng.randrange(30_000, 300_000)
        t = self.local()
        if self.p.iso_stamps:
            text = render("stamp.iso", stamp=templates.iso(t), host=self.p.host, message=message)
        else:
            text = render("stamp.traditional", stamp=templates.traditional(t), host=self.p.host, message=message)
        if not self.syslog_on:
            self.dropped.append(text)
            return None
        names = {"auth": ["auth.log"], "kern": ["kern.log", "syslog"], "daemon": ["syslog"],
                 "cron": ["cron.log", "syslog"] if self.p.iso_stamps else ["syslog"]}[facility]
        first = None
        for name in names:
            line = self.append("/var/log/" + name, text)
            first = first or line
        return first

    # -- login records (layout of glibc's struct utmp on x86-64) --------------------------
    @staticmethod
    def utmp_record(kind, pid, line, ident, user, host, ns, address=None, whole_seconds=False):
        raw = bytearray(384)
        struct.pack_into("<hxxi", raw, 0, kind, pid)
        raw[8:40] = line.encode()[:32].ljust(32, b"\0")
        raw[40:44] = ident.encode()[:4].ljust(4, b"\0")
        raw[44:76] = user.encode()[:32].ljust(32, b"\0")
        raw[76:332] = host.encode()[:256].ljust(256, b"\0")
        seconds, nanos = divmod(ns, SECOND)
        struct.pack_into("<ii", raw, 340, seconds, 0 if whole_seconds else nanos // 1000)
        if address:
            raw[348:364] = (socket.inet_pton(socket.AF_INET6, address) if ":" in address
                            else socket.inet_aton(address).ljust(16, b"\0"))
        return bytes(raw)

    def wtmp(self, kind, pid, line, ident, user, host, address=None):
        return self.append("/var/log/wtmp", self.utmp_record(kind, pid, line, ident, user, host, self.now, address),
                           mode=0o664, gid=43)

    def btmp(self, pid, line, user, host, address=None):
        return self.append("/var/log/btmp", self.utmp_record(6, pid, line, "", user, host, self.now, address, True),
                           mode=0o660, gid=43)

    def lastlog(self, uid, line, host):
        node = self.vfs.lookup("/var/log/lastlog")
        if node is None:
            node = self.vfs.create("/var/log/lastlog", b"", self.now, 0o664, 0, 43)
        node.sparse = True
        data = bytearray(node.data)
        if len(data) < (uid + 1) * 292:
            data.extend(bytes((uid + 1) * 292 - len(data)))
        struct.pack_into("<i", data, uid * 292, self.now // SECOND)
        data[uid * 292 + 4:uid * 292 + 36] = line.encode().ljust(32, b"\0")
        data[uid * 292 + 36:uid * 292 + 292] = host.encode()[:256].ljust(256, b"\0")
        node.data = bytes(data)
        node.mtime = node.ctime = self.now
        return Trace("lastlog", (uid, self.now // SECOND), tolerance=1.0)

    def terminal(self):
        n = 0
        while f"pts/{n}" in self.terminals:
            n += 1
        self.terminals.add(f"pts/{n}")
        return f"pts/{n}"

    # -- files that daemons keep ------------------------------------------------------------
    def ftp_log(self, ident, **holes):
        holes.setdefault("stamp", templates.ftp_date(self.local()))
        return self.append("/var/log/vsftpd.log", render(ident, **holes), mode=0o640)

    def web_access(self, ip, request, status, size, referer, agent, ns=None):
        if not self.web_on:
            return None
        text = render("apache.access", ip=ip, stamp=templates.apache_access(self.local(ns)), request=request,
                      status=status, bytes=size, referer=referer, agent=agent)
        return self.append("/var/log/apache2/access.log", text)

    def web_error(self, ident, **holes):
        if not self.web_on:
            return None
        holes.setdefault("stamp", templates.apache_error(self.local()))
        if "pid" in holes:
            holes.setdefault("tid", holes["pid"])
        return self.append("/var/log/apache2/error.log", render(ident, **holes))

    def db_error(self, ident, **holes):
        holes.setdefault("stamp", templates.mariadb_error(self.local()))
        holes.setdefault("program", "mariadbd")
        return self.append("/var/log/mysql/error.log", render(ident, **holes), mode=0o660, uid=self.uid("mysql"))

    def uid(self, name):
        return self.accounts.passwd[name][0]

    def gid(self, name):
        return self.accounts.groups[name][0]

    # -- rotation -----------------------------------------------------------------------------
    def rotate(self, path, keep, delay=True, create=None):
        """As logrotate 3.21 does it: compress the second, shift, rename, create."""
        vfs, now = self.vfs, self.now
        node = vfs.lookup(path)
        if node is None or not node.content():
            return False
        step = 900_000
        ending = ".gz" if create != "plain" else ""
        if ending and delay and vfs.exists(path + ".1"):
            old = vfs.lookup(path + ".1")
            new = vfs.create(path + ".1.gz", b"", now, old.mode & 0o777, old.uid, old.gid)
            new.log = LogContent(old.log.lines)
            new.log.gzip_name, new.log.gzip_time = path.rsplit("/", 1)[1] + ".1", old.mtime // SECOND
            new.atime, new.mtime, new.ctime = old.atime, old.mtime, now + step
            vfs.unlink(path + ".1", now + step)
        now += 2 * step
        if vfs.exists(f"{path}.{keep}{ending}"):
            vfs.unlink(f"{path}.{keep}{ending}", now)
        for n in range(keep - 1, 0, -1):
            for end in dict.fromkeys((ending, "")):
                if vfs.exists(f"{path}.{n}{end}"):
                    now += 60_000
                    vfs.rename(f"{path}.{n}{end}", f"{path}.{n + 1}{end}", now)
        vfs.rename(path, path + ".1", now + step)
        now += 2 * step
        fresh = vfs.create(path, b"", now, node.mode & 0o777, node.uid, node.gid)
        fresh.log = LogContent()
        if ending and not delay:
            old = vfs.lookup(path + ".1")
            new = vfs.create(path + ".1.gz", b"", now + step, old.mode & 0o777, old.uid, old.gid)
            new.log = LogContent(old.log.lines)
            new.log.gzip_name, new.log.gzip_time = path.rsplit("/", 1)[1] + ".1", old.mtime // SECOND
            new.atime, new.mtime, new.ctime = old.atime, old.mtime, now + 2 * step
            vfs.unlink(path + ".1", now + 2 * step)
        return True
