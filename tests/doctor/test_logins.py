"""What the doctor says about logins."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymta.config.auth import Auth
from pymta.config.login import Login
from pymta.config.routing import Routing
from pymta.config.settings import Machine, Settings
from pymta.config.tls import Tls
from pymta.doctor.ask_logins import ask_logins
from pymta.doctor.finding import Finding
from pymta.doctor.logins import Logins, findings, shut_out

NOBODY = 65_534


@pytest.fixture
def state(tmp_path: Path) -> Path:
    directory = tmp_path / "state"
    directory.mkdir()
    return directory


@pytest.fixture
def others() -> Iterator[Path]:
    """The state directory of another user, who may enter all above it."""
    with tempfile.TemporaryDirectory() as name:  # where pytest makes its own only we may enter
        Path(name).chmod(0o755)
        directory = Path(name, "state")
        directory.mkdir()
        os.chown(directory, NOBODY, NOBODY)
        yield directory


def found(state: Path, auth: Auth) -> list[Finding]:
    settings = Settings(auth=auth, machine=Machine(state_directory=str(state)))
    return list(findings(ask_logins(settings)))


def topics(state: Path, auth: Auth) -> list[str]:
    return [one.topic for one in found(state, auth)]


def passwords(state: Path, text: str = "", mode: int = 0o640) -> Auth:
    path = state.parent / "passwords"
    path.write_text(text)
    path.chmod(mode)
    return Auth(auth_password_file=str(path))


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        (Settings(), "set auth_password_file"),
        (Settings(auth=Auth(("dovecot",), auth_password_file="/p")), "set auth_password_file"),
        (Settings(auth=Auth(auth_password_file="/p")), "set tls_certificate"),
        (Settings(auth=Auth(auth_password_file="/p"), login=Login(("*",), ("192.0.2.1",))), ""),
        (Settings(auth=Auth(auth_external=("a@b.example",)), tls=Tls("/c", "/k")), ""),
    ],
)
def test_a_socket_for_users_where_nobody_can_log_in_is_of_no_use(
    settings: Settings, remedy: str
) -> None:
    told = list(shut_out(frozenset({"smtp", "submission"}), settings))

    assert [one.topic for one in told] == (["no-logins"] if remedy else [])
    assert all(one.where == "socket submission" and remedy in one.remedy for one in told)
    assert list(shut_out(frozenset({"smtp", "local"}), settings)) == []


def test_nothing_is_said_where_nothing_is_set_or_all_is_well(state: Path) -> None:
    assert found(state, Auth()) == []
    assert found(state, passwords(state, "# none yet\na:!\n")) == []


def test_a_file_that_is_missing_is_a_fault(state: Path) -> None:
    (one,) = found(state, Auth(auth_password_file=str(state / "none")))
    assert (one.topic, one.what) == ("logins", "No such file or directory")
    assert "pymta user add" in one.remedy


def test_a_file_that_is_none_for_passwords_is_not_read(state: Path) -> None:
    """It may have no end, or nobody at the other one."""
    auth = passwords(state, "what is this\n")
    with Path(auth.auth_password_file).open("r+b") as file:
        file.truncate((64 << 20) + 1)
    assert topics(state, auth) == ["logins"]


def test_lines_of_no_use_are_named_a_few_of_them(state: Path) -> None:
    (one,) = found(state, passwords(state, "a:x\nb:!\nb:!\nc:y\nd:z\n"))
    assert one.topic == "password-lines"
    assert one.what.startswith("has lines of no use: 1: want {SCRAM-SHA-256}")
    assert "2: b stands there more than once" in one.what
    assert one.what.endswith("; …")


@pytest.mark.root
def test_hashes_that_everybody_can_read_are_a_fault(others: Path) -> None:
    assert topics(others, passwords(others, mode=0o644)) == ["passwords-readable"]
    assert topics(others, passwords(others, mode=0o646)) == ["logins", "passwords-readable"]


@pytest.mark.root
def test_a_file_that_the_daemon_cannot_read_is_a_fault(others: Path) -> None:
    auth = passwords(others)
    (one,) = found(others, auth)
    assert (one.topic, one.what) == ("logins-denied", "nobody cannot use it")
    os.chown(auth.auth_password_file, 0, NOBODY)
    assert found(others, auth) == []
    os.chown(auth.auth_password_file, NOBODY, 0)
    assert found(others, auth) == []
    Path(auth.auth_password_file).chmod(0o040)
    assert topics(others, auth) == ["logins-denied"]


@pytest.mark.root
def test_a_directory_that_the_daemon_cannot_enter_is_one_too(others: Path) -> None:
    auth = passwords(others)
    os.chown(auth.auth_password_file, NOBODY, NOBODY)
    others.parent.chmod(0o700)
    assert topics(others, auth) == ["logins-denied"]


@pytest.mark.root
def test_sockets_have_to_be_there_and_open_to_the_daemon(others: Path) -> None:
    path = others.parent / "mux"
    auth = Auth(auth_saslauthd_socket=str(path))
    assert topics(others, auth) == ["logins"]
    path.touch()
    assert [one.what for one in found(others, auth)] == ["it is no socket"]
    path.unlink()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        path.chmod(0o600)
        (one,) = found(others, auth)
        assert one.topic == "logins-denied"
        assert "group" in one.remedy
        path.chmod(0o666)
        assert found(others, auth) == []


def test_credentials_are_for_the_unit_alone(state: Path) -> None:
    assert found(state, Auth(auth_password_file="credential:passwords")) == []


def test_without_a_state_directory_others_complain(tmp_path: Path) -> None:
    settings = Settings(machine=Machine(state_directory=str(tmp_path / "none")))
    assert ask_logins(settings) == Logins()


def test_the_socket_of_an_lmtp_server_is_looked_at_as_the_daemon_would(others: Path) -> None:
    path = others.parent / "lmtp"
    routing = Routing(local_transport={"*": f"lmtp:unix:{path}", "a.example": "lmtp:store"})
    machine = Machine(state_directory=str(others))

    def said() -> list[tuple[str, str]]:
        found = ask_logins(Settings(routing=routing, machine=machine))
        return [(one.topic, one.what) for one in findings(found)]

    assert said() == [("lmtp", "No such file or directory")]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o600)
        assert said() == [("lmtp-denied", "nobody cannot use it")]
        os.chown(path, NOBODY, -1)
        assert said() == []
