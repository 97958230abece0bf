"""What an attempt leaves behind for queue runs: for which hosts the rest of the message waits."""

from __future__ import annotations

from pymta.delivery.waits import wait_of
from pymta.hints.waits import HostWait
from pymta.retry.rules import parse_retry
from pymta.routing.route import Remote
from pymta.spool.outcomes import Deferred
from tests.doubles.deliveries import BUSY, DOWN, Rig, host

DAY = 86_400.0
RULES = parse_retry((), ("F,4d,1h",))


def test_a_message_that_waits_for_hosts_is_known_by_them(rig: Rig) -> None:
    rig.answers = {"a@x.example": DOWN}
    id = rig.put("user@localhost", "a@x.example")

    rig.attempt(id)

    (wait,) = rig.waits.kept.values()
    state = rig.state(id)
    assert state is not None
    key, due = host("x.example").key, state.due
    warned = rig.now + 4 * 3600  # sooner than it is given up: its sender is told of the delay
    assert wait == HostWait(id, "x.example", (key,), due, warned, until=due)


def test_so_is_one_whose_recipient_is_put_off(rig: Rig) -> None:
    rig.answers = {"a@x.example": BUSY}
    id = rig.put("a@x.example")
    rig.attempt(id)
    assert rig.waits.kept.keys() == {id}
    assert rig.waits.kept[id].until == 0  # no trouble of the host


def test_one_that_met_limits_of_our_own_waits_for_its_hosts_as_well(rig: Rig) -> None:
    """So a run opens no more of them than the limits let through."""
    id = rig.put("a@x.example")
    claim = rig.spool().claim(id)
    assert claim
    claim.note(Deferred(rig.now, (0,), rig.now + 60, "rate is reached", is_limited=True))
    wait = wait_of(claim, {0: Remote("x.example", (host("x.example"),))}, {}, RULES, 0)
    claim.release()
    assert wait
    assert wait.wake == rig.now + 60 + 4 * DAY


def test_very_many_who_wait_are_looked_at_in_no_time(rig: Rig) -> None:
    """Some hundred million steps, if the time of all is looked up for each."""
    everybody = tuple(range(10_000))
    id = rig.put(*(f"{n}@x.example" for n in everybody))
    claim = rig.spool().claim(id)
    assert claim
    claim.note(Deferred(rig.now, everybody, rig.now + 60, "busy"))
    way = Remote("x.example", (host("x.example"),))
    wait = wait_of(claim, dict.fromkeys(everybody, way), {}, RULES, 0)
    claim.release()
    assert wait
    assert wait.wake == rig.now + 4 * DAY


def test_hosts_are_the_same_in_whatever_order_they_come(rig: Rig) -> None:
    """Those of one preference are shuffled at each attempt (RFC 5321 s5.1)."""
    a, b = host("a.example"), host("b.example")
    id = rig.put("a@x.example")
    claim = rig.spool().claim(id)
    assert claim
    found = [
        wait_of(claim, {0: Remote("x.example", hosts)}, {}, RULES, 0) for hosts in ((a, b), (b, a))
    ]
    claim.release()
    assert found[0]
    assert found[0] == found[1]


def test_one_that_waits_for_two_destinations_or_for_something_else_is_not(rig: Rig) -> None:
    rig.answers = {"a@x.example": DOWN, "a@y.example": DOWN}
    for recipients in (("a@x.example", "a@y.example"), ("a@x.example", "b@dim.example")):
        rig.attempt(rig.put(*recipients))
    assert rig.waits.kept == {}


def test_what_is_known_of_a_message_ends_with_it(rig: Rig) -> None:
    rig.answers = {"a@x.example": DOWN}
    id = rig.put("a@x.example")
    rig.attempt(id)
    rig.answers.clear()
    rig.attempt(id, force=True)
    assert rig.state(id) is None
    assert rig.waits.kept == {}
