"""The moments of a session at which policy is asked, by the names that settings use."""

from __future__ import annotations

from enum import Enum


class Stage(Enum):
    """In the order of a session; what is known at one is known at those after it."""

    CONNECT = "connect"  # before the greeting, and before TLS where that comes first
    HELO = "helo"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # the whole message has come, nothing of it is promised yet
    NOTQUIT = "notquit"  # the session ends, and not by QUIT (N-08)
