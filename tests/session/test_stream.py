"""A socket with deadlines, and a connection that breaks."""

from __future__ import annotations

import errno
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from pymta.channel.pair import End, make_pair
from pymta.session.stop import Stop
from pymta.session.stream import Stream

NEVER = float("inf")


class Client:
    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.sock = socket.create_connection(listener.getsockname(), timeout=20)
            self.theirs, _ = listener.accept()
        self.supervisor, self.channel = make_pair()
        self.bell, self.alarm = socket.socketpair()
        self.stream = Stream(self.theirs, self.channel, self.bell)

    def close(self) -> None:
        ends: tuple[socket.socket | End, ...] = (self.sock, self.theirs, self.bell, self.alarm)
        for end in (*ends, self.supervisor, self.channel):
            end.close()


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.close()


def test_replies_are_not_held_back_for_a_fuller_packet(client: Client) -> None:
    assert client.theirs.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("wanted", [True, False])
def test_options_of_a_connection_are_as_they_were_set(wanted: bool) -> None:
    """CP-08, BL-01: also on a socket that systemd made."""
    end, other = make_pair()
    with socket.socket() as sock:
        Stream(sock, end, other, nodelay=wanted, keepalive=wanted)

        assert bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)) is wanted
        assert bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)) is wanted
    end.close()
    other.close()


def test_options_that_cannot_be_set_cost_nobody_his_connection() -> None:
    """HC-02: a socket that is no TCP socket refuses them."""
    (end, other), (ours, client) = make_pair(), socket.socketpair()
    with ours, client:
        Stream(ours, end, other).write(b"220 come in\r\n", NEVER)

        assert client.recv(100) == b"220 come in\r\n"
    end.close()
    other.close()


def test_what_a_client_says_first_is_acknowledged_at_once(client: Client) -> None:
    """N-26: one that sends a command in two pieces (RFC 896) would wait for 40 ms otherwise."""
    assert client.theirs.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK)


def test_a_passed_deadline_waits_for_nothing(client: Client) -> None:
    assert client.stream.read(time.monotonic() - 5, at_command=True) is Stop.TIMED_OUT


def test_what_is_there_is_read_even_at_the_deadline(client: Client) -> None:
    client.sock.sendall(b"NOOP\r\n")
    assert client.stream.read(time.monotonic() + 5, at_command=True) == b"NOOP\r\n"


def test_a_client_that_never_reads_is_left(client: Client) -> None:
    """reliability C.2: output is bounded by time."""
    began = time.monotonic()

    assert client.stream.write(b"x" * (64 << 20), began + 0.2) is Stop.TIMED_OUT
    assert time.monotonic() - began < 5
    assert client.stream.error == "write timed out"


def test_a_reset_is_the_end_of_the_connection(client: Client) -> None:
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.sock.close()

    assert client.stream.read(NEVER, at_command=True) is Stop.CLOSED
    assert client.stream.error == "Connection reset by peer"
    assert client.stream.write(b"x", NEVER) is Stop.CLOSED


def test_an_error_that_only_we_could_cause_is_not_hidden(client: Client) -> None:
    client.theirs.close()

    with pytest.raises((OSError, ValueError)) as found:
        client.stream.write(b"x", NEVER)
    assert getattr(found.value, "errno", errno.EBADF) == errno.EBADF


@pytest.mark.parametrize("at_command", [True, False])
def test_the_channel_is_heard_between_commands_only(client: Client, at_command: bool) -> None:
    client.supervisor.close()
    client.sock.sendall(b"x")

    got = client.stream.read(NEVER, at_command=at_command)

    assert got == (Stop.DRAINING if at_command else b"x")


def test_sigterm_goes_before_everything(client: Client) -> None:
    client.supervisor.close()
    client.sock.sendall(b"x")
    client.alarm.send(b"\x0f")

    assert client.stream.read(NEVER, at_command=True) is Stop.TERMINATED


def test_unread_input_does_not_destroy_the_last_reply(client: Client) -> None:
    """N-18: closing on unread input makes a reset out of the close."""
    client.sock.sendall(b"more and more\r\n" * 1000)
    client.stream.write(b"554 enough\r\n", NEVER)
    client.stream.drain(linger=False)
    client.theirs.close()

    with client.sock.makefile("rb") as replies:
        assert replies.read() == b"554 enough\r\n"


def test_after_quit_the_client_may_close_first(client: Client) -> None:
    client.sock.close()
    began = time.monotonic()
    client.stream.drain(linger=True)

    assert time.monotonic() - began < 0.19
