"""Logins by saslauthd, and so by PAM."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymta.accounts.hashes import make_yescrypt
from pymta.accounts.saslauthd import Saslauthd
from pymta.accounts.told import Told
from pymta.journal.event import Event
from pymta.sasl.exchange import Failure, Fault, Link, Success
from tests.doubles.auth_servers import rude, saslauthd

LINK = Link()
SILENT = Failure(Fault.TEMPORARY, "saslauthd does not answer", "alice")


class Asked:
    def __init__(self, path: Path, seconds: float = 30) -> None:
        self.events: list[Event] = []
        self.saslauthd = Saslauthd(str(path), seconds, Told(self.events.append))

    def check(self, name: str = "alice", password: str = "rabbit") -> Success | Failure:
        return self.saslauthd.check(name, password, LINK)


@pytest.fixture(scope="module")
def real() -> Iterator[Path]:
    secret = make_yescrypt("rabbit \u00e9".encode(), 1).text
    accounts = f"alice:{secret}:61234:61234::/nonexistent:/bin/false\n"
    with saslauthd(accounts) as path:
        yield path


@pytest.mark.root
def test_pam_is_asked_through_a_real_saslauthd(real: Path) -> None:
    asked = Asked(real)
    assert asked.saslauthd.knows_passwords()
    assert asked.check("alice", "rabbit \u00e9") == Success("alice")
    for name, password in (("alice", "rabbit"), ("nobody-here", "rabbit"), ("alice@x", "rabbit")):
        expected = Failure(Fault.REJECTED, "wrong name or password", name)
        assert asked.check(name, password) == expected
    assert asked.events == []


def exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += sock.recv(count - len(data))
    return data


def test_four_texts_go_over_the_wire_each_behind_its_length(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        seen.extend(exactly(sock, int.from_bytes(exactly(sock, 2))) for _ in range(4))
        sock.sendall(b"\0\x02OK")

    with rude(tmp_path / "mux", serve) as path:
        assert Asked(path).check("alice@example.org", "x y") == Success("alice@example.org")
    assert seen == [b"alice@example.org", b"x y", b"smtp", b""]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("alice@example.org", b"alice"),
        ("a@b@example.org", b"a@b"),
        ("alice@other.example", b"alice@other.example"),
        ("alice", b"alice"),
        ("@example.org", b"@example.org"),
    ],
)
def test_a_domain_of_ours_is_left_out_and_the_account_keeps_it(
    tmp_path: Path, name: str, asked: bytes
) -> None:
    seen: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        seen.extend(exactly(sock, int.from_bytes(exactly(sock, 2))) for _ in range(4))
        sock.sendall(b"\0\x02OK")

    with rude(tmp_path / "mux", serve) as path:
        source = Saslauthd(str(path), 30, Told(print), ("Example.ORG",))
        assert source.check(name, "x", LINK) == Success(name)
    assert seen[0] == asked


@pytest.mark.parametrize(
    ("answer", "is_right"),
    [(b"\0\x02OK", True), (b"\0\x0aOK Success", True), (b"\0\x02NO", False)],
)
def test_its_answer_may_come_octet_by_octet(tmp_path: Path, answer: bytes, is_right: bool) -> None:
    def serve(sock: socket.socket) -> None:
        sock.recv(8192)
        for octet in answer:
            sock.sendall(bytes((octet,)))

    with rude(tmp_path / "mux", serve) as path:
        step = Asked(path).check()
    assert isinstance(step, Success) is is_right


@pytest.mark.parametrize(
    "answer", [b"", b"\0", b"\0\x05OK", b"\0\x02YE", b"\0\0", b"\xff\xffx", b"\0\x02"]
)
def test_what_is_no_answer_makes_nobody_wrong(tmp_path: Path, answer: bytes) -> None:
    def serve(sock: socket.socket) -> None:
        sock.recv(8192)
        sock.sendall(answer)

    with rude(tmp_path / "mux", serve) as path:
        asked = Asked(path)
        assert asked.check() == SILENT
    assert len(asked.events) == 1


def test_one_that_hangs_is_not_waited_for_longer_than_was_set(tmp_path: Path) -> None:
    with rude(tmp_path / "mux", lambda sock: (sock.recv(8192), sock.recv(8192))) as path:
        asked = Asked(path, seconds=0.2)
        assert asked.check() == SILENT
    assert asked.events[0].text == f"logins: saslauthd: {tmp_path}/mux: no answer in 0.2 s"


def test_when_it_answers_again_the_log_says_so(tmp_path: Path) -> None:
    def say_no(sock: socket.socket) -> None:
        sock.recv(8192)
        sock.sendall(b"\0\x02NO")

    def hang_up(sock: socket.socket) -> None:
        sock.recv(8192)

    with rude(tmp_path / "mux", hang_up, hang_up, say_no, say_no) as path:
        asked = Asked(path)
        for _ in range(4):
            asked.check()
    assert [event.text for event in asked.events] == [
        f"logins: saslauthd: {path}: hung up without an answer",
        "logins: saslauthd answers again",
    ]


def test_one_that_is_not_there_is_not_offered(tmp_path: Path) -> None:
    asked = Asked(tmp_path / "none")
    assert not asked.saslauthd.knows_passwords()
    assert asked.check() == SILENT
    assert [event.text for event in asked.events] == [
        f"logins: saslauthd: {tmp_path}/none: No such file or directory"
    ]


def test_a_socket_that_nobody_listens_on_makes_nobody_wrong(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "mux"))
    asked = Asked(tmp_path / "mux")
    assert asked.saslauthd.knows_passwords()
    assert asked.check() == SILENT
    assert "Connection refused" in asked.events[0].text


@pytest.mark.parametrize(("name", "password"), [("x" * 257, "y"), ("x", "y" * 257)])
def test_what_it_would_hang_up_on_is_wrong_without_asking(
    tmp_path: Path, name: str, password: str
) -> None:
    step = Asked(tmp_path / "none").check(name, password)
    assert isinstance(step, Failure)
    assert step.fault is Fault.REJECTED
