"""What we bound ourselves waits with systemd while we are restarted (FileDescriptorStoreMax=).

Each listener goes there under a name of its own, as soon as it is bound.  Who calls between our end
and our next start stands in its backlog, also after a kill -9.  A stop empties the store.

Touches: sockets, descriptors.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from pymta.config.listen import Listen
from pymta.config.roles import SMTP
from pymta.journal import daemon_events
from pymta.journal.event import Kind
from pymta.journal.log import Log
from pymta.supervisor.activation import UnusableSocketError, listener_of
from pymta.supervisor.listen_match import stored_name
from pymta.supervisor.listener import Listener


class Store(Protocol):
    """What `Notify` is for us."""

    def keep(self, fd: int, name: str) -> None: ...

    def forget(self, name: str) -> None: ...


def keep(listeners: Sequence[Listener], store: Store) -> None:
    """From now on they outlive us."""
    for item in listeners:
        store.keep(item.fd, stored_name(item))


def take_back(stored: Mapping[int, str], store: Store, log: Log) -> tuple[Listener, ...]:
    """What came back, by name.  What is of no use any more is given up, and keeps nobody from
    starting: no unit says that it should be there.
    """
    listeners: list[Listener] = []
    for fd, name in sorted(stored.items()):
        try:
            found = listener_of(fd, name, lambda _name, _port: SMTP)
            assert isinstance(found, Listener)  # what is in the file system has another role
            listeners.append(found)
        except UnusableSocketError as error:
            log.write(daemon_events.remark(f"{error}: closed", Kind.SOCKET))
            store.forget(name)
            with suppress(OSError):
                os.close(fd)
    return tuple(listeners)


def drop(listeners: Sequence[Listener], store: Store, log: Log) -> None:
    """Nobody shall listen there any more.

    The store has a copy, which would go on taking calls until systemd has read what we say, and
    keep the port from being bound in another way.  So what is shut is the socket itself.
    """
    for item in listeners:
        log.write(daemon_events.remark(f"{item.at} is not listened on any more", Kind.SOCKET))
        store.forget(stored_name(item))
        sock = socket.socket(fileno=item.fd)
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()


def listen_again(listeners: Sequence[Listener], listen: Listen) -> None:
    """They were bound under older settings, perhaps with room for fewer callers, or for more."""
    for item in listeners:
        sock = socket.socket(fileno=item.fd)
        with suppress(OSError):
            sock.listen(listen.smtp_connect_backlog)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, listen.tcp_nodelay)
        sock.detach()
