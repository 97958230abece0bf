"""N-34: what EHLO tells of limits, and that it is what holds."""

from __future__ import annotations

import pytest

from pymta.smtp.extensions import Limits
from tests.doubles.house import HOST, House, usual_settings

RECIPIENTS = ("user@localhost", "postmaster@localhost", f"user@{HOST}")


def told(house: House) -> str:
    """The LIMITS line of the reply to EHLO; "" for none."""
    with house.call() as guest:
        guest.hear()
        lines = guest.ask("EHLO client.example")[0].splitlines()
    return next((line[4:] for line in lines if line[4:].startswith("LIMITS")), "")


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({}, "LIMITS MAILMAX=1000 RCPTMAX=50000"),
        ({"recipients_max": 0}, "LIMITS MAILMAX=1000"),
        ({"smtp_accept_max_per_connection": 0}, "LIMITS RCPTMAX=50000"),
        ({"smtp_accept_max_per_connection": 0, "recipients_max": 0}, ""),
        ({"limits_advertise_hosts": ()}, ""),
        ({"limits_advertise_hosts": ("!192.0.2.7", "*")}, ""),
    ],
)
def test_ehlo_tells_what_is_set(settings: dict[str, object], line: str) -> None:
    assert told(House(usual_settings(**settings))) == line


def test_helo_tells_nothing() -> None:
    with House().call() as guest:
        guest.hear()
        assert "LIMITS" not in guest.ask("HELO client.example")[0]


def test_a_number_of_seven_digits_cannot_be_told() -> None:
    """RFC 9422 s4"""
    assert Limits(999_999, 1_000_000).text == "MAILMAX=999999"


def test_whoever_keeps_to_it_hears_no_refusal() -> None:
    """N-34: one more of each is refused."""
    house = House(usual_settings(smtp_accept_max_per_connection=2, recipients_max=2))
    with house.call() as guest:
        guest.hear()
        hello = guest.ask("EHLO client.example")[0]
        assert "LIMITS MAILMAX=2 RCPTMAX=2" in hello
        for _ in range(2):
            replies = guest.ask(
                "MAIL FROM:<a@client.example>",
                *(f"RCPT TO:<{to}>" for to in RECIPIENTS),
            )
            assert [reply[:3] for reply in replies] == ["250", "250", "250", "452"]
            guest.ask("RSET")
        assert guest.ask("MAIL FROM:<a@client.example>")[0].startswith("421 ")
