"""The helper at work: hear who calls, have children deliver, and never wait for any of them.

Touches: processes, sockets, signals, clock.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterable

from pymta.accounts.account import ROOT
from pymta.channel.life import close_all_but, live_and_leave, reap
from pymta.config.deliver import Deliver
from pymta.journal import local_events
from pymta.journal.event import Event
from pymta.local import errand
from pymta.local.asker import Asker
from pymta.local.janitors import Janitors
from pymta.local.rota import Begin, Refuse, Rota
from pymta.transport.local_request import Deed, PutOff, Request

SILENCE = 10.0  # seconds for a request to come behind its connection
PAUSE = 1.0  # seconds without a new connection, when there are no descriptors for one
MOST_WAITING = 200  # connections that are not served yet
GRACE = 30.0  # seconds for what is under way when we are to end
CAUGHT = (signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
STOPPING = PutOff(0, "the delivery helper is stopping")


class Desk:
    """`peer` is the uid that may ask, besides root.  `again` reads the settings anew, and tells
    when it cannot.  `leash` is a descriptor at whose end we end, -1 for none.
    """

    def __init__(
        self,
        listener: socket.socket,
        settings: Deliver,
        tell: Callable[[Event], object],
        *,
        peer: int,
        again: Callable[[Deliver], Deliver],
        leash: int = -1,
    ) -> None:
        self._listener = listener
        self._peer = peer
        self._settings = settings
        self._tell = tell
        self._again = again
        self._leash = leash
        self._rota = Rota()
        self._silent: dict[int, Asker] = {}  # connected, and nothing asked yet
        self._asked: dict[int, tuple[Asker, Request]] = {}
        self._users: dict[int, str] = {}  # as whom a delivery is made, by its process
        self._janitors = Janitors(put_back_signals)
        self._wake = _Wakeup()
        self._accept_from = 0.0  # monotonic seconds
        self._ends_at = 0.0  # monotonic seconds; 0: nobody wants us to end
        listener.setblocking(False)

    def run(self) -> None:
        """Until told to end, and nothing is under way or the time for that is over."""
        while not self._is_over():
            for fd in self._ready():
                self._heed(fd)
            self._bury()
            self._let_the_silent_go()
            self._move()

    def _is_over(self) -> bool:
        if not self._ends_at:
            return False
        return not len(self._rota) or time.monotonic() >= self._ends_at

    # What it waits for, in one place and all at once

    def _ready(self) -> list[int]:
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        if not self._ends_at:
            if self._leash >= 0:
                poll.register(self._leash, select.POLLIN)
            if self._has_room():
                poll.register(self._listener, select.POLLIN)
        for fd in self._silent:
            poll.register(fd, select.POLLIN)
        for fd in self._rota.waiting:
            poll.register(fd, select.POLLRDHUP)
        return [fd for fd, _ in poll.poll(self._patience())]

    def _has_room(self) -> bool:
        """Is another connection welcome?  If not it waits in the kernel."""
        is_short = time.monotonic() < self._accept_from
        return not is_short and len(self._silent) + len(self._asked) < MOST_WAITING

    def _patience(self) -> float | None:
        """Milliseconds until the clock alone has something to do."""
        now = time.monotonic()
        due = [asker.since + SILENCE - now for asker in self._silent.values()]
        if (wait := self._rota.wait(now)) is not None:
            due.append(wait)
        if self._accept_from > now:
            due.append(self._accept_from - now)
        if self._ends_at:
            due.append(self._ends_at - now)
        return max(0.0, min(due)) * 1000 + 1 if due else None

    def _heed(self, fd: int) -> None:
        if fd == self._wake.fileno():
            self._heed_signals(self._wake.arrived())
        elif fd == self._listener.fileno():
            self._take_call()
        elif fd == self._leash:
            self._begin_to_end()
        elif fd in self._silent:
            self._hear(self._silent[fd])
        elif fd in self._asked:  # it does not wait any more
            self._rota.withdrawn(fd)
            self._let_go(fd)

    def _heed_signals(self, arrived: Iterable[int]) -> None:
        if signal.SIGHUP in arrived:
            self._settings = self._again(self._settings)
        if {signal.SIGTERM, signal.SIGINT} & set(arrived):
            self._begin_to_end()

    def _begin_to_end(self) -> None:
        self._ends_at = self._ends_at or time.monotonic() + GRACE
        self._listener.close()
        for fd in self._rota.waiting:
            self._rota.withdrawn(fd)
            self._asked[fd][0].answer(STOPPING)
            self._let_go(fd)
        for asker in tuple(self._silent.values()):
            self._dismiss(asker)

    # Calls and requests

    def _take_call(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:  # no descriptors, no memory: it stays readable, and must not keep us busy
            self._accept_from = time.monotonic() + PAUSE
            return
        asker = Asker(sock)
        if asker.uid not in {ROOT, self._peer}:
            self._tell(local_events.stranger(asker.uid, asker.pid, self._peer))
            asker.close()
            return
        asker.since = time.monotonic()
        self._silent[asker.fileno()] = asker
        self._hear(asker)  # most have spoken by now

    def _hear(self, asker: Asker) -> None:
        try:
            request = asker.request()
        except BlockingIOError:
            return
        except ValueError as error:
            self._tell(local_events.nonsense(asker.uid, asker.pid, str(error)))
            request = None
        if request is None:
            self._dismiss(asker)
            return
        fd = asker.fileno()
        del self._silent[fd]
        self._asked[fd] = asker, request
        now, is_command = time.monotonic(), request.is_command
        self._rota.asked(fd, request.account, now, is_command=is_command)

    def _let_the_silent_go(self) -> None:
        overdue = time.monotonic() - SILENCE
        for asker in tuple(self._silent.values()):
            if asker.since <= overdue:
                self._dismiss(asker)

    def _dismiss(self, asker: Asker) -> None:
        del self._silent[asker.fileno()]
        asker.close()

    def _let_go(self, fd: int) -> None:
        self._asked.pop(fd)[0].close()

    # Children

    def _move(self) -> None:
        while move := self._rota.next_move(time.monotonic()):
            match move:
                case Begin(fd):
                    self._begin(fd)
                case Refuse(fd, why):
                    self._rota.withdrawn(fd)
                    self._asked[fd][0].answer(PutOff(0, why))
                    self._let_go(fd)

    def _begin(self, fd: int) -> None:
        asker, request = self._asked[fd]
        try:
            pid = os.fork()
        except OSError as error:
            self._rota.withdrawn(fd)
            self._tell(local_events.no_process(request.account, error.strerror or str(error)))
            asker.answer(PutOff(error.errno or 0, "the delivery helper can start no process"))
        else:
            if not pid:
                live_and_leave(lambda: self._live(asker, request))
            self._rota.began(fd, pid, time.monotonic())
            is_alias = request.deed is Deed.ALIAS
            self._users[pid] = self._settings.alias_user if is_alias else request.account
        self._let_go(fd)

    def _live(self, asker: Asker, request: Request) -> int:
        """In the child."""
        put_back_signals()
        close_all_but((asker.fileno(), asker.message))
        asker.say_taken()
        return errand.run(request, asker.message, asker.sock, self._settings)

    def _bury(self) -> None:
        users: set[str] = set()
        for pid, status in reap():
            found = self._rota.ended(pid, time.monotonic())
            if found is None:
                self._janitors.ended(pid, status, self._users)
                continue
            users.add(self._users.pop(pid))
            if status:
                account, seconds = found
                self._tell(local_events.ended_badly(pid, account, _how(status), seconds))
        if users:
            self._janitors.delivered(users, self._users)


class _Wakeup:
    """Signals as bytes in a socket pair, read like everything else."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        for number in CAUGHT:
            signal.signal(number, lambda *_: None)
        for number in (signal.SIGPIPE, signal.SIGUSR1):  # the daemon's family tells what it does
            signal.signal(number, signal.SIG_IGN)

    def fileno(self) -> int:
        return self._read.fileno()

    def arrived(self) -> set[int]:
        try:
            return set(self._read.recv(4096))
        except BlockingIOError:
            return set()


def put_back_signals() -> None:
    """In a child, which is to end as any process does."""
    signal.set_wakeup_fd(-1)
    for number in CAUGHT:
        signal.signal(number, signal.SIG_DFL)


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"
