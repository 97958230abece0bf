"""Binary mail goes as a chunk, to hosts that take such mail, or not at all (RFC 3030 s3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.smtp.chunks import ChunkWriter
from pymta.smtp.client_words import (
    After,
    Finished,
    NeedReply,
    Refused,
    SendBody,
    SendBytes,
    Taken,
    Unheard,
)
from tests.doubles.spoken import Spoken

PLAIN = b"220 mx.example.org ESMTP\r\n"
BINARY = b"250-mx.example.org\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250 PIPELINING\r\n"
MESSAGE = "(120 octets)"


def play(answers: list[bytes], *recipients: str) -> tuple[list[str], Finished]:
    """What was said, and how it ended; b"" is answered when nothing is left."""
    names = recipients or ("r@example.org",)
    client = Spoken("we", "s@x", names, size=120, eight_bit=True, is_binary=True)
    left, said = list(answers), list[str]()
    while not isinstance(action := client.next_action(), Finished):
        match action:
            case SendBytes(data):
                said += data.decode().removesuffix("\r\n").split("\r\n")
            case SendBody(is_chunk=True):
                said.append(MESSAGE)
            case NeedReply():
                client.receive(left.pop(0) if left else b"")
            case SendBody():
                raise AssertionError("dots would be put on")
    return said, action


def test_a_binary_message_is_one_chunk() -> None:
    said, finished = play([PLAIN, BINARY, b"250 1\r\n250 2\r\n", b"250 queued\r\n"])

    assert said == [
        "EHLO we",
        "MAIL FROM:<s@x> BODY=BINARYMIME",
        "RCPT TO:<r@example.org>",
        "BDAT 120 LAST",
        MESSAGE,
    ]
    assert isinstance(finished.results[0], Taken)


@pytest.mark.parametrize(
    "offers",
    [
        b"250 mx.example.org\r\n",
        b"250-mx.example.org\r\n250 8BITMIME\r\n",
        b"250-mx.example.org\r\n250-8BITMIME\r\n250 CHUNKING\r\n",
        b"250-mx.example.org\r\n250 BINARYMIME\r\n",
    ],
)
def test_a_host_without_binarymime_does_not_get_it(offers: bytes) -> None:
    said, finished = play([PLAIN, offers])

    assert said == ["EHLO we"]
    (result,) = finished.results
    assert isinstance(result, Refused)
    assert (result.reply.code, result.reply.enhanced, result.after) == (554, "5.6.1", "")
    assert finished.after is not After.CLOSE


def test_a_chunk_is_not_sent_for_nobody() -> None:
    """Unlike DATA it could not be stopped."""
    said, finished = play([PLAIN, BINARY, b"250 1\r\n550 no\r\n"])

    assert said[-1] == "RCPT TO:<r@example.org>"
    assert isinstance(finished.results[0], Refused)
    assert finished.after is not After.CLOSE


def test_who_was_taken_gets_it_beside_who_was_not() -> None:
    said, finished = play(
        [PLAIN, BINARY, b"250 1\r\n550 no\r\n250 3\r\n", b"250 queued\r\n"], "a@x", "b@x"
    )

    assert said[-2:] == ["BDAT 120 LAST", MESSAGE]
    assert [type(result) for result in finished.results] == [Refused, Taken]


def test_a_refusal_of_the_chunk_is_one_of_the_message() -> None:
    _, finished = play([PLAIN, BINARY, b"250 1\r\n250 2\r\n", b"552 too big\r\n"])

    (result,) = finished.results
    assert isinstance(result, Refused)
    assert (result.reply.code, result.after) == (552, "end of data")


def test_a_host_that_is_silent_behind_the_chunk_may_have_it() -> None:
    _, finished = play([PLAIN, BINARY, b"250 1\r\n250 2\r\n"])

    (result,) = finished.results
    assert isinstance(result, Unheard)
    assert result.after == "end of data"


@given(st.lists(st.binary(max_size=5), min_size=1).filter(any))
def test_the_last_octets_are_kept_back_to_the_end(blocks: list[bytes]) -> None:
    """So a message that proves damaged while it is read is never whole at the other end."""
    whole = b"".join(blocks)
    writer = ChunkWriter(len(whole))
    before = b"".join(map(writer.feed, blocks))

    assert len(before) < len(whole)
    assert before + writer.finish() == whole
