from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.load.reading import (
    NOTHING,
    Excess,
    Load,
    as_word,
    either,
    excess,
    from_word,
    parse_average,
    parse_pressure,
    unknown,
)

FIGURES = st.none() | st.floats(0, 1e6)
LOADS = st.builds(Load, FIGURES, FIGURES, FIGURES, FIGURES)
CPU = "some avg10=12.34 avg60=3.00 avg300=1.00 total=52455138\nfull avg10=0.00 avg60=0.00\n"


@pytest.mark.parametrize(
    ("load", "limit", "expected"),
    [
        (Load(4.01), Load(4.0), Excess("load average", 4.01)),
        (Load(4.0), Load(4.0), None),
        (Load(0.01), Load(0.0), Excess("load average", 0.01)),
        (Load(0.0), Load(0.0), None),
        (Load(99.0), NOTHING, None),
        (NOTHING, Load(0.0), None),
        (Load(cpu=50.0, io=50.0), Load(io=40.0), Excess("pressure io", 50.0)),
        (Load(5.0, memory=50.0), Load(9.0, memory=0.0), Excess("pressure memory", 50.0)),
        (Load(5.0, cpu=50.0), Load(4.0, cpu=40.0), Excess("load average", 5.0)),
    ],
    ids=[
        "above",
        "at the limit",
        "any load is above none",
        "an idle machine",
        "no limit",
        "not known",
        "only what has a limit",
        "the second",
        "both",
    ],
)
def test_the_first_value_above_its_limit_counts(
    load: Load, limit: Load, expected: Excess | None
) -> None:
    """LM-02"""
    assert excess(load, limit) == expected


def test_what_has_a_limit_and_no_value_is_named() -> None:
    assert unknown(Load(1.0, io=0.0), Load(4.0, cpu=40.0, io=10.0)) == ("pressure cpu",)
    assert unknown(NOTHING, Load(4.0)) == ("load average",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.52 1.49 1.13 4/117 19956\n", 0.52),
        ("3", 3.0),
        ("", None),
        ("busy", None),
        ("nan 0 0", None),
        ("inf", None),
        ("-1", None),
    ],
)
def test_a_load_average_is_read_or_is_none(text: str, expected: float | None) -> None:
    assert parse_average(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CPU, 12.34),
        (CPU[::-1], None),
        ("full avg10=5.00 avg60=0.00 avg300=0.00 total=1\n", None),
        ("some avg60=1.00 avg10=2.00", 2.0),
        ("some avg60=1.00", None),
        ("some", None),
        ("", None),
    ],
)
def test_a_pressure_is_read_or_is_none(text: str, expected: float | None) -> None:
    assert parse_pressure(text) == expected


@given(LOADS)
def test_a_reading_goes_through_a_channel_unchanged(load: Load) -> None:
    assert from_word(as_word(load)) == load
    assert " " not in as_word(load)


@pytest.mark.parametrize("word", ["", "disk=1", "average", "average=much"])
def test_what_is_no_reading_is_a_bug_of_ours(word: str) -> None:
    with pytest.raises(ValueError, match=r"not a reading|could not convert"):
        from_word(word)


def test_two_limits_watch_what_either_limits() -> None:
    first, second = Load(average=1.0, cpu=2.0), Load(average=9.0, io=3.0)

    assert either(first, second) == Load(average=1.0, cpu=2.0, io=3.0)
    assert either(NOTHING, NOTHING) == NOTHING
