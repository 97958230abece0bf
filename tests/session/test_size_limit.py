from __future__ import annotations

import pytest

from pymta.config.session import SIZE_LIMIT
from pymta.session.size_limit import SizeLimit, size_limit
from tests.doubles.house import House, usual_settings


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1000, SizeLimit(1000)),
        (0, SizeLimit(0)),
        (None, SizeLimit(SIZE_LIMIT)),
        (
            "50X",
            SizeLimit(
                SIZE_LIMIT,
                'invalid message_size_limit: want a size such as "50M", not "50X"',
            ),
        ),
    ],
    ids=["a size", "none", "as if not set", "trouble"],
)
def test_three_outcomes_are_kept_apart(value: int | str | None, expected: SizeLimit) -> None:
    """CP-08"""
    assert size_limit(value) == expected


def test_the_limit_goes_with_the_client() -> None:
    table = {"192.0.2.0/24": 3000, "192.0.2.9/32": "", "*": 0}
    house = House(usual_settings(message_size_limit=table))
    for caller, size, code in (
        ("192.0.2.7", 3000, "250"),
        ("192.0.2.7", 3001, "552"),
        ("192.0.2.9", SIZE_LIMIT, "250"),
        ("192.0.2.9", SIZE_LIMIT + 1, "552"),
        ("198.51.100.7", 10 * SIZE_LIMIT, "250"),
    ):
        with house.call(caller) as client:
            client.hear()
            offered = client.ask("EHLO client.example")[0]
            limit = {"192.0.2.7": 3000, "192.0.2.9": SIZE_LIMIT}.get(caller, 0)
            assert f"SIZE {limit}" in offered
            (reply,) = client.ask(f"MAIL FROM:<a@client.example> SIZE={size}")
            assert reply[:3] == code


def test_data_knows_the_limit_of_its_client() -> None:
    house = House(usual_settings(message_size_limit={"192.0.2.7/32": 10}))
    with house.call() as client:
        client.hear()
        client.ask("EHLO c", "MAIL FROM:<a@c.example>", "RCPT TO:<user@localhost>", "DATA")
        client.say("more than ten octets", ".")
        assert client.hear().startswith("552 5.3.4 ")
