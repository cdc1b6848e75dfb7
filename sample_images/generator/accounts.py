# SPDX-License-Identifier: Apache-2.0
"""/etc/passwd, shadow, group, gshadow, subuid and their backups.

Written the way shadow-utils 4.13 writes them: the old file is copied into the
backup in place, which then gets the old file's time in whole seconds; the new
text goes to NAME+ and is renamed over NAME.
"""
from .profile import DAY, SECOND

SYSTEM = """root:0:0:root:/root:/bin/bash
daemon:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:2:2:bin:/bin:/usr/sbin/nologin
sys:3:3:sys:/dev:/usr/sbin/nologin
sync:4:65534:sync:/bin:/bin/sync
games:5:60:games:/usr/games:/usr/sbin/nologin
man:6:12:man:/var/cache/man:/usr/sbin/nologin
lp:7:7:lp:/var/spool/lpd:/usr/sbin/nologin
mail:8:8:mail:/var/mail:/usr/sbin/nologin
news:9:9:news:/var/spool/news:/usr/sbin/nologin
uucp:10:10:uucp:/var/spool/uucp:/usr/sbin/nologin
proxy:13:13:proxy:/bin:/usr/sbin/nologin
www-data:33:33:www-data:/var/www:/usr/sbin/nologin
backup:34:34:backup:/var/backups:/usr/sbin/nologin
list:38:38:Mailing List Manager:/var/list:/usr/sbin/nologin
irc:39:39:ircd:/run/ircd:/usr/sbin/nologin
_apt:42:65534::/nonexistent:/usr/sbin/nologin
nobody:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"""
GROUPS = """root:0 daemon:1 bin:2 sys:3 adm:4 tty:5 disk:6 lp:7 mail:8 news:9 uucp:10 man:12 proxy:13 kmem:15
dialout:20 fax:21 voice:22 cdrom:24 floppy:25 tape:26 sudo:27 audio:29 dip:30 www-data:33 backup:34 operator:37
list:38 irc:39 src:40 shadow:42 utmp:43 video:44 sasl:45 plugdev:46 staff:50 games:60 users:100 nogroup:65534
crontab:101 _ssh:102"""


class Accounts:
    FILES = {"passwd": (0o644, 0), "shadow": (0o640, 42), "group": (0o644, 0), "gshadow": (0o640, 42),
             "subuid": (0o644, 0), "subgid": (0o644, 0)}

    def __init__(self, vfs, rng):
        self.vfs, self.rng = vfs, rng
        self.passwd, self.shadow, self.groups, self.sub = {}, {}, {}, {}
        for line in SYSTEM.split("\n"):
            name, uid, gid, gecos, home, shell = line.split(":")
            self.passwd[name] = [int(uid), int(gid), gecos, home, shell]
        for entry in GROUPS.split():
            name, gid = entry.split(":")
            self.groups[name] = [int(gid), []]

    def hash(self):
        alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        pick = lambda n: "".join(self.rng.choice(alphabet) for _ in range(n))
        return f"$y$j9T${pick(22)}${pick(43)}"

    def text(self, kind):
        if kind == "passwd":
            return "".join(f"{n}:x:{u}:{g}:{gecos}:{home}:{shell}\n"
                           for n, (u, g, gecos, home, shell) in self.passwd.items())
        if kind == "shadow":
            return "".join(f"{n}:{h}:{day}:0:99999:7:::\n" for n, (h, day) in self.shadow.items())
        if kind == "group":
            return "".join(f"{n}:x:{g}:{','.join(m)}\n" for n, (g, m) in self.groups.items())
        if kind == "gshadow":
            return "".join(f"{n}:{'!' if g >= 1000 else '*'}::{','.join(m)}\n" for n, (g, m) in self.groups.items())
        return "".join(f"{n}:{start}:65536\n" for n, start in self.sub.items())

    def first_write(self, now):
        day = now // SECOND // DAY
        for name in self.passwd:
            self.shadow.setdefault(name, ["*", day])
        for kind, (mode, gid) in self.FILES.items():
            self.vfs.create("/etc/" + kind, self.text(kind).encode(), now, mode, 0, gid)

    def save(self, kinds, now):
        """Rewrites these databases; returns the time after the last rename."""
        for kind in kinds:
            mode, gid = self.FILES[kind]
            path = "/etc/" + kind
            old = self.vfs.lookup(path)
            backup = self.vfs.write(path + "-", old.content(), now + 300_000, mode, 0, gid)
            whole = old.mtime // SECOND * SECOND
            self.vfs.set_times(path + "-", old.atime // SECOND * SECOND, whole, now + 400_000)
            backup.mode = old.mode
            self.vfs.create(path + "+", self.text(kind).encode(), now + 600_000, mode, 0, gid)
            self.vfs.rename(path + "+", path, now + 1_500_000)
            now += 2_000_000
        return now

    def next_uid(self):
        return max([u for u, *_ in self.passwd.values() if 1000 <= u < 60000], default=999) + 1

    def next_gid(self):
        return max([g for g, _ in self.groups.values() if 1000 <= g < 60000], default=999) + 1

    def add_user(self, name, gecos, home, shell, now, uid=None, gid=None, own_group=True, make_home=True):
        uid = self.next_uid() if uid is None else uid
        if own_group:
            gid = self.next_gid()
            self.groups[name] = [gid, []]
        self.passwd[name] = [uid, gid, gecos, home, shell]
        self.shadow[name] = ["!", now // SECOND // DAY]
        kinds = ["passwd", "shadow"] + (["group", "gshadow"] if own_group else [])
        if uid >= 1000:
            self.sub[name] = 100000 + 65536 * len(self.sub)
            kinds += ["subuid", "subgid"]
        now = self.save(kinds, now)
        if make_home:
            self.make_home(name, now)
        return uid, gid

    def make_home(self, name, now):
        uid, gid, _, home, _ = self.passwd[name]
        self.vfs.mkdir(home, now, 0o700, uid, gid)
        for skel in (".bash_logout", ".bashrc", ".profile"):
            source = self.vfs.lookup("/etc/skel/" + skel)
            now += 200_000
            self.vfs.create(f"{home}/{skel}", source.content(), now, 0o644, uid, gid)
            # useradd copies the skeleton with its times
            self.vfs.set_times(f"{home}/{skel}", source.atime, source.mtime, now + 50_000)

    def set_password(self, name, now):
        self.shadow[name] = [self.hash(), now // SECOND // DAY]
        return self.save(["shadow"], now)

    def add_to_group(self, name, group, now):
        self.groups[group][1].append(name)
        return self.save(["group", "gshadow"], now)
