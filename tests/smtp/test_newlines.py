"""Line ends made proper, whatever the cuts."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.smtp.newlines import ProperNewlines, is_proper


def made_proper(text: bytes, step: int) -> bytes:
    newlines = ProperNewlines()
    parts = [newlines.feed(text[n : n + step]) for n in range(0, len(text), step)]
    return b"".join(parts) + newlines.finish()


@pytest.mark.parametrize("length", range(6))
def test_each_newline_is_one_whole_line_end(length: int) -> None:
    """Every short text of octets that matter, in one piece and octet by octet."""
    for octets in product((b"\r", b"\n", b".", b"\0"), repeat=length):
        text = b"".join(octets)
        expected = re.sub(rb"\r\n|\r|\n", b"\r\n", text)

        assert made_proper(text, length or 1) == made_proper(text, 1) == expected
        assert is_proper(expected)
        assert is_proper(text) == (text == expected)


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a"])).map(b"".join), st.integers(1, 9))
def test_what_is_proper_stays_as_it_is(text: bytes, step: int) -> None:
    proper = made_proper(text, step)

    assert made_proper(proper, step) == proper
    assert proper.replace(b"\r\n", b"\n") == re.sub(rb"\r\n?", b"\n", text)


def test_blocks_that_somebody_has_looked_at_pass_whole_but_for_a_cr_whose_lf_is_still_to_come() -> (
    None
):
    newlines = ProperNewlines()

    assert newlines.feed(b"a\r\nb\r", is_proper=True) == b"a\r\nb"
    assert newlines.feed(b"\nc", is_proper=True) == b"\r\nc"
    assert newlines.finish() == b""
