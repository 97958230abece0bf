"""What lists in the DNS say of an address or a domain, added up (RFC 5782).

An answer outside of 127.0.0.0/8 is none: somebody answers every question about a zone that is no
more.  127.255.255.0/24 is how lists say that they do not serve whoever asks.  Neither may turn a
good client away.  A list that did not answer weighs nothing, and is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network

from pymta.config.block_list import BlockList
from pymta.dataclass import dataclass
from pymta.mail.caller import Address
from pymta.resolver.answer import Answer, Failed, Found

_ANSWERS = IPv4Network("127.0.0.0/8")
_ERRORS = IPv4Network("127.255.255.0/24")


@dataclass(frozen=True, slots=True)
class Score:
    """`hits` are the names that were asked about and found, those that weigh most first.

    `silent` are zones that nobody could ask, `useless` those that gave no usable answer.
    """

    total: int = 0
    hits: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    useless: tuple[str, ...] = ()


def address_question(address: Address, zone: str) -> str:
    """The name to ask for (RFC 5782 s2.1, s2.4)."""
    return (
        f"{address.reverse_pointer.removesuffix('.in-addr.arpa').removesuffix('.ip6.arpa')}.{zone}"
    )


def domain_question(domain: str, zone: str) -> str:
    """RFC 5782 s2.2"""
    return f"{domain.lower()}.{zone}"


def score(
    asked: Iterable[tuple[BlockList, str]], answers: Mapping[str, Answer[IPv4Address]]
) -> Score:
    """`asked` are lists, each with the name that it was asked for."""
    hits = list[tuple[int, str]]()
    silent, useless = list[str](), list[str]()
    for one, name in asked:
        match answers.get(name):
            case Failed() | None:
                silent.append(one.zone)
            case Found(records):
                usable = [record for record in records if _is_usable(record)]
                if not usable:
                    useless.append(one.zone)
                elif any(_counts(one, record) for record in usable):
                    hits.append((one.weight, name))
            case _:
                pass
    by_weight = sorted(hits, key=lambda hit: -hit[0])
    return Score(
        sum(weight for weight, _ in hits),
        tuple(name for _, name in by_weight),
        tuple(silent),
        tuple(useless),
    )


def _is_usable(answer: IPv4Address) -> bool:
    return answer in _ANSWERS and answer not in _ERRORS


def _counts(one: BlockList, answer: IPv4Address) -> bool:
    return not one.codes or any(answer in codes for codes in one.codes)
