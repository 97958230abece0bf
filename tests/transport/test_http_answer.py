"""What a web server answered, in whatever pieces it comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.transport.http_answer import LONGEST_HEAD, Head, NoHttpError, read_head

CHUNKED = (
    b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n"
    b"3\r\nabc\r\n2 ;x=y\r\nde\r\n0\r\n\r\n"
)
PLAIN = b"HTTP/1.1 200\r\nContent-Length: 5\r\ncontent-type: Text/PLAIN; charset=utf-8\r\n\r\nabcde"


@pytest.mark.parametrize("answer", [CHUNKED, PLAIN])
def test_it_is_complete_with_its_last_octet_and_not_before(answer: bytes) -> None:
    for length in range(len(answer) - 2 * (answer is CHUNKED)):
        head = read_head(answer[:length])
        assert head is None or not head.body(answer[:length])[1]
    head = read_head(answer)
    assert head is not None
    assert (head.status, head.kind) == (200, "text/plain")
    assert head.body(answer) == (b"abcde", True)


def test_without_a_length_only_the_end_says_where_it_ends() -> None:
    answer = b"HTTP/1.0 404 Not here\r\n\r\nabc"
    head = read_head(answer)
    assert head == Head(404, "text/plain", None, is_chunked=False, begins=25)
    assert head.body(answer) == (b"abc", False)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"220 mx ESMTP\r\n", "status line"),
        (b"HTTP/1.1 2000\r\n", "status line"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "two things"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "no number"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "nobody has asked for"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * LONGEST_HEAD, "without an end"),
        (b"HTTP/1.1 100 Wait\r\n\r\n" * LONGEST_HEAD, "without an end"),
    ],
)
def test_what_makes_no_sense_is_no_answer(answer: bytes, why: str) -> None:
    with pytest.raises(NoHttpError, match=why):
        read_head(answer)


@pytest.mark.parametrize("body", [b"x\r\n", b"-1\r\n", b"1\r\nabc\r\n", b"1\r\nabc"])
def test_chunks_that_do_not_fit_are_refused(body: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    head = read_head(answer)
    assert head is not None
    with pytest.raises(NoHttpError, match="a chunk without"):
        head.body(answer)


@given(st.binary(max_size=80))
def test_no_octets_break_it(octets: bytes) -> None:
    for text in (octets, CHUNKED[:80] + octets, CHUNKED[:118] + octets):
        try:
            head = read_head(text)
            assert head is None or len(head.body(text)[0]) <= len(text)
        except NoHttpError:
            pass
