"""A destination that has as much as it may have: its mail waits, and is never given up for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymta.config.queue import Queue
from pymta.config.routing import Routing
from pymta.config.settings import Settings
from pymta.transport.seats import Seats
from tests.doubles.deliveries import BUSY, Rig

DAY = 86_400.0


def limited(directory: Path, queue: Queue) -> Rig:
    return Rig(directory, settings=Settings(routing=Routing(primary_hostname="h"), queue=queue))


@pytest.mark.parametrize("name", ["destination x.example", "host 192.0.2.1:25"])
def test_where_all_seats_are_taken_the_message_waits_a_minute(tmp_path: Path, name: str) -> None:
    rig = limited(tmp_path, Queue(destination_concurrency=1))
    others = Seats(tmp_path / "run")
    others.take(name, 1)
    id = rig.put("a@x.example", "user@localhost")

    lines = rig.attempt(id)

    where = "x.example" if "destination" in name else "mx.x.example"
    assert (
        lines[1] == f"== a@x.example R=mx T=smtp defer (-57): 1 of 1 deliveries at once to {where}"
    )
    assert rig.stored == [("user", "user@localhost")]
    state = rig.state(id)
    assert state is not None
    assert state.due == rig.now + 60
    rig.now += 9 * DAY
    rig.attempt(id)
    assert rig.state(id) is not None
    others.close()
    rig.now += 60
    rig.answers["a@x.example"] = BUSY
    assert rig.attempt(id)[0].startswith("== a@x.example")  # his own time begins only now
    rig.answers.clear()
    assert rig.attempt(id, force=True)[0].startswith("=> a@x.example")
    rig.close()


def test_no_more_goes_to_an_lmtp_server_at_once_than_to_any_host(tmp_path: Path) -> None:
    """One that hangs leaves workers for the mail of others."""
    rig = limited(tmp_path, Queue(destination_concurrency=1))
    others = Seats(tmp_path / "run")
    others.take("server /run/dovecot/lmtp", 1)
    id = rig.put("a@store.example", "a@x.example")

    lines = rig.attempt(id)

    waits = "1 of 1 deliveries at once to /run/dovecot/lmtp"
    assert f"== a@store.example R=local T=lmtp defer (-57): {waits}" in lines
    assert [where for where, _ in rig.sent] == ["mx.x.example"]
    state = rig.state(id)
    assert state is not None
    assert state.due == rig.now + 60
    others.close()
    rig.now += 60
    assert rig.attempt(id)[-1] == "Completed"
    rig.close()


def test_a_slow_command_takes_no_workers_beyond_its_seats(tmp_path: Path) -> None:
    """The message waits, with no failure of its own, and what is for others of it goes."""
    rig = limited(tmp_path, Queue())
    command = "|/usr/bin/slow"
    rig.forwards["alice"] = f"\\alice, {command}".encode()
    others = [Seats(tmp_path / "run") for _ in range(4)]
    for number, seats in enumerate(others):
        assert seats.take("command alice", 4) == number
    id = rig.put("alice@users.example")

    line = rig.attempt(id)[2]

    assert line == (
        f"== {command} <alice@users.example> R=local_user T=address_pipe"
        " defer (-57): 4 of 4 deliveries at once to commands of alice"
    )
    assert len(rig.homes) == 1
    assert not rig.done
    state = rig.state(id)
    assert state is not None
    assert state.due == rig.now + 60
    rig.now += 9 * DAY
    rig.attempt(id)
    assert rig.state(id) is not None
    others.pop().close()
    rig.now += 60
    assert rig.attempt(id)[-1] == "Completed"
    assert [item for _, _, item in rig.done] == [command]
    rig.close()
    for seats in others:
        seats.close()


def test_beyond_its_rate_mail_for_a_domain_waits_for_its_turn(tmp_path: Path) -> None:
    rig = limited(tmp_path, Queue(destination_rate={"x.example": "1/1h"}))
    assert rig.attempt(rig.put("a@x.example"))[0].startswith("=>")
    id = rig.put("b@x.example")

    (line,) = rig.attempt(id)

    assert line == "== b@x.example R=mx T=smtp defer (-57): rate of 1/1h to x.example is reached"
    assert rig.attempt(rig.put("c@y.example"))[0].startswith("=>")
    rig.now += 2 * 3600
    assert rig.attempt(id)[0].startswith("=> b@x.example")
    rig.close()
