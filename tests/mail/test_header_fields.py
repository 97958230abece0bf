"""The fields of a header, as they are judged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.header_fields import Field, FieldCollector

MESSAGE = (
    b"From: A <a@b.example>\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n =?utf-8?q?_au_lait?=\r\n"
    b"X-Folded:\r\n\tone\r\n two\r\nEmpty:\r\nFrom : again\r\n"
)
FIELDS = (
    Field("From", "A <a@b.example>"),
    Field("Subject", "café au lait"),
    Field("X-Folded", "one two"),
    Field("Empty", ""),
    Field("From", "again"),
)


def collect(*blocks: bytes, fields: int = 100, octets: int = 10_000) -> FieldCollector:
    collector = FieldCollector(fields, octets)
    for block in blocks:
        collector.feed(block)
    return collector


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\nFrom: no field\r\n\r\nx"])
def test_fields_are_unfolded_and_decoded(body: bytes) -> None:
    whole = MESSAGE + body

    assert collect(whole).fields() == FIELDS
    assert collect(*(whole[n : n + 1] for n in range(len(whole)))).fields() == FIELDS


def test_what_follows_a_line_that_is_no_field_is_body() -> None:
    assert collect(b"A: 1\r\nno field\r\nB: 2\r\n\r\n").fields() == (Field("A", "1"),)
    assert collect(b"\r\nA: 1\r\n\r\n").fields() == ()


def test_a_header_of_many_fields_is_cut() -> None:
    collector = collect(b"A: 1\r\n" * 11 + b"\r\n", fields=10)

    assert collector.fields() == (Field("A", "1"),) * 10
    assert collector.is_cut
    whole = collect(b"A: 1\r\n" * 10 + b"\r\n", fields=10)
    assert len(whole.fields()) == 10
    assert not whole.is_cut


def test_of_a_large_header_whole_fields_are_kept() -> None:
    """A bomb costs as much memory as is kept, however it comes."""
    collector = collect(b"A: 1\r\nB: ", *(b"x" * 1000,) * 1000, octets=5000)

    assert collector.fields() == (Field("A", "1"),)
    assert collector.is_cut
    assert len(collector._kept) <= 5000


@given(st.binary(max_size=200), st.data())
def test_it_is_the_same_in_whatever_pieces_it_comes(message: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(message)))
    whole, pieces = collect(message, octets=100), collect(message[:at], message[at:], octets=100)

    assert whole.fields() == pieces.fields()
    assert whole.is_cut == pieces.is_cut
