# SPDX-License-Identifier: Apache-2.0
"""What the staff do in the days in which the other image has its intruder."""
import random

from .incident import Incident
from .machine import make_key


class Twin:
    """The days of the incident without an intruder."""

    def __init__(self, life):
        self.life, self.m, self.w, self.vfs, self.p = life, life.m, life.w, life.vfs, life.p
        self.rng = random.Random(f"twin {self.p.seed}")
        self.helper = Incident(life)

    def start(self):
        steps = [self.colleague, self.mistyped, self.cron_file, self.web_update, self.cleaning, self.own_script]
        self.rng.shuffle(steps)
        for step in steps:
            yield from step()
            yield self.rng.uniform(600, 5400)

    def colleague(self):
        m, rng, p = self.m, self.rng, self.p
        admin = p.people[0]
        name, gecos = p.spare_names[0]

        def script(s):
            yield from m.sudo(s, f"/usr/sbin/useradd -m -s /bin/bash {name}", typed=f"sudo useradd -m -s /bin/bash {name}",
                              effect=lambda: m.useradd(s, name, gecos))
            yield from m.sudo(s, f"/usr/bin/passwd {name}", typed=f"sudo passwd {name}", effect=lambda: m.passwd(s, name))
            yield from m.sudo(s, f"/usr/sbin/usermod -aG adm {name}", typed=f"sudo usermod -aG adm {name}",
                              effect=lambda: m.group_add(s, name, "adm"))
            yield from m.run(s, "exit", 1.0)
        yield from m.ssh_session(admin.name, admin.addresses[0], script, key=admin.key)
        yield rng.uniform(300, 2000)
        line, key = make_key(rng, f"{name}@laptop")
        address = f"{p.lan}.{rng.randint(150, 190)}"

        def first(s):
            yield from m.run(s, "mkdir .ssh")
            m.add_key(s, name, line)
            yield from m.run(s, "exit", 1.0)
        yield from m.ssh_session(name, address, first)
        yield rng.uniform(100, 900)

        def second(s):
            yield from m.run(s, "ls", 20)
            yield from m.run(s, "exit", 1.0)
        yield from m.ssh_session(name, address, second, key=key)

    def mistyped(self):
        m, w, rng = self.m, self.w, self.rng
        person = next(q for q in self.p.people if not q.uses_key)
        lines, _, _ = yield from m.ssh_failures(person.addresses[0], person.name, 3, 4.0)
        w.fact("login_failure_burst", True, [w.line_trace(lines[0][1])], person.name, person.addresses[0], when=lines[0][0])
        yield rng.uniform(15, 60)
        more = rng.randint(1, 2)

        def script(s):
            yield from m.run(s, "w", 30)
            yield from m.run(s, "exit", 1.0)
        yield from m.ssh_session(person.name, person.addresses[0], script, failures=more)

    def cron_file(self):
        m, w, vfs, p = self.m, self.w, self.vfs, self.p
        admin = p.people[0]
        path = f"/etc/cron.d/{p.app}-backup"

        def edit():
            yield 25.0
            vfs.write(path, b"# earlier, so that it ends before the office opens\n30 2 * * * root /usr/local/sbin/backup-db\n", w.now)
            w.fact("cron_persistence", True, [w.time_trace(path, "mtime")], "root", None, path)

        def script(s):
            yield from m.sudo(s, f"/usr/bin/nano {path}", typed=f"sudo nano {path}", effect=edit)
            yield from m.run(s, "exit", 1.0)
        yield from m.ssh_session(admin.name, admin.addresses[0], script, key=admin.key)

    def web_update(self):
        p, rng = self.p, self.rng
        actions = [("put", f"/var/www/html/{p.app}/{name}", b"<?php /* new version */\n" + b"echo 'text';\n" * rng.randint(30, 90))
                   for name in ("index.php", "item.php", "news.php")]
        yield from self.m.ftp_session(p.ftp_user, p.ftp_address, actions)

    def cleaning(self):
        m, w = self.m, self.w
        admin = self.p.people[1]
        path = "/var/tmp/" + self.rng.choice(["export.csv", "old-site.tgz", "dump.sql"])
        self.vfs.create(path, b"old\n" * 300, w.now, 0o644, 1001, 1001)
        yield 600

        def script(s):
            def delete():
                self.helper.remove(path, benign=True, lines=[self.helper._last_line()])
                yield 0.01
            yield from m.sudo(s, f"/usr/bin/rm {path}", typed=f"sudo rm {path}", effect=delete)
            yield from m.run(s, "exit", 1.0)
        yield from m.ssh_session(admin.name, admin.addresses[0], script)

    def own_script(self):
        m, w, vfs = self.m, self.w, self.vfs
        admin = self.p.people[0]
        path = "/usr/local/bin/" + self.rng.choice(["report-disk", "check-web", "sync-site"])

        def script(s):
            def write():
                yield 20.0
                vfs.create(path, b"#!/bin/sh\ndf -h | mail -s disk root\n", w.now, 0o644)
                w.fact("file_drop", True, [w.time_trace(path, "crtime")], "root", None, path)

            def mode():
                vfs.chmod(path, 0o755, w.now)
                yield 0.01
            yield from m.sudo(s, f"/usr/bin/nano {path}", typed=f"sudo nano {path}", effect=write)
            yield from m.sudo(s, f"/usr/bin/chmod 755 {path}", typed=f"sudo chmod 755 {path}", effect=mode)
            yield from m.run(s, "exit", 1.0)
        yield from m.ssh_session(admin.name, admin.addresses[0], script, key=admin.key)
