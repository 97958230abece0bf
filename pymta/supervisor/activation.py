"""The sockets that systemd hands in, by name and never by order.

What a descriptor is, it says itself: family, type, listening, dual-stack.  What it is for, its name
says.  One that is of no use to us is a start-up error, because it stands in a unit that somebody
wrote; all of them are named at once.

Touches: sockets, environment.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import field

from pymta.config.roles import KNOWN, LOCAL, SMTP, role_named
from pymta.dataclass import dataclass
from pymta.mail.caller import LocalSocket, endpoint
from pymta.supervisor.listen_match import is_stored
from pymta.supervisor.listener import Listener, Listeners, LocalListener

VARIABLES = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID")
RoleOf = Callable[[str, int | None], str | None]
FIRST = 3  # sd_listen_fds(3)
FAMILIES = frozenset({socket.AF_INET, socket.AF_INET6, socket.AF_UNIX})


class UnusableSocketError(Exception):
    """What was handed in is not what we need; the argument says which descriptor, and why."""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """`listeners` of socket units, and what we stored ourselves: names by descriptor."""

    listeners: Listeners = field(default_factory=Listeners)
    stored: Mapping[int, str] = field(default_factory=dict)


def handed_in() -> HandedIn:
    """What systemd passed to this process.

    Raises UnusableSocketError.  The variables are gone afterwards, so no child inherits them.
    """
    said = {name: os.environ.pop(name, None) for name in VARIABLES}
    names = announced(said, os.getpid())
    stored = {fd: name for fd, name in names.items() if is_stored(name)}
    return HandedIn(examine({fd: names[fd] for fd in names if fd not in stored}), stored)


def announced(said: Mapping[str, str | None], pid: int) -> dict[int, str]:
    """Descriptors and their names, from the variables of sd_listen_fds(3); "" where there is none.

    Raises UnusableSocketError.  What is meant for another process is nothing to us.
    """
    if said.get("LISTEN_PID") != str(pid):
        return {}
    number, names = said.get("LISTEN_FDS") or "", said.get("LISTEN_FDNAMES")
    if not (number.isascii() and number.isdigit()):
        raise UnusableSocketError(f'LISTEN_FDS: found "{number}"; want a number of sockets')
    count = int(number)
    named = names.split(":") if names else [""] * count
    if len(named) != count:
        raise UnusableSocketError(
            f'LISTEN_FDNAMES: found "{names}" for {count} sockets; want one name for each'
        )
    return dict(enumerate(named, FIRST))


def examine(named: Mapping[int, str]) -> Listeners:
    """What these descriptors are.  Raises UnusableSocketError, with all that are of no use."""
    network: list[Listener] = []
    local: list[LocalListener] = []
    faults: list[str] = []
    for fd, name in sorted(named.items()):
        try:
            match listener_of(fd, name):
                case Listener() as found:
                    network.append(found)
                case LocalListener() as found:
                    local.append(found)
        except UnusableSocketError as error:
            faults.append(str(error))
    if faults:
        raise UnusableSocketError("; ".join(faults))
    return Listeners(tuple(network), tuple(local), by_systemd=bool(named))


def listener_of(fd: int, name: str, role_of: RoleOf = role_named) -> Listener | LocalListener:
    """What this descriptor is, asked of the kernel.  Raises UnusableSocketError.

    `role_of` says what name and port make of it.
    """
    try:
        sock = socket.socket(fileno=fd)
    except OSError as error:
        what = "is not open" if error.errno == errno.EBADF else f"is no socket: {error.strerror}"
        raise UnusableSocketError(f'descriptor {fd} ("{name}") {what}') from error
    try:
        if fault := _fault(sock):
            raise UnusableSocketError(f'socket "{name}" (descriptor {fd}) {fault}')
        sock.setblocking(False)
        os.set_inheritable(fd, False)
        find = _local if sock.family == socket.AF_UNIX else _network
        return find(sock, name, role_of)
    finally:
        sock.detach()


def _fault(sock: socket.socket) -> str:
    """Why nobody can call here; "" when somebody can."""
    if sock.family not in FAMILIES:
        return f"is of address family {sock.family:d}: want IPv4, IPv6 or AF_UNIX"
    if sock.type != socket.SOCK_STREAM:
        return "carries no streams: want ListenStream= with an address or an absolute path"
    if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return ""
    if _is_connected(sock):
        return "is a connection, and does not listen: want Accept=no"
    return "does not listen: want ListenStream= and Accept=no"


def _is_connected(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def _local(sock: socket.socket, name: str, role_of: RoleOf) -> LocalListener:
    at = LocalSocket(os.fsdecode(sock.getsockname()))
    if role_of(name, None) != LOCAL:
        raise UnusableSocketError(
            f'socket "{name}" (descriptor {sock.fileno()}) is {at}, for processes of this machine:'
            f" want FileDescriptorName={LOCAL}"
        )
    return LocalListener(sock.fileno(), at)


def _network(sock: socket.socket, name: str, role_of: RoleOf) -> Listener:
    fd, at = sock.fileno(), endpoint(sock.getsockname())
    role = role_of(name, at.port)
    if role is None:
        raise UnusableSocketError(
            f'socket "{name}" (descriptor {fd}) has a name that says nothing to us:'
            f" want FileDescriptorName= to be {KNOWN}"
        )
    if role == LOCAL:
        raise UnusableSocketError(
            f'socket "{name}" (descriptor {fd}) is {at}, for any host: want an absolute path,'
            f" or FileDescriptorName={SMTP}"
        )
    dual = sock.family == socket.AF_INET6 and not sock.getsockopt(
        socket.IPPROTO_IPV6, socket.IPV6_V6ONLY
    )
    return Listener(fd, at, role, takes_ipv4=dual and int(at.address) == 0)
