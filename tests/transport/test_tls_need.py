"""How much TLS a message owes to a host, once its sender has had his word."""

from __future__ import annotations

from dataclasses import replace

from pymta.transport.tls_need import (
    NO_WISH,
    NOT_SURE,
    REQUIRETLS,
    WAIVED,
    WHERE_OFFERED,
    Level,
    Need,
    Wish,
    of_message,
)

STS = Need(Level.VERIFIED, "MTA-STS policy of example.org", is_theirs=True)
OURS = Need(Level.VERIFIED, "tls_to example.org", is_name_sure=True)
REQUIRES, WAIVES = Wish(requires_tls=True, is_tls_optional=True), Wish(is_tls_optional=True)


def test_a_need_says_who_wants_it() -> None:
    assert str(STS) == "verify (MTA-STS policy of example.org)"
    assert str(WHERE_OFFERED) == "may"


def test_it_is_raised_and_never_lowered() -> None:
    assert WHERE_OFFERED.at_least(Level.MUST, "us") == Need(Level.MUST, "us")
    assert STS.at_least(Level.MUST, "us") == replace(STS, is_theirs=False)


def test_what_is_raised_by_us_is_not_for_the_sender_to_waive() -> None:
    weak = Need(Level.MUST, "DANE without usable records", is_theirs=True)
    strong = Need(Level.DANE, "DANE", is_theirs=True)
    for need in (weak, strong):
        ours = need.at_least(Level.MUST, "us")
        assert of_message(ours, WAIVES) == ours


def test_requiretls_wants_a_host_that_proves_its_name_and_offers_it() -> None:
    sure = replace(WHERE_OFFERED, is_name_sure=True)
    found = of_message(sure, REQUIRES)
    assert found == Need(Level.VERIFIED, REQUIRETLS, is_name_sure=True, asks_requiretls=True)
    ours = of_message(OURS, REQUIRES)
    assert isinstance(ours, Need)
    assert ours.because == OURS.because


def test_requiretls_is_for_no_host_whose_name_anybody_could_have_given() -> None:
    assert of_message(WHERE_OFFERED, REQUIRES) == NOT_SURE
    assert NOT_SURE.lacks_requiretls


def test_a_sender_may_waive_what_the_receiving_side_asks_for() -> None:
    assert of_message(STS, WAIVES) == Need(Level.MAY, WAIVED)


def test_a_sender_may_not_waive_what_an_operator_of_ours_asks_for() -> None:
    assert of_message(OURS, WAIVES) == OURS


def test_a_message_that_says_nothing_changes_nothing() -> None:
    assert of_message(STS, NO_WISH) == STS
