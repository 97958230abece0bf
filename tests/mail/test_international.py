"""Which messages need SMTPUTF8, and which only came with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.international import is_international

PART = "--b\r\nContent-Type: text/plain; charset=utf-8\r\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Subject: Grüße\r\n\r\nx\r\n", True),
        ("Subject: x\r\n\r\nGrüße\r\n", False),
        ("Subject: x\r\nTo: a\r\n ü\r\n\r\n", True),
        (f"A: b\r\n\r\n{PART}\r\nGrüße\r\n--b--\r\n", False),
        (f"A: b\r\n\r\n{PART}Content-Description: Grüße\r\n\r\nx\r\n--b--\r\n", True),
        ("A: b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: ü\r\n\r\nx", True),
        ("A: b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: u\r\n\r\nü", False),
        ("A: b\r\n\r\ngreetings\r\n-- \r\nJörg\r\n", False),
        ("A: b\r\n\r\n" + "x" * 200_000 + "ü\r\n", False),
        ("", False),
        ("Subject: Grüße", True),
    ],
)
def test_it_is_the_header_that_counts(text: str, expected: bool) -> None:
    octets = text.encode()

    assert is_international([octets]) is expected
    assert is_international(octets[n : n + 1] for n in range(len(octets))) is expected


@given(st.binary(max_size=300).filter(bytes.isascii))
def test_a_message_in_ascii_never_is(octets: bytes) -> None:
    assert not is_international([octets])
