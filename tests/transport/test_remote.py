"""Hosts in order, with canned answers in place of sockets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import ip_address

import pytest

from pymta.hints.store import HostHint
from pymta.mail.host import Host
from pymta.mail.reply import Reply
from pymta.mail.trouble import Trouble
from pymta.smtp.client_words import Refused, Result, Stage, Taken, Unheard
from pymta.transport.classify import (
    NO_TIME_YET,
    ROUTING,
    TLS_REQUIRED,
    Delivered,
    Later,
    Never,
    Remembered,
)
from pymta.transport.host_memory import DEAD_HOST_PAUSE, FORGIVEN, HostMemory
from pymta.transport.parcel import Parcel
from pymta.transport.remote import MOST_ASKED, NO_REQUIRETLS, Heard, deliver
from pymta.transport.terms import USUAL, Terms
from pymta.transport.tls_need import Level, Need, Unsure
from tests.doubles.hints import MemoryHints

A, B, C = (Host(name, ip_address(f"192.0.2.{n}")) for n, name in enumerate("abc"))
OK = Taken(Reply(250, "ok"))
LATER = Refused(Reply(450, "later"), Stage.RCPT, "RCPT TO:<x>")
NEVER = Refused(Reply(550, "never", "5.1.1"), Stage.RCPT, "RCPT TO:<x>")
CLOSED_DOOR = Refused(Reply(554, "no service"), Stage.GREETING, "initial connection")
SILENT_END = Unheard("timed out", Stage.FINAL, "end of data")
SILENT_START = Unheard("timed out", Stage.GREETING, "initial connection")
NO_TLS = Unheard("no TLS", Stage.STARTTLS, "EHLO")
LACKING = Unheard("no REQUIRETLS", Stage.REQUIRETLS, "EHLO")
ENCRYPTED = Terms(Need(Level.MUST))
DOWN = Later(111, "Connection refused")
NOW = 1_000_000.0


def parcel(*recipients: str) -> Parcel:
    return Parcel("id", "s@x", recipients or ("r",), b"", 0, False, lambda: iter(()), lambda: True)


@dataclass
class World:
    """What each host answers to each recipient; Later: it cannot be reached."""

    answers: dict[Host, dict[str, Result] | Result | Later]
    hints: MemoryHints = field(default_factory=MemoryHints)
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    force: bool = False
    gives_up: bool = False
    delays: bool = True

    terms: Terms = USUAL
    unsure: dict[Host, Unsure] = field(default_factory=dict)
    at_once: int = 100

    def talk(self, host: Host, message: Parcel, terms: Terms) -> Heard | Later:
        assert terms is self.terms
        self.asked.append((host.name, message.recipients))
        answer = self.answers[host]
        if isinstance(answer, Later):
            return answer
        if not isinstance(answer, dict):
            answer = dict.fromkeys(message.recipients, answer)
        return Heard(tuple(answer[r] for r in message.recipients[: self.at_once]))

    def deliver(self, *recipients: str) -> tuple[object, ...]:
        memory = HostMemory(
            self.hints, self, lambda: NOW, self.force, delay_after_cutoff=self.delays
        )
        hosts = tuple(self.answers)
        return deliver(
            parcel(*recipients),
            hosts,
            talk=self.talk,
            terms_of=lambda host: self.unsure.get(host, self.terms),
            memory=memory,
        )

    def words(self, trouble: Trouble) -> str:
        return "retry"

    def next_try(self, trouble: Trouble, first: float, last: float, now: float) -> float | None:
        self.troubles.append(trouble)
        return None if self.gives_up else now + 900


def test_the_first_host_that_takes_it_has_it() -> None:
    world = World({A: OK, B: OK})
    assert world.deliver("r") == (Delivered(A, "250 ok"),)
    assert [name for name, _ in world.asked] == ["a"]


@pytest.mark.parametrize("trouble", [DOWN, CLOSED_DOOR, SILENT_START, LATER], ids=repr)
def test_trouble_that_may_pass_is_taken_to_the_next_host(trouble: Later | Result) -> None:
    world = World({A: trouble, B: OK})
    assert world.deliver("r") == (Delivered(B, "250 ok"),)


def test_only_the_unsettled_recipients_go_to_the_next_host() -> None:
    world = World({A: {"x": OK, "y": LATER, "z": NEVER}, B: OK})
    found = world.deliver("x", "y", "z")
    assert [type(outcome) for outcome in found] == [Delivered, Delivered, Never]
    assert world.asked == [("a", ("x", "y", "z")), ("b", ("y",))]


def test_silence_after_the_final_dot_asks_no_other_host() -> None:
    world = World({A: SILENT_END, B: OK})
    assert isinstance(world.deliver("r")[0], Later)
    assert [name for name, _ in world.asked] == ["a"]


@pytest.mark.parametrize("trouble", [DOWN, CLOSED_DOOR, SILENT_START], ids=repr)
def test_trouble_with_every_host_is_never_final(trouble: Later | Result) -> None:
    world = World({A: trouble, B: trouble})
    assert isinstance(world.deliver("r")[0], Later)
    assert world.hints.kept[A.key].next_try == NOW + 900


def test_what_a_host_says_of_a_recipient_is_no_trouble_with_the_host() -> None:
    world = World({A: LATER})
    world.deliver("r")
    assert world.hints.kept == {}


def test_a_host_that_failed_lately_is_passed_over() -> None:
    world = World({A: OK, B: OK})
    world.hints.put(HostHint(A.key, NOW - 60, NOW - 60, NOW + 840, "down"))
    assert world.deliver("r") == (Delivered(B, "250 ok"),)


def test_a_message_waits_for_the_first_host_that_may_be_tried() -> None:
    world = World({A: OK, B: OK})
    world.hints.put(HostHint(A.key, NOW - 60, NOW - 60, NOW + 840, "down"))
    world.hints.put(HostHint(B.key, NOW - 60, NOW - 60, NOW + 600, "down"))
    why = "retry time not reached for any host"
    last = Remembered(A, "down")  # for whoever is told why it waits
    wait = Later(NO_TIME_YET, why=why, not_before=NOW + 600, remembered=last)
    assert world.deliver("r", "q") == (wait, wait)
    assert world.asked == []


def test_force_asks_a_host_before_its_time() -> None:
    world = World({A: OK}, force=True)
    world.hints.put(HostHint(A.key, NOW - 60, NOW - 60, NOW + 840, "down"))
    assert world.deliver("r") == (Delivered(A, "250 ok"),)


def test_a_host_that_answers_again_is_forgiven() -> None:
    world = World({A: OK})
    world.hints.put(HostHint(A.key, NOW - 900, NOW - 900, NOW - 1, "down"))
    world.deliver("r")
    assert world.hints.kept == {}


def test_a_host_that_fails_again_keeps_its_first_failure() -> None:
    world = World({A: DOWN})
    world.hints.put(HostHint(A.key, NOW - 900, NOW - 900, NOW - 1, "down"))
    world.deliver("r")
    hint = HostHint(A.key, NOW - 900, NOW, NOW + 900, "Connection refused", rule="retry")
    assert world.hints.kept == {A.key: hint}


def test_an_old_failure_says_nothing_about_a_new_one() -> None:
    world = World({A: DOWN})
    old = NOW - FORGIVEN - 901
    world.hints.put(HostHint(A.key, old - 900, old, old + 900, "down"))
    world.deliver("r")
    assert world.hints.kept[A.key].first_failed == NOW


def test_a_hint_from_a_clock_that_was_ahead_silences_no_host() -> None:
    world = World({A: OK})
    world.hints.put(HostHint(A.key, NOW + 1e9, NOW + 1e9, NOW + 1e9 + 900, "down"))
    assert world.deliver("r") == (Delivered(A, "250 ok"),)


def test_a_host_past_the_schedule_is_still_tried_now_and_then() -> None:
    world = World({A: DOWN}, gives_up=True)
    world.deliver("r")
    assert world.hints.kept[A.key].next_try == NOW + DEAD_HOST_PAUSE


def test_the_number_of_hosts_asked_in_one_attempt_is_bounded() -> None:
    hosts = [Host(f"h{n}", ip_address(f"192.0.2.{n}")) for n in range(20)]
    world = World(dict.fromkeys(hosts, DOWN))
    world.deliver("r")
    assert len(world.asked) == MOST_ASKED


def test_retry_rules_hear_who_met_what_with_which_host() -> None:
    world = World({A: replace(DOWN, host=A, cause="refused"), B: CLOSED_DOOR})
    world.deliver("r")
    assert world.troubles == [Trouble("refused", "r", "s@x", A), Trouble("", "r", "s@x", B)]


def test_hosts_that_all_failed_are_asked_again_when_the_first_of_them_may_be() -> None:
    world = World({A: DOWN, B: DOWN})
    world.hints.put(HostHint(B.key, NOW - 60, NOW - 60, NOW + 600, "down"))
    (later,) = world.deliver("r")
    assert isinstance(later, Later)
    assert later.not_before == NOW + 600


def test_while_a_host_serves_others_a_recipient_that_it_puts_off_has_a_time_of_his_own() -> None:
    (later,) = World({A: DOWN, B: LATER}).deliver("r")
    assert isinstance(later, Later)
    assert later.not_before == 0


def expired(host: Host, *, asked: float, again: float) -> HostHint:
    return HostHint(host.key, NOW - 5 * 86_400, asked, again, "No route to host", is_expired=True)


def test_mail_for_hosts_past_their_time_is_hopeless_without_asking_them() -> None:
    world = World({A: DOWN, B: DOWN})
    for host in (A, B):
        world.hints.put(expired(host, asked=NOW - 60, again=NOW + 600))
    (later,) = world.deliver("r")
    assert isinstance(later, Later)
    assert later.is_hopeless
    assert later.why.endswith("the last error of a [192.0.2.0] was: No route to host")
    assert world.asked == []


def test_without_a_delay_each_message_for_such_hosts_has_its_one_try() -> None:
    world = World({A: DOWN}, delays=False, gives_up=True)
    world.hints.put(expired(A, asked=NOW - 60, again=NOW + 600))
    (later,) = world.deliver("r")
    assert isinstance(later, Later)
    assert later.is_hopeless
    assert [name for name, _ in world.asked] == ["a"]


def test_one_host_within_its_time_is_hope() -> None:
    world = World({A: DOWN, B: DOWN})
    world.hints.put(expired(A, asked=NOW - 60, again=NOW + 600))
    (later,) = world.deliver("r")
    assert isinstance(later, Later)
    assert not later.is_hopeless


def test_a_host_past_its_time_that_answers_is_like_any_other() -> None:
    world = World({A: OK})
    world.hints.put(expired(A, asked=NOW - 3600, again=NOW - 1))
    assert world.deliver("r") == (Delivered(A, "250 ok"),)
    assert world.hints.kept == {}


def test_a_host_without_tls_is_remembered_for_those_who_ask_for_it_alone() -> None:
    world = World({A: NO_TLS}, terms=ENCRYPTED)
    (found,) = world.deliver("r")
    assert isinstance(found, Later)
    assert found.number == TLS_REQUIRED
    assert list(world.hints.kept) == [f"{A.key} encrypt"]
    assert World({A: OK}, hints=world.hints).deliver("r") == (Delivered(A, "250 ok"),)
    world.asked.clear()
    (found,) = world.deliver("r")
    assert isinstance(found, Later)
    assert (found.number, world.asked) == (NO_TIME_YET, [])


def test_a_host_that_is_down_is_down_on_all_terms() -> None:
    world = World({A: DOWN}, terms=ENCRYPTED)
    world.deliver("r")
    assert list(world.hints.kept) == [A.key]


def test_a_host_of_which_nobody_knows_what_it_asks_for_is_not_called() -> None:
    world = World({A: OK, B: OK}, unsure={A: Unsure("TLSA lookup did not complete")})
    assert world.deliver("r") == (Delivered(B, "250 ok"),)
    alone = World({A: OK}, unsure={A: Unsure("TLSA lookup did not complete")})
    (found,) = alone.deliver("r")
    assert isinstance(found, Later)
    assert (found.number, found.text) == (ROUTING, "TLSA lookup did not complete")
    assert alone.asked == []


def test_requiretls_fails_when_every_host_is_without_it() -> None:
    """RFC 8689 s4.2.1"""
    world = World({A: LACKING, B: OK}, unsure={B: Unsure("unsigned", lacks_requiretls=True)})
    assert world.deliver("r") == (NO_REQUIRETLS,)


@pytest.mark.parametrize("other", [DOWN, NO_TLS], ids=repr)
def test_and_waits_while_one_of_them_may_have_it(other: Later | Result) -> None:
    assert isinstance(World({A: LACKING, B: other}).deliver("r")[0], Later)


def test_who_does_not_fit_into_one_transaction_has_no_outcome_yet() -> None:
    """RFC 9422: RCPTMAX"""
    world = World({A: OK, B: OK}, at_once=2)
    taken = Delivered(A, "250 ok")
    assert world.deliver("x", "y", "z") == (taken, taken, None)
    assert [name for name, _ in world.asked] == ["a"]


def test_who_was_put_off_goes_to_the_next_host_before_those_whom_nobody_was_asked_about() -> None:
    world = World({A: {"x": LATER, "y": OK}, B: OK}, at_once=2)
    assert world.deliver("x", "y", "z") == (Delivered(B, "250 ok"), Delivered(A, "250 ok"), None)
    assert world.asked[1] == ("b", ("x",))
