"""The greeting of either side: our banner, EHLO and HELO."""

from __future__ import annotations

from pymta import __version__
from pymta.journal.session_events import bad_hello
from pymta.mail.address import is_domain
from pymta.mail.reply import Reply
from pymta.sasl.exchange import BackEnd
from pymta.session import login, policy
from pymta.session.answer import Answer
from pymta.session.visit import Visit
from pymta.smtp.command import Command, Verb
from pymta.smtp.extensions import NO_OFFER, Limits, Offer, offered


def banner(visit: Visit, date: str) -> Reply:
    r"""CP-08: the 220 line; a "\n" in `smtp_banner` makes it a multi-line one."""
    text = visit.settings.session.smtp_banner
    return Reply(220, text or f"{visit.host} ESMTP pymta {__version__} {date}")


def answer(visit: Visit, command: Command, back_end: BackEnd) -> Answer:
    """`back_end` says which logins it can check now."""
    name = command.argument.decode("ascii", "replace")
    # A trailing dot names the same host (RFC 1034 s3.1); clients that add one mean no harm.
    if not is_domain(name.removesuffix(".")):
        text = f"Syntactically invalid {command.verb.name} argument(s)"
        event = bad_hello(visit.origin, command.verb.name, name[:160])
        return Answer(Reply(501, text), is_fault=True, events=(event,))  # no code: RFC 2034 s4
    if (refusal := policy.at_hello(visit, name)) is not None:
        return refusal
    visit.helo = name
    visit.is_extended = command.verb is Verb.EHLO
    visit.has_offered_tls = visit.is_extended and visit.may_start_tls and not visit.tls
    # Cut, so that the line stays within 512 octets whatever our own name is (s4.5.3.1.5).
    hello = f"{visit.host} Hello {_called(visit, name[:160])}"
    visit.offer = _offer(visit, back_end) if visit.is_extended else NO_OFFER
    if not visit.is_extended:
        return Answer(Reply(250, hello))
    return Answer(Reply(250, "\n".join((hello, *offered(visit.offer)))))


def _offer(visit: Visit, back_end: BackEnd) -> Offer:
    return Offer(
        size_limit=visit.size_limit.octets,
        limits=_limits(visit) if visit.allowed.limits else None,
        chunking=visit.allowed.chunking,
        early=visit.may_send_early,
        starttls=visit.has_offered_tls,
        etrn=visit.allowed.etrn,
        mechanisms=login.mechanisms(visit, back_end),
        xclient=visit.may_xclient,
        smtputf8=visit.allowed.smtputf8,
        dsn=visit.allowed.dsn,
        requiretls=visit.tls is not None,
        delivery=visit.address is None,
        qualify=visit.settings.qualify_domain if visit.address is None else "",
    )


def _limits(visit: Visit) -> Limits:
    return Limits(visit.settings.session.smtp_accept_max_per_connection, visit.recipients_max)


def _called(visit: Visit, name: str) -> str:
    """A user of this machine has an account in place of an address, as the classic daemon says."""
    return f"{name} [{visit.address}]" if visit.address else f"{visit.user} at {name}"
