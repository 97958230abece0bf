"""What addresses of a message are called, from the session on: everything later sees one name.

Envelopes are rewritten for everybody, when MAIL and RCPT come: what stands in the spool, in the log
and in front of policy is the name that counts, and each attempt routes that.  Headers are rewritten
for mail of our own people alone, because what somebody else has written and signed is his: for
users of this machine, for whoever has logged in, and for `header_rewrite_hosts`.  The message
itself is kept as it came; the changes are noted beside it, and made when it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pymta.dataclass import dataclass
from pymta.journal.session_events import renamed
from pymta.mail.address import Mailbox
from pymta.mail.edits import Edit, edited
from pymta.mail.envelope import RFC822, UTF8
from pymta.mail.header_addresses import HeaderKeeper, edits_of
from pymta.policy.decision import Decision
from pymta.routing.rewriting import Names, UnclearNameError
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.smtp.parameters import RcptParameters


@dataclass(frozen=True, slots=True)
class Unclear:
    """`why` is for the log alone."""

    why: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """`edits` are for the message as received, `fields` complete, each with its CRLF."""

    edits: tuple[Edit, ...]
    fields: tuple[str, ...]


def sender(
    visit: Visit, mailbox: Mailbox | None, world: World, *, smtputf8: bool
) -> Mailbox | Unclear | None:
    """As the envelope is to have it; None: the null sender."""
    if mailbox is None or not visit.settings.rewriting.is_set:
        return mailbox
    try:
        made = _names(visit, world).of_sender(mailbox)
    except UnclearNameError as error:
        return Unclear(str(error))
    made = _possible(mailbox, made, smtputf8=smtputf8)
    return _told(mailbox, made, visit, world, is_sender=True)


def recipient(visit: Visit, mailbox: Mailbox, world: World) -> Mailbox | Unclear:
    """Likewise; the bare postmaster is nobody else."""
    if not mailbox.domain or not visit.settings.rewriting.is_set:
        return mailbox
    try:
        made = _names(visit, world).of_recipient(mailbox)
    except UnclearNameError as error:
        return Unclear(str(error))
    made = _possible(mailbox, made, smtputf8=visit.transaction.asked.smtputf8)
    return _told(mailbox, made, visit, world, is_sender=False)


def with_original(parameters: RcptParameters, mailbox: Mailbox) -> RcptParameters:
    """RFC 3461 s5.2.1: whoever changes the recipient says which one it was."""
    if parameters.orcpt:
        return parameters
    kind = RFC822 if mailbox.is_ascii else UTF8
    return replace(parameters, orcpt=f"{kind};{mailbox}")


def keeper(visit: Visit) -> HeaderKeeper | None:
    """For a message whose header is to be rewritten."""
    if not (visit.settings.rewriting.is_set and (visit.author or visit.allowed.header_rewrite)):
        return None
    return HeaderKeeper(visit.settings.session.header_maxsize)


def header(
    visit: Visit, received: bytes, added: Iterable[str], world: World
) -> Rewritten | Unclear:
    """`received` is the header of the message, `added` are fields that we put before it."""
    names, may_be_utf8 = _names(visit, world), visit.transaction.asked.smtputf8

    def edits(text: bytes) -> tuple[Edit, ...]:
        return edits_of(text, names.in_header, may_be_utf8=may_be_utf8)

    try:
        lines = [field.encode() for field in added]
        fields = tuple(b"".join(edited([line], edits(line))).decode() for line in lines)
        return Rewritten(edits(received), fields)
    except UnclearNameError as error:
        return Unclear(str(error))


def _names(visit: Visit, world: World) -> Names:
    return Names(visit.settings, world.address_tables)


def _possible(asked: Mailbox, made: Mailbox, *, smtputf8: bool) -> Mailbox:
    """Where the message cannot have such an address, the one asked for stays (RFC 6531 s3.2)."""
    return made if made.is_ascii or smtputf8 else made.for_old_servers or asked


def _told(asked: Mailbox, made: Mailbox, visit: Visit, world: World, *, is_sender: bool) -> Mailbox:
    if made != asked:
        world.explain(Decision("canonical", f"{asked}: is called {made}"))
        world.tell(renamed(visit.origin, str(asked), str(made), is_sender=is_sender))
    return made
