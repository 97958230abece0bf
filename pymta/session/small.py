"""The commands that need nobody else: RSET, NOOP, EXPN, HELP, QUIT."""

from __future__ import annotations

from pymta.mail.reply import Reply
from pymta.session.answer import Answer
from pymta.session.visit import Visit
from pymta.smtp.command import Verb

RSET = Answer(Reply(250, "Reset OK", "2.0.0"))
NOOP = Answer(Reply(250, "OK", "2.0.0"))
# RFC 5321 s4.2.4: known, and nothing here has members that one could tell.
EXPN = Answer(Reply(502, "EXPN is not implemented", "5.3.3"))
HELP = Answer(Reply(214, f"Commands supported:\n{' '.join(verb.name for verb in Verb)}", "2.0.0"))


def quit_answer(visit: Visit) -> Answer:
    return Answer(Reply(221, f"{visit.host} closing connection", "2.0.0"))
