"""What is fuzzed: each target takes any octets and raises only when a promise is broken.

A target is a function of one argument, so that the kept corpus (`test_corpus`) and atheris
(`run`) call the same one.  What is checked is more than "nothing crashes": the same octets mean
the same however they were cut, an address reads back to itself, a session answers in whole
replies and stores exactly what it said 250 to.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import replace

from pymta.channel.pair import make_pair
from pymta.journal.line import message
from pymta.mail.address import BadPath, Mailbox, parse_mailbox, parse_path
from pymta.mail.caller import Endpoint, plain_address
from pymta.mail.envelope import Recipient
from pymta.mail.header import HeaderScanner
from pymta.mail.reply import Reply
from pymta.mail.sizes import HEADER
from pymta.resolver.reverse import Hosts
from pymta.session.conversation import Conversation
from pymta.session.stream import Stream
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.smtp.command import Command
from pymta.smtp.extensions import Offer
from pymta.smtp.notifications import envid_parameter, recipient_parameters
from pymta.smtp.parameters import (
    MailParameters,
    parse_mail_parameters,
    parse_rcpt_parameters,
)
from pymta.smtp.replies import Garbled, ReplyReader
from pymta.smtp.server import BodyPart, Event, LoginLine, Server
from tests.doubles.house import DATE, usual_settings
from tests.doubles.log import MemoryLog
from tests.doubles.logins import accounts
from tests.doubles.memory_dns import MemoryDns
from tests.doubles.memory_spool import MemorySpool
from tests.fuzz.login_target import login
from tests.fuzz.mime_target import downgrade
from tests.fuzz.proxy_target import proxy

LARGEST = 16_384  # octets of one input: all answers to it fit into the buffer of a socket
_REPLY_LINE = re.compile(rb"[2-5][0-9][0-9][ -][ -~]*\r\n")
_STORED = re.compile(rb"^250 (?:2\.0\.0 )?OK id=", re.MULTILINE)
_OPEN = {
    "auth_without_tls_hosts": ("*",),
    "auth_failure_delay": 0,
    "auth_senders": {"*": ["*"]},
    "hosts_xclient": ("127.0.0.1",),
}
# Control characters, ends of lines, halves of characters.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_EVERYTHING = Offer(smtputf8=True, dsn=True, requiretls=True)
_CALLERS = ("192.0.2.7", "127.0.0.1")  # a stranger, and one who may send anywhere


def server(data: bytes) -> None:
    """The first octet says how the rest is cut."""
    step, rest = (data[0] or 1, data[1:]) if data else (1, b"")
    assert _events(rest, step) == _events(rest, len(rest) or 1)


def _events(data: bytes, step: int) -> list[object]:
    machine, events, body = Server(), list[object](), b""
    for n in range(0, len(data), step):
        machine.receive(data[n : n + step])
        while (event := machine.next_event()) is not None:
            body = _note(event, body, events)
            if isinstance(event, Command):
                machine.succeeded(event.verb)
            if isinstance(event, LoginLine):
                machine.end_login(is_good=event.line == b"")
    return [*events, body, machine.state]


def _note(event: Event, body: bytes, events: list[object]) -> bytes:
    """Parts of one message are joined: where they end hangs on the cuts."""
    if not isinstance(event, BodyPart):
        events.append(event)
        return body
    if not event.is_last:
        return body + event.data
    events.append(replace(event, data=body + event.data))
    return b""


def replies(data: bytes) -> None:
    """What another server says, in one piece and octet by octet."""
    assert _replies(data, 1) == _replies(data, len(data) or 1)


def _replies(data: bytes, step: int) -> list[Reply | Garbled]:
    reader, said = ReplyReader(), list[Reply | Garbled]()
    for n in range(0, len(data), step):
        reader.receive(data[n : n + step])
        while (reply := reader.next_reply()) is not None:
            said.append(reply)
            if isinstance(reply, Garbled):
                return said
    return said


def address(data: bytes) -> None:
    """A path, and what follows it; what is accepted reads back to itself."""
    path = parse_path(data)
    if isinstance(path, BadPath):
        assert path.why.isprintable()
        return
    parse_mail_parameters(path.rest)
    if path.mailbox is not None and path.mailbox.domain:
        text = str(path.mailbox)
        assert not _UNSAFE.search(text)
        assert text.encode().decode() == text
        old = path.mailbox.for_old_servers
        assert old is None or parse_mailbox(str(old)) == old
        again = parse_mailbox(text)
        assert isinstance(again, Mailbox)
        assert again == path.mailbox


def parameters(data: bytes) -> None:
    """Of MAIL and of RCPT; what is read, and said to the next host, reads back to itself."""
    mail = parse_mail_parameters(data, _EVERYTHING)
    if not isinstance(mail, Reply):
        said = envid_parameter(mail.envid).encode()
        assert parse_mail_parameters(said, _EVERYTHING) == MailParameters(envid=mail.envid)
    for smtputf8 in (False, True):
        rcpt = parse_rcpt_parameters(data, _EVERYTHING, smtputf8=smtputf8)
        if not isinstance(rcpt, Reply):
            words = recipient_parameters(Recipient("", rcpt.notify, rcpt.orcpt))
            assert words.isascii()
            assert parse_rcpt_parameters(words.encode(), _EVERYTHING) == rcpt


def header(data: bytes) -> None:
    """A scanner knows the same of a header in one piece as octet by octet, and keeps little."""
    whole, cut = HeaderScanner(), HeaderScanner()
    whole.feed(data)
    for n in range(len(data)):
        cut.feed(data[n : n + 1])
    whole.finish()
    cut.finish()
    assert _known(whole) == _known(cut)
    assert whole.size <= max(HEADER, len(data))


def _known(scanner: HeaderScanner) -> tuple[object, ...]:
    found = scanner.size, scanner.received, scanner.message_id, scanner.subject
    return *found, scanner.tls_optional


def session(data: bytes) -> None:
    """A whole session: the first octet says who calls, the rest is what he says before he goes."""
    who, said = (data[0], data[1:LARGEST]) if data else (0, b"")
    spool, log = MemorySpool(), MemoryLog()
    heard = _talk(_CALLERS[who % len(_CALLERS)], said, spool, log)
    lines = heard.splitlines(keepends=True)
    assert all(_REPLY_LINE.fullmatch(line) for line in lines), lines
    assert not spool.open
    assert len(spool.messages) == len(_STORED.findall(heard))
    for event in log.events:
        assert not _UNSAFE.search(message(event)), event
    if who % len(_CALLERS) == 0:  # from a stranger nothing is taken that others might read as two
        for kept in (one for one in spool.messages.values() if not one.envelope.is_binary):
            assert b"\n" not in kept.body.replace(b"\r\n", b"")
            assert b"\r" not in kept.body.replace(b"\r\n", b"")


def _talk(caller: str, said: bytes, spool: MemorySpool, log: MemoryLog) -> bytes:
    """All that the server said; the client had said everything before the server listened."""
    ours, theirs = socket.socketpair()
    (supervisor, channel), (alarm, bell) = make_pair(), socket.socketpair()
    ends = Endpoint(plain_address(caller), 40112), Endpoint(plain_address("198.51.100.1"), 25)
    world = World(
        spool=spool,
        tell=log.write,
        dns=MemoryDns(),
        back_end=accounts(),
        hosts=lambda: Hosts(""),
        is_ours=lambda _: False,
        ask_ident=lambda *_: "",
        now=lambda: 1.7e9,
        date=lambda _: DATE,
    )
    conversation = Conversation(
        Visit(usual_settings(**_OPEN), *ends, id="x1"),
        _Lasting(theirs, channel, bell),
        world,
    )
    with ours, theirs, alarm, bell:
        ours.sendall(said)
        ours.shutdown(socket.SHUT_WR)
        try:
            conversation.run()
        finally:
            conversation.part()
            theirs.close()
            supervisor.close()
            channel.close()
        return b"".join(iter(lambda: ours.recv(65_536), b""))


class _Lasting(Stream):
    """All is said before anything is read; that is no reason to store nothing (RFC 1047)."""

    def has_gone(self) -> bool:
        return False


TARGETS: dict[str, Callable[[bytes], None]] = {
    "server": server,
    "replies": replies,
    "address": address,
    "parameters": parameters,
    "header": header,
    "session": session,
    "login": login,
    "proxy": proxy,
    "downgrade": downgrade,
}
