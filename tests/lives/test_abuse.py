"""Clients that mean no good, against a real daemon; larger ones are in tests/long."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.doubles.abuser import (
    HELLO,
    RECIPIENT,
    SENDER,
    TO_DATA,
    Abuser,
    Attack,
    crowd_of_recipients,
    endless_command,
    endless_field,
    folded_field,
    large_chunk,
    large_message,
    many_fields,
    most_memory,
    seconds_of_a_good_client,
    small_chunks,
    wait_for_end_of,
)
from tests.doubles.crowd import crowd, resident
from tests.doubles.daemon import DEADLINE, Daemon, daemon
from tests.doubles.readiness import is_readable

MIB = 1 << 20
BOUND = 40 * 1024  # KiB that any input may make a worker grow
ATTACKS: list[tuple[Attack, int, Counter[str]]] = [
    (endless_command, 10 * MIB, Counter({"500": 1, "250": 1})),
    (crowd_of_recipients, 3000, Counter({"250": 1000, "452": 2000})),
    (large_message, 30 * MIB, Counter({"552": 1, "250": 1})),
    (large_chunk, 30 * MIB, Counter({"552": 1, "250": 1})),
    (small_chunks, 20_000, Counter({"250": 20_001})),
    (many_fields, 4 * MIB, Counter({"552": 1, "250": 1})),
    (folded_field, 4 * MIB, Counter({"552": 1, "250": 1})),
    (endless_field, 4 * MIB, Counter({"552": 1, "250": 1})),
]
STAGES = [
    b"",
    b"EH",
    HELLO,
    HELLO + SENDER,
    HELLO + SENDER + RECIPIENT,
    b"".join(TO_DATA),
    b"".join(TO_DATA) + b"Subject: x\r\n\r\nbody",
    b"".join(TO_DATA) + b"Subject: x\r\n\r\nbody\r\n.",
    HELLO + SENDER + RECIPIENT + b"BDAT 3\r\nabc",
    HELLO + SENDER + RECIPIENT + b"BDAT 9 LAST\r\nbody",
    b"FOO\r\n" * 4,
    b"A" * 5000,
]


@pytest.fixture(scope="module")
def shared() -> Iterator[Daemon]:
    """A worker for each call, so that its memory is that of one client."""
    with daemon(worker_max_connections=1, recipients_max=1000, message_size_limit="8M") as made:
        yield made


@pytest.mark.parametrize(
    ("attack", "size", "heard"), ATTACKS, ids=[attack.__name__ for attack, _, _ in ATTACKS]
)
def test_a_worker_stays_small_whatever_it_is_sent(
    shared: Daemon, attack: Attack, size: int, heard: Counter[str]
) -> None:
    supervisor = resident(shared.pid)
    with Abuser(shared) as quiet, Abuser(shared) as abuser:
        quiet.ask(HELLO)

        assert attack(abuser, size) == heard
        grown = most_memory(abuser.worker) - most_memory(quiet.worker)
        print(f"\n{attack.__name__}({size}): the worker grew by {grown} KiB")
        assert grown < BOUND
        seconds_of_a_good_client(shared)
        for client in (quiet, abuser):
            assert client.tell(b"QUIT\r\n") == "221"
            wait_for_end_of(client.worker)
    assert resident(shared.pid) < supervisor + 1000  # KiB


@pytest.mark.parametrize("said", STAGES)
def test_a_client_that_goes_with_a_reset_takes_nothing_with_it(shared: Daemon, said: bytes) -> None:
    """CL-02, RFC 1047: at whatever point, its slot comes back and nothing of it stays."""
    before = len(shared.mailbox("user"))
    with Abuser(shared) as abuser:
        abuser.sock.sendall(said)
        abuser.reset()

    wait_for_end_of(abuser.worker)
    shared.wait_for_idle()
    assert not shared.queued()
    assert len(shared.mailbox("user")) == before
    assert "Traceback" not in shared.log()


@pytest.mark.parametrize("said", STAGES)
def test_a_client_that_only_stops_sending_is_answered_and_left(shared: Daemon, said: bytes) -> None:
    before = len(shared.mailbox("user"))
    with Abuser(shared) as abuser:
        abuser.sock.sendall(said)
        abuser.sock.shutdown(socket.SHUT_WR)

        while abuser.hear():
            pass
    wait_for_end_of(abuser.worker)
    assert not shared.queued()
    assert len(shared.mailbox("user")) == before
    assert "Traceback" not in shared.log()


def test_a_hundred_who_say_nothing_and_some_who_trickle_keep_nobody_out() -> None:
    """LM-01: and who trickles has no more time than who is silent."""
    with daemon(smtp_accept_max=130, smtp_receive_timeout="3s") as made, ExitStack() as stack:
        trickling = [stack.enter_context(Abuser(made)) for _ in range(10)]
        held = stack.enter_context(crowd(made, 100))
        assert held.heard == {"220 "}
        seconds_of_a_good_client(made)

        assert {trickle(abuser) for abuser in trickling} == {"421"}
        made.wait_for_idle()


def trickle(abuser: Abuser) -> str:
    """An octet now and then, in time for each read, until there is an answer."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        with suppress(OSError):
            abuser.sock.sendall(b"A")
        if is_readable(abuser.sock, 0.1):
            return abuser.hear()
    return "still there"
