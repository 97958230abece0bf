"""Lines about arriving messages, byte for byte."""

from __future__ import annotations

import pytest

from pymta.config.journal import Journal
from pymta.journal.arrival_events import arrived
from pymta.journal.origin import Origin

ORIGIN = Origin("192.0.2.7", 40112, "client.example")
FACTS = {
    "PROTOCOL": "esmtp",
    "SIZE": "1234",
    "RECEIVE_TIME": "1.304",
    "PIPELINING": "L-",
    "BODY": "8BITMIME",
    "MESSAGE_ID_HEADER": "1@client.example",
    "SUBJECT": 'all "is" well',
}
RECIPIENTS = ("a@x.example", "b@x.example")
PLAIN = "<= s@x.example H=(client.example) [192.0.2.7] P=esmtp S=1234"


def line(*selectors: str, **facts: str) -> str:
    journal = Journal(log_selector=("-all", *selectors))
    return arrived(ORIGIN, "id", "s@x.example", RECIPIENTS, FACTS | facts, journal=journal).text


@pytest.mark.parametrize(
    ("selectors", "part"),
    [
        ("", ""),
        ("+pipelining", " L-"),
        ("+8bitmime", " M8S=8"),
        ("+receive_time", " RT=1s"),
        ("+receive_time +millisec", " RT=1.304s"),
        ("+msg_id", " id=1@client.example"),
        ("+subject", ' T="all \\"is\\" well"'),
        ("+received_sender", " from <s@x.example>"),
        ("+received_recipients", " for a@x.example b@x.example"),
    ],
)
def test_a_selector_adds_its_part_to_an_arrival(selectors: str, part: str) -> None:
    """N-39"""
    assert line(*selectors.split()).replace(part, "", 1) == PLAIN


def test_every_part_of_an_arrival_has_its_place() -> None:
    """N-39"""
    assert line("+all") == (
        "<= s@x.example H=(client.example) [192.0.2.7] P=esmtp L- S=1234 M8S=8 RT=1.304s"
        ' id=1@client.example T="all \\"is\\" well" from <s@x.example> for a@x.example b@x.example'
    )


def test_what_a_message_does_not_have_is_left_out() -> None:
    """N-39: MAIL without BODY, a message without id and subject, HELO."""
    facts = {name: FACTS[name] for name in ("PROTOCOL", "SIZE", "RECEIVE_TIME")}
    journal = Journal(log_selector=("+all", "-millisec"))

    event = arrived(ORIGIN, "id", "", ("a@x.example",), facts, journal=journal)

    assert event.text == (
        "<= <> H=(client.example) [192.0.2.7] P=esmtp S=1234 M8S=0 RT=1s from <> for a@x.example"
    )


def test_a_long_subject_is_cut() -> None:
    assert f' T="{"x" * 100}"' in line("+subject", SUBJECT="x" * 500)


def test_the_usual_line_has_the_message_id_and_nothing_else() -> None:
    event = arrived(ORIGIN, "id", "s@x.example", RECIPIENTS, FACTS)

    assert event.text == f"{PLAIN} id=1@client.example"
    assert FACTS.items() <= event.fields.items()
