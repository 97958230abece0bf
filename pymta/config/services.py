"""The port of a service: by the system's list, and for mail also where there is none.

A small Debian 12 has no /etc/services (package netbase), and its daemon must still find "smtp".

Touches: disk.
"""

from __future__ import annotations

import socket

# IANA's registry; "smtps" is the older name that most lists have.
_MAIL = {"smtp": 25, "submission": 587, "submissions": 465, "smtps": 465}


def port_of(service: str) -> int | None:
    """The TCP port; None for a name that nobody knows."""
    try:
        return socket.getservbyname(service, "tcp")
    except (OSError, UnicodeError, ValueError):
        return _MAIL.get(service)
