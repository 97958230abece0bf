"""How many messages are in all queues, and how old are they?  Counted by a child (N-22).

A directory of a hundred thousand names takes seconds to read on a slow disk, and the supervisor
does not wait.  So the first who asks has a child count, those who ask meanwhile wait with him, and
for some seconds everybody hears the same figure.

For STATUS it is counted without being asked: a minute after a call at the latest, since mail may
have come, and every five minutes while there is any, since it may have gone.  A daemon that nobody
calls, with an empty queue, rests.  A count that does not end tells of a disk that hangs.

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
from pymta.mail.message_id import arrival_time
from pymta.spool.files import FileSpool
from pymta.supervisor.control import Client

ASKED = 5.0  # seconds for which a figure is good enough for who asks
FRESH = 60.0  # seconds for which it is for STATUS
STALE = 300.0  # seconds after which messages may have gone
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
        self._begun_at = float("-inf")
        self._calls = -1  # of the daemon, when it was counted last
        self.messages: int | None = None
        self.oldest = 0  # seconds, when it was counted
        self.counted_at = 0.0
        self.trouble = ""  # why the figure is old or missing

    def wait(self, calls: int) -> float | None:
        """Seconds until the figure is too old for STATUS, after so many calls; None: not yet."""
        if self._is_counting:
            return None
        if calls != self._calls:
            pace = FRESH
        elif self.messages or self.trouble:
            pace = STALE
        else:
            return None
        return max(0.0, self._begun_at + pace - self._clock())

    def keep_fresh(self, calls: int) -> None:
        """Count when it is time."""
        if self.wait(calls) == 0:
            self._calls = calls
            self._begin()

    def ask(self, client: Client) -> None:
        if self.messages is not None and self._clock() - self.counted_at < ASKED:
            client.succeed(str(self.messages))
            return
        self._clients.append(client)
        if not self._is_counting:
            self._begin()

    def counted(self, messages: int, oldest: int) -> None:
        self.messages, self.oldest, self.counted_at = messages, oldest, self._clock()

    def ended(self, *, could_count: bool) -> None:
        """The child has gone."""
        self._is_counting = False
        self.trouble = "" if could_count else "the queue could not be counted"
        if not could_count:
            self.abandon(f"{self.trouble}; the log may say why")
            return
        for client in self._taken():
            client.succeed(str(self.messages))

    def abandon(self, why: str) -> None:
        for client in self._taken():
            client.fail(why)

    def _begin(self) -> None:
        self._begun_at = self._clock()
        try:
            self._start()
        except OSError as error:
            self.trouble = f"the queue cannot be counted: {error.strerror}"
            self.abandon(self.trouble)
        else:
            self._is_counting = True

    def _taken(self) -> list[Client]:
        clients, self._clients = self._clients, []
        return clients


def count(channel: End, settings: Settings) -> int:
    """The life of the child.  A spool that cannot be read is an exit status of 1."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LONGEST)
    spool = FileSpool(Path(settings.machine.state_directory, "spool"))
    messages, first = 0, ""
    try:
        for name in spool.queues():
            for message in spool.waiting(name):
                messages += 1
                first = min(first or message.id, message.id)  # ids sort as the messages came
    except OSError:
        return 1
    age = int(time.time()) - arrival_time(first) if first else 0
    channel.say(Counted(messages, max(0, age)))
    return 0
