# SPDX-License-Identifier: Apache-2.0
"""dpkg and apt of the simulated machine.

Packages, versions, paths, modes and the packager's times come from
recordings/packages.tsv (read off a real Debian 12); the content of the files
is made up, small, and agrees with the md5sums that are written for it.
"""
import gzip
import hashlib
import io
import pathlib
import posixpath
import random
import re

from . import templates
from .profile import DAY, SECOND
from .templates import render

_TSV = pathlib.Path(__file__).resolve().parent.parent / "recordings" / "packages.tsv"


class File:
    __slots__ = ("path", "link", "mode", "group", "mtime", "size", "kind", "target")


class Package:
    def __init__(self, name, version, arch, section, priority, group):
        self.name, self.version, self.arch, self.section = name, version, arch, section
        self.priority, self.group, self.files, self.installed = priority, group, [], False
        self.automatic = False
        self.modes = {}

    def full(self):
        return f"{self.name}:{self.arch}"

    def info(self):
        """dpkg names the files of multi-arch libraries with the architecture."""
        return f"{self.name}:{self.arch}" if self.name.startswith("lib") and self.arch == "amd64" else self.name


def load(profile):
    packages, current = {}, None
    for line in _TSV.read_text(encoding="utf-8").split("\n"):
        if not line or line.startswith("#"):
            continue
        cells = line.split("\t")
        if cells[0]:
            current = packages[cells[0]] = Package(*cells)
            continue
        f = File()
        f.path, f.link, f.mode, f.group = cells[8], cells[1] == "l", int(cells[2], 8), int(cells[4])
        f.mtime, f.size, f.kind, f.target = int(cells[5]), int(cells[6]), cells[7], cells[9]
        current.files.append(f)
    rng = random.Random(f"packages {profile.seed}")
    start = profile.installed // SECOND
    for package in packages.values():
        newest = max((f.mtime for f in package.files), default=0)
        shift = max(0, newest - (start - rng.randint(20, 500) * DAY))
        for f in package.files:
            f.mtime -= shift
            f.group = {0: 0, 42: 42, 43: 43, 15: 15, 8: 8}.get(f.group, 0)
    kernel = Package("linux-image-" + profile.kernel, "5.10.218-1" if profile.old_kernel else "6.1.94-1", "amd64",
                     "kernel", "optional", "base")
    built = start - rng.randint(30, 200) * DAY
    for path, size in [(f"/boot/vmlinuz-{profile.kernel}", 9000), (f"/boot/System.map-{profile.kernel}", 83),
                       (f"/boot/config-{profile.kernel}", 2600)] + \
            [(f"/lib/modules/{profile.kernel}/kernel/{m}", 3000) for m in
             ("fs/ext4/ext4.ko", "net/ipv4/netfilter/ip_tables.ko", "drivers/net/virtio_net.ko",
              "drivers/block/virtio_blk.ko", "fs/jbd2/jbd2.ko")]:
        f = File()
        f.path, f.link, f.mode, f.group, f.mtime, f.size = path, False, 0o644, 0, built, size
        f.kind, f.target = "elf" if size > 2700 else "text", "-"
        kernel.files.append(f)
    packages[kernel.name] = kernel
    init = Package("sysvinit-core", "3.06-4", "amd64", "admin", "important", "base")
    for path in ("/sbin/init", "/sbin/halt", "/sbin/shutdown", "/sbin/runlevel", "/sbin/reboot", "/sbin/poweroff",
                 "/sbin/telinit", "/usr/share/doc/sysvinit-core/copyright", "/etc/inittab"):
        f = File()
        f.path, f.link, f.mode, f.group, f.mtime, f.size = path, path in ("/sbin/reboot", "/sbin/poweroff", "/sbin/telinit"), \
            0o755 if "sbin" in path else 0o644, 0, built, 40000
        f.kind = "-" if f.link else "elf" if "sbin" in path else "conf" if "etc" in path else "text"
        f.target = {"/sbin/reboot": "halt", "/sbin/poweroff": "halt", "/sbin/telinit": "init"}.get(path, "-")
        init.files.append(f)
    packages[init.name] = init
    for package in packages.values():
        for f in package.files:
            # the few files whose setuid bit an installation script gives
            if f.path in ("/usr/bin/sudo", "/bin/su", "/usr/bin/passwd", "/usr/bin/chsh", "/usr/bin/chfn",
                          "/usr/bin/gpasswd", "/usr/bin/newgrp", "/bin/mount", "/bin/umount"):
                f.mode = 0o4755
    return packages


class Dpkg:
    def __init__(self, world, packages, configuration):
        self.w, self.vfs, self.packages, self.configuration = world, world.vfs, packages, configuration
        self.md5 = {}        # package → [(path, md5)]
        self.conf = {}       # package → [(path, md5)]
        self.next_archive = 0

    # -- content -----------------------------------------------------------------------
    def content(self, package, f):
        if f.path in self.configuration:
            return self.configuration[f.path]
        rng = random.Random(f"{package.name} {package.version} {f.path}")
        if f.kind == "elf":
            size = min(max(f.size // 24, 600), 7000)
            head = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0\x01\0\0\0" + rng.randbytes(40)
            return head + rng.randbytes(size // 2) + f"\0{package.name} {package.version}\0".encode() + bytes(size // 2)
        name = posixpath.basename(f.path)
        text = f"# {f.path}\n# {package.name} {package.version}\n" + "".join(
            f"{rng.choice(('option', 'value', 'set', 'use', 'entry'))}_{rng.randrange(900)} = {rng.randrange(10000)}\n"
            for _ in range(min(max(f.size // 400, 3), 60)))
        if f.kind == "script":
            return b"#!/bin/sh\n" + text.encode() + b"exit 0\n"
        if f.kind == "gz":
            out = io.BytesIO()
            with gzip.GzipFile(name[:-3], "wb", 9, out, f.mtime) as z:
                z.write(text.encode())
            return out.getvalue()
        return text.encode()

    # -- log lines ---------------------------------------------------------------------
    def log(self, now, ident, **holes):
        self._append("/var/log/dpkg.log", render(ident, stamp=templates.dpkg_date(self.w.p.local(now)), **holes), now, 0)

    def _append(self, path, text, now, gid):
        keep, self.w.now = self.w.now, now
        line = self.w.append(path, text, mode=0o644 if path.endswith("dpkg.log") or "history" in path else 0o640,
                             gid=gid)
        self.w.now = keep
        return line

    def status_line(self, now, state, package, version=None):
        self.log(now, "dpkg.status", state=state, package=package.name, arch=package.arch,
                 version=version or package.version)

    # -- unpacking -----------------------------------------------------------------------
    def unpack(self, package, now, old=None):
        vfs, rng = self.vfs, self.w.rng
        holes = dict(package=package.name, arch=package.arch, version=package.version)
        if old is None:
            self.log(now, "dpkg.install", **holes)
        else:
            self.log(now, "dpkg.upgrade", old=old, **holes)
            self.status_line(now, "half-configured", package, old)
            self.status_line(now, "unpacked", package, old)
        self.status_line(now, "half-installed", package, old)
        md5, conf, placed = [], [], []
        directories = set()
        for f in package.files:
            now += rng.randint(700_000, 5_000_000)
            directory = posixpath.dirname(f.path)
            while directory != "/":
                directories.add(directory)
                directory = posixpath.dirname(directory)
            self._directories(f.path, now)
            if f.link:
                if not vfs.exists(f.path):
                    vfs.symlink(f.path, f.target, now)
                    node = vfs.lookup(f.path, follow=False)
                    node.mtime = f.mtime * SECOND
                continue
            data = self.content(package, f)
            digest = hashlib.md5(data).hexdigest()
            if f.kind == "conf":
                conf.append((f.path, digest))
                if vfs.exists(f.path):
                    continue  # the administrator's file is kept
            else:
                md5.append((f.path, digest))
            node = vfs.create(f.path + ".dpkg-new", data, now, f.mode, 0, f.group)
            vfs.set_times(f.path + ".dpkg-new", now // SECOND * SECOND, f.mtime * SECOND, now + 90_000)
            if f.kind == "conf":
                placed.append(f.path)
                continue
            if vfs.exists(f.path):
                vfs.link(f.path, f.path + ".dpkg-tmp", now + 150_000)
            vfs.rename(f.path + ".dpkg-new", f.path, now + 400_000)
            if vfs.exists(f.path + ".dpkg-tmp"):
                vfs.unlink(f.path + ".dpkg-tmp", now + 600_000)
        now += rng.randint(3, 20) * 1_000_000
        base = "/var/lib/dpkg/info/" + package.info()
        names = ["/."] + sorted(directories) + [f.path for f in package.files]
        self._info(base + ".list", "".join(n + "\n" for n in sorted(names)), now)
        self._info(base + ".md5sums", "".join(f"{d}  {p[1:]}\n" for p, d in sorted(md5)), now + 700_000)
        if conf:
            self._info(base + ".conffiles", "".join(p + "\n" for p, _ in conf), now + 1_100_000)
        if package.section in ("admin", "net", "httpd", "database", "web"):
            script = f"#!/bin/sh\nset -e\n# {package.name} {package.version}\nexit 0\n"
            self._info(base + ".postinst", script, now + 1_500_000, 0o755)
        self.md5[package.name], self.conf[package.name] = md5, conf
        package.placed = placed
        package.installed = True
        self.status_line(now, "unpacked", package)
        return now + 2_000_000

    def _directories(self, path, now):
        directory = posixpath.dirname(path)
        if self.vfs.lookup(directory) is None:
            self.vfs.makedirs(self.vfs.real(directory), now)

    def _info(self, path, text, now, mode=0o644):
        if self.vfs.exists(path):
            self.vfs.replace(path, text.encode(), now, mode, suffix="-new")
        else:
            self.vfs.create(path, text.encode(), now, mode)

    def configure(self, package, now):
        holes = dict(package=package.name, arch=package.arch, version=package.version)
        self.log(now, "dpkg.configure", **holes)
        self.status_line(now, "unpacked", package)
        self.status_line(now, "half-configured", package)
        for path in getattr(package, "placed", []):
            now += 300_000
            if self.vfs.exists(path + ".dpkg-new"):
                self.vfs.rename(path + ".dpkg-new", path, now)
        package.placed = []
        now += self.w.rng.randint(5, 90) * 1_000_000
        self.status_line(now, "installed", package)
        return now

    def write_status(self, now):
        out = []
        for package in sorted(self.packages.values(), key=lambda p: p.name):
            if not package.installed:
                continue
            conf = "".join(f"\n {p} {d}" for p, d in self.conf[package.name])
            out.append(f"Package: {package.name}\nStatus: install ok installed\nPriority: {package.priority}\n"
                       f"Section: {package.section}\nInstalled-Size: {max(1, sum(f.size for f in package.files) // 1024)}\n"
                       f"Maintainer: Debian Maintainers <maintainers@example.org>\nArchitecture: {package.arch}\n"
                       + ("Multi-Arch: same\n" if ":" in package.info() else "") +
                       f"Version: {package.version}\n" + (f"Conffiles:{conf}\n" if conf else "") +
                       f"Description: {package.name} of the sample machine\n\n")
        data = "".join(out).encode()
        path = "/var/lib/dpkg/status"
        if self.vfs.exists(path):
            if self.vfs.exists(path + "-old"):
                self.vfs.unlink(path + "-old", now)
            self.vfs.link(path, path + "-old", now + 100_000)
            self.vfs.create(path + "-new", data, now + 300_000)
            self.vfs.rename(path + "-new", path, now + 900_000)
        else:
            self.vfs.create(path, data, now)
        return now + 1_000_000

    def bootstrap(self, names, now):
        """Base system: everything unpacked, then configured, as debootstrap does."""
        for name in names:
            self.log(now, "dpkg.startup_unpack")
            now = self.unpack(self.packages[name], now) + self.w.rng.randint(30, 300) * 1_000_000
        self.log(now, "dpkg.startup_configure")
        for name in names:
            now = self.configure(self.packages[name], now)
        return self.write_status(now)

    # -- apt -----------------------------------------------------------------------------
    def apt_update(self, now):
        vfs = self.vfs
        for name in ("deb.debian.org_debian_dists_bookworm_InRelease",
                     "deb.debian.org_debian-security_dists_bookworm-security_InRelease"):
            path = "/var/lib/apt/lists/" + name
            text = f"Origin: Debian\nDate: {now // SECOND}\n".encode()
            vfs.create("/var/lib/apt/lists/partial/" + name, text, now, 0o644)
            vfs.set_times("/var/lib/apt/lists/partial/" + name, now, (now // SECOND - 3000) * SECOND, now + 100_000)
            vfs.rename("/var/lib/apt/lists/partial/" + name, path, now + 200_000_000)
            now += 300_000_000
        for cache in ("pkgcache.bin", "srcpkgcache.bin"):
            vfs.replace("/var/cache/apt/" + cache, random.Random(now).randbytes(3000), now, suffix=".new")
            now += 50_000_000
        return now

    def apt_run(self, command, install=(), upgrade=(), automatic=(), keep_debs=True, benign=True, user=None):
        """A generator: download, unpack, configure, with dpkg.log, history and term.log."""
        w, vfs, rng = self.w, self.vfs, self.w.rng
        install = [self.packages[n] for n in install if not self.packages[n].installed]
        automatic = {n for n in automatic}
        upgrades = []
        for name in upgrade:
            package = self.packages[name]
            upgrades.append((package, package.version))
        work = [(p, None) for p in install] + upgrades
        if not work:
            return
        debs = []
        for package, old in work:
            if old is not None:
                package.version = next_version(old)
                stamp = max(f.mtime for f in package.files) if package.files else 0
                fresh = rng.randint(max(stamp, w.p.installed // SECOND - 5 * DAY), max(stamp + 1, w.now // SECOND - DAY))
                for f in package.files:
                    f.mtime = fresh
            deb = f"/var/cache/apt/archives/{package.name}_{package.version.replace(':', '%3a')}_{package.arch}.deb"
            if not vfs.exists(deb):
                vfs.create("/var/cache/apt/archives/partial/" + posixpath.basename(deb),
                           b"!<arch>\ndebian-binary   " + rng.randbytes(700), w.now)
                vfs.rename("/var/cache/apt/archives/partial/" + posixpath.basename(deb), deb, w.now + 40_000_000)
            debs.append(deb)
            yield rng.uniform(0.1, 0.5)
        start = w.now
        w.append("/var/log/apt/term.log", "\n" + render("term.start", stamp=templates.apt_date(w.local())), mode=0o640)
        now = w.now + 200_000_000
        term = "/var/log/apt/term.log"
        self.log(now, "dpkg.startup_unpack")
        for (package, old), deb in zip(work, debs):
            now += rng.randint(50, 300) * 1_000_000
            if old is None:
                self._append(term, render("term.selecting", package=package.name), now, 4)
            self._append(term, render("term.preparing", deb=posixpath.basename(deb)), now, 4)
            if old is None:
                self._append(term, render("term.unpacking", package=package.name, version=package.version), now, 4)
            else:
                self._append(term, render("term.unpacking_over", package=package.name, version=package.version, old=old),
                             now, 4)
            now = self.unpack(package, now, old)
        now += 300_000_000
        self.log(now, "dpkg.startup_configure")
        for package, _ in work:
            self._append(term, render("term.setting_up", package=package.name, version=package.version), now, 4)
            now = self.configure(package, now)
            trace = w.time_trace("/var/lib/dpkg/info/" + package.info() + ".list", "ctime")
            last = vfs.lookup("/var/log/dpkg.log").log.lines[-1]
            w.fact("package_install", benign, [w.line_trace(last), trace], user=None,
                   path="/var/lib/dpkg/info/" + package.info() + ".list", when=now)
        man = self.packages["man-db"]
        self.log(now, "dpkg.trigproc", package=man.name, arch=man.arch, version=man.version)
        self.status_line(now, "half-configured", man)
        self._append(term, render("term.trigger", package=man.name, version=man.version), now, 4)
        now += rng.randint(1, 4) * SECOND
        self.status_line(now, "installed", man)
        now = self.write_status(now)
        yield (now - w.now) / SECOND
        w.append(term, render("term.end", stamp=templates.apt_date(w.local())), mode=0o640)
        lines = ["", render("apt.start", stamp=templates.apt_date(w.local(start))), render("apt.commandline", command=command)]
        if install:
            lines.append(render("apt.install", packages=", ".join(
                f"{p.full()} ({p.version}{', automatic' if p.name in automatic else ''})" for p in install)))
        if upgrades:
            lines.append(render("apt.upgrade", packages=", ".join(f"{p.full()} ({o}, {p.version})" for p, o in upgrades)))
        lines.append(render("apt.end", stamp=templates.apt_date(w.local())))
        w.append("/var/log/apt/history.log", "\n".join(lines), mode=0o644, gid=0)
        if not keep_debs:
            for deb in debs:
                vfs.unlink(deb, w.now + 5_000_000)
        yield 0.3


def next_version(version):
    """The version of a security update."""
    match = re.search(r"deb12u(\d+)", version)
    if match:
        return version[:match.start(1)] + str(int(match.group(1)) + 1) + version[match.end(1):]
    return version + "+deb12u1"
