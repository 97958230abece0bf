from __future__ import annotations

import os
import socket

import pytest

from pymta.supervisor import activation
from pymta.supervisor.activation import UnusableSocketError, examine


def test_a_dual_stack_listener_says_so_itself() -> None:
    with socket.socket(socket.AF_INET6) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", 0))
        sock.listen()

        listener = examine(sock.fileno(), "smtp")

        assert listener.takes_ipv4
        assert listener.at.port == sock.getsockname()[1]
        assert not os.get_inheritable(sock.fileno())
        assert not os.get_blocking(sock.fileno())


@pytest.mark.parametrize(
    ("family", "kind", "complaint"),
    [
        (socket.AF_INET, socket.SOCK_STREAM, "does not listen"),
        (socket.AF_UNIX, socket.SOCK_STREAM, "not a TCP socket"),
    ],
    ids=["not listening", "not TCP"],
)
def test_a_useless_socket_is_named(family: int, kind: int, complaint: str) -> None:
    with (
        socket.socket(family, kind) as sock,
        pytest.raises(UnusableSocketError, match=f'"odd".*{complaint}'),
    ):
        examine(sock.fileno(), "odd")


def test_a_descriptor_that_is_no_socket_is_named() -> None:
    fd = os.open("/dev/null", os.O_RDONLY)
    with pytest.raises(UnusableSocketError, match=f"descriptor {fd}"):
        examine(fd, "odd")
    os.close(fd)


def test_what_we_stored_ourselves_is_told_from_what_a_unit_declared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        declared, stored = os.dup(sock.fileno()), os.dup(sock.fileno())
    names = {declared: "submission", stored: "self-25-127.0.0.1"}
    monkeypatch.setattr(activation, "listen_fds_with_names", lambda **_: names)

    given = activation.handed_in()

    assert [(one.fd, one.role) for one in given.listeners] == [(declared, "submission")]
    assert given.stored == {stored: "self-25-127.0.0.1"}
    os.close(declared)
    os.close(stored)
