"""What somebody who watches sees of a session (DB-01): the dialogue, and the envelope of a message.

Nothing of the message itself, and of a client that proves who it is not what it proves it with.

Touches: processes.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from pymta.journal.debug import Debug
from pymta.mail.reply import Reply
from pymta.session.visit import Visit
from pymta.smtp.command import BadSyntax, Command, Unknown
from pymta.smtp.server import Misplaced

RECEIVE = "receive"


class Watch:
    """`debug` None: nobody does.  `quote` makes of a command line what may be shown of it."""

    def __init__(self, debug: Debug | None, visit: Visit, quote: Callable[[bytes], str]) -> None:
        self._debug = debug
        self._visit = visit
        self._quote = quote

    def ready(self) -> None:
        """For a message, the first or another one."""
        if self._debug:
            self._say(self._debug, f"Process {os.getpid()} is ready for new message")

    def heard(self, event: Command | Unknown | BadSyntax | Misplaced) -> None:
        if self._debug:
            line = event.command.line if isinstance(event, Misplaced) else event.line
            self._say(self._debug, f"SMTP<< {self._quote(line)}", RECEIVE)

    def said(self, reply: Reply) -> None:
        if self._debug:
            for line in reply.encode(with_enhanced=self._visit.is_extended).splitlines():
                self._say(self._debug, f"SMTP>> {line.decode('ascii')}", RECEIVE)

    def accepted(self, id: str) -> None:
        if self._debug:
            transaction = self._visit.transaction
            names = (recipient.address for recipient in transaction.recipients.values())
            lines = (
                f"Sender: {transaction.sender}",
                "Recipients:",
                *(f"  {name}" for name in names),
            )
            for line in lines:
                self._say(self._debug, line, RECEIVE, QUEUE_ID=id)

    def _say(self, debug: Debug, text: str, category: str = "", **fields: str) -> None:
        debug(text, category, **self._visit.origin.fields, **fields)
