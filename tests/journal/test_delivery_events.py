"""Lines about deliveries, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from pymta.config.journal import Journal
from pymta.journal import delivery_events
from pymta.journal.delivery_events import Bounce, Leg
from pymta.journal.event import Event, Kind, Stream
from pymta.mail.caller import Endpoint
from pymta.mail.host import Host

ID = "1wIcRd-000000012Tz-1abc"
SENDER = "s@x.example"
MX = Host("mx.example.org", ip_address("192.0.2.1"))
LOCAL = Leg(ID, "s@x.example", "user@example.org", "local", "maildir", mailbox="user")
REMOTE = Leg(ID, "s@x.example", "a@example.org", "mx", "smtp", MX)
NOWHERE = Leg(ID, "s@x.example", "a@example.org")
WHOLE = replace(
    REMOTE,
    local=Endpoint(ip_address("198.51.100.7"), 40112),
    greeted="eh",
    has_pipelined=True,
    size=1234,
    took=1.304,
    waited=65.9,
)
BOUNCE = Bounce(ID, "OTHER", "s@x.example", 7, "E1@mail.example.net")
TIMES = ("+queue_time", "+queue_time_overall", "+deliver_time")


def asked(*selectors: str) -> Journal:
    return Journal(log_selector=selectors)


EVERYTHING = asked("+all")


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
            delivery_events.bounced(BOUNCE),
            "<= <> R=OTHER U=pymta P=local S=7",
        ),
        (
            delivery_events.delivered(replace(LOCAL, queue="slow")),
            "=> user <user@example.org> Q=slow R=local T=maildir",
        ),
        (
            delivery_events.deferred(replace(REMOTE, queue="slow"), 111, "Connection refused", ""),
            f"== a@example.org Q=slow R=mx T=smtp defer (111): Connection refused H={MX}",
        ),
        (
            delivery_events.failed(replace(NOWHERE, queue="slow"), "domain does not exist"),
            "** a@example.org Q=slow: domain does not exist",
        ),
        (
            delivery_events.bounced(replace(BOUNCE, queue="slow")),
            "<= <> R=OTHER U=pymta P=local S=7 Q=slow",
        ),
        (delivery_events.completed(ID, SENDER, 1.0), "Completed"),
        (delivery_events.frozen(ID, SENDER), "Frozen (delivery error message)"),
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


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        ("", ""),
        ("+sender_on_delivery", " F=<s@x.example>"),
        ("+return_path_on_delivery", " P=<s@x.example>"),
        ("+delivery_size", " S=1234"),
        ("+outgoing_port", ":25"),
        ("+incoming_interface +outgoing_interface", " I=[198.51.100.7]"),
        ("+incoming_interface", ""),
        ("+outgoing_interface", ""),
        ("+protocol_detail", " PS=eh"),
        ("+pipelining", " L"),
        ("+smtp_confirmation", ' C="250 ok"'),
        ("+queue_time", " QT=1m5s"),
        ("+deliver_time", " DT=1s"),
        ("+deliver_time +millisec", " DT=1.304s"),
        ("+queue_time +millisec", " QT=1m5s"),
    ],
)
def test_a_selector_adds_its_part_to_a_delivery(names: str, parts: str) -> None:
    """N-39"""
    event = delivery_events.delivered(WHOLE, "250 ok", journal=asked("-all", *names.split()))

    plain = "=> a@example.org R=mx T=smtp H=mx.example.org [192.0.2.1]"
    assert event.text.replace(parts, "", 1) == plain


def test_every_part_of_a_delivery_has_its_place() -> None:
    """N-39"""
    event = delivery_events.delivered(WHOLE, "250 ok", journal=EVERYTHING)

    assert event.text == (
        "=> a@example.org F=<s@x.example> P=<s@x.example> R=mx T=smtp S=1234"
        " H=mx.example.org [192.0.2.1]:25 I=[198.51.100.7]:40112"
        ' PS=eh L C="250 ok" QT=1m5s DT=1.304s'
    )


def test_ports_that_nobody_wants_to_read_are_left_out() -> None:
    """N-32"""
    selectors = ("+outgoing_port", "+incoming_interface")
    journal = Journal(log_selector=selectors, log_ports=("!25",))

    event = delivery_events.delivered(WHOLE, journal=journal)

    assert event.text.endswith(" H=mx.example.org [192.0.2.1] I=[198.51.100.7]:40112")


def test_every_part_of_a_deferral_and_of_a_failure_has_its_place() -> None:
    """N-39"""
    deferred = delivery_events.deferred(
        WHOLE, 111, "Connection refused", "after MAIL", journal=EVERYTHING
    )
    failed = delivery_events.failed(WHOLE, "550 no", journal=EVERYTHING)

    at = "H=mx.example.org [192.0.2.1]:25 I=[198.51.100.7]:40112"
    assert deferred.text == (
        f"== a@example.org R=mx T=smtp defer (111): Connection refused {at} DT=1.304s: after MAIL"
    )
    assert failed.text == (
        f"** a@example.org F=<s@x.example> P=<s@x.example> R=mx T=smtp {at} PS=eh: 550 no DT=1.304s"
    )


def test_a_recipient_without_a_way_has_no_return_path() -> None:
    """N-39"""
    failed = delivery_events.failed(
        NOWHERE, "no such domain", journal=asked("+all", "-deliver_time")
    )

    assert failed.text == "** a@example.org F=<s@x.example>: no such domain"


@pytest.mark.parametrize(
    ("number", "selector"), [(-53, "retry_defer"), (-52, "retry_defer"), (-44, ""), (111, "")]
)
def test_a_deferral_without_a_try_may_stay_out_of_the_log(number: int, selector: str) -> None:
    """N-39 retry_defer"""
    assert delivery_events.deferred(NOWHERE, number, "", "why").selector == selector


def test_the_end_and_a_report_have_parts_too() -> None:
    """N-39"""
    assert (
        delivery_events.completed(ID, SENDER, 65.9, journal=asked(*TIMES)).text
        == "Completed QT=1m5s"
    )
    assert (
        delivery_events.completed(ID, SENDER, 0.0304, journal=asked(*TIMES, "+millisec")).text
        == "Completed QT=0.030s"
    )
    assert (
        delivery_events.completed(ID, SENDER, -3.0, journal=asked(*TIMES)).text == "Completed QT=0s"
    )
    assert delivery_events.bounced(BOUNCE, journal=EVERYTHING).text == (
        "<= <> R=OTHER U=pymta P=local S=7 id*=E1@mail.example.net from <> for s@x.example"
    )


def test_the_fields_tell_everything_whatever_the_selectors_say() -> None:
    few = delivery_events.delivered(WHOLE, "250 ok", journal=asked("-all"))
    many = delivery_events.delivered(WHOLE, "250 ok", journal=EVERYTHING)

    assert few.fields == many.fields
    assert {"DELIVER_TIME": "1.304", "QUEUE_TIME": "65.900", "SIZE": "1234"}.items() <= (
        few.fields.items()
    )
    assert few.fields["LOCAL_ADDRESS"] == "198.51.100.7"


def test_a_named_queue_can_be_searched_for() -> None:
    """N-16"""
    assert "QUEUE" not in delivery_events.delivered(LOCAL).fields
    for event in (
        delivery_events.delivered(replace(LOCAL, queue="slow")),
        delivery_events.bounced(replace(BOUNCE, queue="slow")),
    ):
        assert event.fields["QUEUE"] == "slow"


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
    assert str(event.fields["TRACEBACK"]).startswith("Traceback")
