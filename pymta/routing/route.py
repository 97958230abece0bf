"""Where a recipient's mail goes: eight answers."""

from __future__ import annotations

from dataclasses import field

from pymta.dataclass import dataclass
from pymta.mail.caller import LocalSocket
from pymta.mail.host import Host
from pymta.mail.login import Login, OwnCertificate
from pymta.routing.target import Command, File, Whom

LOCAL_USER = "local_user"
SYSTEM_ALIASES = "system_aliases"
VIRTUAL_ALIASES = "virtual_aliases"
SRS = "srs"


@dataclass(frozen=True, slots=True)
class Local:
    """Into this mailbox.  The name comes from our settings, never from the address.

    `is_mbox`: one file has all its messages; otherwise it is a Maildir.  `where` is the table that
    says so, and makes no difference; "": the settings do.
    """

    mailbox: str
    is_mbox: bool = False
    where: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Lmtp:
    """To an LMTP server, over the first of `servers` that answers."""

    servers: tuple[Host | LocalSocket, ...]


@dataclass(frozen=True, slots=True)
class User:
    """Where the .forward of this account says, or else to `lmtp`, or into its own mailbox.

    `item` is a command or a file that the .forward names, or, with `is_alias`, an alias: then it is
    done on behalf of this account, and the rest does not matter.
    """

    account: str
    lmtp: Lmtp | None = None
    item: str = ""
    is_alias: bool = False


@dataclass(frozen=True, slots=True)
class Remote:
    """To the first of `hosts` that takes it.

    `destination` is what messages share that may share a connection; `router` is the word for the
    log, "mx" or "smarthost".  `login` and `own` are for hosts that want one; `tls_on_connect`: with
    them TLS begins before the greeting (RFC 8314).
    `mx_of` is the domain that names them in the DNS as its mail hosts, "" where somebody else does.
    `tls` is how much of it an operator wants for just this way, as in `pymta.config.remote_tls`, ""
    where he has said nothing.
    """

    destination: str
    hosts: tuple[Host, ...]
    router: str = "mx"
    login: Login | None = None
    tls_on_connect: bool = False
    mx_of: str = ""
    tls: str = ""
    own: OwnCertificate | None = None


@dataclass(frozen=True, slots=True)
class Fail:
    """Never deliverable; `text` is told to the sender, `enhanced` is a 5.x.x code (RFC 3463)."""

    text: str
    enhanced: str


@dataclass(frozen=True, slots=True)
class Defer:
    """Nobody knows yet; try again later.  `said` is for clients, who do not hear `why`."""

    why: str
    enhanced: str = "4.4.3"  # directory server failure
    said: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One of those to whom mail is sent on; `where` it stands, as ``/etc/aliases:12``.

    An address is complete: it has a domain.
    """

    target: Whom | Command | File
    where: str


@dataclass(frozen=True, slots=True)
class Expanded:
    """On to all of these, in place of the recipient.

    `key` is what was found, as ``team`` or ``@example.org``; `router` the word for the log, which
    says in what: system_aliases, virtual_aliases, catch_all, postmaster or srs.  `owner` is the
    address ``owner-team@…``, from whom they get it then, "" where there is none.
    """

    items: tuple[Item, ...]
    key: str
    where: str
    router: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Discard:
    """Nobody gets it, and nobody is told: an alias says so, at `where`."""

    where: str
    router: str


OwnRoute = Local | User | Expanded | Discard | Fail | Defer
Route = OwnRoute | Lmtp | Remote
