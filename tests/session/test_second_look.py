"""A session asks the supervisor about a client, and hears what the supervisor, or nobody, says."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from pymta.channel.pair import make_pair
from pymta.channel.words import Drain, Proxied, Verdict, Word
from pymta.mail.caller import Endpoint, plain_address
from pymta.session import second_look
from pymta.session.stop import Stop

WORD = Proxied(
    Endpoint(plain_address("192.0.2.7"), 40112), Endpoint(plain_address("198.51.100.1"), 25)
)


class Ends:
    def __init__(self) -> None:
        self.supervisor, self.channel = make_pair()
        self.alarm, self.bell = socket.socketpair()

    def ask(self) -> Verdict | Stop:
        return second_look.ask(WORD, self.channel, self.bell)


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends()
    yield made
    for end in (made.supervisor, made.channel, made.alarm, made.bell):
        end.close()


@pytest.mark.parametrize("answer", [Verdict(), Verdict("421 Too many; please try again later.")])
def test_the_verdict_is_what_the_supervisor_says(ends: Ends, answer: Verdict) -> None:
    ends.supervisor.say(answer)

    assert ends.ask() == answer
    assert ends.supervisor.hear() == WORD


@pytest.mark.parametrize("words", [(Drain(),), (Drain(), Verdict()), ()])
def test_a_daemon_that_stops_or_has_gone_lets_nobody_in(
    ends: Ends, words: tuple[Word, ...]
) -> None:
    for word in words:
        ends.supervisor.say(word)
    if not words:
        ends.supervisor.close()

    assert ends.ask() is Stop.DRAINING


def test_sigterm_is_heard_meanwhile(ends: Ends) -> None:
    """SS-06"""
    ends.alarm.send(b"\x0f")

    assert ends.ask() is Stop.TERMINATED


def test_nobody_waits_for_ever(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_look, "PATIENCE", 0.05)

    assert ends.ask() is Stop.DRAINING


def test_a_channel_that_is_full_is_no_way_to_ask(ends: Ends) -> None:
    while ends.channel.say(WORD):
        pass

    assert ends.ask() is Stop.DRAINING
