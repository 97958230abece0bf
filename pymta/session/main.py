"""The life of a session worker: one connection, and then perhaps the next one that waits.

The first code of ours after the fork.  A connection has the process to itself while it lasts;
what it left in memory is gone before the next one is looked at, because everything that belongs
to it hangs on objects made anew for each (CL-02).  The exit status is that of SS-03.

Touches: sockets, disk, signals, clock.
"""

from __future__ import annotations

import os
import resource
import select
import socket
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pymta.accounts import passwd
from pymta.accounts.back_ends import back_end
from pymta.channel.call import Call
from pymta.channel.control import person_at
from pymta.channel.pair import End
from pymta.channel.words import Done, Renewed, Serve
from pymta.config.immediate import parse_queue_file
from pymta.config.settings import Settings
from pymta.hints.clients_sqlite import SqliteClients
from pymta.journal.local_time import local_date
from pymta.journal.log import Log
from pymta.journal.process_info import told_on_signal
from pymta.load.gauge import Gauge
from pymta.load.reading import Room, queue_only
from pymta.load.room import room
from pymta.mail.caller import Endpoint, LocalCaller
from pymta.policy.tables import tables_of
from pymta.resolver.query import Resolver
from pymta.resolver.reverse import Hosts
from pymta.routing.here import here
from pymta.sasl.in_order import InOrder
from pymta.session import ident, second_look
from pymta.session.conversation import Conversation
from pymta.session.fast_open import fast_open
from pymta.session.own_policy import PolicyFile
from pymta.session.own_user import is_trusted_user
from pymta.session.rehearsal import rehearse
from pymta.session.reuse import may_stay
from pymta.session.stream import Stream
from pymta.session.termination import Termination, has_come
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.spool.store import Spool
from pymta.tables.opened import Opened, open_tables
from pymta.tls.asks import Asks
from pymta.tls.certificates import Certificates
from pymta.tls.layer import Layer
from pymta.tls.watched import Watched
from pymta.tls.which import Place

HOSTS_FILE = Path("/etc/hosts")


class Sessions:
    """What all sessions under the same settings have in common; made before the first fork.

    `certificates` are what connections with TLS share; without them there are none.  `watched`
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

    def rehearse(self) -> None:
        """So that they need less memory of their own."""
        rehearse(self.settings, self.world.spool)


def main(call: Call, sessions: Sessions, channel: End) -> int:
    """Serve connections to their end.  The caller leaves the process with what this returns."""
    worker = _Worker(sessions, channel)
    with told_on_signal(sessions.settings, lambda: worker.does):
        status = worker.serve(call)
        while (next_call := worker.wait_for_call()) is not None:
            status = worker.serve(next_call)
    sessions.log.close()
    return status


class _Worker:
    """What lasts from one connection to the next; nothing in it was ever seen by a client."""

    def __init__(self, sessions: Sessions, channel: End) -> None:
        self._settings = sessions.settings
        self._certificates = sessions.certificates
        self._watched = sessions.watched
        self._channel = channel
        self._termination = Termination()
        self._world = sessions.world
        self._world.hand_on = self._world.put_off = self._world.ask_run = channel.say
        self._policy_file = sessions.policy_file
        self._policy_file.count = channel.say
        self._world.judge = lambda word: second_look.ask(word, channel, self._termination)
        self._served = 0
        self._stays = False
        self._visit: Visit | None = None
        self._poll = select.poll()
        for source in (channel, self._termination):
            self._poll.register(source.fileno(), select.POLLIN)
        self._memory = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)

    @property
    def does(self) -> str:
        """For whoever asks with SIGUSR1."""
        if self._visit is None:
            return "waiting for a connection"
        connection = "TLS connection" if self._visit.tls else "connection"
        return f"handling incoming {connection} from {self._visit.origin.who}"

    def serve(self, call: Call) -> int:
        """One connection, from the banner to the close; the exit status of SS-03."""
        visit = Visit(
            self._settings,
            call.caller,
            call.local,
            call.others,
            call.load,
            call.id,
            starts_tls=call.starts_tls,
            role=call.role,
            is_proxied=call.is_proxied,
            policy_is_out=call.policy_is_out,
            queue_files=_existing(self._settings.immediate.queue_only_file),
            is_trusted_user=self._is_trusted_user(call),
            fast_open=fast_open(call.sock) if self._settings.listen.tcp_fastopen else "",
        )
        self._visit = visit
        stream = Stream(
            call.sock,
            self._channel,
            self._termination,
            new_layer=partial(self._new_layer, visit) if self._certificates else None,
            starts_tls=call.starts_tls,
            nodelay=self._settings.listen.tcp_nodelay,
            keepalive=self._settings.session.smtp_accept_keepalive,
        )
        conversation = Conversation(visit, stream, self._world)
        try:
            status = conversation.run()
        except Exception:  # noqa: BLE001 - CL-03: our own fault costs one client a 421, no other
            status = conversation.fail(traceback.format_exc())
        conversation.part()
        self._served += 1
        has_left_nothing = self._policy_file.leave()
        is_clean = conversation.has_ended_well and has_left_nothing
        self._stays = may_stay(
            self._settings.session, self._served, self._resident(), is_clean=is_clean
        )
        # Before the client can see the end: its next call must find this slot free (ML-04).
        self._channel.say(Done(status, self._stays))
        call.sock.close()
        self._visit = None
        return status

    def _resident(self) -> int:
        """The memory that this process holds now, in bytes (statm in proc(5)).

        Not the peak of getrusage: that is inherited over fork and exec from whoever started us.
        """
        return int(os.pread(self._memory, 128, 0).split()[1]) * resource.getpagesize()

    def _is_trusted_user(self, call: Call) -> bool:
        """Groups are those of the moment when he called; they cannot be asked for later."""
        if not isinstance(call.caller, LocalCaller):
            return False
        person = person_at(call.sock)
        name = self._world.name_of(person.uid) if self._settings.sendmail.trusted_users else ""
        return is_trusted_user(person, name, os.geteuid(), self._settings)

    def _new_layer(self, visit: Visit, asks: Asks) -> Layer:
        """It shows what is for those who called there.  Files that look otherwise are told of."""
        assert self._certificates
        if self._watched and self._watched.has_changed():
            self._channel.say(Renewed())
        place = Place(str(visit.local.address) if visit.local else "", visit.role)
        return self._certificates.layer(asks, place)

    def wait_for_call(self) -> Call | None:
        """The next connection; None when there will be none, or SIGTERM came."""
        if not self._stays:
            return None
        poll = self._poll
        ready: set[int] = set()
        while self._channel.fileno() not in ready:
            ready = {fd for fd, _ in poll.poll()}
            if self._termination.fileno() in ready and has_come(self._termination):
                return None
        match self._channel.take():
            case Serve() as word, fd if fd >= 0:
                return _call(word, fd)
        return None


def _call(word: Serve, fd: int) -> Call:
    """What a socket is need not be asked of the kernel: it is said by who calls."""
    family = socket.AF_UNIX
    if isinstance(word.caller, Endpoint):
        family = socket.AF_INET if word.caller.address.version == 4 else socket.AF_INET6
    return Call(
        socket.socket(family, socket.SOCK_STREAM, 0, fileno=fd),
        word.caller,
        word.local,
        word.others,
        word.id,
        word.load,
        word.starts_tls,
        word.role,
        word.is_proxied,
        word.policy_is_out,
    )


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


def _existing(items: tuple[str, ...]) -> tuple[str, ...]:
    """CP-06: those items of queue_only_file that are there.  Where nobody may look, nothing is."""
    return tuple(item for item in items if os.path.exists(parse_queue_file(item)[1]))  # noqa: PTH110 (Path.exists may raise)


def read_hosts() -> Hosts:
    """What the hosts file of this machine says; one that cannot be read says nothing."""
    try:
        return Hosts(HOSTS_FILE.read_text("utf-8", "replace"))
    except OSError:
        return Hosts("")
