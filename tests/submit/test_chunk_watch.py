"""Where a client stands that goes without a word."""

from __future__ import annotations

import pytest

from pymta.submit.chunk_watch import ChunkWatch


@pytest.mark.parametrize(
    ("said", "is_inside"),
    [
        (b"", False),
        (b"RCPT TO:<a>\r\nBDAT 5 LAST\r\n", True),
        (b"BDAT 5 LAST\r\nhi\r\n", True),
        (b"BDAT 5 LAST\r\nhi\r\n.", False),
        (b"bdat 3\nab\nBDAT 2 LAST\r\n.", True),
        (b"BDAT 3\r\nab\nBDAT 2 LAST\r\n..QUIT\r\n", False),
        (b"BDAT 14\r\nBDAT 99\r\n..\r\n", True),
        (b"BDAT 14\r\nBDAT 99\r\n..\r\n\n", False),
        (b"BDAT 0 LAST\r\n", False),
        (b"BDAT\r\nBDAT x\r\nXBDAT 5\r\nNOOP BDAT 5\r\n", False),
        (b"BDAT 5 LAST", False),
    ],
)
@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_a_chunk_ends_with_its_last_octet(said: bytes, is_inside: bool, at_once: int) -> None:
    watch = ChunkWatch()
    for start in range(0, len(said), at_once):
        watch.client_says(said[start : start + at_once])
    assert watch.is_inside == is_inside


def test_a_line_of_a_message_is_no_command() -> None:
    watch = ChunkWatch()
    watch.client_says(b"DATA\r\n")
    watch.server_says(b"250 2.1.5 Accepted\r\n354 Enter message\r\n")
    watch.client_says(b"BDAT 99 LAST\r\n")
    assert not watch.is_inside
    watch.client_says(b".\r\nBDAT 99 LAST\r\n")
    assert watch.is_inside
