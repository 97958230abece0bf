"""The server's protocol machine: every state with every verb, and any sequence against a model."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.reply import Reply
from pymta.smtp.command import BadSyntax, Command, Unknown, Verb, parse_command
from pymta.smtp.parameters import MailParameters, parse_mail_parameters
from pymta.smtp.server import BodyPart, Event, LoginLine, Misplaced, Server
from pymta.smtp.states import TABLE, State

LINES = {
    Verb.EHLO: b"EHLO c.example\r\n",
    Verb.HELO: b"HELO c.example\r\n",
    Verb.MAIL: b"MAIL FROM:<a@b.example>\r\n",
    Verb.RCPT: b"RCPT TO:<a@b.example>\r\n",
    Verb.DATA: b"DATA\r\n",
    Verb.BDAT: b"BDAT 3\r\nx\r\n",
    Verb.RSET: b"RSET\r\n",
    Verb.NOOP: b"NOOP\r\n",
    Verb.VRFY: b"VRFY a\r\n",
    Verb.EXPN: b"EXPN a\r\n",
    Verb.HELP: b"HELP\r\n",
    Verb.ETRN: b"ETRN c.example\r\n",
    Verb.STARTTLS: b"STARTTLS\r\n",
    Verb.AUTH: b"AUTH PLAIN\r\n",
    Verb.XCLIENT: b"XCLIENT ADDR=192.0.2.7\r\n",
    Verb.QUIT: b"QUIT\r\n",
}
WAY_TO = {
    State.START: (),
    State.READY: (Verb.EHLO,),
    State.MAIL: (Verb.EHLO, Verb.MAIL),
    State.RCPT: (Verb.EHLO, Verb.MAIL, Verb.RCPT),
    State.CHUNKS: (Verb.EHLO, Verb.MAIL, Verb.RCPT, Verb.BDAT),
    State.BODY: (Verb.EHLO, Verb.MAIL, Verb.RCPT, Verb.DATA),
    State.LOGIN: (Verb.EHLO, Verb.AUTH),
    State.CLOSED: (Verb.QUIT,),
}
# Written out a second time, by hand: the rows of states.TABLE in letters.
#   E(hlo) H(elo) M(ail) R(cpt) D(ata) B(dat) S=RSET N(oop) V(rfy)
#   X=EXPN P=HELP A=ETRN T=STARTTLS L=AUTH C=XCLIENT Q(uit)
ALLOWED = {
    State.START: "EHSNVXPTCQ",
    State.READY: "EHMSNVXPATLCQ",
    State.MAIL: "EHRSNVXPTQ",
    State.RCPT: "EHRDBSNVXPTQ",
    State.CHUNKS: "EHBSNVXPTQ",
    State.BODY: "",
    State.LOGIN: "",
    State.CLOSED: "",
}
LETTER = dict(zip(Verb, "EHMRDBSNVXPATLCQ", strict=True))


def server_in(state: State) -> Server:
    server = Server()
    for verb in WAY_TO[state]:
        server.receive(LINES[verb])
        assert isinstance(server.next_event(), Command)
        server.succeeded(verb)
        if verb is Verb.BDAT:
            assert server.next_event() == BodyPart(b"x\r\n", False, False, False, ends_chunk=True)
    assert server.state is state
    return server


@pytest.mark.parametrize(("state", "verb"), list(product(State, Verb)))
def test_every_state_knows_every_verb(state: State, verb: Verb) -> None:
    server = server_in(state)
    server.receive(LINES[verb])
    event = server.next_event()

    assert (verb in TABLE[state]) == (LETTER[verb] in ALLOWED[state])
    if state is State.BODY:
        assert event == BodyPart(LINES[verb][:-2], False, False, False)
    elif state is State.LOGIN:
        assert event == LoginLine(LINES[verb].partition(b"\r\n")[0])
    elif state is State.CLOSED:
        assert event is None
    elif LETTER[verb] in ALLOWED[state]:
        assert isinstance(event, Command)
    else:
        assert isinstance(event, Misplaced)
        assert server.state is state


def drive(data: bytes, step: int) -> tuple[list[Event], State]:
    """Say yes to everything; parts of one body are joined, since they come as the cuts are."""
    server, events, body = Server(), [], b""
    for n in range(0, len(data), step):
        server.receive(data[n : n + step])
        while (event := server.next_event()) is not None:
            if isinstance(event, Command):
                server.succeeded(event.verb)
            if isinstance(event, LoginLine):
                server.end_login(is_good=True)
            if isinstance(event, BodyPart):
                body += event.data
                if not event.is_last:
                    continue
                event, body = BodyPart(body, True, event.has_bare_newline, False), b""
            events.append(event)
    return events, server.state


SESSION = (
    b"EHLO c.example\r\nMAIL FROM:<a@b.example> SIZE=3\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"
    b"..dot\r\n.\r\nNOOP\r\nNO\0OP\r\nFOO\r\nRCPT TO:<x@y.example>\r\nQUIT\r\nNOOP\r\n"
)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_a_session_is_the_same_in_every_cut(step: int) -> None:
    events, state = drive(SESSION, step)

    kinds = [event.verb.name if isinstance(event, Command) else type(event) for event in events]
    assert kinds == [
        *"EHLO MAIL RCPT DATA".split(),
        BodyPart,
        "NOOP",
        BadSyntax,
        Unknown,
        Misplaced,
        "QUIT",
    ]
    assert events[4] == BodyPart(b".dot\r\n", True, False, False)
    assert state is State.CLOSED


def test_what_follows_a_message_is_pending() -> None:
    server = server_in(State.BODY)
    server.receive(b"a\r\n.\r\nNO")

    assert server.next_event() == BodyPart(b"a\r\n", True, False, False)
    assert server.has_pending
    assert server.next_event() is None


@given(st.lists(st.sampled_from(list(Verb)), max_size=25), st.integers(1, 40))
def test_any_sequence_agrees_with_a_small_model(verbs: list[Verb], step: int) -> None:
    """354 never comes without MAIL and RCPT; RSET, EHLO and STARTTLS forget; QUIT is the end.

    A login is for once, and between messages.
    """
    data, expected = b"", []
    greeted = mail = rcpt = chunks = logged_in = False
    for verb in verbs:
        ok = {
            Verb.MAIL: greeted and not mail,
            Verb.RCPT: mail and not chunks,
            Verb.DATA: rcpt and not chunks,
            Verb.BDAT: rcpt,
            Verb.ETRN: greeted and not mail,
            Verb.AUTH: greeted and not mail and not logged_in,
            Verb.XCLIENT: not mail,
        }.get(verb, True)
        more = {Verb.DATA: b"x\r\n.\r\n", Verb.AUTH: b"AGEAYg==\r\n"}
        data += LINES[verb] + (more.get(verb, b"") if ok else b"")
        logged_in |= ok and verb is Verb.AUTH
        expected.append((verb, ok))
        if verb is Verb.QUIT:
            break
        if ok and verb in (Verb.EHLO, Verb.HELO, Verb.STARTTLS, Verb.XCLIENT):
            greeted = verb in (Verb.EHLO, Verb.HELO)
            logged_in &= verb is not Verb.XCLIENT
        if verb in (Verb.EHLO, Verb.HELO, Verb.RSET, Verb.STARTTLS) or (ok and verb is Verb.DATA):
            mail = rcpt = chunks = False
        mail = mail or (ok and verb is Verb.MAIL)
        chunks = chunks or (ok and verb is Verb.BDAT)
        rcpt = rcpt or (ok and verb is Verb.RCPT)

    events, _ = drive(data, step)

    seen = [
        (event.command.verb, False) if isinstance(event, Misplaced) else (event.verb, True)
        for event in events
        if isinstance(event, Misplaced | Command)
    ]
    assert seen == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"noop", Command(Verb.NOOP, b"", b"noop")),
        (b"NoOp  x  ", Command(Verb.NOOP, b"x", b"NoOp  x  ")),
        (b"mail from:<a@b> X", Command(Verb.MAIL, b"<a@b> X", b"mail from:<a@b> X")),
        (b"", Unknown(b"")),
        (b" NOOP", Unknown(b" NOOP")),
        (b"NOOP\rx", Unknown(b"NOOP\rx")),
        (b"DATA now", BadSyntax("DATA takes no argument", b"DATA now", Verb.DATA)),
    ],
)
def test_lines_to_commands(line: bytes, expected: Event) -> None:
    assert parse_command(line) == expected


@pytest.mark.parametrize(
    "line", [b"MAIL", b"MAIL FROM", b"MAIL FROM:", b"MAIL <a@b>", b"RCPT FROM:<a@b>", b"RCPT to:"]
)
def test_mail_and_rcpt_need_an_address(line: bytes) -> None:
    event = parse_command(line)

    assert isinstance(event, BadSyntax)
    assert event.why.endswith("must have an address operand")


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        (b"", MailParameters()),
        (b" size=7 BODY=8bitmime", MailParameters(7, "8BITMIME")),
        (b" BODY=7BIT ", MailParameters(body="7BIT")),
        (b" SIZE=", 501),
        (b" SIZE=-1", 501),
        (b" SIZE=1_0", 501),
        (b" SIZE=\xd9\xa1", 501),
        (b" SIZE=" + b"9" * 21, 501),
        (b" BODY=BINARYMIME", 501),
        (b" SIZE=1 SIZE=2", 501),
        (b"SIZE=1", 501),
        (b" SMTPUTF8", 555),
        (b" AUTH=<>", 555),
    ],
)
def test_parameters_of_mail(rest: bytes, expected: MailParameters | int) -> None:
    found = parse_mail_parameters(rest)

    assert (found.code if isinstance(found, Reply) else found) == expected
