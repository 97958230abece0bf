"""Command lines in any cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.smtp.lines import LineReader, TooLong

LIMIT = 8


def read(data: bytes, cuts: int = 0) -> list[bytes | TooLong]:
    reader, buffer, found = LineReader(LIMIT), bytearray(), []
    for n in range(0, len(data), cuts or len(data) or 1):
        buffer += data[n : n + (cuts or len(data))]
        while (line := reader.next_line(buffer)) is not None:
            found.append(line)
        assert len(buffer) < LIMIT
    return [TooLong(b"") if isinstance(line, TooLong) else line for line in found]


CASES = {
    b"NOOP\r\n": [b"NOOP"],
    b"NOOP\n": [b"NOOP"],
    b"NOOP": [],
    b"\r\n\n": [b"", b""],
    b"A\rB\r\n": [b"A\rB"],
    b"123456\r\n": [b"123456"],
    b"1234567\r\n": [TooLong(b"")],
    b"12345678901234567890NOOP\r\nQUIT\r\n": [TooLong(b""), b"QUIT"],
}


def test_one_line_may_be_longer_than_the_others() -> None:
    """RFC 4954 s4: those of a login."""
    reader, buffer = LineReader(LIMIT), bytearray(b"1234567890\n1234567890\n")

    assert reader.next_line(buffer, 20) == b"1234567890"
    assert isinstance(reader.next_line(buffer), TooLong)


@pytest.mark.parametrize("cuts", [0, 1, 3])
@pytest.mark.parametrize("data", CASES)
def test_lines_come_out_the_same_however_they_were_cut(data: bytes, cuts: int) -> None:
    assert read(data, cuts) == CASES[data]


@given(st.lists(st.sampled_from([b"\r", b"\n", b"a", b"\0", b"QUIT"])).map(b"".join))
def test_a_long_line_is_one_line_in_any_cut(data: bytes) -> None:
    """reliability.md s4: an over-long or oddly ended line is one line and gets one reply."""
    assert read(data, 1) == read(data, 5) == read(data)
    assert len(read(data)) == data.count(b"\n")
