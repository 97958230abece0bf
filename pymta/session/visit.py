"""One connection as its session sees it: who calls, under which settings, and how far we are."""

from __future__ import annotations

from dataclasses import dataclass, field

from pymta.config.per_host import PerHostTable
from pymta.config.settings import Settings
from pymta.journal.session_events import Origin
from pymta.mail.caller import Endpoint
from pymta.mail.envelope import Client
from pymta.session.transaction import Transaction


@dataclass(slots=True)
class Visit:
    """`is_extended` after EHLO: replies carry enhanced codes then, and the protocol is ESMTP.

    `host` is our own name in this connection.  `others` connections were open when this one began.
    `mails` counts MAIL commands taken, `accepted` messages answered 250.
    """

    settings: Settings
    caller: Endpoint
    local: Endpoint
    others: int = 0
    helo: str = ""
    is_extended: bool = False
    mails: int = 0
    accepted: int = 0
    transaction: Transaction = field(default_factory=Transaction)
    host: str = field(init=False)

    def __post_init__(self) -> None:
        """CP-04: the name that goes with the address that was called."""
        table = PerHostTable(self.settings.session.smtp_active_hostname)
        self.host = str(table.value(self.local.address) or self.settings.hostname)

    @property
    def origin(self) -> Origin:
        return Origin(str(self.caller.address), self.caller.port, self.helo)

    @property
    def protocol(self) -> str:
        return "esmtp" if self.is_extended else "smtp"

    @property
    def is_from_this_machine(self) -> bool:
        address = self.caller.address
        return address.is_loopback or address == self.local.address

    def client(self) -> Client:
        return Client(str(self.caller.address), self.caller.port, self.helo, self.protocol)
