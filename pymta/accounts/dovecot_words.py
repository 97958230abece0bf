"""What a mail server and Dovecot's auth process say to each other (its auth protocol, 1.2).

Lines of words with tabs between; numbers tell several logins apart, of which we have one at a time
on a connection.

    Dovecot   VERSION 1 2   MECH PLAIN plaintext   …   DONE
    we        VERSION 1 2   CPID NUMBER
    we        AUTH 1 PLAIN service=smtp …  resp=BASE64
    Dovecot   CONT 1 BASE64        and we: CONT 1 BASE64
    Dovecot   OK 1 user=NAME       FAIL 1 user=NAME temp
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable

from pymta.dataclass import dataclass
from pymta.sasl.exchange import Link

MAJOR = 1
ID = "1"
# What would need more of us than we tell, or what nobody should offer.
_NEVER = re.compile(r"ANONYMOUS|EXTERNAL|.*-PLUS")
_NAME = re.compile(r"[A-Z0-9_-]{1,20}")  # RFC 4422 s3.1
_ESCAPES = {"0": "\0", "1": "\x01", "t": "\t", "r": "\r", "n": "\n"}
_ESCAPED = re.compile("\x01(.)", re.DOTALL)
_TO_ESCAPE = re.compile("[\0\x01\t\r\n]")


class GarbledError(Exception):
    """What came is no answer of Dovecot's; the argument says why."""


@dataclass(frozen=True, slots=True)
class Ok:
    """`data` is what the mechanism says together with success."""

    user: str
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Fail:
    """`why` is what Dovecot lets us know beside the plain no."""

    user: str
    is_temporary: bool
    why: str


@dataclass(frozen=True, slots=True)
class Cont:
    data: bytes


def hello(number: int) -> bytes:
    """`number` is no other client's."""
    return f"VERSION\t{MAJOR}\t2\nCPID\t{number}\n".encode()


def mechanisms(lines: Iterable[bytes]) -> tuple[str, ...]:
    """Those that we can offer, of all the lines before DONE.  Raises GarbledError."""
    found: list[str] = []
    is_greeted = False
    for line in lines:
        match _words(line):
            case ["VERSION", major, *_]:
                if major != str(MAJOR):
                    raise GarbledError(f"it speaks version {major[:10]!r}, and we {MAJOR}")
                is_greeted = True
            case ["MECH", name, *flags]:
                is_fit = _NAME.fullmatch(name) and not _NEVER.fullmatch(name)
                if is_fit and "private" not in flags:
                    found.append(name)
    if not is_greeted:
        raise GarbledError("it does not say which version it speaks")
    return tuple(dict.fromkeys(found))


def auth(mechanism: str, link: Link, response: bytes | None) -> bytes:
    """`response` stands last: Dovecot wants it so."""
    words = ["AUTH", ID, mechanism, f"service={_escaped(link.service)}", "nologin"]
    words.append("final-resp-ok")  # else success looks like one more challenge
    if link.has_tls:
        words.append("secured=tls")
    for letter, end in (("l", link.local), ("r", link.remote)):
        if end:
            words += [f"{letter}ip={end.address}", f"{letter}port={end.port}"]
    if response is not None:
        words.append(f"resp={b64encode(response).decode()}")
    return _line(words)


def cont(response: bytes) -> bytes:
    return _line(["CONT", ID, b64encode(response).decode()])


def answer(line: bytes) -> Ok | Fail | Cont:
    """Raises GarbledError."""
    match _words(line):
        case ["OK", number, *rest] if number == ID and (user := _values(rest).get("user")):
            return Ok(user, _octets(_values(rest).get("resp", "")))
        case ["FAIL", number, *rest] if number == ID:
            values = _values(rest)
            is_temporary = "temp" in values or values.get("code") == "temp_fail"
            told = ("user_disabled", "pass_expired", "authz")
            why = values.get("reason") or next((word for word in told if word in values), "")
            return Fail(values.get("user", ""), is_temporary, why)
        case ["CONT", number, data] if number == ID:
            return Cont(_octets(data))
    raise GarbledError("its answer is none that we know")


def _words(line: bytes) -> list[str]:
    text = line.decode("utf-8", "replace")
    return [_plain(word) for word in text.split("\t")]


def _values(words: Iterable[str]) -> dict[str, str]:
    """``user=alice`` and ``temp`` alike."""
    pairs = (word.partition("=") for word in words)
    return {name: value for name, _, value in pairs}


def _line(words: Iterable[str]) -> bytes:
    return ("\t".join(words) + "\n").encode()


def _octets(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise GarbledError("its challenge is no base64") from None


def _plain(word: str) -> str:
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), word)


def _escaped(text: str) -> str:
    names = {octet: name for name, octet in _ESCAPES.items()}
    return _TO_ESCAPE.sub(lambda found: "\x01" + names[found[0]], text)
