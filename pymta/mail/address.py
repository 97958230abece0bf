"""Mailboxes and paths of MAIL and RCPT (RFC 5321 s4.1.2), read strictly.

Angle brackets are required: without them nobody can say where an address ends and the parameters
begin, and two servers in a row might disagree.  A source route is read and dropped (RFC 5321
appendix C).  Letters beyond ASCII are read as RFC 6531 s3.3 has them; whether they may stand where
the address stood, the caller says.  Every address accepted here is printable, fit for a header line
and reads back to itself.

No pattern here can backtrack: what may follow is always clear from the next octet.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from pymta.dataclass import dataclass
from pymta.mail.caller import Address as IpAddress
from pymta.mail.caller import plain_address
from pymta.mail.domain import in_ascii, key_of_domain
from pymta.mail.letters import is_safe
from pymta.mail.sizes import DOMAIN, LOCAL_PART, PATH

# Said by what ASCII has besides: all beyond it may stand in an atom (RFC 6531 s3.3), and to name
# that range takes milliseconds of each start.
_ATOM = r'[^\x00-\x20"(),.:;<>@\[\\\]\x7f]+'
_DOT_STRING = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED = re.compile(r'"(?:[^\x00-\x1f"\\\x7f]|\\[ -~])*"')
_PAIR = re.compile(r"\\(.)")
_NEEDS_PAIR = re.compile(r'(["\\])')
# The underscore is in no standard, but in real names; every server takes it.
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# Most addresses, read at one go: nothing is quoted, and no length need be looked at.
_USUAL = re.compile(rf"({_DOT_STRING.pattern})@({_DOMAIN.pattern})", re.ASCII)
_LITERAL = re.compile(r"\[([0-9A-Za-z:.]+)\]")
# What SRS has signed is longer by a whole other address (`pymta.mail.srs`).
_SIGNED = re.compile(r"SRS[01][=+-]", re.IGNORECASE)
_ROUTE = re.compile(r"@[A-Za-z0-9._\[\]-]+(?:,@[A-Za-z0-9._\[\]-]+)*:")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`local` has no quotes, even where it needs them when written; `domain` is as written.

    `domain` is "" only for the bare ``<postmaster>`` (RFC 5321 s4.5.1).
    """

    local: str
    domain: str

    def __str__(self) -> str:
        """As it stands between angle brackets."""
        local = self.local
        if not _DOT_STRING.fullmatch(local):
            local = '"' + _NEEDS_PAIR.sub(r"\\\1", local) + '"'
        return f"{local}@{self.domain}" if self.domain else local

    @property
    def key(self) -> tuple[str, str]:
        """Equal for two ways to write one mailbox.  Only the domain ignores case (s2.4)."""
        return self.local, key_of_domain(self.domain)

    @property
    def is_ascii(self) -> bool:
        return self.local.isascii() and self.domain.isascii()

    @property
    def for_old_servers(self) -> Mailbox | None:
        """The same mailbox in ASCII; None where only SMTPUTF8 can name it (RFC 6531 s3.2)."""
        domain = in_ascii(self.domain) if not self.domain.isascii() else self.domain
        return Mailbox(self.local, domain) if self.local.isascii() and domain is not None else None


@dataclass(frozen=True, slots=True)
class Path:
    """What stood in the brackets, None for ``<>``; `rest` is what follows the closing one."""

    mailbox: Mailbox | None
    rest: bytes


@dataclass(frozen=True, slots=True)
class BadPath:
    why: str


def parse_path(argument: bytes) -> Path | BadPath:
    """Read the path at the start of `argument`, the text behind ``FROM:`` or ``TO:``.

    Blanks before it are let pass, because so many clients send one.
    """
    text = argument.lstrip(b" \t")
    if not text.startswith(b"<"):
        return BadPath("address must be in angle brackets")
    end = _closing_bracket(text)
    if end < 0:
        return BadPath("missing closing angle bracket")
    if end + 1 > PATH:
        return BadPath("path too long")
    try:
        inside = text[1:end].decode("utf-8")
    except UnicodeDecodeError:
        return BadPath("address is not UTF-8")
    mailbox = parse_mailbox(_without_route(inside)) if inside else None
    return mailbox if isinstance(mailbox, BadPath) else Path(mailbox, text[end + 1 :])


def parse_mailbox(text: str) -> Mailbox | BadPath:
    """Read ``local@domain``, or ``local`` alone: whether that is allowed, the caller says."""
    if len(text) <= LOCAL_PART and text.isascii() and (usual := _USUAL.fullmatch(text)):
        return Mailbox(*usual.groups())
    match = _QUOTED.match(text) or _DOT_STRING.match(text)
    if match is None:
        return BadPath("malformed local part")
    written, rest = match[0], text[match.end() :]
    most = PATH if _SIGNED.match(written.lstrip('"')) else LOCAL_PART
    if len(written.encode("utf-8", "surrogatepass")) > most:
        return BadPath("local part too long")
    if not is_safe(written):
        return BadPath("local part with characters that do not print")
    local = _PAIR.sub(r"\1", written[1:-1]) if written.startswith('"') else written
    if not local:
        return BadPath("empty local part")
    if not rest:
        return Mailbox(local, "")
    if not rest.startswith("@"):
        return BadPath("malformed local part")
    domain = rest[1:]
    return Mailbox(local, domain) if is_domain(domain) else BadPath("malformed domain")


def is_domain(text: str) -> bool:
    """A domain name or an address literal, in form only."""
    if len(text.encode("utf-8", "surrogatepass")) > DOMAIN:
        return False
    name = in_ascii(text)
    is_name = name is not None and _DOMAIN.fullmatch(name) is not None
    return is_name or literal_address(text) is not None


def literal_address(domain: str) -> IpAddress | None:
    """The address of ``[192.0.2.1]`` or ``[IPv6:2001:db8::1]`` (s4.1.3); None: no such literal."""
    match = _LITERAL.fullmatch(domain)
    if match is None:
        return None
    try:
        if match[1][:5].upper() == "IPV6:":
            return plain_address(str(IPv6Address(match[1][5:])))
        return IPv4Address(match[1])
    except AddressValueError:
        return None


def _closing_bracket(text: bytes) -> int:
    """Where the path ends; a bracket inside a quoted local part does not count."""
    if b'"' not in text:
        return text.find(b">")
    in_quotes = is_escaped = False
    for n, octet in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif in_quotes and octet == 0x5C:
            is_escaped = True
        elif octet == 0x22:
            in_quotes = not in_quotes
        elif octet == 0x3E and not in_quotes:
            return n
    return -1


def _without_route(path: str) -> str:
    match = _ROUTE.match(path) if path.startswith("@") else None
    return path[match.end() :] if match else path
