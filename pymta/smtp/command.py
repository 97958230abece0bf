"""One command line to a command (RFC 5321 s4.1.1).

Octets in, octets out: a verb is compared in ASCII, never through str, whose ideas of case and
of blanks are larger than the protocol's.
"""

from __future__ import annotations

from enum import Enum

from pymta.dataclass import dataclass
from pymta.smtp.chunks import parse_chunk


class Verb(Enum):
    EHLO = b"EHLO"
    HELO = b"HELO"
    MAIL = b"MAIL"
    RCPT = b"RCPT"
    DATA = b"DATA"
    BDAT = b"BDAT"
    RSET = b"RSET"
    NOOP = b"NOOP"
    VRFY = b"VRFY"
    EXPN = b"EXPN"
    HELP = b"HELP"
    ETRN = b"ETRN"
    STARTTLS = b"STARTTLS"
    AUTH = b"AUTH"
    XCLIENT = b"XCLIENT"
    QUIT = b"QUIT"

    __hash__ = object.__hash__  # as they compare; that of Enum is a function in Python


BAD_CHUNK = "BDAT must have a size, and perhaps LAST"
_VERBS = {verb.value: verb for verb in Verb}
_PREFIX = {Verb.MAIL: b"FROM", Verb.RCPT: b"TO"}  # and a colon
_WITHOUT_ARGUMENT = {Verb.DATA, Verb.RSET, Verb.QUIT, Verb.STARTTLS}


@dataclass(frozen=True, slots=True)
class Command:
    """`argument` has no blanks around it; for MAIL and RCPT it begins behind the colon."""

    verb: Verb
    argument: bytes
    line: bytes


@dataclass(frozen=True, slots=True)
class Unknown:
    """No verb of ours, or a line that is too long to hold one (catalogue section 5)."""

    line: bytes


@dataclass(frozen=True, slots=True)
class BadSyntax:
    """A known verb used wrongly, or an octet that may stand in no command: 501 and `why`."""

    why: str
    line: bytes
    verb: Verb | None = None


def parse_command(line: bytes) -> Command | Unknown | BadSyntax:
    word, _, argument = line.rstrip(b" \t").partition(b" ")
    verb = _VERBS.get(word.upper())
    if b"\0" in line:
        return BadSyntax("NUL characters are not allowed in SMTP commands", line, verb)
    if verb is None:
        return Unknown(line)
    argument = argument.lstrip(b" \t")
    if verb in _WITHOUT_ARGUMENT and argument:
        return BadSyntax(f"{verb.name} takes no argument", line, verb)
    if verb is Verb.BDAT and parse_chunk(argument) is None:
        return BadSyntax(BAD_CHUNK, line, verb)
    if verb is Verb.AUTH and not argument:
        return BadSyntax("AUTH must have a mechanism", line, verb)
    if verb in _PREFIX:
        prefix, colon, argument = argument.partition(b":")
        if prefix.upper() != _PREFIX[verb] or not (colon and argument):
            return BadSyntax(f"{verb.name} must have an address operand", line, verb)
    return Command(verb, argument, line)
