"""What a server keeps of a password for SCRAM-SHA-256: enough to check it, not enough to be it.

Written as Dovecot and others write it: ``{SCRAM-SHA-256}4096,SALT,STOREDKEY,SERVERKEY``, the last
three in base64 (RFC 5803 has the same parts).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode

from pymta.dataclass import dataclass

SCHEME = "SCRAM-SHA-256"
LEAST_ITERATIONS = 4096  # RFC 7677 s4
MOST_ITERATIONS = 10_000_000  # 3 s of a server, and more of a client; whoever wrote more mistook it
SALT_LENGTH = 16
_KEY_LENGTH = hashlib.sha256().digest_size
_LONGEST_SALT = 64
_PARTS = re.compile(r"([1-9][0-9]{0,8}),([A-Za-z0-9+/=]+),([A-Za-z0-9+/=]+),([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class Verifier:
    """RFC 5802 s3: iteration count, salt, StoredKey, ServerKey."""

    iterations: int
    salt: bytes
    stored: bytes
    server: bytes

    def fits(self, password: bytes) -> bool:
        """Is it that of this password?  As much work for a wrong one."""
        other = derive(password, self.salt, self.iterations)
        return hmac.compare_digest(other.stored, self.stored)

    def __str__(self) -> str:
        keys = (b64encode(key).decode() for key in (self.salt, self.stored, self.server))
        return f"{{{SCHEME}}}{self.iterations},{','.join(keys)}"


def derive(password: bytes, salt: bytes, iterations: int) -> Verifier:
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return Verifier(iterations, salt, stored, hmac.digest(salted, b"Server Key", "sha256"))


def parse(text: str) -> Verifier:
    """`text` is what stands behind the name of the scheme.  Raises ValueError."""
    parts = _PARTS.fullmatch(text)
    if not parts:
        raise ValueError("want iteration count, salt, stored key and server key, with commas")
    iterations = int(parts[1])
    if not LEAST_ITERATIONS <= iterations <= MOST_ITERATIONS:
        raise ValueError(f"want from {LEAST_ITERATIONS} to {MOST_ITERATIONS} iterations")
    salt, stored, server = (b64decode(part, validate=True) for part in parts.groups()[1:])
    if not 0 < len(salt) <= _LONGEST_SALT:
        raise ValueError(f"want a salt of at most {_LONGEST_SALT} octets")
    if not len(stored) == len(server) == _KEY_LENGTH:
        raise ValueError(f"want keys of {_KEY_LENGTH} octets")
    return Verifier(iterations, salt, stored, server)


def fake(name: str, secret: bytes, like: Verifier) -> Verifier:
    """What a name that nobody has shows of itself: always the same, and like a real one.

    `secret` is the host's; without it nobody can tell (RFC 5802 s9 has the reason).  Nobody can
    have the password either: the stored key is the hash of no client key that anybody knows.
    """

    def made(what: bytes) -> bytes:
        return hmac.digest(secret, what + b"\0" + name.encode(), "sha256")

    salt = (made(b"salt") + made(b"more salt"))[: len(like.salt)]
    return Verifier(like.iterations, salt, made(b"stored key"), made(b"server key"))
