"""Nothing that strangers wrote can forge a line, move a cursor, or fill a disk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.journal.event import MAIN, MAIN_AND_PANIC, MAIN_AND_REJECT, Event, Kind, Stream
from pymta.journal.line import (
    LONGEST_FIELD,
    LONGEST_LINE,
    entry,
    message,
    prefixed,
    printable,
    priority,
    stamped,
)

ANY_TEXT = st.text(st.characters(codec=None)) | st.binary().map(
    lambda data: data.decode("utf-8", "surrogateescape")
)


def event(text: str, **more: object) -> Event:
    return Event(Kind.ARRIVED, text, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\nb", "a\\x0ab", id="line end"),
        pytest.param("a\r\nb", "a\\x0d\\x0ab", id="network line end"),
        pytest.param("\x1b[2J", "\\x1b[2J", id="terminal control"),
        pytest.param("\x00\x7f", "\\x00\\x7f", id="NUL and DEL"),
        pytest.param("\x85\x9b", "\\x85\\x9b", id="C1"),
        pytest.param("a\u2028b", "a\\u2028b", id="line separator"),
        pytest.param("\u202egpj.exe", "\\u202egpj.exe", id="direction override"),
        pytest.param("\u2066x\u2069", "\\u2066x\\u2069", id="direction isolate"),
        pytest.param("\U000e0041", "\\U000e0041", id="tag character"),
        pytest.param(b"caf\xe9".decode("utf-8", "surrogateescape"), "caf\\xe9", id="not UTF-8"),
        pytest.param("\ud800", "\\ud800", id="lone surrogate"),
        pytest.param("Grüße 日本 <a@b>", "Grüße 日本 <a@b>", id="ordinary text stays"),
    ],
)
def test_what_does_not_print_is_made_visible(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(ANY_TEXT)
def test_any_text_becomes_one_line_of_valid_utf8(text: str) -> None:
    line = prefixed(event(text))

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert not any(byte < 0x20 or byte == 0x7F for byte in line[:-1])
    assert line.decode().startswith("<6>")


@given(ANY_TEXT)
def test_a_line_is_one_line_to_every_reader(text: str) -> None:
    assert len(stamped(event(text), "2026-11-22 10:00:00").decode().splitlines()) == 1


@given(st.text(min_size=1), st.integers(1, 4000))
def test_a_line_is_bounded(text: str, times: int) -> None:
    line = message(event(text * times))

    assert len(line.encode()) <= LONGEST_LINE
    assert line == printable(text * times) or line.endswith("[cut]")


def test_the_message_id_stands_before_the_text() -> None:
    arrived = event("<= a@b.example", queue_id="1aB2cD-00000000123-4567")

    assert stamped(arrived, "2026-11-22 10:00:00") == (
        b"2026-11-22 10:00:00 1aB2cD-00000000123-4567 <= a@b.example\n"
    )


@pytest.mark.parametrize(
    ("streams", "severity", "names"),
    [
        (MAIN, 6, "main"),
        (MAIN_AND_REJECT, 5, "main,reject"),
        (MAIN_AND_PANIC, 1, "main,panic"),
        ((Stream.PANIC,), 1, "panic"),
    ],
)
def test_an_event_of_several_streams_is_told_once_at_the_most_severe(
    streams: tuple[Stream, ...], severity: int, names: str
) -> None:
    one = event("text", streams=streams)

    assert priority(one) == severity
    assert dict(entry(one))["PRIORITY"] == str(severity)
    assert dict(entry(one))["PYMTA_STREAM"] == names


def test_an_entry_has_the_fields_that_people_search_for() -> None:
    one = event("<= a@b.example", queue_id="1aB2cD-00000000123-4567", fields={"SENDER": "a@b"})

    assert dict(entry(one)) == {
        "MESSAGE": "1aB2cD-00000000123-4567 <= a@b.example",
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "pymta",
        "SYSLOG_FACILITY": "2",
        "MESSAGE_ID": Kind.ARRIVED.value,
        "PYMTA_KIND": "arrived",
        "PYMTA_STREAM": "main",
        "PYMTA_QUEUE_ID": "1aB2cD-00000000123-4567",
        "PYMTA_SENDER": "a@b",
    }


def test_a_field_with_several_values_stands_once_for_each() -> None:
    one = event("<= a@b.example", fields={"RECIPIENT": ("c@d.example", "e\x00@f.example")})

    assert [pair for pair in entry(one) if pair[0] == "PYMTA_RECIPIENT"] == [
        ("PYMTA_RECIPIENT", "c@d.example"),
        ("PYMTA_RECIPIENT", "e\\x00@f.example"),
    ]


def test_a_field_may_have_lines_but_no_control_characters() -> None:
    one = event("bug", fields={"TRACEBACK": "Traceback:\n\t\x1b[31mred"})

    assert dict(entry(one))["PYMTA_TRACEBACK"] == "Traceback:\n\t\\x1b[31mred"


def test_a_field_is_bounded() -> None:
    one = event("many", fields={"RECIPIENTS": "ä" * LONGEST_FIELD})

    assert len(dict(entry(one))["PYMTA_RECIPIENTS"].encode()) <= LONGEST_FIELD


def test_every_kind_has_an_id_of_its_own_that_the_journal_takes() -> None:
    ids = [kind.value for kind in Kind]

    assert len(set(ids)) == len(ids)
    assert all(len(bytes.fromhex(id)) == 16 for id in ids)
