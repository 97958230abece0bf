"""Promise 4: no octets make a second message out of one, refused or made proper.

Software on the way takes other things for the end of a message than CRLF "." CRLF.  Whatever it
lets through, here it is a part of the one message; CVE-2023-51764, 51765, 51766 and their like.
"""

from __future__ import annotations

import pytest

from tests.doubles.house import Guest, House, usual_settings

STRANGER, TRUSTED = "192.0.2.7", "127.0.0.1"
INNER = b"MAIL FROM:<smuggled@x.example>\r\nRCPT TO:<user@localhost>\r\nDATA\r\ninner\r\n"
# What ends a message elsewhere; nobody takes those with a NUL for proper lines, either.
BARE = {
    "LF.LF": b"\n.\n",
    "LF.CRLF": b"\n.\r\n",
    "CRLF.LF": b"\r\n.\n",
    "CR.CR": b"\r.\r",
    "CR.CRLF": b"\r.\r\n",
    "CRLF.CR": b"\r\n.\r",
    "LF.CR": b"\n.\r",
    "CR.LF": b"\r.\n",
    "CRCRLF.CRLF": b"\r\r\n.\r\r\n",
    "CRLF.CRCRLF": b"\r\n.\r\r\n",
    "CR NUL LF.CRLF": b"\r\0\n.\r\n",
    "CRLF.CR NUL LF": b"\r\n.\r\0\n",
}
WITH_NUL = {
    "CRLF NUL.CRLF": b"\r\n\0.\r\n",
    "CRLF.NUL CRLF": b"\r\n.\0\r\n",
}


def in_data(guest: Guest) -> Guest:
    guest.hear()
    to_data = ("EHLO client.example", "MAIL FROM:<a@client.example>", "RCPT TO:<user@localhost>")
    assert guest.ask(*to_data, "DATA")[-1].startswith("354 ")
    return guest


def in_one_piece(guest: Guest, data: bytes) -> None:
    guest.send(data)


def octet_by_octet(guest: Guest, data: bytes) -> None:
    for octet in data:
        guest.send(bytes([octet]))


def outcome(house: House, end: bytes, caller: str, way: object = in_one_piece) -> str:
    """The one reply to a message that `end` stands in, with another one behind it."""
    with house.call(caller) as guest:
        assert callable(way)
        way(in_data(guest), b"outer" + end + INNER + b".\r\n")
        reply = guest.hear()
        assert guest.ask("NOOP") == ["250 2.0.0 OK"]
    assert len(house.spool.stored) <= 1
    return reply


@pytest.mark.parametrize("way", [in_one_piece, octet_by_octet])
@pytest.mark.parametrize("end", BARE.values(), ids=BARE)
def test_a_stranger_is_refused_whole(end: bytes, way: object) -> None:
    house = House()

    reply = outcome(house, end, STRANGER, way)

    assert reply == "550 5.6.0 bare CR or LF in message: lines must end with CRLF"
    assert not house.spool.stored


@pytest.mark.parametrize("way", [in_one_piece, octet_by_octet])
@pytest.mark.parametrize("end", BARE.values(), ids=BARE)
def test_of_whom_we_trust_it_is_one_message_with_proper_lines(end: bytes, way: object) -> None:
    house = House()

    reply = outcome(house, end, TRUSTED, way)

    assert reply.startswith("250 2.0.0 OK id=")
    message = house.spool.stored[0]
    assert message.envelope.sender == "a@client.example"
    assert message.body.count(b"\r\n") == message.body.count(b"\r") == message.body.count(b"\n")
    assert message.body.startswith(b"outer\r\n")
    assert message.body.endswith(INNER)


@pytest.mark.parametrize("caller", [STRANGER, TRUSTED])
@pytest.mark.parametrize("way", [in_one_piece, octet_by_octet])
@pytest.mark.parametrize("end", WITH_NUL.values(), ids=WITH_NUL)
def test_a_nul_between_is_an_octet_like_others(end: bytes, way: object, caller: str) -> None:
    """It is kept (RFC 5321 s4.5.2 lets nobody take anything out), and ends nothing."""
    house = House()

    reply = outcome(house, end, caller, way)

    assert reply.startswith("250 2.0.0 OK id=")
    assert house.spool.stored[0].body == b"outer" + end.replace(b"\n.", b"\n") + INNER


@pytest.mark.parametrize("caller", [STRANGER, TRUSTED])
@pytest.mark.parametrize("end", [*BARE.values(), *WITH_NUL.values()], ids=[*BARE, *WITH_NUL])
def test_no_cut_makes_another_message_of_it(end: bytes, caller: str) -> None:
    """Cut in two at every octet, each in a connection of its own packets."""
    house = House()
    replies = set()
    with house.call(caller) as guest:
        in_data(guest)
        data = b"outer" + end + INNER + b".\r\n"
        for at in range(1, len(b"outer" + end) + 2):
            guest.send(data[:at])
            guest.send(data[at:])
            replies.add(guest.hear()[:3])
            assert guest.ask("MAIL FROM:<a@client.example>")[0][:3] == "250"
            assert [r[:3] for r in guest.ask("RCPT TO:<user@localhost>", "DATA")] == ["250", "354"]

    assert len(replies) == 1
    assert len({message.body for message in house.spool.stored}) <= 1


@pytest.mark.parametrize(
    ("rule", "caller", "is_taken"),
    [
        ("refuse", TRUSTED, False),
        ("refuse", STRANGER, False),
        ("fix-trusted", TRUSTED, True),
        ("fix-trusted", STRANGER, False),
        ("fix", STRANGER, True),
    ],
)
def test_bare_newlines_says_whose_lines_are_made_proper(
    rule: str, caller: str, is_taken: bool
) -> None:
    house = House(usual_settings(bare_newlines=rule))
    with house.call(caller) as guest:
        in_data(guest).send(b"a\nb\rc\r\n.\r\n")
        assert guest.hear().startswith("250 " if is_taken else "550 5.6.0 bare")

    bodies = [message.body for message in house.spool.stored]
    assert bodies == ([b"a\r\nb\r\nc\r\n"] if is_taken else [])


def test_a_user_of_this_machine_is_trusted() -> None:
    house = House()
    with house.call_from_here() as guest:
        in_data(guest).send(b"a\nb\r\n.\r\n")
        assert guest.hear().startswith("250 ")

    assert house.spool.stored[0].body == b"a\r\nb\r\n"


def test_a_cr_at_the_very_end_of_chunks_is_a_line_end() -> None:
    house = House()
    with house.call(TRUSTED) as guest:
        guest.hear()
        guest.ask("EHLO client.example", "MAIL FROM:<a@client.example>", "RCPT TO:<user@localhost>")
        guest.send(b"BDAT 2\r\na\rBDAT 3 LAST\r\nb\n\r")
        assert [guest.hear()[:3] for _ in range(2)] == ["250", "250"]

    assert house.spool.stored[0].body == b"a\r\nb\r\n\r\n"
    assert " S=8 " in house.log.texts()[0] or house.log.texts()[0].endswith(" S=8")
