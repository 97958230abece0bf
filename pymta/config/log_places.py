"""Where the log goes: what may stand in `log_file_path`, and which files a path means.

log_file_path = "/var/log/pymta/mainlog"            everything in one file
log_file_path = "/var/log/pymta/%slog"              mainlog, rejectlog and paniclog
log_file_path = "syslog"                            the syslog socket
log_file_path = "syslog : /var/log/pymta/%slog"     both, in any order
"""

from __future__ import annotations

from collections.abc import Iterable

SYSLOG = "syslog"
WANTED = (
    'want an absolute path of a file, such as "/var/log/pymta/mainlog" or "/var/log/pymta/%slog",'
    ' or "syslog"'
)
FACILITIES = {
    "kern": 0,
    "user": 1,
    "mail": 2,
    "daemon": 3,
    "auth": 4,
    "syslog": 5,
    "lpr": 6,
    "news": 7,
    "uucp": 8,
    "cron": 9,
    "authpriv": 10,
    "ftp": 11,
} | {f"local{n}": 16 + n for n in range(8)}  # RFC 5424 s6.2.1


def parse_place(text: str) -> str:
    """One item.  Raises ValueError."""
    if text == SYSLOG:
        return text
    if not text.startswith("/") or text.endswith("/") or not text.isprintable():
        raise ValueError(WANTED)
    if "%" in text.replace("%s", "", 1):
        raise ValueError(
            'want no "%" but one "%s", which stands for main, reject and panic; files with a date'
            " in their name are the work of logrotate"
        )
    return text


def path_of(places: Iterable[str]) -> str:
    """The path among them, "" when there is none."""
    return next((place for place in places if place != SYSLOG), "")


def parse_facility(text: str) -> int:
    """The number of a syslog facility.  Raises ValueError."""
    if text not in FACILITIES:
        raise ValueError(f"want one of {', '.join(FACILITIES)}")
    return FACILITIES[text]
