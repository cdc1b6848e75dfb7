# SPDX-License-Identifier: Apache-2.0
"""Puts it together: volumes, the machine's life, the disk image, the truth."""
import datetime
import json
import os
import random
import struct

from . import configuration, ext4, install, packages, vfs
from .accounts import Accounts
from .incident import Incident
from .life import Life
from .machine import Machine
from .profile import SECOND, Profile
from .twin import Twin
from .world import World

SECTOR = 512
FIRST_SECTOR = 2048


def geometry(block_size):
    """(groups of /, groups of /var, blocks per group, inodes per group)."""
    return (4, 3, 8192, 2048) if block_size == 4096 else (12, 9, 8192, 512)


def build(seed, benign, directory):
    os.makedirs(directory, exist_ok=True)
    p = Profile(seed, benign)
    groups_root, groups_var, per_group, inodes = geometry(p.block_size)
    parts, offset, volumes = [], FIRST_SECTOR * SECTOR, []
    made = p.installed - 20 * SECOND
    for k, (name, mount, groups) in enumerate((("root", "/", groups_root), ("var", "/var", groups_var))):
        size = groups * per_group * p.block_size
        path = os.path.join(directory, f".{name}.part")
        ext4.make_filesystem(path, size, p.block_size, per_group, inodes * groups, p.uuids[k], p.uuids[2 + k],
                             made // SECOND, mount)
        volumes.append(vfs.FileSystem(name, offset, path, p.block_size, groups, inodes, not p.old_kernel,
                                      random.Random(f"{name} {seed}")))
        parts.append((offset, size))
        offset += size
    tree = vfs.Vfs(volumes[0], volumes[1], made, random.Random(f"inodes {seed}"))
    world = World(p, tree)
    accounts = Accounts(tree, random.Random(f"accounts {seed}"))
    texts = configuration.files(p)
    dpkg = packages.Dpkg(world, packages.load(p), texts)
    machine = Machine(world, accounts, dpkg)
    install.installer(machine, texts)
    life = Life(machine)

    def first_day():
        yield 90
        yield from machine.boot()
        yield world.rng.uniform(100, 500)
        yield from install.day_zero(machine, texts)
    world.do(first_day())
    life.plan()
    incident = Twin(life) if benign else Incident(life)
    rng = random.Random(f"moment {seed}")
    hour = rng.randint(8, 10) if benign else rng.choice([1, 2, 3, 4, 13, 19, 22, 23])
    world.at(p.on_day(p.incident_day, hour, rng.randint(0, 59), rng.random() * 59), incident.start())
    # from the benign twin's staff work, some seeds get a part beside the intruder
    if not benign and rng.random() < 0.4:
        world.at(p.on_day(p.incident_day - datetime.timedelta(days=rng.randint(3, 9)), 9, rng.randint(0, 59)),
                 Twin(life).mistyped())
    world.run(p.end)
    if p.clean_stop and machine.up:
        world.queue.clear()
        world.do(machine.shutdown())
        world.run(p.end + 30 * SECOND)
    end = max(world.now, p.end) // SECOND
    mounted = getattr(machine, "booted", p.installed) // SECOND
    for volume, mount in zip(volumes, ("/", "/var")):
        vfs.commit(volume, mounted, end, machine_boots(world), mount)
    image = os.path.join(directory, "server.img")
    write_disk(image, p, parts, [v.path for v in volumes])
    for volume in volumes:
        os.unlink(volume.path)
    truth = make_truth(world, p, benign, volumes)
    with open(os.path.join(directory, "truth.json"), "w", encoding="utf-8") as out:
        json.dump(truth, out, indent=1, ensure_ascii=False)
        out.write("\n")
    return truth


def machine_boots(world):
    return sum(1 for f in world.facts if f["kind"] == "boot")


def write_disk(image, p, parts, paths):
    """MBR and the two partitions, copied with their holes."""
    total = parts[-1][0] + parts[-1][1] + 1024 * 1024
    with open(image, "wb") as out:
        out.truncate(total)
        mbr = bytearray(SECTOR)
        struct.pack_into("<I", mbr, 440, p.disk_id)
        for k, (offset, size) in enumerate(parts):
            struct.pack_into("<B3sB3sII", mbr, 446 + 16 * k, 0x80 if k == 0 else 0, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff",
                             offset // SECTOR, size // SECTOR)
        mbr[510:512] = b"\x55\xaa"
        out.write(mbr)
        for (offset, _), path in zip(parts, paths):
            with open(path, "rb") as part:
                at = offset
                while True:
                    chunk = part.read(1 << 16)
                    if not chunk:
                        break
                    if chunk.count(0) != len(chunk):
                        out.seek(at)
                        out.write(chunk)
                    at += len(chunk)


def make_truth(world, p, benign, volumes):
    tree = world.vfs
    living_lines, living = set(), {}
    for volume in volumes:
        for node in volume.inodes.values():
            living[id(node)] = node
            if node.log is not None:
                living_lines.update(id(line) for line in node.log.lines)
    lastlog = tree.lookup("/var/log/lastlog").data
    dead = {id(node) for volume in volumes for node in volume.dead.values()}

    end = max(world.now, p.end)

    def survives(trace, when):
        """Tolerance with which the trace still shows, or None."""
        if trace.kind == "always":
            return trace.tolerance
        if trace.kind == "line":
            return trace.tolerance if id(trace.what) in living_lines else None
        if trace.kind == "inode":
            ok = id(trace.what) in living and getattr(trace.what, trace.field) == trace.value
            return max(trace.tolerance, abs(trace.value - when) / SECOND + 0.001) if ok else None
        if trace.kind == "deleted":
            if id(trace.what) not in dead or trace.what.dtime != trace.value:
                return None
            # a deleted file that dates another fact does so only under its name
            return trace.tolerance if trace.path is None or in_slack(trace.path, trace.what.number, tree) else None
        if trace.kind == "lastlog":
            uid, seconds = trace.what
            return trace.tolerance if struct.unpack_from("<i", lastlog, uid * 292)[0] == seconds else None
        if trace.kind == "since":
            # after that moment, and before the machine's last
            return (max(when - trace.value, end - when)) / SECOND + 1
        if trace.kind == "before-first":
            # emptied: just before the first record that is there now
            lines = trace.what.log.lines
            if id(trace.what) not in living:
                return None
            return ((lines[0].time if lines else end) - when) / SECOND + 1
        raise ValueError(trace.kind)

    places = {id(node): name for name, node in tree.walk()}
    facts = []
    for fact in sorted(world.facts, key=lambda f: (f["time"], f["kind"])):
        alive = [(t, trace) for t, trace in ((survives(trace, fact["time"]), trace) for trace in fact["traces"])
                 if t is not None]
        if not alive:
            continue
        tolerances = [t for t, _ in alive]
        # Where the fact is still seen: a record of it, else the file that keeps the closest time, under its last name.
        best = min(alive, key=lambda pair: pair[0])[1]
        path = fact["path"]
        if not any(trace.kind in ("line", "lastlog") for _, trace in alive):
            path = best.path or places.get(id(best.what), path)
        if fact["kind"] == "file_deleted" and not name_known(fact, tree, living_lines):
            path = None
        seconds, nanos = divmod(fact["time"], SECOND)
        when = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
        facts.append({"id": f"F{len(facts) + 1:03d}", "time_utc": f"{when:%Y-%m-%dT%H:%M:%S}.{nanos // 1000:06d}Z",
                      "tolerance_s": round(min(tolerances), 3), "kind": fact["kind"], "user": fact["user"],
                      "src_ip": fact["src_ip"], "path": path, "benign": fact["benign"]})
    return {"seed": p.seed, "benign": benign, "zone": p.zone_name, "host": p.host, "facts": facts}


def name_known(fact, tree, living_lines):
    """Whether the name of a deleted file can still be read: in the directory's slack, or in a log or history."""
    if any(line is not None and id(line) in living_lines for line in fact.get("name_lines", [])):
        return True
    if fact.get("typed"):
        return True  # the shell history with the command is kept
    return in_slack(fact["path"], fact["traces"][0].what.number, tree)


def in_slack(path, number, tree):
    """Whether the directory still holds the name, with its inode number, in the slack of its entries."""
    directory, name = path.rsplit("/", 1)
    node = tree.lookup(directory or "/")
    if node is not None and node.blocks is not None:
        raw = name.encode()
        needle = struct.pack("<I", number)
        for block in node.blocks.blocks:
            at = block.find(raw)
            while at >= 8:
                if bytes(block[at - 8:at - 4]) == needle and block[at - 2] == len(raw):
                    return True
                at = block.find(raw, at + 1)
    return False
