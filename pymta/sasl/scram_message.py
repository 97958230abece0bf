"""The messages of SCRAM that a client sends (RFC 5802 s7), read strictly.

Both readers raise ValueError, with words that quote nothing.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error

from pymta.dataclass import dataclass
from pymta.sasl.prepare import decode_name

LONGEST_NONCE = 256  # octets of the client's own part
BINDING = b"tls-server-end-point"
_FLAG = re.compile(rb"n|y|p=([A-Za-z0-9.-]{1,64})")
_NONCE = re.compile(rb"[!-+\--~]+")  # printable, no comma
_EXTENSION = re.compile(rb"[A-Za-z]=[^\0,]+")
_UNESCAPED = re.compile(rb"=(?!2C|3D)")


@dataclass(frozen=True, slots=True)
class First:
    """`header` is the GS2 header as it came, `bare` the rest; both are signed later.

    `binding` is the kind of channel binding that the client uses, "" for none; `would_bind`: it
    could, and takes it that we cannot.  `wanted` is whom it wants to be, "" when it does not say.
    """

    header: bytes
    bare: bytes
    name: str
    nonce: bytes
    binding: bytes
    would_bind: bool
    wanted: str


@dataclass(frozen=True, slots=True)
class Final:
    """`signed` is all of it before the proof."""

    binding: bytes
    nonce: bytes
    proof: bytes
    signed: bytes


def parse_first(message: bytes) -> First:
    parts = message.split(b",", 4)
    if len(parts) < 4:
        raise ValueError("a first message has flag, authorisation, name and nonce")
    flag, wanted, name, nonce, *rest = parts
    kind = _FLAG.fullmatch(flag)
    if not kind:
        raise ValueError("no flag that says how it is bound to the channel")
    if name.startswith(b"m="):
        raise ValueError("an extension that must be understood, and is not")
    extensions = rest[0].split(b",") if rest else []
    if not all(map(_EXTENSION.fullmatch, extensions)):
        raise ValueError("what follows the nonce is no extension")
    if len(own := _nonce(nonce)) > LONGEST_NONCE:
        raise ValueError(f"want a nonce of at most {LONGEST_NONCE} characters")
    header = b"%s,%s," % (flag, wanted)
    return First(
        header,
        message[len(header) :],
        decode_name(_saslname(_value(b"n", name))),
        own,
        kind[1] or b"",
        flag == b"y",
        decode_name(_saslname(_value(b"a", wanted))) if wanted else "",
    )


def parse_final(message: bytes) -> Final:
    signed, comma, proof = message.rpartition(b",")
    parts = signed.split(b",")
    if not comma or len(parts) < 2:
        raise ValueError("a final message has binding, nonce and proof")
    binding, nonce, *extensions = parts
    if not all(map(_EXTENSION.fullmatch, extensions)):
        raise ValueError("what follows the nonce is no extension")
    if any(extension.startswith(b"m=") for extension in extensions):
        raise ValueError("an extension that must be understood, and is not")
    octets = _base64(_value(b"c", binding))
    return Final(octets, _nonce(nonce), _base64(_value(b"p", proof)), signed)


def _value(name: bytes, part: bytes) -> bytes:
    if not part.startswith(name + b"="):
        raise ValueError(f"no {name.decode()}= where it should stand")
    return part[2:]


def _saslname(text: bytes) -> bytes:
    if _UNESCAPED.search(text):
        raise ValueError("a name with an equals sign that stands for nothing")
    return text.replace(b"=2C", b",").replace(b"=3D", b"=")


def _nonce(part: bytes) -> bytes:
    nonce = _value(b"r", part)
    if not _NONCE.fullmatch(nonce):
        raise ValueError("a nonce that is not of printable characters")
    return nonce


def _base64(text: bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except Base64Error:
        raise ValueError("no base64") from None
