"""May this caller send to this address?  Settings and addresses in, a verdict out.

In this order: an address of ours must lead to a user or a mailbox that exists; a domain that we
relay to is open to anybody; a caller from a trusted network, a user of this machine whom the kernel
knows, or one who has logged in may send anywhere; everybody else may not.
So the shipped settings relay for nobody but this machine (reliability.md, promise 6).
"""

from __future__ import annotations

from functools import cache
from ipaddress import ip_network

from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.mail.address import Mailbox, literal_address
from pymta.mail.caller import Address
from pymta.mail.domain import key_of_domain
from pymta.mail.letters import small
from pymta.mail.reply import Reply
from pymta.policy.decision import Decision, Explain, nobody_asks
from pymta.routing.address_class import Ours, srs_domain
from pymta.routing.local_part import POSTMASTER
from pymta.routing.own import OwnAddresses
from pymta.routing.route import (
    SRS,
    SYSTEM_ALIASES,
    VIRTUAL_ALIASES,
    Defer,
    Discard,
    Expanded,
    Fail,
    Local,
    OwnRoute,
    User,
)

MOST_SHOWN = 5  # addresses of one alias
_OPTIONS = {
    SYSTEM_ALIASES: "alias_file",
    VIRTUAL_ALIASES: "virtual_aliases",
    "catch_all": "catch_all",
    POSTMASTER: "local_parts",
    SRS: "srs_secrets",
}
_network = cache(ip_network)  # of settings, so there are few


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
        if self.account and small(self.account) == small(local):  # not user+tag, nor an alias
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
    own: OwnAddresses,
    *,
    explain: Explain = nobody_asks,
) -> Accept | Refuse:
    """`local` is our own address on this connection: ``user@[192.0.2.1]`` is a user here.

    `caller` is None for whoever may send anywhere: a user of this machine, or one who has logged
    in.

    `own` knows our addresses, `explain` hears which setting decided.
    """
    settings = own.settings
    if not mailbox.domain:
        if mailbox.local.lower() == POSTMASTER:
            return Accept(Mailbox(mailbox.local, settings.hostname), is_local=True)
        return _refuse(501, "recipient address must contain a domain", "5.1.3")
    if _is_ours(mailbox.domain, local, settings, explain):
        return _judge_own(mailbox, Ours(mailbox.local, key_of_domain(mailbox.domain)), own, explain)
    if _is_virtual(mailbox.domain, settings, explain):
        who = Ours(mailbox.local, key_of_domain(mailbox.domain), is_virtual=True)
        return _judge_own(mailbox, who, own, explain)
    if _is_relayed_to(mailbox.domain, settings, explain):
        return _judge_relayed(mailbox, own, explain)
    if is_trusted(caller, settings, explain):
        return Accept(mailbox, is_local=False)
    text = "relay not permitted"
    return Refuse(Reply(550, text, "5.7.1"), text, is_relaying=True)


def _judge_own(mailbox: Mailbox, who: Ours, own: OwnAddresses, explain: Explain) -> Accept | Refuse:
    account = ""
    for one, route in own.follow(who):
        if explain is not nobody_asks:
            explain(_of(one, route, own.settings))
        if one == who and isinstance(route, User):
            account = route.account
    if isinstance(route, Fail | Defer):
        return refusal(route)
    return Accept(mailbox, is_local=True, account=account)


def _judge_relayed(mailbox: Mailbox, own: OwnAddresses, explain: Explain) -> Accept | Refuse:
    """A host behind us has it, if it is there."""
    found = own.relayed(mailbox)
    said = "is not in it" if isinstance(found, Fail) else getattr(found, "why", f"is in {found}")
    if own.settings.routing.relay_recipients and found:
        explain(Decision("relay_recipients", f"{mailbox}: {said}"))
    return Accept(mailbox, is_local=False) if isinstance(found, str) else refusal(found)


def refusal(route: Fail | Defer) -> Refuse:
    match route:
        case Fail(text, enhanced):
            return _refuse(550, text, enhanced)
        case Defer(why, enhanced, said):
            text = said or "Temporary local problem, please try later"
            return Refuse(Reply(451, text, enhanced), why)


def _refuse(code: int, text: str, enhanced: str) -> Refuse:
    return Refuse(Reply(code, text, enhanced), text)


def _is_ours(domain: str, local: Address | None, settings: Settings, explain: Explain) -> bool:
    names = _in_full(settings.routing.local_domains, settings.hostname)
    if _is_listed(domain, names, "local_domains", explain):
        return True
    return local is not None and literal_address(domain) == local


@cache  # likewise
def _in_full(domains: tuple[str, ...], hostname: str) -> tuple[str, ...]:
    return tuple(hostname if name == "@" else name for name in domains)


def _is_virtual(domain: str, settings: Settings, explain: Explain) -> bool:
    names = settings.routing.virtual_domains
    if names and _is_listed(domain, names, "virtual_domains", explain):
        return True
    name = srs_domain(settings.routing)  # nobody else is there
    return bool(name) and _is_listed(domain, (name,), "srs_domain", explain)


def _is_relayed_to(domain: str, settings: Settings, explain: Explain) -> bool:
    names = settings.routing.relay_to_domains
    return _is_listed(domain, names, "relay_to_domains", explain)


def _is_listed(domain: str, names: tuple[str, ...], option: str, explain: Explain) -> bool:
    number = _numbered(names).get(key_of_domain(domain))
    if explain is not nobody_asks:
        item = () if number is None else (number,)
        explain(Decision(option, f"{domain}: {'in it' if item else 'not in it'}", item))
    return number is not None


@cache  # of settings, so there are few
def _numbered(names: tuple[str, ...]) -> dict[str, int]:
    """The first place of each domain in the list."""
    return {key_of_domain(name): number for number, name in reversed(tuple(enumerate(names)))}


def is_trusted(caller: Address | None, settings: Settings, explain: Explain = nobody_asks) -> bool:
    """From a network that may relay, or a user of this machine."""
    if caller is None:
        return True
    item: tuple[int, ...] = ()
    for number, network in enumerate(settings.session.relay_from_hosts):
        if caller in _network(network):
            item = (number,)
            break
    if explain is not nobody_asks:
        what = "may send anywhere" if item else "may not send to other hosts"
        explain(Decision("relay_from_hosts", f"[{caller}]: {what}", item))
    return bool(item)


def _of(who: Ours, route: OwnRoute, settings: Settings) -> Decision:
    """Which option has this user, or has him not."""
    mailboxes = settings.routing.local_parts
    name = f"{who.local_part}@{who.domain}" if who.is_virtual else who.local_part
    users = "local_users" if settings.routing.local_users else "local_parts"
    match route:
        case User(account):
            return Decision("local_users", f"{name}: the account {account}")
        case Local(mailbox) if who.is_virtual:
            return Decision("virtual_mailboxes", f"{name}: {route.where} has mailbox {mailbox}")
        case Local(mailbox):
            item = (mailboxes.index(mailbox),) if mailbox in mailboxes else ()
            return Decision("local_parts", f"{name}: a mailbox", item)
        case Expanded(items, _, where, router):
            whom = ", ".join(str(item.target) for item in items[:MOST_SHOWN])
            more = f" and {len(items) - MOST_SHOWN} more" if len(items) > MOST_SHOWN else ""
            return Decision(_OPTIONS[router], f"{name}: {where} leads to {whom}{more}")
        case Discard(where, router):
            return Decision(_OPTIONS[router], f"{name}: {where} says that nobody gets it")
        case Fail(text):
            return Decision("virtual_aliases" if who.is_virtual else users, f"{name}: {text}")
        case Defer(why):
            option = "virtual_aliases" if who.is_virtual else "alias_file"
            is_of_users = why.startswith("user lookup")
            return Decision("local_users" if is_of_users else option, f"{name}: {why}")
