"""What the supervisor hands to a session: one accepted connection and what it knew of it.

Touches: sockets.
"""

from __future__ import annotations

import socket

from pymta.config.roles import SMTP
from pymta.dataclass import dataclass
from pymta.load.reading import NOTHING, Load
from pymta.mail.caller import Endpoint, LocalCaller


@dataclass(frozen=True, slots=True)
class Call:
    """`local` is our end, None for a caller of this machine over AF_UNIX.

    `others` are the connections that were open when this one was admitted (CP-06).

    `id` is that of the connection (N-29).  `load` is what the supervisor read then, of what
    smtp_load_reserve and smtp_pressure_reserve limit (LM-08).  `starts_tls`: TLS begins before the
    greeting (PT-05).  `role` is that of the socket he came in by (`pymta.config.roles`).
    `is_proxied`: `caller` is a proxy that is to say who the client is (N-13).
    `policy_is_out`: functions of the operator's own have failed too often and are not to be asked.
    """

    sock: socket.socket
    caller: Endpoint | LocalCaller
    local: Endpoint | None
    others: int
    id: str = ""
    load: Load = NOTHING
    starts_tls: bool = False
    role: str = SMTP
    is_proxied: bool = False
    policy_is_out: bool = False
