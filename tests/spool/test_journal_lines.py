"""The journal of a message, format version 1."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.spool.journal_lines import HEADER, Journal, decode, encode
from pymta.spool.outcomes import (
    Deferred,
    Delivered,
    Edited,
    Failed,
    Frozen,
    Held,
    Record,
    Redirected,
    Released,
    Reported,
    Rerouted,
    Thawed,
)

AT = st.floats(0, 1e11)
TO = st.lists(st.integers(0, 50_000), max_size=4).map(tuple)
TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
RECORDS: st.SearchStrategy[Record] = st.one_of(
    st.builds(Delivered, AT, TO, TEXT),
    st.builds(Failed, AT, TO, TEXT, TEXT),
    st.builds(Reported, AT, TEXT),
    st.builds(Redirected, AT, TO, st.just((7, 8)), st.lists(TEXT, max_size=2).map(tuple)),
    st.builds(Deferred, AT, TO, AT, TEXT, st.booleans()),
    st.builds(Frozen, AT, TEXT),
    st.builds(Thawed, AT, TEXT),
    st.builds(Held, AT, TEXT),
    st.builds(Released, AT, TEXT),
    st.builds(Edited, AT, TO, st.just((7,)), st.tuples(TEXT), TEXT),
    st.builds(Rerouted, AT, TEXT, TEXT),
)
HISTORIES = st.lists(RECORDS, max_size=4)
THREE: list[Record] = [Delivered(1.0, (0,), "x"), Deferred(2.0, (1,), 3.0, "y"), Thawed(4.0)]


def journal_of(records: list[Record]) -> bytes:
    return HEADER + b"".join(map(encode, records))


@given(HISTORIES)
def test_all_records_come_back(records: list[Record]) -> None:
    content = journal_of(records)

    assert decode(content) == Journal(tuple(records), len(content))


@given(HISTORIES, st.lists(RECORDS, min_size=2, max_size=3), st.data())
def test_of_records_that_belong_together_all_come_back_or_none(
    before: list[Record], some: list[Record], data: st.DataObject
) -> None:
    whole, line = journal_of(before), encode(*some)
    torn = data.draw(st.integers(0, len(line) - 1), "torn at")

    assert decode(whole + line) == Journal((*before, *some), len(whole) + len(line))
    assert decode(whole + line[:torn]) == Journal(tuple(before), len(whole))


@given(HISTORIES, RECORDS, st.data())
def test_a_torn_last_record_counts_as_not_written(
    records: list[Record], last: Record, data: st.DataObject
) -> None:
    line = encode(last)
    whole = journal_of(records)
    torn = data.draw(st.integers(0, len(line) - 1), "torn at")

    assert decode(whole + line[:torn]) == Journal(tuple(records), len(whole))


@pytest.mark.parametrize("length", range(len(HEADER)))
def test_a_journal_without_its_first_record_is_an_empty_one(length: int) -> None:
    assert decode(HEADER[:length]) == Journal()


@pytest.mark.parametrize(
    "rest",
    [b"\x00" * 100, b"\x00" * 100 + b"\n", b"garbage\n", b"12345678 {}\n"],
    ids=["zeros", "zeros and an end", "garbage", "wrong checksum"],
)
def test_a_last_line_that_is_not_what_was_written_is_ignored(rest: bytes) -> None:
    assert decode(journal_of(THREE) + rest).records == tuple(THREE)


def test_a_damaged_record_before_a_good_one_is_not_passed_over() -> None:
    lines = [HEADER, *map(encode, THREE)]
    lines[2] = lines[2].replace(b"y", b"z")

    with pytest.raises(ValueError, match="record 2 is damaged"):
        decode(b"".join(lines))


@pytest.mark.parametrize(
    "content",
    [
        HEADER.replace(b"1", b"2") + encode(THREE[0]),
        b"\n" + encode(THREE[0]),
        b"\x00" * 16 + b"\n",
    ],
    ids=["newer version", "no header", "zeros"],
)
def test_an_unknown_journal_is_refused(content: bytes) -> None:
    with pytest.raises(
        ValueError, match=r"(not a journal of version 1|a journal of an unknown version)"
    ):
        decode(content)


@pytest.mark.parametrize(
    "text",
    [
        b'{"is":"Teleported","at":1}',
        b'{"is":"Thawed"}',
        b'{"is":"Thawed","at":"now"}',
        b'{"is":"Edited","at":1,"recipients":[0],"to":[3],"added":[],"by":"root"}',
        b'{"is":"Rerouted","at":1,"host":[1],"by":"root"}',
        b'{"is":"Delivered","at":1,"recipients":[-1],"how":""}',
        b'{"is":"Delivered","at":1,"recipients":[true],"how":""}',
        b'{"is":1}',
        b'{"is":"Together"}',
        b'{"is":"Together","records":[{"is":"Thawed","at":1},{"is":"Teleported","at":1}]}',
        b'{"is":"Together","records":[{"is":"Together","records":[]}]}',
        b"[]",
    ],
    ids=lambda text: text.decode(),
)
def test_a_whole_record_that_we_do_not_know_is_refused_even_as_the_last(text: bytes) -> None:
    """A newer pymta wrote it; passing over it could mean delivering again."""
    with pytest.raises(ValueError, match=r"\w"):
        decode(HEADER + b"%08x " % zlib.crc32(text) + text + b"\n")


@given(st.data())
def test_one_wrong_bit_is_refused_or_costs_the_last_record_at_most(data: st.DataObject) -> None:
    content = bytearray(journal_of(THREE))
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    content[bit // 8] ^= 1 << bit % 8

    try:
        records = decode(bytes(content)).records
    except ValueError:
        return
    assert records == tuple(THREE[:2])


def test_a_damaged_line_end_does_not_take_two_records_for_one_that_was_torn() -> None:
    """The second of three was a delivery, and would be made again."""
    lines = journal_of(THREE).split(b"\n")
    content = b"\n".join(lines[:2]) + b"\n" + b"\x0b".join(lines[2:4]) + b"\n"

    with pytest.raises(ValueError, match="record 2 is damaged"):
        decode(content)


def test_a_thaw_of_an_older_pymta_was_by_nobody_who_is_known() -> None:
    text = b'{"is":"Thawed","at":1}'

    line = b"%08x " % zlib.crc32(text) + text + b"\n"

    assert decode(HEADER + line).records == (Thawed(1.0),)


@given(st.binary(max_size=200))
def test_any_bytes_are_records_or_refused(content: bytes) -> None:
    for start in (b"", HEADER):
        try:
            decode(start + content)
        except ValueError:
            continue
