"""Orders of users who may not touch the queue: each has a process of its own, and we are rid of it.

Members of `admin_groups` do to messages what root does, and where `queue_list_requires_admin` is
false everybody may list them.  The files belong to the daemon's user, so his daemon does it.  The
supervisor judges who asks, starts `pymta.cli.ordered` with his connection, and forgets him: what he
wants is read there, and judged once more.

Touches: processes, signals.
"""

from __future__ import annotations

import os
import signal
import sys

from pymta.channel.control import BUSY
from pymta.journal import daemon_events
from pymta.supervisor.children import Child, Job
from pymta.supervisor.control import Client
from pymta.supervisor.signals import CAUGHT
from pymta.supervisor.workplace import Workplace

MOST = 8  # processes; each may work through the whole queue
MOST_STRANGERS = 2  # of them, so that nobody's listings keep an administrator waiting
CONNECTION = 3  # the descriptor that the process finds it at


class Orders:
    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._strangers: set[int] = set()

    def give(self, client: Client) -> None:
        """Have his order carried out, or tell him why not; he is not ours any more either way."""
        is_admin = self._place.door.rights.is_admin(client.person())
        if not self._has_room(is_admin=is_admin):
            client.fail(f"{BUSY} orders at once, try again")
            return
        try:
            pid = _spawn(client.fileno(), str(self._place.current))
        except OSError as error:
            self._place.log.write(
                daemon_events.fork_failed("start of a process for an order", error)
            )
            client.fail(f"{BUSY} processes: {error.strerror}")
            return
        self._place.children.add(Child(pid, Job.ORDER, generation=self._place.settings.generation))
        if not is_admin:
            self._strangers.add(pid)
        client.hand_over()

    def _has_room(self, *, is_admin: bool) -> bool:
        alive = self._place.children.pids(Job.ORDER)
        self._strangers.intersection_update(alive)
        if len(alive) >= MOST:
            return False
        return is_admin or len(self._strangers) < MOST_STRANGERS


def _spawn(connection: int, current: str) -> int:
    """Raises OSError when there can be no more processes."""
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-P", "-m", "pymta.cli.ordered", current],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, connection, CONNECTION)],
        setsigmask=[signal.SIGUSR1],  # it asks a whole family what it does; not this one
        setsigdef=CAUGHT,
    )
