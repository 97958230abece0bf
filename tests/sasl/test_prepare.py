"""Names and passwords are compared in one form (RFC 4013)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.sasl.prepare import (
    decode_name,
    decode_password,
    prepare_name,
    saslprep,
    spellings,
)


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),  # SOFT HYPHEN mapped to nothing
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),  # NFKC
        ("\u2168", "IX"),
    ],
)
def test_the_examples_of_rfc_4013_s3_come_out_as_they_say(text: str, prepared: str) -> None:
    assert saslprep(text) == prepared


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\u0007", id="control, from RFC 4013 s3"),
        pytest.param("\u06271", id="direction, from RFC 4013 s3"),
        pytest.param("a\0b", id="NUL"),
        pytest.param("a\u0627b", id="mixed direction"),
        pytest.param("\ue000", id="private use"),
        pytest.param("\ufffd", id="replacement character"),
        pytest.param("\u202e", id="right-to-left override"),
        pytest.param("\U000e0041", id="tag"),
        pytest.param("\ud800", id="surrogate"),
    ],
)
def test_what_may_not_stand_there_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"U\+|direction|left"):
        saslprep(text)


def test_blanks_of_other_scripts_are_blanks() -> None:
    assert saslprep("a\u00a0b\u3000c") == "a b c"


def test_code_points_that_are_newer_than_the_standard_are_left_alone() -> None:
    assert saslprep("\U0001f511\U0001fae0") == "\U0001f511\U0001fae0"


@given(st.text())
def test_what_is_prepared_stays_as_it_is(text: str) -> None:
    try:
        once = saslprep(text)
    except ValueError:
        return
    assert saslprep(once) == once


def test_letter_case_does_not_make_another_account() -> None:
    assert prepare_name("Alice@Example.ORG") == "alice@example.org"
    assert prepare_name("\u212aate") == "kate"  # the Kelvin sign is a K, once and for all


@pytest.mark.parametrize(
    "text",
    ["", "a b", "a:b", "a\tb", "a\nb", "a\u00a0b", "\u00ad", "x" * 256, "\u00e9" * 128],
)
def test_what_would_confuse_a_file_or_a_log_is_no_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"name|U\+"):
        prepare_name(text)


def test_octets_that_are_no_utf_8_are_no_name_and_no_password() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        decode_name(b"caf\xe9")
    with pytest.raises(ValueError, match="no UTF-8"):
        decode_password(b"caf\xe9")


@pytest.mark.parametrize("data", [b"", b"x" * 1025, b"secret\0", b"secret\xff"])
def test_a_complaint_about_a_password_tells_nothing_of_it(data: bytes) -> None:
    with pytest.raises(ValueError, match="password") as caught:
        decode_password(data)
    assert "secret" not in str(caught.value)


def test_a_password_is_compared_as_prepared_and_as_it_came() -> None:
    assert spellings("pa\u00adss") == (b"pass", b"pa\xc2\xadss")
    assert spellings("pass") == (b"pass",)
    assert spellings("bell\u0007") == (b"bell\x07",)
