"""One connection as its session sees it: who calls, under which settings, and how far we are."""

from __future__ import annotations

from dataclasses import dataclass, field

from pymta.config.per_host import PerHostTable
from pymta.config.settings import Settings
from pymta.journal.session_events import Origin, ends_text, tls_mark
from pymta.mail.caller import Endpoint
from pymta.mail.envelope import Client
from pymta.mail.host_list import HostList
from pymta.session.transaction import Transaction
from pymta.tls.facts import Facts


@dataclass(slots=True)
class Visit:
    """`is_extended` after EHLO: replies carry enhanced codes then, and the protocol is ESMTP.

    `host` is our own name in this connection.  `others` connections were open when this one began,
    `load` was the load average then (None: nobody needs to know).  `id` is that of the connection.
    `name` and `ident` are what was found out about the client before the greeting.
    `may_send_early` and `needs_hello` were decided then, too.
    `mails` counts MAIL commands taken, `accepted` messages answered 250.

    `starts_tls` on a port where TLS begins at once: whoever is refused there hears no text (N-40).
    `tls` is what was agreed on, None while octets are plain.
    """

    settings: Settings
    caller: Endpoint
    local: Endpoint
    others: int = 0
    load: float | None = None
    id: str = ""
    starts_tls: bool = False
    tls: Facts | None = None
    name: str = ""
    ident: str = ""
    may_send_early: bool = False
    needs_hello: bool = True
    helo: str = ""
    is_extended: bool = False
    mails: int = 0
    accepted: int = 0
    transaction: Transaction = field(default_factory=Transaction)
    host: str = field(init=False)
    _ends: str = field(init=False)

    def __post_init__(self) -> None:
        """CP-04: the name that goes with the address that was called."""
        self._ends = ends_text(self.caller, self.local, self.settings.journal)
        table = PerHostTable(self.settings.session.smtp_active_hostname)
        self.host = str(table.value(self.local.address) or self.settings.hostname)

    @property
    def origin(self) -> Origin:
        selected = self.settings.journal.selected
        return Origin(
            str(self.caller.address),
            self.caller.port,
            self.helo,
            self.name,
            self.ident,
            self.id,
            self._ends,
            "connection_id" in selected,
            self.tls,
            tls_mark(self.tls, selected),
        )

    @property
    def enforces_sync(self) -> bool:
        """Must he wait for his turn?"""
        return self.settings.session.smtp_enforce_sync and not self.may_send_early

    @property
    def is_quiet(self) -> bool:
        """N-30: nobody wants to read about connections of this client."""
        quiet = HostList(self.settings.journal.hosts_connection_nolog)
        return quiet.holds_network(self.caller.address)

    @property
    def protocol(self) -> str:
        """The keyword of RFC 3848, in small letters, as the classic daemon has it."""
        return ("esmtp" if self.is_extended else "smtp") + ("s" if self.tls else "")

    @property
    def logged_protocol(self) -> str:
        """With the selector tls_on_connect a port that starts with TLS has words of its own."""
        if self.starts_tls and "tls_on_connect" in self.settings.journal.selected:
            return "essmtp" if self.is_extended else "ssmtp"
        return self.protocol

    @property
    def is_from_this_machine(self) -> bool:
        address = self.caller.address
        return address.is_loopback or address == self.local.address

    def client(self) -> Client:
        return Client(str(self.caller.address), self.caller.port, self.helo, self.protocol)
