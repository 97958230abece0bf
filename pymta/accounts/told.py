"""What an operator was told about logins, by any worker: a trouble is one line, not one a client.

A trouble has a subject, such as Dovecot, or an account that cannot be used.  Each of its lines is
told when it is met first, and every hour as long as somebody meets it; its end is told, too.

All processes that were forked after it was made see the same page of memory.  Two that meet the
same trouble in the same microsecond may both tell it, which is no harm; so there is no lock.

Touches: clock, memory of other processes.
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable
from hashlib import blake2b
from struct import Struct

from pymta.journal.event import Event
from pymta.journal.login_events import remark, trouble

AGAIN = 3600.0  # seconds
_NOTE = Struct("<8s8sd")  # hashes of the subject and of the line, and when it was told
_NOTES = 128  # two may fall together: then a line is told once more


class Told:
    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._page = mmap.mmap(-1, _NOTE.size * _NOTES)

    def trouble(self, subject: str, what: str) -> None:
        """Somebody, or everybody, cannot log in."""
        self._once(subject, trouble(what))

    def remark(self, subject: str, what: str) -> None:
        """What should be mended although logins work."""
        self._once(subject, remark(what))

    def over(self, subject: str, what: str) -> None:
        """`what` is said once, of a trouble that was told."""
        ours, notes = _hash(subject), enumerate(_NOTE.iter_unpack(self._page))
        told = [number for number, (whose, _, _) in notes if whose == ours]
        for number in told:
            _NOTE.pack_into(self._page, number * _NOTE.size, b"", b"", 0.0)
        if told:
            self._tell(remark(what))

    def _once(self, subject: str, event: Event) -> None:
        line, now = _hash(event.text), time.monotonic()
        offset = int.from_bytes(line) % _NOTES * _NOTE.size
        *_, known, when = _NOTE.unpack_from(self._page, offset)
        if known != line or now - when >= AGAIN:
            _NOTE.pack_into(self._page, offset, _hash(subject), line, now)
            self._tell(event)


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest()
