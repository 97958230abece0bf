"""Commands and files that a .forward or an alias names get the message, as whoever may do so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pymta.routing.route import Expanded, Item
from pymta.routing.target import Command, File
from pymta.transport.classify import Later, Never
from pymta.transport.local_request import Deed, Nothing
from tests.doubles.deliveries import IN_MEMORY, SETTINGS, START, Rig, attempt_until, bounces
from tests.doubles.memory_disk import MemoryDisk
from tests.doubles.watched_disk import StopAfter, Stopped, WatchedDisk

ALICE = "alice@users.example"
VACATION = "|/usr/bin/vacation alice"


def test_each_is_done_for_the_user_who_has_named_it(rig: Rig) -> None:
    rig.forwards["alice"] = b"\\alice, |/usr/bin/vacation alice\n/home/alice/in/, /home/alice/all\n"
    id = rig.put(ALICE)
    whom = f"\\{ALICE}, {VACATION}, /home/alice/in/, /home/alice/all"
    assert rig.attempt(id) == [
        f"alice <{ALICE}> has the message sent on to {whom}",
        f"=> alice <{ALICE}> R=local_user T=maildir",
        f"=> {VACATION} <{ALICE}> R=local_user T=address_pipe",
        f"=> /home/alice/in/ <{ALICE}> R=local_user T=address_directory",
        f"=> /home/alice/all <{ALICE}> R=local_user T=address_file",
        "Completed",
    ]
    assert rig.done == [
        ("alice", ALICE, item) for item in (VACATION, "/home/alice/in/", "/home/alice/all")
    ]


def test_two_users_of_one_command_have_it_run_each(rig: Rig) -> None:
    rig.forwards |= {"alice": b"|/usr/bin/procmail", "bob": b"|/usr/bin/procmail"}
    assert rig.attempt(rig.put(ALICE, "bob@users.example"))[-1] == "Completed"
    assert [account for account, _, _ in rig.done] == ["alice", "bob"]


def test_what_an_alias_names_is_done_for_the_account_of_aliases(rig: Rig) -> None:
    targets = (Command("/usr/bin/list post"), File("/srv/archive"))
    items = tuple(Item(target, "/etc/aliases:1") for target in targets)
    rig.aliases["list@localhost"] = Expanded(items, "list", "/etc/aliases:1", "system_aliases")
    lines = rig.attempt(rig.put("list@localhost"))
    assert lines[1:] == [
        "=> |/usr/bin/list post <list@localhost> R=system_aliases T=address_pipe",
        "=> /srv/archive <list@localhost> R=system_aliases T=address_file",
        "Completed",
    ]
    assert {account for account, _, _ in rig.done} == {"program"}
    assert [deed for _, _, deed in rig.asked] == [Deed.ALIAS, Deed.ALIAS]


def test_nobody_gets_what_a_user_throws_away(rig: Rig) -> None:
    rig.forwards["alice"] = b"/dev/null\n"
    assert rig.attempt(rig.put(ALICE))[1:] == [
        f"=> :blackhole: <{ALICE}> R=local_user T=blackhole",
        "Completed",
    ]
    assert not rig.homes


def test_one_that_waits_is_done_again_and_no_other_with_it(rig: Rig) -> None:
    rig.forwards["alice"] = b"\\alice, |/usr/bin/vacation alice"
    rig.items[VACATION] = Later(0, why="the command '/usr/bin/vacation' returned 75 (EX_TEMPFAIL)")
    id = rig.put(ALICE)
    assert rig.attempt(id)[2].startswith(f"== {VACATION} <{ALICE}> R=local_user T=address_pipe")
    rig.items.clear()
    assert rig.attempt(id, force=True)[-1] == "Completed"
    assert len(rig.homes) == len(rig.done) == 1


def test_a_sender_hears_of_the_user_and_of_what_was_printed_but_not_of_the_command(
    rig: Rig,
) -> None:
    rig.forwards["alice"] = b"|/usr/bin/vacation alice"
    rig.items[VACATION] = Never("the command '/usr/bin/vacation' returned 67: who?", "5.1.1")
    rig.attempt(rig.put(ALICE))
    (report,) = bounces(rig)
    assert b"Final-Recipient: rfc822; alice@users.example" in report
    assert b"returned 67: who?" in report
    assert b"vacation alice" not in report


@pytest.mark.parametrize("domain", ["users.example", "both.example"])
def test_what_is_taken_out_of_the_file_meanwhile_is_not_done(rig: Rig, domain: str) -> None:
    """The mail is for the mailbox then; a server that has the mailbox is not asked for it."""
    rig.forwards["alice"] = b"|/usr/bin/vacation alice"
    rig.items[VACATION] = Nothing()
    id = rig.put(f"alice@{domain}")
    lines = rig.attempt(id)
    if domain == "users.example":
        assert lines[-1] == "Completed"
        assert [home[:2] for home in rig.homes] == [("alice", ALICE)]
    else:
        assert lines[-1].endswith("the forward file of alice does not name it any more")


@pytest.mark.parametrize("address", ["|cmd@localhost", "/etc/passwd@localhost", "|x@x.example"])
def test_an_address_that_looks_like_one_is_an_address(rig: Rig, address: str) -> None:
    """RFC 5321 s4.1.2 allows a bar and a slash in a local part."""
    assert rig.attempt(rig.put(address))[-1] == "Completed"
    rig.forwards["alice"] = b'"|x"@x.example'
    assert rig.attempt(rig.put(ALICE))[-1] == "Completed"
    assert not rig.done
    assert rig.sent[-1][1] == ('"|x"@x.example',)


THREE = [f"{name}@users.example" for name in ("alice", "bob", "carol")]
IN_MBOXES = replace(SETTINGS, deliver=replace(SETTINGS.deliver, mail_spool_directory="/var/mail"))


@pytest.mark.parametrize("is_done", [True, False], ids=["commands", "mboxes"])
def test_of_several_that_would_be_there_twice_one_is_at_most(is_done: bool, tmp_path: Path) -> None:
    """Wherever the attempt is stopped: each is on record before the next one begins."""
    count, came_through = 0, False
    while not came_through:
        memory = MemoryDisk(lambda: START)
        rig = Rig(
            tmp_path,
            disk=memory,
            spool_directory=IN_MEMORY,
            settings=SETTINGS if is_done else IN_MBOXES,
        )
        if is_done:
            rig.forwards["alice"] = b"|/one, |/two, |/three"
        id = rig.put(*([ALICE] if is_done else THREE))
        came_through = attempt_until(rig, memory, id, count)
        if rig.spool().holds(id):
            rig.attempt(id, force=True)
        got = rig.done if is_done else rig.homes
        assert len({str(one) for one in got}) == 3
        assert len(got) <= 4, count
        count += 1


def test_a_message_stopped_anywhere_is_done_once_more_at_most(tmp_path: Path) -> None:
    """What was named is recorded before it is done, and found again whatever was stopped."""
    for count in range(200):
        memory = MemoryDisk(lambda: START)
        rig = Rig(tmp_path, disk=memory, spool_directory=IN_MEMORY)
        rig.forwards["alice"] = b"|/usr/bin/vacation alice, bob@users.example"
        id = rig.put(ALICE)
        rig.disk = WatchedDisk(memory, StopAfter(count))
        came_through = True
        try:
            rig.attempt(id)
        except Stopped:
            came_through = False
        rig.disk = memory
        memory.stop()
        if rig.spool().holds(id):
            rig.attempt(id, force=True)
        assert rig.done in ([("alice", ALICE, VACATION)], [("alice", ALICE, VACATION)] * 2)
        assert len(rig.homes) in {1, 2}
        assert rig.state(id) is None
        if came_through:
            return
    pytest.fail("never came through")
