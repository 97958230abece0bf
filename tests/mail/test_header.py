"""The header scanner, fed whole and in every small cut."""

from __future__ import annotations

import pytest

from pymta.mail.header import HeaderScanner

FOLDED = (
    b"Received: from a\r\n\tby b\r\nreceived : x\r\nSubject: Received: no\r\n"
    b"Message-ID:\r\n <1.2@b.example>\r\nMessage-ID: <second@b.example>\r\n"
    b"\r\nReceived: in the body\r\n"
)


def scan(message: bytes, step: int, limit: int = 1000) -> HeaderScanner:
    scanner = HeaderScanner(limit)
    for n in range(0, len(message), step):
        scanner.feed(message[n : n + step])
    scanner.finish()
    return scanner


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_fields_are_counted_until_the_empty_line(step: int) -> None:
    found = scan(FOLDED, step)

    assert (found.received, found.message_id) == (2, "1.2@b.example")
    assert found.size == FOLDED.index(b"\r\n\r\n") + 4


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_the_subject_is_that_of_the_first_field_unfolded(step: int) -> None:
    folded = (
        b"To: a\r\n b\r\nSubject:\r\n one\r\n\ttwo\r\nX: y\r\n z\r\nsubject: other\r\n more\r\n\r\n"
    )

    assert scan(folded, step).subject == b" one\ttwo"
    assert scan(b"Subject:\r\n\r\n", step).subject == b""
    assert scan(b"To: a\r\n\r\nSubject: in the body\r\n", step).subject is None


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("header", "optional"),
    [
        (b"TLS-Required: No\r\n", True),
        (b"tls-required :\r\n NO \r\n", True),
        (b"TLS-Required: Yes\r\n", False),
        (b"TLS-Required: Nobody\r\n", False),
        (b"X-TLS-Required: No\r\n", False),
        (b"Subject: x\r\n\r\nTLS-Required: No\r\n", False),
    ],
)
def test_the_author_may_want_it_to_arrive_without_tls(
    header: bytes, optional: bool, step: int
) -> None:
    """RFC 8689 s3"""
    assert scan(header + b"\r\n", step).tls_optional is optional


def test_a_subject_is_bounded() -> None:
    found = scan(b"Subject: a\r\n" + b" b\r\n" * 10_000, 1000, limit=100_000)

    assert found.subject is not None
    assert len(found.subject) < 1000


@pytest.mark.parametrize("step", [1, 1000])
def test_a_line_that_is_no_field_begins_the_body(step: int) -> None:
    assert scan(b"Received: a\r\nhello\r\nReceived: b\r\n", step).received == 1


def test_a_header_without_an_end_counts_too() -> None:
    assert scan(b"Received: a\r\nReceived: b", 1).received == 2


@pytest.mark.parametrize("step", [1, 1000])
def test_a_header_beyond_the_limit_is_noticed(step: int) -> None:
    assert scan(b"X: " + b"a" * 998, step).is_too_large
    assert scan(b"X: a\r\n" * 200, step).is_too_large
    assert not scan(b"X: " + b"a" * 995 + b"\r\n", step).is_too_large


@pytest.mark.parametrize(
    "value",
    [b"<a b>", b"<\x1b[2J@x>", b"<\xff@x>", b"", b"<" + b"a" * 300 + b">"],
)
def test_a_message_id_that_could_spoil_a_log_line_is_none(value: bytes) -> None:
    assert scan(b"Message-ID: " + value + b"\r\n\r\n", 100).message_id == ""


def test_only_a_bounded_part_of_a_line_is_kept() -> None:
    scanner = HeaderScanner()
    for _ in range(100):
        scanner.feed(b"a" * 10_000)

    assert len(scanner._line) < 1000


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("message", "names"),
    [
        (b"From: a\r\nno field\r\nFROM : b\r\nTo: c\r\n\r\n", {b"from"}),
        (b"no field\r\nSender: b", {b"sender"}),
        (b"From: a\r\n\r\nno field\r\nFrom: b\r\n", set()),
        (b"no field\r\n\r\nFrom: b\r\n", set()),
        (b"no field\r\n" + b"x" * 2000 + b"\r\nFrom: b\r\n", set()),
    ],
)
def test_what_others_may_find_behind_the_end_is_told(
    message: bytes, names: set[bytes], step: int
) -> None:
    """As far as a header may go."""
    scanner = HeaderScanner(1000, frozenset({b"from", b"sender"}))
    for n in range(0, len(message), step):
        scanner.feed(message[n : n + step])
    scanner.finish()
    assert scanner.beyond == names
