"""Logins by saslauthd, which may ask PAM: what a process without rights cannot do itself.

Its mux socket takes four texts, each behind a count of two octets: name, password, service and
realm.  The name goes there as it is, with its domain if it has one that is not in `domains`; a
realm beside it, which PAM does not look at, would make one account out of many names.

    saslauthd -a pam      asks PAM for the service "smtp", as its file in /etc/pam.d says

Touches: sockets.
"""

from __future__ import annotations

import stat
from collections.abc import Collection
from pathlib import Path

from pymta.accounts.inquiry import Inquiry, NoAnswerError
from pymta.accounts.told import Told
from pymta.sasl.exchange import Failure, Fault, Link, Success

_SUBJECT = "saslauthd"  # of trouble
MOST = 256  # octets of a text; whoever sends more is hung up on


class Saslauthd:
    """A `pymta.sasl.plain.PasswordSource`."""

    def __init__(
        self,
        path: str,
        seconds: float,
        told: Told,
        domains: Collection[str] = (),
    ) -> None:
        self._domains = frozenset(domain.lower() for domain in domains)
        self._path = path
        self._seconds = seconds
        self._told = told

    def knows_passwords(self) -> bool:
        """Somebody listens, or did; whether he answers only a question can tell."""
        try:
            return stat.S_ISSOCK(Path(self._path).stat().st_mode)
        except OSError as error:
            self._told.trouble(_SUBJECT, f"saslauthd: {self._path}: {error.strerror}")
            return False

    def check(self, name: str, password: str, link: Link) -> Success | Failure:
        local, _, domain = name.rpartition("@")
        theirs = local if local and domain in self._domains else name
        texts = [text.encode() for text in (theirs, password, link.service, "")]
        if max(map(len, texts)) > MOST:
            return Failure(Fault.REJECTED, f"saslauthd takes no more than {MOST} octets", name)
        try:
            answer = self._ask(b"".join(map(counted, texts)))
        except NoAnswerError as error:
            self._told.trouble(_SUBJECT, f"saslauthd: {error}")
            return Failure(Fault.TEMPORARY, "saslauthd does not answer", name)
        self._told.over(_SUBJECT, "saslauthd answers again")
        if answer[:2] == b"OK":
            return Success(name)
        return Failure(Fault.REJECTED, "wrong name or password", name)

    def _ask(self, question: bytes) -> bytes:
        with Inquiry(self._path, self._seconds) as inquiry:
            inquiry.send(question)
            answer = inquiry.octets(int.from_bytes(inquiry.octets(2)))
        if answer[:2] not in {b"OK", b"NO"}:
            raise NoAnswerError(f"{self._path}: it says neither yes nor no")
        return answer


def counted(text: bytes) -> bytes:
    return len(text).to_bytes(2) + text
