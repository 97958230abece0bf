"""What an operator was told of trouble with logins: once, whichever worker meets it."""

from __future__ import annotations

import os
import time

import pytest

from pymta.accounts.told import AGAIN, Told
from pymta.journal.event import Event, Kind


class Case:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.told = Told(self.events.append)

    @property
    def lines(self) -> list[str]:
        return [event.text.removeprefix("logins: ") for event in self.events]


@pytest.fixture
def case() -> Case:
    return Case()


def test_each_line_about_a_trouble_is_told_once(case: Case) -> None:
    for what in ("hangs", "hangs", "is gone", "hangs", "is gone"):
        case.told.trouble("Dovecot", what)
    assert case.lines == ["hangs", "is gone"]
    assert {event.kind for event in case.events} == {Kind.LOGIN_TROUBLE}


def test_what_one_worker_has_told_no_other_tells(case: Case) -> None:
    pid = os.fork()
    if not pid:
        case.told.trouble("Dovecot", "hangs")
        os._exit(len(case.events))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    case.told.trouble("Dovecot", "hangs")
    assert case.lines == []
    case.told.over("Dovecot", "is back")
    assert case.lines == ["is back"]


def test_its_end_is_told_once_and_only_of_what_had_begun(case: Case) -> None:
    case.told.over("Dovecot", "is back")
    case.told.trouble("Dovecot", "hangs")
    case.told.trouble("Dovecot", "is gone")
    case.told.over("file", "is back")
    case.told.over("Dovecot", "is back")
    case.told.over("Dovecot", "is back")
    case.told.trouble("Dovecot", "hangs")
    assert case.lines == ["hangs", "is gone", "is back", "hangs"]


def test_who_meets_it_for_long_is_told_every_hour(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = float(round(time.monotonic()))  # or sums of these are not exact
    for later in (0, AGAIN - 1, AGAIN, 2 * AGAIN - 1, 2 * AGAIN):
        monkeypatch.setattr("pymta.accounts.told.time.monotonic", lambda now=begin + later: now)
        case.told.remark("rights", "everybody may read it")
    assert case.lines == ["everybody may read it"] * 3
    assert {event.kind for event in case.events} == {Kind.REMARK}


def test_what_cannot_be_written_as_text_can_be_told_of(case: Case) -> None:
    case.told.trouble("account \udcff", "\udcff")
    assert case.lines == ["\udcff"]
