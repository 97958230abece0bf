"""A message with BDAT: taken, refused, given up, and never taken for commands (RFC 3030)."""

from __future__ import annotations

import pytest

from tests.doubles.certificates import Certificate
from tests.doubles.house import HOST, Guest, House, usual_settings
from tests.doubles.memory_spool import MemorySpool
from tests.doubles.readiness import is_readable

TO_RCPT = ("EHLO client.example", "MAIL FROM:<a@client.example>", "RCPT TO:<user@localhost>")
BODY = b"Subject: x\r\n\r\n.\r\n\xe4QUIT\r\n"


def in_chunks(guest: Guest) -> Guest:
    guest.hear()
    hello, *_ = guest.ask(*TO_RCPT)
    assert "250-CHUNKING" in hello.splitlines()
    return guest


def chunk(guest: Guest, data: bytes, *, last: bool = False) -> str:
    guest.send(b"BDAT %d%s\r\n" % (len(data), b" LAST" if last else b"") + data)
    return guest.hear()


@pytest.mark.parametrize("at", [0, 1, 11, 13, len(BODY)])
def test_a_message_is_stored_as_it_came(at: int) -> None:
    house = House()
    with house.call() as guest:
        in_chunks(guest)
        assert chunk(guest, BODY[:at]) == f"250 2.0.0 {at} octets received"
        reply = chunk(guest, BODY[at:], last=True)
        assert guest.ask("NOOP") == ["250 2.0.0 OK"]

    message = house.spool.stored[0]
    assert reply == f"250 2.0.0 OK id={message.id}"
    assert message.body == BODY
    assert message.seal.eight_bit
    assert " P=esmtp K S=" in house.log.texts()[0]
    assert house.handed_on[0].id == message.id


def test_the_last_chunk_may_be_empty() -> None:
    house = House()
    with house.call() as guest:
        in_chunks(guest)
        chunk(guest, BODY)
        assert chunk(guest, b"", last=True).startswith("250 2.0.0 OK id=")
    assert house.spool.stored[0].body == BODY


def test_all_of_a_message_may_come_in_one_piece() -> None:
    """RFC 3030 s4.2; also where whoever does not wait for his turn is sent away."""
    house = House(usual_settings(smtp_enforce_sync=True))
    with house.call() as guest:
        guest.hear()
        guest.ask(TO_RCPT[0])
        lines = "".join(f"{line}\r\n" for line in TO_RCPT[1:]).encode()
        guest.send(lines + b"BDAT 3\r\nabcBDAT 2 LAST\r\n\r\nQUIT\r\n")
        replies = [guest.hear()[:3] for _ in range(5)]
        assert guest.status() == 0

    assert replies == ["250", "250", "250", "250", "221"]
    assert house.spool.stored[0].body == b"abc\r\n"


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("MAIL FROM:<b@client.example>", "503 5.5.1 sender already given"),
        ("RCPT TO:<user@localhost>", "503 5.5.1 the message has begun with BDAT"),
        ("DATA", "503 5.5.1 the message has begun with BDAT"),
        ("NOOP", "250 2.0.0 OK"),
        ("FOO", "500 5.5.1 unrecognized command"),
    ],
)
def test_what_comes_in_between_changes_nothing(command: str, reply: str) -> None:
    house = House()
    with house.call() as guest:
        in_chunks(guest)
        chunk(guest, b"abc")
        assert guest.ask(command) == [reply]
        assert chunk(guest, b"\r\n", last=True).startswith("250 2.0.0 OK id=")

    message = house.spool.stored[0]
    assert message.body == b"abc\r\n"
    assert message.envelope.sender == "a@client.example"


@pytest.mark.parametrize("command", ["RSET", "EHLO client.example", "HELO client.example"])
def test_what_resets_forgets_the_chunks(command: str) -> None:
    """RFC 3030 s2"""
    house = House()
    with house.call() as guest:
        in_chunks(guest)
        chunk(guest, b"secret of the first\r\n")
        assert guest.ask(command)[0].startswith("250")
        assert not house.spool.open
        guest.send(b"BDAT 5 LAST\r\nNOOP\n")
        assert guest.hear().startswith("503 ")
        assert in_between(guest) == ["250", "250"]
        assert chunk_or_not(guest, command, b"second\r\n")

    bodies = [message.body for message in house.spool.stored]
    assert bodies == ([] if command.startswith("HELO") else [b"second\r\n"])


def in_between(guest: Guest) -> list[str]:
    return [reply[:3] for reply in guest.ask(*TO_RCPT[1:])]


def chunk_or_not(guest: Guest, command: str, data: bytes) -> bool:
    """Whoever said HELO is not offered it (RFC 3030 s2)."""
    reply = chunk(guest, data, last=True)
    if command.startswith("HELO"):
        return reply == "503 BDAT command used when not advertised"
    return reply.startswith("250 2.0.0 OK id=")


def test_nothing_that_came_in_clear_is_part_of_a_message_inside_tls(
    certificate: Certificate,
) -> None:
    """Promise 5: chunks of before STARTTLS are gone, with their transaction."""
    house = House(starttls=certificate.shown())
    with house.call() as guest:
        in_chunks(guest)
        chunk(guest, b"put there by somebody else\r\n")
        assert guest.ask("STARTTLS") == ["220 2.0.0 TLS go ahead"]
        assert not house.spool.open
        guest.start_tls(certificate.client())
        guest.ask(TO_RCPT[0])
        assert chunk(guest, b"mine\r\n", last=True).startswith("503 ")
        guest.ask(*TO_RCPT[1:])
        assert chunk(guest, b"mine\r\n", last=True).startswith("250 ")

    assert [message.body for message in house.spool.stored] == [b"mine\r\n"]


LIMITED = usual_settings(message_size_limit=10)


@pytest.mark.parametrize("sizes", [(11,), (10, 1), (3, 70_000)])
def test_one_that_is_too_large_is_refused_and_counted_off(sizes: tuple[int, ...]) -> None:
    """RFC 1870 s6.1"""
    house = House(LIMITED)
    with house.call() as guest:
        in_chunks(guest)
        for size in sizes[:-1]:
            assert chunk(guest, b"a" * size).startswith("250 ")
        assert chunk(guest, b"b" * sizes[-1]) == "552 5.3.4 Message size exceeds maximum permitted"
        assert guest.ask("MAIL FROM:<a@client.example>") == ["250 2.1.0 OK"]
        assert not house.spool.open
    assert not house.spool.stored
    assert "message too big: read=" in house.log.texts()[0]


def test_one_that_says_that_it_has_no_end_is_not_waited_for() -> None:
    house = House(usual_settings(message_size_limit=10, smtp_receive_timeout=0.2))
    with house.call() as guest:
        in_chunks(guest).send(b"BDAT %s\r\nabc" % (b"9" * 20))
        assert guest.hear_all() == "552 5.3.4 Message size exceeds maximum permitted\r\n"
        assert guest.status() == 1
    assert not house.spool.open


def test_pipelined_chunks_behind_a_refused_one_make_no_message() -> None:
    house = House(LIMITED)
    with house.call() as guest:
        in_chunks(guest)
        guest.send(b"BDAT 11\r\naaaaaaaaaaaBDAT 3\r\nbbbBDAT 2 LAST\r\nccRSET\r\n")
        assert [guest.hear()[:3] for _ in range(4)] == ["552", "503", "503", "250"]

    assert not house.spool.stored
    assert not [text for text in house.log.texts() if "dropped" in text]


def test_without_a_place_in_the_spool_the_rest_makes_no_message_either() -> None:
    house = House(spool=MemorySpool(fail_at="begin"))
    with house.call() as guest:
        in_chunks(guest)
        assert chunk(guest, b"abc").startswith("451 ")
        house.spool.fail_at = ""
        assert chunk(guest, b"def", last=True).startswith("503 ")
        assert guest.ask(*TO_RCPT[1:])[0].startswith("250 ")
        assert chunk(guest, b"ghi", last=True).startswith("250 ")

    assert [message.body for message in house.spool.stored] == [b"ghi"]


def test_a_bare_newline_is_refused_also_between_chunks() -> None:
    house = House()
    with house.call() as guest:
        in_chunks(guest)
        assert chunk(guest, b"a\r").startswith("250 ")
        assert chunk(guest, b"b", last=True).startswith("550 5.6.0 bare CR or LF")
        guest.ask(*TO_RCPT[1:])
        assert chunk(guest, b"a\r").startswith("250 ")
        assert chunk(guest, b"\nb\r\n", last=True).startswith("250 ")

    assert [message.body for message in house.spool.stored] == [b"a\r\nb\r\n"]


@pytest.mark.parametrize("said", [b"BDAT 10\r\nabc", b"BDAT 3\r\nabc", b"BDAT 3 LAST\r\nab"])
def test_a_client_that_goes_before_the_end_leaves_nothing(said: bytes) -> None:
    house = House()
    with house.call() as guest:
        in_chunks(guest).send(said)
        guest.hang_up()

    assert not house.spool.stored
    assert not house.spool.open


def test_one_that_nobody_can_count_is_the_end() -> None:
    """What follows might be its octets, and must not be obeyed."""
    house = House()
    with house.call() as guest:
        in_chunks(guest).send(b"BDAT 1x LAST\r\nMAIL FROM:<smuggled@x.example>\r\n")
        assert guest.hear_all() == "501 5.5.4 BDAT must have a size, and perhaps LAST\r\n"
        assert guest.status() == 1

    who = "(client.example) [192.0.2.7]"
    why = 'malformed BDAT (last command was "BDAT 1x LAST")'
    assert house.log.texts() == [f"SMTP call from {who} dropped: {why}"]


def test_hosts_to_whom_it_is_not_offered_may_not() -> None:
    house = House(usual_settings(chunking_advertise_hosts=()))
    with house.call() as guest:
        guest.hear()
        assert "CHUNKING" not in guest.ask(*TO_RCPT)[0]
        reply = chunk(guest, b"QUIT\r\n", last=True)
        assert reply == "503 5.5.1 BDAT command used when not advertised"
        assert guest.ask("DATA")[0].startswith("354 ")


@pytest.mark.parametrize("is_offered", [True, False])
def test_a_refusal_waits_for_the_octets(is_offered: bool) -> None:
    """RFC 3030 s2: whoever reads replies before he has sent them all would take it for another."""
    house = House(usual_settings(chunking_advertise_hosts=("*",) if is_offered else ()))
    with house.call() as guest:
        guest.hear()
        guest.ask("EHLO client.example")
        guest.send(b"BDAT 6 LAST\r\nQUIT")
        assert not is_readable(guest.sock, 0.05)
        guest.send(b"\r\nNOOP\r\n")
        assert guest.hear().startswith("503 ")
        assert guest.hear().startswith("250 ")


def test_a_client_is_told_to_go_between_chunks() -> None:
    """SS-06: between commands nothing is under way that would be finished first."""
    house = House()
    with house.call() as guest:
        in_chunks(guest)
        chunk(guest, b"abc")
        guest.drain()
        assert guest.hear().startswith(f"421 4.3.2 {HOST}: Service not available")
        assert guest.status() == 0
    assert not house.spool.open
    assert not house.spool.stored


@pytest.mark.parametrize("is_between", [True, False])
def test_who_says_nothing_more_is_not_waited_for(is_between: bool) -> None:
    """SS-06"""
    house = House(usual_settings(smtp_receive_timeout=0.1))
    with house.call() as guest:
        in_chunks(guest).send(b"BDAT 3\r\nabc" if is_between else b"BDAT 3\r\nab")
        said = guest.hear_all().splitlines()[-1]
        assert said.startswith("421 4.4.2 mx.example.org SMTP incoming data timeout")
        assert guest.status() == 1
    assert not house.spool.open
