"""Who is let in when not everybody can be (LM-06 to LM-08)."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import pytest

from pymta.journal.event import MAIN, MAIN_AND_REJECT
from pymta.load.reading import NOTHING, Load
from pymta.mail.caller import Endpoint
from pymta.mail.host_list import Answer
from pymta.session.gate import Refusal, refusal
from pymta.session.visit import Visit
from tests.doubles.house import HOST, usual_settings

CALLER = Endpoint(ip_address("192.0.2.7"), 40112)
LOCAL = Endpoint(ip_address("198.51.100.1"), 25)
RESERVED: tuple[str, ...] = ("friend.example",)
NO_PLACE = f"421 {HOST}: Too many concurrent SMTP connections; please try again later"
TOO_BUSY = f"421 {HOST}: Too much load; please try again later"


def judged(
    *,
    others: int = 0,
    load: Load = NOTHING,
    is_reserved: Answer = Answer.NO,
    **options: object,
) -> Refusal | None:
    settings = usual_settings(**({"smtp_reserve_hosts": RESERVED} | options))

    def is_in(hosts: Sequence[str], _: str) -> Answer:
        if tuple(hosts) == RESERVED:
            return is_reserved
        return Answer.YES if hosts == ("bad.example",) else Answer.NO

    return refusal(Visit(settings, CALLER, LOCAL, others, load), is_in)


def text(refused: Refusal | None) -> str:
    return refused.reply.encode(with_enhanced=False).decode().strip() if refused else ""


def test_a_rejected_host_hears_554() -> None:
    """LM-06"""
    refused = judged(host_reject_connection=("bad.example",))

    assert text(refused) == "554 SMTP service not available"
    assert refused is not None
    assert refused.event.text == "refused connection from [192.0.2.7] (host_reject_connection)"
    assert refused.event.streams == MAIN_AND_REJECT
    assert refused.event.selector == "connection_reject"


@pytest.mark.parametrize(
    ("others", "answer", "reply"),
    [
        (0, Answer.NO, ""),
        (1, Answer.NO, NO_PLACE),
        (1, Answer.UNKNOWN, NO_PLACE),
        (1, Answer.YES, ""),
        (2, Answer.YES, ""),
    ],
)
def test_the_last_places_are_kept(others: int, answer: Answer, reply: str) -> None:
    """LM-07: this connection is counted with the others."""
    refused = judged(others=others, is_reserved=answer, smtp_accept_max=3, smtp_accept_reserve=2)

    assert text(refused) == reply
    if refused:
        tail = " (lookup deferred)" if answer is Answer.UNKNOWN else ""
        assert refused.event.text == (
            "temporarily refused connection from [192.0.2.7]: not in reserve list:"
            f" connected={others} max=3 reserve=2{tail}"
        )
        assert refused.event.streams == MAIN


def test_without_a_limit_no_place_is_kept() -> None:
    """LM-07"""
    assert judged(others=50, smtp_accept_max=0, smtp_accept_reserve=2) is None


@pytest.mark.parametrize(
    ("load", "answer", "reply"),
    [
        (2.0, Answer.NO, ""),
        (2.01, Answer.NO, TOO_BUSY),
        (2.01, Answer.UNKNOWN, TOO_BUSY),
        (2.01, Answer.YES, ""),
        (None, Answer.NO, ""),
    ],
)
def test_a_busy_machine_is_there_for_some(load: float | None, answer: Answer, reply: str) -> None:
    """LM-08: strictly greater, and nothing follows from a load that is not known."""
    refused = judged(load=Load(load), is_reserved=answer, smtp_load_reserve=2.0)

    assert text(refused) == reply
    if refused:
        assert refused.event.text == (
            "temporarily refused connection from [192.0.2.7]:"
            " not in reserve list and load average = 2.01"
        )


def test_a_machine_under_pressure_is_too() -> None:
    refused = judged(load=Load(cpu=40.01), smtp_pressure_reserve={"cpu": 40.0})

    assert text(refused) == TOO_BUSY
    assert refused
    assert refused.event.text.endswith("not in reserve list and pressure cpu = 40.01")


def test_whoever_has_a_kept_place_is_not_asked_about_the_load() -> None:
    """LM-07 before LM-08"""
    options: dict[str, Any] = {
        "smtp_accept_max": 2,
        "smtp_accept_reserve": 1,
        "smtp_load_reserve": 0.0,
    }

    assert judged(others=1, load=Load(9.0), is_reserved=Answer.YES, **options) is None
    assert text(judged(others=1, load=Load(9.0), **options)) == NO_PLACE
