"""Does a condition of a rule hold?  One function for each key of `pymta.config.policy_conditions`.

Each takes the value as the settings have it, once, and gives the question that is asked of the
facts again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_network
from typing import Any

from pymta.config.address_list import EVERYBODY, AddressList
from pymta.config.pattern import parse_pattern
from pymta.config.policy_conditions import LONGEST_TEXT, read_size
from pymta.dataclass import dataclass
from pymta.mail.address import Mailbox, literal_address, parse_mailbox
from pymta.mail.host_list import Answer as InList
from pymta.mail.network_table import NetworkTable
from pymta.policy import in_tables
from pymta.policy.client_conditions import Greylisted, ListedIn, RateAbove
from pymta.policy.facts import Facts, Message
from pymta.policy.lookups import Lookups
from pymta.policy.mail_domain import Standing
from pymta.policy.rule import Condition, Cost, Fit, Unknown
from pymta.policy.stage import Stage
from pymta.tables.address_tables import OpenTable, no_table

Question = Callable[[Facts, Lookups], Fit]
MOST_TEXTS = 16  # fields of one name that a pattern meets


@dataclass(frozen=True, slots=True)
class Setup:
    """What conditions are made with: our own name, the rule's, and the items of files by path.

    `table` opens one that a setting names.
    """

    ourselves: str = ""
    lists: Mapping[str, list[str]] | None = None
    rule: str = ""
    table: OpenTable = no_table

    def items(self, value: Iterable[str]) -> list[str]:
        """With those of files in place of their paths."""
        lists = self.lists or {}
        return [item for text in value for item in lists.get(text, [text])]


def compile_condition(key: str, value: Any, setup: Setup) -> Condition:
    make, cost = _MAKERS[key]
    return Condition(key, make(value, setup), cost)


def _hosts(value: list[str], _: Setup) -> Question:
    hosts = tuple(value)

    def ask(_: Facts, lookups: Lookups) -> Fit:
        match lookups.is_in(hosts):
            case InList.UNKNOWN:
                return Unknown("the name of the client")
            case answer:
                return answer is InList.YES

    return ask


def _networks(value: list[str], setup: Setup) -> Question:
    table = NetworkTable((ip_network(text, strict=False), True) for text in setup.items(value))
    return _of(lambda f: f.call.address is not None and bool(table.find(f.call.address)))


def _in_tables(keys: in_tables.KeysOf) -> Callable[[list[str], Setup], Question]:
    return lambda value, setup: in_tables.InTables(keys, map(setup.table, value))


def _roles(value: list[str], _: Setup) -> Question:
    return _of(lambda f: f.call.role in value)


def _host_verified(value: bool, _: Setup) -> Question:
    def ask(facts: Facts, lookups: Lookups) -> Fit:
        if facts.call.address is None:
            return value  # the kernel knows who it is
        names = lookups.names()
        return Unknown("the name of the client") if names is None else bool(names) is value

    return ask


def _helo(value: list[str], setup: Setup) -> Question:
    names = AddressList(setup.items(value), setup.ourselves)
    return _of(lambda f: names.holds_name(f.call.helo))


def _certified(value: list[str], setup: Setup) -> Question:
    """A host is not meant where a mailbox is named, nor the other way round."""
    items = setup.items(value)
    named = (item for item in items if "@" in item or item.strip("! ") == EVERYBODY)
    people = AddressList(named, setup.ourselves)
    hosts = AddressList((item for item in items if "@" not in item), setup.ourselves)

    def holds(name: str) -> bool:
        mailbox = parse_mailbox(name)
        if isinstance(mailbox, Mailbox) and mailbox.domain:
            return people.holds(mailbox)
        return hosts.holds_name(name)

    return _of(lambda f: any(map(holds, f.call.certified)))


def _helo_verified(value: bool, _: Setup) -> Question:
    def ask(facts: Facts, lookups: Lookups) -> Fit:
        call = facts.call
        if call.address is None:
            return value
        literal = literal_address(call.helo)
        if literal is not None:
            return (literal == call.address) is value
        addresses = lookups.addresses(call.helo.removesuffix("."))
        if addresses is None:
            return Unknown("the name of HELO")
        return (call.address in addresses) is value

    return ask


def _accounts(value: list[str], _: Setup) -> Question:
    def holds(facts: Facts) -> bool:
        account = facts.call.account
        if not account:
            return False
        for item in value:
            if item.removeprefix("!") in ("*", account):
                return not item.startswith("!")
        return value[-1].startswith("!")

    return _of(holds)


def _senders(value: list[str], setup: Setup) -> Question:
    senders = AddressList(setup.items(value), setup.ourselves)
    return _of(lambda f: f.sender is not None and senders.holds(f.sender.mailbox))


def _sender_verified(value: bool, _: Setup) -> Question:
    def ask(facts: Facts, lookups: Lookups) -> Fit:
        mailbox = facts.sender.mailbox if facts.sender else None
        if mailbox is None or literal_address(mailbox.domain) is not None:
            return value  # a host that is named by its address need not be asked about
        return _is(lookups.standing_of(mailbox), value, mailbox.domain)

    return ask


def _recipients(value: list[str], setup: Setup) -> Question:
    recipients = AddressList(setup.items(value), setup.ourselves)
    return _of(lambda f: f.recipient is not None and recipients.holds(f.recipient.mailbox))


def _recipient_verified(value: bool, _: Setup) -> Question:
    def ask(facts: Facts, lookups: Lookups) -> Fit:
        if facts.recipient is None or facts.recipient.is_local:
            return value
        domain = facts.recipient.domain
        if literal_address(domain) is not None:
            return value
        return _is(lookups.standing(domain), value, domain)

    return ask


def _is(standing: Standing, value: bool, domain: str) -> Fit:
    if standing is Standing.UNKNOWN:
        return Unknown(f"the mail hosts of {domain}")
    return (standing is Standing.YES) is value


def _size_above(value: object, _: Setup) -> Question:
    limit = read_size(value)

    def holds(facts: Facts) -> bool:
        if facts.message:
            return facts.message.size > limit
        return facts.sender is not None and facts.sender.size > limit

    return _of(holds)


def _recipients_above(value: int, _: Setup) -> Question:
    def holds(facts: Facts) -> bool:
        count = facts.recipient.number if facts.recipient else len(facts.recipients)
        return count > value

    return _of(holds)


def _header(value: dict[str, str], _: Setup) -> Question:
    wanted = [(name, parse_pattern(text, LONGEST_TEXT)) for name, text in value.items()]

    def holds(message: Message) -> bool:
        return all(
            any(pattern.search(text[:LONGEST_TEXT]) for text in message.texts(name)[:MOST_TEXTS])
            for name, pattern in wanted
        )

    return _of_message(holds)


def _header_missing(value: list[str], _: Setup) -> Question:
    return _of_message(lambda m: not m.is_header_cut and any(not m.texts(name) for name in value))


def _header_repeated(value: list[str], _: Setup) -> Question:
    return _of_message(lambda m: any(len(m.texts(name)) > 1 for name in value))


def _header_fields_above(value: int, _: Setup) -> Question:
    return _of_message(lambda m: len(m.header) > value or m.is_header_cut)


def _of(holds: Callable[[Facts], bool]) -> Question:
    """A question to the facts alone."""
    return lambda facts, _: holds(facts)


def _of_message(holds: Callable[[Message], bool]) -> Question:
    return lambda facts, _: facts.message is not None and holds(facts.message)


def _flag(read: Callable[[Facts], bool]) -> Callable[[bool, Setup], Question]:
    return lambda value, _: lambda facts, _: read(facts) is value


_MAKERS: Mapping[str, tuple[Callable[[Any, Setup], Question], Cost]] = {
    "hosts": (_hosts, Cost.NAMES),
    "networks": (_networks, Cost.FACTS),
    "client_in": (_in_tables(in_tables.client), Cost.NAMES),
    "sender_in": (_in_tables(in_tables.sender), Cost.NAMES),
    "recipient_in": (_in_tables(in_tables.recipient), Cost.NAMES),
    "roles": (_roles, Cost.FACTS),
    "host_verified": (_host_verified, Cost.NAMES),
    "trusted": (_flag(lambda f: f.call.is_trusted), Cost.FACTS),
    "tls": (_flag(lambda f: bool(f.call.tls)), Cost.FACTS),
    "connections_above": (
        lambda value, _: _of(lambda f: f.call.connections > value),
        Cost.FACTS,
    ),
    "messages_above": (
        lambda value, _: _of(lambda f: f.call.mails + (f.stage is Stage.MAIL) > value),
        Cost.FACTS,
    ),
    "all_recipients_above": (
        lambda value, _: _of(lambda f: f.call.recipients + (f.stage is Stage.RCPT) > value),
        Cost.FACTS,
    ),
    "helo": (_helo, Cost.FACTS),
    "certified": (_certified, Cost.FACTS),
    "helo_verified": (_helo_verified, Cost.NAMES),
    "authenticated": (_flag(lambda f: bool(f.call.account)), Cost.FACTS),
    "accounts": (_accounts, Cost.FACTS),
    "senders": (_senders, Cost.FACTS),
    "sender_verified": (_sender_verified, Cost.NAMES),
    "size_above": (_size_above, Cost.FACTS),
    "recipients": (_recipients, Cost.FACTS),
    "recipient_verified": (_recipient_verified, Cost.NAMES),
    "local": (_flag(lambda f: f.recipient is not None and f.recipient.is_local), Cost.FACTS),
    "recipients_above": (_recipients_above, Cost.FACTS),
    "header": (_header, Cost.FACTS),
    "header_missing": (_header_missing, Cost.FACTS),
    "header_repeated": (_header_repeated, Cost.FACTS),
    "header_fields_above": (_header_fields_above, Cost.FACTS),
    "listed": (lambda value, _: ListedIn(value), Cost.LISTS),
    "rate_above": (lambda value, setup: RateAbove(value, setup.rule), Cost.MEMORY),
    "greylisted": (lambda value, _: Greylisted(value), Cost.MEMORY),
    "reasons": (lambda value, _: _of(lambda f: f.reason in value), Cost.FACTS),
}
