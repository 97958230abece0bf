"""PLAIN and LOGIN."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.sasl.exchange import Challenge, Exchange, Failure, Fault, Link, Step, Success
from pymta.sasl.plain import Passwords

LINK = Link()
REJECTED = Failure(Fault.REJECTED, "wrong", "alice")
DOWN = Failure(Fault.TEMPORARY, "gone", "alice")


@dataclass
class Book:
    """A source that knows a few, and whom it was asked for."""

    known: dict[str, str] = field(default_factory=dict)
    otherwise: Failure = REJECTED
    is_there: bool = True
    asked: list[str] = field(default_factory=list)

    def knows_passwords(self) -> bool:
        return self.is_there

    def check(self, name: str, password: str, link: Link) -> Success | Failure:
        self.asked.append(name)
        return Success(name) if self.known.get(name) == password else self.otherwise


ALICE = Book({"alice": "rabbit \u00e9"})


def play(exchange: Exchange, *responses: bytes | None) -> list[Step]:
    return [exchange.step(response) for response in responses]


def plain(response: bytes | None) -> Step:
    return Passwords([ALICE]).begin("PLAIN", LINK).step(response)


def test_plain_takes_name_and_password_in_the_initial_response() -> None:
    assert plain(b"\0alice\0rabbit \xc3\xa9") == Success("alice")


def test_plain_asks_with_an_empty_challenge_when_there_is_no_initial_response() -> None:
    exchange = Passwords([ALICE]).begin("PLAIN", LINK)
    steps = play(exchange, None, b"\0alice\0rabbit \xc3\xa9")
    assert steps == [Challenge(b""), Success("alice")]


def test_whoever_wants_to_be_himself_may_say_so() -> None:
    assert plain(b"Alice\0alice\0rabbit \xc3\xa9") == Success("alice")


def test_nobody_may_be_another_even_with_the_right_password() -> None:
    answer = plain(b"bob\0alice\0rabbit \xc3\xa9")
    assert answer == Failure(Fault.REJECTED, "nobody may act as another account", "alice")


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"alice",
        b"alice\0rabbit",
        b"\0alice\0rabbit\0",
        b"\0\0rabbit",
        b"\0alice\0",
        b"\0al\xffice\0rabbit",
        b"\0alice\0rab\xffbit",
        b"\0alice\nbob\0rabbit",
        b"\xff\0alice\0rabbit",
        b"\0" + b"x" * 256 + b"\0rabbit",
        b"\0alice\0" + b"x" * 1025,
    ],
)
def test_what_is_no_plain_message_is_malformed_and_nobody_is_asked(response: bytes) -> None:
    book = Book()
    answer = Passwords([book]).begin("PLAIN", LINK).step(response)
    assert isinstance(answer, Failure)
    assert answer.fault is Fault.MALFORMED
    assert "rabbit" not in answer.why
    assert book.asked == []


def test_login_asks_in_the_words_that_outlook_knows() -> None:
    steps = play(Passwords([ALICE]).begin("LOGIN", LINK), None, b"ALICE", b"rabbit \xc3\xa9")
    assert steps == [Challenge(b"Username:"), Challenge(b"Password:"), Success("alice")]


def test_login_takes_the_name_as_initial_response() -> None:
    steps = play(Passwords([ALICE]).begin("LOGIN", LINK), b"alice", b"rabbit \xc3\xa9")
    assert steps == [Challenge(b"Password:"), Success("alice")]


@pytest.mark.parametrize(("name", "password"), [(b"", b"x"), (b"a\0b", b"x"), (b"alice", b"x\0y")])
def test_login_refuses_a_bad_name_after_the_password_like_a_wrong_one(
    name: bytes, password: bytes
) -> None:
    first, last = play(Passwords([ALICE]).begin("LOGIN", LINK), name, password)
    assert first == Challenge(b"Password:")
    assert isinstance(last, Failure)


@given(st.binary(max_size=60))
def test_whatever_a_client_sends_the_answer_is_a_step(response: bytes) -> None:
    for mechanism in ("PLAIN", "LOGIN"):
        exchange = Passwords([Book()]).begin(mechanism, LINK)
        for step in play(exchange, response, response):
            assert isinstance(step, Challenge | Success | Failure)


def test_a_password_that_the_first_refuses_may_be_right_for_the_second() -> None:
    first, second = Book(), Book({"bob": "x"})
    answer = Passwords([first, second]).begin("PLAIN", LINK).step(b"\0bob\0x")
    assert answer == Success("bob")
    assert first.asked == ["bob"]


def test_the_second_is_asked_just_as_much_for_a_name_that_the_first_knows() -> None:
    """Else the time it takes would tell who is known where."""
    first, second = Book({"bob": "right"}), Book()
    Passwords([first, second]).begin("PLAIN", LINK).step(b"\0bob\0wrong")
    Passwords([first, second]).begin("PLAIN", LINK).step(b"\0nobody\0wrong")
    assert second.asked == ["bob", "nobody"]


def test_while_one_cannot_be_asked_nobody_says_that_a_password_is_wrong() -> None:
    for sources in ([Book(), Book(otherwise=DOWN)], [Book(otherwise=DOWN), Book()]):
        step = Passwords(sources).begin("PLAIN", LINK).step(b"\0alice\0x")
        assert step == replace(DOWN, may_be_guess=True)
    nobody = Passwords([Book(otherwise=DOWN)]).begin("PLAIN", LINK)
    assert nobody.step(b"\0alice\0x") == DOWN


def test_one_that_cannot_be_asked_does_not_stand_in_the_way_of_another() -> None:
    sources = [Book(otherwise=DOWN), Book({"alice": "x"})]
    assert Passwords(sources).begin("PLAIN", LINK).step(b"\0alice\0x") == Success("alice")


def test_both_are_offered_as_long_as_anybody_can_be_asked() -> None:
    assert Passwords([Book(is_there=False), Book()]).mechanisms(LINK) == ("PLAIN", "LOGIN")
    assert Passwords([Book(is_there=False)]).mechanisms(LINK) == ()
