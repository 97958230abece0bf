"""A machine that is too busy for strangers: load and pressure at the door of a real daemon."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.daemon import DEADLINE, HOSTNAME, Daemon, daemon
from tests.lives.test_session_life import line, workers

TOO_MUCH = "421 Too much load; please try again later."


def greeting(made: Daemon, source: str = "127.0.0.1") -> str:
    to = ("127.0.0.1", made.port)
    with socket.create_connection(to, timeout=DEADLINE, source_address=(source, 0)) as sock:
        text = line(sock)
        if text.startswith("220"):
            sock.sendall(b"QUIT\r\n")
            line(sock)
        return text


def test_above_the_load_every_caller_is_put_off(tmp_path: Path) -> None:
    """LM-02, section 6: a limit of 0 holds on every machine that is not idle."""
    load = tmp_path / "loadavg"
    load.write_text("0.01 0.00 0.00 1/100 4711\n")
    with daemon(smtp_load_reserve=0, load_average_file=str(load)) as made:
        assert greeting(made) == TOO_MUCH
        assert made.wait_for_log(r"Connection from \[127.0.0.1\] refused: load average = 0.01$")
        assert workers(made) == []
        load.write_text("0.00 0.00 0.00 1/100 4711\n")
        assert greeting(made).startswith("220 ")


def test_the_load_of_this_machine_is_what_counts_by_itself() -> None:
    """LM-02"""
    with daemon(smtp_load_reserve=100_000) as made:
        assert greeting(made).startswith("220 ")
        assert "has no effect" not in made.log()


def test_pressure_counts_where_it_has_a_limit(tmp_path: Path) -> None:
    (tmp_path / "cpu").write_text("some avg10=12.34 avg60=0.00 avg300=0.00 total=1\n")
    settings: dict[str, Any] = {
        "smtp_pressure_reserve": {"cpu": 12},
        "pressure_directory": str(tmp_path),
    }
    with daemon(**settings) as made:
        assert greeting(made) == TOO_MUCH
        assert made.wait_for_log(r"Connection from \[127.0.0.1\] refused: pressure cpu = 12.34$")
        made.write_settings(smtp_pressure_reserve=13)
        assert made.run("reload").returncode == 0
        assert greeting(made).startswith("220 ")


def test_a_refusal_goes_without_its_line_where_nobody_wants_it(tmp_path: Path) -> None:
    """N-39: selector connection_reject."""
    load = tmp_path / "loadavg"
    load.write_text("5\n")
    settings: dict[str, Any] = {
        "load_average_file": str(load),
        "log_selector": ["-connection_reject"],
    }
    with daemon(smtp_load_reserve=4.999, **settings) as made:
        assert greeting(made) == TOO_MUCH
        assert "refused" not in made.log()


def test_hosts_with_a_place_are_let_in_all_the_same(tmp_path: Path) -> None:
    """LM-02, LM-08: nobody is refused before the fork then."""
    (tmp_path / "cpu").write_text("some avg10=12.34 avg60=0.00 avg300=0.00 total=1\n")
    load = tmp_path / "loadavg"
    load.write_text("0.5\n")
    settings: dict[str, Any] = {"load_average_file": str(load), "pressure_directory": str(tmp_path)}
    with daemon(
        smtp_load_reserve=0, smtp_pressure_reserve=0, smtp_reserve_hosts=["127.0.0.9"], **settings
    ) as made:
        who = r"temporarily refused connection from \[127.0.0.1\]: not in reserve list and"
        assert greeting(made) == f"421 {HOSTNAME}: Too much load; please try again later"
        made.wait_for_log(f"{who} load average = 0.50$")
        load.write_text("0\n")
        assert greeting(made) == f"421 {HOSTNAME}: Too much load; please try again later"
        made.wait_for_log(f"{who} pressure cpu = 12.34$")
        assert greeting(made, "127.0.0.9").startswith("220 ")


@pytest.mark.parametrize("setting", ["smtp_load_reserve", "queue_only_load"])
def test_a_limit_that_cannot_be_checked_keeps_no_mail_out_and_is_told(
    setting: str, tmp_path: Path
) -> None:
    where: dict[str, Any] = {
        "load_average_file": str(tmp_path / "none"),
        "pressure_directory": str(tmp_path),
    }
    pressure = setting.replace("load", "pressure")
    limits: dict[str, Any] = {setting: 0, pressure: {"io": 0}}
    with daemon(**limits, **where) as made:
        made.wait_for_log(f"{setting} has no effect: load average cannot be read here$")
        made.wait_for_log(f"{pressure} has no effect: pressure io cannot be read here$")
        made.wait_for_log(f"{made.send('user@localhost')} Completed")


def test_a_worker_on_standby_gets_the_reading_with_its_call(tmp_path: Path) -> None:
    """LM-08 needs it there: the next connection has one of its own."""
    load = tmp_path / "loadavg"
    load.write_text("3\n")
    settings: dict[str, Any] = {"load_average_file": str(load), "worker_idle_timeout": "30s"}
    with daemon(smtp_load_reserve=4, **settings) as made:
        assert greeting(made).startswith("220 ")
        made.wait_for_idle()
        (worker,) = workers(made)
        with made.raw() as sock:
            assert line(sock).startswith("220 ")
            assert worker in workers(made)
        load.write_text("5\n")
        assert greeting(made) == TOO_MUCH
