"""Replies of the server, and the exit status that each is."""

from __future__ import annotations

import pytest

from pymta.submit.replies import Reply, ReplyReader


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("250 2.0.0 OK", 0),
        ("354 go on", 0),
        ("421 Too many concurrent local connections", 75),
        ("451 4.3.0 later", 75),
        ("452 4.3.1 Space shortage", 75),
        ("550 5.1.1 Unknown user", 67),
        ("550 5.1.2 no such domain", 68),
        ("501 5.1.3 malformed recipient address", 65),
        ("550 5.6.0 bare CR", 65),
        ("552 5.3.4 too big", 69),
        ("550 5.7.1 no", 69),
        ("554 no", 69),
        ("503 5.5.1 bad sequence", 70),
        ("500 what", 70),
        ("000", 75),
    ],
)
def test_a_reply_is_an_exit_status(text: str, status: int) -> None:
    code, _, rest = text.partition(" ")

    assert Reply(int(code), [rest]).exit_status == status


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_replies_are_read_whatever_pieces_they_come_in(step: int) -> None:
    text = b"250-mx Hello\r\n250-SIZE 5\r\n250 DSN\r\n550 5.1.1 n\xc3\xb6\x07\r\n"
    reader, found = ReplyReader(), []
    for at in range(0, len(text), step):
        reply = reader.feed(text[at : at + step])
        while reply:
            found.append(reply)
            reply = reader.feed(b"")

    assert [(one.code, one.lines) for one in found] == [
        (250, ["mx Hello", "SIZE 5", "DSN"]),
        (550, ["5.1.1 nö?"]),
    ]


@pytest.mark.parametrize(
    "text", [b"hello\r\n", b"2x0 a\r\n", b"\r\n", b"250-x" * 20_000, b"a" * 70_000]
)
def test_what_is_no_reply_is_noticed(text: bytes) -> None:
    reader = ReplyReader()

    assert reader.feed(text) is None
    assert reader.is_broken
