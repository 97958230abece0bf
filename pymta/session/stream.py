"""A client's socket with a deadline on every read and write, and what else may end a wait.

While a session waits for a command it also hears the channel: `Drain`, or the end of the channel
when the supervisor has gone.  While it waits for data it hears SIGTERM only, because a message
under way is finished first.  Deadlines are monotonic: a clock that is set moves none.

With a TLS layer the same holds for the octets of the wire, and a deadline for what is inside them:
who sends half a record at a time wins no time by it.  Before the handshake nothing is said to the
client at all, whatever is written here (N-40).

Touches: sockets, clock, OpenSSL.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from pymta.channel.pair import End
from pymta.session.patience import FOR_EVER
from pymta.session.stop import Stop
from pymta.session.termination import HasFileno, has_come
from pymta.tls.asks import Asks
from pymta.tls.facts import Facts
from pymta.tls.layer import LARGEST, Layer
from pymta.tls.trouble import TlsError

_BLOCK = 65_536  # octets per read: one system call carries many small commands
_LAST_STEPS = 2.0  # seconds
_LINGER = 0.2  # seconds, N-18
_LINGER_READS = 16

# The client, or the way to it, is gone: nobody's fault.  Any other error is a mistake of ours.
_GONE = frozenset(
    {
        errno.ECONNRESET,
        errno.ECONNABORTED,
        errno.EPIPE,
        errno.ETIMEDOUT,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.ENETDOWN,
    }
)


class Stream:
    """`error` is the text of the error that broke the connection, "" for a plain end of file.

    `new_layer` makes the TLS of a connection, None where there is no certificate.  `starts_tls`:
    nothing is said before the handshake.
    """

    def __init__(
        self,
        sock: socket.socket,
        channel: End,
        termination: HasFileno,
        *,
        new_layer: Callable[[Asks], Layer] | None = None,
        starts_tls: bool = False,
        nodelay: bool = True,
        keepalive: bool = True,
    ) -> None:
        self._sock = sock
        self._fd = sock.fileno()
        self._channel = channel
        self._termination = termination
        self._layer: Layer | None = None
        self._new_layer = new_layer
        self._is_mute = starts_tls
        self._seen = b""  # decrypted for `peek`, and not read yet
        self._has_to_go = False  # which was heard in the middle of a handshake
        self._polls: dict[tuple[int, bool], select.poll] = {}  # one for each kind of wait
        self.error = ""
        sock.setblocking(False)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, nodelay)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, keepalive)
        except OSError:  # HC-02: neither is worth a connection; and a test's is no TCP at all
            pass

    @property
    def is_mute(self) -> bool:
        """Nothing can be said, because the handshake has not been made."""
        return self._is_mute

    @property
    def may_start_tls(self) -> bool:
        """It is plain, and there is a certificate."""
        return self._layer is None and self._new_layer is not None

    def put_inside(self, asks: Asks) -> None:
        """What follows is the handshake."""
        assert self._new_layer  # or it was not offered, and the supervisor gave us no such call
        self._layer, self._is_mute = self._new_layer(asks), True

    def take_outside(self) -> None:
        """Plain octets again, after a handshake that failed."""
        self._layer, self._is_mute, self.error = None, False, ""

    def start_tls(self, deadline: float) -> Facts | Stop:
        """The handshake, in all until `deadline`.  `error` says why when there is no TLS."""
        layer = self._layer
        assert layer
        try:
            agreed = layer.handshake()
            while agreed is None:
                stop = self._exchange(layer, deadline, at_command=not self._has_to_go)
                if stop is Stop.DRAINING:
                    deadline = min(deadline, self._last_steps())
                elif stop is not None:
                    return self._without_tls(stop)
                agreed = layer.handshake()
        except TlsError as error:
            return self._corrupt(layer, error)
        if (stop := self._send(layer.outgoing(), deadline)) is not None:
            return self._without_tls(stop)
        self._is_mute = False
        return agreed

    def _last_steps(self) -> float:
        """We have to go.  A client that is cut off here may come back in clear, so he gets a moment
        to finish, and hears it inside of TLS.
        """
        self._has_to_go = True
        return time.monotonic() + _LAST_STEPS

    def _without_tls(self, stop: Stop) -> Stop:
        if self._has_to_go and stop is Stop.TIMED_OUT:
            return Stop.DRAINING
        if stop is Stop.TIMED_OUT:
            self.error = "timed out"
        self.error = self.error or "TCP connection closed by peer"
        return stop

    def is_late(self, deadline: float) -> bool:
        """Has it passed?  Who pours without a pause has always more to read, and is late as well.

        `read` does not ask that: what came in time may be read later.
        """
        return time.monotonic() >= deadline

    def read(self, deadline: float, *, at_command: bool) -> bytes | Stop:
        """Wait for octets until `deadline` (of `time.monotonic`; infinity: for ever)."""
        if self._layer is None:
            return self._receive(deadline, at_command=at_command)
        try:
            return self._decrypted(self._layer, deadline, at_command=at_command)
        except TlsError as error:
            return self._corrupt(self._layer, error)

    def read_wire(self, most: int, deadline: float) -> bytes | Stop:
        """At most so many octets of what comes before SMTP, and before TLS (N-13)."""
        return self._receive(deadline, at_command=True, most=most)

    def _decrypted(self, layer: Layer, deadline: float, *, at_command: bool) -> bytes | Stop:
        """What is there already is not waited for: the wire may have nothing more to bring."""
        if seen := self._seen:
            self._seen = b""
            return seen
        while (data := layer.read()) is None:
            if (stop := self._exchange(layer, deadline, at_command=at_command)) is not None:
                return stop
        return data or Stop.CLOSED

    def _exchange(self, layer: Layer, deadline: float, *, at_command: bool) -> Stop | None:
        """Octets of the wire, one way and then the other.

        The deadline is looked at also where octets keep coming, because they may be worth nothing.
        """
        if (stop := self._send(layer.outgoing(), deadline)) is not None:
            return stop
        if time.monotonic() >= deadline:
            return Stop.TIMED_OUT
        got = self._receive(deadline, at_command=at_command)
        if isinstance(got, Stop):
            return got
        layer.receive(got)
        return None

    def _receive(self, deadline: float, *, at_command: bool, most: int = _BLOCK) -> bytes | Stop:
        while True:
            ready = self._wait(deadline, select.POLLIN, at_command=at_command)
            if isinstance(ready, Stop):
                return ready
            try:
                data = self._sock.recv(most)
            except (BlockingIOError, InterruptedError):
                continue
            except OSError as error:
                return self._broken(error)
            return data or Stop.CLOSED

    def rest(self, seconds: float, *, until_heard: bool = False) -> Stop | None:
        """Do nothing for a while, as long as nobody wants us to end.

        A connection that breaks ends it too, which the next read finds out.  A client that has only
        said its last word may still be listening.  So does, `until_heard`, a client who speaks.
        """
        events = select.POLLIN if until_heard else 0
        stop = self._wait(time.monotonic() + seconds, events, at_command=True)
        return None if stop is Stop.TIMED_OUT else stop

    def write(self, data: bytes, deadline: float) -> Stop | None:
        """Send all of it; None when it is out.  SIGTERM does not cut a reply in two."""
        if self._is_mute:
            return None
        if self._layer is None:
            return self._send(data, deadline)
        return self._encrypted(self._layer, data, deadline)

    def _encrypted(self, layer: Layer, data: bytes, deadline: float) -> Stop | None:
        """Record by record, so that no more of a long reply is in memory than the client takes."""
        for start in range(0, len(data), LARGEST):
            try:
                layer.write(data[start : start + LARGEST])
            except TlsError as error:
                return self._corrupt(layer, error)
            if (stop := self._send(layer.outgoing(), deadline)) is not None:
                return stop
        return None

    def _corrupt(self, layer: Layer, error: TlsError) -> Stop:
        self._send(layer.outgoing(), time.monotonic())  # the alert, if there is room for it
        self.error = str(error)
        return Stop.CLOSED

    def _send(self, data: bytes, deadline: float) -> Stop | None:
        left = memoryview(data)
        while left:
            try:
                left = left[self._sock.send(left, socket.MSG_NOSIGNAL) :]
            except (BlockingIOError, InterruptedError):
                if not _poll(self._sock.fileno(), select.POLLOUT, deadline):
                    self.error = "write timed out"
                    return Stop.TIMED_OUT
            except OSError as error:
                return self._broken(error)
        return None

    def _broken(self, error: OSError) -> Stop:
        if error.errno not in _GONE:
            raise error
        self.error = error.strerror or "connection lost"
        return Stop.CLOSED

    def has_gone(self) -> bool:
        """Has the client hung up, on its side at least?  Nobody waits for that here.

        Whoever shuts down the way to us cannot be told from one that has closed both.
        """
        poll = select.poll()
        poll.register(self._sock.fileno(), select.POLLRDHUP)  # errors are told unasked
        if not poll.poll(0):
            return False
        number = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self.error = os.strerror(number) if number else ""
        return True

    def peek(self, most: int) -> bytes:
        """What has come already, at most so many octets; it stays there to be read."""
        try:
            if self._layer is None:
                return self._sock.recv(most, socket.MSG_PEEK)
            self._layer.receive(self._sock.recv(_BLOCK))
        except OSError:  # nothing yet; or the connection broke, which the first read will tell
            pass
        return self._peek_inside(self._layer, most) if self._layer else b""

    def _peek_inside(self, layer: Layer, most: int) -> bytes:
        with suppress(TlsError):  # as above
            self._seen += layer.read() or b""
        return self._seen[:most]

    def drain(self, *, linger: bool) -> None:
        """N-18: unread input would turn the close into a reset that destroys the last reply.

        `linger` after QUIT: the client is to close first, so that TIME_WAIT stays with it.
        And when we have to go: what it was about to say when it heard 421 must find somebody.
        """
        deadline = time.monotonic() + (_LINGER if linger else 0)
        try:
            self._close_tls()
            for _ in range(_LINGER_READS):
                if not _poll(self._sock.fileno(), select.POLLIN, deadline):
                    break
                if not self._sock.recv(_BLOCK):
                    break
        except OSError:
            pass  # it is over either way

    def _close_tls(self) -> None:
        """A client that knows the end from a cut says so; nobody waits for its answer."""
        if self._layer is None or self._is_mute or self.error:
            return
        self._layer.close()
        self._send(self._layer.outgoing(), time.monotonic())

    def _wait(self, deadline: float, events: int, *, at_command: bool) -> Stop | None:
        if at_command and self._has_to_go:
            return Stop.DRAINING
        poll = self._polls.get((events, at_command)) or self._new_poll(events, at_command)
        found = poll.poll(_milliseconds(deadline))
        if len(found) == 1 and found[0][0] == self._fd:  # nearly always
            return None
        ready = {fd for fd, _ in found}
        bell = self._termination.fileno()
        while bell in ready:
            if has_come(self._termination):
                return Stop.TERMINATED
            if ready != {bell}:
                break
            ready = {fd for fd, _ in poll.poll(_milliseconds(deadline))}
        if at_command and self._channel.fileno() in ready:
            # Drain is the only word that is said to a session, and the end means the same.
            self._channel.hear()
            return Stop.DRAINING
        return None if ready else Stop.TIMED_OUT

    def _new_poll(self, events: int, at_command: bool) -> select.poll:
        poll = self._polls[events, at_command] = select.poll()
        poll.register(self._sock.fileno(), events)
        poll.register(self._termination.fileno(), select.POLLIN)
        if at_command:
            poll.register(self._channel.fileno(), select.POLLIN)
        return poll


def _poll(fd: int, events: int, deadline: float) -> bool:
    poll = select.poll()
    poll.register(fd, events)
    return bool(poll.poll(_milliseconds(deadline)))


def _milliseconds(deadline: float) -> int | None:
    """What poll wants to hear: None is for ever; a deadline that has passed is zero."""
    if deadline == FOR_EVER:
        return None
    left = deadline - time.monotonic()
    return int(left * 1000) + 1 if left > 0 else 0
