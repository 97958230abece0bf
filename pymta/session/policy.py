"""Policy in a session: who is asked at each stage, and what follows from the answer.

A no becomes the reply of the command, with its line in the log.  A yes may have a condition, which
stays with the transaction: the message is to wait, or to be thrown away.
"""

from __future__ import annotations

from pymta.journal import policy_events as say
from pymta.journal.event import Event
from pymta.mail.address import Mailbox
from pymta.mail.reply import Reply
from pymta.policy.facts import Facts, Message, Recipient, Sender
from pymta.policy.judge import first_opinion
from pymta.policy.rule import Fit, Holds, Rule, Unknown
from pymta.policy.stage import Stage
from pymta.policy.verdict import Defer, Discard, Drop, Freeze, Queue, Refuse, Ruling, safe_text
from pymta.session.answer import Answer
from pymta.session.call_facts import call_facts
from pymta.session.caller import Caller
from pymta.session.farewell import Farewell
from pymta.session.lookups import Lookups
from pymta.session.transaction import Hold, Transaction
from pymta.session.visit import Visit
from pymta.session.world import World

PROHIBITED = "Administrative prohibition"
MOST_RULES = 10  # that the line of an arrival names
DROPPED = "acl-drop"
LATER = "Temporary local problem - please try later"


def appoint(visit: Visit, caller: Caller, world: World) -> None:
    """Judges for this client: first the rules of the settings, then functions.

    Whom a proxy or XCLIENT names has judges of his own, who know nothing of the one before.
    """
    visit.judges = ()
    if world.tables:

        def tell_trouble(zone: str, why: str) -> None:
            world.tell(say.list_in_trouble(visit.origin, zone, why))

        def tell(facts: Facts, rule: Rule, fit: Fit) -> None:
            world.tell(_warning(visit, facts, rule, fit))

        lookups = Lookups(
            caller,
            world.dns,
            visit.settings,
            world.clients,
            tell_trouble,
            find=world.find,
            tables=world.address_tables,
        )
        visit.judges = (world.tables.judge(lookups, tell, world.explain),)
    if world.own_judge:
        visit.judges += (world.own_judge(visit),)


def _warning(visit: Visit, facts: Facts, rule: Rule, fit: Fit) -> Event:
    if isinstance(fit, Unknown):
        return say.warning_skipped(visit.origin, fit.why, rule.name)
    log = rule.log or (fit.note if isinstance(fit, Holds) else "")
    sender = facts.sender.address if facts.sender else None
    recipient = facts.recipient.address if facts.recipient else ""
    return say.warned(visit.origin, log, rule.name, sender=sender, recipient=recipient)


def _ask(visit: Visit, facts: Facts) -> Ruling:
    """Whatever the answer, its reply may have to wait."""
    ruling = first_opinion(visit.judges, facts)
    visit.delay += ruling.delay
    return ruling


def at_connect(visit: Visit) -> Farewell | None:
    """CP-08.  None: go on."""
    if not visit.judges:
        return None
    ruling = _ask(visit, Facts(Stage.CONNECT, call_facts(visit)))
    reply = _reply(ruling)
    if reply is None:
        return None
    # A greeting is 220, 554, or 421 (RFC 5321 s4.3.2), and no enhanced code stands in it.
    greeting = Reply(421 if reply.code < 500 else 554, reply.text)
    if visit.starts_tls and visit.tls is None:  # N-40
        event = say.dropped_before_tls(visit.origin, _why(ruling), ruling.rule)
        return Farewell(greeting, event, 0)
    event = say.refused(
        visit.origin,
        'connection in "connect" ACL',
        _why(ruling),
        ruling.rule,
        temporarily=reply.code < 500,
        selector=say.REJECT,
    )
    return Farewell(greeting, event, 0, is_drop=isinstance(ruling.verdict, Drop))


def at_hello(visit: Visit, name: str) -> Answer | None:
    """`name` is what the client calls itself; it has it only when nothing is said against it."""
    if not visit.judges:
        return None
    facts = Facts(Stage.HELO, call_facts(visit, name))
    return _no(visit, _ask(visit, facts), f"EHLO or HELO {name}", codes=False)


def at_mail(visit: Visit, new: Transaction, mailbox: Mailbox | None) -> Answer | None:
    """None: the transaction may begin, and has what was said of it."""
    if not visit.judges:
        return None
    new.facts = sender = Sender(mailbox, new.asked.size, new.asked.body)
    ruling = _ask(visit, Facts(Stage.MAIL, call_facts(visit), sender))
    _mark(new, ruling, "MAIL")
    return _no(visit, ruling, f"MAIL <{sender.address}>", sender=sender.address)


def at_rcpt(visit: Visit, recipient: Recipient) -> Ruling | None:
    """What policy says, None for nothing; `answer_to` makes a reply of it."""
    if not visit.judges:
        return None
    facts = Facts(Stage.RCPT, call_facts(visit), visit.transaction.facts, recipient)
    return _ask(visit, facts)


def answer_to(visit: Visit, ruling: Ruling, recipient: Recipient) -> Answer | None:
    """The reply to RCPT where policy says no, or yes for appearance only."""
    transaction, name = visit.transaction, recipient.address
    if isinstance(ruling.verdict, Discard):
        event = say.recipient_discarded(
            visit.origin, transaction.sender, name, ruling.verdict.text, ruling.rule, by="RCPT"
        )
        return Answer(Reply(250, "Accepted", "2.1.5"), events=(event,))
    _mark(transaction, ruling, "RCPT")
    return _no(visit, ruling, f"RCPT <{name}>", sender=transaction.sender, recipient=name)


def at_data(visit: Visit, message: Message) -> tuple[Reply, Event, bool] | None:
    """None: nothing against it.  Else the reply, the line, and whether the connection ends."""
    transaction = visit.transaction
    facts = Facts(
        Stage.DATA,
        call_facts(visit),
        transaction.facts,
        recipients=tuple(transaction.told),
        message=message,
    )
    ruling = _ask(visit, facts)
    _mark(transaction, ruling, "DATA")
    reply = _reply(ruling)
    if reply is None:
        return None
    event = say.refused(
        visit.origin,
        "after DATA",
        _why(ruling),
        ruling.rule,
        id=message.id,
        sender=transaction.sender,
        temporarily=reply.code < 500,
    )
    return reply, event, _is_last(ruling)


def last_words(visit: Visit, reason: str) -> str:
    """N-08: the session ends, and not by QUIT.  Policy hears of it, and may word the last reply.

    "": as it is.
    """
    if not visit.judges:
        return ""
    facts = Facts(Stage.NOTQUIT, call_facts(visit), visit.transaction.facts, reason=reason)
    verdict = first_opinion(visit.judges, facts).verdict
    return safe_text(verdict.text) if isinstance(verdict, Defer | Refuse | Drop) else ""


def _mark(transaction: Transaction, ruling: Ruling, by: str) -> None:
    """What follows from a yes, and whose it was."""
    is_yes = not isinstance(ruling.verdict, Defer | Refuse | Drop)
    if is_yes and ruling.rule and len(transaction.rules) < MOST_RULES:
        transaction.rules[ruling.rule] = None
    match ruling.verdict:
        case Discard(text):
            transaction.discard(by, ruling.rule, text)
        case Freeze():
            transaction.hold_back(Hold.FREEZE, ruling.rule)
        case Queue(routes):
            transaction.hold_back(Hold.ROUTE if routes else Hold.QUEUE, ruling.rule)


def _no(
    visit: Visit,
    ruling: Ruling,
    what: str,
    *,
    sender: str | None = None,
    recipient: str = "",
    codes: bool = True,
) -> Answer | None:
    reply = _reply(ruling)
    if reply is None:
        return None
    event = say.refused(
        visit.origin,
        what,
        _why(ruling),
        ruling.rule,
        sender=sender,
        recipient=recipient,
        temporarily=reply.code < 500,
    )
    reply = reply if codes else Reply(reply.code, reply.text)  # RFC 2034 s4: none after HELO
    return Answer(reply, events=(event,), drops=_is_last(ruling))


def _reply(ruling: Ruling) -> Reply | None:
    """None where it is no no."""
    match ruling.verdict:
        case (
            Defer(text, code, enhanced) | Refuse(text, code, enhanced) | Drop(text, code, enhanced)
        ):
            usual = LATER if code < 500 else PROHIBITED
            return Reply(code, safe_text(text) or usual, enhanced)
    return None


def _is_last(ruling: Ruling) -> bool:
    """421 says that we close the connection, whoever says it (RFC 5321 s3.8)."""
    verdict = ruling.verdict
    return isinstance(verdict, Drop) or (isinstance(verdict, Defer) and verdict.code == 421)


def _why(ruling: Ruling) -> str:
    """For the log."""
    verdict = ruling.verdict
    assert isinstance(verdict, Defer | Refuse | Drop)
    usual = LATER if verdict.code < 500 else PROHIBITED
    return (verdict.log or verdict.text or usual).replace("\n", " ")
