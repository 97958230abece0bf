"""BDAT: octets that are counted, whatever they look like (RFC 3030)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.smtp.chunks import Chunk, ChunkReader, parse_chunk
from pymta.smtp.command import BadSyntax, Command, Verb
from pymta.smtp.server import BodyPart, Event, Misplaced, Server
from pymta.smtp.states import State

TO_RCPT = b"EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n"
TRICKY = st.lists(
    st.sampled_from(
        [b"\r", b"\n", b".", b"\0", b"a", b"\xe4", b"\r\n.\r\n", b"QUIT\r\n", b"BDAT 9"]
    ),
    max_size=12,
).map(b"".join)


@pytest.mark.parametrize(
    ("argument", "chunk"),
    [
        (b"0", Chunk(0, is_last=False)),
        (b"0 LAST", Chunk(0, is_last=True)),
        (b"007  last", Chunk(7, is_last=True)),
        (b"9" * 20, Chunk(10**20 - 1, is_last=False)),
        (b"9" * 21, None),
        (b"", None),
        (b"-1", None),
        (b"+1", None),
        (b"1_0", None),
        (b"\xd9\xa1", None),
        (b"1x", None),
        (b"1 LAST LAST", None),
        (b"1LAST", None),
        (b"LAST", None),
        (b"1 FIRST", None),
    ],
)
def test_what_bdat_says(argument: bytes, chunk: Chunk | None) -> None:
    assert parse_chunk(argument) == chunk


@pytest.mark.parametrize(
    "line",
    [
        b"BDAT\r\n",
        b"BDAT x\r\n",
        b"bdat 5\0\r\n",
        b"BDAT 5 " + b"L" * 3000 + b"\r\n",
        b"BDAT " + b"0" * 3000 + b"5\r\n",
    ],
)
@pytest.mark.parametrize("before", [b"", TO_RCPT])
def test_one_that_nobody_can_count_is_told_apart(before: bytes, line: bytes) -> None:
    """Its octets would be commands."""
    events, _ = drive(before + line + b"NOOP\r\n", 10_000)
    event = events[-2]

    assert isinstance(event, BadSyntax)
    assert event.verb is Verb.BDAT


def drive(data: bytes, step: int, *, takes: bool = True) -> tuple[list[Event], State]:
    """Say yes to everything, but to BDAT only if it `takes` them; parts of a chunk are joined."""
    server, events, body = Server(), list[Event](), b""
    for n in range(0, len(data), step):
        server.receive(data[n : n + step])
        while (event := server.next_event()) is not None:
            if isinstance(event, Command) and (takes or event.verb is not Verb.BDAT):
                server.succeeded(event.verb)
            if isinstance(event, BodyPart):
                body += event.data
                if not event.ends_chunk:
                    continue
                bare, eight = event.has_bare_newline, event.has_eight_bit
                event, body = BodyPart(body, event.is_last, bare, eight, ends_chunk=True), b""
            events.append(event)
    return events, server.state


def as_chunks(parts: list[bytes]) -> bytes:
    *most, last = parts
    said = b"".join(b"BDAT %d\r\n%s" % (len(part), part) for part in most)
    return said + b"BDAT %d LAST\r\n%s" % (len(last), last)


@given(st.lists(TRICKY, min_size=1, max_size=5), st.integers(1, 40))
def test_every_octet_of_a_message_arrives_whatever_it_is(parts: list[bytes], step: int) -> None:
    """Promise 4: a chunk holds no command, and what follows it is none of its octets."""
    events, state = drive(TO_RCPT + as_chunks(parts) + b"NOOP\r\n", step)

    bodies = [event for event in events if isinstance(event, BodyPart)]
    assert [body.data for body in bodies] == parts
    assert [body.is_last for body in bodies] == [False] * (len(parts) - 1) + [True]
    last = events[-1]
    assert isinstance(last, Command)
    assert last.verb is Verb.NOOP
    assert state is State.READY


@given(st.lists(TRICKY, min_size=1, max_size=5), st.integers(1, 40))
def test_bare_newlines_are_noticed_however_they_are_cut(parts: list[bytes], step: int) -> None:
    whole = b"".join(parts)
    left = whole.replace(b"\r\n", b"")
    *_, body, _ = drive(TO_RCPT + as_chunks(parts) + b"NOOP\r\n", step)[0]

    assert isinstance(body, BodyPart)
    assert body.has_bare_newline == (b"\r" in left or b"\n" in left)
    assert body.has_eight_bit == (b"\xe4" in whole)


def test_a_command_between_chunks_forgets_nothing_of_them() -> None:
    data = TO_RCPT + b"BDAT 2\r\n\xe4\rNOOP\r\nBDAT 1\r\naNOOP\r\nBDAT 0 LAST\r\n"
    body = drive(data, 1)[0][-1]

    assert body == BodyPart(b"", True, True, True, ends_chunk=True)


@given(TRICKY, st.integers(1, 40))
def test_what_is_refused_is_counted_off(chunk: bytes, step: int) -> None:
    said = as_chunks([chunk]) + b"RSET\r\n"
    misplaced, after = drive(said, step)[0]
    *_, refused, last = drive(TO_RCPT + said, step, takes=False)[0]

    assert isinstance(misplaced, Misplaced)
    assert isinstance(refused, Command)
    assert refused.verb is Verb.BDAT
    for event in (after, last):
        assert isinstance(event, Command)
        assert event.verb is Verb.RSET


def test_a_size_that_never_ends_holds_nothing() -> None:
    server = Server()
    server.receive(TO_RCPT.replace(b"RCPT", b"NOOP") + b"BDAT %s\r\n" % (b"9" * 20))
    while (event := server.next_event()) is not None:
        if isinstance(event, Command):
            server.succeeded(event.verb)
    for _ in range(100):
        server.receive(b"QUIT\r\n" * 10_000)
        assert server.next_event() is None
        assert not server.has_pending


def test_after_a_refusal_the_message_goes_on_to_be_counted() -> None:
    """As when the disk is full, or the whole is too large: no part of it becomes a message."""
    server = Server()
    server.receive(TO_RCPT + b"BDAT 3\r\nabcBDAT 3 LAST\r\ndefNOOP\r\n")
    for _ in range(4):
        event = server.next_event()
        assert isinstance(event, Command)
        server.succeeded(event.verb)
    assert server.next_event() == BodyPart(b"abc", False, False, False, ends_chunk=True)

    server.failed()

    assert isinstance(server.next_event(), Misplaced)
    assert isinstance(server.next_event(), Command)
    assert server.state is State.READY


def test_a_reader_takes_no_more_than_its_chunk() -> None:
    reader, buffer = ChunkReader(), bytearray(b"abcdef")
    reader.begin(Chunk(4, is_last=True))

    assert reader.feed(buffer) == b"abcd"
    assert (reader.is_over, buffer) == (True, bytearray(b"ef"))
