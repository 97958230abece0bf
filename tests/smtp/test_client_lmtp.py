"""The client of an LMTP server (RFC 2033): each recipient has a fate of his own to the end."""

from __future__ import annotations

import pytest

from pymta.smtp.client_words import After, Refused, Result, Stage, Taken, Unheard
from tests.doubles.spoken import Spoken
from tests.smtp.test_client import play

GREETING = b"220 mail.example.net LMTP\r\n"
OFFERS = b"250-mail.example.net\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 CHUNKING\r\n"
TAKEN = b"250 2.1.0 ok\r\n"
NOBODY = b"550 5.1.1 no such user\r\n"
GO = b"354 go\r\n"
SAVED = b"250 2.0.0 saved\r\n"
FULL = b"452 4.2.2 mailbox is full\r\n"


def dialogue(*recipients: str, is_binary: bool = False) -> Spoken:
    return Spoken(
        "mail.example.net",
        "s@example.net",
        recipients or ("a@example.org", "b@example.org", "c@example.org"),
        size=120,
        eight_bit=is_binary,
        is_binary=is_binary,
        is_lmtp=True,
    )


def stages(results: tuple[Result, ...]) -> set[Stage]:
    return {result.stage for result in results if not isinstance(result, Taken)}


def kinds(results: tuple[Result, ...]) -> list[type]:
    return [type(result) for result in results]


@pytest.mark.parametrize("one_by_one", [True, False])
def test_every_recipient_who_was_taken_has_a_reply_of_his_own(one_by_one: bool) -> None:
    """RFC 2033 s4.2; a server with our own name is on our own host, and no loop."""
    answers = [GREETING, OFFERS, TAKEN, TAKEN, NOBODY, TAKEN, GO, SAVED, FULL]
    said, end = play(dialogue(), answers, one_by_one=one_by_one)
    assert said[0] == "LHLO mail.example.net"
    assert kinds(end.results) == [Taken, Refused, Refused]
    _, unknown, full = end.results
    assert isinstance(unknown, Refused)
    assert isinstance(full, Refused)
    assert (unknown.stage, full.stage) == (Stage.RCPT, Stage.FINAL)
    assert (unknown.reply.is_permanent, full.reply.enhanced) == (True, "4.2.2")
    assert end.after is After.ANOTHER


def test_who_has_not_heard_of_his_fate_when_the_connection_breaks_waits() -> None:
    answers = [GREETING, OFFERS, TAKEN, TAKEN, TAKEN, TAKEN, GO, SAVED, b""]
    _, end = play(dialogue(), answers)
    assert kinds(end.results) == [Taken, Unheard, Unheard]
    assert stages(end.results) == {Stage.FINAL}


def test_a_server_that_ends_in_the_middle_of_its_replies_has_said_some() -> None:
    answers = [GREETING, OFFERS, TAKEN, TAKEN, TAKEN, TAKEN, GO, SAVED, b"421 4.3.2 bye\r\n"]
    _, end = play(dialogue(), answers)
    assert kinds(end.results) == [Taken, Refused, Refused]


def test_no_message_goes_to_a_server_that_took_nobody() -> None:
    """RFC 2033 s4.2: it must refuse DATA then; one that does not would never answer the dot."""
    for data in (b"503 5.5.1 nobody\r\n", GO):
        said, end = play(dialogue("a@example.org"), [GREETING, OFFERS, TAKEN, NOBODY, data])
        assert "(message)" not in said
        assert kinds(end.results) == [Refused]
        assert stages(end.results) == {Stage.RCPT}


@pytest.mark.parametrize("data", [b"503 5.5.1 no\r\n", GO])
def test_a_sender_who_is_refused_is_refused_for_everybody(data: bytes) -> None:
    no = b"503 5.5.1 no\r\n"
    said, end = play(dialogue(), [GREETING, OFFERS, b"550 5.7.1 not him\r\n", no, no, no, data])
    assert "(message)" not in said
    assert stages(end.results) == {Stage.MAIL}


def test_an_smtp_server_is_no_lmtp_server() -> None:
    """It is not greeted as one of old, either: it would take the message for everybody at once."""
    said, end = play(dialogue("a@example.org"), [GREETING, b"500 5.5.1 what?\r\n"])
    assert said == ["LHLO mail.example.net"]
    assert stages(end.results) == {Stage.LHLO}
    assert Stage.LHLO.is_about_host


def test_a_chunk_has_a_reply_for_each_recipient_too() -> None:
    offers = OFFERS.replace(b"CHUNKING", b"CHUNKING\r\n250 BINARYMIME").replace(
        b"250 CHUNKING", b"250-CHUNKING"
    )
    answers = [GREETING, offers, TAKEN, TAKEN, TAKEN, SAVED, FULL]
    said, end = play(dialogue("a@x.example", "b@x.example", is_binary=True), answers)
    assert said[-2:] == ["BDAT 120 LAST", "(message)"]
    assert kinds(end.results) == [Taken, Refused]
