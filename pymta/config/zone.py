"""The time zone of all that we write: `timezone`, else what the environment says.

The C library takes a name that it does not know for UTC without a word, so a name is looked for
when settings are read.

Touches: clock, disk, environment.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

VARIABLE = "TZ"
KEPT = "PYMTA_TZ"  # what the environment said before us, for a reload without the setting
_ZONES = Path("/usr/share/zoneinfo")
_NAME = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")
# POSIX: a name, hours west of Greenwich, perhaps a name for summer and its rules.
_RULE = re.compile(
    r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]+>)[+-]?\d{1,2}(?::\d\d){0,2}"
    r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]+>)?(?:[\d,.:/MJ+-]*)"
)


def is_zone(name: str) -> bool:
    """Is it one that the system will understand?"""
    if name in {"UTC", "GMT"} or _RULE.fullmatch(name):
        return True
    return _NAME.fullmatch(name) is not None and (_ZONES / name).is_file()


def adopt(name: str) -> None:
    """From here on local time is that of `name`; "" leaves, or restores, the environment's."""
    if name:
        os.environ.setdefault(KEPT, os.environ.get(VARIABLE, ""))
        os.environ[VARIABLE] = name
    elif KEPT in os.environ:
        before = os.environ.pop(KEPT)
        if before:
            os.environ[VARIABLE] = before
        else:
            os.environ.pop(VARIABLE, None)
    else:
        return
    time.tzset()
