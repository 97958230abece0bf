"""A daemon without systemd: its own sockets, its own account, its pid file."""

from __future__ import annotations

import os
import pwd
import socket
from pathlib import Path

import pytest

from tests.doubles.standalone import Standalone, standalone, status_of
from tests.doubles.ways_in import readable

NOBODY = pwd.getpwnam("nobody")


@pytest.mark.root
def test_root_binds_a_low_port_and_is_root_no_longer() -> None:
    """PV-01, ST-09, BG-05: after binding and the pid file, before the start line.  N-04"""
    with standalone(pymta_user="nobody", daemon_smtp_ports=[25]) as made:
        made.write_settings(pid_file_path=str(made.directory / "pid"))
        with made.in_front() as process:
            assert made.greeting(25).startswith("220 ")
            assert status_of(process.pid, "Uid") == [str(NOBODY.pw_uid)] * 4
            assert status_of(process.pid, "Gid") == [str(NOBODY.pw_gid)] * 4
            assert "0" not in status_of(process.pid, "Groups")
            assert made.log_file.stat().st_uid == NOBODY.pw_uid
            assert made.state.stat().st_uid == NOBODY.pw_uid
            assert (made.state / "config" / "current.json").stat().st_uid == NOBODY.pw_uid
            spool = made.state / "spool"
            assert {path.stat().st_uid for path in spool.rglob("*")} == {NOBODY.pw_uid}
            pid_file = made.directory / "pid"
            assert pid_file.read_text() == f"{process.pid}\n"
            assert pid_file.stat().st_uid == 0
            assert pid_file.stat().st_mode & 0o7777 == 0o644


@pytest.mark.root
def test_a_reload_after_the_drop_keeps_socket_pid_and_account(tmp_path: Path) -> None:
    """HU-05, PV-01, BG-05"""
    with standalone(pymta_user="nobody", daemon_smtp_ports=[25]) as made:
        made.prefix = readable(tmp_path)
        with made.in_front() as process:
            made.write_settings(smtp_banner="after the reload")
            answer = made.run("pymta", "reload", "--state", str(made.state))
            assert answer.returncode == 0, answer.stderr
            assert made.greeting(25) == "220 after the reload"
            assert status_of(process.pid, "Uid") == [str(NOBODY.pw_uid)] * 4


@pytest.mark.root
def test_an_account_that_does_not_exist_ends_the_start() -> None:
    """PV-02"""
    with standalone(pymta_user="3999999") as made:
        done = made.run("pymta", "daemon", "--config", str(made.config))
        assert done.returncode != 0
        assert "cannot run initgroups(): no passwd entry for uid=3999999" in done.stderr


def test_a_daemon_of_an_ordinary_port_changes_nobody() -> None:
    """PV-03: whoever starts it is who it should be; no warning but that of root."""
    with standalone() as made, made.in_front() as process:
        assert made.greeting().startswith("220 ")
        assert status_of(process.pid, "Uid") == [str(os.geteuid())] * 4


def test_the_process_is_arranged_for_a_daemon() -> None:
    """ST-09: directory, descriptors, and a umask under which nothing of ours is open to others."""
    with standalone() as made, made.in_front() as process:
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        soft, hard = next(
            line.split()[3:5] for line in limits.splitlines() if line.startswith("Max open files")
        )
        assert soft == hard
        assert int(soft) >= 1000
        assert Path(f"/proc/{process.pid}/cwd").readlink() == made.state
        assert status_of(process.pid, "Umask") == ["0077"]


def test_the_pid_file_goes_with_the_daemon() -> None:
    """BG-06, N-21"""
    with standalone() as made:
        path = made.directory / "pid"
        made.write_settings(pid_file_path=str(path))
        with made.in_front():
            assert path.exists()
        assert not path.exists()


def test_a_pid_file_of_somebody_else_stays() -> None:
    """BG-06"""
    with standalone() as made:
        path = made.directory / "pid"
        made.write_settings(pid_file_path=str(path))
        with made.in_front():
            path.write_text("1\n")
        assert path.read_text() == "1\n"


def test_a_pid_file_that_is_none_costs_a_remark() -> None:
    """BG-05, N-21"""
    with standalone() as made:
        path = made.directory / "pid"
        path.write_text("precious\n")
        made.write_settings(pid_file_path=str(path))
        with made.in_front():
            assert f"pid file not written: {path}: this is no pid file" in made.log()
        assert path.read_text() == "precious\n"


def test_a_daemon_of_units_writes_no_pid_file() -> None:
    """BG-03"""
    with standalone() as made, made.in_front():
        assert not list(made.state.glob("*.pid"))


def test_panics_are_seen_where_the_daemon_was_started() -> None:
    """ST-02: what needs an operator stands in the log file and on standard error."""
    with standalone() as made, socket.socket() as busy:
        busy.bind((made.address, made.port))
        busy.listen()
        made.state.mkdir()
        done = made.run("pymta", "daemon", "--config", str(made.config))
        assert done.returncode == 1
        assert "Address already in use: daemon abandoned" in made.log()
        assert "Address already in use: daemon abandoned" in done.stderr


def test_two_daemons_of_one_state_directory() -> None:
    """The second one says so and goes; the first one's pid file and socket stay."""
    with standalone() as made:
        path = made.directory / "pid"
        made.write_settings(pid_file_path=str(path))
        with made.in_front() as first:
            other = Standalone(made.directory, pid_file_path=str(path))
            done = other.run("pymta", "daemon", "--config", str(other.config))
            assert done.returncode == 1
            assert f"another pymta daemon, process {first.pid}, serves" in done.stderr
            assert path.read_text() == f"{first.pid}\n"
