from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest

from pymta.supervisor.backlog import backlog_of
from pymta.supervisor.listener import Backlog


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_kernel_tells_who_waits(address: str) -> None:
    """N-24"""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as listener, ExitStack() as stack:
        listener.bind((address, 0))
        listener.listen(7)
        assert backlog_of(listener) == Backlog(0, 7)

        where = listener.getsockname()[:2]
        for _ in range(3):
            stack.enter_context(socket.create_connection(where))
        assert backlog_of(listener) == Backlog(3, 7)

        listener.accept()[0].close()
        assert backlog_of(listener) == Backlog(2, 7)


def test_a_socket_of_another_kind_has_none() -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        assert backlog_of(sock) == Backlog()
