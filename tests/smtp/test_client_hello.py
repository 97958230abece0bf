"""The client until a host waits for a message: STARTTLS, what must be offered, and a login."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import pytest

from pymta.smtp.client_hello import Hello, Starttls
from pymta.smtp.client_words import (
    NeedReply,
    NoService,
    Ready,
    Refused,
    SendBytes,
    Stage,
    StartTls,
    Unheard,
)
from pymta.smtp.offers import Offers, parse_offers
from pymta.smtp.replies import ReplyReader

PLAIN = b"220 mx.example.org ESMTP\r\n"
WITH_TLS = b"250-mx.example.org\r\n250-STARTTLS\r\n250 SIZE 100\r\n"
WITHOUT = b"250-mx.example.org\r\n250 SIZE 100\r\n"
INSIDE = b"250-mx.example.org\r\n250-REQUIRETLS\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 100\r\n"
GO = b"220 2.0.0 go ahead\r\n"
SHAKE = "(handshake)"


def play(hello: Hello, answers: Sequence[bytes]) -> tuple[list[str], Ready | NoService]:
    """What was said, and how it ended; b"" is answered when nothing is left."""
    said: list[str] = []
    left = list(answers)
    while not isinstance(action := hello.next_action(), Ready | NoService):
        match action:
            case SendBytes(data):
                said.append(data.decode().removesuffix("\r\n"))
            case NeedReply():
                hello.receive(left.pop(0) if left else b"")
            case StartTls():
                said.append(SHAKE)
                hello.secured()
    return said, action


def to_host(
    starttls: Starttls, *answers: bytes, requiretls: bool = False
) -> tuple[list[str], Ready | NoService]:
    hello = Hello("we", ReplyReader(), starttls=starttls, asks_requiretls=requiretls)
    return play(hello, answers)


@pytest.mark.parametrize("how", [Starttls.IF_OFFERED, Starttls.ALWAYS])
def test_tls_begins_where_it_is_offered(how: Starttls) -> None:
    said, end = to_host(how, PLAIN, WITH_TLS, GO, INSIDE)

    assert said == ["EHLO we", "STARTTLS", SHAKE, "EHLO we"]
    assert isinstance(end, Ready)
    assert "STARTTLS" not in end.offers, "what was said in clear is forgotten"
    assert "REQUIRETLS" in end.offers


def test_it_does_not_where_nobody_wants_it() -> None:
    said, _ = to_host(Starttls.NEVER, PLAIN, WITH_TLS)
    assert said == ["EHLO we"]


def test_it_begins_before_the_greeting_where_that_is_said() -> None:
    """RFC 8314 s3.3"""
    said, end = to_host(Starttls.AT_ONCE, PLAIN, INSIDE)
    assert said == [SHAKE, "EHLO we"]
    assert isinstance(end, Ready)


@pytest.mark.parametrize("refusal", [b"454 4.7.0 not now\r\n", b"502 what\r\n"])
def test_a_host_that_will_not_is_spoken_to_in_clear_where_that_may_be(refusal: bytes) -> None:
    said, end = to_host(Starttls.IF_OFFERED, PLAIN, WITH_TLS, refusal)
    assert said == ["EHLO we", "STARTTLS"]
    assert isinstance(end, Ready)
    assert "SIZE" in end.offers


def test_and_not_spoken_to_where_it_may_not() -> None:
    _, end = to_host(Starttls.ALWAYS, PLAIN, WITH_TLS, b"454 4.7.0 not now\r\n")
    assert isinstance(end, NoService)
    assert isinstance(end.result, Refused)
    assert end.result.stage is Stage.STARTTLS
    assert end.is_spoken_to


def test_a_host_without_tls_is_told_no_word_of_a_message_that_needs_it() -> None:
    said, end = to_host(Starttls.ALWAYS, PLAIN, WITHOUT)
    assert said == ["EHLO we"]
    assert isinstance(end, NoService)
    assert isinstance(end.result, Unheard)
    assert "TLS session is required" in end.result.why
    assert end.result.stage.is_about_terms


def test_nothing_that_was_sent_ahead_of_the_handshake_is_read_after_it() -> None:
    """RFC 3207 s4.2: whoever stands between could have put it there."""
    for how in (Starttls.IF_OFFERED, Starttls.ALWAYS):
        said, end = to_host(how, PLAIN, WITH_TLS, GO + b"250 forged\r\n")
        assert said == ["EHLO we", "STARTTLS"]
        assert isinstance(end, NoService)
        assert end.result.stage is Stage.STARTTLS


def test_a_failed_handshake_is_told_with_its_stage() -> None:
    hello = Hello("we", ReplyReader(), starttls=Starttls.ALWAYS)
    for answer in (PLAIN, WITH_TLS, GO):
        hello.next_action()
        hello.receive(answer)
    assert hello.next_action() == StartTls()
    hello.lost("wrong version number")
    assert hello.next_action() == NoService(
        Unheard("wrong version number", Stage.HANDSHAKE, "TLS negotiation")
    )


@pytest.mark.parametrize("inside", [INSIDE, WITHOUT])
def test_requiretls_must_be_offered_inside(inside: bytes) -> None:
    """RFC 8689 s4.2.1"""
    outside = b"250-mx.example.org\r\n250-STARTTLS\r\n250 REQUIRETLS\r\n"
    _, end = to_host(Starttls.ALWAYS, PLAIN, outside, GO, inside, requiretls=True)
    if inside is INSIDE:
        assert isinstance(end, Ready)
    else:
        assert isinstance(end, NoService)
        assert end.result.stage is Stage.REQUIRETLS


def test_a_host_without_tls_is_without_requiretls_too() -> None:
    _, end = to_host(Starttls.ALWAYS, PLAIN, WITHOUT, requiretls=True)
    assert isinstance(end, NoService)
    assert end.result.stage is Stage.REQUIRETLS


# What it offers.


def test_offers_are_read_as_the_host_means_them() -> None:
    text = "mx\nsize 100\nAUTH plain LOGIN\nLIMITS MAILMAX=5 RCPTMAX=100 rcptdomainmax=1"
    assert parse_offers(text) == Offers(
        frozenset({"SIZE", "AUTH", "LIMITS"}), ("PLAIN", "LOGIN"), 5, 100, 1
    )


@pytest.mark.parametrize("rest", ["", "RCPTMAX", "RCPTMAX=0", "RCPTMAX=x", "RCPTMAX=-1", "FOO=1"])
def test_a_limit_that_makes_no_sense_is_none(rest: str) -> None:
    assert parse_offers(f"mx\nLIMITS {rest}").rcpt_max == 0


# A login.


class Said:
    """A login that answers challenges from a list."""

    def __init__(self, *answers: bytes | None, first: bytes | None = b"", doubt: str = "") -> None:
        self.answers = list(answers)
        self.first = first
        self.heard: list[bytes] = []
        self._doubt = doubt
        self.offered: tuple[tuple[str, ...], bool] = ((), False)

    def begin(self, offered: tuple[str, ...], *, is_secure: bool) -> tuple[str, bytes | None] | str:
        self.offered = (offered, is_secure)
        return ("XTEST", self.first) if offered else "it offers no login"

    def answer(self, challenge: bytes) -> bytes | None:
        self.heard.append(challenge)
        return self.answers.pop(0)

    def doubt(self) -> str:
        return self._doubt


def log_in(login: Said, *answers: bytes) -> tuple[list[str], Ready | NoService]:
    hello = Hello("we", ReplyReader(), starttls=Starttls.ALWAYS, login=login)
    said, end = play(hello, [PLAIN, WITH_TLS, GO, INSIDE, *answers])
    assert (hello.mechanism == "XTEST") == isinstance(end, Ready)
    return said[4:], end


def test_a_login_goes_through_challenges_in_base64() -> None:
    login = Said(b"answer", b"", first=b"initial")
    said, end = log_in(login, b"334 " + b64encode(b"what") + b"\r\n", b"334 \r\n", b"235 ok\r\n")
    assert said == ["AUTH XTEST aW5pdGlhbA==", "YW5zd2Vy", ""]
    assert login.heard == [b"what", b""]
    assert login.offered == (("PLAIN", "LOGIN"), True)
    assert isinstance(end, Ready)


@pytest.mark.parametrize(("first", "line"), [(None, "AUTH XTEST"), (b"", "AUTH XTEST =")])
def test_an_empty_initial_response_is_another_thing_than_none(
    first: bytes | None, line: str
) -> None:
    """RFC 4954 s4"""
    assert log_in(Said(first=first), b"235 ok\r\n")[0] == [line]


@pytest.mark.parametrize("challenge", [b"334 not base64!\r\n", b"334 d2hhdA==\r\n"])
def test_what_cannot_be_answered_is_cancelled(challenge: bytes) -> None:
    said, end = log_in(Said(None), challenge, b"501 cancelled\r\n")
    assert said[-1] == "*"
    assert isinstance(end, NoService)
    assert end.result.stage is Stage.AUTH


def test_a_refused_login_is_told_without_the_secret() -> None:
    _, end = log_in(Said(first=b"secret"), b"535 5.7.8 no\r\n")
    assert isinstance(end, NoService)
    assert isinstance(end.result, Refused)
    assert end.result.after == "AUTH XTEST"
    assert end.result.reply.one_line() == "535 5.7.8 no"


def test_a_host_that_does_not_prove_itself_is_not_believed() -> None:
    _, end = log_in(Said(doubt="it does not know the password"), b"235 ok\r\n")
    assert isinstance(end, NoService)
    assert end.result == Unheard("it does not know the password", Stage.AUTH, "AUTH XTEST")


def test_a_host_that_offers_no_login_gets_no_message() -> None:
    hello = Hello("we", ReplyReader(), login=Said())
    _, end = play(hello, [PLAIN, WITHOUT])
    assert isinstance(end, NoService)
    assert end.result.stage is Stage.AUTH
