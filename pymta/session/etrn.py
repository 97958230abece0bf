"""ETRN: a host that was away asks for its mail (RFC 1985).

The run is started by the supervisor, which also knows whether one goes on already; nobody waits
for it here, so the reply only says that it was asked for.
"""

from __future__ import annotations

from pymta.channel.words import Etrn
from pymta.journal.etrn_events import asked_for_mail
from pymta.journal.session_events import rejected
from pymta.mail.address import is_domain
from pymta.mail.reply import Reply
from pymta.session.answer import Answer, fault
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.smtp.command import Command


def answer(visit: Visit, command: Command, world: World) -> Answer:
    node = command.argument.decode("ascii", "replace")
    if not is_domain(node.removeprefix("@")):
        return fault(Reply(501, "ETRN needs a domain", "5.5.4"))
    if not visit.allowed.etrn:
        why = "host is not in smtp_etrn_hosts"
        return Answer(
            Reply(459, f"Node {node[:160]} not allowed", "4.7.1"),
            events=(rejected(visit.origin, f"ETRN {node}", why),),
        )
    world.ask_run(Etrn(node.lower()))
    return Answer(
        Reply(250, f"OK, queuing for node {node[:160]} started", "2.0.0"),
        events=(asked_for_mail(visit.origin, node),),
    )
