"""What may follow what in one connection, seen from the server (RFC 5321 s4.1.4).

The table says where a command leads *when it was answered with success*; a refused one changes
nothing.  What is not in the table is out of order: 503 with the words of `misplaced`.
"""

from __future__ import annotations

from enum import Enum, auto

from pymta.smtp.command import Verb


class State(Enum):
    START = auto()  # greeted by us, not yet by the client
    READY = auto()  # no transaction
    MAIL = auto()  # a sender is given
    RCPT = auto()  # and at least one recipient accepted
    CHUNKS = auto()  # and a part of the message, but not its last
    BODY = auto()  # 354 is said: octets are the message, no commands
    LOGIN = auto()  # 334 is said: lines are answers to it, no commands
    CLOSED = auto()  # QUIT answered

    __hash__ = object.__hash__  # as they compare; that of Enum is a function in Python


_ANYWHERE = {
    Verb.EHLO: State.READY,
    Verb.HELO: State.READY,
    Verb.QUIT: State.CLOSED,
    Verb.STARTTLS: State.START,  # RFC 3207 s4.2; whether it was offered is asked elsewhere
}


def _staying(state: State) -> dict[Verb, State]:
    """What changes nothing."""
    return dict.fromkeys((Verb.NOOP, Verb.VRFY, Verb.EXPN, Verb.HELP), state)


TABLE: dict[State, dict[Verb, State]] = {
    State.START: {
        **_ANYWHERE,
        **_staying(State.START),
        Verb.RSET: State.START,
        Verb.XCLIENT: State.START,
    },
    State.READY: {
        **_ANYWHERE,
        **_staying(State.READY),
        Verb.RSET: State.READY,
        Verb.MAIL: State.MAIL,
        Verb.ETRN: State.READY,  # RFC 1985 s5: not within a transaction
        Verb.AUTH: State.LOGIN,  # once; where its first reply is the last one, nothing changes
        Verb.XCLIENT: State.START,  # nor this
    },
    State.MAIL: {
        **_ANYWHERE,
        **_staying(State.MAIL),
        Verb.RSET: State.READY,
        Verb.RCPT: State.RCPT,
    },
    State.RCPT: {
        **_ANYWHERE,
        **_staying(State.RCPT),
        Verb.RSET: State.READY,
        Verb.RCPT: State.RCPT,
        Verb.DATA: State.BODY,
        Verb.BDAT: State.CHUNKS,
    },
    State.CHUNKS: {
        **_ANYWHERE,
        **_staying(State.CHUNKS),
        Verb.RSET: State.READY,
        Verb.BDAT: State.CHUNKS,
    },
    State.BODY: {},
    State.LOGIN: {},
    State.CLOSED: {},
}

# Sender and recipients are forgotten with these (RFC 5321 s4.1.1.5, s4.1.4), and after a message.
RESETS = frozenset({Verb.EHLO, Verb.HELO, Verb.RSET})


def misplaced(state: State, verb: Verb) -> str:
    """The text of the 503."""
    match verb:
        case Verb.MAIL if state is State.START:
            return "HELO or EHLO required"  # N-25
        case Verb.MAIL:
            return "sender already given"
        case Verb.XCLIENT:
            return "mail transaction in progress"
        case Verb.AUTH if state is State.START:
            return "EHLO required"
        case Verb.AUTH if state is State.READY:
            return "already authenticated"
        case Verb.AUTH:
            return "AUTH is not permitted in a mail transaction"  # RFC 4954 s4
        case _ if state is State.CHUNKS:
            return "the message has begun with BDAT"
        case Verb.RCPT:
            return "sender not yet given"
        case Verb.DATA | Verb.BDAT:
            return f"valid RCPT command must precede {verb.name}"
        case _:
            return "bad sequence of commands"
