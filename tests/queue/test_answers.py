"""May mail for these hosts be tried now?"""

from __future__ import annotations

from pymta.hints.store import HostHint
from pymta.hints.waits import HostWait
from pymta.mail.waiting import GO, Answer, Crowded, HostInRetry, TooFast, Wait
from pymta.queue.answers import Answers

NOW = 1000.0
HOSTS = ("a", "b")
SPENT = TooFast(NOW + 60, "x.example", "1/1m")


def hint(host: str, again: float, *, is_expired: bool = False, tried: float = NOW - 9) -> HostHint:
    return HostHint(host, NOW - 900, tried, again, "down", is_expired, "retry")


class Limits:
    def __init__(self, refusal: Crowded | TooFast | None) -> None:
        self.refusal = refusal

    def look(self, name: str) -> Crowded | TooFast | None:
        assert name == "x.example"
        return self.refusal


def ask(*hints: HostHint, after: float = 0.0, refusal: TooFast | None = None) -> Answer:
    """`after` an attempt whose hosts are left alone until then."""
    known = {hint.host: hint for hint in hints}
    wait = HostWait("m", "x.example", HOSTS, NOW, NOW, until=after)
    answers = Answers(known.get, {"m": wait}.get, Limits(refusal), lambda: NOW)
    return answers.after("m" if after else "", "x.example", HOSTS)


def test_hosts_that_nothing_is_known_of_are_asked() -> None:
    assert ask() == GO


def test_while_all_hosts_are_left_alone_so_is_their_mail() -> None:
    answer = ask(hint("a", NOW + 60), hint("b", NOW + 30))
    assert isinstance(answer, Wait)
    assert answer.until == NOW + 30
    assert answer.because[0] == HostInRetry(NOW + 60, "a", NOW - 900, "down", "retry")
    assert str(answer.because[0]) == "host a in retry (rule retry): down"


def test_one_host_that_may_be_asked_is_enough() -> None:
    assert ask(hint("a", NOW + 60)) == GO
    assert ask(hint("a", NOW + 60), hint("b", NOW - 1)) == GO


def test_a_hint_from_a_clock_that_was_ahead_silences_nobody() -> None:
    assert ask(hint("a", NOW + 60), hint("b", NOW + 9e9, tried=NOW + 8e9)) == GO


def test_mail_for_hosts_past_their_time_goes_back_and_so_is_tried() -> None:
    hints = [hint(host, NOW + 60, is_expired=True) for host in HOSTS]
    assert ask(*hints) == GO


def test_limits_keep_it_waiting_as_well() -> None:
    assert ask(refusal=SPENT) == Wait(NOW + 60, (SPENT,))


def test_what_stops_one_message_for_reasons_of_its_hosts_stops_its_group() -> None:
    assert ask(after=NOW + 60) == Wait(NOW + 60, ())
    assert ask(after=NOW - 1) == GO
