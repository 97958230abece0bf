"""After a failure of ours every command hears the same, until the client goes (CL-03, CP-08)."""

from __future__ import annotations

import time

import pytest

from pymta.session.stream import Stream
from tests.doubles.house import HOST, Guest, House, usual_settings
from tests.doubles.memory_spool import MemorySpool

FAILED = "421 4.3.0 Unexpected failure, please try later"
UNCLEAR = "421 Temporary local problem - please try later"
TO_DATA = ("MAIL FROM:<a@client.example>", "RCPT TO:<user@localhost>", "DATA")


def crashing(**settings: object) -> House:
    spool = MemorySpool(fail_at="begin", crash=RuntimeError("a mistake of ours"))
    return House(usual_settings(**settings), spool)


def after_the_failure(guest: Guest) -> Guest:
    guest.hear()
    guest.ask("EHLO client.example")
    assert guest.ask(*TO_DATA)[-1] == FAILED
    return guest


def test_after_a_mistake_of_ours_only_quit_and_rset_work() -> None:
    """CL-03: exit status 1."""
    house = crashing()
    with house.call() as guest:
        after_the_failure(guest)
        assert guest.ask("NOOP", "MAIL FROM:<>", "rset", "x" * 5000, "DATA", "EHLO a.b") == [
            FAILED,
            FAILED,
            "250 2.0.0 Reset OK",
            FAILED,
            FAILED,
            FAILED,
        ]
        assert guest.ask("QUIT") == [f"221 2.0.0 {HOST} closing connection"]
        assert guest.hear_all() == ""
        assert guest.status() == 1

    assert not house.spool.stored
    assert len(house.log.events) == 1


def test_a_client_that_never_goes_is_left() -> None:
    """CL-03: one time-out for all that comes after, and a bounded number of commands."""
    house = crashing()
    with house.call() as guest:
        after_the_failure(guest)
        guest.say(*["NOOP"] * 200)
        assert guest.hear_all().count(FAILED) == 100


def test_a_line_without_an_end_ends_with_the_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """CL-03: also when there is always more of it to read."""
    house = crashing(smtp_receive_timeout=0.3)
    with house.call() as guest:
        after_the_failure(guest)
        reads = iter(range(200))

        def pour(*_: object, **__: object) -> bytes:
            time.sleep(0.01)
            return b"A" * 1000 if next(reads, None) is not None else b"\nQUIT\r\n"

        monkeypatch.setattr(Stream, "read", pour)
        guest.say("NOOP")  # which ends a read that was begun before
        assert "221 " not in guest.hear_all()


def test_a_client_for_whom_the_settings_are_unclear_is_put_off() -> None:
    """CP-08: others are served, and the log says which setting it is."""
    house = House(usual_settings(message_size_limit={"192.0.2.0/24": "much"}))
    with house.call() as guest:
        assert guest.hear() == UNCLEAR
        assert guest.ask("EHLO client.example", "QUIT")[0] == UNCLEAR
        assert guest.status() == 0
    with house.call("198.51.100.7") as guest:
        assert guest.hear().startswith("220 ")

    assert house.log.texts() == [
        'invalid message_size_limit: want a size such as "50M", not "much" (for [192.0.2.7])'
    ]


@pytest.mark.parametrize("drains", [True, False])
def test_a_closed_down_session_ends_with_the_service(drains: bool) -> None:
    house = crashing()
    with house.call() as guest:
        after_the_failure(guest)
        if drains:
            guest.drain()
        else:
            guest.terminate()
        assert guest.hear_all() == ""
