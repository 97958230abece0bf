"""The commands that need nobody else: RSET, NOOP, VRFY, QUIT."""

from __future__ import annotations

from pymta.mail.reply import Reply
from pymta.session.answer import Answer
from pymta.session.visit import Visit

RSET = Answer(Reply(250, "Reset OK", "2.0.0"))
NOOP = Answer(Reply(250, "OK", "2.0.0"))
# RFC 5321 s3.5.3: a server that does not tell who exists says so with 252, never with 550.
VRFY = Answer(Reply(252, "Cannot VRFY user, but will accept message and attempt delivery", "2.5.0"))


def quit_answer(visit: Visit) -> Answer:
    return Answer(Reply(221, f"{visit.host} closing connection", "2.0.0"))
