"""What a unit of work may cost in system calls: budget.toml, held by a real strace.

No time is measured, so it holds on any machine.  Who makes pymta cheaper lowers the budget.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.bench.system_calls import counted
from tests.doubles.daemon import Daemon, daemon

BUDGET = tomllib.loads(Path(__file__).with_name("budget.toml").read_text())
UNITS = 40  # twice as many are below worker_max_connections: no worker is replaced meanwhile
TEXT = b"Subject: budget\r\n\r\n" + (b"x" * 70 + b"\r\n") * 50


def sessions(made: Daemon) -> None:
    for _ in range(UNITS):
        made.connect().quit()


def messages(made: Daemon) -> None:
    for _ in range(UNITS):
        with made.connect() as client:
            client.sendmail("sender@client.test", ["user@localhost"], TEXT)


def messages_of_one_session(made: Daemon) -> None:
    with made.connect() as client:
        for _ in range(UNITS):
            client.sendmail("sender@client.test", ["user@localhost"], TEXT)


def refusals(made: Daemon) -> None:
    for _ in range(UNITS):
        with made.raw() as sock:
            assert sock.recv(100).startswith(b"421")


@pytest.fixture
def made(unit: str) -> Iterator[Daemon]:
    limit = 1 if unit == "refusal" else 20
    with daemon(
        smtp_accept_max=limit,
        smtp_accept_queue_per_connection=0,
        worker_idle_timeout="5m",
        deliver_max=1,  # or how many workers begin while we count would be left to chance
    ) as one:
        held = one.raw()
        assert held.recv(100).startswith(b"220")
        yield one
        held.close()


@pytest.mark.root  # who traces processes that are not his children must be
@pytest.mark.parametrize(
    ("unit", "work"),
    [
        ("session", sessions),
        ("message", messages),
        ("message-of-many", messages_of_one_session),
        ("refusal", refusals),
    ],
)
def test_a_unit_of_work_stays_within_its_system_calls(
    unit: str, work: Callable[[Daemon], None], made: Daemon, tmp_path: Path
) -> None:
    delivered = count(UNITS, UNITS)
    for report in (tmp_path / "warm", tmp_path / "counted"):
        with counted(made, report) as calls:
            work(made)
            if unit.startswith("message"):
                made.wait_for_mail("user", next(delivered))
                made.wait_for_empty_queue()
    cost, budget = calls.per(UNITS), BUDGET[unit]
    table = "\n".join(f"{name:12} {number:6.2f}" for name, number in sorted(cost.items()))
    assert cost["total"] <= budget["total"] * (1 + BUDGET["slack"]), table
    assert round(cost.get("fsync", 0), 1) == budget["fsync"], table
