"""Lists in the DNS, as settings name them, with what a listing weighs.

"bl.example.org" = 5                       any listing
"bl.example.org=127.0.0.2,127.0.0.4-11" = 3     these answers only
"wl.example.org" = -5                      a list of good ones
"""

from __future__ import annotations

from ipaddress import IPv4Address

from pymta.config.addresses import is_host_name
from pymta.dataclass import dataclass

HEAVIEST = 1000
_MOST_ZONE = 150  # characters; the name of an IPv6 address in front is 64
MOST_LISTS = 32
_WANTED = 'want a list such as "bl.example.org" or "bl.example.org=127.0.0.2,127.0.0.4-11"'


@dataclass(frozen=True, slots=True)
class Codes:
    """Answers from `first` to `last`; RFC 5782 s2.1 has them in 127.0.0.0/8."""

    first: IPv4Address
    last: IPv4Address

    def __contains__(self, answer: IPv4Address) -> bool:
        return self.first <= answer <= self.last


@dataclass(frozen=True, slots=True)
class BlockList:
    """Without `codes` each answer counts."""

    zone: str
    weight: int
    codes: tuple[Codes, ...] = ()


def parse_block_lists(value: object) -> tuple[BlockList, ...]:
    """Raises ValueError with the words for the operator."""
    if not isinstance(value, dict) or not value:
        raise ValueError('want a table of lists and weights, such as { "bl.example.org" = 1 }')
    if len(value) > MOST_LISTS:
        raise ValueError(f"want at most {MOST_LISTS} lists: each is asked about each client")
    return tuple(_parse(str(name), weight) for name, weight in value.items())


def _parse(text: str, weight: object) -> BlockList:
    zone, has_codes, codes = text.partition("=")
    if not is_host_name(zone) or "." not in zone or len(zone) > _MOST_ZONE:
        raise ValueError(f'{_WANTED}, not "{text}"')
    if type(weight) is not int or not 1 <= abs(weight) <= HEAVIEST:
        wanted = f"want a weight from 1 to {HEAVIEST}, or as negative for good clients"
        raise ValueError(f'{wanted}, for "{text}"')
    ranges = tuple(_parse_codes(part, text) for part in codes.split(",")) if has_codes else ()
    return BlockList(zone.lower(), weight, ranges)


def _parse_codes(part: str, text: str) -> Codes:
    """``127.0.0.4`` or ``127.0.0.4-11``."""
    first, is_range, last = part.strip().partition("-")
    front = first.rpartition(".")[0]
    try:
        codes = Codes(IPv4Address(first), IPv4Address(f"{front}.{last}" if is_range else first))
    except ValueError:
        raise ValueError(f'{_WANTED}, not "{text}"') from None
    if not str(codes.first).startswith("127.") or codes.first > codes.last:
        raise ValueError(f'{_WANTED}, not "{text}"')
    return codes


OF = ("address", "name", "helo", "sender_domain")
_LISTED = ("lists", "score", "of")


@dataclass(frozen=True, slots=True)
class Listed:
    """Is what `of` says in these lists, with a weight of at least `score` together?"""

    lists: tuple[BlockList, ...]
    score: int = 1
    of: str = "address"


def parse_listed(value: object) -> Listed:
    """A list of names, of which one is enough, or a table with weights.

    Raises ValueError with the words for the operator.
    """
    if isinstance(value, list):
        return Listed(parse_block_lists({str(name): 1 for name in value}))
    if not isinstance(value, dict):
        raise ValueError(  # noqa: TRY004 (one kind of refusal)
            'want lists such as ["bl.example.org"], or with weights'
            ' { lists = { "bl.example.org" = 2, "b.example" = 1 }, score = 2 }'
        )
    if unknown := sorted(value.keys() - set(_LISTED)):
        raise ValueError(f"want {', '.join(_LISTED)}, not {unknown[0]}")
    lists = value.get("lists")
    if isinstance(lists, list):
        lists = {str(name): 1 for name in lists}
    score, of = value.get("score", 1), value.get("of", "address")
    if type(score) is not int or not 1 <= score <= MOST_LISTS * HEAVIEST:
        raise ValueError("want a score that is a whole number from 1")
    if of not in OF:
        raise ValueError(f"want for of one of {', '.join(OF)}")
    parsed = parse_block_lists(lists)
    most = sum(one.weight for one in parsed if one.weight > 0)
    if score > most:
        raise ValueError(f"want a score that these lists can reach: together they weigh {most}")
    return Listed(parsed, score, str(of))
