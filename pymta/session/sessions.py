"""What all sessions under the same settings have in common, made before the first fork.

Touches: disk, clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pymta.accounts import passwd
from pymta.accounts.back_ends import back_end
from pymta.config.settings import Settings
from pymta.hints.clients_sqlite import SqliteClients
from pymta.journal.local_time import local_date
from pymta.journal.log import Log
from pymta.load.gauge import Gauge
from pymta.load.reading import Room, queue_only
from pymta.load.room import room
from pymta.policy.tables import tables_of
from pymta.resolver.query import Resolver
from pymta.resolver.reverse import Hosts
from pymta.routing.here import here
from pymta.sasl.in_order import InOrder
from pymta.session import ident
from pymta.session.own_policy import PolicyFile
from pymta.session.world import World
from pymta.spool.store import Spool
from pymta.tables.opened import Opened, open_tables
from pymta.tls.certificates import Certificates
from pymta.tls.watched import Watched

HOSTS_FILE = Path("/etc/hosts")


class Sessions:
    """`certificates` are what connections with TLS share; without them there are none.  `watched`
    are their files.
    """

    def __init__(
        self, settings: Settings, spool: Spool, log: Log, certificates: Certificates | None = None
    ) -> None:
        self.settings = settings
        self.log = log
        self.certificates = certificates
        self.watched: Watched | None = None
        self.world = make_world(settings, spool, log)
        self.policy_file = PolicyFile(settings, log.write)
        if self.policy_file:
            self.world.own_judge = self.policy_file.judge


def make_world(settings: Settings, spool: Spool, log: Log) -> World:
    """Everything real, but for what belongs to one process."""
    opened = Opened(settings)
    return World(
        spool=spool,
        tell=log.write,
        read_load=Gauge(queue_only(settings.immediate), settings.limits).read,
        log_room=_log_room(settings),
        dns=Resolver(settings.routing),
        hosts=read_hosts,
        is_ours=here(settings).__contains__,
        ask_ident=ident.ask,
        find=passwd.finder(passwd.PATIENCE),
        address_tables=open_tables(settings, opened),
        back_end=back_end(settings, log.write) or InOrder(),
        clients=SqliteClients(Path(settings.machine.state_directory) / "hints" / "clients.sqlite"),
        name_of=passwd.name_of,
        tables=tables_of(settings, opened.table),
        now=time.time,
        date=local_date,
        debug=None if settings.launch.debugs_daemon_only else log.debug,
        debug_daemon=log.debug,
    )


def _log_room(settings: Settings) -> Callable[[], Room | None]:
    """None: nobody asks, or there is no such directory; then the log says so, not the client."""
    limits, path = settings.limits, settings.journal.log_path
    if not path or not (limits.check_log_space or limits.check_log_inodes):
        return lambda: None
    directory = str(Path(path).parent)

    def look() -> Room | None:
        try:
            return room(directory)
        except OSError:
            return None

    return look


def read_hosts() -> Hosts:
    """What the hosts file of this machine says; one that cannot be read says nothing."""
    try:
        return Hosts(HOSTS_FILE.read_text("utf-8", "replace"))
    except OSError:
        return Hosts("")
