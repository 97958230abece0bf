from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from pymta.supervisor import control


def connect(directory: Path) -> socket.socket:
    fd = os.open(directory, os.O_PATH)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.connect(f"/proc/self/fd/{fd}/{control.NAME}")
    os.close(fd)
    return sock


def test_a_command_is_heard_and_answered(tmp_path: Path) -> None:
    with control.listen(tmp_path) as sock, connect(tmp_path) as command:
        command.send(b"status")

        client = control.accept(sock)

        assert client
        assert client.is_trusted()
        assert client.request() == b"status"
        client.answer("ok all is well")
        assert command.recv(100) == b"ok all is well"


def test_only_the_owner_may_connect(tmp_path: Path) -> None:
    with control.listen(tmp_path):
        assert (tmp_path / control.NAME).stat().st_mode & 0o777 == 0o600


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


def test_a_client_that_has_gone_disturbs_nobody(tmp_path: Path) -> None:
    with control.listen(tmp_path) as sock:
        connect(tmp_path).close()
        client = control.accept(sock)
        assert client
        assert client.request() == b""
        client.answer("failed nobody hears this")
        assert control.accept(sock) is None
