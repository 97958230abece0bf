"""Where a .forward sends mail on to: recorded first, to everybody once, and never in a circle."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.delivery.outcome import addressees
from pymta.delivery.redirect import MOST_ADDED, TooMany, Wish, redirect
from pymta.mail.envelope import Envelope, Recipient
from pymta.routing.forward_file import parse_forward
from pymta.routing.target import Unusable
from pymta.spool.fold import fold, step
from pymta.spool.outcomes import Delivered, Redirected, State
from pymta.spool.recipients import NO_FURTHER, written
from tests.doubles.deliveries import DOWN, IN_MEMORY, NEVER, START, Rig, key_of
from tests.doubles.memory_disk import MemoryDisk
from tests.doubles.watched_disk import StopAfter, Stopped, WatchedDisk

USERS = "users.example"
AT_X = 'R=mx T=smtp H=mx.x.example [192.0.2.1] C="250 queued"'


def test_a_user_has_his_mail_in_his_home_directory(rig: Rig) -> None:
    id = rig.put(f"Alice@{USERS}")
    assert rig.attempt(id) == [f"=> alice <Alice@{USERS}> R=local_user T=maildir", "Completed"]
    ((account, recipient, content),) = rig.homes
    assert (account, recipient) == ("alice", f"Alice@{USERS}")
    assert content.startswith(b"Received: by us\r\nSubject: hello")
    assert rig.state(id) is None


def test_mail_goes_where_the_user_says_and_he_has_a_copy(rig: Rig) -> None:
    rig.forwards["alice"] = b"\\alice\ncarol@x.example\n"
    id = rig.put(f"alice@{USERS}")
    assert rig.attempt(id) == [
        f"alice <alice@{USERS}> has the message sent on to \\alice@{USERS}, carol@x.example",
        f"=> alice <alice@{USERS}> R=local_user T=maildir",
        f'=> carol@x.example <alice@{USERS}> R=mx T=smtp H=mx.x.example [192.0.2.1] C="250 queued"',
        "Completed",
    ]
    assert [home[:2] for home in rig.homes] == [("alice", f"alice@{USERS}")]
    assert rig.sent == [("mx.x.example", ("carol@x.example",))]


def test_the_copy_says_by_whose_address_it_came(rig: Rig) -> None:
    rig.forwards |= {"alice": b"bob", "bob": b"eve"}
    rig.attempt(rig.put(f"alice@{USERS}"))
    ((account, _, content),) = rig.homes
    assert account == "eve"
    assert message_from_bytes(content).get_all("Delivered-To") == [f"bob@{USERS}", f"alice@{USERS}"]


def test_the_event_of_a_copy_names_both_recipients(rig: Rig) -> None:
    rig.forwards["alice"] = b"carol@x.example"
    rig.attempt(rig.put(f"alice@{USERS}"))
    told = {event.kind.name: event.fields for event in rig.log.events}
    assert told["DELIVERED"]["RECIPIENT"] == "carol@x.example"
    assert told["DELIVERED"]["ORIGINAL_RECIPIENT"] == f"alice@{USERS}"
    assert told["REDIRECTED"]["TO"] == ("carol@x.example",)


@pytest.mark.parametrize("text", [b"", b"# nothing yet\n\n", b"alice\n", b"ALICE@localhost"])
def test_a_file_that_leads_to_nobody_else_leaves_the_mail_to_the_user(
    rig: Rig, text: bytes
) -> None:
    rig.forwards["alice"] = text
    rig.attempt(rig.put("alice@users.example"))
    if b"localhost" in text:  # another mailbox, whatever it is called
        assert rig.stored == [("ALICE", "ALICE@localhost")]
    else:
        assert [home[0] for home in rig.homes] == ["alice"]


@pytest.mark.parametrize(
    ("forwards", "homes"),
    [
        pytest.param({"alice": b"bob", "bob": b"alice"}, ["alice"], id="a circle of two"),
        pytest.param(
            {"alice": b"bob", "bob": b"eve", "eve": b"alice"}, ["alice"], id="a circle of three"
        ),
        pytest.param(
            {"alice": b"\\alice, bob", "bob": b"alice"}, ["alice"], id="a circle and a copy"
        ),
        pytest.param({"alice": b"bob, eve", "bob": b"eve"}, ["eve"], id="twice to one"),
    ],
)
def test_a_circle_ends_in_the_mailbox_where_it_closes(
    rig: Rig, forwards: dict[str, bytes], homes: list[str]
) -> None:
    rig.forwards |= forwards
    id = rig.put(f"alice@{USERS}")
    rig.attempt(id)
    assert [home[0] for home in rig.homes] == homes
    assert rig.state(id) is None


def test_two_recipients_who_send_on_to_each_other_lose_nothing(rig: Rig) -> None:
    rig.forwards |= {"alice": b"bob", "bob": b"alice"}
    rig.attempt(rig.put(f"alice@{USERS}", f"bob@{USERS}"))
    assert [home[0] for home in rig.homes] == ["alice"]


def test_a_message_that_has_been_here_before_is_not_sent_on_again(rig: Rig) -> None:
    """The circle goes over another host, which has kept our Delivered-To."""
    rig.forwards["alice"] = b"carol@x.example"
    id = rig.put(f"alice@{USERS}", body=f"delivered-to: ALICE@{USERS}\r\n\r\nx\r\n".encode())
    rig.attempt(id)
    assert [home[0] for home in rig.homes] == ["alice"]
    assert rig.sent == []


def test_what_the_user_says_later_changes_nothing_for_a_message_under_way(rig: Rig) -> None:
    rig.forwards["alice"] = b"carol@x.example"
    rig.answers["carol@x.example"] = DOWN
    id = rig.put(f"alice@{USERS}")
    rig.attempt(id)
    rig.forwards["alice"] = b"dave@y.example"
    del rig.answers["carol@x.example"]
    rig.now += 3600
    assert rig.attempt(id, force=True)[-1] == "Completed"
    assert rig.sent == [("mx.x.example", ("carol@x.example",))]


def test_the_sender_hears_of_a_failure_and_in_place_of_whom_it_was(rig: Rig) -> None:
    rig.forwards["alice"] = b"carol@x.example"
    rig.answers["carol@x.example"] = NEVER
    id = rig.put(f"alice@{USERS}")
    lines = rig.attempt(id)
    assert lines[1].startswith(f"** carol@x.example <alice@{USERS}> R=mx T=smtp")
    claim = rig.spool().claim(rig.handed_on[0].id)
    assert claim
    report = b"".join(claim.blocks()).decode()
    claim.release()
    assert f"  <carol@x.example> in place of <alice@{USERS}>" in report
    assert "Final-Recipient: rfc822; carol@x.example" in report


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"bob\n:include:/x\n", "line 2: :include:/x is not supported"),
        (b"a b\n", "line 1: 'a b' is no address: malformed local part"),
    ],
)
def test_a_file_that_cannot_be_used_puts_the_mail_off(rig: Rig, text: bytes, why: str) -> None:
    rig.forwards["alice"] = text
    id = rig.put(f"alice@{USERS}")
    deferred = f"== alice <alice@{USERS}> R=local_user T=maildir defer (0)"
    assert rig.attempt(id) == [f"{deferred}: the forward file of alice cannot be used: {why}"]
    assert not rig.homes
    assert not rig.sent
    rig.forwards.clear()
    assert rig.attempt(id, force=True)[-1] == "Completed"


def test_one_who_hangs_does_not_keep_the_others_from_their_mail(rig: Rig) -> None:
    rig.hung.add("bob")
    id = rig.put(f"alice@{USERS}", f"bob@{USERS}", f"eve@{USERS}", "a@x.example")
    rig.attempt(id)
    assert [home[0] for home in rig.homes] == ["alice", "eve"]
    assert rig.sent == [("mx.x.example", ("a@x.example",))]
    state = rig.state(id)
    assert state
    assert state.pending == (1,)


def test_when_the_message_cannot_be_made_ready_every_user_waits(rig: Rig) -> None:
    rig.store_error = OSError(28, "No space left on device")
    id = rig.put(f"alice@{USERS}", f"bob@{USERS}")
    lines = rig.attempt(id)
    why = "No space left on device: cannot make the message ready for system users"
    assert lines == [
        f"== {who} <{who}@{USERS}> R=local_user T=maildir defer (28): {why}"
        for who in ("alice", "bob")
    ]


ENDS: dict[str, Callable[[MemoryDisk], None]] = {
    "killed": MemoryDisk.stop,
    "power cut": lambda disk: disk.cut_power(lambda: False),
}


@pytest.mark.parametrize("end", ENDS)
def test_an_attempt_stopped_anywhere_and_repeated_reaches_everybody(
    end: str, tmp_path: Path
) -> None:
    """Nobody is lost; twice has it only who had it right before his record was to be written."""
    for count in range(400):
        memory = MemoryDisk(lambda: START)
        rig = Rig(tmp_path, disk=memory, spool_directory=IN_MEMORY)
        rig.forwards |= {"alice": b"\\alice, bob, carol@x.example", "bob": b"dave@y.example"}
        id = rig.put(f"alice@{USERS}", "e@z.example")
        rig.disk = WatchedDisk(memory, StopAfter(count))
        came_through = True
        try:
            rig.attempt(id)
        except Stopped:
            came_through = False
        rig.disk = memory
        ENDS[end](memory)
        if rig.spool().holds(id):
            assert rig.attempt(id, force=True)[-1] == "Completed"
        assert {home[0] for home in rig.homes} == {"alice"}
        reached = [who for _, whom in rig.sent for who in whom]
        assert set(reached) == {"carol@x.example", "dave@y.example", "e@z.example"}
        assert len(reached) + len(rig.homes) <= 5
        if came_through:
            assert count > 30
            return
    pytest.fail("never came through")


# The decision by itself.

NAMES = ["a", "b", "c", "d"]
FILES = st.dictionaries(
    st.sampled_from(NAMES),
    st.lists(st.sampled_from([*NAMES, "\\a", "\\b", "x@y.example"]), min_size=1, max_size=4),
)


@given(FILES, st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
def test_whatever_users_say_mail_arrives_and_comes_to_rest(
    files: dict[str, list[str]], recipients: list[str]
) -> None:
    envelope = Envelope("s@x", tuple(Recipient(f"{n}@{USERS}") for n in recipients), 0.0)
    state = fold(len(recipients), [])
    delivered: list[str] = []
    for _ in range(100):
        if not state.pending:
            break
        state = settle_one(state, envelope, files, delivered)
    else:
        pytest.fail("it goes round")
    assert delivered, "it has vanished"
    assert len(delivered) == len(set(delivered)), "somebody has it twice"
    for index, _ in state.redirects:
        assert leaves(index, state), "nobody has it in this one's place"


def settle_one(
    state: State, envelope: Envelope, files: dict[str, list[str]], delivered: list[str]
) -> State:
    """As an attempt would, with files that say these things."""
    index = state.pending[0]
    (who,) = addressees([index], envelope, state)
    name = who.address.partition("@")[0]
    if who.is_final or name not in files:
        text = written(envelope, state)[index]
        delivered.append(text)
        return step(state, Delivered(0.0, (index,)))
    targets = parse_forward(", ".join(files[name]).encode())
    assert not isinstance(targets, Unusable)
    made = redirect(Wish(who, targets, name), envelope, state, key_of, 0.0)
    assert isinstance(made, Redirected)
    return step(state, made)


def leaves(index: int, state: State) -> set[int]:
    """Who has it in the end, in place of this one."""
    redirects = dict(state.redirects)
    if index not in redirects:
        return {index}
    return set().union(*(leaves(n, state) for n in redirects[index]))


def test_a_message_can_be_made_to_go_to_very_many_but_not_to_more() -> None:
    envelope = Envelope("s@x", (Recipient(f"a@{USERS}"),), 0.0)
    added = tuple((n + 1, f"u{n}@x.example") for n in range(MOST_ADDED))
    state = State(pending=(0,), added=added)
    targets = parse_forward(b"one.more@x.example")
    assert not isinstance(targets, Unusable)
    wish = Wish(addressees([0], envelope, state)[0], targets, "a")
    assert isinstance(redirect(wish, envelope, state, key_of, 0.0), TooMany)


def test_a_mailbox_from_which_mail_goes_no_further_is_marked() -> None:
    envelope = Envelope("s@x", (Recipient(f"a@{USERS}"),), 0.0)
    state = fold(1, [Redirected(0.0, (0,), (1,), (f"{NO_FURTHER}a@{USERS}",))])
    (who,) = addressees([1], envelope, state)
    assert (who.address, who.is_final, who.via) == (f"a@{USERS}", True, (f"a@{USERS}",))
