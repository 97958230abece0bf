"""Retry rules for some, as lines of the form that the classic daemon has for them.

    pattern              cause         schedule

    example.org          *             F,1h,10m; G,2d,1h,2
    *.example.org        refused       F,12h,30m
    user@example.org     quota         F,7d,6h
    192.0.2.0/24         timeout       F,4d,2h
    *                    rcpt_45x      senders=<>  F,1d,1h
    lost.example         *

A pattern is a domain, ``*.`` and a domain for all below it, an address, ``*@`` and a domain, an
IP address or a network, or ``*``.  It stands for recipients, and where a host was asked, for the
name and the address of that host.  The cause is ``*`` or a word of `pymta.mail.trouble`; in a code
an x stands for any digit.  Without a schedule nothing is tried again.  The first line that fits
counts; where none does, the setting `retry`.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from pymta.config.addresses import is_domain_name
from pymta.config.retry_rules import Rule, parse_rules
from pymta.dataclass import dataclass
from pymta.mail.domain import key_of_domain
from pymta.mail.trouble import STAGES, WORDS

ANYTHING = "*"
_CODE = re.compile(rf"(?:{'|'.join(STAGES)})_4(?:[0-9][0-9x]|xx)")
_SENDERS = "senders="
_FORM = (
    'want a pattern, a cause and a schedule, as in "*.example.org rcpt_45x F,2h,15m; G,16h,1h,1.5"'
)
_PATTERN = (
    'want for a pattern "*", a domain, "*.example.org", an address, "*@example.org", an IP address'
    ' or a network, not "{}"'
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a line is for; all "" and None: anything.

    `domain` as `key_of_domain` has it; with `is_below` what ends in it, and not itself.
    `local_part` in small letters, "" for any.
    """

    domain: str = ""
    local_part: str = ""
    is_below: bool = False
    is_address: bool = False  # of mail: there is an @
    network: IPv4Network | IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class RetryLine:
    """`senders`: addresses or domains, "" for the null sender; none: whoever sent it.

    `text` is the line as written, with single blanks.
    """

    pattern: Pattern
    cause: str
    rules: tuple[Rule, ...]
    senders: tuple[str, ...] = ()
    text: str = ""


def parse_line(text: str) -> RetryLine:
    """Read one line.  Raises ValueError that says what is wrong with it."""
    pattern, *rest = text.split() or [""]
    if not rest:
        raise ValueError(_FORM)
    cause, *rest = rest
    senders: tuple[str, ...] = ()
    if rest and rest[0].startswith(_SENDERS):
        senders = tuple(map(_sender, rest.pop(0).removeprefix(_SENDERS).split(",")))
    schedule = [part.strip() for part in "".join(rest).split(";") if part.strip()]
    rules = parse_rules(tuple(schedule)) if schedule else ()
    return RetryLine(_pattern(pattern), _cause(cause), rules, senders, " ".join(text.split()))


def _pattern(text: str) -> Pattern:
    if text == ANYTHING:
        return Pattern()
    local, at, domain = text.rpartition("@")
    if at and is_domain_name(domain) and local:
        local_part = "" if local == ANYTHING else local.lower()
        return Pattern(key_of_domain(domain), local_part, is_address=True)
    if not at:
        try:
            return Pattern(network=ip_network(text.strip("[]"), strict=False))
        except ValueError:
            pass
        bare = text.removeprefix("*.")
        if is_domain_name(bare):
            return Pattern(key_of_domain(bare), is_below=bare != text)
    raise ValueError(_PATTERN.format(text))


def _cause(text: str) -> str:
    if text == ANYTHING or text in WORDS or _CODE.fullmatch(text):
        return text
    raise ValueError(
        f'want for a cause "*", {", ".join(WORDS)}, or a reply such as "rcpt_4xx", "mail_45x" or'
        f' "data_451", not "{text}"'
    )


def _sender(text: str) -> str:
    if text in {"<>", ":"}:  # the second as the classic daemon writes it
        return ""
    if is_domain_name(text.rpartition("@")[2]):
        return text.lower()
    raise ValueError(f'want for senders addresses, domains or "<>", not "{text}"')
