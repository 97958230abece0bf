"""Behind the reply that ends a session nothing is obeyed, though it has come already."""

from __future__ import annotations

import pytest

from tests.doubles.house import Guest, House, usual_settings

MAIL = (
    b"RSET\r\nMAIL FROM:<late@client.example>\r\nRCPT TO:<user@localhost>\r\nDATA\r\n"
    b"late\r\n.\r\nRSET\r\nMAIL FROM:<late@client.example>\r\nRCPT TO:<user@localhost>\r\n"
    b"BDAT 6 LAST\r\nlate\r\n"
)
HELLO = b"EHLO client.example\r\n"
TO_RCPT = b"MAIL FROM:<a@client.example>\r\nRCPT TO:<user@localhost>\r\n"


@pytest.mark.parametrize(
    ("said", "settings", "last"),
    [
        (HELLO + b"FOO\r\n" * 4, {}, "500 5.5.1 Too many unrecognized commands"),
        (HELLO + b"NOOP\r\n" * 11, {}, "554 5.7.0 Too many nonmail commands"),
        (HELLO + b"MAIL\r\n" * 4, {}, "501 5.5.2 Too many syntax or protocol errors"),
        (HELLO + TO_RCPT + b"BDAT x\r\n", {}, "501 5.5.4 BDAT must have a size, and perhaps LAST"),
        (HELLO + TO_RCPT + b"QUIT\r\n", {}, "221 2.0.0 mx.example.org closing connection"),
        (HELLO, {"smtp_enforce_sync": True}, "554 SMTP synchronization error"),
        (HELLO + b"STARTTLS\r\n", {}, "554 5.5.0 SMTP synchronization error"),
    ],
    ids=["unknown", "nonmail", "syntax", "chunk", "QUIT", "haste", "STARTTLS"],
)
def test_it_is_the_last_one(said: bytes, settings: dict[str, object], last: str) -> None:
    """SS-04, SS-05"""
    house = House(usual_settings(**settings))
    with house.call() as guest:
        guest.hear()
        guest.send(said + MAIL)
        assert guest.hear_all().splitlines()[-1] == last
        guest.status()

    assert not house.spool.stored


@pytest.mark.parametrize("way", [Guest.drain, Guest.terminate])
def test_what_comes_behind_a_421_is_read_by_nobody(way: object) -> None:
    """SS-06: it may cross the reply on its way."""
    house = House()
    with house.call() as guest:
        guest.hear()
        assert callable(way)
        way(guest)
        assert guest.hear().startswith("421 ")
        guest.send(HELLO + MAIL)
        assert guest.hear_all() == ""
        guest.status()

    assert not house.spool.stored
    assert not [text for text in house.log.texts() if "late@" in text]


def test_the_one_421_that_stays_open_lets_no_message_in() -> None:
    """SS-05, last row: QUIT is still answered, and mail is not taken."""
    house = House(usual_settings(smtp_accept_max_per_connection=1))
    with house.call() as guest:
        guest.hear()
        guest.send(HELLO + TO_RCPT + b"DATA\r\nfirst\r\n.\r\n")
        for _ in range(5):
            guest.hear()
        guest.send(MAIL + b"QUIT\r\n")
        codes = [line[:3] for line in guest.hear_all().splitlines() if line[3:4] == " "]

    assert [message.body for message in house.spool.stored] == [b"first\r\n"]
    assert "421" in codes
    assert "354" not in codes
