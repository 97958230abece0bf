"""Whoever has connected to the control socket, from the first word to the answer (N-22).

Who may not ask for anything hears so at once and holds nothing.  Everybody else has a seat until
the answer has gone out: seats are few, strangers have only some of them, and who says nothing for
too long, hangs up, or cannot be understood loses his.  So whatever is done to this socket costs
the loop a bounded number of descriptors and never a wait (CVE-2025-62875 was such a socket).

Touches: sockets, descriptors, clock.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Mapping
from functools import partial

from pymta.channel.control import BUSY
from pymta.config.rights import Person, Rights
from pymta.dataclass import dataclass
from pymta.journal import daemon_events
from pymta.journal.log import Log
from pymta.supervisor import control
from pymta.supervisor.control import Client

MOST = 64  # seats; each is a descriptor of ours
MOST_STRANGERS = 16  # of them for those who may only ask for deliveries
PATIENCE = 5.0  # seconds from the connection to the request
SHORTAGE = 1.0  # seconds without an accept, after one failed for want of descriptors or memory
PACE = 1.0  # seconds between two lines about refusals

Serve = Callable[[Client, str], object]


@dataclass(frozen=True, slots=True)
class Request:
    """`serve` gets the client, to be answered then or later, and the argument.

    `may`: does this person have the right to ask?
    """

    serve: Serve
    may: Callable[[Rights, Person], bool] = Rights.is_admin


@dataclass(frozen=True, slots=True)
class Door:
    """Who comes in; `refusal` is what all others hear."""

    rights: Rights
    refusal: str


@dataclass(slots=True)
class _Seat:
    """`person` None: the image before us has judged him.

    `until` is when the request must have come, on the clock of the loop; None: it has.
    """

    person: Person | None
    until: float | None


class Desk:
    """`listener` None: nobody can connect.  `requests` are the words that are understood.

    `make_room` gives up a descriptor for whoever asks what is wrong when there is none (AE-04);
    false when it has none to give.
    """

    def __init__(
        self,
        listener: socket.socket | None,
        selector: selectors.BaseSelector,
        door: Door,
        requests: Mapping[str, Request],
        log: Log,
        *,
        clock: Callable[[], float] = time.monotonic,
        make_room: Callable[[], bool] = bool,
    ) -> None:
        self._listener = listener
        self._selector = selector
        self._door = door
        self._requests = requests
        self._log = log
        self._clock = clock
        self._make_room = make_room
        self._seats: dict[Client, _Seat] = {}
        self._deaf_until = 0.0  # while in the future, nobody is accepted
        self._is_short = False  # the last accept failed, which has been told
        self._quiet_until = 0.0  # while in the future, refusals are only counted
        self._untold = 0
        self._listen()

    def keep(self, client: Client) -> None:
        """One who asked the image before us and waits for the answer."""
        self._sit(client, _Seat(None, until=None))

    def welcome(self, client: Client) -> None:
        """One who has just connected; to the image before us, perhaps."""
        try:
            person = client.person()
        except OSError:
            client.close()
            return
        rights = self._door.rights
        if not (rights.may_prod(person) or rights.may_list(person)):
            self._refuse(client)
            return
        if not self._has_seat(person):
            client.fail(f"{BUSY} commands at once, try again")
            return
        self._sit(client, _Seat(person, self._clock() + PATIENCE))

    def unheard(self) -> tuple[int, ...]:
        """Descriptors of those who have not said yet what they want."""
        seats = self._seats.items()
        return tuple(client.fileno() for client, seat in seats if seat.until is not None)

    def wait(self, now: float) -> float | None:
        """Seconds until there is something to do by the clock."""
        due = [seat.until for seat in self._seats.values() if seat.until is not None]
        if self._deaf_until:
            due.append(self._deaf_until)
        return max(0.0, min(due) - now) if due else None

    def check_time(self, now: float) -> None:
        if self._deaf_until and now >= self._deaf_until:
            self._deaf_until = 0.0
            self._listen()
        for client, seat in list(self._seats.items()):
            if seat.until is not None and now >= seat.until:
                client.close()

    def _listen(self) -> None:
        if self._listener:
            self._selector.register(self._listener, selectors.EVENT_READ, self._take_one)

    def _take_one(self) -> None:
        """One connection and turn, as at every listener (ML-05)."""
        assert self._listener
        try:
            client = self._accept(self._listener)
        except OSError as error:
            self._rest(error)
            return
        self._is_short = False
        if client:
            self.welcome(client)

    def _accept(self, listener: socket.socket) -> Client | None:
        try:
            return control.accept(listener)
        except OSError:
            if not self._make_room():
                raise
        return control.accept(listener)

    def _rest(self, error: OSError) -> None:
        """A listener that stays ready while accept fails would have the loop spin."""
        assert self._listener
        self._selector.unregister(self._listener)
        self._deaf_until = self._clock() + SHORTAGE
        if not self._is_short:
            self._log.write(daemon_events.remark(f"control socket: {error.strerror}"))
        self._is_short = True

    def _has_seat(self, person: Person) -> bool:
        if len(self._seats) >= MOST:
            return False
        is_admin = self._door.rights.is_admin
        sitting = (seat.person for seat in self._seats.values())
        strangers = sum(one is not None and not is_admin(one) for one in sitting)
        return is_admin(person) or strangers < MOST_STRANGERS

    def _sit(self, client: Client, seat: _Seat) -> None:
        client.leaves = self._leave
        self._seats[client] = seat
        self._selector.register(client, selectors.EVENT_READ, partial(self._hear, client))

    def _leave(self, client: Client) -> None:
        if self._seats.pop(client, None):
            self._selector.unregister(client)

    def _hear(self, client: Client) -> None:
        """Its request; afterwards, that it has gone or says more than there is to say."""
        seat = self._seats.get(client)
        if seat is None:
            return
        try:
            said = client.request()
        except BlockingIOError:
            return
        if not said or seat.until is None:
            client.close()
            return
        seat.until = None
        self._serve(client, said, seat.person)

    def _serve(self, client: Client, said: bytes, person: Person | None) -> None:
        word, _, argument = said.decode("ascii", "replace").partition(" ")
        request = self._requests.get(word)
        if request is None:
            client.fail("the daemon does not know this request")
        elif person is None or request.may(self._door.rights, person):
            request.serve(client, argument)
        else:
            self._refuse(client)

    def _refuse(self, client: Client) -> None:
        """He hears why; the log hears it once a second at most, however many there are."""
        now = self._clock()
        if now < self._quiet_until:
            self._untold += 1
        else:
            person, pid = client.person(), client.pid()
            self._log.write(daemon_events.not_allowed(person.uid, pid, self._untold))
            self._quiet_until, self._untold = now + PACE, 0
        client.fail(self._door.refusal)
