"""Nothing answered 250 is ever lost, whatever is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doubles.daemon import daemon
from tests.doubles.havoc import Havoc, numbers_in
from tests.doubles.peers import smtp_sink


@pytest.mark.timeout(240)
def test_local_mail_survives_kills_and_comes_once() -> None:
    """The file name derives from id and recipient, so a repeated attempt replaces the first."""
    with daemon(retry=["F,1h,1s"]) as made:
        havoc = Havoc(made, ("user@localhost",), messages=200, kills=24, seed=1)
        havoc.run()
        havoc.deliver_the_rest()

        arrived = numbers_in(made.mailbox("user"))
        assert havoc.acknowledged <= set(arrived)
        assert len(havoc.acknowledged) >= havoc.kills
        assert min(havoc.killed[kind] for kind in ("session", "supervisor")) > 0


@pytest.mark.timeout(240)
def test_mail_for_two_places_survives_kills(tmp_path: Path) -> None:
    with (
        smtp_sink(tmp_path / "sink") as sink,
        daemon(retry=["F,1h,1s"], smarthost=f"127.0.0.1:{sink.port}") as made,
    ):
        recipients = ("user@localhost", "someone@remote.test")
        havoc = Havoc(made, recipients, messages=120, kills=16, seed=2)
        havoc.run()
        havoc.deliver_the_rest()

        assert havoc.acknowledged <= set(numbers_in(made.mailbox("user")))
        assert havoc.acknowledged <= set(numbers_in(sink.messages()))
        assert len(havoc.acknowledged) >= havoc.kills
