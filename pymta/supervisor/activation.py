"""The sockets that systemd hands in, by name and never by order.

What a descriptor is, it says itself: family, listening, dual-stack.  One that is of no use to us
is a start-up error with its name, because it stands in a unit that somebody wrote.

Touches: sockets, environment.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from systemd.daemon import listen_fds_with_names

from pymta.mail.caller import endpoint
from pymta.supervisor.listen_match import is_stored
from pymta.supervisor.listener import SMTP, Listener

VARIABLES = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")
UNNAMED = ("", "unknown")  # what systemd says when FileDescriptorName= is missing


class UnusableSocketError(Exception):
    """A handed-in descriptor is no listening TCP socket; the argument says which and why."""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """`listeners` of socket units, and what we stored ourselves: names by descriptor."""

    listeners: tuple[Listener, ...] = ()
    stored: Mapping[int, str] = field(default_factory=dict)


def handed_in() -> HandedIn:
    """What systemd passed to this process.

    Raises UnusableSocketError.  The variables are gone afterwards, so no child inherits them.
    """
    names: Mapping[int, str] = listen_fds_with_names(unset_environment=True)
    for variable in VARIABLES:  # the call above forgets them in C only
        os.environ.pop(variable, None)
    stored = {fd: name for fd, name in names.items() if is_stored(name)}
    declared = sorted(names.items() - stored.items())
    return HandedIn(tuple(examine(fd, _role(name)) for fd, name in declared), stored)


def examine(fd: int, role: str) -> Listener:
    """What this descriptor is, asked of the kernel.  Raises UnusableSocketError."""
    try:
        sock = socket.socket(fileno=fd)
    except OSError as error:
        raise UnusableSocketError(
            f'descriptor {fd} ("{role}") is no socket: {error.strerror}'
        ) from error
    try:
        if sock.family not in {socket.AF_INET, socket.AF_INET6}:
            raise UnusableSocketError(f'socket "{role}" (descriptor {fd}) is not a TCP socket')
        if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise UnusableSocketError(
                f'socket "{role}" (descriptor {fd}) does not listen: Accept=no is needed'
            )
        sock.setblocking(False)
        os.set_inheritable(fd, False)
        dual = sock.family == socket.AF_INET6 and not sock.getsockopt(
            socket.IPPROTO_IPV6, socket.IPV6_V6ONLY
        )
        at = endpoint(sock.getsockname())
        return Listener(fd, at, role, takes_ipv4=dual and int(at.address) == 0)
    finally:
        sock.detach()


def _role(name: str) -> str:
    return SMTP if name in UNNAMED or name.endswith(".socket") else name
