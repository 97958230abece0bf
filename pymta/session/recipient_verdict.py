"""May this caller send to this address?  Settings and addresses in, a verdict out.

In this order: an address of ours must name a user or a mailbox that exists; a domain that we relay
to is open to anybody; a caller from a trusted network, a user of this machine whom the kernel
knows, or one who has logged in may send anywhere; everybody else may not.
So the shipped settings relay for nobody but this machine (reliability.md, promise 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network

from pymta.accounts.account import Find, nobody
from pymta.config.settings import Settings
from pymta.mail.address import Mailbox, literal_address
from pymta.mail.caller import Address
from pymta.mail.domain import key_of_domain
from pymta.mail.letters import small
from pymta.mail.reply import Reply
from pymta.routing.local_part import POSTMASTER, route_local
from pymta.routing.route import Defer, Fail, User


@dataclass(frozen=True, slots=True)
class Accept:
    """`mailbox` is complete: the bare ``<postmaster>`` got our own name.

    `account` is that of a system user, "" for everybody else.
    """

    mailbox: Mailbox
    is_local: bool
    account: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Equal for two ways to write one mailbox; ours ignore case in the local part too."""
        local, domain = self.mailbox.key
        if self.account:
            return self.account, domain
        return (small(local) if self.is_local else local), domain


@dataclass(frozen=True, slots=True)
class Refuse:
    """`why` is what the log says.  `is_relaying`: the address would do, for somebody else."""

    reply: Reply
    why: str
    is_relaying: bool = False


def judge(
    mailbox: Mailbox,
    caller: Address | None,
    local: Address | None,
    settings: Settings,
    find: Find = nobody,
) -> Accept | Refuse:
    """`local` is our own address on this connection: ``user@[192.0.2.1]`` is a user here.

    `caller` is None for whoever may send anywhere: a user of this machine, or one who has logged
    in.

    `find` asks the system for an account.
    """
    if not mailbox.domain:
        if mailbox.local.lower() == POSTMASTER:
            return Accept(Mailbox(mailbox.local, settings.hostname), is_local=True)
        return _refuse(501, "recipient address must contain a domain", "5.1.3")
    if _is_ours(mailbox.domain, local, settings):
        return _judge_local(mailbox, settings, find)
    if _is_listed(mailbox.domain, settings.routing.relay_to_domains) or is_trusted(
        caller, settings
    ):
        return Accept(mailbox, is_local=False)
    text = "relay not permitted"
    return Refuse(Reply(550, text, "5.7.1"), text, is_relaying=True)


def _judge_local(mailbox: Mailbox, settings: Settings, find: Find) -> Accept | Refuse:
    match route_local(mailbox.local, settings, find):
        case Fail(text, enhanced):
            return _refuse(550, text, enhanced)
        case Defer(why, enhanced):
            return Refuse(Reply(451, "Temporary local problem, please try later", enhanced), why)
        case User(account):
            return Accept(mailbox, is_local=True, account=account)
        case _:
            return Accept(mailbox, is_local=True)


def _refuse(code: int, text: str, enhanced: str) -> Refuse:
    return Refuse(Reply(code, text, enhanced), text)


def _is_ours(domain: str, local: Address | None, settings: Settings) -> bool:
    names = tuple(
        settings.hostname if name == "@" else name for name in settings.routing.local_domains
    )
    return _is_listed(domain, names) or (local is not None and literal_address(domain) == local)


def _is_listed(domain: str, names: tuple[str, ...]) -> bool:
    return key_of_domain(domain) in {key_of_domain(name) for name in names}


def is_trusted(caller: Address | None, settings: Settings) -> bool:
    """From a network that may relay, or a user of this machine."""
    return caller is None or any(
        caller in ip_network(network) for network in settings.session.relay_from_hosts
    )
