"""What the command line adds to the settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pymta.config.immediate import Immediate
from pymta.config.launch import Launch, has_control_socket, pid_file
from pymta.config.listen import Listen
from pymta.config.overrule import overruled
from pymta.config.periodic import periodic_runs
from pymta.config.queue import Queue
from pymta.config.settings import Settings

CLASSIC = Launch(is_classic=True)
ON_A_PORT = Launch(is_classic=True, ports=("1225",))
RUNS_ONLY = Launch(is_classic=True, listens=False, queue_runs=("-q60s",))
DEFAULT = "/var/lib/pymta/pymta-daemon.pid"


@pytest.mark.parametrize(
    ("launch", "configured", "given", "expected"),
    [
        (CLASSIC, "", "", DEFAULT),
        (CLASSIC, "/run/a.pid", "", "/run/a.pid"),
        (CLASSIC, "/run/a.pid", "/run/b.pid", "/run/b.pid"),
        (ON_A_PORT, "", "", ""),
        (ON_A_PORT, "/run/a.pid", "", ""),
        (ON_A_PORT, "/run/a.pid", "/run/b.pid", "/run/b.pid"),
        (Launch(is_classic=True, interfaces=("127.0.0.1",)), "/run/a.pid", "", ""),
        (RUNS_ONLY, "", "", ""),
        (RUNS_ONLY, "/run/a.pid", "", ""),
        (RUNS_ONLY, "", "/run/b.pid", "/run/b.pid"),
        (Launch(is_classic=True, inherits_listener=True), "/run/a.pid", "", ""),
        (Launch(), "", "", ""),
        (Launch(), "/run/a.pid", "", "/run/a.pid"),
    ],
    ids=[
        "-bd",
        "-bd, configured",
        "-bd -oP",
        "-bd -oX: OX-04",
        "-bd -oX, configured",
        "-bd -oX -oP",
        "-bd -oX of an address",
        "-q",
        "-q, configured",
        "-q -oP",
        "N-11 -bw",
        "a unit",
        "a unit, configured",
    ],
)
def test_where_the_pid_goes(launch: Launch, configured: str, given: str, expected: str) -> None:
    """BG-03, BG-04: the table, row by row."""
    launch = replace(launch, pid_file=given)

    assert pid_file(launch, configured, "/var/lib/pymta") == expected


@pytest.mark.parametrize(
    ("launch", "configured", "expected"),
    [
        (Launch(), "control", True),
        (Launch(), "", False),
        (CLASSIC, "control", True),
        (RUNS_ONLY, "control", True),
        (replace(CLASSIC, no_control=True), "control", False),
        (ON_A_PORT, "control", False),
        (replace(ON_A_PORT, pid_file="/run/b.pid"), "control", True),
        (replace(ON_A_PORT, pid_file="/run/b.pid", no_control=True), "control", False),
        (Launch(is_classic=True, interfaces=("127.0.0.1",)), "control", False),
    ],
    ids=[
        "a unit",
        "switched off",
        "-bd",
        "-q30m",
        "-bd -oY",
        "-bd -oX",
        "-bd -oX -oP",
        "-bd -oX -oP -oY",
        "-bd -oX of an address",
    ],
)
def test_who_has_a_control_socket(launch: Launch, configured: str, expected: bool) -> None:
    """N-22"""
    assert has_control_socket(launch, configured) == expected


def test_what_the_command_line_does_not_name_stays_as_it_is() -> None:
    settings = Settings(
        listen=Listen(daemon_smtp_ports=("25", "587")), queue=Queue(queue_run_interval=7)
    )

    assert overruled(settings, Launch()) == settings


def test_ports_and_interfaces_are_replaced_each_by_itself() -> None:
    """OX-01: a class without items leaves its option untouched."""
    settings = Settings(listen=Listen(("25",), ("0.0.0.0",)))

    by_port = overruled(settings, Launch(ports=("1225",))).listen
    by_address = overruled(settings, Launch(interfaces=("127.0.0.1.2600",))).listen

    assert (by_port.daemon_smtp_ports, by_port.local_interfaces) == (("1225",), ("0.0.0.0",))
    assert (by_address.daemon_smtp_ports, by_address.local_interfaces) == (
        ("25",),
        ("127.0.0.1.2600",),
    )


@pytest.mark.parametrize(
    ("delivery", "configured", "override", "expected"),
    [
        ("", False, True, False),
        ("", True, True, True),
        ("queue", False, True, True),
        ("queue", False, False, True),
        ("now", True, True, False),
        ("now", True, False, True),
        ("local", False, True, False),
        ("local", True, True, False),
        ("local", True, False, True),
    ],
)
def test_a_yes_always_wins_a_no_only_where_it_may(
    delivery: str, configured: bool, override: bool, expected: bool
) -> None:
    """ST-08: -odq, and -odb and -odqs with and without queue_only_override."""
    settings = Settings(immediate=Immediate(queue_only=configured, queue_only_override=override))

    assert overruled(settings, Launch(delivery=delivery)).immediate.queue_only is expected


@pytest.mark.parametrize(
    ("delivery", "expected"), [("local", ("*",)), ("now", ("a.example",)), ("", ("a.example",))]
)
def test_local_delivery_alone_has_smtp_to_every_domain_wait(
    delivery: str, expected: tuple[str, ...]
) -> None:
    """ST-08: -odqs."""
    settings = Settings(immediate=Immediate(queue_smtp_domains=("a.example",)))

    found = overruled(settings, Launch(delivery=delivery)).immediate.queue_smtp_domains
    assert found == expected


def test_times_of_the_command_line_win() -> None:
    """ST-08"""
    settings = overruled(Settings(), Launch(receive_timeout=60))

    assert settings.session.smtp_receive_timeout == 60


def test_runs_of_the_command_line_take_the_place_of_those_of_the_settings() -> None:
    """N-28: so that the start line tells what was typed."""
    queue = Queue(queue_run_interval=300, queue_runs=("-qGslow/1h",))

    typed = overruled(Settings(queue=queue), Launch(queue_runs=("-qGhipri/2m",)))

    assert [run.told for run in periodic_runs(typed)] == ["-qGhipri/2m"]
    assert overruled(Settings(queue=queue), Launch()).queue == queue
