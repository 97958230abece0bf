"""Conditions of rules: when each holds, what it looks up, and what it makes of silence."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from pymta.config.policy_conditions import CONDITIONS
from pymta.mail.address import Mailbox
from pymta.mail.header_fields import Field
from pymta.mail.host_list import Answer as InList
from pymta.policy.conditions import Setup, compile_condition
from pymta.policy.facts import Call, Facts, Message, Recipient, Sender
from pymta.policy.mail_domain import Standing
from pymta.policy.rule import Fit, Unknown
from pymta.policy.stage import Stage
from pymta.tables.table import NO_TABLE
from tests.doubles.lookups import MemoryLookups, NoLookups

ADDRESS = ip_address("192.0.2.7")
CALL = Call(ADDRESS, helo="client.example", connections=3)
FACTS = Facts(
    Stage.RCPT,
    CALL,
    Sender(Mailbox("a", "Client.Example"), size=1000),
    Recipient(Mailbox("b", "ours.example"), number=2),
)
LISTS = {"/list": ["192.0.2.7", "client.example"]}
SETUP = Setup("mx.ours.example", LISTS, table=lambda _: NO_TABLE)


def called(**changes: Any) -> Facts:
    return replace(FACTS, call=replace(CALL, **changes))


def holds(key: str, value: object, facts: Facts = FACTS, lookups: object = None) -> Fit:
    condition = compile_condition(key, value, SETUP)
    return condition.holds(facts, lookups or NoLookups())  # type: ignore[arg-type]


LOCAL = called(address=None, helo="box")


@pytest.mark.parametrize(
    ("key", "value", "facts", "fit"),
    [
        ("networks", ["192.0.2.0/24"], FACTS, True),
        ("networks", ["198.51.100.0/24", "2001:db8::/32"], FACTS, False),
        ("networks", ["0.0.0.0/0"], LOCAL, False),
        ("roles", ["submission", "smtp"], FACTS, True),
        ("roles", ["submission"], FACTS, False),
        ("trusted", False, FACTS, True),
        ("trusted", True, called(is_trusted=True), True),
        ("tls", True, FACTS, False),
        ("tls", True, called(tls="TLS1.3:X:256"), True),
        ("connections_above", 2, FACTS, True),
        ("connections_above", 3, FACTS, False),
        ("messages_above", 1, called(mails=2), True),
        ("messages_above", 2, called(mails=2), False),
        ("messages_above", 2, replace(called(mails=2), stage=Stage.MAIL), True),
        ("all_recipients_above", 5, called(recipients=5), True),
        ("all_recipients_above", 6, called(recipients=5), False),
        ("helo", [".example"], FACTS, True),
        ("helo", ["@"], called(helo="MX.ours.example."), True),
        ("helo", ["^[0-9.]+$"], FACTS, False),
        ("helo", ["/list"], FACTS, True),
        ("certified", [".example"], called(certified=("x.test", "mx.example")), True),
        ("certified", ["example"], called(certified=("mx.example",)), False),
        ("certified", ["*"], FACTS, False),
        ("certified", ["*"], called(certified=("alice@example",)), True),
        ("certified", ["example"], called(certified=("alice@example",)), False),
        ("certified", ["alice@example"], called(certified=("Alice@example",)), True),
        ("certified", ["alice@"], called(certified=("alice",)), False),
        ("authenticated", False, FACTS, True),
        ("authenticated", True, called(account="alice"), True),
        ("accounts", ["alice"], called(account="alice"), True),
        ("accounts", ["*"], called(account="alice"), True),
        ("accounts", ["!alice"], called(account="alice"), False),
        ("accounts", ["!alice"], called(account="bob"), True),
        ("accounts", ["alice"], called(account="bob"), False),
        ("accounts", ["*"], FACTS, False),
        ("accounts", ["!alice"], FACTS, False),
        ("senders", ["client.example"], FACTS, True),
        ("senders", ["/list"], FACTS, True),
        ("senders", ["<>"], replace(FACTS, sender=Sender(None)), True),
        ("senders", ["*"], replace(FACTS, sender=None), False),
        ("recipients", ["b@"], FACTS, True),
        ("recipients", ["*"], replace(FACTS, recipient=None), False),
        ("local", True, FACTS, True),
        ("recipients_above", 1, FACTS, True),
        ("recipients_above", 2, FACTS, False),
        ("size_above", "1K", FACTS, False),
        ("size_above", 999, FACTS, True),
        ("reasons", ["tls-failed"], replace(FACTS, reason="tls-failed"), True),
        ("reasons", ["tls-failed"], replace(FACTS, reason="acl-drop"), False),
    ],
)
def test_a_condition_holds_by_what_is_known(
    key: str, value: object, facts: Facts, *, fit: bool
) -> None:
    assert holds(key, value, facts) is fit


def test_the_items_of_a_file_stand_in_place_of_its_path() -> None:
    setup = Setup("mx.ours.example", {"/networks": ["192.0.2.7", "2001:db8::/32"]})
    condition = compile_condition("networks", ["198.51.100.1", "/networks"], setup)

    assert condition.holds(FACTS, NoLookups()) is True
    assert condition.holds(called(address=ip_address("192.0.2.8")), NoLookups()) is False


NAMED = MemoryLookups(verified=("mx.example",), names_of={"client.example": (ADDRESS,)})
NAMELESS = MemoryLookups(hosts={"*.example": InList.NO}, verified=())
SILENT = MemoryLookups(
    hosts={"*.example": InList.UNKNOWN}, verified=None, names_of={"client.example": None}
)


@pytest.mark.parametrize(
    ("key", "value", "facts", "fits"),
    [
        ("host_verified", True, FACTS, (True, False, None)),
        ("host_verified", False, FACTS, (False, True, None)),
        ("host_verified", True, LOCAL, (True, True, True)),
        ("helo_verified", True, FACTS, (True, False, None)),
        ("helo_verified", False, FACTS, (False, True, None)),
        ("helo_verified", True, called(helo="client.example."), (True, False, None)),
        ("helo_verified", True, called(helo="[192.0.2.7]"), (True, True, True)),
        ("helo_verified", True, called(helo="[192.0.2.8]"), (False, False, False)),
        ("helo_verified", True, LOCAL, (True, True, True)),
        ("hosts", ["*.example"], FACTS, (False, False, None)),
    ],
)
def test_names_are_verified_and_silence_is_no_answer(
    key: str, value: object, facts: Facts, fits: tuple[bool | None, ...]
) -> None:
    for lookups, fit in zip((NAMED, NAMELESS, SILENT), fits, strict=True):
        found = holds(key, value, facts, lookups)
        assert isinstance(found, Unknown) if fit is None else found is fit


@pytest.mark.parametrize(
    ("standing", "fit"),
    [
        (Standing.YES, True),
        (Standing.NO_MAIL, False),
        (Standing.NOWHERE, False),
        (Standing.NO_DOMAIN, False),
        (Standing.UNKNOWN, None),
    ],
)
def test_domains_are_verified(standing: Standing, *, fit: bool | None) -> None:
    lookups = MemoryLookups(domains={"client.example": standing, "far.example": standing})
    far = replace(FACTS, recipient=Recipient(Mailbox("x", "far.example"), is_local=False))

    for key, facts in (("sender_verified", FACTS), ("recipient_verified", far)):
        for value in (True, False):
            found = holds(key, value, facts, lookups)
            assert isinstance(found, Unknown) if fit is None else found is (fit is value)


@pytest.mark.parametrize(
    ("key", "facts"),
    [
        ("sender_verified", replace(FACTS, sender=Sender(None))),
        ("sender_verified", replace(FACTS, sender=Sender(Mailbox("a", "[192.0.2.1]")))),
        ("recipient_verified", FACTS),
    ],
)
def test_some_need_not_be_asked_about(key: str, facts: Facts) -> None:
    """The null sender, hosts named by their address, and whoever is here."""
    assert holds(key, True, facts) is True
    assert holds(key, False, facts) is False


MESSAGE = Message("id", 5000, (Field("Subject", "x" * 990 + " secret"), Field("A", "1")))


@pytest.mark.parametrize(
    ("key", "value", "message", "fit"),
    [
        ("header", {"subject": "x"}, MESSAGE, True),
        ("header", {"Subject": "secret"}, MESSAGE, True),
        ("header", {"Subject": "secret", "B": ""}, MESSAGE, False),
        ("header", {"A": "2"}, replace(MESSAGE, header=(Field("A", "1"),) * 99), False),
        ("header_missing", ["B"], MESSAGE, True),
        ("header_missing", ["a"], MESSAGE, False),
        ("header_missing", ["B"], replace(MESSAGE, is_header_cut=True), False),
        ("header_repeated", ["A"], MESSAGE, False),
        ("header_repeated", ["a"], replace(MESSAGE, header=MESSAGE.header * 2), True),
        ("header_fields_above", 1, MESSAGE, True),
        ("header_fields_above", 2, MESSAGE, False),
        ("header_fields_above", 2, replace(MESSAGE, is_header_cut=True), True),
        ("size_above", 4999, MESSAGE, True),
        ("size_above", 5000, MESSAGE, False),
    ],
)
def test_a_header_is_judged(key: str, value: object, message: Message, *, fit: bool) -> None:
    facts = replace(FACTS, stage=Stage.DATA, recipient=None, message=message)

    assert holds(key, value, facts) is fit
    assert holds(key, value) is False or key == "size_above"  # where there is no message


def test_every_condition_of_the_settings_can_be_asked() -> None:
    """And each is asked with what the settings let through."""
    for key, kind in CONDITIONS.items():
        rate = {"most": 1, "in": "1h", "per": "network"}
        values: list[object] = [True, 1, {"Subject": "x"}, ["192.0.2.1"], ["smtp"], ["tls-failed"]]
        values += [["bl.example"], rate, ["table:people"]]
        good = [value for value in values if _is_good(key, value)]
        assert good, key
        assert kind.stages
        compile_condition(key, good[0], SETUP)


def _is_good(key: str, value: object) -> bool:
    kind = CONDITIONS[key]
    try:
        if kind.read:
            kind.read(value)
        elif isinstance(value, list) and kind.item:
            kind.item(value[0])
        else:
            return False
    except ValueError:
        return False
    return True
