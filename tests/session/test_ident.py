"""Who calls, by the word of his own machine (RFC 1413, CP-07); real ones, and hostile ones."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.caller import Endpoint
from pymta.session.ident import LONGEST, TimedOutError, ask, user_of

CALLER = Endpoint(ip_address("127.0.0.1"), 40112)
LOCAL = Endpoint(ip_address("127.0.0.1"), 25)


@contextmanager
def machine(*answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """The caller's machine: its port, and what it was asked; `answer` in pieces, then the end."""
    asked: list[bytes] = []

    def serve() -> None:
        conn, _ = listener.accept()
        with conn:
            asked.append(conn.recv(100))
            for part in answer:
                conn.sendall(part)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], asked
        thread.join(20)


def test_a_machine_names_its_user() -> None:
    with machine(b"40112 , 25 : USER", b"ID : UNIX : alice\r\n") as (port, asked):
        assert ask(CALLER, LOCAL, 20, port=port) == "alice"

    assert asked == [b"40112 , 25\r\n"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"40112 , 25 : USERID : UNIX : al", id="cut off"),
        pytest.param(b"x" * 5000, id="endless"),
    ],
)
def test_what_is_no_answer_names_nobody(answer: bytes) -> None:
    with machine(answer) as (port, _):
        assert ask(CALLER, LOCAL, 20, port=port) == ""


def test_a_machine_that_listens_nowhere_names_nobody() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert ask(CALLER, LOCAL, 20, port=bound.getsockname()[1]) == ""


def test_a_machine_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(TimedOutError):
        ask(CALLER, LOCAL, 0.05, port=listener.getsockname()[1])


@pytest.mark.parametrize(
    ("answer", "user"),
    [
        (b"40112,25:USERID:UNIX:alice", "alice"),
        (b" 40112 , 25 : USERID : UNIX,US-ASCII : alice ", "alice"),
        (b"40112 , 25 : USERID : OTHER : a:b", "a:b"),
        (b"40112 , 25 : ERROR : NO-USER", ""),
        (b"40112 , 26 : USERID : UNIX : alice", ""),
        (b"25 , 40112 : USERID : UNIX : alice", ""),
        (b"40112 , 25 : userid : UNIX : alice", ""),
        (b"40112 , 25 : USERID : UNIX : a b\x1b\xff", "a?b??"),
        (b"40112 , 25 : USERID : UNIX : " + b"x" * 900, "x" * LONGEST),
    ],
)
def test_only_an_answer_to_our_question_counts(answer: bytes, user: str) -> None:
    assert user_of(answer, 40112, 25) == user


@given(st.binary(max_size=2000))
def test_whatever_comes_is_a_short_printable_word(tail: bytes) -> None:
    for answer in (tail, b"1 , 2 : USERID : UNIX : " + tail):
        user = user_of(answer, 1, 2)
        assert len(user) <= LONGEST
        assert user.isascii()
        assert user.isprintable()
        assert " " not in user
