"""One line of the password file: a name, and what is kept of its password.

    alice@example.org:{SCRAM-SHA-256}100000,SALT,STORED,SERVER
    bob@example.org:{CRYPT}$y$j9T$…$…:{SCRAM-SHA-256}100000,SALT,STORED,SERVER
    carol@example.org:{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$…$…
    dave@example.org:!

The second field is a hash, or a verifier for SCRAM, which any password can be checked against as
well; the third is a verifier beside a hash.  "!" or "*" in front lock an account, as in shadow(5).
Names of schemes are Dovecot's, so that its passwd-file may be this file; what it has in other
fields is not looked at.  Lines that are empty or begin with "#" say nothing.
"""

from __future__ import annotations

import re

from pymta.dataclass import dataclass
from pymta.sasl import verifier
from pymta.sasl.prepare import prepare_name
from pymta.sasl.verifier import Verifier

_SECRET = re.compile(r"\{([A-Za-z0-9-]{1,20})\}(.+)|(\$[A-Za-z0-9-]{1,10}\$.+)")
_ARGON2 = frozenset({"$argon2id$", "$argon2i$"})
# What crypt(5) calls fit for new hashes, with those that were until lately.
_CRYPT = frozenset({"$y$", "$gy$", "$7$", "$2a$", "$2b$", "$2y$", "$6$", "$5$"})
_CRYPT_SCHEMES = frozenset({"CRYPT", "SHA512-CRYPT", "SHA256-CRYPT", "BLF-CRYPT"})
_ARGON2_SCHEMES = frozenset({"ARGON2ID", "ARGON2I"})
_WANTED = "want {SCRAM-SHA-256}, {ARGON2ID} or {CRYPT} with a hash of yescrypt, bcrypt or SHA-512"


@dataclass(frozen=True, slots=True)
class Crypt:
    """A hash of crypt(5)."""

    text: str


@dataclass(frozen=True, slots=True)
class Argon2:
    """A hash in the form of the reference implementation."""

    text: str


Hash = Crypt | Argon2


@dataclass(frozen=True, slots=True)
class Entry:
    """`hash` and `verifier` are None where there is none; both are for a locked account."""

    name: str
    hash: Hash | None = None
    verifier: Verifier | None = None

    @property
    def is_locked(self) -> bool:
        return self.hash is None and self.verifier is None

    @property
    def schemes(self) -> tuple[str, ...]:
        """As people call them."""
        found = [_called(self.hash)] if self.hash else []
        return (*found, verifier.SCHEME) if self.verifier else tuple(found)

    def __str__(self) -> str:
        match self.hash:
            case Crypt(text):
                first = f"{{CRYPT}}{text}"
            case Argon2(text):
                first = f"{{{_called(self.hash).upper()}}}{text}"
            case None:
                return f"{self.name}:{self.verifier or '!'}"
        return f"{self.name}:{first}:{self.verifier}" if self.verifier else f"{self.name}:{first}"


def parse_line(line: str) -> Entry | None:
    """None for a line that says nothing.  Raises ValueError that quotes no secret."""
    if not line.strip() or line.startswith("#"):
        return None
    name, colon, rest = line.partition(":")
    if not colon:
        raise ValueError("want a name, a colon and a hash")
    if prepare_name(name) != name:
        raise ValueError(f'want the name as it is compared: "{prepare_name(name)}"')
    first, _, rest = rest.partition(":")
    second = rest.partition(":")[0]
    if first.startswith(("!", "*")):
        return Entry(name)
    kept = [parse_secret(first)]
    if second.startswith("{"):
        kept.append(parse_secret(second))
    return _entry(name, kept)


def parse_secret(text: str) -> Hash | Verifier:
    """What is kept of a password, with or without the name of its scheme.  Raises ValueError."""
    found = _SECRET.fullmatch(text)
    if not found:
        raise ValueError(_WANTED)
    scheme, rest = (found[1] or "").upper(), found[2] or found[3]
    if scheme == verifier.SCHEME:
        return verifier.parse(rest)
    kind = rest[: rest.find("$", 1) + 1]
    if kind in _CRYPT and (not scheme or scheme in _CRYPT_SCHEMES):
        return Crypt(_checked(rest))
    if kind in _ARGON2 and (not scheme or scheme in _ARGON2_SCHEMES or scheme == "CRYPT"):
        return Argon2(_checked(rest))
    called = f"{{{scheme}}}" if scheme else kind
    raise ValueError(f"{called} is nothing that may be used; {_WANTED}")


def _entry(name: str, kept: list[Hash | Verifier]) -> Entry:
    hashes = [one for one in kept if not isinstance(one, Verifier)]
    verifiers = [one for one in kept if isinstance(one, Verifier)]
    if max(len(hashes), len(verifiers)) > 1:
        raise ValueError("want one hash and one verifier at most")
    return Entry(name, next(iter(hashes), None), next(iter(verifiers), None))


def _checked(text: str) -> str:
    if not (text.isascii() and text.isprintable() and len(text) < 512 and " " not in text):
        raise ValueError("a hash with characters that no hash has")
    return text


def _called(kept: Hash) -> str:
    match kept:
        case Argon2(text):
            return text.split("$")[1]
        case Crypt(text):
            kind = text[: text.find("$", 1) + 1]
    names = {"$y$": "yescrypt", "$gy$": "gost-yescrypt", "$7$": "scrypt", "$6$": "sha512-crypt"}
    return names.get(kind, "sha256-crypt" if kind == "$5$" else "bcrypt")
