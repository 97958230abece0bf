"""A question to another program, which may be busy."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pymta.accounts.inquiry import Inquiry, NoAnswerError


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[socket.socket]:
    """A program whose queue of connections is full."""
    with ExitStack() as stack:
        ours = stack.enter_context(socket.socket(socket.AF_UNIX))
        ours.bind(str(tmp_path / "socket"))
        ours.listen(0)
        try:
            while True:
                other = stack.enter_context(socket.socket(socket.AF_UNIX))
                other.setblocking(False)
                other.connect(ours.getsockname())
        except BlockingIOError:
            yield ours


def test_who_has_no_room_for_a_question_yet_is_asked_a_little_later(busy: socket.socket) -> None:
    def answer() -> None:
        taken = [busy.accept()[0], busy.accept()[0]]
        taken[1].sendall(b"yes\n")
        for sock in taken:
            sock.close()

    late = threading.Timer(0.1, answer)
    late.start()
    with Inquiry(busy.getsockname(), 30) as inquiry:
        assert inquiry.line() == b"yes"
    late.join()


def test_but_no_longer_than_he_may_take(busy: socket.socket) -> None:
    with pytest.raises(NoAnswerError, match=r"no answer in 0\.1 s"):
        Inquiry(busy.getsockname(), 0.1)
