"""Message ids: their form, what they remember, and their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.message_id import FRACTIONS, LENGTH, arrival_time, is_id, make_id, pid_part

SECONDS = st.integers(0, 2**34)
PARTS = st.integers(0, 2**64 - 1)
MICROSECONDS = st.integers(0, FRACTIONS - 1)


def test_an_id_has_six_eleven_and_four_digits() -> None:
    assert make_id(0, 0, 0) == "000000-00000000000-0000"
    assert make_id(62, 61, 62 * 62) == "000010-0000000000z-0100"


@given(SECONDS, PARTS, MICROSECONDS)
def test_every_id_has_the_form_and_remembers_its_second(
    seconds: int, part: int, fraction: int
) -> None:
    id = make_id(seconds, part, fraction)

    assert len(id) == LENGTH
    assert is_id(id)
    assert arrival_time(id) == seconds


@given(SECONDS, MICROSECONDS, SECONDS, MICROSECONDS, PARTS)
def test_ids_of_one_process_sort_as_text_in_the_order_of_arrival(
    s1: int, f1: int, s2: int, f2: int, part: int
) -> None:
    first, second = make_id(s1, part, f1), make_id(s2, part, f2)

    assert (first < second) == ((s1, f1) < (s2, f2))


@given(st.integers(0, 2**42 - 1), st.integers(1, 2**22 - 1))
def test_hosts_and_processes_never_share_a_middle_part(host: int, pid: int) -> None:
    assert pid_part(host, pid) != pid_part(host ^ 1, pid)
    assert pid_part(host, pid) != pid_part(host, pid ^ 1)
    assert pid_part(host, pid) < 62**11


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "../../etc/passwd-x-0000",
        "000000-00000000000-000",
        "000000-00000000000-0000\n",
        "000000-00000000000-000\u0660",
        "000000_00000000000-0000",
        "/00000-00000000000-0000",
    ],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(ValueError, match="not a message id"):
        arrival_time(text)


def test_a_number_too_large_for_its_digits_is_our_own_mistake() -> None:
    with pytest.raises(OverflowError):
        make_id(62**6, 0, 0)
