from __future__ import annotations

import json
import os
import socket
from dataclasses import replace
from ipaddress import ip_address

import pytest

from pymta.channel.reach import Reach
from pymta.mail.caller import Endpoint, LocalSocket
from pymta.supervisor import handover
from pymta.supervisor.children import NOBODY, Child, Job
from pymta.supervisor.dispatch import Task
from pymta.supervisor.handover import Handover, UnknownVersionError, decode, encode
from pymta.supervisor.listener import Listener, LocalListener

TABLE = Handover(
    listeners=(
        Listener(3, Endpoint(ip_address("::"), 25), "smtp", takes_ipv4=True),
        Listener(4, Endpoint(ip_address("::"), 465), "submissions", starts_tls=True),
    ),
    children=(
        Child(10, Job.SESSION, 7, "192.0.2.7", 4, holds_slot=True),
        Child(11, Job.QUEUE_RUN, queue="slow"),
        Child(15, Job.SESSION, 16, generation=4, holds_slot=True, uid=1000),
    ),
    waiting=(Task("1aaaaa-00000000001-0000", "remote.example", Reach.NO_SMTP, "slow"),),
    busy={12: Task("1aaaaa-00000000002-0000")},
    missed=("", "slow"),
    control=8,
    clients=(9,),
    by_systemd=True,
    certificate=6,
    log=(13, 14),
    local=(LocalListener(5, LocalSocket("/run/pymta/submit")),),
    unheard=(17,),
)


def test_nothing_is_lost_between_two_images() -> None:
    """HU-04"""
    assert decode(encode(TABLE)) == TABLE


def test_a_task_of_an_older_image_is_one_of_a_new_message() -> None:
    plain = encode(TABLE).replace(b', "reach": "S"', b"").replace(b', "reach": "N"', b"")

    waiting, busy = decode(plain).waiting, decode(plain).busy
    assert b"reach" not in plain
    assert [task.reach for task in (*waiting, *busy.values())] == [Reach.NEW] * 2


@pytest.mark.parametrize(("missed", "expected"), [(True, ("",)), (False, ())])
def test_an_image_that_knew_one_queue_only_is_understood(
    missed: bool, expected: tuple[str, ...]
) -> None:
    old = json.loads(encode(TABLE))
    old["table"]["missed"] = missed
    for item in old["table"]["children"] + old["table"]["waiting"]:
        del item["queue"]
    for item in old["table"]["children"]:
        del item["uid"]
    del old["table"]["local"]

    table = decode(json.dumps(old).encode())

    assert table.missed == expected
    assert [child.queue for child in table.children] == [""] * 3
    assert {child.uid for child in table.children} == {NOBODY}
    assert table.local == ()


def test_every_descriptor_that_must_stay_open_is_named() -> None:
    """HU-05"""
    assert TABLE.descriptors() == (3, 4, 5, 7, 16, 8, 6, 9, 17, 13, 14)
    with_strangers = replace(TABLE, strangers=(11, 12))
    assert with_strangers.descriptors() == (3, 4, 5, 7, 16, 8, 6, 9, 17, 11, 12, 13, 14)


def test_a_table_of_another_version_is_not_believed() -> None:
    with pytest.raises(UnknownVersionError, match="version 99"):
        decode(b'{"version": 99, "table": {}}')


def test_what_it_says_of_sockets_is_heard_all_the_same() -> None:
    """HU-04, PT-05: else TLS would no longer begin at once on them."""
    plain = json.loads(encode(TABLE)) | {"version": 99}
    with pytest.raises(UnknownVersionError) as unknown:
        decode(json.dumps(plain).encode())

    assert unknown.value.roles == {3: "smtp", 4: "submissions"}
    assert unknown.value.by_systemd


def test_the_next_image_finds_the_table_and_hides_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as sock:
        listener = Listener(sock.fileno(), Endpoint(ip_address("127.0.0.1"), 25))
        fd = handover.leave(Handover(listeners=(listener,)))
        assert os.get_inheritable(sock.fileno())
        monkeypatch.setenv(handover.VARIABLE, str(fd))

        table = handover.take()

        assert table == Handover(listeners=(listener,))
        assert handover.VARIABLE not in os.environ
        assert not os.get_inheritable(sock.fileno())


def test_a_first_start_has_no_table() -> None:
    assert handover.take() is None


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"what is this",
        b"[]",
        b"{}",
        b"7",
        b'{"version": 1}',
        b'{"version": 1, "table": {}}',
        encode(TABLE).replace(b'"queue run"', b'"a job of later times"'),
        encode(TABLE).replace(b'"holds_slot"', b'"holds_more"'),
    ],
)
def test_a_table_that_cannot_be_read_is_not_believed_either(table: bytes) -> None:
    with pytest.raises(UnknownVersionError, match="cannot be read") as unknown:
        decode(table)
    assert unknown.value.roles in ({}, {3: "smtp", 4: "submissions"})


def test_a_table_of_the_program_before_this_one_is_understood() -> None:
    """It did not know when it began, and named all its children."""
    plain = json.loads(encode(TABLE))
    for name in ("began", "strangers", "keeps_listeners", "certificate", "log", "unheard"):
        del plain["table"][name]

    assert decode(json.dumps(plain).encode()) == replace(TABLE, certificate=-1, log=(), unheard=())
