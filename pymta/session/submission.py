"""What is different for mail of users (RFC 6409): sockets of the roles submission and submissions.

Whoever calls there logs in before anything else, and sends as nobody but himself.  On all ports an
account has its limits, and may send as what `may_send_as` says: who has logged in is known.
"""

from __future__ import annotations

from dataclasses import replace

from pymta.accounts.senders import may_send_as
from pymta.config.roles import is_for_users
from pymta.hints.clients import Clients
from pymta.journal.session_events import rejected
from pymta.mail.address import Mailbox
from pymta.mail.completion import NOTHING_ADDED, Completion, completion
from pymta.mail.header import HeaderScanner
from pymta.mail.originator import mailboxes
from pymta.mail.reply import Reply
from pymta.policy.decision import Decision, Explain
from pymta.session.answer import Answer
from pymta.session.own_user import sender_field
from pymta.session.visit import Visit

ORIGIN = (b"from", b"sender")  # the fields that say whose a message is (RFC 5322 s3.6.2)
_NEEDS_LOGIN = Reply(530, "Authentication required", "5.7.0")
_NEEDS_TLS = Reply(530, "Must issue a STARTTLS command first", "5.7.0")


def needs_login(visit: Visit, explain: Explain) -> Answer | None:
    """The answer to MAIL of a stranger; RFC 3207 s4 has words for who cannot log in yet."""
    if not is_for_users(visit.role) or visit.account:
        return None
    explain(Decision("submission_ports", f"a socket of role {visit.role}: he must log in"))
    reply = _NEEDS_LOGIN
    if visit.has_offered_tls and not visit.offer.mechanisms:
        reply = _NEEDS_TLS
    return Answer(reply, events=(rejected(visit.origin, "MAIL command", reply.text),))


def wrong_sender(visit: Visit, sender: Mailbox | None, explain: Explain) -> Answer | None:
    """The answer to MAIL with somebody else's address."""
    if not visit.account:
        return None
    is_his = may_send_as(visit.account, sender, visit.settings)
    explain(_of_sender(visit, f"<{sender or ''}>", "may" if is_his else "may not"))
    if is_his:
        return None
    text = "sender address not permitted for this account"
    event = rejected(visit.origin, f"MAIL <{sender}>", text)
    return Answer(Reply(550, text, "5.7.1"), events=(event,))


def _of_sender(visit: Visit, sender: str, may: str) -> Decision:
    is_named = visit.account in (visit.settings.auth.auth_senders or {})
    item = (visit.account,) if is_named else ()
    return Decision("auth_senders", f"{visit.account} {may} send as {sender}", item)


def may_relay(visit: Visit, explain: Explain) -> bool:
    """Whoever has logged in may send anywhere, where that is what he logs in for."""
    if not visit.account:
        return False
    if is_for_users(visit.role):
        explain(Decision("submission_ports", f"{visit.account} may send to other hosts"))
        return True
    may = visit.settings.submission.relay_authenticated
    outcome = f"{visit.account} {'may' if may else 'may not for that'} send to other hosts"
    explain(Decision("relay_authenticated", outcome))
    return may


def is_too_fast(visit: Visit, clients: Clients) -> bool:
    """One more recipient of this account is one too many.  Who is refused is not counted."""
    most = visit.settings.submission.submission_rate
    if not visit.account or not most:
        return False
    period = visit.settings.submission.submission_rate_period
    reached = clients.count(f"submission:{visit.account}", 1, period, most=most)
    return reached is not None and reached > most


def added(visit: Visit, header: HeaderScanner, id: str, date: str) -> Completion:
    """The fields that a user's message must have and lacks; nothing for mail of other hosts."""
    if not visit.author:
        return NOTHING_ADDED
    author = visit.transaction.sender or visit.author
    if not author.isascii() and not visit.transaction.asked.smtputf8:
        author = ""  # the header has no other way to name it (RFC 6532)
    made = completion(header, id=id, host=visit.host, author=author, date=date)
    own = sender_field(visit, header)
    return replace(made, fields=(*made.fields, own)) if own else made


def wrong_origin(visit: Visit, header: HeaderScanner, explain: Explain) -> str:
    """Why the header does not say whose message it is, "" when it does."""
    if not visit.account or not visit.settings.submission.submission_check_from:
        return ""
    why = _wrong_origin(visit, header)
    if why:
        explain(Decision("submission_check_from", why))
    return why


def _wrong_origin(visit: Visit, header: HeaderScanner) -> str:
    """A field that is not there is right: From is added, and Sender need not be."""
    for name in ORIGIN:
        title = name.decode("ascii").capitalize()
        if name in header.beyond:
            return f"{title} behind a line that is no header field"
        fields = header.kept.get(name, [])
        if len(fields) > 1:
            return f"more than one {title} field"
        for field in fields:
            named = mailboxes(field)
            if named is None:
                return f"cannot make out whom the {title} field names"
            if not all(may_send_as(visit.account, one, visit.settings) for one in named):
                return f"address in the {title} field not permitted for this account"
    return ""
