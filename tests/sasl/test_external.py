"""EXTERNAL: the certificate of the client has said who it is."""

from __future__ import annotations

import pytest

from pymta.sasl.exchange import Challenge, Failure, Fault, Link, Success
from pymta.sasl.external import External

NAMES = ("not a name", "root@example.org", "Alice@example.org", "al@example.org", "example.org")
LINK = Link(has_tls=True, certified=NAMES)
ACCOUNTS = External({"alice@example.org", "al@example.org"}.__contains__)


def test_it_is_offered_only_to_whoever_has_an_account_in_his_certificate() -> None:
    assert ACCOUNTS.mechanisms(LINK) == ("EXTERNAL",)
    assert ACCOUNTS.mechanisms(Link(has_tls=True)) == ()
    for names in (("not a name",), ("root@example.org",), ("example.org",)):
        assert ACCOUNTS.mechanisms(Link(has_tls=True, certified=names)) == ()


@pytest.mark.parametrize(
    ("response", "account"),
    [(b"", "alice@example.org"), (b"AL@example.org", "al@example.org")],
)
def test_he_is_the_first_of_his_names_or_the_one_he_says(response: bytes, account: str) -> None:
    assert ACCOUNTS.begin("EXTERNAL", LINK).step(response) == Success(account)


def test_he_is_asked_when_he_did_not_say() -> None:
    exchange = ACCOUNTS.begin("EXTERNAL", LINK)
    assert exchange.step(None) == Challenge(b"")
    assert exchange.step(b"") == Success("alice@example.org")


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        (b"bob@example.org", Fault.REJECTED),
        (b"root@example.org", Fault.REJECTED),
        (b"\xff", Fault.MALFORMED),
        (b"a b", Fault.MALFORMED),
    ],
)
def test_another_name_than_those_is_refused(response: bytes, fault: Fault) -> None:
    answer = ACCOUNTS.begin("EXTERNAL", LINK).step(response)
    assert isinstance(answer, Failure)
    assert answer.fault is fault


def test_without_a_name_in_the_certificate_nobody_gets_in() -> None:
    assert isinstance(ACCOUNTS.begin("EXTERNAL", Link(has_tls=True)).step(b""), Failure)
