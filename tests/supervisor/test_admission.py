from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.config.limits import Limits
from pymta.load.reading import NOTHING, Load
from pymta.supervisor.admission import Admit, House, Refuse, admit, admit_local
from pymta.supervisor.share import Share, share_of

QUIET = House(sessions=0, from_address=0, share=Share(3), load=Load(0.1))
LIMITS = Limits(smtp_accept_max=20, smtp_load_reserve=8.0)


def test_the_last_free_slot_is_given_out() -> None:
    """LM-01"""
    assert admit(replace(QUIET, sessions=19), LIMITS) == Admit(sessions=20)


@pytest.mark.parametrize(
    ("house", "refusal"),
    [
        (
            replace(QUIET, sessions=20),
            Refuse(
                "421 Too many concurrent SMTP connections; please try again later.",
                "too many connections",
            ),
        ),
        (
            replace(QUIET, load=Load(8.01)),
            Refuse("421 Too much load; please try again later.", "load average = 8.01"),
        ),
        (
            replace(QUIET, sessions=3, from_address=3),
            Refuse(
                "421 Too many concurrent SMTP connections from this IP address;"
                " please try again later.",
                "too many connections from that IP address",
            ),
        ),
    ],
    ids=["LM-01", "LM-02", "LM-04"],
)
def test_a_refusal_has_the_classic_words(house: House, refusal: Refuse) -> None:
    assert admit(house, LIMITS) == refusal


def test_the_questions_are_asked_in_order() -> None:
    """HC-05"""
    worst = House(sessions=20, from_address=20, share=Share(3), load=Load(99.0))

    first = admit(worst, LIMITS)
    second = admit(worst, replace(LIMITS, smtp_accept_max=0))
    third = admit(worst, replace(LIMITS, smtp_accept_max=0, smtp_load_reserve=None))

    reasons = [answer.why for answer in (first, second, third) if isinstance(answer, Refuse)]
    assert reasons == [
        "too many connections",
        "load average = 99.00",
        "too many connections from that IP address",
    ]


ORIGIN = "[192.0.2.7]"
NON_DIGIT = "expansion of smtp_accept_max_per_host for [192.0.2.7] contains non-digit: "
TOO_LARGE = "expansion of smtp_accept_max_per_host failed for [192.0.2.7]: the number is too large"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, Share(5)),
        (0, Share(0)),
        (None, Share(0)),
        ("5", Share(5)),
        ("007", Share(7)),
        ("0", Share(0)),
        ("5x", Share(5, f"{NON_DIGIT}5x")),
        ("-1", Share(0, f"{NON_DIGIT}-1")),
        ("x", Share(0, f"{NON_DIGIT}x")),
        (" 5", Share(0, f"{NON_DIGIT} 5")),
        ("\u0665", Share(0, f"{NON_DIGIT}\u0665")),
        ("9" * 11, Share(0, TOO_LARGE)),
        ("9" * 5000, Share(0, TOO_LARGE)),
        ("4294967296", Share(0, TOO_LARGE)),
    ],
    ids=[
        "a number",
        "none",
        "as if unset",
        "digits",
        "zeros in front",
        "a zero",
        "digits and more",
        "a sign",
        "no digits",
        "a blank",
        "digits of another script",
        "too large",
        "far too large",
        "just too large",
    ],
)
def test_what_is_no_number_keeps_nobody_out(value: int | str | None, expected: Share) -> None:
    """LM-03: it fails open, says so, and the digits seen so far count."""
    assert share_of(value, ORIGIN) == expected


def test_trouble_with_the_limit_is_told_when_the_limit_was_asked_for() -> None:
    """LM-03: whoever is refused for something else does not come to that."""
    house = replace(QUIET, share=Share(2, "trouble"))

    assert admit(house, LIMITS) == Admit(1, "trouble")
    full = admit(replace(house, from_address=2, sessions=2), LIMITS)
    assert isinstance(full, Refuse)
    assert full.trouble == "trouble"
    elsewhere = admit(replace(house, sessions=20), LIMITS)
    assert isinstance(elsewhere, Refuse)
    assert elsewhere.trouble == ""


@pytest.mark.parametrize(
    ("load", "why"),
    [
        (Load(cpu=40.01), "pressure cpu = 40.01"),
        (Load(cpu=40.0, memory=99.9), None),
        (Load(cpu=12.0, io=10.5), "pressure io = 10.50"),
        (Load(8.01, cpu=50.0), "load average = 8.01"),
    ],
    ids=["above", "without a limit", "another resource", "the load goes first"],
)
def test_pressure_is_a_limit_too(load: Load, why: str | None) -> None:
    limits = replace(LIMITS, smtp_pressure_reserve={"cpu": 40.0, "io": 10.0})

    answer = admit(replace(QUIET, load=load), limits)

    assert (answer.why if isinstance(answer, Refuse) else None) == why
    if isinstance(answer, Refuse):
        assert answer.reply == "421 Too much load; please try again later."


def test_where_hosts_have_places_of_their_own_the_session_asks() -> None:
    """LM-02: a host list may need the DNS, which nobody waits for here."""
    limits = replace(LIMITS, smtp_reserve_hosts=("192.0.2.9/32",))

    assert isinstance(admit(replace(QUIET, load=Load(99.0)), limits), Admit)


def test_a_load_that_nobody_knows_keeps_nobody_out() -> None:
    assert isinstance(admit(replace(QUIET, load=NOTHING), LIMITS), Admit)


def test_a_load_equal_to_the_limit_is_not_above_it() -> None:
    assert isinstance(admit(replace(QUIET, load=Load(8.0)), LIMITS), Admit)


@given(
    sessions=st.integers(0, 99),
    here=st.integers(0, 99),
    load=st.floats(0, 99),
    more=st.integers(1, 9),
)
def test_a_fuller_house_never_turns_a_no_into_a_yes(
    sessions: int, here: int, load: float, more: int
) -> None:
    house = House(sessions, here, Share(3), Load(load))
    if isinstance(admit(house, LIMITS), Refuse):
        fuller = House(sessions + more, here + more, Share(3), Load(load + more))
        assert isinstance(admit(fuller, LIMITS), Refuse)


@pytest.mark.parametrize(("sessions", "most"), [(0, 1), (19, 20), (999, 0)])
def test_a_user_of_this_machine_has_a_place_whatever_the_load_and_the_network(
    sessions: int, most: int
) -> None:
    """Architecture, decision 9"""
    limits = replace(LIMITS, smtp_accept_max=1, smtp_load_reserve=0.0, local_accept_max=most)

    assert admit_local(sessions, 0, 1000, limits) == Admit(sessions + 1)


def test_his_places_are_numbered_too() -> None:
    assert admit_local(20, 0, 1000, LIMITS) == Refuse(
        "421 Too many concurrent local connections; please try again later.",
        "too many local connections",
    )


def test_one_user_cannot_keep_the_mail_of_others_out() -> None:
    """reliability.md: local users are among those who attack; root is not."""
    assert admit_local(12, 9, 1000, LIMITS) == Admit(13)
    assert admit_local(12, 10, 1000, LIMITS) == Refuse(
        "421 Too many concurrent connections of this user; please try again later.",
        "too many local connections of that user",
    )
    assert admit_local(12, 10, 0, LIMITS) == Admit(13)
    unlimited = replace(LIMITS, local_accept_max_per_user=0)
    assert admit_local(12, 12, 1000, unlimited) == Admit(13)
