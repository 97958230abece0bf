"""Lines that are none: one reply each, at any point of a session, and nothing else changes.

reliability.md s4: an over-long, NUL-bearing or oddly ended line is one line and gets one reply.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.doubles.house import Guest, House, usual_settings

MANY = {"smtp_max_unknown_commands": 1000, "smtp_max_synprot_errors": 1000}
HELLO = b"EHLO client.example\r\n"
SENDER = b"MAIL FROM:<a@client.example>\r\n"
RECIPIENT = b"RCPT TO:<user@localhost>\r\n"
STEPS = (HELLO, SENDER, RECIPIENT, b"BDAT 3\r\nabc", b"BDAT 2 LAST\r\n\r\n")
WHERE = ("before hello", "after hello", "after MAIL", "after RCPT", "between chunks", "at the end")

ODD = {
    "8-bit": (b"\xc3\xa4\xff\x80", "500"),
    "8-bit verb": (b"\xcdAIL FROM:<b@x.example>", "500"),
    "8-bit sender": (b"MAIL FROM:<\xe4@x.example>", "5"),
    "NUL in a verb": (b"NO\0OP", "501"),
    "NUL behind a verb": (b"RSET\0", "501"),
    "NUL in an argument": (b"MAIL FROM:<b\0@x.example>", "501"),
    "CR in a verb": (b"RS\rET", "500"),
    "CR between commands": (b"NOOP\rRSET", "500"),
    "CR at the end": (b"RSET\r\r", "500"),
    "nothing": (b"", "500"),
    "blanks": (b"  \t ", "500"),
    "a blank before": (b" RSET", "500"),
    "a tab behind": (b"RSET\tx", "500"),
    "controls": (b"\x1b[2J\x07\x7f", "500"),
    "long": (b"A" * 3000, "500"),
    "long, with a verb": (b"RSET " + b" " * 3000, "500"),
    "long, with a command at its end": (b"A" * 2046 + b" QUIT", "500"),
    "long, of verbs": (b"RSET\r" * 2000, "500"),
    "long and 8-bit": (b"\xff" * 3000, "500"),
    "long and NUL": (b"\0" * 3000, "500"),
    "long address": (b"RCPT TO:<" + b"a" * 5000 + b"@localhost>", "500"),
}
Way = Callable[[Guest, bytes], None]


def in_one_piece(guest: Guest, line: bytes) -> None:
    guest.send(line)


def octet_by_octet(guest: Guest, line: bytes) -> None:
    for octet in line:
        guest.send(bytes([octet]))


@pytest.mark.parametrize("end", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
@pytest.mark.parametrize("name", ODD)
def test_each_gets_one_reply_wherever_it_comes_and_changes_nothing(name: str, end: bytes) -> None:
    """The message that it comes into the way of arrives as if it had not."""
    line, code = ODD[name]
    house = House(usual_settings(**MANY))
    with house.call() as guest:
        guest.hear()
        for where, step in zip(WHERE, (*STEPS, b"NOOP\r\n"), strict=True):
            guest.send(line + end)
            assert guest.hear().startswith(code), where
            guest.send(step)
            assert guest.hear().startswith("250"), where

    (message,) = house.spool.stored
    assert message.body == b"abc\r\n"
    assert message.envelope.sender == "a@client.example"
    assert len(message.envelope.recipients) == 1


@pytest.mark.parametrize("name", ["8-bit", "NUL in a verb", "CR in a verb", "long, of verbs"])
def test_they_are_the_same_octet_by_octet(name: str) -> None:
    line, code = ODD[name]
    house = House(usual_settings(**MANY))
    with house.call() as guest:
        guest.hear()
        octet_by_octet(guest, line + b"\r\nNOOP\r\n")
        assert guest.hear().startswith(code)
        assert guest.hear() == "250 OK"


@pytest.mark.parametrize("end", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
def test_a_line_that_is_too_long_counts_once(end: bytes) -> None:
    """SS-05: its tail is no command, whatever it looks like."""
    house = House(usual_settings(smtp_max_unknown_commands=1))
    with house.call() as guest:
        guest.hear()
        guest.send(b"A" * 100_000 + b"\rQUIT\rRSET" + end)
        assert guest.hear() == "500 unrecognized command"
        guest.send(b"B" * 3000 + end)
        assert guest.hear_all() == "500 Too many unrecognized commands\r\n"


def test_one_without_an_end_has_the_time_of_a_command() -> None:
    """SS-06"""
    house = House(usual_settings(smtp_receive_timeout=0.2))
    with house.call() as guest:
        guest.hear()
        guest.send(b"A" * 100_000)
        assert guest.hear_all().startswith("421 mx.example.org: SMTP command timeout")


@pytest.mark.parametrize(
    "end", [b"\r\n.\r\n", b"\n.\r\n\r\n.\r\n"], ids=["whole", "with a bare LF"]
)
@pytest.mark.parametrize("line", [b"\xff\0\x80" * 1000, b"x" * 100_000, b"\0", b"\x1a\x04"])
def test_in_a_message_a_line_may_be_as_long_and_odd_as_it_likes(line: bytes, end: bytes) -> None:
    """RFC 5321 s4.5.3.1.6 has text lines of 1000 octets; longer ones come, and are no harm."""
    house = House()
    with house.call() as guest:
        guest.hear()
        guest.send(HELLO + SENDER + RECIPIENT + b"DATA\r\n")
        for _ in range(4):
            guest.hear()
        guest.send(line + end)
        reply = guest.hear()

    if end == b"\r\n.\r\n":
        assert reply.startswith("250 ")
        assert house.spool.stored[0].body == line + b"\r\n"
    else:
        assert reply.startswith("550 5.6.0 bare")
        assert not house.spool.stored


@pytest.mark.parametrize("way", [in_one_piece, octet_by_octet])
def test_after_a_last_word_no_line_is_obeyed(way: Way) -> None:
    """CL-03: every command hears 421, and an odd line is one more."""
    house = House()
    house.spool.fail_at, house.spool.crash = "begin", RuntimeError("a bug of ours")
    with house.call() as guest:
        guest.hear()
        guest.send(HELLO + SENDER + RECIPIENT + b"DATA\r\n")
        assert [guest.hear()[:3] for _ in range(4)] == ["250", "250", "250", "421"]
        way(guest, b"A" * 3000 + b"\r\nMAIL FROM:<b@x.example>\r\n\0\r\nQUIT\r\n")
        assert [guest.hear()[:3] for _ in range(4)] == ["421", "421", "421", "221"]
