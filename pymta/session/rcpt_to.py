"""RCPT: is this an address, is there room for it, and may this caller send to it?"""

from __future__ import annotations

from dataclasses import replace

from pymta.config.duration import format_duration
from pymta.journal.event import Event
from pymta.journal.session_events import rejected
from pymta.mail.address import BadPath, Mailbox, parse_path
from pymta.mail.domain import key_of_domain
from pymta.mail.reply import Reply
from pymta.policy.decision import Decision
from pymta.policy.facts import Recipient
from pymta.policy.verdict import Defer, Drop, Relay
from pymta.policy.verdict import Refuse as PolicyRefuse
from pymta.routing.address_class import relayed_domains
from pymta.routing.local_part import POSTMASTER
from pymta.routing.own import OwnAddresses
from pymta.session import policy, rewriting
from pymta.session.answer import Answer, fault
from pymta.session.own_user import qualified
from pymta.session.recipient_verdict import Accept, Refuse, judge
from pymta.session.report_back import judge_report
from pymta.session.submission import is_too_fast, may_relay
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.smtp.command import Command
from pymta.smtp.parameters import RcptParameters, parse_rcpt_parameters

ACCEPTED = Answer(Reply(250, "Accepted", "2.1.5"))


def answer(visit: Visit, command: Command, world: World) -> Answer:
    """Adds to the transaction when the reply is positive."""
    path = parse_path(command.argument)
    if isinstance(path, BadPath):
        return fault(Reply(501, f"malformed recipient address: {path.why}", "5.1.3"))
    if path.mailbox is None:
        return fault(Reply(501, "recipient address must not be empty", "5.1.3"))
    smtputf8 = visit.transaction.asked.smtputf8
    parameters = parse_rcpt_parameters(path.rest, visit.offer, smtputf8=smtputf8)
    if isinstance(parameters, Reply):
        return fault(parameters)
    if not path.mailbox.is_ascii and not smtputf8:  # RFC 6531 s3.5
        text = "non-ASCII recipient address needs SMTPUTF8"
        return Answer(Reply(553, text, "5.6.7"), events=(_line(visit, str(path.mailbox), text),))
    mailbox = path.mailbox
    if mailbox.local.lower() != POSTMASTER:
        mailbox = qualified(visit, mailbox)
    if is_too_fast(visit, world.clients):
        return _too_fast(visit, mailbox)
    return _judged(visit, mailbox, parameters, world)


def _judged(visit: Visit, mailbox: Mailbox, parameters: RcptParameters, world: World) -> Answer:
    local = visit.local.address if visit.local else None
    caller = None if may_relay(visit, world.explain) else visit.address
    own = OwnAddresses(visit.settings, world.find, world.address_tables)
    sender, now, asked = visit.transaction.sender, world.now(), mailbox
    verdict = judge_report(mailbox, sender, own, now, explain=world.explain)
    if verdict is None:
        called = rewriting.recipient(visit, asked, world)
        if isinstance(called, rewriting.Unclear):
            reply = Reply(451, "Temporary local problem, please try later", "4.3.0")
            return Answer(reply, events=(_line(visit, str(asked), called.why),))
        mailbox = called
        verdict = judge(mailbox, caller, local, own, explain=world.explain)
        if mailbox != asked:
            parameters = rewriting.with_original(parameters, asked)
            if isinstance(verdict, Refuse) and verdict.is_relaying and _takes(own, asked):
                verdict = Accept(mailbox, is_local=False)  # an operator wants it there
    match verdict:
        case Refuse(reply, why) if visit.address is None and reply.code == 451:
            # The delivery asks again, and waits if need be.  Few programs here would.
            world.explain(Decision("local_socket", f"taken, though not known yet: {why}"))
            return _ask(visit, Accept(mailbox, is_local=True), parameters, world)
        case Refuse(reply, why, is_relaying) as refuse:
            if is_relaying and (said := _ask_to_relay(visit, mailbox, parameters, world)):
                return said
            events = (_line(visit, str(asked), why),)
            return Answer(refuse.reply, is_fault=reply.code == 501, events=events)
        case Accept() as accept:
            return _ask(visit, accept, parameters, world)


def _takes(own: OwnAddresses, mailbox: Mailbox) -> bool:
    """Is it in a domain that we take mail for?"""
    relayed = relayed_domains(own.settings.routing)
    return own.ours(mailbox) is not None or key_of_domain(mailbox.domain) in relayed


def _ask(visit: Visit, accept: Accept, parameters: RcptParameters, world: World) -> Answer:
    """What policy says of a recipient against whom nothing else speaks."""
    key = accept.key
    if _is_full(visit, key):
        return _no_room(visit, accept.mailbox, world)
    if not visit.judges:
        return _add(visit, key, accept, parameters)
    facts = _facts(visit, accept)
    ruling = policy.at_rcpt(visit, facts)
    refusal = policy.answer_to(visit, ruling, facts) if ruling else None
    return refusal or _add(visit, key, accept, parameters, facts)


def _ask_to_relay(
    visit: Visit, mailbox: Mailbox, parameters: RcptParameters, world: World
) -> Answer | None:
    """Only the one word of policy that says so opens a relay.  None: it does not."""
    accept = Accept(mailbox, is_local=False)
    facts = replace(_facts(visit, accept), is_permitted=False)
    ruling = policy.at_rcpt(visit, facts)
    if ruling is None:
        return None
    is_no = isinstance(ruling.verdict, Defer | PolicyRefuse | Drop)
    if not is_no and not isinstance(ruling.verdict, Relay):
        return None
    key = accept.key
    if not is_no and _is_full(visit, key):
        return _no_room(visit, mailbox, world)
    return policy.answer_to(visit, ruling, facts) or _add(visit, key, accept, parameters, facts)


def _facts(visit: Visit, accept: Accept) -> Recipient:
    number = len(visit.transaction.recipients) + 1
    return Recipient(accept.mailbox, accept.is_local, accept.account, number)


def _add(
    visit: Visit,
    key: tuple[str, str],
    accept: Accept,
    parameters: RcptParameters,
    facts: Recipient | None = None,
) -> Answer:
    """`facts` are what policy was told, None where it was not asked."""
    transaction = visit.transaction
    if facts and key not in transaction.recipients:
        transaction.told.append(facts)
    is_remote = not accept.is_local and visit.is_sent_at_once(accept.mailbox.domain)
    transaction.add(key, accept.mailbox, parameters, is_remote=is_remote)
    visit.recipients += 1
    return ACCEPTED


def _is_full(visit: Visit, key: tuple[str, str]) -> bool:
    limit = visit.recipients_max
    known = visit.transaction.recipients
    return bool(limit) and len(known) >= limit and key not in known


def _no_room(visit: Visit, mailbox: Mailbox, world: World) -> Answer:
    """RFC 5321 s4.5.3.1.10: 452, so that the client sends the rest in another transaction."""
    number = len(visit.transaction.recipients)
    world.explain(Decision("recipients_max", f"{number} recipients already"))
    reply = Reply(452, "too many recipients", "4.5.3")
    if visit.transaction.is_full_told:
        return Answer(reply)
    visit.transaction.is_full_told = True
    limit = visit.recipients_max
    return Answer(reply, events=(_line(visit, str(mailbox), f"too many recipients: max={limit}"),))


def _too_fast(visit: Visit, mailbox: Mailbox) -> Answer:
    """He may go on later; a mail program tells its user what we say."""
    settings = visit.settings.submission
    text = "too many recipients for this account, try again later"
    period = format_duration(settings.submission_rate_period)
    why = f"too many recipients of this account: max={settings.submission_rate} in {period}"
    return Answer(Reply(450, text, "4.7.1"), events=(_line(visit, str(mailbox), why),))


def _line(visit: Visit, recipient: str, why: str) -> Event:
    sender = visit.transaction.sender
    return rejected(visit.origin, f"RCPT <{recipient}>", why, sender=sender, recipient=recipient)
