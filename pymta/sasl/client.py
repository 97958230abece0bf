"""Logins of ours at another server: SCRAM-SHA-256 and -PLUS, PLAIN, LOGIN, and EXTERNAL.

Of what the server offers the best is taken, and where both could bind the login to the TLS channel
it says so: somebody between, who took -PLUS out of the offers, is found out (RFC 5802 s6).  A
server that takes a login by SCRAM must show that it knows the password, too.

Octets here are plain, as in `pymta.sasl.exchange`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable

from pymta.sasl.prepare import saslprep
from pymta.sasl.scram import NAME, NAME_PLUS
from pymta.sasl.scram_message import BINDING

EXTERNAL = "EXTERNAL"
USUAL = (NAME_PLUS, NAME, "PLAIN", "LOGIN")  # EXTERNAL needs a certificate: only where it is named
FEWEST, MOST = 4096, 2_000_000  # iterations (RFC 7677 s4); more would keep us busy for its sake
_SERVER_FIRST = re.compile(rb"r=([!-+\--~]+),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]{0,9})(?:,.*)?")


class ClientLogin:
    """As `pymta.smtp.client_hello.Login` wants it.

    `nonce` is printable, without comma, and never used before.  `binding` gives the channel's
    tls-server-end-point, b"" where there is none; it is asked when the login begins.
    """

    def __init__(
        self,
        name: str,
        password: str,
        *,
        nonce: bytes,
        binding: Callable[[], bytes],
        mechanisms: tuple[str, ...] = (),
        may_go_in_clear: bool = False,
    ) -> None:
        self._name = name
        self._password = password
        self._nonce = nonce
        self._binding = binding
        self._mechanisms = mechanisms or USUAL
        self._may_go_in_clear = may_go_in_clear
        self._mechanism = ""
        self._header = b""  # GS2 and channel binding, of SCRAM
        self._bare = b""
        self._signature = b""  # what the server has to say
        self._said = 0
        self._is_proved = False

    def begin(self, offered: tuple[str, ...], *, is_secure: bool) -> tuple[str, bytes | None] | str:
        if not is_secure and not self._may_go_in_clear:
            return "no login is sent over a connection that is not encrypted"
        if not offered:
            return "a login is set up for the host, but it offers none"
        found = [name for name in self._mechanisms if name in offered and self._can(name)]
        if not found:
            return f"the host offers no login that we may use, but {' '.join(offered)}"
        self._mechanism = found[0]
        match self._mechanism:
            case "PLAIN":
                return "PLAIN", f"\0{self._name}\0{self._password}".encode()
            case "LOGIN":
                return "LOGIN", None
            case "EXTERNAL":
                return EXTERNAL, b""
        return self._mechanism, self._first(NAME_PLUS in offered)

    def answer(self, challenge: bytes) -> bytes | None:
        self._said += 1
        match self._mechanism, self._said:
            case "LOGIN", 1:
                return self._name.encode()
            case "LOGIN", 2:
                return self._password.encode()
            case (("PLAIN" | "EXTERNAL"), _):
                return None
            case _, 1:
                return self._final(challenge)
            case _, 2:
                self._is_proved = hmac.compare_digest(challenge, self._signature)
                return b"" if self._is_proved else None
        return None

    def doubt(self) -> str:
        if self._mechanism in {NAME, NAME_PLUS} and not self._is_proved:
            return "the host did not prove that it knows the password"
        return ""

    def _can(self, mechanism: str) -> bool:
        return mechanism != NAME_PLUS or bool(self._binding())

    def _first(self, is_plus_offered: bool) -> bytes:
        """RFC 5802 s5.1, s6: "y" says that we could bind, and take it that the server cannot."""
        binding = self._binding()
        if self._mechanism == NAME_PLUS:
            flag, data = b"p=" + BINDING, binding
        else:
            could = bool(binding) and NAME_PLUS in self._mechanisms and not is_plus_offered
            flag, data = (b"y" if could else b"n"), b""
        gs2 = flag + b",,"
        self._header = gs2 + data
        name = _prepared(self._name).replace("=", "=3D").replace(",", "=2C")
        self._bare = b"n=%s,r=%s" % (name.encode(), self._nonce)
        return gs2 + self._bare

    def _final(self, first: bytes) -> bytes | None:
        """What proves that we know the password; None: no first message that may be answered."""
        match = _SERVER_FIRST.fullmatch(first)
        if not match or not match[1].startswith(self._nonce) or match[1] == self._nonce:
            return None
        if not FEWEST <= int(match[3]) <= MOST:
            return None
        try:
            salt = b64decode(match[2], validate=True)
        except Base64Error:
            return None
        password = _prepared(self._password).encode()
        salted = hashlib.pbkdf2_hmac("sha256", password, salt, int(match[3]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        bound = b"c=%s,r=%s" % (b64encode(self._header), match[1])
        signed = b",".join((self._bare, first, bound))
        mask = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, mask, strict=True))
        server = hmac.digest(salted, b"Server Key", "sha256")
        self._signature = b"v=" + b64encode(hmac.digest(server, signed, "sha256"))
        return bound + b",p=" + b64encode(proof)


def _prepared(text: str) -> str:
    """As it is, where it has what may not stand there: the server may have taken it so."""
    try:
        return saslprep(text)
    except ValueError:
        return text
