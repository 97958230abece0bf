"""The number of a group, by the system's list.

Touches: accounts.
"""

from __future__ import annotations

import grp

MOST = (1 << 32) - 2  # the number above means "nobody in particular" to chown(2)


def gid_of(name: str) -> int:
    """Of a name, or of a number written as text.  Raises ValueError with what would be right."""
    if name.isascii() and name.isdigit():
        if int(name) > MOST:
            raise ValueError("want the number of a group")
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):  # a NUL byte is a ValueError
        raise ValueError("no group has this name") from None
