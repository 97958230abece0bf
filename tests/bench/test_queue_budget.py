"""What a message of the queue may cost in system calls: budget.toml, held by a real strace.

Of what a command costs by itself nothing is counted: it is given few messages and then many, and
what the many cost more is theirs.
"""

from __future__ import annotations

import os
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from pymta.mail.envelope import Envelope, Recipient
from pymta.spool import listing
from pymta.spool.files import FileSpool
from pymta.spool.outcomes import Deferred
from pymta.spool.store import Seal
from tests.bench.system_calls import read_table
from tests.doubles import peers
from tests.doubles.daemon import command, daemon

BUDGET = tomllib.loads(Path(__file__).with_name("budget.toml").read_text())
FEW, MANY = 40, 140
TEXT = b"Subject: budget\r\n\r\n" + (b"x" * 70 + b"\r\n") * 50


def keep(state: Path, count: int) -> list[str]:
    spool, now = FileSpool(state / "spool"), time.time()
    ids = []
    for _ in range(count):
        intake = spool.begin(Envelope("a@client.test", (Recipient("b@remote.test"),), now))
        intake.write(TEXT)
        intake.commit(Seal())
        ids.append(intake.id)
    spool.close()
    return ids


def put_off(state: Path, count: int) -> None:
    spool, now = FileSpool(state / "spool"), time.time()
    for id in keep(state, count):
        claim = spool.claim(id)
        assert claim
        claim.note(Deferred(now, (0,), now + 900, "Connection refused"))
        claim.release()
    spool.close()


def traced(environment: dict[str, str], report: Path, *arguments: str) -> dict[str, int]:
    buffered = {"PYTHONUNBUFFERED": ""}  # else each line is a write
    subprocess.run(
        ["strace", "-f", "-c", "-qq", f"--output={report}", *command(*arguments)],
        env=environment | buffered,
        capture_output=True,
        check=True,
    )
    return read_table(report)


def assert_within(unit: str, few: dict[str, int], many: dict[str, int]) -> None:
    cost = {name: (many[name] - few.get(name, 0)) / (MANY - FEW) for name in many}
    table = "\n".join(f"{name:12} {number:6.2f}" for name, number in sorted(cost.items()))
    assert sum(cost.values()) <= BUDGET[unit]["total"] * (1 + BUDGET["slack"]), table


@pytest.mark.root
def test_a_line_of_a_listing_stays_within_its_system_calls(tmp_path: Path) -> None:
    with daemon() as made:
        found = []
        for count in (FEW, MANY - FEW):
            put_off(made.state, count)
            found.append(traced(made.environment, tmp_path / "calls", "queue", "list"))
    assert_within("listed", *found)


@pytest.mark.root
def test_a_line_that_was_listed_before_stays_within_its_system_calls(tmp_path: Path) -> None:
    """Of messages without journals, since one that is so young is not noted; to see that there is
    none costs as much as to see that it is the same.
    """
    environment, found = dict(os.environ), []
    for count in (listing.FEWEST, MANY - FEW):
        keep(tmp_path, count)
        view = FileSpool(tmp_path / "spool")
        for _ in range(2):
            assert [*view.glances("", print)]
        view.close()
        arguments = ("queue", "--state", str(tmp_path), "list")
        found.append(traced(environment, tmp_path / "calls", *arguments))
    assert_within("listed-again", *found)


@pytest.mark.root
def test_a_message_of_a_queue_run_stays_within_its_system_calls(tmp_path: Path) -> None:
    with (
        peers.smtp_sink(tmp_path / "sink") as sink,
        # One place for mail to hosts: how many workers begin is not left to chance.
        daemon(smarthost=f"127.0.0.1:{sink.port}", deliver_max=2) as made,
    ):
        found = []
        for count in (FEW, MANY):
            put_off(made.state, count)
            found.append(traced(made.environment, tmp_path / "calls", "queue", "run", "--force"))
            assert not made.queued()
    assert_within("queue-run", *found)
