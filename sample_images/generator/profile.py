# SPDX-License-Identifier: Apache-2.0
"""What a seed decides: the machine, its people, its zone, its dates."""
import datetime
import random
import zoneinfo

SECOND = 1_000_000_000
DAY = 86400

ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Adelaide", "America/St_Johns",
         "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Tokyo", "Pacific/Auckland",
         "Europe/London", "America/Los_Angeles", "Etc/UTC", "Pacific/Chatham", "Asia/Tehran", "Europe/Helsinki",
         "America/Santiago", "Africa/Johannesburg", "Asia/Yangon", "America/Chicago"]
FIRST = ("anna bjorn carla derek elena frank greta hugo ines jonas katya leon mira nils olga pavel quentin rosa "
         "stefan tanja ugo vera walter xenia yara zoltan amir bela chen dora emil farid gina hana ivan").split()
LAST = ("abbot bauer castro dietz ekman fischer grant huber ivers jansen keller lund marek novak ortiz peters quist "
        "reyes sato thorne unger vogel weiss young zimmer").split()
HOSTS = ("atlas borealis cobalt delta ember fjord granit harbor iris juniper kestrel larch meridian nimbus onyx "
         "pine quarz raven sable tundra umbra vega willow xylem yarrow zephyr").split()
DOMAINS = ["example.org", "example.net", "example.com", "lab.example.org", "shop.example.net"]
APPS = ["gallery", "shop", "board", "support", "wiki", "media"]


class Person:
    def __init__(self, name, gecos, uid, addresses, uses_key, admin):
        self.name, self.gecos, self.uid, self.addresses = name, gecos, uid, addresses
        self.uses_key, self.admin, self.key, self.home = uses_key, admin, None, "/home/" + name


class Profile:
    def __init__(self, seed, benign):
        self.seed, self.benign = seed, benign
        self.rng = rng = random.Random(f"profile {seed}")
        self.host = rng.choice(HOSTS) + rng.choice(["", "", "1", "2", "-web", "01"])
        self.domain = rng.choice(DOMAINS)
        self.zone_name = ZONES[(seed * 7 + rng.randrange(3)) % len(ZONES)]
        self.zone = zoneinfo.ZoneInfo(self.zone_name)
        # kernels before 5.13 leave the names of deleted files in the directory
        self.old_kernel = rng.random() < 0.5
        self.kernel = f"5.10.0-{rng.randint(20, 28)}-amd64" if self.old_kernel else f"6.1.0-{rng.randint(13, 37)}-amd64"
        self.iso_stamps = rng.random() < 0.5
        self._dates(rng)
        self._people(rng)
        self.lan = f"10.{rng.randint(1, 250)}.{rng.randint(0, 250)}"
        for k, person in enumerate(self.people):
            person.addresses = [f"{self.lan}.{rng.randint(20 + 30 * k, 45 + 30 * k)}"]
            if rng.random() < 0.4:
                person.addresses.append(f"198.51.100.{rng.randint(10 + 20 * k, 28 + 20 * k)}")
        self.address = f"{self.lan}.{rng.randint(2, 9)}"
        self.gateway = f"{self.lan}.1"
        self.ftp_user = rng.choice(["webftp", "siteupload", "wwwedit", "content", "ftpweb"])
        self.ftp_address = f"{self.lan}.{rng.randint(200, 240)}"
        self.xferlog = rng.random() < 0.5
        self.general_log = rng.random() < 0.7
        self.app = rng.choice(APPS)
        self.database = self.app + rng.choice(["db", "_prod", ""])
        self.block_size = rng.choice([4096, 4096, 1024])
        self.clean_stop = rng.random() < 0.5
        self.histories_stamped = rng.random() < 0.5
        self.guess_rate = rng.choice([15, 40, 90])
        self.uuids = [self._uuid(rng) for _ in range(4)]
        self.machine_id = f"{rng.getrandbits(128):032x}"
        self.disk_id = rng.getrandbits(32) | 1

    @staticmethod
    def _uuid(rng):
        h = f"{rng.getrandbits(128):032x}"
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) & 3]}{h[17:20]}-{h[20:]}"

    def local(self, ns):
        seconds, nanos = divmod(ns, SECOND)
        t = datetime.datetime.fromtimestamp(seconds, self.zone)
        return t.replace(microsecond=nanos // 1000)

    def utc(self, year, month, day, hour=0, minute=0, second=0.0):
        """Nanoseconds UTC of a local wall time."""
        whole = int(second)
        t = datetime.datetime(year, month, day, hour, minute, whole, tzinfo=self.zone)
        return int(t.timestamp()) * SECOND + int((second - whole) * SECOND)

    def on_day(self, day, hour, minute=0, second=0.0):
        return self.utc(day.year, day.month, day.day, hour, minute, second)

    def _dates(self, rng):
        kind = rng.choice(["plain", "plain", "newyear", "newyear", "dst", "dst", "leap"])
        year = rng.randint(2024, 2026)
        if kind == "newyear":
            end = datetime.date(year, 1, rng.randint(5, 24))
        elif kind == "leap":
            end = datetime.date(2024, 3, rng.randint(2, 12))
        elif kind == "dst":
            end = self._after_transition(year, rng) or datetime.date(year, 5, rng.randint(1, 28))
        else:
            end = datetime.date(year, rng.randint(2, 9), rng.randint(1, 28))
        if end > datetime.date(2026, 9, 30):
            end = end.replace(year=2025)
        self.period = kind
        self.end_day = end
        self.days = rng.randint(38, 66)
        self.first_day = end - datetime.timedelta(days=self.days)
        self.installed = self.on_day(self.first_day, rng.randint(8, 15), rng.randint(0, 59), rng.random() * 59)
        # the incident lies in the last days, with some ordinary life after it
        self.incident_day = end - datetime.timedelta(days=rng.randint(2, 6))
        self.end = self.on_day(end, rng.randint(9, 20), rng.randint(0, 59), rng.random() * 59)

    def _after_transition(self, year, rng):
        days = []
        day = datetime.date(year, 1, 2)
        before = datetime.datetime(year, 1, 1, 12, tzinfo=self.zone).utcoffset()
        while day.year == year:
            offset = datetime.datetime(day.year, day.month, day.day, 12, tzinfo=self.zone).utcoffset()
            if offset != before:
                days.append(day)
            before, day = offset, day + datetime.timedelta(days=1)
        if not days:
            return None
        return rng.choice(days) + datetime.timedelta(days=rng.randint(3, 9))

    def _people(self, rng):
        names, self.people = set(), []
        count = rng.randint(3, 4)
        while len(self.people) < count:
            first, last = rng.choice(FIRST), rng.choice(LAST)
            name = rng.choice([first, first[0] + last, first + last[0]])
            if name in names or len(name) > 9:
                continue
            names.add(name)
            k = len(self.people)
            self.people.append(Person(name, f"{first.title()} {last.title()}", 1000 + k, [], k in (0, 2), k in (0, 1)))
        self.spare_names = []
        while len(self.spare_names) < 3:
            first, last = rng.choice(FIRST), rng.choice(LAST)
            name = first[0] + last
            if name not in names:
                names.add(name)
                self.spare_names.append((name, f"{first.title()} {last.title()}"))
