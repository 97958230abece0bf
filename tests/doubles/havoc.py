"""Numbered messages under kill -9: who may be killed, and what must be true afterwards.

Clients send messages with a number each, again and again until they hear 250.  Meanwhile session
workers, delivery workers and the supervisor are killed.  In the end every number that was
answered 250 must have arrived.

Touches: processes, sockets, clock.
"""

from __future__ import annotations

import os
import random
import re
import signal
import smtplib
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.doubles.daemon import Daemon, wait_until

NUMBER = re.compile(rb"^Subject: number ([0-9]+)\r?$", re.MULTILINE)
LAST_RUN = 120.0  # seconds for what is left at the end, and for a start in between


@dataclass
class Havoc:
    """One run: `messages` numbers from `clients` senders, one kill after every `rest` answers."""

    daemon: Daemon
    recipients: tuple[str, ...]
    messages: int
    kills: int
    seed: int
    clients: int = 4
    acknowledged: set[int] = field(default_factory=set)
    killed: Counter[str] = field(default_factory=Counter)
    _next: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        senders = [threading.Thread(target=self._send_all) for _ in range(self.clients)]
        for sender in senders:
            sender.start()
        try:
            self._kill_all()
        finally:
            self._stopped.set()
            for sender in senders:
                sender.join()
        if not self.daemon.is_alive():
            self.daemon.start(LAST_RUN)

    def deliver_the_rest(self) -> None:
        """What is still queued is delivered by queue runs."""

        def is_empty() -> bool:
            answer = self.daemon.run("queue", "run", "--force", timeout=LAST_RUN)
            assert answer.returncode == 0, answer.stderr
            return not self.daemon.queued()

        wait_until(is_empty, "an empty queue", LAST_RUN)

    def _send_all(self) -> None:
        while not self._stopped.is_set() and (number := self._take_number()) is not None:
            while not self._send(number):
                if self._stopped.is_set() and not self.daemon.is_alive():
                    return

    def _take_number(self) -> int | None:
        with self._lock:
            if self._next >= self.messages:
                return None
            self._next += 1
            return self._next

    def _send(self, number: int) -> bool:
        text = f"Subject: number {number}\r\n\r\nbody of {number}\r\n"
        try:
            with self.daemon.connect(timeout=10) as client:
                client.sendmail("<>", list(self.recipients), text)
                with self._lock:
                    self.acknowledged.add(number)
        except (OSError, smtplib.SMTPException):
            return number in self.acknowledged
        return True

    def _kill_all(self) -> None:
        dice = random.Random(self.seed)
        for turn in range(self.kills):
            before = len(self.acknowledged)
            wait_until(
                lambda seen=before: (
                    len(self.acknowledged) > seen + dice.randrange(4)  # type: ignore[misc]
                    or self._next >= self.messages
                ),
                "clients get answers",
            )
            self._kill_one(("session", "delivery", "supervisor", "any")[turn % 4], dice)
            if not self.daemon.is_alive():
                self.daemon.start(LAST_RUN)

    def _kill_one(self, kind: str, dice: random.Random) -> None:
        if kind == "supervisor":
            self.daemon.kill()
            self.killed[kind] += 1
            return
        family = [pid for pid in self.daemon.family() if pid != self.daemon.pid]
        wanted = [
            pid for pid in family if kind == "any" or _is_delivering(pid) == (kind == "delivery")
        ]
        if wanted:
            with suppress(ProcessLookupError):
                os.kill(dice.choice(wanted), signal.SIGKILL)
                self.killed[kind] += 1


def _is_delivering(pid: int) -> bool:
    """A delivery worker holds no connection from a client, but a place of deliver_max."""
    with suppress(OSError):
        held = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
        return any("/deliver." in name for name in held)
    return False


def numbers_in(messages: list[bytes]) -> Counter[int]:
    """How often each number has arrived."""
    found = (NUMBER.search(message) for message in messages)
    return Counter(int(match[1]) for match in found if match)
