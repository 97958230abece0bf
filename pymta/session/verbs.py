"""Commands to the modules that answer them: those that ask nothing but one question.

DATA, BDAT, STARTTLS, AUTH and XCLIENT, which change how the conversation goes on, are its own
affair.

Touches: disk.
"""

from __future__ import annotations

from pymta.session import etrn, hello, mail_from, rcpt_to, small, vrfy
from pymta.session.answer import Answer
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.smtp.command import Command, Verb


def answer(visit: Visit, command: Command, world: World) -> Answer:
    match command.verb:
        case Verb.EHLO | Verb.HELO:
            return hello.answer(visit, command, world.back_end)
        case Verb.MAIL:
            return mail_from.answer(visit, command, world)
        case Verb.RCPT:
            return rcpt_to.answer(visit, command, world)
        case Verb.RSET:
            return small.RSET
        case Verb.NOOP:
            return small.NOOP
        case Verb.VRFY:
            return vrfy.answer(visit, command, world)
        case Verb.EXPN:
            return small.EXPN
        case Verb.HELP:
            return small.HELP
        case Verb.ETRN:
            return etrn.answer(visit, command, world)
        case Verb.QUIT:
            return small.quit_answer(visit)
        case Verb.DATA | Verb.BDAT | Verb.STARTTLS | Verb.AUTH | Verb.XCLIENT:
            raise AssertionError(f"{command.verb.name} is answered by the conversation")
