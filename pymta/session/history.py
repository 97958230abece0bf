"""The commands of a session, as far as the log tells them when it came to no mail (N-06)."""

from __future__ import annotations

from collections import deque

from pymta.smtp.command import Verb

MOST = 20  # commands; of more the last ones are shown


class History:
    def __init__(self) -> None:
        self._last: deque[Verb] = deque(maxlen=MOST)
        self._count = 0
        self.has_mail = False  # MAIL was said, whatever was answered

    def heard(self, verb: Verb) -> None:
        self._last.append(verb)
        self._count += 1
        self.has_mail |= verb is Verb.MAIL

    @property
    def text(self) -> str:
        """`` C=EHLO,QUIT``; "" when nothing was said."""
        if not self._count:
            return ""
        more = "..." if self._count > MOST else ""
        return f" C={more}{','.join(verb.name for verb in self._last)}"
