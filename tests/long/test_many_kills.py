"""A thousand kills; run by hand: packaging/dev run pytest -m long tests/long -s"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.doubles.daemon import Daemon, daemon
from tests.doubles.havoc import Havoc, numbers_in
from tests.doubles.peers import smtp_sink

OUR_ID = re.compile(
    rb"^Received: .*?\bid ([0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4})\b",
    re.DOTALL | re.MULTILINE,
)

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.mark.parametrize(("per_worker", "reads"), [(1, False), (100, True)])
def test_nothing_is_lost_over_a_thousand_kills(
    per_worker: int, reads: bool, tmp_path: Path
) -> None:
    """500 each; numbered messages, each for a mailbox here and for another host.

    A second delivery here has the name of the first and takes its place, unless a reader has moved
    that one to cur/ meanwhile.  The other host may have a message twice where the delivery worker
    was killed between its reply and our record: never oftener than somebody was killed.
    """
    with (
        smtp_sink(tmp_path / "sink") as sink,
        daemon(
            retry=["F,1h,1s"],
            smarthost=f"127.0.0.1:{sink.port}",
            worker_max_connections=per_worker,
        ) as made,
    ):
        recipients = ("user@localhost", "someone@remote.test")
        havoc = Havoc(made, recipients, messages=100_000, kills=500, seed=per_worker)
        with reader(made) if reads else no_reader():
            havoc.run()
            havoc.deliver_the_rest()

        here, there = mailbox(made), sink.messages()
        found = numbers_in(here).keys() & numbers_in(there).keys()
        lost = havoc.acknowledged - found
        kills = sum(havoc.killed.values())
        print(
            f"\n{len(havoc.acknowledged)} acknowledged, killed {dict(havoc.killed)};"
            f" {len(lost)} lost; second copies: {again(here)} here, with"
            f" {'a' if reads else 'no'} reader, {again(there)} at the other host"
        )
        assert not lost
        assert again(here) <= (kills if reads else 0)
        assert again(there) <= kills


def again(messages: list[bytes]) -> int:
    """Copies beyond the first of each message, by our id in its first Received field.

    Not by its number: who heard no reply sent it again, and that is another message.
    """
    found = Counter(match[1] for text in messages if (match := OUR_ID.search(text)))
    assert found
    return sum(count - 1 for count in found.values())


def mailbox(made: Daemon) -> list[bytes]:
    files = (made.state / "mail" / "user").glob("[cn][ue][rw]/*")
    return [path.read_bytes() for path in files]


@contextmanager
def no_reader() -> Iterator[None]:
    yield


@contextmanager
def reader(made: Daemon) -> Iterator[None]:
    """Somebody whose mail program takes what is new, as soon as it is there."""
    ended = threading.Event()
    box = made.state / "mail" / "user"

    def read_on() -> None:
        while not ended.wait(0.05):
            for path in (box / "new").glob("*"):
                with suppress(FileNotFoundError):
                    path.rename(box / "cur" / f"{path.name}:2,S")

    thread = threading.Thread(target=read_on)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
