"""One connection as its session sees it: who calls, under which settings, and how far we are."""

from __future__ import annotations

from dataclasses import dataclass, field

from pymta.config.domain_list import domain_list
from pymta.config.per_host import Value, item_for, value_for
from pymta.config.roles import SMTP, is_for_users
from pymta.config.settings import Settings
from pymta.journal.origin import Origin, ends_text, tls_mark
from pymta.load.reading import NOTHING, Load
from pymta.mail.address import Mailbox
from pymta.mail.caller import Address, Endpoint, LocalCaller
from pymta.mail.envelope import DEFAULT_QUEUE, Client
from pymta.mail.host_list import host_list
from pymta.policy.judge import Judge
from pymta.session.allowed import Allowed
from pymta.session.hold_back import Mode, mode_at_start, mode_of_local
from pymta.session.recipient_verdict import is_trusted
from pymta.session.size_limit import SizeLimit, size_limit
from pymta.session.transaction import Transaction
from pymta.smtp.extensions import NO_OFFER, Offer
from pymta.tls.asks import Asks
from pymta.tls.facts import Facts


@dataclass(slots=True)
class Visit:
    """`is_extended` after EHLO: replies carry enhanced codes then, and the protocol is ESMTP.

    `local` is our end, None for a user of this machine, who is in no network: of what is set by
    network he has what "*" has.  His account is `user`, found before the greeting;
    `is_trusted_user`: he may send as anybody.
    `host` is our own name in this connection.  When it began, `others` connections were open,
    `load` was what the supervisor read, and `queue_files` were the items of queue_only_file that
    existed.  `mode` says whether its mail waits.  `id` is that of the connection.
    `name` and `ident` are what was found out about the client before the greeting.
    `may_send_early`, `needs_hello`, `may_start_tls` and `allowed` were decided then, too.
    `fast_open` is what the next line about an arrival says of how the connection began (N-17).
    `has_pipelined`: he sent a command while the reply to another was still to come.
    `mails` counts MAIL commands taken, `recipients` those of RCPT, `accepted` messages.

    `role` is that of the socket he came in by.
    `is_proxied`: `caller` is a proxy that is to say who the client is (N-13).  He takes its place,
    and it becomes `proxy`.  So does a peer for whom XCLIENT named another client (`may_xclient`);
    with `speaks_for_another` nothing that was proved by it, such as a certificate, is the client's.

    `judges` are asked what policy says.  `delay`: seconds that they want the next reply held back.
    `policy_is_out`: functions of the operator's own are not among them, for they have failed too
    often.

    `starts_tls` on a port where TLS begins at once: whoever is refused there hears no text (N-40).
    `asks` is whether he is to show a certificate in the handshake.
    `tls` is what was agreed on, None while octets are plain.  `has_offered_tls`: the last EHLO was
    answered with STARTTLS.  `offer` is all that it was answered with.

    `may_log_in`, and `may_log_in_clear` without TLS, were decided before the greeting.  `account`
    is who has logged in, by `mechanism`.
    """

    settings: Settings
    caller: Endpoint | LocalCaller
    local: Endpoint | None
    others: int = 0
    load: Load = NOTHING
    id: str = ""
    starts_tls: bool = False
    role: str = SMTP
    is_proxied: bool = False
    proxy: Endpoint | None = None
    may_xclient: bool = False
    speaks_for_another: bool = False
    tls: Facts | None = None
    asks: Asks = Asks.NOTHING
    queue_files: tuple[str, ...] = ()
    user: str = ""
    is_trusted_user: bool = False
    name: str = ""
    ident: str = ""
    fast_open: str = ""
    may_send_early: bool = False
    needs_hello: bool = True
    may_start_tls: bool = False
    allowed: Allowed = field(default_factory=Allowed)
    has_offered_tls: bool = False
    delay: float = 0.0
    offer: Offer = NO_OFFER
    may_log_in: bool = False
    may_log_in_clear: bool = False
    mechanism: str = ""
    account: str = ""
    helo: str = ""
    is_extended: bool = False
    has_pipelined: bool = False
    judges: tuple[Judge, ...] = ()
    policy_is_out: bool = False
    mails: int = 0
    accepted: int = 0
    recipients: int = 0
    transaction: Transaction = field(default_factory=Transaction)
    mode: Mode = field(init=False)
    host: str = field(init=False)
    size_limit: SizeLimit = field(init=False)
    address: Address | None = field(init=False)  # of the caller; None for a user of this machine
    _ends: str = field(init=False)
    _address_text: str = field(init=False)

    def __post_init__(self) -> None:
        self._settle()
        self.mode = self._mode()

    def comes_through_proxy(self, client: Endpoint) -> None:
        """It is his visit; nothing was asked of `caller` before."""
        assert isinstance(self.caller, Endpoint)
        self.proxy, self.caller = self.caller, client
        self._settle()

    def stands_for(self, client: Endpoint, local: Endpoint) -> None:
        """XCLIENT: it is his visit, and `local` is where he came in."""
        assert isinstance(self.caller, Endpoint)
        if client.address != self.caller.address:
            self.proxy = self.proxy or self.caller
        self.caller, self.local = client, local
        self.speaks_for_another = True
        self._settle()

    def _settle(self) -> None:
        """CP-04: the name goes with the address that was called, what may come with who calls."""
        self._ends = ""
        self.address = self.caller.address if isinstance(self.caller, Endpoint) else None
        self._address_text = str(self.address or "")
        if self.local and isinstance(self.caller, Endpoint):
            self._ends = ends_text(self.caller, self.local, self.settings.journal)
        ours = self.local.address if self.local else None
        name = value_for(self.settings.session.smtp_active_hostname, ours)
        self.host = str(name or self.settings.hostname)
        self.size_limit = size_limit(self._largest())

    def _mode(self) -> Mode:
        if self.address is None:
            return mode_of_local(self.queue_files, self.load, self.settings)
        return mode_at_start(self.others, self.queue_files, self.settings)

    def _largest(self) -> Value | None:
        if is_for_users(self.role):
            most = value_for(self.settings.submission.submission_size_limit, self.address)
            if most is not None:
                return most
        return value_for(self.settings.session.message_size_limit, self.address)

    @property
    def recipients_max(self) -> int:
        """Of one message; 0 means no limit."""
        limit = self.settings.session.recipients_max
        of_users = self.settings.submission.submission_recipients_max
        if not is_for_users(self.role) or not of_users:
            return limit
        return min(limit, of_users) if limit else of_users

    @property
    def author(self) -> str:
        """The address of the user who sends, as far as we know it; "" for another host."""
        name = self.account or (self.origin.ident if self.address is None else "")
        if not name:
            return ""
        local, at, domain = name.rpartition("@")
        ours = self.settings.qualify_domain if self.address is None else self.settings.hostname
        return str(Mailbox(local, domain) if at else Mailbox(name, ours))

    @property
    def certified(self) -> tuple[str, ...]:
        """Names in a certificate of the client's own, for which somebody vouched."""
        if self.speaks_for_another or not self.tls or not self.tls.peer:
            return ()
        return self.tls.peer.names

    def take_delay(self) -> float:
        """Once."""
        delay, self.delay = self.delay, 0.0
        return delay

    @property
    def remote(self) -> Endpoint | None:
        """The caller; None for a user of this machine."""
        return self.caller if isinstance(self.caller, Endpoint) else None

    @property
    def size_limit_place(self) -> tuple[str, tuple[str, ...]]:
        """The option that it is by, and which entry of that."""
        of_users = self.settings.submission.submission_size_limit
        if is_for_users(self.role) and value_for(of_users, self.address) is not None:
            return "submission_size_limit", item_for(of_users, self.address)
        of_all = self.settings.session.message_size_limit
        return "message_size_limit", item_for(of_all, self.address)

    @property
    def queue(self) -> str:
        """N-16: the queue that the mail of this client goes to."""
        name = value_for(self.settings.queue.queue_name, self.address)
        return str(name or DEFAULT_QUEUE)

    @property
    def origin(self) -> Origin:
        selected = self.settings.journal.selected
        if isinstance(self.caller, LocalCaller):
            user, shows_id = self.user or str(self.caller.uid), "connection_id" in selected
            peer = (self.caller.uid, self.caller.pid)
            return Origin("", 0, self.helo, ident=user, id=self.id, shows_id=shows_id, peer=peer)
        return Origin(
            self._address_text,
            self.caller.port,
            self.helo,
            self.name,
            self.ident,
            self.id,
            self._ends,
            "connection_id" in selected,
            self.tls,
            tls_mark(self.tls, selected),
            proxy=self.proxy,
            login=(self.mechanism, self.account) if self.account else None,
            auth_sender=self.transaction.asked.auth if "smtp_mailauth" in selected else "",
        )

    @property
    def enforces_sync(self) -> bool:
        """Must he wait for his turn?  Who calls from this machine is no machine of a spammer."""
        if self.address is None:
            return False
        return self.settings.session.smtp_enforce_sync and not self.may_send_early

    @property
    def fixes_newlines(self) -> bool:
        """Is CR or LF alone made a line end in his messages, instead of refused?"""
        rule = self.settings.session.bare_newlines
        return rule == "fix" or (rule == "fix-trusted" and is_trusted(self.address, self.settings))

    @property
    def is_quiet(self) -> bool:
        """N-30: nobody wants to read about connections of this client."""
        quiet = host_list(self.settings.journal.hosts_connection_nolog)
        if self.address is None:
            return quiet.holds_without_address()
        return quiet.holds_network(self.address)

    @property
    def protocol(self) -> str:
        """The keyword of RFC 3848, in small letters, as the classic daemon has it."""
        front = "local-" if self.address is None else ""
        front += "utf8" if self.transaction.asked.smtputf8 else ""
        secured = "s" if self.tls else ""
        authenticated = "a" if self.account and self.is_extended else ""  # no word without EHLO
        return front + ("esmtp" if self.is_extended else "smtp") + secured + authenticated

    @property
    def logged_protocol(self) -> str:
        """With the selector tls_on_connect a port that starts with TLS has words of its own."""
        if self.starts_tls and "tls_on_connect" in self.settings.journal.selected:
            return ("essmtp" if self.is_extended else "ssmtp") + ("a" if self.account else "")
        return self.protocol

    @property
    def is_from_this_machine(self) -> bool:
        address = self.address
        if address is None or self.local is None:
            return True
        return address.is_loopback or address == self.local.address

    def is_sent_at_once(self, domain: str) -> bool:
        """Mail for this remote domain; see `pymta.delivery.whom`, which decides."""
        immediate = self.settings.immediate
        waiting = (immediate.queue_domains, immediate.queue_smtp_domains)
        lists = (domain_list(items, self.settings.hostname) for items in waiting)
        return not self.mode.no_smtp and not any(domain in known for known in lists)

    def client(self) -> Client:
        if isinstance(self.caller, LocalCaller):
            return Client(helo=self.helo, protocol=self.protocol, user=self.origin.ident)
        return Client(self._address_text, self.caller.port, self.helo, self.protocol)
