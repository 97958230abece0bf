"""Who calls, by the list of accounts.

Touches: accounts, environment.
"""

from __future__ import annotations

import os
import pwd


def login_name() -> str:
    """Of the user whom the server sees, a number when he has no name."""
    uid = os.geteuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def full_name() -> str:
    """As he wants it, or as passwd(5) has it: up to the first comma, & stands for the login."""
    wanted = os.environ.get("NAME", "")
    if wanted:
        return wanted
    try:
        known = pwd.getpwuid(os.geteuid())
    except KeyError:
        return ""
    return known.pw_gecos.partition(",")[0].replace("&", known.pw_name.capitalize())
