"""What an operator has ordered for one message, at its next attempt."""

from __future__ import annotations

from pymta.mail.envelope import NEVER, Recipient
from pymta.spool.outcomes import Edited, Held, Record, Redirected, Released, Rerouted
from tests.doubles.deliveries import BUSY, Rig
from tests.doubles.deliveries import NEVER as NO_SUCH_USER


def order(rig: Rig, id: str, record: Record) -> None:
    claim = rig.spool().claim(id)
    assert claim
    claim.note(record)
    claim.release()


def test_a_held_message_is_left_alone_even_by_force(rig: Rig) -> None:
    id = rig.put("user@localhost")
    order(rig, id, Held(rig.now, "root"))

    assert rig.attempt(id) == ["Message is held"]
    assert rig.attempt(id, force=True) == ["Message is held"]

    order(rig, id, Released(rig.now, "root"))
    assert rig.attempt(id)[-1] == "Completed"


def test_whoever_is_left_goes_by_way_of_the_host_that_was_named(rig: Rig) -> None:
    id = rig.put("a@dim.example", "user@localhost")
    order(rig, id, Rerouted(rig.now, "relay.example", "root"))

    rig.attempt(id)

    assert rig.sent == [("mx.relay.example", ("a@dim.example", "user@localhost"))]
    assert " R=reroute " in rig.log.texts()[0]
    assert rig.state(id) is None


def test_the_host_that_was_named_has_all_of_the_time(rig: Rig) -> None:
    rig.answers["a@x.example"] = BUSY
    id = rig.put("a@x.example")
    rig.attempt(id)
    rig.now += 9 * 86_400
    order(rig, id, Rerouted(rig.now, "relay.example", "root"))

    assert rig.attempt(id)[0].startswith("== a@x.example R=reroute ")
    assert rig.state(id) is not None


def test_the_way_by_a_named_host_can_be_undone(rig: Rig) -> None:
    id = rig.put("user@localhost")
    order(rig, id, Rerouted(rig.now, "relay.example", "root"))
    order(rig, id, Rerouted(rig.now, "", "root"))

    rig.attempt(id)

    assert rig.stored == [("user", "user@localhost")]


def test_recipients_are_those_of_the_operator(rig: Rig) -> None:
    id = rig.put("a@x.example", "b@x.example")
    order(rig, id, Edited(rig.now, (0,), (2, 3), ("c@x.example", "d@x.example"), "root"))

    assert rig.attempt(id)[-1] == "Completed"

    assert rig.sent == [("mx.x.example", ("b@x.example", "c@x.example", "d@x.example"))]


def test_nobody_is_told_of_one_who_stands_for_one_of_whom_nobody_wants_to_hear(rig: Rig) -> None:
    """RFC 3461 s4.1"""
    rig.answers |= {"b@x.example": NO_SUCH_USER, "c@x.example": NO_SUCH_USER}
    id = rig.put(Recipient("a@x.example", (NEVER,)))
    order(rig, id, Edited(rig.now, (0,), (1,), ("b@x.example",), "root"))

    assert rig.attempt(id)[-1] == "Completed"
    assert rig.handed_on == []

    id = rig.put(Recipient("a@x.example", (NEVER,)))
    order(rig, id, Edited(rig.now, (), (1,), ("c@x.example",), "root"))
    rig.attempt(id)
    assert len(rig.handed_on) == 1  # who was added besides has no wish of the sender


def test_a_command_is_run_here_though_the_rest_goes_to_another_host(rig: Rig) -> None:
    command = "|/usr/bin/vacation alice"
    id = rig.put("alice@users.example", "b@x.example")
    order(rig, id, Redirected(rig.now, (0,), (2,), (command,)))
    order(rig, id, Rerouted(rig.now, "relay.example", "root"))

    assert rig.attempt(id)[-1] == "Completed"

    assert rig.sent == [("mx.relay.example", ("b@x.example",))]
    assert rig.done == [("alice", "alice@users.example", command)]
