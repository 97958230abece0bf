"""Who is served at once, and who waits for a queue run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pymta.channel.reach import Reach
from pymta.config.immediate import Immediate
from pymta.config.settings import Settings
from pymta.delivery.whom import is_left_by_smtp, is_left_whole
from tests.doubles.deliveries import SETTINGS, Rig

WAITING = replace(
    SETTINGS,
    immediate=Immediate(
        queue_domains=("off.example", "localhost"),
        queue_smtp_domains=("!near.smtp", "*.smtp", "gone.example"),
    ),
)
ROUTED = "first-pass only routing due to -odqs, queue_smtp_domains or control=queue"
OFF = "defer (-56): domain is in queue_domains"


def test_a_new_message_leaves_to_queue_runs_whom_the_settings_say(rig: Rig) -> None:
    """N-42: the others get it at once, and nothing is recorded of those who wait."""
    rig.settings = WAITING
    id = rig.put("user@localhost", "a@Off.example", "b@far.smtp", "c@near.smtp", "d@x.example")

    lines = rig.attempt(id, reach=Reach.NEW)

    assert [line.split()[:2] for line in lines] == [
        ["==", "user@localhost"],
        ["==", "a@Off.example"],
        ["==", "b@far.smtp"],
        ["=>", "c@near.smtp"],
        ["=>", "d@x.example"],
    ]
    assert lines[1] == f"== a@Off.example {OFF}"
    assert lines[2] == f"== b@far.smtp R=mx T=smtp defer (0): {ROUTED}"
    state = rig.state(id)
    assert state
    assert state.pending == (0, 1, 2)
    assert state.first_deferred == ()

    lines = rig.attempt(id)
    assert [line.split()[0] for line in lines] == ["=>", "=>", "=>", "Completed"]


def test_where_smtp_waits_mailboxes_of_ours_are_served_and_bad_domains_told(rig: Rig) -> None:
    """ST-08, -odqs: remote recipients are routed."""
    id = rig.put("user@localhost", "a@x.example", "b@gone.example")

    lines = rig.attempt(id, reach=Reach.NO_SMTP)

    assert [line.split()[:2] for line in lines[:3]] == [
        ["==", "a@x.example"],
        ["**", "b@gone.example:"],
        ["=>", "user"],
    ]
    assert rig.sent == []
    assert [word.reach for word in rig.handed_on] == [Reach.NO_SMTP]  # the bounce is for SMTP, too
    state = rig.state(id)
    assert state
    assert state.pending == (1,)


def test_a_message_that_waits_altogether_keeps_no_journal(rig: Rig) -> None:
    rig.settings = WAITING
    id = rig.put("a@off.example", "b@far.smtp")

    rig.attempt(id, reach=Reach.NEW)

    assert not (rig.directory / "spool/journal" / id).exists()
    assert rig.attempt(id)[-1] == "Completed"


def test_a_line_about_a_domain_that_waits_can_be_left_out(rig: Rig) -> None:
    """N-39: by the selector that it has in the classic daemon."""
    rig.settings = WAITING
    rig.attempt(rig.put("a@off.example", "b@far.smtp"), reach=Reach.NEW)

    assert [event.selector for event in rig.log.events] == ["retry_defer", ""]


@pytest.mark.parametrize(
    ("address", "reach", "whole", "by_smtp"),
    [
        ("a@OFF.example", Reach.NEW, True, False),
        ("a@off.example", Reach.NO_SMTP, True, True),
        ("a@off.example", Reach.ALL, False, False),
        ("a@off.example", Reach.LOCAL, False, False),
        ("a@far.smtp", Reach.NEW, False, True),
        ("a@near.smtp", Reach.NEW, False, False),
        ("a@near.smtp", Reach.NO_SMTP, False, True),
        ("a@far.smtp", Reach.ALL, False, False),
        ('"x@off.example"@x.example', Reach.NEW, False, False),
        ("postmaster", Reach.NEW, False, False),
    ],
)
def test_only_what_is_new_waits(address: str, reach: Reach, whole: bool, by_smtp: bool) -> None:
    assert is_left_whole(address, reach, WAITING) is whole
    assert is_left_by_smtp(address, reach, WAITING) is by_smtp


def test_the_bare_postmaster_is_of_our_own_domain() -> None:
    settings = replace(SETTINGS, immediate=Immediate(queue_domains=("@",)))

    assert is_left_whole("postmaster", Reach.NEW, settings)
    assert not is_left_whole("postmaster", Reach.NEW, Settings())
