"""Asking on the control socket: answers that are large, late, or come before the question."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pymta.channel.control import BUSY, LONGEST_ANSWER, ONLY, STOPPING, address_in
from pymta.cli.ask_daemon import NoDaemonError, ask_daemon
from pymta.cli.command_error import CommandError
from pymta.supervisor.control import Client

FAILURE = 99


@contextmanager
def daemon(directory: Path, serve: Callable[[Client], None]) -> Iterator[None]:
    """Serves one connection in a thread."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        with address_in(directory) as address:
            listener.bind(address)
        listener.listen()
        listener.settimeout(10)
        thread = threading.Thread(target=lambda: serve(Client(listener.accept()[0])))
        thread.start()
        try:
            yield
        finally:
            thread.join()


def ask(directory: Path, wait: float = 10) -> str:
    return ask_daemon(str(directory), "status", wait=wait, failure=FAILURE)


def heard(client: Client) -> bytes:
    while True:
        try:
            return client.request()
        except BlockingIOError:
            time.sleep(0.001)


def test_an_answer_that_fits_no_packet_is_heard_whole(tmp_path: Path) -> None:
    text = "a line\n" * LONGEST_ANSWER

    def serve(client: Client) -> None:
        assert heard(client) == b"status"
        client.succeed(text)

    with daemon(tmp_path, serve):
        assert ask(tmp_path) == text


def test_a_refusal_that_comes_before_the_question_is_heard(tmp_path: Path) -> None:
    """N-22: to send fails then, or the first thing heard is a reset."""
    for number in range(20):
        place = tmp_path / str(number)
        place.mkdir()
        with (
            daemon(place, lambda client: client.fail(f"{ONLY} may")),
            pytest.raises(CommandError) as refusal,
        ):
            ask(place)
        assert (str(refusal.value), refusal.value.status) == (f"{ONLY} may", os.EX_NOPERM)


@pytest.mark.parametrize(
    ("why", "status"),
    [
        (f"{ONLY} and pymta may", os.EX_NOPERM),
        (STOPPING, os.EX_TEMPFAIL),
        (f"{BUSY} commands at once", os.EX_TEMPFAIL),
        ("pymta.toml:3: no such setting", FAILURE),
    ],
)
def test_the_exit_code_says_whether_to_try_again(tmp_path: Path, why: str, status: int) -> None:
    def serve(client: Client) -> None:
        heard(client)
        client.fail(why)

    with daemon(tmp_path, serve), pytest.raises(CommandError) as failure:
        ask(tmp_path)

    assert (str(failure.value), failure.value.status) == (why, status)


def test_who_comes_when_the_backlog_is_full_stands_in_line(tmp_path: Path) -> None:
    answers: list[str] = []
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as first,
    ):
        with address_in(tmp_path) as address:
            listener.bind(address)
            listener.listen(0)
            first.connect(address)
        with pytest.raises(CommandError) as late:
            ask(tmp_path, wait=0.1)
        assert late.value.status == os.EX_TEMPFAIL

        thread = threading.Thread(target=lambda: answers.append(ask(tmp_path)))
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        listener.accept()[0].close()
        client = Client(listener.accept()[0])
        assert heard(client) == b"status"
        client.succeed("your turn")
        thread.join()

    assert answers == ["your turn"]


def test_nobody_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(NoDaemonError, match=f"answers at {tmp_path}/control"):
        ask(tmp_path)
