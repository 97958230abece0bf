"""Sockets that systemd hands in: what each is for, and what is no use to us."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from pymta.supervisor import activation
from pymta.supervisor.activation import (
    UnusableSocketError,
    announced,
    examine,
    handed_in,
    listener_of,
)
from pymta.supervisor.listener import Listener, LocalListener

US = str(os.getpid())


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def listening(stack: ExitStack, address: str = "127.0.0.1") -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = stack.enter_context(closing(socket.socket(family)))
    sock.bind((address, 0))
    sock.listen()
    return sock


def local(stack: ExitStack, name: str) -> socket.socket:
    sock = stack.enter_context(closing(socket.socket(socket.AF_UNIX)))
    sock.bind(name)
    sock.listen()
    return sock


def test_the_name_says_what_a_socket_is_for_whatever_the_order(
    stack: ExitStack, tmp_path: Path
) -> None:
    """Section 3.1: systemd promises no order between units."""
    smtp, secure, users = listening(stack), listening(stack, "::1"), listening(stack)
    here = local(stack, str(tmp_path / "submit"))
    names = {
        here.fileno(): "local",
        users.fileno(): "submission",
        secure.fileno(): "submissions",
        smtp.fileno(): "smtp",
    }

    found = examine(names)

    roles = {one.fd: one.role for one in found.network}
    assert roles | {one.fd: one.role for one in found.local} == names
    assert str(found.local[0].at) == str(tmp_path / "submit")
    assert found.by_systemd


def test_two_sockets_of_one_role_both_serve_it(stack: ExitStack) -> None:
    """A unit with several ListenStream= lines gives one name to all of them."""
    names = {listening(stack, at).fileno(): "smtp" for at in ("127.0.0.1", "127.0.0.2", "::1")}

    found = examine(names)

    assert {one.fd for one in found.network} == set(names)
    assert {one.role for one in found.network} == {"smtp"}


def test_a_dual_stack_listener_says_so_itself() -> None:
    with socket.socket(socket.AF_INET6) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", 0))
        sock.listen()

        listener = listener_of(sock.fileno(), "smtp")

        assert isinstance(listener, Listener)
        assert listener.takes_ipv4
        assert listener.at.port == sock.getsockname()[1]
        assert not os.get_inheritable(sock.fileno())
        assert not os.get_blocking(sock.fileno())


def test_a_listener_for_ipv6_alone_says_that(stack: ExitStack) -> None:
    sock = stack.enter_context(closing(socket.socket(socket.AF_INET6)))
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind(("::", 0))
    sock.listen()

    listener = listener_of(sock.fileno(), "smtp")

    assert isinstance(listener, Listener)
    assert not listener.takes_ipv4
    assert listener.is_ipv6


def test_a_local_socket_may_be_abstract(stack: ExitStack) -> None:
    name = f"pymta test {os.getpid()} {id(stack)}"
    sock = local(stack, f"\0{name}")

    listener = listener_of(sock.fileno(), "local")

    assert isinstance(listener, LocalListener)
    assert str(listener.at) == f"@{name}"


@pytest.mark.parametrize("name", ["", "unknown", "some.socket"])
def test_a_socket_that_nobody_named_is_told_by_what_it_is(
    name: str, stack: ExitStack, tmp_path: Path
) -> None:
    assert listener_of(listening(stack).fileno(), name).role == "smtp"
    assert listener_of(local(stack, str(tmp_path / "s")).fileno(), name).role == "local"


def connected(stack: ExitStack, _: Path) -> socket.socket:
    server = listening(stack)
    return stack.enter_context(socket.create_connection(server.getsockname()))


def datagrams(stack: ExitStack, _: Path) -> socket.socket:
    sock = stack.enter_context(closing(socket.socket(type=socket.SOCK_DGRAM)))
    sock.bind(("127.0.0.1", 0))
    return sock


def packets(stack: ExitStack, directory: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stack.enter_context(closing(sock))
    sock.bind(str(directory / "packets"))
    sock.listen()
    return sock


def silent(stack: ExitStack, _: Path) -> socket.socket:
    sock = stack.enter_context(closing(socket.socket()))
    sock.bind(("127.0.0.1", 0))
    return sock


def of_the_kernel(stack: ExitStack, _: Path) -> socket.socket:
    return stack.enter_context(closing(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)))


def of_any_host(stack: ExitStack, _: Path) -> socket.socket:
    return listening(stack)


def of_users(stack: ExitStack, directory: Path) -> socket.socket:
    return local(stack, str(directory / "submit"))


@pytest.mark.parametrize(
    ("make", "name", "complaint"),
    [
        (connected, "smtp", "is a connection, and does not listen: want Accept=no"),
        (datagrams, "smtp", "carries no streams: want ListenStream="),
        (packets, "local", "carries no streams: want ListenStream="),
        (silent, "smtp", "does not listen: want ListenStream= and Accept=no"),
        (of_the_kernel, "smtp", "is of address family 16: want IPv4, IPv6 or AF_UNIX"),
        (of_any_host, "submision", "has a name that says nothing to us: want FileDescriptorName="),
        (of_any_host, "local", "for any host: want an absolute path, or FileDescriptorName=smtp"),
        (of_users, "smtp", "for processes of this machine: want FileDescriptorName=local"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_socket_of_no_use_is_named_with_what_would_be_right(
    make: object, name: str, complaint: str, stack: ExitStack, tmp_path: Path
) -> None:
    assert callable(make)
    fd = make(stack, tmp_path).fileno()

    with pytest.raises(UnusableSocketError) as raised:
        examine({fd: name})

    assert str(raised.value).startswith(f'socket "{name}" (descriptor {fd}) ')
    assert complaint in str(raised.value)


def test_all_that_are_of_no_use_are_named_at_once(stack: ExitStack, tmp_path: Path) -> None:
    good, bad = listening(stack), silent(stack, tmp_path)
    null = os.open(os.devnull, os.O_RDONLY)
    stack.callback(os.close, null)
    names = {good.fileno(): "smtp", bad.fileno(): "submission", null: "local", 4000: "submissions"}

    with pytest.raises(UnusableSocketError) as raised:
        examine(names)

    text = str(raised.value)
    assert f'socket "submission" (descriptor {bad.fileno()}) does not listen' in text
    assert f'descriptor {null} ("local") is no socket: ' in text
    assert 'descriptor 4000 ("submissions") is not open' in text
    assert f"(descriptor {good.fileno()})" not in text


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, {}),
        ({"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "smtp"}, {}),
        ({"LISTEN_PID": US, "LISTEN_FDS": "0"}, {}),
        (
            {"LISTEN_PID": US, "LISTEN_FDS": "2", "LISTEN_FDNAMES": "local:smtp"},
            {3: "local", 4: "smtp"},
        ),
        ({"LISTEN_PID": US, "LISTEN_FDS": "2"}, {3: "", 4: ""}),
        ({"LISTEN_PID": US, "LISTEN_FDS": "2", "LISTEN_FDNAMES": ":smtp"}, {3: "", 4: "smtp"}),
    ],
    ids=["nothing", "another process", "no socket", "names", "no names", "one without a name"],
)
def test_descriptors_are_counted_from_3(
    said: dict[str, str | None], expected: dict[int, str]
) -> None:
    """Section 3.1, sd_listen_fds(3)"""
    assert announced(said, os.getpid()) == expected


@pytest.mark.parametrize(
    ("number", "names", "complaint"),
    [
        ("two", "smtp:local", 'LISTEN_FDS: found "two"; want a number of sockets'),
        (None, "smtp", 'LISTEN_FDS: found ""; want a number'),
        ("-1", "smtp", 'LISTEN_FDS: found "-1"'),
        ("2", "smtp", 'LISTEN_FDNAMES: found "smtp" for 2 sockets; want one name for each'),
        ("1", "smtp:local", 'LISTEN_FDNAMES: found "smtp:local" for 1 sockets'),
    ],
)
def test_variables_that_do_not_fit_together_are_named(
    number: str | None, names: str, complaint: str
) -> None:
    said = {"LISTEN_PID": US, "LISTEN_FDS": number, "LISTEN_FDNAMES": names}

    with pytest.raises(UnusableSocketError) as raised:
        announced(said, os.getpid())

    assert complaint in str(raised.value)


def test_what_we_stored_ourselves_is_told_from_what_a_unit_declared(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared, stored = (listening(stack).fileno() for _ in range(2))
    names = {declared: "submission", stored: "self-25-127.0.0.1"}
    monkeypatch.setattr(activation, "announced", lambda *_: names)

    given = handed_in()

    found = [(one.fd, one.role) for one in given.listeners.network]
    assert found == [(declared, "submission")]
    assert given.stored == {stored: "self-25-127.0.0.1"}


def test_no_child_inherits_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """QR-05; those for another process go as well."""
    for name, value in (("LISTEN_PID", "1"), ("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", "smtp")):
        monkeypatch.setenv(name, value)

    assert not handed_in().listeners

    assert not [name for name in os.environ if name.startswith("LISTEN_")]
