"""Lines about deliveries, byte for byte."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from pymta.journal import delivery_events
from pymta.journal.delivery_events import Leg
from pymta.journal.event import Event, Kind, Stream
from pymta.mail.host import Host

ID = "1wIcRd-000000012Tz-1abc"
MX = Host("mx.example.org", ip_address("192.0.2.1"))
LOCAL = Leg(ID, "s@x.example", "user@example.org", "local", "maildir", mailbox="user")
REMOTE = Leg(ID, "s@x.example", "a@example.org", "mx", "smtp", MX)
NOWHERE = Leg(ID, "s@x.example", "a@example.org")


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (delivery_events.delivered(LOCAL), "=> user <user@example.org> R=local T=maildir"),
        (
            delivery_events.delivered(REMOTE, '250 "ok" \\o/'),
            '=> a@example.org R=mx T=smtp H=mx.example.org [192.0.2.1] C="250 \\"ok\\" \\\\o/"',
        ),
        (
            delivery_events.delivered(REMOTE, "250 ok", is_further=True),
            '-> a@example.org R=mx T=smtp H=mx.example.org [192.0.2.1] C="250 ok"',
        ),
        (
            delivery_events.deferred(REMOTE, 111, "Connection refused", ""),
            f"== a@example.org R=mx T=smtp defer (111): Connection refused H={MX}",
        ),
        (
            delivery_events.deferred(REMOTE, -44, "", "SMTP error: 450 later"),
            f"== a@example.org R=mx T=smtp defer (-44) H={MX}: SMTP error: 450 later",
        ),
        (
            delivery_events.failed(NOWHERE, "domain does not exist"),
            "** a@example.org: domain does not exist",
        ),
        (
            delivery_events.bounced(ID, "OTHER", "s@x.example", 7),
            "<= <> R=OTHER U=pymta P=local S=7",
        ),
        (delivery_events.completed(ID), "Completed"),
        (delivery_events.frozen(ID), "Frozen (delivery error message)"),
        (
            delivery_events.locked(ID),
            "Spool file is locked (another process is handling this message)",
        ),
    ],
    ids=lambda value: value.kind.name if isinstance(value, Event) else "",
)
def test_lines_are_the_classic_ones(event: Event, text: str) -> None:
    assert event.text == text
    assert event.queue_id == ID


def test_the_fields_tell_host_and_address_apart() -> None:
    event = delivery_events.failed(REMOTE, "550 no")
    assert event.kind is Kind.FAILED
    assert event.fields["HOST"] == "mx.example.org"
    assert event.fields["HOST_ADDRESS"] == "192.0.2.1"
    assert event.fields["WHY"] == "550 no"


def test_a_crash_is_told_to_the_operator_with_its_traceback() -> None:
    event = delivery_events.crashed(ID, "Traceback ...\nValueError: x\n")
    assert event.text == "delivery process failed, the message stays queued: ValueError: x"
    assert Stream.PANIC in event.streams
    assert event.fields["TRACEBACK"].startswith("Traceback")
