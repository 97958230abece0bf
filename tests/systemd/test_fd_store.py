"""A daemon that binds its own ports: what it has bound waits with systemd while it is away."""

from __future__ import annotations

import json

import pytest

from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.trees import ON_257, ON_BOTH

pytestmark = [pytest.mark.root, ON_257]

UNIT = "pymta-selfbound.service"
TWO = 'daemon_smtp_ports = ["25", "587"]\nlocal_interfaces = ["127.0.0.1"]\n'


@pytest.fixture
def serving(box: Box) -> Box:
    mta.settings(box, TWO)
    box.run("systemctl", "start", UNIT)
    return box


def stored(box: Box) -> int:
    return int(mta.shows(box, "NFileDescriptorStore", UNIT))


def answers(box: Box, port: int, host: str = "127.0.0.1") -> bool:
    return mta.first_line(box, host, port).startswith("220 ")


def sockets(box: Box) -> set[str]:
    """The kernel's numbers of all that listens in the box."""
    lines = box.says("cat", "/proc/net/tcp").splitlines()[1:]
    return {words[9] for words in map(str.split, lines) if words[3] == "0A"}


def listeners(box: Box) -> list[tuple[str, int]]:
    status = json.loads(box.says("pymta", "status", "--json"))
    return [(one["address"], one["port"]) for one in status["listeners"]]


@ON_BOTH
def test_a_restart_goes_on_with_the_same_sockets(serving: Box) -> None:
    before = sockets(serving)
    assert len(before) == stored(serving) == 2

    serving.run("systemctl", "restart", UNIT)

    assert sockets(serving) == before
    assert stored(serving) == 2
    assert listeners(serving) == [("127.0.0.1", 25), ("127.0.0.1", 587)]
    assert answers(serving, 25)
    assert answers(serving, 587)


@ON_BOTH
def test_who_calls_while_nobody_lives_is_served_by_the_next(serving: Box) -> None:
    """Check 14, without a socket unit."""
    pid = mta.shows(serving, "MainPID", UNIT)
    before = sockets(serving)
    mta.kill(serving, pid)
    assert mta.greeting(serving).startswith("220 ")
    assert mta.shows(serving, "MainPID", UNIT) != pid
    assert sockets(serving) == before


@pytest.mark.parametrize("what", ["reload", "restart"])
def test_what_is_not_wanted_any_more_is_closed_there_too(serving: Box, what: str) -> None:
    """And what is new is bound, be it on a port whose former socket the store still has."""
    mta.settings(serving, 'daemon_smtp_ports = ["25", "465"]\nlocal_interfaces = ["0.0.0.0"]\n')
    serving.run("systemctl", what, UNIT)
    assert listeners(serving) == [("0.0.0.0", 25), ("0.0.0.0", 465)]
    assert answers(serving, 25, "127.0.0.2")
    assert answers(serving, 465)
    assert not answers(serving, 587)
    serving.wait_until("the store holds the new ones alone", lambda: stored(serving) == 2)
    assert len(sockets(serving)) == 2
    told = serving.says("journalctl", "--no-pager", "-u", UNIT, "-o", "cat")
    assert "[127.0.0.1]:587 is not listened on any more" in told

    serving.run("systemctl", "restart", UNIT)
    assert listeners(serving) == [("0.0.0.0", 25), ("0.0.0.0", 465)]


def test_many_reloads_store_nothing_twice(serving: Box) -> None:
    for _ in range(3):
        serving.run("systemctl", "reload", UNIT)
    assert stored(serving) == 2


@ON_BOTH
def test_a_stop_closes_everything(serving: Box) -> None:
    serving.run("systemctl", "stop", UNIT)
    assert not sockets(serving)
    assert stored(serving) == 0
    assert not answers(serving, 25)


def test_both_wildcards_of_a_port_come_back_as_such(box: Box) -> None:
    box.run("systemctl", "start", UNIT)
    before = listeners(box)
    box.run("systemctl", "restart", UNIT)
    assert listeners(box) == before == [("::", 25), ("0.0.0.0", 25)]
    assert answers(box, 25)
    assert answers(box, 25, "::1")
