"""Logins by Dovecot's auth process."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import socket
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
import scramp
from hypothesis import given
from hypothesis import strategies as st

from pymta.accounts import dovecot as dovecot_module
from pymta.accounts.dovecot import Dovecot, DovecotMechanisms, DovecotPasswords
from pymta.accounts.dovecot_known import Known, Memory
from pymta.accounts.dovecot_words import Cont, Fail, GarbledError, Ok, answer, auth, mechanisms
from pymta.accounts.told import Told
from pymta.journal.event import Event
from pymta.mail.caller import Endpoint
from pymta.sasl.exchange import Challenge, Failure, Fault, Link, Step, Success
from pymta.sasl.verifier import derive
from tests.doubles.auth_servers import dovecot, rude

LINK = Link(
    has_tls=True,
    local=Endpoint(ip_address("2001:db8::25"), 587),
    remote=Endpoint(ip_address("192.0.2.7"), 40112),
)
GREETING = b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tSCRAM-SHA-256\tmutual-auth\nDONE\n"
REJECTED = Failure(Fault.REJECTED, "wrong name or password", "alice@example.org")


class Asked:
    def __init__(self, path: Path, seconds: float = 30) -> None:
        self.events: list[Event] = []
        self.dovecot = Dovecot(str(path), seconds, Told(self.events.append))
        self.passwords = DovecotPasswords(self.dovecot)
        self.others = DovecotMechanisms(self.dovecot)

    @property
    def told(self) -> list[str]:
        return [event.text for event in self.events]

    def check(self, name: str, password: str) -> Success | Failure:
        return self.passwords.check(name, password, LINK)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("dovecot")
    alice = derive("rabbit \u00e9".encode(), b"0123456789abcdef", 4096)
    (place / "passwords").write_text(
        f"alice@example.org:{alice}\nbob@example.org:{{PLAIN}}cat\nlate@example.org:{{NONE}}x\n"
    )
    with dovecot(place / "passwords") as path:
        yield path


@pytest.mark.root
def test_a_real_dovecot_checks_passwords(real: Path) -> None:
    asked = Asked(real)
    assert asked.passwords.knows_passwords()
    assert asked.check("alice@example.org", "rabbit \u00e9") == Success("alice@example.org")
    assert asked.check("alice@example.org", "rabbit") == REJECTED
    unknown = asked.check("nobody@example.org", "rabbit")
    assert unknown == Failure(Fault.REJECTED, REJECTED.why, "nobody@example.org")
    assert asked.told == []


@pytest.mark.root
def test_what_it_has_is_offered_but_for_what_nobody_should_offer(real: Path) -> None:
    assert Asked(real).others.mechanisms(LINK) == ("SCRAM-SHA-256", "CRAM-MD5")


@pytest.mark.root
@pytest.mark.parametrize("is_right", [True, False])
def test_scram_goes_through_to_it_and_back(real: Path, is_right: bool) -> None:
    password = "rabbit \u00e9" if is_right else "cat"
    client = scramp.ScramClient(["SCRAM-SHA-256"], "alice@example.org", password)
    exchange = Asked(real).others.begin("SCRAM-SHA-256", LINK)
    first = exchange.step(client.get_client_first().encode())
    assert isinstance(first, Challenge), first
    client.set_server_first(first.data.decode())
    last = exchange.step(client.get_client_final().encode())
    if is_right:
        assert isinstance(last, Challenge), last
        assert last.account == "alice@example.org"  # so a closed account can be told
        client.set_server_final(last.data.decode())
        assert exchange.step(b"") == Success("alice@example.org")
    else:
        assert last == REJECTED
    exchange.close()


@pytest.mark.root
def test_a_mechanism_where_the_server_begins(real: Path) -> None:
    exchange = Asked(real).others.begin("CRAM-MD5", LINK)
    first = exchange.step(None)
    assert isinstance(first, Challenge)
    proof = hmac.new(b"cat", first.data, hashlib.md5).hexdigest()
    assert exchange.step(f"bob@example.org {proof}".encode()) == Success("bob@example.org")


@pytest.mark.root
def test_a_client_that_goes_in_the_middle_leaves_nothing_behind(real: Path) -> None:
    asked = Asked(real)
    for _ in range(20):
        exchange = asked.others.begin("CRAM-MD5", LINK)
        assert isinstance(exchange.step(None), Challenge)
        exchange.close()
        exchange.close()
    assert asked.check("bob@example.org", "cat") == Success("bob@example.org")


def test_it_is_told_who_calls_and_whether_he_is_heard() -> None:
    assert auth("PLAIN", LINK, b"\0a\0b") == (
        b"AUTH\t1\tPLAIN\tservice=smtp\tnologin\tfinal-resp-ok\tsecured=tls\tlip=2001:db8::25\tlport=587"
        b"\trip=192.0.2.7\trport=40112\tresp=AGEAYg==\n"
    )
    assert (
        auth("CRAM-MD5", Link(), None)
        == b"AUTH\t1\tCRAM-MD5\tservice=smtp\tnologin\tfinal-resp-ok\n"
    )
    assert auth("X", Link(), b"") == b"AUTH\t1\tX\tservice=smtp\tnologin\tfinal-resp-ok\tresp=\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"OK\t1\tuser=alice\tuid=5", Ok("alice")),
        (b"OK\t1\tuser=a\x01tb", Ok("a\tb")),
        (b"OK\t1\tuser=alice\tresp=dj0x", Ok("alice", b"v=1")),
        (b"FAIL\t1\tuser=alice", Fail("alice", is_temporary=False, why="")),
        (b"FAIL\t1", Fail("", is_temporary=False, why="")),
        (b"FAIL\t1\tuser=a\ttemp", Fail("a", is_temporary=True, why="")),
        (b"FAIL\t1\tcode=temp_fail", Fail("", is_temporary=True, why="")),
        (b"FAIL\t1\tuser_disabled", Fail("", is_temporary=False, why="user_disabled")),
        (b"FAIL\t1\treason=go away", Fail("", is_temporary=False, why="go away")),
        (b"CONT\t1\t", Cont(b"")),
        (b"CONT\t1\tAGEAYg==", Cont(b"\0a\0b")),
    ],
)
def test_its_answers_are_read(line: bytes, said: Ok | Fail | Cont) -> None:
    assert answer(line) == said


@pytest.mark.parametrize(
    "line",
    [b"", b"OK", b"OK\t1", b"OK\t2\tuser=a", b"OK\t1\tuser=", b"CONT\t1", b"CONT\t1\t*", b"\xff"],
)
def test_what_is_no_answer_is_told_apart(line: bytes) -> None:
    with pytest.raises(GarbledError):
        answer(line)


@given(st.lists(st.binary(max_size=30) | st.sampled_from([b"VERSION\t1\t2", b"MECH\tPLAIN"])))
def test_whatever_it_says_the_mechanisms_are_names_or_it_is_garbled(lines: list[bytes]) -> None:
    try:
        found = mechanisms(lines)
    except GarbledError:
        return
    assert all(name.isascii() and name == name.upper() for name in found)


def test_private_and_bound_mechanisms_are_not_ours_to_offer() -> None:
    lines = [
        b"VERSION\t1\t2",
        b"MECH\tA\tprivate",
        b"MECH\tSCRAM-SHA-256-PLUS",
        b"MECH\tbad name",
        b"MECH\tEXTERNAL",
        b"MECH\tB\tplaintext",
        b"MECH\tB",
    ]
    assert mechanisms(lines) == ("B",)


def greet(sock: socket.socket) -> None:
    sock.recv(8192)
    sock.sendall(GREETING)


def hang_up(sock: socket.socket) -> None:
    sock.recv(8192)


def garble(sock: socket.socket) -> None:
    greet(sock)
    sock.recv(8192)
    sock.sendall(b"what?\n")


def endless(sock: socket.socket) -> None:
    sock.recv(8192)
    while True:
        sock.sendall(b"x" * 65536)


def endless_lines(sock: socket.socket) -> None:
    sock.recv(8192)
    while True:
        sock.sendall(b"MECH\tX\n" * 1000)


def other_version(sock: socket.socket) -> None:
    sock.recv(8192)
    sock.sendall(b"VERSION\t2\t0\nDONE\n")


def hold(sock: socket.socket) -> None:
    sock.recv(8192)
    sock.recv(8192)  # b"" when the other end is gone


def greet_and_hold(sock: socket.socket) -> None:
    greet(sock)
    hold(sock)


def trickle(sock: socket.socket) -> None:
    sock.recv(8192)
    for octet in GREETING:
        sock.sendall(bytes((octet,)))
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("deed", "why"),
    [
        (lambda sock: None, "hung up without an answer|reset|Broken pipe"),
        (endless, "a line without end"),
        (endless_lines, "does not end"),
        (other_version, "it speaks version '2'"),
        (lambda sock: (sock.recv(8192), sock.sendall(b"DONE\n")), "which version"),
        (hold, "no answer in 0.2 s"),
        (trickle, "no answer in 0.2 s"),
    ],
)
def test_one_that_does_not_greet_offers_nothing_and_the_log_says_why(
    tmp_path: Path, deed: object, why: str
) -> None:
    assert callable(deed)
    with rude(tmp_path / "auth", deed) as path:
        asked = Asked(path, seconds=0.2 if why.endswith(" s") else 5)
        assert asked.passwords.knows_passwords() is False
        assert asked.others.mechanisms(LINK) == ()  # remembered: nobody waits twice
    assert len(asked.told) == 1
    assert asked.told[0].startswith("logins: Dovecot: ")
    assert re.search(why, asked.told[0])


def test_one_that_is_not_there_makes_nobody_wrong(tmp_path: Path) -> None:
    asked = Asked(tmp_path / "none")
    answer = asked.check("alice@example.org", "x")
    assert answer == Failure(Fault.TEMPORARY, "Dovecot does not answer", "alice@example.org")
    assert asked.told == [f"logins: Dovecot: {tmp_path}/none: No such file or directory"]


@pytest.mark.parametrize("deed", [garble, greet, greet_and_hold])
def test_one_that_fails_in_the_middle_makes_nobody_wrong(tmp_path: Path, deed: object) -> None:
    assert callable(deed)
    with rude(tmp_path / "auth", deed) as path:
        asked = Asked(path, seconds=0.2)
        step: Step = asked.check("alice", "x")
    assert step == Failure(Fault.TEMPORARY, "Dovecot does not answer", "alice")
    assert len(asked.told) == 1


def test_one_that_wants_more_than_a_password_cannot_be_asked_for_one(tmp_path: Path) -> None:
    def ask_more(sock: socket.socket) -> None:
        greet(sock)
        sock.recv(8192)
        sock.sendall(b"CONT\t1\t\n")
        hold(sock)

    with rude(tmp_path / "auth", ask_more) as path:
        step = Asked(path).check("alice", "x")
    assert step == Failure(Fault.TEMPORARY, "Dovecot asks for more than a password", "alice")


def test_the_list_of_mechanisms_is_asked_for_again_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dovecot_module, "KEPT", 0.0)
    with rude(tmp_path / "auth", greet, lambda sock: None) as path:
        asked = Asked(path)
        assert asked.others.mechanisms(LINK) == ("SCRAM-SHA-256",)
        assert asked.others.mechanisms(LINK) == ()


def test_while_one_asks_anew_the_others_go_by_what_was_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So one that hangs costs one client some seconds, and no other."""
    monkeypatch.setattr(dovecot_module, "KEPT", 0.0)
    seen: list[tuple[str, ...]] = []
    with rude(tmp_path / "auth", greet, lambda _: seen.append(asked.others.mechanisms(LINK))):
        asked = Asked(tmp_path / "auth")
        assert asked.others.mechanisms(LINK) == ("SCRAM-SHA-256",)
        assert asked.others.mechanisms(LINK) == ()  # it was asked, and hung up
    assert seen == [("SCRAM-SHA-256",)]


def test_what_one_worker_has_waited_for_in_vain_no_other_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor for what it was told, nor does the log hear of it again."""
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(tmp_path / "auth"))
        hung.listen()
        asked = Asked(tmp_path / "auth", seconds=0.2)
        pid = os.fork()
        if not pid:
            os._exit(len(asked.others.mechanisms(LINK)) or len(asked.told))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1  # the line
        monkeypatch.delattr(dovecot_module, "Inquiry")
        assert asked.others.mechanisms(LINK) == ()
    assert asked.told == []


def test_when_it_answers_again_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dovecot_module, "KEPT_NONE", 0.0)
    with rude(tmp_path / "auth", hang_up, hang_up, greet) as path:
        asked = Asked(path)
        for expected in ((), (), ("SCRAM-SHA-256",)):
            assert asked.others.mechanisms(LINK) == expected
    assert asked.told == [
        f"logins: Dovecot: {path}: hung up without an answer",
        "logins: Dovecot answers again",
    ]


@given(st.lists(st.from_regex(r"[A-Z0-9_-]{1,20}", fullmatch=True), max_size=100), st.floats(1))
def test_what_is_known_of_it_comes_back_as_it_was(names: list[str], until: float) -> None:
    memory = Memory()
    assert memory.get() is None
    memory.put(Known(("OTHER",) * 100, 1.0))
    memory.put(Known(tuple(names), until))
    assert memory.get() == Known(tuple(names), until)


def test_half_a_list_is_none() -> None:
    memory = Memory()
    memory.put(Known(("PLAIN", "LOGIN"), 7.0))
    memory._page[20] ^= 1  # as another process sees it that reads meanwhile
    assert memory.get() is None


def test_an_account_with_a_name_that_is_none_here_is_refused(tmp_path: Path) -> None:
    def call_it_odd(sock: socket.socket) -> None:
        greet(sock)
        sock.recv(8192)
        sock.sendall(b"OK\t1\tuser=two words\n")

    with rude(tmp_path / "auth", call_it_odd) as path:
        step = Asked(path).check("alice", "x")
    assert isinstance(step, Failure)
    assert step.fault is Fault.REJECTED
