"""Everybody who can check a login, as the settings name them."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.accounts.back_ends import back_end
from pymta.config.auth import Auth
from pymta.config.settings import Machine, Settings
from pymta.journal.event import Event
from pymta.sasl.exchange import BackEnd, Failure, Fault, Link, Success
from pymta.sasl.verifier import derive
from tests.doubles.auth_servers import rude

ALICE = f"alice:{derive(b'rabbit', b'0123456789abcdef', 4096)}\n"
BOUND = Link(has_tls=True, binding=b"x" * 32)


def made(state: Path, auth: Auth, events: list[Event] | None = None) -> BackEnd | None:
    settings = Settings(auth=auth, machine=Machine(state_directory=str(state)))
    return back_end(settings, (events if events is not None else []).append)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "passwords"
    path.write_text(ALICE)
    path.chmod(0o640)
    return path


def test_where_nothing_is_set_nobody_can_log_in(tmp_path: Path) -> None:
    assert made(tmp_path, Auth()) is None
    assert list(tmp_path.iterdir()) == []  # and nothing is made


def test_a_password_file_gives_all_mechanisms_the_best_first(tmp_path: Path, file: Path) -> None:
    end = made(tmp_path, Auth(auth_password_file=str(file)))
    assert end
    assert end.mechanisms(BOUND) == ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN")
    assert end.mechanisms(Link()) == ("SCRAM-SHA-256", "PLAIN", "LOGIN")
    assert end.begin("PLAIN", BOUND).step(b"\0alice\0rabbit") == Success("alice")


def test_a_file_whose_turn_is_never_is_not_asked(tmp_path: Path, file: Path) -> None:
    assert made(tmp_path, Auth(auth_password_file=str(file), auth_back_ends=("dovecot",))) is None


def test_without_plus_among_the_allowed_a_client_that_could_bind_is_welcome(
    tmp_path: Path, file: Path
) -> None:
    """Nobody between has hidden it from him."""
    auth = Auth(auth_password_file=str(file), auth_mechanisms=("SCRAM-SHA-256",))
    end = made(tmp_path, auth)
    assert end
    assert end.mechanisms(BOUND) == ("SCRAM-SHA-256",)
    first = b"y,,n=alice,r=abc"
    assert not isinstance(end.begin("SCRAM-SHA-256", BOUND).step(first), Failure)
    both = made(tmp_path, replace(auth, auth_mechanisms=("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS")))
    assert both
    assert isinstance(both.begin("SCRAM-SHA-256", BOUND).step(first), Failure)


@pytest.mark.parametrize(
    ("certified", "account"),
    [
        (("alice@example.org",), "alice@example.org"),
        (("example.net", "Bob@Example.NET"), "bob@example.net"),
        (("carol@other.example",), ""),
        (("root@example.net",), ""),
        (("example.net", "alice"), ""),
    ],
)
def test_a_certificate_is_enough_for_the_addresses_that_are_named(
    tmp_path: Path, certified: tuple[str, ...], account: str
) -> None:
    """Hosts and common names are none, and who vouches for the web vouches for no account."""
    link = Link(has_tls=True, certified=certified)
    named = ("!root@example.net", "alice@example.org", "example.net", "!x@y.example")
    end = made(tmp_path, Auth(auth_external=named))
    assert end
    assert end.mechanisms(link) == (("EXTERNAL",) if account else ())
    if account:
        assert end.begin("EXTERNAL", link).step(b"") == Success(account)


def test_a_credential_is_found_where_systemd_has_put_it(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    end = made(tmp_path, Auth(auth_password_file="credential:passwords"))
    assert end
    assert end.begin("PLAIN", BOUND).step(b"\0alice\0rabbit") == Success("alice")


def test_a_credential_that_nobody_handed_over_is_told_when_somebody_logs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    events: list[Event] = []
    end = made(tmp_path, Auth(auth_password_file="credential:passwords"), events)
    assert end
    answer = end.begin("PLAIN", BOUND).step(b"\0alice\0rabbit")
    assert isinstance(answer, Failure)
    assert answer.fault is Fault.TEMPORARY
    assert "credential:passwords cannot be read" in events[0].text


def test_a_state_directory_that_cannot_be_written_is_told(file: Path) -> None:
    events: list[Event] = []
    missing = file.parent / "no" / "such"
    assert made(missing, Auth(auth_password_file=str(file)), events)
    assert "No such file or directory" in events[0].text


def test_a_password_is_asked_for_in_the_order_that_is_set(tmp_path: Path, file: Path) -> None:
    """The file says no, and what stands in the socket of saslauthd is asked after it."""
    asked: list[bytes] = []

    def say_yes(sock: socket.socket) -> None:
        asked.append(sock.recv(8192))
        sock.sendall(b"\0\x02OK")

    with rude(tmp_path / "mux", say_yes) as path:
        auth = Auth(auth_password_file=str(file), auth_saslauthd_socket=str(path))
        end = made(tmp_path, auth)
        assert end
        assert end.begin("PLAIN", BOUND).step(b"\0alice\0rabbit") == Success("alice")
        assert asked == []
        assert end.begin("PLAIN", BOUND).step(b"\0alice\0wrong") == Success("alice")
    assert len(asked) == 1


def test_while_dovecot_is_gone_the_file_serves_alone(tmp_path: Path, file: Path) -> None:
    events: list[Event] = []
    auth = Auth(auth_password_file=str(file), auth_dovecot_socket=str(tmp_path / "none"))
    end = made(tmp_path, auth, events)
    assert end
    assert end.mechanisms(Link()) == ("SCRAM-SHA-256", "PLAIN", "LOGIN")
    assert end.begin("PLAIN", BOUND).step(b"\0alice\0rabbit") == Success("alice")
    wrong = end.begin("PLAIN", BOUND).step(b"\0alice\0wrong")
    assert isinstance(wrong, Failure)
    assert wrong.fault is Fault.TEMPORARY  # Dovecot might have known better
    assert all("No such file or directory" in event.text for event in events)
