# SPDX-License-Identifier: Apache-2.0
"""The day the machine was installed: base system, first boot, services, staff."""
import pathlib
import posixpath

from .machine import make_key
from .profile import DAY, SECOND

ZONEINFO = pathlib.Path("/usr/share/zoneinfo")


def base_tree(vfs, now):
    """Directories of a merged-/usr system."""
    for path, mode in (("/usr", 0o755), ("/usr/bin", 0o755), ("/usr/sbin", 0o755), ("/usr/lib", 0o755),
                       ("/usr/lib64", 0o755), ("/usr/share", 0o755), ("/usr/local", 0o755), ("/usr/local/bin", 0o755),
                       ("/usr/local/sbin", 0o755), ("/usr/local/lib", 0o755), ("/etc", 0o755), ("/home", 0o755),
                       ("/root", 0o700), ("/boot", 0o755), ("/dev", 0o755), ("/proc", 0o555), ("/sys", 0o555),
                       ("/run", 0o755), ("/srv", 0o755), ("/opt", 0o755), ("/mnt", 0o755), ("/media", 0o755),
                       ("/tmp", 0o1777), ("/var/log", 0o755), ("/var/lib", 0o755), ("/var/cache", 0o755),
                       ("/var/spool", 0o755), ("/var/backups", 0o755), ("/var/mail", 0o2775), ("/var/tmp", 0o1777),
                       ("/var/www", 0o755), ("/var/lib/dpkg", 0o755), ("/var/lib/dpkg/info", 0o755),
                       ("/var/lib/dpkg/updates", 0o755), ("/var/lib/apt/lists/partial", 0o755),
                       ("/var/cache/apt/archives/partial", 0o755), ("/var/log/apt", 0o755),
                       ("/var/lib/logrotate", 0o755), ("/var/spool/cron/crontabs", 0o1730), ("/var/spool/rsyslog", 0o755),
                       ("/etc/cron.d", 0o755), ("/etc/network", 0o755), ("/etc/ssh", 0o755)):
        now += 80_000
        vfs.makedirs(posixpath.dirname(path), now)
        vfs.mkdir(path, now, mode)
    vfs.lookup("/var/mail").gid = 8
    vfs.lookup("/var/spool/cron/crontabs").gid = 101
    for name, target in (("bin", "usr/bin"), ("sbin", "usr/sbin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")):
        vfs.symlink("/" + name, target, now)
    vfs.symlink("/etc/mtab", "../proc/self/mounts", now)
    vfs.symlink("/var/run", "/run", now)
    vfs.symlink("/var/lock", "/run/lock", now)
    vfs.symlink("/var/spool/mail", "../mail", now)
    return now


def installer(m, configuration):
    """What the Debian installer does before the first boot. A plain function: no time passes for others."""
    vfs, w, p, rng = m.vfs, m.w, m.p, m.rng
    now = base_tree(vfs, w.now)
    w.now = now
    zone = (ZONEINFO / p.zone_name).read_bytes()
    m.dpkg.configuration["/usr/share/zoneinfo/" + p.zone_name] = zone
    tzdata = m.dpkg.packages["tzdata"]
    if all(f.path != "/usr/share/zoneinfo/" + p.zone_name for f in tzdata.files):
        f = type(tzdata.files[0])()
        f.path, f.link, f.mode, f.group, f.size, f.kind, f.target = \
            "/usr/share/zoneinfo/" + p.zone_name, False, 0o644, 0, len(zone), "text", "-"
        f.mtime = tzdata.files[0].mtime
        tzdata.files.append(f)
    names = [n for n, k in m.dpkg.packages.items() if k.group == "base"]
    m.accounts.first_write(now)
    now = m.dpkg.bootstrap(names, now + SECOND)
    for path in ("/etc/hostname", "/etc/hosts", "/etc/timezone", "/etc/fstab", "/etc/network/interfaces",
                 "/etc/resolv.conf", "/etc/machine-id", "/etc/adjtime", "/etc/shells"):
        now += rng.randint(1, 40) * 10_000_000
        vfs.write(path, configuration[path], now, 0o444 if path == "/etc/machine-id" else 0o644)
    vfs.create("/etc/localtime", zone, now, 0o644)
    vfs.create("/etc/.pwd.lock", b"", now, 0o600)
    for name in ("lastlog", "wtmp", "btmp", "faillog"):
        w.now = now
        mode, gid = {"lastlog": (0o664, 43), "wtmp": (0o664, 43), "btmp": (0o660, 43), "faillog": (0o644, 0)}[name]
        vfs.create("/var/log/" + name, b"", now, mode, 0, gid)
    for name in (".bashrc", ".profile"):
        vfs.create("/root/" + name, vfs.lookup("/etc/skel/" + name).content(), now)
        vfs.set_times("/root/" + name, now, m.dpkg.packages["base-files"].files[0].mtime * SECOND, now)
    first = p.people[0]
    m.accounts.add_user(first.name, first.gecos + ",,,", first.home, "/bin/bash", now)
    now = m.accounts.set_password(first.name, now + 20_000_000)
    now = m.accounts.set_password("root", now + 20_000_000)
    now = m.accounts.add_to_group(first.name, "sudo", now + 20_000_000)
    now = m.accounts.add_to_group(first.name, "adm", now)
    w.now = now + SECOND


def service_accounts(m):
    """Accounts that the maintainer scripts of the services add."""
    m.accounts.passwd["sshd"] = [105, 65534, "", "/run/sshd", "/usr/sbin/nologin"]
    m.accounts.passwd["mysql"] = [106, 112, "MySQL Server,,,", "/nonexistent", "/bin/false"]
    m.accounts.passwd["ftp"] = [107, 113, "ftp daemon,,,", "/srv/ftp", "/usr/sbin/nologin"]
    m.accounts.groups["mysql"] = [112, []]
    m.accounts.groups["ftp"] = [113, []]
    m.accounts.groups["ssl-cert"] = [114, []]
    day = m.w.now // SECOND // DAY
    for name in ("sshd", "mysql", "ftp"):
        m.accounts.shadow[name] = ["!", day]
    m.accounts.save(["passwd", "shadow", "group", "gshadow"], m.w.now)


UPLOAD_FORM = b"""<?php
if (isset($_FILES['file'])) {
    move_uploaded_file($_FILES['file']['tmp_name'], 'uploads/' . basename($_FILES['file']['name']));
    echo 'stored';
}
?>
<form method="post" enctype="multipart/form-data"><input type="file" name="file"><input type="submit"></form>
"""


def site_pages(p):
    return {"/index.html": 2100, "/style.css": 900, f"/{p.app}/index.php": 1400, f"/{p.app}/item.php": 1700,
            f"/{p.app}/search.php": 1100, "/about.html": 1300, "/contact.html": 800, "/img/logo.png": 2600}


def day_zero(m, configuration):
    """The administrator's first hours at the console and over ssh."""
    w, vfs, p, rng = m.w, m.vfs, m.p, m.rng
    first = p.people[0]

    def script(s):
        yield from m.run(s, "ip addr")
        services = [n for n, k in m.dpkg.packages.items() if k.group == "service"]
        wanted = {"openssh-server", "sudo", "vsftpd", "apache2", "libapache2-mod-php8.2", "mariadb-server", "rsync"}
        yield from m.sudo(s, "/usr/bin/apt-get update", typed="sudo apt-get update",
                          effect=lambda: _after(m, m.dpkg.apt_update(w.now)))
        command = "apt-get install openssh-server vsftpd apache2 libapache2-mod-php mariadb-server rsync"

        def install():
            service_accounts(m)
            yield from m.dpkg.apt_run(command, install=services, automatic=[n for n in services if n not in wanted])
            for n in ("ecdsa", "ed25519", "rsa"):
                vfs.create(f"/etc/ssh/ssh_host_{n}_key", rng.randbytes(400), w.now, 0o600)
                vfs.create(f"/etc/ssh/ssh_host_{n}_key.pub", f"ssh-{n} AAAA{rng.getrandbits(200):x} root@{p.host}\n".encode(),
                           w.now + 30_000_000)
                yield 0.4
            for path in ("/etc/ssh/sshd_config", "/etc/apache2/sites-available/000-default.conf", "/etc/mysql/debian.cnf"):
                vfs.makedirs(posixpath.dirname(path), w.now)
                if not vfs.exists(path):
                    vfs.create(path, configuration[path], w.now)
            vfs.makedirs("/etc/apache2/sites-enabled", w.now)
            vfs.symlink("/etc/apache2/sites-enabled/000-default.conf", "../sites-available/000-default.conf", w.now)
            for path, uid, gid, mode in (("/var/log/apache2", 0, 4, 0o750), ("/var/log/mysql", 106, 4, 0o2750),
                                         ("/var/lib/mysql", 106, 112, 0o755), ("/var/lib/mysql/mysql", 106, 112, 0o700),
                                         (f"/var/lib/mysql/{p.database}", 106, 112, 0o700), ("/srv/ftp", 0, 113, 0o755),
                                         ("/var/lib/php/sessions", 0, 0, 0o1733), ("/var/www/html", 0, 0, 0o755)):
                vfs.makedirs(posixpath.dirname(path), w.now)
                if not vfs.exists(path):
                    vfs.mkdir(path, w.now, mode, uid, gid)
            for table in ("user.frm", "user.MAD", "user.MAI", "db.frm", "db.MAD", "db.MAI"):
                vfs.create("/var/lib/mysql/mysql/" + table, rng.randbytes(700), w.now + 40_000_000, 0o660, 106, 112)
            for table in ("items", "users", "orders", "views"):
                vfs.create(f"/var/lib/mysql/{p.database}/{table}.frm", rng.randbytes(800), w.now + 60_000_000, 0o660, 106, 112)
                vfs.create(f"/var/lib/mysql/{p.database}/{table}.ibd", rng.randbytes(4000), w.now + 70_000_000, 0o660, 106, 112)
            m.sshd_pid = w.pid()
            w.syslog("auth", "sshd.listening4", pid=m.sshd_pid)
            w.syslog("auth", "sshd.listening6", pid=m.sshd_pid)
            m.apache_start()
            yield from m.mariadb_start()

        yield from m.sudo(s, "/usr/bin/" + command, typed="sudo " + command, effect=install)
        for person in p.people[1:]:
            yield from m.sudo(s, f"/usr/sbin/useradd -m -s /bin/bash {person.name}", typed=f"sudo useradd -m -s /bin/bash {person.name}",
                              effect=lambda n=person: m.useradd(s, n.name, n.gecos))
            yield from m.sudo(s, f"/usr/bin/passwd {person.name}", typed=f"sudo passwd {person.name}",
                              effect=lambda n=person: m.passwd(s, n.name))
            if person.admin:
                yield from m.sudo(s, f"/usr/sbin/usermod -aG sudo {person.name}", typed=f"sudo usermod -aG sudo {person.name}",
                                  effect=lambda n=person: m.group_add(s, n.name, "sudo"))
        yield from m.sudo(s, f"/usr/sbin/useradd -d /var/www/html -s /bin/bash {p.ftp_user}",
                          typed=f"sudo useradd -d /var/www/html -s /bin/bash {p.ftp_user}",
                          effect=lambda: m.useradd(s, p.ftp_user, "web content", home="/var/www/html"))
        yield from m.sudo(s, f"/usr/bin/passwd {p.ftp_user}", typed=f"sudo passwd {p.ftp_user}",
                          effect=lambda: m.passwd(s, p.ftp_user))

        def site():
            uid, gid = m.accounts.passwd[p.ftp_user][:2]
            vfs.chown("/var/www/html", uid, gid, w.now)
            for directory in ("/var/www/html/img", f"/var/www/html/{p.app}"):
                vfs.mkdir(directory, w.now, 0o755, uid, gid)
            vfs.mkdir(f"/var/www/html/{p.app}/uploads", w.now, 0o755, 33, 33)
            for url, size in site_pages(p).items():
                yield 0.02
                data = (b"<?php /* " if url.endswith(".php") else b"<!-- ") + url.encode() + b"\n" + \
                    b"\n".join(b"%06x" % rng.getrandbits(24) for _ in range(size // 7))
                if url.endswith(".php"):
                    data += b"\n*/ ?>\n"
                vfs.create("/var/www/html" + url, data, w.now, 0o644, uid, gid)
            vfs.create(f"/var/www/html/{p.app}/upload.php", UPLOAD_FORM, w.now, 0o644, uid, gid)
            vfs.create(f"/var/www/html/{p.app}/config.php",
                       f"<?php $db_user = '{p.app}'; $db_name = '{p.database}'; ?>\n".encode(), w.now, 0o640, uid, 33)
        yield from m.sudo(s, f"/usr/bin/tar xzf /home/{s.user}/site.tgz -C /var/www/html",
                          typed="sudo tar xzf site.tgz -C /var/www/html", effect=site)

        def backup_script():
            vfs.create("/usr/local/sbin/backup-db",
                       f"#!/bin/sh\nmariadb-dump {p.database} | gzip > /var/backups/{p.database}-$(date +%Y%m%d).sql.gz\n"
                       f"find /var/backups -name '{p.database}-*.sql.gz' -mtime +6 -delete\n".encode(), w.now, 0o755)
            vfs.create(f"/etc/cron.d/{p.app}-backup", b"30 2 * * * root /usr/local/sbin/backup-db\n", w.now + 9_000_000)
            yield 0.02
        yield from m.sudo(s, "/usr/bin/nano /usr/local/sbin/backup-db", typed="sudo nano /usr/local/sbin/backup-db",
                          effect=backup_script)
        yield from m.run(s, "exit")

    yield from m.console_session(first.name, script)
    yield rng.uniform(300, 1200)
    # keys of those who use them, put in place by their owners over ssh
    for person in p.people:
        if not person.uses_key:
            continue
        line, person.key = make_key(rng, f"{person.name}@{rng.choice(('laptop', 'desk', 'pc'))}{rng.randint(1, 9)}")

        def own_key(s, line=line):
            yield from m.run(s, "mkdir -p .ssh")
            m.add_key(s, s.user, line)
            yield from m.run(s, "exit")
        yield from m.ssh_session(person.name, person.addresses[0], own_key)
        yield rng.uniform(60, 600)


def _after(m, now):
    yield max(0.1, (now - m.w.now) / SECOND)
