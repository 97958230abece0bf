"""Hundreds of kills; run by hand: packaging/dev run pytest -m long tests/long -s"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doubles.daemon import daemon
from tests.doubles.havoc import Havoc, numbers_in
from tests.doubles.peers import smtp_sink

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("per_worker", [1, 100])
def test_nothing_is_lost_over_hundreds_of_kills(per_worker: int, tmp_path: Path) -> None:
    with (
        smtp_sink(tmp_path / "sink") as sink,
        daemon(
            retry=["F,1h,1s"],
            smarthost=f"127.0.0.1:{sink.port}",
            worker_max_connections=per_worker,
        ) as made,
    ):
        recipients = ("user@localhost", "someone@remote.test")
        havoc = Havoc(made, recipients, messages=100_000, kills=300, seed=per_worker)
        havoc.run()
        havoc.deliver_the_rest()

        here, there = numbers_in(made.mailbox("user")), numbers_in(sink.messages())
        lost = [n for n in havoc.acknowledged if n not in here or n not in there]
        print(
            f"\n{len(havoc.acknowledged)} acknowledged, killed {dict(havoc.killed)};"
            f" {len(lost)} lost; more than once: {sum(n > 1 for n in here.values())} local,"
            f" {sum(n > 1 for n in there.values())} remote"
        )
        assert not lost
