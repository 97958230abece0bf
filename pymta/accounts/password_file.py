"""Logins by the password file: whether a password fits, and verifiers for SCRAM.

The file is looked at for every login, and read again when it is another one than before; so what
`pymta user` has done counts at once, and nothing need be reloaded.

A name that nobody has costs what some account of the file costs, and always the same one; in SCRAM
it has salt and iteration count like it.  So neither time nor text tell who has an account.

Touches: disk, hashes, random numbers.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Callable

from pymta.accounts import hashes
from pymta.accounts.hashes import CannotCheckError
from pymta.accounts.password_line import Entry, Hash
from pymta.accounts.password_text import PasswordText
from pymta.accounts.told import Told
from pymta.config.auth_file import LARGEST, objection
from pymta.config.auth_file import remark as objection_to_rights
from pymta.sasl.exchange import Exchange, Failure, Fault, Link, Success
from pymta.sasl.prepare import spellings
from pymta.sasl.scram import NAME, NAME_PLUS, Scram
from pymta.sasl.verifier import Verifier, fake

WRONG = "wrong name or password"  # said of both, so that the log is no oracle either
_UNREADABLE = "the password file cannot be read"
_NONCE_BYTES = 24
_FILE, _RIGHTS = "password file", "rights of the password file"  # subjects of trouble

Fits = Callable[[bytes, Hash], bool]


class PasswordFile:
    """The file at `path`, as of now.

    `secret` is the host's, for what is made up of a name that nobody has.
    """

    def __init__(self, path: str, secret: bytes, told: Told) -> None:
        self.path = path
        self._secret = secret
        self._told = told
        self._seen: tuple[int, ...] = ()
        self._text: PasswordText | None = None

    def read(self) -> PasswordText | None:
        """None: it cannot be read."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
            try:
                text = self._read(fd)
            finally:
                os.close(fd)
        except OSError as error:
            self._told.trouble(_FILE, f"{self.path} cannot be read: {error.strerror or error}")
            return None
        self._told.over(_FILE, f"{self.path} can be read again")
        return text

    def find(self, text: PasswordText, name: str) -> Entry | None:
        try:
            return text.find(name)
        except ValueError as error:
            self.say_cannot_check(name, str(error))
        return None

    def like(self, text: PasswordText, name: str, *, has_verifier: bool = False) -> Entry:
        """The account that a name which nobody has is made like."""
        digest = hmac.digest(self._secret, b"place\0" + name.encode(), "sha256")
        return text.like(int.from_bytes(digest), has_verifier=has_verifier)

    def fake(self, text: PasswordText, name: str) -> Verifier:
        like = self.like(text, name, has_verifier=True).verifier
        assert like
        return fake(name, self._secret, like)

    def say_cannot_check(self, name: str, why: str) -> None:
        self._told.trouble(f"account {name}", f"{self.path}: {name}: {why}")

    def _read(self, fd: int) -> PasswordText:
        now = os.fstat(fd)
        seen = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
        if self._text is None or seen != self._seen:
            if fault := objection(now):
                raise OSError(0, fault)
            if fault := objection_to_rights(now):
                self._told.remark(_RIGHTS, f"{self.path}: {fault}")
            with os.fdopen(os.dup(fd), "rb") as file:
                self._text = PasswordText(file.read(LARGEST))
            self._seen = seen
        return self._text


class FilePasswords:
    """A `pymta.sasl.plain.PasswordSource`."""

    def __init__(self, file: PasswordFile, fits: Fits = hashes.fits) -> None:
        self._file = file
        self._fits = fits

    def knows_passwords(self) -> bool:
        return self._file.read() is not None

    def check(self, name: str, password: str, link: Link) -> Success | Failure:  # noqa: ARG002
        text = self._file.read()
        if text is None:
            return Failure(Fault.TEMPORARY, _UNREADABLE, name)
        like = self._file.like(text, name)  # also for who needs none
        own = self._file.find(text, name)
        entry = own or like
        try:
            # All of them, also when the first one fits: the work must not tell either.
            fit = [self._is_right(spelling, entry) for spelling in spellings(password)]
        except CannotCheckError as error:
            self._file.say_cannot_check(entry.name, str(error))
            return Failure(Fault.TEMPORARY, str(error), name)
        return Success(name) if own and any(fit) else Failure(Fault.REJECTED, WRONG, name)

    def _is_right(self, password: bytes, entry: Entry) -> bool:
        if entry.hash:
            return self._fits(password, entry.hash)
        assert entry.verifier  # it would be locked
        return entry.verifier.fits(password)


class FileScram:
    """A `BackEnd` for SCRAM, as long as every account of the file has a verifier.

    `may_bind`: -PLUS is offered wherever there is something to bind to.
    """

    def __init__(self, file: PasswordFile, *, may_bind: bool = True) -> None:
        self._file = file
        self._may_bind = may_bind

    def mechanisms(self, link: Link) -> tuple[str, ...]:
        text = self._file.read()
        if text is None or not text.has_verifiers:
            return ()
        return (NAME_PLUS, NAME) if self._binds(link) else (NAME,)

    def begin(self, mechanism: str, link: Link) -> Exchange:
        nonce = secrets.token_urlsafe(_NONCE_BYTES).encode()
        return Scram(mechanism, link, self._find, nonce, offers_plus=self._binds(link))

    def _binds(self, link: Link) -> bool:
        return self._may_bind and bool(link.binding)

    def _find(self, name: str) -> Verifier | Failure:
        text = self._file.read()
        if text is None:
            return Failure(Fault.TEMPORARY, _UNREADABLE, name)
        made_up = self._file.fake(text, name)  # also for who needs none
        own = self._file.find(text, name)
        return own.verifier if own and own.verifier else made_up
