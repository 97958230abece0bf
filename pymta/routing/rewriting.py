"""What is this address to be called?  Canonical names, and domains that stand for hosts in them.

Each table is asked for the address as it stands, and then without its suffix:

    user+tag@example.org, user@example.org     as a whole
    user+tag, user                             in our local domains
    @example.org                               for all others of a domain

What it says is ``user@example.net``, ``user`` at home, or ``@example.net``, which keeps the local
part; the suffix of a name that was found without it is kept.  The answer is asked about in turn,
until an address is called what it is or nothing is found.  The table for one side (senders or
recipients) goes before that for both, and then come the domains of `masquerade_domains`, but not
for the recipients of an envelope: else mail for a host could never reach it.

A table that cannot be asked, or says what nobody can read, ends it: nobody knows then what the
address is called, and whoever sends it has to wait.
"""

from __future__ import annotations

from collections.abc import Iterator

from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.mail.address import BadPath, Mailbox, is_domain, parse_mailbox
from pymta.mail.domain import key_of_domain
from pymta.mail.header_addresses import Side
from pymta.mail.letters import small
from pymta.routing.address_class import our_domains
from pymta.routing.local_part import names_of
from pymta.tables.address_tables import AddressTables
from pymta.tables.table import Found, Nothing, Table, Unsure
from pymta.tables.text import key_of_address, key_of_catch_all

MOST_STEPS = 10  # from one name to the next; more, and they go in a circle


class UnclearNameError(Exception):
    """Nobody can say now what an address is called; why, in words for the log."""


def objection_to_name(text: str) -> str:
    """Why nobody can be called so; "" when all is well."""
    text = text.strip()
    if text.startswith("@") and is_domain(text[1:]):
        return ""
    said = parse_mailbox(text)
    return f"{text[:80]!r} is no address: {said.why}" if isinstance(said, BadPath) else ""


@dataclass(frozen=True, slots=True)
class Names:
    """Each method raises UnclearNameError.  An address without a domain is one of ours."""

    settings: Settings
    tables: AddressTables

    def of_sender(self, mailbox: Mailbox) -> Mailbox:
        """In the envelope."""
        return self._masqueraded(self._canonical(mailbox, Side.SENDER))

    def of_recipient(self, mailbox: Mailbox) -> Mailbox:
        """In the envelope."""
        return self._canonical(mailbox, Side.RECIPIENT)

    def in_header(self, mailbox: Mailbox, side: Side) -> Mailbox:
        return self._masqueraded(self._canonical(mailbox, side))

    def _canonical(self, mailbox: Mailbox, side: Side) -> Mailbox:
        is_sender = side is Side.SENDER
        own = self.tables.sender_canonical if is_sender else self.tables.recipient_canonical
        return self._mapped(self._mapped(mailbox, own), self.tables.canonical)

    def _mapped(self, mailbox: Mailbox, table: Table) -> Mailbox:
        for _ in range(MOST_STEPS):
            found = self._next(mailbox, table)
            if found is None:
                return mailbox
            if str(found).lower() == str(mailbox).lower():
                return found
            mailbox = found
        raise UnclearNameError(f"more than {MOST_STEPS} names, from one to the next, to {mailbox}")

    def _next(self, mailbox: Mailbox, table: Table) -> Mailbox | None:
        for key, suffix in self._keys(mailbox):
            match table.lookup(key):
                case Unsure(why):
                    raise UnclearNameError(why)
                case Found() as found:
                    return self._said(found, mailbox, suffix)
                case Nothing():
                    pass
        return None

    def _keys(self, mailbox: Mailbox) -> Iterator[tuple[str, str]]:
        """How it is looked up, and the suffix that was left out for that."""
        local, routing = mailbox.local, self.settings.routing
        home = self.settings.qualify_domain
        domain = mailbox.domain or home
        names = [(name, local[len(name) :]) for name in names_of(local, routing.local_part_suffix)]
        for name, suffix in names:
            yield key_of_address(name, domain), suffix
        if key_of_domain(domain) in {*our_domains(routing), key_of_domain(home)}:
            for name, suffix in names:
                yield key_of_address(name), suffix
        yield key_of_catch_all(domain), ""

    def _said(self, found: Found, mailbox: Mailbox, suffix: str) -> Mailbox:
        text = found.value.strip()
        if why := objection_to_name(text):
            raise UnclearNameError(f"{found.where}: {why}")
        said = parse_mailbox(text)
        if isinstance(said, BadPath):  # @domain
            return Mailbox(mailbox.local, text[1:])
        made = Mailbox(said.local + suffix, said.domain or self.settings.qualify_domain)
        again = parse_mailbox(str(made))
        if isinstance(again, BadPath):
            raise UnclearNameError(f"{found.where}: {text[:80]!r}{suffix} is none: {again.why}")
        return made

    def _masqueraded(self, mailbox: Mailbox) -> Mailbox:
        rewriting = self.settings.rewriting
        if small(mailbox.local) in map(small, rewriting.masquerade_exceptions):
            return mailbox
        domain = key_of_domain(mailbox.domain)
        for item in rewriting.masquerade_domains:
            name = item.removeprefix("!")
            key = key_of_domain(name)
            if domain == key:
                return mailbox
            if domain.endswith(f".{key}"):
                return mailbox if item.startswith("!") else Mailbox(mailbox.local, name)
        return mailbox
