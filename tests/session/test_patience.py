"""How long a client is waited for: by a clock that stands still until it is told to go on."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from pymta.config.session import Session
from pymta.session.patience import FOR_EVER, Patience
from pymta.session.stop import Stop
from pymta.session.stream import Stream
from tests.doubles.house import Guest, House, usual_settings
from tests.doubles.readiness import is_readable

TIMEOUT, RATE, SESSION = 300, 100, 7200
TO_RCPT = ("EHLO client.example", "MAIL FROM:<a@client.example>", "RCPT TO:<user@localhost>")


class Waited:
    """Patience, and its clock, which began at 0."""

    def __init__(self, rate: int = RATE, session: int = SESSION, timeout: int = TIMEOUT) -> None:
        self.now = 0.0
        limits = Session(
            smtp_receive_timeout=timeout, smtp_min_data_rate=rate, smtp_session_timeout=session
        )
        self.patience = Patience(limits, lambda: self.now)

    def after(self, seconds: float) -> Patience:
        self.now += seconds
        return self.patience


def test_a_command_has_one_time_out_however_its_octets_come() -> None:
    waited = Waited()
    for _ in range(10):
        waited.after(20).came(1)

    assert waited.patience.for_command == TIMEOUT
    waited.patience.begin()
    assert waited.patience.for_command == 200 + TIMEOUT


def test_each_read_of_a_message_has_one() -> None:
    waited = Waited()
    waited.patience.begin_message()
    waited.patience.came(10**9)

    assert waited.after(1000).for_data == 1000 + TIMEOUT


def test_a_message_that_trickles_has_no_more_time_than_one_that_does_not_come() -> None:
    waited = Waited()
    waited.patience.begin_message()
    for _ in range(30):
        waited.after(10).came(1)

    assert waited.patience.for_data == TIMEOUT + 30 / RATE


@pytest.mark.parametrize("octets", [0, RATE, 1000 * RATE])
def test_it_may_be_as_slow_as_the_rate(octets: int) -> None:
    waited = Waited()
    waited.patience.begin_message()
    waited.patience.came(octets)

    assert waited.after(octets / RATE + 1).for_data == TIMEOUT + octets / RATE


def test_the_rate_holds_between_chunks_too() -> None:
    """Who sends a chunk of nothing now and then brings nothing."""
    waited = Waited()
    waited.patience.begin_message()
    for _ in range(50):
        waited.after(5).begin()
        waited.patience.came(len(b"BDAT 0\r\n"))

    assert waited.patience.for_command == TIMEOUT + 50 * 8 / RATE
    waited.patience.end_message()
    assert waited.patience.for_command == 250 + TIMEOUT


@pytest.mark.parametrize("rate", [RATE, 0])
def test_what_comes_of_a_refused_message_earns_no_time(rate: int) -> None:
    waited = Waited(rate)
    waited.patience.begin_message()
    waited.patience.came(10**9)
    for _ in range(10):
        waited.after(10).swallow()
        waited.patience.came(10**6)
    waited.patience.swallow()

    assert waited.patience.for_data == 10 + TIMEOUT


def test_without_a_rate_a_message_may_take_its_time() -> None:
    waited = Waited(rate=0)
    waited.patience.begin_message()
    waited.patience.came(1)

    assert waited.after(10**6).for_data == 10**6 + TIMEOUT


def test_a_session_ends_between_commands_and_never_within_a_message() -> None:
    """A recipient every few minutes holds no slot for days."""
    waited = Waited()
    waited.after(SESSION - 10).begin()
    assert waited.patience.for_command == SESSION
    waited.patience.begin_message()
    assert waited.after(20).for_data == SESSION + 10 + TIMEOUT - 20


def test_limits_of_nothing_are_none() -> None:
    waited = Waited(rate=0, session=0, timeout=0)
    waited.patience.begin_message()

    assert waited.patience.for_command == waited.patience.for_data == FOR_EVER


def trickle(guest: Guest, octets: bytes) -> str:
    """An octet each hundredth of a second, until the other side says something; all of that."""
    with suppress(OSError):
        for octet in octets:
            guest.send(bytes([octet]))
            if is_readable(guest.sock, 0.01):
                break
    return guest.hear_all().splitlines()[-1]


HASTY = {"smtp_receive_timeout": 0.3, "smtp_min_data_rate": 10**6}


@pytest.mark.parametrize(
    ("said", "slow", "reply"),
    [
        ((), b"NOOP" * 1000, "421 mx.example.org: SMTP command timeout - closing connection"),
        (
            (*TO_RCPT, "DATA"),
            b"a\r\n" * 1000,
            "421 4.4.2 mx.example.org SMTP incoming data timeout",
        ),
        (TO_RCPT, b"BDAT 9000\r\n" + b"a" * 1000, "421 4.4.2 mx.example.org SMTP incoming data"),
        (TO_RCPT, b"BDAT 0\r\n" * 1000, "421 4.4.2 mx.example.org SMTP incoming data"),
    ],
    ids=["command", "DATA", "chunk", "empty chunks"],
)
def test_who_trickles_is_sent_away(said: tuple[str, ...], slow: bytes, reply: str) -> None:
    """SS-06: no octets in time, however many come one by one."""
    house = House(usual_settings(**HASTY))
    with house.call() as guest:
        guest.hear()
        guest.ask(*said)
        assert talk_on(guest, slow).startswith(reply)
    assert not house.spool.open
    assert not house.spool.stored


def talk_on(guest: Guest, slow: bytes) -> str:
    """Replies to empty chunks are no end."""
    if b"BDAT 0" not in slow:
        return trickle(guest, slow)
    with suppress(OSError):
        for _ in range(1000):
            guest.send(b"BDAT 0\r\n")
            line = guest.hear()
            if not line.startswith("250 "):
                return line
            is_readable(guest.sock, 0.01)
    return guest.hear_all().splitlines()[-1]


def test_a_session_that_lasts_too_long_ends_with_421() -> None:
    house = House(usual_settings(smtp_session_timeout=0.2))
    with house.call() as guest:
        guest.hear()
        assert guest.hear() == "421 mx.example.org: SMTP command timeout - closing connection"
        assert guest.status() == 1


class Pouring:
    """A client that has always sent more: after the first read each brings these octets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, octets: bytes) -> None:
        self.reads = 0
        read = Stream.read

        def pour(stream: Stream, deadline: float, *, at_command: bool) -> bytes | Stop:
            self.reads += 1
            if self.reads == 1:
                return read(stream, deadline, at_command=at_command)
            if self.reads > 200:
                raise RuntimeError("the session goes on")
            time.sleep(0.01)
            return octets

        monkeypatch.setattr(Stream, "read", pour)


RCPT = b"RCPT TO:<user@localhost>\r\n"
COMMAND_TIMEOUT = "421 4.4.2 mx.example.org: SMTP command timeout - closing connection"


@pytest.mark.parametrize(
    ("settings", "said", "poured", "reply"),
    [
        ({"smtp_receive_timeout": 0.3}, (), b"A" * 1000, COMMAND_TIMEOUT),
        ({"smtp_session_timeout": 0.3}, TO_RCPT[1:], RCPT * 50, COMMAND_TIMEOUT),
        (
            {"smtp_receive_timeout": 0.3, "message_size_limit": 900},
            (*TO_RCPT[1:], "DATA"),
            b"A" * 1000,
            "552 5.3.4 Message size exceeds maximum permitted",
        ),
        ({"smtp_receive_timeout": 0.3}, ("BDAT 99999999999",), b"A" * 1000, COMMAND_TIMEOUT),
    ],
    ids=["a line", "commands", "a refused message", "a refused chunk"],
)
def test_who_pours_without_a_pause_has_no_more_time_than_others(
    settings: dict[str, object],
    said: tuple[str, ...],
    poured: bytes,
    reply: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SS-06: there is always more to read, and yet it must end."""
    Pouring(monkeypatch, poured)
    with House(usual_settings(**settings)).call() as guest:
        guest.hear()
        guest.say("EHLO client.example", *said)
        assert guest.hear_all().splitlines()[-1] == reply
