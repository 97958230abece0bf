"""A real delivery worker in a process of its own, with the test as its parent."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymta.channel.pair import End
from pymta.channel.words import Attempted, Deliver, HandOn, Word
from pymta.config import generation
from pymta.config.settings import Settings
from tests.doubles import warm

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0  # seconds; more than any step takes on a busy machine

PROGRAM = """
import socket, sys
from pathlib import Path
from pymta.channel.pair import End
from pymta.config import generation
from pymta.delivery.main import main
from pymta.journal.log import open_log
from tests.doubles import warm
settings = generation.load(Path(sys.argv[2]))
sock = socket.socket(fileno=int(sys.argv[1]))
sys.exit(main(End(sock), settings, open_log(settings), force=sys.argv[3] == "force"))
"""


class Worker:
    def __init__(self, process: subprocess.Popen[bytes], sock: socket.socket) -> None:
        self.process = process
        self._sock = sock
        self.end = End(sock)
        self.handed_on: list[HandOn] = []

    def hear(self) -> Word | None:
        """The next word, None at the end of the channel."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        if not poll.poll(PATIENCE * 1000):
            raise TimeoutError("the worker says nothing")
        return self.end.hear()

    def deliver(self, id: str) -> bool:
        """Order it and wait; False: the worker has ended without having attempted it."""
        self.end.say(Deliver(id))
        while True:
            match self.hear():
                case Attempted(done):
                    assert done == id
                    return True
                case HandOn() as word:
                    self.handed_on.append(word)
                case _:
                    return False

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def open_files(self) -> set[str]:
        found = set()
        for fd in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.add(str(fd.readlink()))
        return found


@contextmanager
def worker(settings: Settings, directory: Path, *, force: bool = False) -> Iterator[Worker]:
    current = directory / f"current-{time.monotonic_ns()}.json"
    generation.store(current, settings)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    arguments = [str(theirs.fileno()), str(current), "force" if force else ""]
    with ours:
        process = warm.Popen(
            [sys.executable, "-P", "-c", PROGRAM, *arguments],
            pass_fds=[theirs.fileno()],
            cwd=ROOT,
            env={key: text for key, text in os.environ.items() if key != "JOURNAL_STREAM"},
        )
        theirs.close()
        try:
            yield Worker(process, ours)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(PATIENCE)
