"""MAIL: may this client send anything, is the sender an address, is there room for a message?

Touches: disk.
"""

from __future__ import annotations

from pymta.channel.words import Short
from pymta.config.limits import Limits
from pymta.journal.session_events import SIZE, rejected, too_many_messages
from pymta.mail.address import BadPath, Mailbox, parse_path
from pymta.mail.reply import Reply
from pymta.policy.decision import Decision
from pymta.session import policy, rewriting
from pymta.session.answer import Answer, fault
from pymta.session.own_user import qualified, sender_for
from pymta.session.space import log_shortage, spool_shortage
from pymta.session.submission import needs_login, wrong_sender
from pymta.session.transaction import Transaction
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.smtp.command import Command
from pymta.smtp.parameters import MailParameters, parse_mail_parameters
from pymta.spool.store import SpoolError

_BEGUN = Answer(Reply(250, "OK", "2.1.0"))
TOO_BIG = Reply(552, "Message size exceeds maximum permitted", "5.3.4")
NO_ROOM = Reply(452, "Space shortage, please try later", "4.3.1")


def answer(visit: Visit, command: Command, world: World) -> Answer:
    """Sets the transaction when the reply is positive."""
    refusal = (
        _too_many(visit, world)
        or _not_configured(visit, command)
        or needs_login(visit, world.explain)
    )
    if refusal is not None:
        return refusal
    path = parse_path(command.argument)
    if isinstance(path, BadPath):
        return fault(Reply(501, f"malformed sender address: {path.why}", "5.1.7"))
    mailbox = qualified(visit, path.mailbox) if path.mailbox else None
    if mailbox is not None and not mailbox.domain:
        return fault(Reply(501, "sender address must contain a domain", "5.1.7"))
    parameters = parse_mail_parameters(path.rest, visit.offer)
    if isinstance(parameters, Reply):
        return fault(parameters)
    if mailbox is not None and not mailbox.is_ascii and not parameters.smtputf8:
        return _not_in_ascii(visit, mailbox)
    sender = sender_for(visit, mailbox, world.explain)
    return (
        wrong_sender(visit, sender, world.explain)
        or _too_big(visit, sender, parameters, world)
        or _no_room(visit.settings.limits, world, parameters.size)
        or _begin(visit, sender, parameters, world, is_another=sender != mailbox)
    )


def _unclear(visit: Visit, sender: str, unclear: rewriting.Unclear) -> Answer:
    reply = Reply(451, "Temporary local problem, please try later", "4.3.0")
    return Answer(reply, events=(rejected(visit.origin, f"MAIL <{sender}>", unclear.why),))


def _not_in_ascii(visit: Visit, sender: Mailbox) -> Answer:
    """RFC 6531 s3.5"""
    text = "non-ASCII sender address needs SMTPUTF8"
    return Answer(
        Reply(553, text, "5.6.7"), events=(rejected(visit.origin, f"MAIL <{sender}>", text),)
    )


def _too_many(visit: Visit, world: World) -> Answer | None:
    """SS-05: the session stays open, because QUIT should still be answered."""
    limit = visit.settings.session.smtp_accept_max_per_connection
    if not limit or visit.mails < limit:
        return None
    world.explain(Decision("smtp_accept_max_per_connection", f"{visit.mails} messages already"))
    reply = Reply(421, "too many messages in this connection", "4.7.0")
    return Answer(reply, events=(too_many_messages(visit.origin),))


def _not_configured(visit: Visit, command: Command) -> Answer | None:
    """Without a settings file we serve this machine and put everybody else off."""
    if visit.settings.machine.is_configured or visit.is_from_this_machine:
        return None
    reply = Reply(451, f"{visit.host} is not configured yet, try again later", "4.3.5")
    what = f"MAIL {command.argument.decode('ascii', 'replace')}"
    why = f"no settings file {visit.settings.machine.config_file}: only this machine is served"
    return Answer(reply, events=(rejected(visit.origin, what, why),))


def _too_big(
    visit: Visit, sender: Mailbox | None, parameters: MailParameters, world: World
) -> Answer | None:
    limit = visit.size_limit.octets
    if not limit or parameters.size <= limit:
        return None
    why = f"message too big: size={parameters.size} max={limit}"
    option, item = visit.size_limit_place
    world.explain(Decision(option, why, item))
    what = f"MAIL <{sender or ''}>"
    return Answer(TOO_BIG, events=(rejected(visit.origin, what, why, selector=SIZE),))


def _no_room(limits: Limits, world: World, size: int) -> Answer | None:
    """The parent has it logged: a full disk is one piece of news, not one for every message."""
    shortage = _spool_shortage(limits, world, size)
    if not shortage and (room := world.log_room()):
        shortage = log_shortage(room, limits)
    if not shortage:
        return None
    world.explain(Decision("check_spool_space", shortage))
    world.put_off(Short(shortage))
    return Answer(NO_ROOM)


def _spool_shortage(limits: Limits, world: World, size: int) -> str:
    if not (limits.check_spool_space or limits.check_spool_inodes or size):
        return ""
    try:
        return spool_shortage(world.spool.room(), size, limits)
    except SpoolError:  # DATA says so, in the words for that
        return ""


def _begin(
    visit: Visit,
    sender: Mailbox | None,
    parameters: MailParameters,
    world: World,
    *,
    is_another: bool,
) -> Answer:
    """`is_another`: not the one that he asked for."""
    called = rewriting.sender(visit, sender, world, smtputf8=parameters.smtputf8)
    if isinstance(called, rewriting.Unclear):
        return _unclear(visit, str(sender or ""), called)
    new = Transaction(sender=str(called or ""), asked=parameters)
    refusal = policy.at_mail(visit, new, called)
    if refusal is not None:
        return refusal
    visit.mails += 1
    visit.transaction = new
    return Answer(Reply(250, f"OK, but from <{sender}>", "2.1.0")) if is_another else _BEGUN
