"""Recipients whose mail an LMTP server has: system users too, who may have theirs sent on."""

from __future__ import annotations

from dataclasses import replace

from pymta.config.routing import Routing
from pymta.delivery.outcome import Addressee, Tried
from pymta.delivery.settle import Settlement, records_of_final
from pymta.mail.envelope import Recipient
from pymta.mail.reply import Reply
from pymta.smtp.client_words import Refused, Stage
from pymta.spool import outcomes
from pymta.transport.classify import Delivered
from pymta.transport.local_request import Deed
from tests.doubles.deliveries import DOWN, NEVER, SETTINGS, START, Rig, host

FULL = Refused(Reply(452, "full", "4.2.2"), Stage.FINAL, "end of data")
SERVER = "/run/dovecot/lmtp"


def test_all_of_one_server_travel_together_and_fare_each_alone(rig: Rig) -> None:
    rig.answers |= {"b@store.example": NEVER, "c@store.example": FULL}
    id = rig.put(*(f"{name}@store.example" for name in "abc"))
    waits = "== c@store.example R=local T=lmtp defer (-46):"
    assert rig.attempt(id) == [
        '=> a@store.example R=local T=lmtp C="250 queued"',
        "** b@store.example R=local T=lmtp: LMTP error after RCPT TO:<x>: 550 5.1.1 no such user",
        f"{waits} LMTP error after end of data: 452 4.2.2 full",
        *rig.log.texts()[3:],
    ]
    assert rig.sent == [(SERVER, ("a@store.example", "b@store.example", "c@store.example"))]
    state = rig.state(id)
    assert state
    assert state.pending == (2,)


def test_a_server_that_is_away_has_everybody_wait(rig: Rig) -> None:
    rig.answers["a@store.example"] = DOWN
    id = rig.put("a@store.example", "b@store.example")
    assert rig.attempt(id) == [
        f"== {name}@store.example R=local T=lmtp defer (111): Connection refused" for name in "ab"
    ]
    del rig.answers["a@store.example"]
    assert rig.attempt(id, force=True)[-1] == "Completed"


def test_where_the_server_wants_names_two_of_one_name_get_one_copy(rig: Rig) -> None:
    rig.settings = replace(SETTINGS, routing=Routing("mail.example.net", lmtp_local_part_only=True))
    id = rig.put("a@store.example", "b@store.example", "a@both.example")
    rig.forwards["a"] = b"\\a\n"
    assert rig.attempt(id)[-1] == "Completed"
    assert sorted(rig.sent) == [(SERVER, ("a",)), (SERVER, ("a", "b"))]


def test_a_system_user_is_asked_for_his_forward_before_the_server_has_his_mail(rig: Rig) -> None:
    rig.forwards |= {"alice": b"\\alice, carol@x.example\n", "bob": b"# nothing\n"}
    id = rig.put(*(f"{name}@both.example" for name in ("alice", "bob", "eve")))
    rig.attempt(id)
    assert [(account, deed) for account, _, deed in rig.asked] == [
        (name, Deed.LOOK) for name in ("alice", "bob", "eve")
    ]
    assert rig.homes == []
    assert sorted(rig.sent) == [
        (SERVER, ("alice@both.example",)),
        (SERVER, ("bob@both.example", "eve@both.example")),
        ("mx.x.example", ("carol@x.example",)),
    ]
    assert rig.state(id) is None


def test_a_home_that_hangs_keeps_the_mail_from_the_server(rig: Rig) -> None:
    """A .forward in it would say something else."""
    rig.hung.add("alice")
    id = rig.put("alice@both.example")
    (line,) = rig.attempt(id)
    assert line.startswith("== alice <alice@both.example> R=local_user")
    assert rig.sent == []


def test_what_a_server_over_tcp_has_taken_is_delivered_and_not_passed_on() -> None:
    """RFC 3461 s6.2: it is in the mailbox, so that is what a sender hears who asked."""
    asked = Recipient("a@store.example", ("SUCCESS",))
    who = Addressee(0, "a@store.example", asked=asked)
    for transport, how in (("lmtp", "T=lmtp"), ("smtp", "H=mx.x.example [192.0.2.1]")):
        tried = Tried(who, Delivered(host("x.example")), "local", transport)
        (record,) = records_of_final(Settlement(delivered=(tried,)), START, "", "report")
        assert isinstance(record, outcomes.Delivered)
        assert record.how == how
