"""What is different for mail of users of this machine, whom the kernel names (sendmail).

Addresses without a domain get `qualify_domain`.  Root, the user of the daemon and whoever is named
in `trusted_users` and `trusted_groups` may send as anybody.  Everybody else is the sender of his
mail, whatever he says: his own address takes the place of another in MAIL, and stands in a Sender
field when From names somebody else (`local_from_check`).  Nothing is refused for that: programs
that send mail for others would lose it, and nobody would hear of it.
"""

from __future__ import annotations

from pymta.accounts.senders import is_listed, may_send_as
from pymta.config.rights import Person
from pymta.config.settings import Settings
from pymta.mail.address import Mailbox
from pymta.mail.caller import LocalCaller
from pymta.mail.header import HeaderScanner
from pymta.mail.left_out import LeftOut
from pymta.mail.originator import mailboxes
from pymta.policy.decision import Decision, Explain
from pymta.sasl.prepare import in_small_letters
from pymta.session.visit import Visit

ROOT = 0
RESENT = (b"resent-from", b"resent-sender")


def is_trusted_user(person: Person, name: str, owner: int, settings: Settings) -> bool:
    """`name` is that of his account; `owner` is the user of the daemon."""
    if person.uid in {ROOT, owner}:
        return True
    named = settings.sendmail.trusted_users
    groups = settings.machine.trusted_gids
    return name in named or str(person.uid) in named or not person.gids.isdisjoint(groups)


def qualified(visit: Visit, mailbox: Mailbox) -> Mailbox:
    """With our domain where there is none; what other hosts say stays as it is."""
    if mailbox.domain or visit.address is not None:
        return mailbox
    return Mailbox(mailbox.local, visit.settings.qualify_domain)


def sender_for(visit: Visit, asked: Mailbox | None, explain: Explain) -> Mailbox | None:
    """Who the sender is when he asks for this one, None for the null sender."""
    if not is_held_to_his_own(visit) or _is_his(visit, asked):
        return asked
    allowed = visit.settings.sendmail.untrusted_set_sender
    if is_listed(allowed, asked, visit.settings):
        explain(Decision("untrusted_set_sender", f"{visit.user} may send as <{asked}>"))
        return asked
    own = own_address(visit)
    explain(Decision("trusted_users", f"{visit.user} may not send as <{asked}>, but as <{own}>"))
    return own


def own_address(visit: Visit) -> Mailbox:
    return Mailbox(visit.origin.ident, visit.settings.qualify_domain)


def is_held_to_his_own(visit: Visit) -> bool:
    return isinstance(visit.caller, LocalCaller) and not visit.is_trusted_user


def filter_of(visit: Visit) -> LeftOut | None:
    """What takes a Sender field of his own making out of his message."""
    if not (is_held_to_his_own(visit) and visit.settings.sendmail.local_from_check):
        return None
    return LeftOut(frozenset({b"resent-sender"}), frozenset({b"sender"}))


def sender_field(visit: Visit, header: HeaderScanner) -> str:
    """The Sender field that his message needs, "" for none."""
    if not (is_held_to_his_own(visit) and visit.settings.sendmail.local_from_check):
        return ""
    name = b"resent-from" if header.kept.get(b"resent-from") else b"from"
    fields = header.kept.get(name, [])
    own = own_address(visit)
    # Readers may take any of several From fields for the author.  Of several blocks of Resent-
    # fields the first is the last (RFC 5322 s3.6.6).
    is_one = name != b"from" or (len(fields) <= 1 and name not in header.beyond)
    if (is_one and _name_him_alone(visit, fields)) or not own.is_ascii:
        return ""
    title = "Resent-Sender" if name == b"resent-from" else "Sender"
    return f"{title}: <{own}>\r\n"


def _name_him_alone(visit: Visit, fields: list[bytes]) -> bool:
    """The first does, or there is none: From is added then."""
    if not fields:
        return True
    named = mailboxes(fields[0])
    return named is not None and all(_is_his(visit, one) for one in named)


def _is_his(visit: Visit, mailbox: Mailbox | None) -> bool:
    if mailbox is None or mailbox.key == own_address(visit).key:
        return True
    return may_send_as(in_small_letters(visit.user), mailbox, visit.settings)
