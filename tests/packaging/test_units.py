"""What the texts of the units have in common, and what stands in one of them alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymta.journal.line import IDENTIFIER
from pymta.local import rota
from tests.doubles.peers import CHECKOUT

UNITS = CHECKOUT / "systemd"
FIRST_WALL = "NoNewPrivileges"
# Where a unit is closed in another way than pymta.service: key to values, [] for not at all.
OTHERWISE = {
    "pymta-selfbound.service": {
        "CapabilityBoundingSet": ["CAP_NET_BIND_SERVICE"],
        "AmbientCapabilities": ["CAP_NET_BIND_SERVICE"],
    },
    "pymta-tidy.service": {"RestrictAddressFamilies": ["AF_UNIX"], "PrivateNetwork": ["yes"]},
}
HAS_WALLS_OF_ITS_OWN = {"pymta-deliver.service"}
SERVICES = sorted(
    path.name for path in UNITS.glob("*.service") if path.name not in HAS_WALLS_OF_ITS_OWN
)
LIKE_THE_DEFAULT_QUEUE = {
    "pymta-named-queue@.service": {
        "ConditionDirectoryNotEmpty": ["/var/lib/pymta/spool/queue.%i"],
        "ExecStart": ["/usr/bin/pymta queue run --queue %i"],
    },
    "pymta-queue@.service": {
        "ConditionDirectoryNotEmpty": [],
        "ExecStart": ["/usr/bin/pymta queue run --domain=%I"],
    },
}


def directives(name: str) -> dict[str, list[str]]:
    """Each key with its values, in the order of the file; the description left out."""
    found: dict[str, list[str]] = {}
    for line in (UNITS / name).read_text().splitlines():
        key, is_directive, value = line.partition("=")
        if is_directive and not line.startswith("#") and key != "Description":
            found.setdefault(key, []).append(value)
    return found


def walls(name: str) -> dict[str, list[str]]:
    """The directives that close a service, to the end of its section."""
    section = (UNITS / name).read_text().partition("[Service]")[2].partition("[Install]")[0]
    keys = [line.partition("=")[0] for line in section.splitlines() if not line.startswith("#")]
    all_directives = directives(name)
    return {key: all_directives[key] for key in keys[keys.index(FIRST_WALL) :] if key}


def changed(base: dict[str, list[str]], by: dict[str, list[str]]) -> dict[str, list[str]]:
    return {key: values for key, values in {**base, **by}.items() if values}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_closed_like_the_daemon_but_for_what_is_said(name: str) -> None:
    assert len(walls("pymta.service")) > 25
    assert walls(name) == changed(walls("pymta.service"), OTHERWISE.get(name, {}))


@pytest.mark.parametrize("name", LIKE_THE_DEFAULT_QUEUE)
def test_a_template_of_queue_runs_differs_in_its_messages_alone(name: str) -> None:
    """N-16, check 18"""
    assert directives(name) == changed(
        directives("pymta-queue.service"), LIKE_THE_DEFAULT_QUEUE[name]
    )
    assert directives("pymta-named-queue@.timer") == directives("pymta-queue.timer")


def test_the_daemon_that_binds_for_itself_is_the_same_daemon() -> None:
    ordinary, own = directives("pymta.service"), directives("pymta-selfbound.service")
    about_sockets = {"Requires", "PartOf", "Conflicts", "After", "FileDescriptorStoreMax", "Also"}
    own_walls = OTHERWISE["pymta-selfbound.service"]

    assert {k: v for k, v in own.items() if k not in about_sockets} == changed(
        {k: v for k, v in ordinary.items() if k not in about_sockets}, own_walls
    )
    conflicts = set(own["Conflicts"][0].split())
    assert conflicts == {"pymta.service", *(path.name for path in sockets())}


def test_no_burst_of_calls_or_restarts_ends_in_a_closed_port() -> None:
    """Check 13: neither the limit of the service nor that of a socket counts."""
    for name in ("pymta.service", "pymta-selfbound.service"):
        assert directives(name)["StartLimitIntervalSec"] == ["0"]
    for path in UNITS.glob("*.socket"):
        assert directives(path.name)["TriggerLimitIntervalSec"] == ["0"]
        assert directives(path.name)["StartLimitIntervalSec"] == ["0"]


def test_each_unit_is_installed_and_decided_by_the_preset() -> None:
    table = (CHECKOUT / "packaging/install").read_text()
    preset = (UNITS / "pymta.preset").read_text().split()
    for path in UNITS.iterdir():
        assert f"systemd/{path.name} " in table
        if "[Install]" in path.read_text():
            assert path.name in preset


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda path: path.name)
def test_no_unit_of_ours_has_its_lines_dropped_or_misnamed(unit: Path) -> None:
    """A limit of 0 is the default to systemd, and the default dropped 15000 of 50000 lines.

    Standard error, which takes what the journal's socket does not, is named by the unit; both must
    be found by one `journalctl -t`.
    """
    lines = unit.read_text().splitlines()

    assert {"LogRateLimitIntervalSec=1s", "LogRateLimitBurst=10000000"} <= set(lines)
    assert f"SyslogIdentifier={IDENTIFIER}" in lines


def test_one_user_cannot_take_all_processes_of_the_delivery_helper() -> None:
    """Commands can leave processes that nobody may end; others then still have room to fork."""
    limits = directives("pymta-deliver.service")
    (of_one,), (of_all,) = limits["LimitNPROC"], limits["TasksMax"]
    assert 2 * int(of_one) + rota.MOST < int(of_all)


def sockets() -> list[Path]:
    """Of the daemon; that of the delivery helper leads elsewhere."""
    return [path for path in UNITS.glob("*.socket") if "Service=pymta.service" in path.read_text()]
