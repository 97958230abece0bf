"""Replies of other servers, whole, octet by octet, and with what follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.reply import Reply
from pymta.smtp.replies import Garbled, ReplyReader

GOOD = {
    b"250 ok\r\n": Reply(250, "ok"),
    b"250 ok\n": Reply(250, "ok"),
    b"250\r\n": Reply(250, ""),
    b"250 \r\n": Reply(250, ""),
    b"250-a\r\n250 b\r\n": Reply(250, "a\nb"),
    b"250 2.1.0 ok\r\n": Reply(250, "ok", "2.1.0"),
    b"550-5.1.1 no\r\n550 5.1.1 user\r\n": Reply(550, "no\nuser", "5.1.1"),
    b"550 2.1.0 odd\r\n": Reply(550, "2.1.0 odd"),
    b"250 1.2.3.4 is you\r\n": Reply(250, "1.2.3.4 is you"),
    b"554 \x1b[31mr\xc3\xa4d\r\n": Reply(554, "?[31mr??d"),
}

BAD = [
    b"\r\n",
    b"25 ok\r\n",
    b"2500 ok\r\n",
    b"150 ok\r\n",
    b"650 ok\r\n",
    b"\xb2\xb3\xb4 ok\r\n",
    b"250-a\r\n251 b\r\n",
    b"250-a\r\nhello\r\n",
    b"250 " + b"a" * 5000,
    b"250-" + b"a" * 5000 + b"\r\n",
    b"250-a\r\n" * 300,
    (b"250-" + b"a" * 4000 + b"\r\n") * 17,
]


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize("wire", GOOD)
def test_good_replies(wire: bytes, is_cut: bool) -> None:
    reader = ReplyReader()
    for part in [wire[n : n + 1] for n in range(len(wire))] if is_cut else [wire]:
        assert reader.next_reply() is None
        reader.receive(part)

    assert reader.next_reply() == GOOD[wire]
    assert not reader.has_pending


def test_what_follows_a_reply_waits() -> None:
    reader = ReplyReader()
    reader.receive(b"250 a\r\n550 b\r\n25")

    assert reader.next_reply() == Reply(250, "a")
    assert reader.next_reply() == Reply(550, "b")
    assert reader.next_reply() is None
    assert reader.has_pending


@pytest.mark.parametrize("wire", BAD)
def test_after_a_garbled_reply_nothing_is_believed(wire: bytes) -> None:
    reader = ReplyReader()
    reader.receive(wire)
    first = reader.next_reply()
    reader.receive(b"250 ok\r\n")

    assert isinstance(first, Garbled)
    assert first.why.isprintable()
    assert reader.next_reply() == first


@given(st.binary(max_size=60), st.integers(1, 9))
def test_any_octets_give_the_same_in_any_cut(wire: bytes, step: int) -> None:
    def read(parts: list[bytes]) -> list[Reply | Garbled]:
        reader, found = ReplyReader(), []
        for part in parts:
            reader.receive(part)
            while (reply := reader.next_reply()) is not None:
                found.append(reply)
                if isinstance(reply, Garbled):
                    return found
        return found

    assert read([wire[n : n + step] for n in range(0, len(wire), step)]) == read([wire])
