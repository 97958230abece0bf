"""A session worker: one connection, and then perhaps the next one that waits.

A connection has the process to itself while it lasts; what it left in memory is gone before the
next one is looked at, because everything that belongs to it hangs on objects made anew for each
(CL-02).

Touches: sockets, disk, clock.
"""

from __future__ import annotations

import os
import resource
import select
import traceback
from functools import partial
from pathlib import Path

from pymta.channel.call import Call, received
from pymta.channel.control import person_at
from pymta.channel.pair import End
from pymta.channel.words import Done, Renewed, Serve
from pymta.config.immediate import parse_queue_file
from pymta.mail.caller import LocalCaller
from pymta.session import second_look
from pymta.session.conversation import Conversation
from pymta.session.fast_open import fast_open
from pymta.session.own_user import is_trusted_user
from pymta.session.reuse import may_stay
from pymta.session.sessions import Sessions
from pymta.session.stream import Stream
from pymta.session.termination import Termination, has_come
from pymta.session.visit import Visit
from pymta.tls.asks import Asks
from pymta.tls.layer import Layer
from pymta.tls.which import Place


class Worker:
    """What lasts from one connection to the next; nothing in it was ever seen by a client."""

    def __init__(self, sessions: Sessions, channel: End, termination: Termination) -> None:
        self._settings = sessions.settings
        self._certificates = sessions.certificates
        self._watched = sessions.watched
        self._channel = channel
        self._termination = termination
        self._world = sessions.world
        self._world.hand_on = self._world.put_off = self._world.ask_run = channel.say
        self._policy_file = sessions.policy_file
        self._policy_file.count = channel.say
        self._world.judge = lambda word: second_look.ask(word, channel, termination)
        self._served = 0
        self._stays = False
        self._visit: Visit | None = None
        self._poll = select.poll()
        for source in (channel, self._termination):
            self._poll.register(source.fileno(), select.POLLIN)

    @property
    def does(self) -> str:
        """For whoever asks with SIGUSR1."""
        if self._visit is None:
            return "waiting for a connection"
        connection = "TLS connection" if self._visit.tls else "connection"
        return f"handling incoming {connection} from {self._visit.origin.who}"

    def serve(self, call: Call) -> int:
        """One connection, from the banner to the close; the exit status of SS-03."""
        facts = call.facts
        visit = Visit(
            self._settings,
            facts.caller,
            facts.local,
            facts.others,
            facts.load,
            facts.id,
            starts_tls=facts.starts_tls,
            role=facts.role,
            is_proxied=facts.is_proxied,
            policy_is_out=facts.policy_is_out,
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
            starts_tls=facts.starts_tls,
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
        resident = _resident(self._settings.session.worker_max_memory)
        self._stays = may_stay(self._settings.session, self._served, resident, is_clean=is_clean)
        # Before the client can see the end: its next call must find this slot free (ML-04).
        self._channel.say(Done(status, self._stays))
        call.sock.close()
        self._visit = None
        return status

    def _is_trusted_user(self, call: Call) -> bool:
        """Groups are those of the moment when he called; they cannot be asked for later."""
        if not isinstance(call.facts.caller, LocalCaller):
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
                return received(word, fd)
        return None


def _existing(items: tuple[str, ...]) -> tuple[str, ...]:
    """CP-06: those items of queue_only_file that are there.  Where nobody may look, nothing is."""
    return tuple(item for item in items if os.path.exists(parse_queue_file(item)[1]))  # noqa: PTH110 (Path.exists may raise)


def _resident(most: int) -> int:
    """The memory that this process holds now, in bytes; where that is within `most`, its peak.

    The peak since we were forked is one system call.  Only who has held more at some time need look
    how much it is now (statm in proc(5)).
    """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if peak <= most:
        return peak
    return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize()
