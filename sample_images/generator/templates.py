# SPDX-License-Identifier: Apache-2.0
"""The recorded line shapes (recordings/templates.tsv), ready to be filled."""
import pathlib
import re

_PATH = pathlib.Path(__file__).resolve().parent.parent / "recordings" / "templates.tsv"
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


def _load():
    out = {}
    for line in _PATH.read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("#"):
            ident, _, text = line.split("\t")
            out[ident] = re.sub(r"\\(.)", lambda m: _ESCAPES[m.group(1)], text)
    return out


_TEMPLATES = _load()
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def render(ident, **holes):
    return _TEMPLATES[ident].format(**holes)


# Stamps, each as its recording shows it. `t` is an aware local datetime.
def traditional(t):
    return f"{MONTHS[t.month - 1]} {t.day:2d} {t:%H:%M:%S}"


def iso(t):
    offset = t.strftime("%z")
    return f"{t:%Y-%m-%dT%H:%M:%S}.{t.microsecond:06d}{offset[:3]}:{offset[3:5]}"


def ftp_date(t):
    return f"{DAYS[t.weekday()]} {MONTHS[t.month - 1]} {t.day:2d} {t:%H:%M:%S} {t.year}"


def apache_access(t):
    return f"{t.day:02d}/{MONTHS[t.month - 1]}/{t.year}:{t:%H:%M:%S} {t:%z}"


def apache_error(t):
    return f"{DAYS[t.weekday()]} {MONTHS[t.month - 1]} {t.day:02d} {t:%H:%M:%S}.{t.microsecond:06d} {t.year}"


def mariadb_error(t):
    return f"{t:%Y-%m-%d} {t.hour:2d}:{t:%M:%S}"


def mariadb_short(t):
    return f"{t:%y%m%d} {t.hour:2d}:{t:%M:%S}"


def dpkg_date(t):
    return f"{t:%Y-%m-%d %H:%M:%S}"


def apt_date(t):
    return f"{t:%Y-%m-%d  %H:%M:%S}"


def logrotate_date(t):
    return f"{t.year}-{t.month}-{t.day}-{t.hour}:{t.minute}:{t.second}"
