"""Encoded words, good ones and others."""

from __future__ import annotations

from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.journal.line import printable
from pymta.mail.unstructured import text_of


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (b" hello ", "hello"),
        (b" =?utf-8?q?Gr=C3=BC=C3=9Fe?= from =?iso-8859-1?b?TfxsbGVy?=", "Grüße from Müller"),
        (b"=?utf-8?b?R3I=?=\t=?utf-8?q?uss?=", "Gruss"),
        ("Grüße".encode(), "Grüße"),
        (b"=?utf-8?q?a?= Gr\xfc\xdfe", "a Gr\udcfc\udcdfe"),
        (b"=?x-nobody-knows?q?a?=", "=?x-nobody-knows?q?a?="),
        (b"=?utf-8?b?A?=", "=?utf-8?b?A?="),
        (b"", ""),
    ],
)
def test_encoded_words_are_decoded_where_they_make_sense(field: bytes, text: str) -> None:
    """N-39 subject"""
    assert text_of(field) == text


@pytest.mark.parametrize("charset", sorted({*aliases, *aliases.values(), "undefined", "a b", ""}))
def test_no_character_set_that_a_stranger_names_breaks_anything(charset: str) -> None:
    """The message is ours by then: a mistake would have its sender send it again."""
    for word in ("?q?=FF=00a-?=", "?b?/wBhLQ==?=", "?q??="):
        assert isinstance(text_of(f"=?{charset}{word} and more".encode()), str)


@given(
    st.binary(max_size=300)
    | st.from_regex(rb"(=\?[a-z0-9-]{1,12}\?[bqBQ]\?[ -~]{0,20}\?=[ ]?){0,4}", fullmatch=True)
)
def test_any_subject_becomes_a_text_for_one_line(field: bytes) -> None:
    assert len(printable(text_of(field)).encode().decode().splitlines()) <= 1
