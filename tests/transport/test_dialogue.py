"""One message to one host over a real socket; the host follows a script."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from ipaddress import ip_address

import pytest

from pymta.config.transport import Transport
from pymta.journal.event import Event
from pymta.mail.host import Host
from pymta.report.failure import Failure, parse_failure
from pymta.smtp.client_words import Taken
from pymta.spool.store import SpoolError
from pymta.transport.caller import Caller
from pymta.transport.classify import (
    CLOSED,
    Delivered,
    Later,
    Never,
    Outcome,
    from_result,
    is_about_host,
    may_have_it,
)
from pymta.transport.connect import connect
from pymta.transport.dialogue import HELD
from pymta.transport.parcel import Parcel
from pymta.transport.remote import Heard
from pymta.transport.wire import Wire
from tests.doubles.smtp_host import CLOSE, FRIENDLY, SILENCE, Script, SmtpHost

ID = "1wIcRd-000000012Tz-1abc"
TIMES = Transport(connect_timeout=5, command_timeout=5, data_timeout=5, final_timeout=5)
HASTY = Transport(connect_timeout=5, command_timeout=1, data_timeout=1, final_timeout=1)
BODY = b"Subject: dots\r\n\r\n.one\r\n..two\r\n"


def parcel(*recipients: str, blocks: Sequence[bytes] = (BODY,), is_mine: bool = True) -> Parcel:
    return Parcel(
        id=ID,
        sender="s@example.net",
        recipients=recipients or ("r@example.org",),
        on_top=b"Received: by us\r\n",
        size=17 + sum(map(len, blocks)),
        eight_bit=False,
        blocks=lambda: iter(blocks),
        is_mine=lambda: is_mine,
    )


def where(host: SmtpHost) -> Host:
    return Host("mx.example.org", ip_address(host.address), host.port)


def talk(host: SmtpHost, message: Parcel, times: Transport = TIMES) -> Heard:
    with closing(Caller(times, "we.example.net", tell=nobody)) as caller:
        heard = caller.talk(where(host), message)
    assert isinstance(heard, Heard)
    return heard


def nobody(event: Event) -> None:
    raise AssertionError(event)


def outcomes(host: SmtpHost, heard: Heard) -> tuple[Outcome, ...]:
    return tuple(from_result(r, where(host), heard.number, heard.error) for r in heard.results)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_friendly_host_gets_the_message_as_it_is(family: int) -> None:
    with SmtpHost(family=family) as host:
        heard = talk(host, parcel("a@example.org", "b@example.org"))
        assert outcomes(host, heard) == (Delivered(where(host), "250 2.0.0 queued as 42"),) * 2
    assert host.messages() == [b"Received: by us\r\n" + BODY]
    assert host.sessions[0].commands == [
        "EHLO we.example.net",
        "MAIL FROM:<s@example.net> SIZE=47",
        "RCPT TO:<a@example.org>",
        "RCPT TO:<b@example.org>",
        "DATA",
        "QUIT",
    ]


def test_one_recipient_may_be_taken_while_others_are_not() -> None:
    answers = [b"250 ok\r\n", b"450 4.2.0 later\r\n", b"550 5.1.1 never\r\n"]
    with SmtpHost({"RCPT": answers}) as host:
        found = outcomes(host, talk(host, parcel("a@x.example", "b@x.example", "c@x.example")))
    error = "SMTP error from remote mail server after"
    assert isinstance(found[0], Delivered)
    assert found[1] == Later(
        -44,
        why=f"{error} RCPT TO:<b@x.example>: 450 4.2.0 later",
        host=where(host),
        cause="rcpt_450",
    )
    assert found[2] == Never(
        f"{error} RCPT TO:<c@x.example>: 550 5.1.1 never", "5.1.1", where(host)
    )


@pytest.mark.parametrize(
    ("script", "kind", "text"),
    [
        pytest.param(
            {"GREETING": b"421 full\r\n"},
            Later,
            "after initial connection: 421 full",
            id="421-greeting",
        ),
        pytest.param(
            {"GREETING": b"554 no\r\n"},
            Later,
            "after initial connection: 554 no",
            id="554-greeting",
        ),
        pytest.param({"GREETING": b"hello\r\n"}, Later, "not an SMTP reply", id="rubbish"),
        pytest.param({"GREETING": b"2" * 9000}, Later, "reply line too long", id="endless-line"),
        pytest.param({"EHLO": b"250-mx\r\n" * 400}, Later, "reply too long", id="endless-reply"),
        pytest.param(
            {"EHLO": b"500 what\r\n", "HELO": b"502 what\r\n"}, Later, "HELO", id="no-helo"
        ),
        pytest.param({"MAIL": b"452 full\r\n"}, Later, "452 full", id="452-mail"),
        pytest.param({"MAIL": b"550 5.7.1 no\r\n"}, Never, "550 5.7.1 no", id="550-mail"),
        pytest.param({"DATA": b"451 busy\r\n"}, Later, "after DATA: 451 busy", id="451-data"),
        pytest.param({"DATA": b"554 no\r\n"}, Never, "after DATA: 554 no", id="554-data"),
        pytest.param({"FINAL": b"451 busy\r\n"}, Later, "end of data: 451 busy", id="451-final"),
        pytest.param({"FINAL": b"554 spam\r\n"}, Never, "end of data: 554 spam", id="554-final"),
        pytest.param(
            {"DATA": b"354 go\r\n250 2.0.0 taken already\r\n"},
            Later,
            "unexpected reply: 250 2.0.0 taken already",
            id="250-before-the-message",
        ),
        pytest.param(
            {"RCPT": b"250 ok\r\n250 ok\r\n250 ok\r\n"},
            Later,
            "",
            id="too-many-replies",
        ),
    ],
)
def test_what_a_host_says_is_judged_by_what_it_is_about(
    script: Script, kind: type[Outcome], text: str
) -> None:
    with SmtpHost(script) as host:
        (found,) = outcomes(host, talk(host, parcel()))
    assert isinstance(found, kind)
    assert isinstance(found, Later | Never)
    assert text in (found.text if isinstance(found, Later) else found.why)


STAGES = ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "BODY", "FINAL"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_host_that_hangs_up_never_makes_mail_bounce(stage: str) -> None:
    with SmtpHost({stage: CLOSE}) as host:
        heard = talk(host, parcel())
    (found,) = outcomes(host, heard)
    assert isinstance(found, Later)
    assert found.number in {CLOSED, errno.ECONNRESET, errno.EPIPE}
    assert is_about_host(heard.results[0]) == (stage in {"GREETING", "EHLO"})


@pytest.mark.parametrize("stage", ["GREETING", "EHLO", "RCPT", "FINAL"])
def test_a_silent_host_costs_no_more_than_the_timeout(stage: str) -> None:
    with SmtpHost({stage: SILENCE}) as host:
        heard = talk(host, parcel(), HASTY)
    (found,) = outcomes(host, heard)
    assert isinstance(found, Later)
    assert (found.number, found.error) == (errno.ETIMEDOUT, "Connection timed out")
    assert may_have_it(heard.results[0]) == (stage == "FINAL")


def test_a_host_that_stops_reading_in_the_message_costs_no_more_than_the_timeout() -> None:
    big = [b"x" * 70 + b"\r\n"] * 1000
    with SmtpHost({"BODY": SILENCE}) as host:
        heard = talk(host, parcel(blocks=[b"".join(big)] * 200), HASTY)
    (found,) = outcomes(host, heard)
    assert isinstance(found, Later)
    assert found.number == errno.ETIMEDOUT
    assert not may_have_it(heard.results[0])


def test_the_last_words_of_a_host_that_hangs_up_in_the_message_are_heard() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = Host("mx", ip_address("127.0.0.1"), listener.getsockname()[1])
        ours = connect(host, 5)
        theirs, _ = listener.accept()
    with ours, theirs:
        theirs.sendall(b"552 5.3.4 too big\r\n")
        theirs.shutdown(socket.SHUT_WR)
        ours.setblocking(False)
        wire = Wire(ours, lambda: 0.0, 10.0)
        assert wire.read(5) == b"552 5.3.4 too big\r\n"
        assert wire.read(5) == b""


def test_a_claim_that_was_lost_sends_no_final_dot() -> None:
    with SmtpHost() as host:
        (found,) = outcomes(host, talk(host, parcel(is_mine=False)))
        assert isinstance(found, Later)
        assert "taken over" in found.text
    assert host.messages() == []


def test_a_message_that_cannot_be_read_to_its_end_is_not_sent() -> None:
    def damaged() -> Iterator[bytes]:
        yield BODY
        raise SpoolError(errno.EIO, "cannot read message")

    with SmtpHost() as host:
        (found,) = outcomes(host, talk(host, replace(parcel(), blocks=damaged)))
        assert isinstance(found, Later)
        assert found.number == errno.EIO
    assert host.messages() == []


def test_a_small_message_goes_out_in_one_write_with_its_dot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[bytes] = []
    write = Wire.write

    def watch(wire: Wire, data: bytes, patience: float) -> None:
        written.append(data)
        write(wire, data, patience)

    monkeypatch.setattr(Wire, "write", watch)
    with SmtpHost() as host:
        talk(host, parcel(blocks=[b"first\r\n", b"second\r\n"]))

    assert written[-1].endswith(b"first\r\nsecond\r\n.\r\n")


def test_where_a_part_of_the_message_could_not_be_written_no_more_of_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the error says, and if it has no number."""
    write = Wire.write

    def refuse_first(wire: Wire, data: bytes, patience: float) -> None:
        if data.endswith(b"first\r\n"):
            raise OSError("a library is out of order")
        write(wire, data, patience)

    monkeypatch.setattr(Wire, "write", refuse_first)
    with SmtpHost() as host:
        first = b"line\r\n" * (HELD // 6) + b"first\r\n"
        (found,) = outcomes(host, talk(host, parcel(blocks=[first, b"second\r\n"])))
        assert isinstance(found, Later)
        assert found.error == "a library is out of order"
    assert host.messages() == []


def test_a_host_of_our_own_name_is_passed_over() -> None:
    ours = b"250-WE.example.net hello\r\n250 PIPELINING\r\n"
    with SmtpHost({"EHLO": ours}) as host:
        heard = talk(host, parcel())
    (found,) = outcomes(host, heard)
    assert isinstance(found, Later)
    assert "loops back to myself" in found.text
    assert is_about_host(heard.results[0])
    assert host.messages() == []


def test_an_old_server_without_ehlo_is_spoken_to_as_of_old() -> None:
    with SmtpHost({"EHLO": b"502 what\r\n"}) as host:
        (found,) = outcomes(host, talk(host, parcel()))
    assert isinstance(found, Delivered)
    assert host.sessions[0].commands[1:3] == ["HELO we.example.net", "MAIL FROM:<s@example.net>"]


SEVEN_BIT: Script = {"EHLO": b"250-mx.example.org\r\n250-PIPELINING\r\n250 SIZE 0\r\n"}
EIGHT_BIT = "MIME-Version: 1.0\r\n\r\nTschüß, und bis zum nächsten Mal!\r\n".encode()


def test_eight_bit_mail_is_converted_for_a_host_that_does_not_take_it() -> None:
    """RFC 6152 s3; the size is that of what is sent (RFC 1870)"""
    with SmtpHost(SEVEN_BIT) as host:
        message = replace(parcel(blocks=[EIGHT_BIT]), eight_bit=True)
        heard = talk(host, message)
    (found,) = outcomes(host, heard)
    assert isinstance(found, Delivered)
    assert heard.connection
    assert heard.connection.converted == "7bit"
    (sent,) = host.messages()
    assert sent == (
        b"Received: by us\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n"
        b"\r\nTsch=C3=BC=C3=9F, und bis zum n=C3=A4chsten Mal!\r\n"
    )
    assert host.sessions[0].commands[1] == f"MAIL FROM:<s@example.net> SIZE={len(sent)}"


def test_what_cannot_be_converted_is_not_sent_and_the_next_message_is() -> None:
    with SmtpHost(SEVEN_BIT) as host, closing(Caller(TIMES, "we", tell=nobody)) as caller:
        heard = caller.talk(where(host), replace(parcel(blocks=[b"\r\n\xe4"]), eight_bit=True))
        assert isinstance(heard, Heard)
        bad = caller.talk(where(host), replace(parcel(blocks=[b"X: \xe4\r\n"]), eight_bit=True))
        assert isinstance(bad, Heard)
        (found,) = outcomes(host, bad)
        assert isinstance(found, Never)
        assert (found.enhanced, found.why) == (
            "5.6.3",
            "header has 8-bit data, which the remote host does not take",
        )
        after = caller.talk(where(host), parcel())
        assert isinstance(after, Heard)
        assert isinstance(after.results[0], Taken)
    assert len(host.messages()) == 2
    assert len(host.sessions) == 1


def test_nor_is_anything_where_nothing_is_to_be_converted() -> None:
    times = replace(TIMES, mime_output_conversion=False)
    with SmtpHost(SEVEN_BIT) as host:
        message = replace(parcel(blocks=[EIGHT_BIT]), eight_bit=True)
        (found,) = outcomes(host, talk(host, message, times))
    assert isinstance(found, Never)
    assert found.enhanced == "5.6.3"
    assert found.why == "message has 8-bit data, which the remote host does not take"
    failure = Failure(found.enhanced, found.why, str(found.host))
    assert failure.reply == ""  # the host said nothing of the kind
    assert parse_failure(str(failure)) == failure


def test_a_message_that_cannot_be_read_to_be_converted_waits() -> None:
    def blocks() -> Iterator[bytes]:
        yield b"\r\n\xe4"
        raise SpoolError(errno.EIO, "Input/output error")

    with SmtpHost(SEVEN_BIT) as host:
        message = replace(parcel(), eight_bit=True, blocks=blocks)
        (found,) = outcomes(host, talk(host, message))
    assert isinstance(found, Later)
    assert found.error == "Input/output error"
    assert host.messages() == []


def test_a_session_has_a_budget_that_slow_replies_cannot_stretch() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        now = [0.0]
        wire = Wire(ours, lambda: now[0], 10.0)
        theirs.sendall(b"2")
        assert wire.read(300) == b"2"
        now[0] = 10.0
        theirs.sendall(b"5")
        with pytest.raises(TimeoutError):
            wire.read(300)


# Connecting.


def test_a_closed_port_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    host = Host("mx.example.org", ip_address("127.0.0.1"), port)
    found = Caller(TIMES, "we", tell=nobody).talk(host, parcel())
    assert found == Later(errno.ECONNREFUSED, "Connection refused", host=host, cause="refused")


def test_a_full_listener_costs_no_more_than_the_timeout() -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as listener,
        contextlib.ExitStack() as connected,
    ):
        host = Host("mx", ip_address("127.0.0.1"), listener.getsockname()[1])

        def fill() -> None:
            for _ in range(10):
                connected.enter_context(connect(host, 0.2))

        with pytest.raises(TimeoutError) as caught:
            fill()
    assert caught.value.errno == errno.ETIMEDOUT


def test_the_friendly_script_has_every_stage() -> None:
    assert set(FRIENDLY) >= {s for s in STAGES if s != "BODY"}
