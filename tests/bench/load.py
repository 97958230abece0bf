"""Load on a server, by mtaload.c: what is asked of it, and what came of it.

The client is no part of a server's CPU time, and takes a small part of what any of them does.

Touches: processes, disk.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.peer import LOCAL

SOURCE = Path(__file__).with_name("mtaload.c")
STEP_LIMIT, WHOLE_LIMIT = 20, 240  # seconds


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one step of a session, over all sessions."""

    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Sessions that went well, messages answered with 250, and refusals, in `seconds`.

    `times` are by step: "banner" since the call, "message" from MAIL to the 250 after the text,
    "body" from the text to its 250, "banner_to_250".
    """

    seconds: float
    sessions: int
    well: int
    accepted: int
    refused: int
    times: Mapping[str, Times]


class Load:
    """A client of one server."""

    def __init__(self, program: Path, port: int) -> None:
        self._program, self._port = program, port

    def sessions(self, at_once: int, seconds: float, most: int, *, closes: bool = False) -> Outcome:
        """Without mail.  `most` of them at most; 0 is as many as come."""
        quick = ["-q"] if closes else []
        return self._run("conn", "-c", at_once, "-T", seconds, "-n", most, *quick)

    def refusals(self, at_once: int, seconds: float, most: int) -> Outcome:
        return self._run("refuse", "-c", at_once, "-T", seconds, "-n", most)

    def mail(
        self,
        at_once: int,
        *,
        to: str = LOCAL,
        seconds: float = 0,
        sessions: int = 0,
        messages: int = 1,
        length: int = 4096,
    ) -> Outcome:
        """Sessions with mail, for so long, or so many of them.  The client closes after QUIT."""
        words = ("-c", at_once, "-T", seconds, "-n", sessions, "-m", messages, "-l", length)
        return self._run("mail", *words, "-t", to, "-q")

    def at_a_pace(self, a_second: int, sessions: int) -> Outcome:
        """Sessions with one message each, begun one after another, whether others are over."""
        return self._run("mail", "-r", a_second, "-n", sessions, "-t", LOCAL)

    @contextmanager
    def held(self, number: int) -> Iterator[int]:
        """Sessions that have said EHLO and wait; how many there are of `number`."""
        with subprocess.Popen(
            self._command("hold", "-c", number),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as client:
            assert client.stdin
            assert client.stdout
            words = client.stdout.readline().split()
            try:
                if words[:1] != ["held"]:
                    raise RuntimeError(f"no session could be held: {' '.join(words)}")
                yield int(words[1])
            finally:
                client.stdin.close()

    def _run(self, mode: str, *options: object) -> Outcome:
        done = subprocess.run(
            self._command(mode, *options),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=WHOLE_LIMIT + 60,
            check=True,
        )
        return outcome(done.stdout)

    def _command(self, mode: str, *options: object) -> list[str]:
        limits = ("-W", STEP_LIMIT, "-D", WHOLE_LIMIT)
        words = (self._program, "-M", mode, *limits, *options, "127.0.0.1", self._port)
        return list(map(str, words))


def outcome(text: bytes) -> Outcome:
    """What mtaload has printed."""
    said = json.loads(text)
    return Outcome(
        seconds=said["elapsed"],
        sessions=said["sessions"],
        well=said["ok"],
        accepted=said["accepted"],
        refused=said["r421"],
        times={step: Times(one["p50"], one["p99"]) for step, one in said["ms"].items()},
    )


def build(directory: Path) -> Path:
    """The program, made by the C compiler of the machine."""
    program = directory / "mtaload"
    subprocess.run(["gcc", "-O2", "-Wall", "-o", program, SOURCE], check=True)
    return program
