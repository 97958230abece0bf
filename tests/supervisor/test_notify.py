"""What the service manager hears, and that nothing of it is lost, wrong or waited for."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pymta.supervisor.notify import PACE, VARIABLE, WATCHDOG_PID, WATCHDOG_USEC, Notify

# The library never closes its socket; in the daemon it lives as long as the process.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

MOST = 4096  # bytes of a datagram that systemd reads


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.setblocking(False)
        monkeypatch.setenv(VARIABLE, str(tmp_path / "notify"))
        yield sock


def heard(manager: socket.socket) -> list[str]:
    """All that has come."""
    found = []
    with suppress(BlockingIOError):
        while True:
            found.append(manager.recv(2 * MOST).decode("ascii"))
    return found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "reload refused: found \u201c\u043f\u043e\u0447\u0442\u0430\u201d", id="any script"
        ),
        pytest.param("reload refused: found \u00fc", id="latin"),
        pytest.param("reload refused: found \0", id="a NUL"),
        pytest.param(f"reload refused: found {'x' * 9000}", id="a long one"),
    ],
)
def test_a_status_of_any_kind_does_not_lose_the_readiness(
    manager: socket.socket, text: str
) -> None:
    """Otherwise `systemctl reload` would wait for its time-out."""
    Notify().ready(text)

    (told,) = heard(manager)
    assert told.startswith("READY=1\nSTATUS=reload refused: found ")
    assert "\0" not in told
    assert len(told) < MOST


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text())
def test_a_status_is_one_line_of_printable_ascii(manager: socket.socket, text: str) -> None:
    os.environ[VARIABLE] = manager.getsockname()  # each Notify takes it away
    Notify().starting(text)

    (told,) = heard(manager)
    assert told.startswith("STATUS=")
    assert told.isprintable()


def test_a_status_assigns_nothing_else(manager: socket.socket) -> None:
    Notify().ready("a\nMAINPID=1")

    assert heard(manager) == ["READY=1\nSTATUS=a MAINPID=1"]


def test_figures_go_out_once_a_second_and_the_last_ones_always(manager: socket.socket) -> None:
    clock = Clock()
    notify = Notify(clock)
    notify.ready("serving")

    left = PACE
    for figure in range(5):
        wait = notify.status(lambda: figure, lambda: f"{figure} connections")  # noqa: B023
        assert wait is not None
        assert wait <= left
        left = wait
        clock.now += 0.1
    assert heard(manager) == ["READY=1\nSTATUS=serving"]

    clock.now += left
    assert notify.status(lambda: 4, lambda: "4 connections") is None
    assert notify.status(lambda: 4, lambda: "4 connections") is None
    assert heard(manager) == ["STATUS=4 connections"]


def test_a_start_that_takes_longer_says_why_and_asks_for_patience(manager: socket.socket) -> None:
    """BL-06"""
    notify = Notify()

    notify.starting("socket bind() failed: waiting 30s before trying again (9 more tries)")
    notify.extend(40)

    status, patience = heard(manager)
    assert status.startswith("STATUS=socket bind() failed: waiting 30s")
    assert patience == "EXTEND_TIMEOUT_USEC=40000000"


def test_a_reload_says_when_it_began(manager: socket.socket) -> None:
    """systemd.service(5), Type=notify-reload: on the monotonic clock."""
    notify = Notify()
    notify.reloading()

    (told,) = heard(manager)
    first, second = told.split("\n")
    assert first == "RELOADING=1"
    assert second.startswith("MONOTONIC_USEC=")
    assert int(second.partition("=")[2]) > 0


def fill(manager: socket.socket) -> int:
    """Make the manager's queue full; how many datagrams that took."""
    count = 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(manager.getsockname())
        with suppress(BlockingIOError):
            while True:
                sock.send(b"X=1")
                count += 1
    return count


def test_a_manager_who_does_not_read_is_not_waited_for_and_hears_all_later(
    manager: socket.socket,
) -> None:
    """In the order in which it was said; only figures are overtaken by newer ones."""
    clock = Clock()
    notify = Notify(clock)
    stuck = fill(manager)

    notify.reloading()
    notify.ready("serving")
    clock.now += PACE
    assert notify.status(lambda: 1, lambda: "1 connections") == PACE
    assert not notify.alive()
    assert len(heard(manager)) == stuck

    clock.now += PACE
    assert notify.status(lambda: 2, lambda: "2 connections") == PACE  # the texts beside READY count
    clock.now += PACE
    assert notify.status(lambda: 2, lambda: "2 connections") is None
    reloading, *rest = heard(manager)
    assert reloading.startswith("RELOADING=1\n")
    assert rest == ["READY=1\nSTATUS=serving", "STATUS=2 connections"]


def test_a_manager_who_has_gone_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nobody"))
    monkeypatch.setenv(WATCHDOG_USEC, "2000000")
    notify = Notify()

    notify.ready("serving")
    assert notify.status(lambda: 1, lambda: "1 connections") is None
    assert not notify.watchdog


def test_without_a_manager_nothing_is_owed() -> None:
    assert VARIABLE not in os.environ
    notify = Notify()

    notify.ready("serving")
    assert notify.alive()
    assert notify.status(lambda: 1, lambda: "1 connections") is None


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [
        ("60000000", str(os.getpid()), 60.0),
        ("60000000", "", 60.0),
        ("60000000", "1", 0.0),
        ("", "", 0.0),
        ("soon", "", 0.0),
    ],
    ids=["ours", "anybody's", "somebody else's", "none", "nonsense"],
)
def test_the_watchdog_is_ours_when_it_names_us(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch, usec: str, pid: str, seconds: float
) -> None:
    """sd_watchdog_enabled(3)"""
    monkeypatch.setenv(WATCHDOG_USEC, usec)
    monkeypatch.setenv(WATCHDOG_PID, pid)

    assert Notify().watchdog == seconds


def test_a_child_finds_no_way_to_speak_and_the_next_image_does(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WATCHDOG_USEC, "60000000")
    monkeypatch.setenv(WATCHDOG_PID, str(os.getpid()))
    given = {name: os.environ[name] for name in (VARIABLE, WATCHDOG_USEC, WATCHDOG_PID)}

    notify = Notify()

    assert not set(given) & set(os.environ)
    assert notify.environment() == given


def test_a_socket_waits_with_it_under_a_name_until_it_is_forgotten(manager: socket.socket) -> None:
    notify = Notify()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        notify.keep(listener.fileno(), "self-25-127.0.0.1")
        text, descriptors, _, _ = socket.recv_fds(manager, 4096, 4)
        assert text == b"FDSTORE=1\nFDNAME=self-25-127.0.0.1"
        (fd,) = descriptors
        with socket.socket(fileno=fd) as copy:
            assert copy.getsockname() == listener.getsockname()
    notify.forget("self-25-127.0.0.1")
    assert manager.recv(4096) == b"FDSTOREREMOVE=1\nFDNAME=self-25-127.0.0.1"


def test_a_socket_is_kept_as_soon_as_the_manager_has_room(manager: socket.socket) -> None:
    """Else a restart would refuse those who call meanwhile."""
    clock = Clock()
    notify = Notify(clock)
    fill(manager)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        notify.keep(listener.fileno(), "self-25-127.0.0.1")
        heard(manager)
        clock.now += PACE
        notify.status(lambda: 1, lambda: "1 connections")
        text, descriptors, _, _ = socket.recv_fds(manager, 4096, 4)
        for fd in descriptors:
            os.close(fd)
    assert text == b"FDSTORE=1\nFDNAME=self-25-127.0.0.1"
    assert len(descriptors) == 1


def test_without_a_manager_nothing_is_kept_and_nothing_fails() -> None:
    notify = Notify()
    notify.keep(0, "self-25-127.0.0.1")
    notify.forget("self-25-127.0.0.1")


def test_a_manager_that_has_gone_is_no_fault_of_ours(manager: socket.socket) -> None:
    notify = Notify()
    manager.close()
    notify.keep(0, "self-25-127.0.0.1")
