"""XCLIENT: the session begins anew, with whoever a trusted host speaks for.

Whether it may is decided once, by the address that the connection really has, so it may say it
again.
He is judged as if he had called himself: his names, the lists of hosts, kept places, load, and what
he has called himself, where that is told.  What he hears is our greeting, or the refusal in its
place.  TLS stays as it was made, with the peer; whom
its certificate names is not the client, who neither relays nor logs in by it.

The slot of the connection stays that of the peer, other than behind a proxy (N-13).  A proxy cannot
be told from its clients in any other way; but this is one of a few hosts that we trust to speak for
others, which keeps a limit of its own, and may speak for many of them in one connection.  To count
each would let one connection move from slot to slot, for nothing that the limit is for.

Touches: sockets, clock.
"""

from __future__ import annotations

from pymta.channel.words import Named
from pymta.journal import session_events as say
from pymta.mail.caller import Endpoint, LocalCaller
from pymta.mail.reply import Reply
from pymta.sasl.prepare import prepare_name
from pymta.session import greeting, hello, policy
from pymta.session.answer import Answer, fault
from pymta.session.caller import Caller
from pymta.session.chronicle import Chronicle
from pymta.session.farewell import Farewell
from pymta.session.stop import Stop
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.smtp.command import Command
from pymta.smtp.extensions import NO_OFFER
from pymta.smtp.xclient import Attributes, BadAttribute, parse_xclient

_NOT_ALLOWED = fault(Reply(550, "insufficient authorization", "5.7.0"))


def answer(
    visit: Visit, command: Command, caller: Caller, world: World, chronicle: Chronicle
) -> Answer | Farewell | Stop:
    """220 when the session has begun anew; a Farewell when the client is not let in."""
    if not visit.may_xclient:
        return _NOT_ALLOWED
    told = parse_xclient(command.argument)
    if isinstance(told, BadAttribute):
        return fault(Reply(501, told.why, "5.5.4"))
    try:
        account = prepare_name(told.login) if told.login else ""
    except ValueError:
        return fault(Reply(501, "invalid value of LOGIN", "5.5.4"))
    chronicle.tell(say.speaks_for(visit.origin, command.argument.decode("ascii", "replace")))
    _become(visit, caller, told)
    visit.account, visit.mechanism = account, "XCLIENT" if account else ""
    if (stop := _tell_who_it_is(visit, world)) is not None:
        return stop
    policy.appoint(visit, caller, world)
    refused = greeting.judge(visit, caller, world, looks_up=told.names is None) or _refused(visit)
    return refused or Answer(hello.banner(visit, world.date(world.now())))


def _refused(visit: Visit) -> Farewell | None:
    """For what he has called himself.  Who hears of that here need not say EHLO, where he would."""
    refusal = policy.at_hello(visit, visit.helo) if visit.helo else None
    if refusal is None:
        return None
    (event,) = refusal.events
    return Farewell(refusal.reply, event, 0, is_drop=refusal.drops)


def _become(visit: Visit, caller: Caller, told: Attributes) -> None:
    """Nothing holds that the peer has said, or that was found out about it."""
    peer, local = visit.caller, visit.local
    assert not isinstance(peer, LocalCaller)  # it has no network to be trusted for
    assert local
    port = told.port if told.port >= 0 else (0 if told.address else peer.port)
    ours = Endpoint(
        told.local_address or local.address, local.port if told.local_port < 0 else told.local_port
    )
    visit.stands_for(Endpoint(told.address or peer.address, port), ours)
    visit.helo, visit.is_extended = told.helo or "", bool(told.is_extended)
    visit.has_offered_tls = visit.has_pipelined = False
    visit.offer = NO_OFFER
    if told.address or told.names is not None:
        visit.name = visit.ident = ""
        caller.is_another(told.address or peer.address)
    if told.names is not None:
        visit.name = told.names[0] if told.names else ""
        caller.is_called(None if told.is_name_unknown else told.names)


def _tell_who_it_is(visit: Visit, world: World) -> Stop | None:
    """To the supervisor, who counts failures of the operator's functions for each client."""
    if world.own_judge is None or visit.address is None:
        return None
    verdict = world.judge(Named(visit.address))
    if isinstance(verdict, Stop):
        return verdict
    visit.policy_is_out = verdict.policy_is_out
    return None
