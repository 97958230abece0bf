"""Lines of programs become lines of SMTP, however they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.submit.lines import Lines, stuffed


def read(*blocks: bytes, dot_ends: bool = False) -> bytes:
    lines = Lines(dot_ends=dot_ends)
    return b"".join(lines.feed(block) for block in blocks) + lines.finish()


def bytewise(text: bytes, *, dot_ends: bool = False) -> bytes:
    return read(*(text[n : n + 1] for n in range(len(text))), dot_ends=dot_ends)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"a\r\nb\nc", b"a\r\nb\r\nc\r\n"),
        (b"10%\r20%\rdone\n", b"10%\r\n20%\r\ndone\r\n"),
        (b"a\r\r\nb\r", b"a\r\n\r\nb\r\n"),
        (b"", b""),
        (b".\n..\n", b".\r\n..\r\n"),
    ],
)
def test_every_line_ends_with_crlf(text: bytes, made: bytes) -> None:
    assert read(text) == bytewise(text) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (b"a\n.\nb\n", b"a\r\n"),
        (b"a\r\n.\r\nb\n", b"a\r\n"),
        (b".\nb\n", b""),
        (b"a\n.", b"a\r\n"),
        (b"a\n.\r", b"a\r\n"),
        (b"a\n..\nb.\n.c\n", b"a\r\n..\r\nb.\r\n.c\r\n"),
        (b"a.\n", b"a.\r\n"),
    ],
)
def test_a_dot_alone_ends_it_where_it_may(text: bytes, made: bytes) -> None:
    assert read(text, dot_ends=True) == bytewise(text, dot_ends=True) == made


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"x", b"\r\n", b"\n.\n"])), st.booleans())
def test_blocks_make_no_difference(parts: list[bytes], dot_ends: bool) -> None:
    text = b"".join(parts)
    made = bytewise(text, dot_ends=dot_ends)

    assert read(text, dot_ends=dot_ends) == read(*parts, dot_ends=dot_ends) == made
    assert b"\r" not in made.replace(b"\r\n", b"")
    assert b"\n" not in made.replace(b"\r\n", b"")
    assert not dot_ends or b"\r\n.\r\n" not in b"\r\n" + made


@given(st.lists(st.sampled_from([b".", b"x", b"\r\n"])), st.integers(0, 40))
def test_no_dot_of_the_text_ends_the_message(parts: list[bytes], cut: int) -> None:
    """RFC 5321 s4.5.2: what the server takes away again is what was put there."""
    text = b"".join(parts)
    first, second = text[:cut], text[cut:]
    at_start = not first or first.endswith(b"\n")

    sent = stuffed(first, at_start=True) + stuffed(second, at_start=at_start)

    heard = [line[1:] if line.startswith(b".") else line for line in sent.split(b"\r\n")]
    assert b"\r\n".join(heard) == text
    assert b"." not in sent.split(b"\r\n")


def test_eight_bit_text_is_noticed() -> None:
    lines = Lines(dot_ends=False)
    lines.feed(b"plain\n")
    assert not lines.has_eight_bit
    lines.feed("grün".encode())
    assert lines.has_eight_bit
