"""Where the listeners come from, when there is more than one place."""

from __future__ import annotations

import os
import socket
from contextlib import nullcontext

import pytest

from pymta.config.launch import Launch
from pymta.config.listen import Listen
from pymta.config.settings import Settings
from pymta.supervisor import activation
from pymta.supervisor.activation import HandedIn, examine
from pymta.supervisor.find_listeners import find_listeners
from pymta.supervisor.listener import Listener
from pymta.supervisor.notify import Notify
from tests.doubles.log import MemoryLog


def listening(address: str = "127.0.0.1", port: int = 0) -> int:
    """The descriptor of a listener; whoever looks for listeners becomes its owner."""
    with socket.create_server((address, port)) as sock:
        return os.dup(sock.fileno())


def port_of(fd: int) -> int:
    with socket.socket(fileno=os.dup(fd)) as sock:
        port: int = sock.getsockname()[1]
        return port


def found(
    given: HandedIn, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> tuple[tuple[Listener, ...], bool, MemoryLog]:
    monkeypatch.setattr(activation, "handed_in", lambda: given)
    settings, log = Settings(listen=listen, launch=Launch(listens=True)), MemoryLog()
    listeners = find_listeners(settings, None, Notify(), log, nullcontext)
    return listeners.network, listeners.by_systemd, log


def test_sockets_of_units_go_before_what_was_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody gave the service socket units since; what it had bound is closed."""
    declared, stored = listening(), listening()
    port = port_of(stored)
    given = HandedIn(examine({declared: "smtp"}), {stored: "self-25-127.0.0.1"})
    listeners, by_systemd, log = found(given, Listen(), monkeypatch)
    assert by_systemd
    assert [item.fd for item in listeners] == [declared]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    assert [event.text for event in log.events] == [
        f"[127.0.0.1]:{port} is not listened on any more"
    ]
    os.close(declared)


def test_what_was_stored_is_kept_beside_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the plan, and none of it is a socket of systemd."""
    stored, taken = listening(), listening()
    ports = (port_of(taken), port_of(stored))
    with socket.socket(fileno=taken) as sock:  # free again, and nobody else's for now
        sock.shutdown(socket.SHUT_RDWR)
    listen = Listen(
        local_interfaces=("127.0.0.1",), daemon_smtp_ports=tuple(str(port) for port in ports)
    )
    given = HandedIn(stored={stored: f"self-{ports[1]}-127.0.0.1"})
    listeners, by_systemd, log = found(given, listen, monkeypatch)
    assert not by_systemd
    assert [item.at.port for item in listeners] == list(ports)
    assert listeners[1].fd == stored
    assert {item.role for item in listeners} == {"smtp"}
    assert not log.events
    for item in listeners:
        os.close(item.fd)
