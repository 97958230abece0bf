"""To an LMTP server: a scripted one, and a real Dovecot."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from pymta.mail.caller import LocalSocket
from pymta.mail.host import Host
from pymta.report.failure import Failure
from pymta.retry.rules import parse_retry
from pymta.transport import lmtp
from pymta.transport.caller import Caller
from pymta.transport.classify import NO_TIME_YET, Delivered, Later, Never, Outcome
from pymta.transport.host_memory import HostMemory
from pymta.transport.parcel import Parcel
from tests.doubles.hints import MemoryHints
from tests.doubles.log import MemoryLog
from tests.doubles.mail_store import MailStore, mail_store
from tests.doubles.smtp_host import CLOSE, SmtpHost
from tests.transport.test_dialogue import TIMES, parcel

NOW = 1_000_000.0
HOSTNAME = "mail.example.net"


def send(
    message: Parcel, *servers: Host | LocalSocket, hints: MemoryHints | None = None
) -> tuple[Outcome, ...]:
    memory = HostMemory(hints or MemoryHints(), parse_retry((), ("F,1d,15m",)), lambda: NOW)
    talk = Caller(TIMES, HOSTNAME, tell=MemoryLog().write).talk_lmtp
    return lmtp.deliver(message, servers, talk=talk, memory=memory)


@pytest.fixture
def socket_path() -> Iterator[LocalSocket]:
    with tempfile.TemporaryDirectory(prefix="lmtp") as name:
        yield LocalSocket(f"{name}/lmtp")


def test_over_a_socket_each_recipient_has_his_own_answer(socket_path: LocalSocket) -> None:
    """RFC 2033 s4.2"""
    script = {
        "RCPT": [b"250 ok\r\n", b"550 5.1.1 nobody\r\n", b"250 ok\r\n", b"250 ok\r\n"],
        "FINAL": [b"250 2.0.0 saved\r\n", b"452 4.2.2 full\r\n", b"552 5.2.2 full\r\n"],
    }
    with SmtpHost(script, path=socket_path.path) as host:
        saved, unknown, waits, full = send(parcel("a@x", "b@x", "c@x", "d@x"), socket_path)
    assert isinstance(saved, Delivered)
    assert (saved.host, saved.confirmation) == (None, "250 2.0.0 saved")
    assert saved.connection
    assert (saved.connection.local, saved.connection.greeted) == (None, "l")
    assert isinstance(unknown, Never)
    assert unknown.why == "LMTP error after RCPT TO:<b@x>: 550 5.1.1 nobody"
    assert Failure(unknown.enhanced, unknown.why).reply == "550 5.1.1 nobody"
    assert isinstance(waits, Later)
    assert waits.why == "LMTP error after end of data: 452 4.2.2 full"
    assert isinstance(full, Never)
    assert full.enhanced == "5.2.2"
    assert host.sessions[0].commands[0] == f"LHLO {HOSTNAME}"
    assert host.messages() == [b"Received: by us\r\nSubject: dots\r\n\r\n.one\r\n..two\r\n"]


def test_a_server_that_goes_in_the_middle_of_its_answers_has_the_others_wait(
    socket_path: LocalSocket,
) -> None:
    with SmtpHost({"FINAL": [b"250 saved\r\n", CLOSE]}, path=socket_path.path):
        first, second = send(parcel("a@x", "b@x"), socket_path)
    assert isinstance(first, Delivered)
    assert isinstance(second, Later)


def test_a_server_that_is_away_is_nobodys_failure(socket_path: LocalSocket) -> None:
    hints = MemoryHints()
    (found,) = send(parcel("a@x"), socket_path, hints=hints)
    assert found == Later(2, "No such file or directory", socket_path.path)
    with SmtpHost({"GREETING": b"554 no service\r\n"}, path=socket_path.path):
        (found,) = send(parcel("a@x"), socket_path, hints=hints)
    assert isinstance(found, Later)
    with SmtpHost({"LHLO": b"500 what?\r\n"}) as host:
        where = Host("store", ip_address(host.address), host.port)
        (found,) = send(parcel("a@x"), where, hints=hints)
        assert isinstance(found, Later)
        (found,) = send(parcel("a@x"), where, hints=hints)  # it is not asked so soon again
        assert found == Later(
            NO_TIME_YET, why="retry time not reached for any host", not_before=NOW + 900
        )
        assert len(host.sessions) == 1


def test_the_next_address_of_a_server_is_asked_only_when_one_is_silent() -> None:
    busy = {"FINAL": b"451 4.2.0 busy\r\n"}
    with SmtpHost(busy) as first, SmtpHost() as second:
        ours = [Host("store", ip_address(h.address), h.port) for h in (first, second)]
        (found,) = send(parcel("a@x"), *ours)
        assert isinstance(found, Later)
        assert second.sessions == []
        first.script = {**first.script, "GREETING": b"421 stopping\r\n"}
        (found,) = send(parcel("a@x"), *ours)
        assert isinstance(found, Delivered)
        assert found.host == ours[1]


# A real one.


@pytest.fixture(scope="module")
def store() -> Iterator[MailStore]:
    with mail_store("alice", "bob", "dora", full=("carl",)) as made, made.running():
        yield made


@pytest.mark.root
def test_dovecot_takes_it_for_some_and_says_why_not_for_others(store: MailStore) -> None:
    """Over quota waits and may pass; an unknown user comes back."""
    body = b"Subject: n\xc3\xa4he\r\n\r\n.dot\r\nn\xc3\xa4he\r\n"
    message = replace(
        parcel("alice@x.example", "nobody@x.example", "carl", "bob@x.example", blocks=[body]),
        eight_bit=True,
    )
    saved, unknown, full, other = send(message, LocalSocket(str(store.path)))
    assert isinstance(saved, Delivered), saved
    assert saved.confirmation.startswith("250 2.0.0 ")
    assert saved.connection
    assert saved.connection.has_pipelined
    assert isinstance(unknown, Never), unknown
    assert unknown.enhanced == "5.1.1"
    assert isinstance(full, Later), full
    assert "452 4.2.2 " in full.why
    assert isinstance(other, Delivered)
    for user in ("alice", "bob"):
        (mail,) = store.mail(user)
        assert b"Return-Path: <s@example.net>\n" in mail
        assert b"\n" + body.replace(b"\r\n", b"\n") in mail


@pytest.mark.root
def test_dovecot_has_binary_mail_in_base64_since_it_does_not_take_it_so(store: MailStore) -> None:
    """RFC 3030 s3"""
    body = b"MIME-Version: 1.0\r\nContent-Type: image/x\r\n\r\n\0\n\r\xff"
    binary = parcel("dora@x.example", blocks=[body])
    message = replace(binary, is_binary=True, eight_bit=True)
    (found,) = send(message, Host("localhost", ip_address("127.0.0.1"), store.port))
    assert isinstance(found, Delivered), found
    (mail,) = store.mail("dora")
    assert mail.endswith(b"\nContent-Transfer-Encoding: base64\n\nAAoN/w==\n")


@pytest.mark.root
def test_mail_waits_while_dovecot_is_away() -> None:
    with mail_store("alice") as made:
        where = LocalSocket(str(made.path))
        with made.running():
            (found,) = send(parcel("alice"), where)
            assert isinstance(found, Delivered), (found, made.log())
        (found,) = send(parcel("alice"), where)
        assert isinstance(found, Later)
        assert found.number in {2, 111}
        assert Path(made.path).parent.is_dir()
