"""What is still there of an image whose table we cannot read (HU-04).

After an upgrade to, or back from, a program with another table nobody is refused for it: listeners
and the control socket are told by what they are, and all living children are counted.  What each
of them does is not known, so each holds a slot until it ends; limits are kept rather than used up.

Every socket of a pair that we made ourselves names us as its peer: that is our end of a child's
channel.  Any other connected one belongs to a command that waits for the result of the reload.

Touches: descriptors, sockets, processes, disk.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from pymta.channel.control import pid_at
from pymta.config.roles import role_named
from pymta.mail.envelope import DEFAULT_QUEUE
from pymta.supervisor import activation, certificate
from pymta.supervisor.children import Child, Job
from pymta.supervisor.handover import Handover

FIRST_FD = 3
_STREAM = socket.SOCK_STREAM


def find(roles: Mapping[int, str], *, by_systemd: bool) -> Handover:
    """A table made of what can be seen; no descriptor of it will be inherited.

    `roles` are names of sockets by descriptor, where they are known.
    """
    open_sockets = tuple(_open_sockets())
    found = activation.examine({fd: _name(fd, roles) for fd in open_sockets if _is_listener(fd)})
    controls = [fd for fd in open_sockets if _is_packets(fd) and _listens(fd)]
    connected = [fd for fd in open_sockets if _is_packets(fd) and not _listens(fd)]
    channels = tuple(fd for fd in connected if _peer(fd) == os.getpid())
    table = Handover(
        listeners=found.network,
        local=found.local,
        children=tuple(Child(pid, Job.UNKNOWN, holds_slot=True) for pid in children()),
        missed=(DEFAULT_QUEUE,),  # ids may have waited for a delivery worker
        control=controls[0] if controls else -1,
        clients=tuple(fd for fd in connected if fd not in channels),
        by_systemd=by_systemd,
        certificate=next(_memory_files(certificate.NAME), -1),
        strangers=channels,
        keeps_listeners=bool(found),
    )
    for fd in table.descriptors():
        os.set_inheritable(fd, False)
    return table


def _name(fd: int, roles: Mapping[int, str]) -> str:
    """None leaves it to the port; so does a role that this image does not know."""
    name = roles.get(fd, "")
    return name if role_named(name, 0) else ""


def children() -> tuple[int, ...]:
    """The pids of all our children, dead ones that are still to be reaped included."""
    try:
        lists = [path.read_text() for path in Path("/proc/self/task").glob("*/children")]
    except OSError:
        lists = []
    if not lists:  # a kernel without CONFIG_PROC_CHILDREN
        return tuple(_children_by_parent())
    return tuple(int(pid) for text in lists for pid in text.split())


def _children_by_parent() -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_bytes()
        except OSError:  # it has gone
            continue
        _, parent, *_ = stat.rpartition(b")")[2].split()
        if int(parent) == os.getpid():
            yield int(entry.name)


def _open_sockets() -> Iterator[int]:
    return (fd for fd, what in _descriptors() if what.startswith("socket:"))


def _memory_files(name: str) -> Iterator[int]:
    return (fd for fd, what in _descriptors() if what == f"/memfd:{name} (deleted)")


def _descriptors() -> Iterator[tuple[int, str]]:
    """All that are open, and what the kernel calls each."""
    for name in sorted(os.listdir("/proc/self/fd"), key=int):  # noqa: PTH208 - numbers, not paths
        try:
            what = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115
        except OSError:  # it was that of the listing
            continue
        if int(name) >= FIRST_FD:
            yield int(name), what


def _is_listener(fd: int) -> bool:
    with _borrowed(fd) as sock:
        return sock.family in activation.FAMILIES and sock.type == _STREAM and _listens(fd)


def _is_packets(fd: int) -> bool:
    with _borrowed(fd) as sock:
        return sock.family == socket.AF_UNIX and sock.type == socket.SOCK_SEQPACKET


def _listens(fd: int) -> bool:
    with _borrowed(fd) as sock:
        return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _peer(fd: int) -> int:
    with _borrowed(fd) as sock:
        return pid_at(sock)


def _borrowed(fd: int) -> socket.socket:
    """The socket behind a descriptor that stays open when this one is closed."""
    return socket.socket(fileno=os.dup(fd))
