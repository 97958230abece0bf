"""The client behind a proxy: what the header says, and what the supervisor says to that (N-13).

Asked before anything else of a connection from one of hosts_proxy.  Whoever the header names is
the client from then on; the address of the proxy stays in the visit, for the log.  A header that
names nobody leaves the connection to the proxy itself.

Without a proper header in time nobody can say whose connection it is: nothing works in it but QUIT.
Where TLS begins at once nobody could read that, and the connection just ends (N-40).

Touches: sockets, clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pymta.channel.words import Proxied
from pymta.journal import session_events as say
from pymta.mail.caller import Endpoint
from pymta.mail.reply import Reply
from pymta.session import farewell
from pymta.session.closedown import close_down
from pymta.session.farewell import Farewell
from pymta.session.stop import Stop
from pymta.session.stream import Stream
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.smtp.proxy_header import FOREIGN, Header, HeaderReader, Malformed

REFUSED = Reply(503, "Command refused, required Proxy negotiation failed", "5.5.1")


def introduce(
    visit: Visit, stream: Stream, world: World, banner: Callable[[], Reply]
) -> Farewell | None:
    """None: the visit is that of the client now."""
    began = time.monotonic()
    reader = HeaderReader()
    header = _hear(stream, reader, began + visit.settings.proxy.proxy_protocol_timeout)
    match header:
        case Stop():
            return _gone(visit, stream, header, began)
        case Malformed(why):
            world.tell(say.no_proxy_header(visit.origin, why))
            early = reader.data if header is FOREIGN else b""
            stop = _refuse_all(visit, stream, banner, early)
            return _ended(visit, stream, stop, began)
        case Header(client):
            return _enter(visit, stream, world, client, began) if client else None


def _hear(stream: Stream, reader: HeaderReader, deadline: float) -> Header | Malformed | Stop:
    while True:
        got = stream.read_wire(reader.wanted, deadline)
        if got is Stop.TIMED_OUT:
            return Malformed("it did not come in time")
        if isinstance(got, Stop):
            return got
        if (answer := reader.feed(got)) is not None:
            return answer


def _enter(
    visit: Visit,
    stream: Stream,
    world: World,
    client: Endpoint,
    began: float,
) -> Farewell | None:
    assert visit.local  # users of this machine come through no proxy
    verdict = world.judge(Proxied(client, visit.local))
    visit.comes_through_proxy(client)
    if isinstance(verdict, Stop):
        return _gone(visit, stream, verdict, began)
    visit.policy_is_out = verdict.policy_is_out
    if not verdict.reply:
        return None
    code, _, text = verdict.reply.partition(" ")
    return Farewell(Reply(int(code), text), None, 0)  # who counts him has told the log


def _ended(visit: Visit, stream: Stream, stop: Stop | None, began: float) -> Farewell:
    """SS-04: as any session, after one in which nothing worked."""
    seconds = time.monotonic() - began
    match stop:
        case None if stream.is_mute:
            return Farewell(None, None, 1)
        case None:
            return Farewell(None, say.closed_by_quit(visit.origin, seconds), 0)
        case Stop.TIMED_OUT:
            return farewell.timed_out(visit, None, seconds)
        case _:
            return _gone(visit, stream, stop, began)


def _gone(visit: Visit, stream: Stream, stop: Stop, began: float) -> Farewell:
    seconds = time.monotonic() - began
    match stop:
        case Stop.TERMINATED:
            return farewell.terminated(visit, None, seconds)
        case Stop.DRAINING:
            return farewell.draining(visit, seconds)
        case Stop.CLOSED | Stop.TIMED_OUT:
            return farewell.closed(visit, None, seconds, has_sender=False, error=stream.error)


def _refuse_all(
    visit: Visit, stream: Stream, banner: Callable[[], Reply], early: bytes
) -> Stop | None:
    """Until he says QUIT (None), or goes.  `early` is what he said in place of a header."""
    if stream.is_mute:
        return None
    timeout = visit.settings.session.smtp_receive_timeout or float("inf")
    deadline = time.monotonic() + timeout
    stop = stream.write(banner().encode(with_enhanced=False), deadline)
    return stop or close_down(
        stream, REFUSED, visit.host, deadline, with_enhanced=False, resets=False, early=early
    )
