"""The host that takes what is relayed: Postfix's smtp-sink, which only counts.

Touches: processes, disk, clock.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.doubles.peers import SECONDS_TO_START, accepts, command


@contextmanager
def smarthost(port: int, directory: Path) -> Iterator[Callable[[], int]]:
    """It is up while the block lasts; how many messages it has taken."""
    counts = directory / "smarthost"
    with counts.open("wb") as out:
        process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL"),
                *command("smtp-sink", "-c", "-u", "nobody", f"127.0.0.1:{port}", "512"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        end = time.monotonic() + SECONDS_TO_START
        while not accepts(port):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"smtp-sink: {counts.read_text()}")
            time.sleep(0.02)
        yield lambda: last_count(counts.read_bytes()[-400:])
    finally:
        process.kill()
        process.wait()
        counts.unlink()


def last_count(text: bytes) -> int:
    """Of messages, from the last of the counts that smtp-sink writes over one another."""
    counts = re.findall(rb"mesg=(\d+)", text)
    return int(counts[-1]) if counts else 0
