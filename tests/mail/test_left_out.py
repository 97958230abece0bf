"""Fields that stay behind when a message passes by."""

from __future__ import annotations

import pytest

from pymta.mail.left_out import LeftOut


def made(text: bytes, step: int) -> bytes:
    passing = LeftOut(frozenset({b"resent-sender"}), frozenset({b"sender"}))
    blocks = [text[at : at + step] for at in range(0, len(text), step)]
    return b"".join(map(passing.feed, blocks)) + passing.finish()


@pytest.mark.parametrize("step", [1, 7, 100_000])
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (b"A: a\r\nSender: b\r\nTo: c\r\n\r\nSender: d\r\n", b"A: a\r\nTo: c\r\n\r\nSender: d\r\n"),
        (b"SENDER :b\r\n c\r\n\td\r\nTo: e\r\n\r\n", b"To: e\r\n\r\n"),
        (b"Sender: b", b""),
        (b"To: c\r\nno field\r\nSender: d\r\n", b"To: c\r\nno field\r\nSender: d\r\n"),
        (b"Resent-To: a\r\nResent-Sender: b\r\nSender: c\r\n", b"Resent-To: a\r\nSender: c\r\n"),
        (b"Sender: " + b"x" * 5000 + b"\r\nTo: c\r\n\r\n", b"To: c\r\n\r\n"),
        (b"Subject: " + b"x" * 5000 + b"\r\n" + b" y" * 900 + b"\r\n\r\n", None),
        (b"Senders: a\r\nX-Sender: b\r\n\r\n", None),
        (b"", b""),
    ],
)  # fmt: skip
def test_the_named_fields_are_left_out_and_nothing_else(
    text: bytes, kept: bytes | None, step: int
) -> None:
    assert made(text, step) == (text if kept is None else kept)
