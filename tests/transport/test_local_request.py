"""The words between a delivery worker and the helper that runs as root."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.routing import forward_file
from pymta.transport.local_request import (
    LONGEST_ANSWER,
    LONGEST_REQUEST,
    LONGEST_WHY,
    Answer,
    Forward,
    PutOff,
    Request,
    Stored,
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
)
from pymta.transport.mailboxes import file_name

FILE = file_name("1wIcRd-000000012Tz-1abc", "alice@localhost")
HEAD = b"Return-Path: <s@example.org>\nDelivered-To: alice@localhost\n"
REQUEST = Request("alice", FILE, 4711, HEAD, may_forward=False)
ANSWERS: st.SearchStrategy[Answer] = st.one_of(
    st.just(Stored()),
    st.builds(PutOff, st.integers(0, 133), st.text(max_size=LONGEST_WHY)),
    st.builds(Forward, st.binary()),
)


@pytest.mark.parametrize("may_forward", [True, False])
def test_a_request_is_understood(may_forward: bool) -> None:
    request = Request("alice", FILE, 0, HEAD, may_forward)
    assert decode_request(encode_request(request)) == request


def test_lines_on_top_may_hold_addresses_in_utf8() -> None:
    request = Request("alice", FILE, 0, "Return-Path: <jörg@bücher.example>\n".encode())
    assert decode_request(encode_request(request)) == request


def test_the_longest_request_fits_its_packet() -> None:
    long = "x" * 256
    head = f"Return-Path: <{long}@{long}>\nDelivered-To: {long}@{long}\n".encode()
    assert len(encode_request(Request("x" * 64, FILE, 1 << 40, head))) < LONGEST_REQUEST


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"alice", b"../alice"),
        (b"alice", b"-alice"),
        (b"alice", b"al\xffice"),
        (b"alice", b""),
        (FILE.encode(), b"../../.ssh/authorized_keys"),
        (FILE.encode(), b"." + FILE.encode()),
        (FILE.encode(), FILE.encode() + b"/x"),
        (b"4711", b"-1"),
        (b"4711", b"4_711"),
        (b"4711", b"9" * 20),
        (b"\x000\x00", b"\x002\x00"),
        (b"deliver", b"execute"),
        (HEAD, b"no header\n"),
        (HEAD, b"X: \x1b\n"),
        (HEAD, HEAD + b"\0"),
        (HEAD, b"X: \xe4\n"),
        (HEAD, "X: a\u2028b\n".encode()),
    ],
)
def test_nothing_can_be_named_that_is_no_account_and_no_message(old: bytes, new: bytes) -> None:
    packet = encode_request(REQUEST)
    assert old in packet
    with pytest.raises(ValueError, match=r"."):
        decode_request(packet.replace(old, new, 1))


@given(st.binary(max_size=400))
def test_any_other_packet_is_no_request(packet: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_request(packet)


@given(ANSWERS)
def test_an_answer_is_understood(answer: Answer) -> None:
    assert decode_answer(encode_answer(answer)) == answer


@given(st.binary(max_size=100))
def test_any_other_packet_is_no_answer(packet: bytes) -> None:
    try:
        answer = decode_answer(packet)
    except ValueError:
        return
    assert isinstance(answer, (Stored, PutOff, Forward))


def test_the_largest_forward_file_fits_an_answer() -> None:
    assert len(encode_answer(Forward(b"x" * forward_file.LONGEST))) < LONGEST_ANSWER
