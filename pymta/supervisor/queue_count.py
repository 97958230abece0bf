"""How many messages are in all queues?  Counted by a child, at most once a minute (N-22).

A directory of a hundred thousand names takes seconds to read on a slow disk, and the supervisor
does not wait.  So the first who asks has a child count, those who ask meanwhile wait with him, and
for a minute everybody hears the same figure.

Touches: processes, disk, clock.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

from pymta.channel.pair import End
from pymta.channel.words import Counted
from pymta.config.settings import Settings
from pymta.spool.files import FileSpool
from pymta.supervisor.control import Client

FRESH = 60.0  # seconds for which a figure is good enough
LONGEST = 60  # seconds; a disk that hangs must not leave a child for each minute of it


class QueueCount:
    """`start` begins a count in a child, which is then heard as `counted` and `ended`; it raises
    OSError when there can be no more processes.
    """

    def __init__(
        self, start: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._start = start
        self._clock = clock
        self._is_counting = False
        self._clients: list[Client] = []
        self.messages: int | None = None
        self.counted_at = 0.0

    def ask(self, client: Client) -> None:
        if self.messages is not None and self._clock() - self.counted_at < FRESH:
            client.succeed(str(self.messages))
            return
        self._clients.append(client)
        if self._is_counting:
            return
        try:
            self._start()
        except OSError as error:
            self.abandon(f"the queue cannot be counted: {error.strerror}")
        else:
            self._is_counting = True

    def counted(self, messages: int) -> None:
        self.messages, self.counted_at = messages, self._clock()

    def ended(self, *, could_count: bool) -> None:
        """The child has gone."""
        self._is_counting = False
        if not could_count:
            self.abandon("the queue could not be counted; the log may say why")
            return
        for client in self._taken():
            client.succeed(str(self.messages))

    def abandon(self, why: str) -> None:
        for client in self._taken():
            client.fail(why)

    def _taken(self) -> list[Client]:
        clients, self._clients = self._clients, []
        return clients


def count(channel: End, settings: Settings) -> int:
    """The life of the child.  A spool that cannot be read is an exit status of 1."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LONGEST)
    spool = FileSpool(Path(settings.machine.state_directory, "spool"))
    try:
        channel.say(Counted(sum(1 for name in spool.queues() for _ in spool.waiting(name))))
    except OSError:
        return 1
    return 0
