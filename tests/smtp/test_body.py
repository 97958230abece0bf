"""Where a message ends: against a reference that goes octet by octet, over every short input."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.smtp.body import BodyReader
from pymta.smtp.stuffing import DotStuffer

ALPHABET = (b"\r", b"\n", b".", b"\0", b"a")


def reference(data: bytes) -> tuple[bytes, bytes] | None:
    """Message and rest by RFC 5321 s4.5.2, line by line, a line ending in CRLF only."""
    message = b""
    while True:
        line, end, rest = data.partition(b"\r\n")
        if not end:
            return None
        if line == b".":
            return message, rest
        message += line.removeprefix(b".") + end
        data = rest


def read(data: bytes, step: int) -> tuple[bytes, bytes] | None:
    reader, message = BodyReader(), b""
    for n in range(0, len(data), step):
        message += reader.feed(data[n : n + step])
        if reader.is_over:
            return message, reader.rest + data[n + step :]
    return None


@pytest.mark.parametrize("length", range(7))
def test_only_crlf_dot_crlf_ends_a_message(length: int) -> None:
    """reliability.md, promise 4: no octets make a second message out of one."""
    for octets in product(ALPHABET, repeat=length):
        text = b"".join(octets)
        for data in (text, text + b"\r\n.\r\nQ"):
            assert read(data, len(data) or 1) == read(data, 1) == reference(data), data


@given(st.lists(st.sampled_from([*ALPHABET, b"\r\n", b"\r\n."]), max_size=40), st.integers(1, 9))
def test_cuts_change_nothing(parts: list[bytes], step: int) -> None:
    data = b"".join(parts) + b"\r\n.\r\n"

    assert read(data, step) == reference(data)


@pytest.mark.parametrize("step", [1, 2, 1000])
@pytest.mark.parametrize(
    ("data", "is_bare"),
    [
        (b"a\r\n..\r\n.\r\n", False),
        (b".\r\n", False),
        (b"a\n.\r\n\r\n.\r\n", True),
        (b"a\r\n.\n\r\n.\r\n", True),
        (b"a\r.\r\n\r\n.\r\n", True),
        (b"a\r\n.\r\r\n.\r\n", True),
        (b"\n.\r\n\r\n.\r\n", True),
        (b"a\r\r\n.\r\n", True),
    ],
)
def test_bare_newlines_are_noticed(data: bytes, is_bare: bool, step: int) -> None:
    reader = BodyReader()
    for n in range(0, len(data), step):
        reader.feed(data[n : n + step])

    assert reader.is_over
    assert reader.has_bare_newline == is_bare


def test_eight_bit_octets_are_noticed() -> None:
    for octet, is_eight_bit in ((b"\x7f", False), (b"\x80", True)):
        reader = BodyReader()
        reader.feed(octet + b"\r\n.\r\n")
        assert reader.has_eight_bit == is_eight_bit


@given(
    st.lists(st.sampled_from([b"\r\n", b".", b"..", b"a", b"\0"]), max_size=30).map(b"".join),
    st.integers(1, 7),
)
def test_what_the_writer_stuffs_the_reader_unstuffs(message: bytes, step: int) -> None:
    message = message and message.removesuffix(b"\r\n") + b"\r\n"
    stuffer = DotStuffer()
    wire = b"".join(stuffer.feed(message[n : n + step]) for n in range(0, len(message), step))
    wire += stuffer.finish()

    assert read(wire, step) == (message, b"")


@given(st.lists(st.sampled_from(ALPHABET), max_size=20).map(b"".join), st.integers(1, 7))
def test_the_writer_never_emits_a_bare_newline_nor_an_early_end(message: bytes, step: int) -> None:
    stuffer = DotStuffer()
    wire = b"".join(stuffer.feed(message[n : n + step]) for n in range(0, len(message), step))
    wire += stuffer.finish()
    reader = BodyReader()
    reader.feed(wire)

    assert reader.is_over
    assert (reader.rest, reader.has_bare_newline) == (b"", False)
