"""The conditions of policy rules: how each is written, at which stages it may stand, what it means.

A condition is one key of a rule.  Here its value is judged; `pymta.policy.conditions` has a
function of the same key that says whether it holds.  Where a value is a list of which each item
may be wrong, and may be the path of a file with more items, `item` reads one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pymta.config.address_list import parse_address_item, parse_name_item
from pymta.config.block_list import parse_listed
from pymta.config.client_memory import parse_greylist, parse_rate
from pymta.config.pattern import parse_pattern
from pymta.config.policy_tables import parse_address_table, parse_client_table
from pymta.config.units import LARGEST, MOST, parse_network, parse_size
from pymta.dataclass import dataclass
from pymta.mail.host_list import Kind as HostKind
from pymta.mail.host_list import parse_item

# The stages of `pymta.policy.stage`, in the order of a session.
CONNECT, HELO, MAIL, RCPT, DATA, NOTQUIT = "connect", "helo", "mail", "rcpt", "data", "notquit"
STAGES = (CONNECT, HELO, MAIL, RCPT, DATA, NOTQUIT)
EVERYWHERE = frozenset(STAGES)
FROM_HELO = EVERYWHERE - {CONNECT}
FROM_MAIL = frozenset({MAIL, RCPT, DATA})

LONGEST_TEXT = 998  # characters of a header field that a pattern meets
REASONS = (  # N-08
    "acl-drop",
    "bad-commands",
    "bad-command-synprot",
    "command-timeout",
    "connection-lost",
    "data-timeout",
    "signal-exit",
    "synchronization-error",
    "tls-failed",
)
ROLES = ("smtp", "submission", "submissions", "local")
_FIELD_NAME = re.compile(r"[!-9;-~]+")
_ACCOUNT = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True, slots=True)
class Kind:
    """`read` judges the whole value, `item` each text of a list; both raise ValueError.

    `is_file_of_items`: an absolute path in the list stands for the lines of that file.
    """

    meaning: str
    stages: frozenset[str]
    read: Callable[[object], object] | None = None
    item: Callable[[str], object] | None = None
    is_file_of_items: bool = False

    def __post_init__(self) -> None:
        assert (self.read is None) != (self.item is None)


def read_bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("want true or false")


def read_count(value: object) -> int:
    if type(value) is int and 0 <= value <= MOST:
        return value
    raise ValueError(f"want a whole number from 0 to {MOST}")


def read_size(value: object) -> int:
    size = parse_size(value) if isinstance(value, str) else value
    if type(size) is int and 0 <= size <= LARGEST:
        return size
    raise ValueError('want a size such as "500K", "50M" or "1G"')


def read_patterns(value: object) -> dict[str, str]:
    """Names of header fields, each with a regular expression."""
    if not isinstance(value, dict) or not value:
        raise ValueError('want a table such as { Subject = "^buy now" }')
    for name, pattern in value.items():
        try:
            parse_field_name(name)
            parse_pattern(_text(pattern), LONGEST_TEXT)
        except ValueError as error:
            raise ValueError(f'in "{name}": {error}') from None
    return value


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("want a regular expression in quotes")


def parse_field_name(text: str) -> None:
    if not _FIELD_NAME.fullmatch(text):
        raise ValueError('want the name of a header field such as "Message-ID", without the colon')


def _parse_host(text: str) -> None:
    item = parse_item(text)
    if item.kind is HostKind.PATTERN:
        parse_pattern(item.text)


def _parse_account(text: str) -> None:
    if not _ACCOUNT.fullmatch(text.removeprefix("!")):
        raise ValueError('want an account such as "alice", or "*" for everybody who has logged in')


def _one_of(*words: str) -> Callable[[str], None]:
    def parse(text: str) -> None:
        if text not in words:
            raise ValueError(f"want one of {', '.join(words)}")

    return parse


CONDITIONS: Mapping[str, Kind] = {
    "hosts": Kind(
        "the client is in this list of hosts: networks, addresses, names that lead back to it",
        EVERYWHERE,
        item=_parse_host,
    ),
    "networks": Kind(
        "its address is in one of these networks; for long lists, from a file",
        EVERYWHERE,
        item=parse_network,
        is_file_of_items=True,
    ),
    "client_in": Kind(
        'its address is in one of these tables, such as "cidr:/etc/pymta/clients" or "table:hosts";'
        " see TABLES",
        EVERYWHERE,
        item=parse_client_table,
    ),
    "roles": Kind("the socket that it came in by", EVERYWHERE, item=_one_of(*ROLES)),
    "host_verified": Kind(
        "whether its address has a name that leads back to the address", EVERYWHERE, read_bool
    ),
    "trusted": Kind(
        "whether it is in relay_from_hosts, or a user of this machine", EVERYWHERE, read_bool
    ),
    "tls": Kind("whether the connection is encrypted", EVERYWHERE, read_bool),
    "connections_above": Kind("so many connections are open", EVERYWHERE, read_count),
    "messages_above": Kind(
        "the connection has begun more messages, this one included", FROM_MAIL, read_count
    ),
    "all_recipients_above": Kind(
        "all messages of the connection together have more recipients, this one included",
        FROM_MAIL,
        read_count,
    ),
    "helo": Kind(
        'the name that it said; "@" is ours', FROM_HELO, item=parse_name_item, is_file_of_items=True
    ),
    "helo_verified": Kind("whether that name leads to its address", FROM_HELO, read_bool),
    "certified": Kind(
        "a name of a host, or an address, in its certificate, for which somebody in"
        " tls_verify_certificates vouched",
        FROM_HELO,
        item=parse_address_item,
        is_file_of_items=True,
    ),
    "authenticated": Kind("whether it has logged in", FROM_HELO, read_bool),
    "accounts": Kind("the account that it has logged in to", FROM_HELO, item=_parse_account),
    "senders": Kind(
        "the envelope sender", FROM_MAIL, item=parse_address_item, is_file_of_items=True
    ),
    "sender_in": Kind(
        "the envelope sender, or @ and its domain, is in one of these tables, named as alias_file"
        " names its own",
        FROM_MAIL,
        item=parse_address_table,
    ),
    "sender_verified": Kind(
        "whether it could be told of a failure: its domain exists, has a mail host or an address,"
        " and no null MX, or is ours and has that mailbox; the null sender is",
        FROM_MAIL,
        read_bool,
    ),
    "size_above": Kind(
        "the message is larger, at data; until then, SIZE= says so", FROM_MAIL, read_size
    ),
    "recipients": Kind(
        "the recipient", frozenset({RCPT}), item=parse_address_item, is_file_of_items=True
    ),
    "recipient_in": Kind(
        "the recipient, or @ and its domain, is in one of such tables",
        frozenset({RCPT}),
        item=parse_address_table,
    ),
    "recipient_verified": Kind(
        "whether its domain could take mail; one of ours could", frozenset({RCPT}), read_bool
    ),
    "local": Kind("whether the recipient is in a domain of ours", frozenset({RCPT}), read_bool),
    "recipients_above": Kind(
        "the message has more recipients, this one included", frozenset({RCPT, DATA}), read_count
    ),
    "listed": Kind(
        "its address, or another name, is in lists of the DNS whose weights add up to a score;"
        ' written as ["bl.example.org"], or as a table with lists, score and of: address, name,'
        " helo or sender_domain",
        EVERYWHERE,
        parse_listed,
    ),
    "rate_above": Kind(
        "this has come more often, in a time, per address, network, account, helo, sender,"
        " sender_domain, recipient, recipient_domain or everybody; what is refused by it is not"
        ' counted; written as { most = 100, in = "1h", per = "network" }, with ipv4 and ipv6 for'
        " the bits that make a network (24 and 64)",
        EVERYWHERE - {NOTQUIT},
        parse_rate,
    ),
    "greylisted": Kind(
        "its network, the sender and the recipient come together for the first time, or come again"
        " too early; true, or a table with delay, within, kept, known_after, ipv4 and ipv6; never"
        " holds for trusted clients and those who have logged in",
        frozenset({RCPT}),
        parse_greylist,
    ),
    "header": Kind(
        "each of these header fields is there, with text that its regular expression finds",
        frozenset({DATA}),
        read_patterns,
    ),
    "header_missing": Kind(
        "one of these header fields is not there", frozenset({DATA}), item=parse_field_name
    ),
    "header_repeated": Kind(
        "one of these header fields is there more than once",
        frozenset({DATA}),
        item=parse_field_name,
    ),
    "header_fields_above": Kind("the header has more fields", frozenset({DATA}), read_count),
    "reasons": Kind("why the session ends", frozenset({NOTQUIT}), item=_one_of(*REASONS)),
}
