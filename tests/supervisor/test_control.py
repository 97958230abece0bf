from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from pymta.channel.control import LONGEST, LONGEST_ANSWER, NAME
from pymta.config.rights import Person
from pymta.supervisor import control


def connect(directory: Path) -> socket.socket:
    fd = os.open(directory, os.O_PATH)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.connect(f"/proc/self/fd/{fd}/{NAME}")
    os.close(fd)
    return sock


def test_a_command_is_heard_and_answered(tmp_path: Path) -> None:
    with control.listen(tmp_path) as sock, connect(tmp_path) as command:
        command.send(b"status")

        client = control.accept(sock)

        assert client
        assert client.request() == b"status"
        client.succeed("all is well")
        assert command.recv(100) == b"ok all is well"


def test_everybody_may_connect_and_is_known(tmp_path: Path) -> None:
    with control.listen(tmp_path) as sock, connect(tmp_path) as command:
        client = control.accept(sock)

        assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o666
        assert client
        assert client.pid() == os.getpid()
        assert client.person() == Person(os.geteuid(), frozenset({os.getegid(), *os.getgroups()}))
        client.close()
        assert command.recv(1) == b""


def test_a_socket_that_a_dead_daemon_left_is_replaced(tmp_path: Path) -> None:
    control.listen(tmp_path).close()

    with control.listen(tmp_path), connect(tmp_path):
        pass


def test_two_daemons_do_not_share_a_directory(tmp_path: Path) -> None:
    with control.listen(tmp_path), pytest.raises(control.AlreadyServedError, match=str(tmp_path)):
        control.listen(tmp_path)


def test_a_long_directory_name_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)

    with control.listen(deep), connect(deep):
        pass


def test_a_long_answer_comes_in_a_file(tmp_path: Path) -> None:
    text = "long " * LONGEST_ANSWER
    with control.listen(tmp_path) as sock, connect(tmp_path) as command:
        client = control.accept(sock)
        assert client
        client.succeed(text)

        packet, (fd,), _, _ = socket.recv_fds(command, 100, 1)

        assert packet == b"ok"
        with open(fd, "rb") as file:  # noqa: PTH123 - a descriptor has no path
            file.seek(0)
            assert file.read().decode() == text


def test_a_request_that_is_too_long_is_none(tmp_path: Path) -> None:
    with control.listen(tmp_path) as sock, connect(tmp_path) as command:
        client = control.accept(sock)
        assert client
        with pytest.raises(BlockingIOError):
            client.request()
        command.send(b"status " + b"x" * LONGEST)

        assert client.request() == b"?"
        client.close()


def test_an_answer_is_heard_by_who_says_too_much(tmp_path: Path) -> None:
    """To close with packets unread would show him a reset first."""
    with control.listen(tmp_path) as sock, connect(tmp_path) as command:
        client = control.accept(sock)
        assert client
        for _ in range(5):
            command.send(b"and another thing")
        client.fail("want one word")

        assert command.recv(100) == b"failed want one word"


def test_who_leaves_is_told_before_it_is_closed(tmp_path: Path) -> None:
    left: list[int] = []
    with control.listen(tmp_path) as sock, connect(tmp_path):
        client = control.accept(sock)
        assert client
        client.leaves = lambda one: left.append(one.fileno())
        fd = client.fileno()
        client.fail("no")

    assert left == [fd]
    assert client.fileno() == -1


def test_a_client_that_has_gone_disturbs_nobody(tmp_path: Path) -> None:
    with control.listen(tmp_path) as sock:
        connect(tmp_path).close()
        client = control.accept(sock)
        assert client
        assert client.request() == b""
        client.fail("nobody hears this")
        assert control.accept(sock) is None
