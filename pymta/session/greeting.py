"""The start of a session: everything that may say no before we say 220 (CP-08).

In this order: who is behind a proxy (`proxied`); who calls, by his own machine's account; do the
settings say what he may; the name of his address; is he let in (`gate`); has policy anything
against him; TLS, where it comes before the greeting; has he waited for us to speak first.  What was
found out stays in the visit.  A refusal is the only reply that such a session hears, and its exit
status is 0 (SS-01).

A user of this machine is known by the kernel, and let in; only his name is asked for.

Touches: processes, sockets, clock.
"""

from __future__ import annotations

import os
import time

from pymta.journal import session_events as say
from pymta.mail.caller import Endpoint, LocalCaller
from pymta.mail.host_list import Answer, host_list
from pymta.mail.reply import Reply
from pymta.session import farewell, gate, hello, policy, proxied
from pymta.session.allowed import allowed
from pymta.session.caller import Caller
from pymta.session.farewell import Farewell
from pymta.session.handshake import shake_hands
from pymta.session.ident import TimedOutError
from pymta.session.pace import quotable
from pymta.session.stop import Stop
from pymta.session.stream import Stream
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.tls.asks import Asks

QUOTED = 150  # octets of early input in the log


def begin(visit: Visit, stream: Stream, caller: Caller, world: World) -> Farewell | None:
    """None: greet him."""
    began = time.monotonic()
    if visit.is_proxied and (end := _introduce(visit, stream, caller, world)) is not None:
        return end
    if isinstance(visit.caller, LocalCaller):
        visit.user = world.name_of(visit.caller.uid)
    elif visit.proxy is None:  # RFC 1413 asks about a connection between two, and he has another
        _ask_ident(visit, caller, world)
    if debug := world.debug_daemon:
        origin = visit.origin
        debug(
            f"Process {os.getpid()} is handling incoming connection from {origin.who}",
            **origin.fields,
        )
    visit.may_xclient = _may_xclient(visit)
    refused = judge(visit, caller, world)
    if (end := _hold_back(visit, stream) or refused) is not None:
        return end
    visit.asks = _asks(visit, caller)
    if visit.starts_tls and (failed := shake_hands(visit, stream, began)) is not None:
        return failed
    visit.may_start_tls = _may_start_tls(visit, stream, caller)
    return _too_early(visit, stream)


def judge(visit: Visit, caller: Caller, world: World, *, looks_up: bool = True) -> Farewell | None:
    """Is he let in, and what may he do?  Without `looks_up` his name is known."""
    if visit.size_limit.trouble:
        return farewell.unclear(visit, visit.size_limit.trouble)
    if visit.address is not None:
        if looks_up:
            _look_up_name(visit, caller, world)
        refusal = gate.refusal(visit, caller.is_in, world.explain)
        if refusal is not None:
            return Farewell(refusal.reply, refusal.event, 0)
    settings = visit.settings.session
    visit.may_send_early = (
        caller.is_in(settings.pipe_connect_advertise_hosts, "pipe_connect_advertise_hosts")
        is Answer.YES
    )
    visit.allowed = allowed(settings, visit.settings.rewriting, caller.is_in)
    must_greet = caller.is_in(settings.hosts_require_helo, "hosts_require_helo")
    visit.needs_hello = must_greet is Answer.YES
    _may_log_in(visit, caller)
    return policy.at_connect(visit)


def _hold_back(visit: Visit, stream: Stream) -> Farewell | None:
    """Where policy wants it.  Who speaks meanwhile need not be waited for any longer."""
    delay = visit.take_delay()
    match stream.rest(delay, until_heard=not visit.starts_tls) if delay else None:
        case Stop.DRAINING:
            return farewell.draining(visit, delay)
        case Stop.TERMINATED:
            return farewell.terminated(visit, None, delay)
    return None


def _introduce(visit: Visit, stream: Stream, caller: Caller, world: World) -> Farewell | None:
    """N-13"""

    def banner() -> Reply:
        return hello.banner(visit, world.date(world.now()))

    end = proxied.introduce(visit, stream, world, banner)
    if visit.address is not None:
        caller.is_another(visit.address)
    policy.appoint(visit, caller, world)
    return end


def _ask_ident(visit: Visit, caller: Caller, world: World) -> None:
    """CP-07"""
    settings = visit.settings.session
    seconds = settings.rfc1413_query_timeout
    assert isinstance(visit.caller, Endpoint)
    assert visit.local
    if not seconds or caller.is_in(settings.rfc1413_hosts, "rfc1413_hosts") is not Answer.YES:
        return
    try:
        visit.ident = world.ask_ident(visit.caller, visit.local, seconds)
    except TimedOutError:
        world.tell(say.ident_timeout(visit.origin))


def _look_up_name(visit: Visit, caller: Caller, world: World) -> None:
    if caller.is_in(visit.settings.session.host_lookup, "host_lookup") is not Answer.YES:
        return
    if names := caller.names():
        visit.name = names[0]
    else:
        world.tell(say.no_host_name(visit.origin))


def _may_xclient(visit: Visit) -> bool:
    """By the address that the connection has: whomever XCLIENT names, nobody gains the right."""
    hosts = host_list(visit.settings.proxy.hosts_xclient)
    return visit.address is not None and hosts.holds_network(visit.address)


def _asks(visit: Visit, caller: Caller) -> Asks:
    """For a certificate of his own; who cannot be found out about is not asked."""
    settings = visit.settings.tls
    if (
        settings.tls_verify_hosts
        and caller.is_in(settings.tls_verify_hosts, "tls_verify_hosts") is Answer.YES
    ):
        return Asks.FOR_ONE
    wanted = settings.tls_try_verify_hosts
    return (
        Asks.TO_SEE_ONE
        if wanted and caller.is_in(wanted, "tls_try_verify_hosts") is Answer.YES
        else Asks.NOTHING
    )


def _may_start_tls(visit: Visit, stream: Stream, caller: Caller) -> bool:
    """Who cannot be found out about may: encrypted is never worse.  This machine has no need."""
    if not stream.may_start_tls or visit.address is None:
        return False
    return (
        caller.is_in(visit.settings.session.tls_advertise_hosts, "tls_advertise_hosts")
        is not Answer.NO
    )


def _may_log_in(visit: Visit, caller: Caller) -> None:
    """Who cannot be found out about may, but not in clear.  The kernel vouches for users here."""
    if visit.address is None:
        return
    settings = visit.settings.login
    visit.may_log_in = (
        caller.is_in(settings.auth_advertise_hosts, "auth_advertise_hosts") is not Answer.NO
    )
    visit.may_log_in_clear = (
        caller.is_in(settings.auth_without_tls_hosts, "auth_without_tls_hosts") is Answer.YES
    )


def _too_early(visit: Visit, stream: Stream) -> Farewell | None:
    """Whoever talks before we do does not listen to what we say."""
    early = stream.peek(QUOTED) if visit.enforces_sync else b""
    if not early:
        return None
    event = say.sent_before_greeting(visit.origin, quotable(early))
    return Farewell(Reply(554, "SMTP synchronization error"), event, 0)
