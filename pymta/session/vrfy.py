"""VRFY: does this address exist here?  (RFC 5321 s3.5)

Who may know is in `smtp_vrfy_hosts`.  All others, and whoever asks about other hosts, hear 252:
a server that does not tell says neither yes nor no (s7.3).  Who asks for a mailbox beyond ASCII
says SMTPUTF8 behind it (RFC 6531 s3.7.4); it is never named in a reply, which is in ASCII.
"""

from __future__ import annotations

import re

from pymta.mail.address import BadPath, Mailbox, parse_path
from pymta.mail.reply import Reply
from pymta.routing.own import OwnAddresses
from pymta.session import rewriting
from pymta.session.answer import Answer, fault
from pymta.session.recipient_verdict import Accept, Refuse, judge
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.smtp.command import Command

_SMTPUTF8 = re.compile(rb"[ \t]+SMTPUTF8$", re.IGNORECASE)
_UNTOLD = Answer(
    Reply(252, "Cannot VRFY user, but will accept message and attempt delivery", "2.5.0")
)


def answer(visit: Visit, command: Command, world: World) -> Answer:
    if not command.argument:
        return fault(Reply(501, "VRFY needs a user or an address", "5.5.4"))
    if not visit.allowed.verify:
        return _UNTOLD
    argument, asks = command.argument, _SMTPUTF8.search(command.argument)
    if asks and visit.offer.smtputf8:
        argument = argument[: asks.start()]
    elif not argument.isascii():
        return Answer(Reply(553, "non-ASCII address needs SMTPUTF8", "5.6.7"))
    mailbox = _mailbox(argument, visit.settings.hostname)
    if mailbox is None:
        return fault(Reply(501, "VRFY needs a user or an address", "5.1.3"))
    local = visit.local.address if visit.local else None
    own = OwnAddresses(visit.settings, world.find, world.address_tables)
    called = rewriting.recipient(visit, mailbox, world)
    if isinstance(called, rewriting.Unclear):
        return _UNTOLD
    mailbox = called
    match judge(mailbox, visit.address, local, own):
        case Refuse(reply) if reply.enhanced.startswith(("5.1.", "5.2.", "5.4.", "4.")):
            return Answer(reply)
        case Accept(mailbox, is_local=True) if not mailbox.is_ascii:
            return _UNTOLD
        case Accept(mailbox, is_local=True):
            return Answer(Reply(250, f"<{mailbox}>", "2.1.5"))
        case _:  # a host of others, whatever this caller may send there
            return _UNTOLD


def _mailbox(argument: bytes, hostname: str) -> Mailbox | None:
    """An address with or without brackets; a bare name is one of ours."""
    text = argument if argument.startswith(b"<") else b"<" + argument + b">"
    path = parse_path(text)
    if isinstance(path, BadPath) or path.mailbox is None or path.rest.strip():
        return None
    return path.mailbox if path.mailbox.domain else Mailbox(path.mailbox.local, hostname)
