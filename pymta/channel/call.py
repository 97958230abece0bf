"""What the supervisor hands to a session: one accepted connection and what it knew of it.

Touches: sockets.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from pymta.mail.caller import Endpoint


@dataclass(frozen=True, slots=True)
class Call:
    """`others` are the connections that were open when this one was admitted (CP-06).

    `id` is that of the connection (N-29).  `load` is the load average, None when no limit needs it.
    `starts_tls`: TLS begins before the greeting (PT-05).
    """

    sock: socket.socket
    caller: Endpoint
    local: Endpoint
    others: int
    id: str = ""
    load: float | None = None
    starts_tls: bool = False
