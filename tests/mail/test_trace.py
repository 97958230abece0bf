"""Fields that we put on top of a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.timestamp import format_date
from pymta.mail.trace import delivered_to, received_field, return_path

DATE = "Sun, 22 Nov 2026 15:58:06 +0000"


def received(helo: str = "c.example", address: str = "192.0.2.1", recipient: str = "") -> str:
    return received_field(
        helo=helo,
        address=address,
        host="mx.example",
        software="pymta 1",
        protocol="ESMTP",
        id="1abcde-00000000001-0000",
        recipient=recipient,
        date=DATE,
    )


def test_the_received_field_is_folded() -> None:
    assert received(recipient="r@mx.example") == (
        "Received: from c.example ([192.0.2.1])\r\n"
        "\tby mx.example (pymta 1) with ESMTP\r\n"
        "\tid 1abcde-00000000001-0000\r\n"
        "\tfor <r@mx.example>; Sun, 22 Nov 2026 15:58:06 +0000\r\n"
    )


def test_without_helo_the_address_stands_in_its_place() -> None:
    assert "from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])" in received("", "2001:db8::1")


def test_a_message_of_our_own_came_from_nowhere() -> None:
    assert received("", "").startswith("Received: by mx.example")


@pytest.mark.parametrize(
    ("user", "shown"), [("alice", "alice (uid 1000)"), ("a) by x;", "a??by?x? (uid 1000)")]
)
def test_a_user_of_this_machine_has_an_account_in_place_of_an_address(
    user: str, shown: str
) -> None:
    field = received_field(
        helo="anything",
        address="",
        user=user,
        uid=1000,
        host="mx.example",
        software="pymta 1",
        protocol="local-esmtp",
        id="1abcde-00000000001-0000",
        recipient="",
        date=DATE,
    )

    assert field == (
        f"Received: from {shown}\r\n\tby mx.example (pymta 1) with local-esmtp\r\n"
        f"\tid 1abcde-00000000001-0000; {DATE}\r\n"
    )


@given(st.text(max_size=300), st.text(max_size=300))
def test_nothing_said_by_others_breaks_a_field(helo: str, path: str) -> None:
    for field in (received(helo, recipient=path or "x"), return_path(path), delivered_to(path)):
        lines = field.removesuffix("\r\n").split("\r\n")
        assert all(line.startswith("\t") for line in lines[1:])
        assert all(line.replace("\t", "").isprintable() for line in lines if line.isascii())
        assert len(field.splitlines()) == len(lines)
        assert field.encode().decode() == field
    assert received(helo).count(";") == 1


def test_return_path_of_the_null_sender() -> None:
    assert return_path("") == "Return-Path: <>\r\n"


def test_dates_carry_their_zone() -> None:
    assert format_date(0, 0) == "Thu, 01 Jan 1970 00:00:00 +0000"
    assert format_date(1795363086.9, 19_800) == "Sun, 22 Nov 2026 21:28:06 +0530"
    assert format_date(0, -12_600) == "Wed, 31 Dec 1969 20:30:00 -0330"
