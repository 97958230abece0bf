"""What Content-Type says, and where it says nothing that all readers would agree on."""

from __future__ import annotations

import pytest

from pymta.mail.media_type import PLAIN, UNCLEAR, MediaType, parse_media_type


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"text/plain", PLAIN),
        (b" Text / HTML ; charset=utf-8", MediaType("text", "html")),
        (b"text/plain; boundary=a", PLAIN),
        (
            b'multipart/mixed; charset=x; Boundary="a b\\"c"',
            MediaType("multipart", "mixed", b'a b"c'),
        ),
        (b"multipart/mixed; boundary=--=_1;", MediaType("multipart", "mixed", b"--=_1")),
        (b'multipart/mixed; boundary="a "', MediaType("multipart", "mixed")),
        (b'multipart/mixed; boundary=""', MediaType("multipart", "mixed")),
        (b"multipart/mixed; boundary=a; boundary=a", MediaType("multipart", "mixed")),
        (b"multipart/mixed; boundary*=us-ascii''a", MediaType("multipart", "mixed")),
        (b'multipart/mixed; boundary="a', MediaType("multipart", "mixed")),
        (b"multipart/mixed; boundary=a b", MediaType("multipart", "mixed")),
        (b"multipart/mixed; boundary=\xe4", MediaType("multipart", "mixed")),
        (b"text", PLAIN),
        (b"", UNCLEAR),
        (b"multipart/mixed (a comment)", UNCLEAR),
        (b"a/b/c", UNCLEAR),
    ],
)
def test_a_type_and_its_boundary(value: bytes, found: MediaType) -> None:
    assert parse_media_type(value) == found
