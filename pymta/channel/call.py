"""What the supervisor hands to a session: one accepted connection and what it knew of it.

Touches: sockets.
"""

from __future__ import annotations

import socket

from pymta.channel.words import Serve
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """`facts` are also the word by which a worker that lives is given the call."""

    sock: socket.socket
    facts: Serve


def received(facts: Serve, fd: int) -> Call:
    """The call whose descriptor came with the word; the kernel need not say what kind it is."""
    protocol = 0 if facts.family == socket.AF_UNIX else socket.IPPROTO_TCP
    return Call(socket.socket(facts.family, socket.SOCK_STREAM, protocol, fd), facts)
