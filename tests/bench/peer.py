"""What the benchmark knows of a mail server: how it is set up, and how it is asked.

All are given the same task.  user1 to user50 at example.test have a Maildir each; mail for
sink.test goes to a smarthost of this machine; 200 connections at once are taken, of a message as
many as come, up to 50 MiB.  There is no TLS and no DNS, logs are files, and what is synced is what
each of them syncs as shipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

USERS = 50
LOCAL, RELAY = "user%d@example.test", "user%d@sink.test"
CONNECTIONS = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What a scenario wants otherwise than it was said above."""

    queue_only: bool = False  # keep what comes, deliver nothing
    connections: int = CONNECTIONS  # then 421
    system_users: bool = False  # of the system, each with a Maildir in a home directory


USUAL = Wish()


@dataclass(frozen=True, slots=True)
class Peer:
    """One mail server.  Commands are run where it runs, as root.

    `script` is for bash, in namespaces where `tree` lies over the machine's own /usr, /etc and
    /var: it writes the settings, and ends with `serve COMMAND…`.  It finds the functions and
    variables of `namespaces`.

    `queued` counts messages in the queue; `copies` makes so many more of the one that waits in the
    queue, while the server is down, as its format wants them.  Both are given the host's path of
    what the script calls `spool`.

    `units` are what `systemctl start` is told in a booted systemd (`tests.bench.boot`), `unit_file`
    is the text of the one where no package has it, and `made_ready` are commands before that.

    `lacks` are scenarios that are not for it, and why.
    """

    name: str
    title: str
    tree: Path
    script: str
    queued: Callable[[Path], int]
    copies: Callable[[Path, int], None]
    version: tuple[str, ...]
    list_queue: tuple[str, ...]
    run_queue: tuple[str, ...]
    units: tuple[str, ...]
    unit_file: str = ""
    made_ready: str = ""
    sendmail: tuple[str, ...] = ("/usr/sbin/sendmail", "-t")
    variables: Mapping[str, str] = field(default_factory=dict)
    lacks: Mapping[str, str] = field(default_factory=dict)
