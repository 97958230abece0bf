"""What follows from facts: each thing that is wrong by itself, and nothing where all is well."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from pymta.config.journal import Journal
from pymta.config.limits import Limits
from pymta.config.queue import Queue
from pymta.config.routing import Routing
from pymta.config.settings import Machine as Place
from pymta.config.settings import Settings
from pymta.config.tls import Tls
from pymta.doctor import (
    certificate,
    configured,
    daemon,
    machine,
    process,
    promises,
    storage,
    units,
)
from pymta.doctor.ask_files import ask_certificates
from pymta.doctor.certificate import Certificate
from pymta.doctor.configured import Configured, Mode
from pymta.doctor.daemon import Asked, Program
from pymta.doctor.finding import Finding, Weight, as_text, fault, has_fault, in_order, note
from pymta.doctor.machine import Clock, Dns, Machine, NameServer
from pymta.doctor.process import Process
from pymta.doctor.storage import Disk, Storage, Tried, Waiting
from pymta.doctor.units import Unit, span, the_service
from pymta.load.reading import Room
from pymta.resolver.answer import Failed, Found, NoSuchDomain, Nothing
from pymta.supervisor.enough import Allowed
from pymta.tls.leaf import Leaf
from tests.doubles import certificates

SETTINGS = Settings(
    routing=Routing(primary_hostname="mx.example.org"), machine=Place(is_managed=True)
)
UNIT_FILES = Path(__file__).parents[2] / "systemd"
PLENTY = Room(1 << 40, 1 << 20)
NOW = 1_800_000_000.0
DAY = 86_400


def topics(findings: Iterable[Finding]) -> list[str]:
    return [one.topic for one in findings]


# Units.


def unit(name: str, **changed: str) -> Unit:
    """As it is on a host that is well."""
    shown = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled"}
    if name in promises.SERVICES:
        shown |= {p.name: p.value for p in (*promises.KEEPS_MAIL, *promises.WALLS)}
        shown |= {"TimeoutStopUSec": "1min", "MainPID": "0"}
    if name == "pymta.socket":
        shown["FileDescriptorName"] = "smtp"
    return Unit(name, shown | changed)


def host(**changed: Unit | None) -> dict[str, Unit]:
    """Keyword: pymta_service for pymta.service, and so on; None takes it away."""
    names = ("pymta.service", "pymta.socket", "pymta-queue.timer", "pymta-tidy.timer")
    found = {name: unit(name) for name in names}
    others = {name: unit(name, ActiveState="inactive", UnitFileState="disabled") for name in (
        "pymta-selfbound.service", "pymta-submission.socket", "pymta-deliver.socket"
    )}  # fmt: skip
    return found | others | {one.name: one for one in changed.values() if one}


@pytest.mark.parametrize(
    ("broken", "topic", "weight"),
    [
        (None, None, None),
        (unit("pymta.service", NeedDaemonReload="yes"), "daemon-reload", Weight.FAULT),
        (unit("pymta.service", KillMode="control-group"), "unit-vital", Weight.FAULT),
        (unit("pymta.service", OOMPolicy="stop"), "unit-vital", None),
        (unit("pymta.service", PrivateTmp="no"), "unit-loosened", Weight.NOTE),
        (unit("pymta.service", ProtectProc=""), None, None),  # of a systemd without it
        (unit("pymta.service", TimeoutStopUSec="30s"), "stop-too-short", Weight.FAULT),
        (unit("pymta.service", TimeoutStopUSec="infinity"), None, None),
        (unit("pymta.service", ActiveState="failed"), "unit-failed", Weight.FAULT),
        (unit("pymta.service", ActiveState="inactive"), None, None),  # a call starts it
        (unit("pymta.service", UnitFileState="disabled"), "not-enabled", Weight.NOTE),
        (unit("pymta.service", LoadState="bad-setting"), "unit-unusable", Weight.FAULT),
        (unit("pymta-queue.timer", ActiveState="inactive"), "no-queue-timer", Weight.NOTE),
        (unit("pymta-queue.timer", UnitFileState="disabled"), "not-enabled", Weight.NOTE),
        (unit("pymta-tidy.timer", ActiveState="inactive"), "not-tidied", Weight.NOTE),
        (unit("pymta-submission.socket", ActiveState="inactive"), "socket-down", Weight.FAULT),
        (
            unit("pymta-submission.socket", FileDescriptorName="submission"),
            "socket-unserved",
            Weight.FAULT,
        ),
    ],
)
def test_a_unit_that_is_not_as_promised_is_named_alone(
    broken: Unit | None, topic: str | None, weight: Weight | None
) -> None:
    found = list(units.findings(host(broken=broken), SETTINGS, frozenset({"smtp"})))
    if broken and broken["OOMPolicy"] == "stop":
        topic, weight = "unit-loosened", Weight.NOTE
    assert [(one.topic, one.weight) for one in found] == ([(topic, weight)] if topic else [])
    assert all(broken and one.where == broken.name for one in found)


def test_a_host_where_nothing_is_started_is_told_how() -> None:
    down = {name: unit(name, ActiveState="inactive") for name in ("pymta.service", "pymta.socket")}
    found = list(units.findings(host(**down), SETTINGS, None))
    assert "down" in topics(found)
    assert topics(units.findings({}, SETTINGS, None)) == ["units-missing"]


def test_a_daemon_that_was_started_otherwise_wants_no_unit() -> None:
    names = ("pymta.service", "pymta.socket")
    down = {name: unit(name, ActiveState="inactive", UnitFileState="disabled") for name in names}
    assert topics(units.findings(host(**down), SETTINGS, frozenset({"smtp"}))) == []
    assert topics(units.findings({}, SETTINGS, frozenset({"smtp"}))) == []


@pytest.mark.parametrize(
    ("queue", "topic"),
    [
        (Queue(), "no-queue-timer"),
        (Queue(queue_run="timer"), "no-queue-runs"),
        (Queue(queue_run="timer", queue_runs=("-qGslow/10m",)), "no-queue-runs"),
        (Queue(queue_run="internal"), None),
        (Queue(queue_runs=("-q10m",)), None),
    ],
    ids=["stands in", "timer alone", "another queue", "alarm", "word"],
)
def test_without_the_timer_it_matters_who_else_runs_the_queue(
    queue: Queue, topic: str | None
) -> None:
    down = host(timer=unit("pymta-queue.timer", ActiveState="inactive"))
    found = units.findings(down, replace(SETTINGS, queue=queue), None)
    assert topics(found) == ([topic] if topic else [])


def test_system_users_want_the_helper() -> None:
    users = replace(SETTINGS, routing=replace(SETTINGS.routing, local_users=True))
    assert topics(units.findings(host(), users, None)) == ["helper-down"]


def test_the_selfbound_service_counts_where_it_runs() -> None:
    own = unit("pymta-selfbound.service")
    off = {n: unit(n, ActiveState="inactive", UnitFileState="disabled") for n in (
        "pymta.service", "pymta.socket"
    )}  # fmt: skip
    found = host(own=own, **off)
    assert the_service(found) is found[own.name]
    assert topics(units.findings(found, SETTINGS, None)) == []


@pytest.mark.parametrize("name", promises.WALLED)
def test_the_promises_are_those_of_the_units(name: str) -> None:
    """Each line stands there, so that no host that is well is told of it."""
    lines = (UNIT_FILES / name).read_text().splitlines()
    for promise in promises.WALLS:
        assert f"{promise.name}={promise.value}" in lines
    if name in promises.LASTING:
        for promise in promises.KEEPS_MAIL:
            assert f"{promise.name.replace('USec', 'Sec')}={promise.value}" in lines


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1min 30s", 90.0),
        ("5s", 5.0),
        ("1h", 3600.0),
        ("500ms", 0.5),
        ("infinity", None),
        ("", None),
    ],
)
def test_spans_are_read_as_systemd_writes_them(text: str, seconds: float | None) -> None:
    assert span(text) == seconds


# The process.

SANE = {
    "Uid": "998\t998\t998\t998",
    "CapEff": "0000000000000000",
    "NoNewPrivs": "1",
    "Seccomp": "2",
}
SERVICE = unit(
    "pymta.service",
    MainPID="7",
    TasksMax="2048",
    LimitNOFILE="16384",
    SystemCallFilter="read write",
    CapabilityBoundingSet="",
)
WELL = Process(7, SANE, Allowed(16384, 2048))


@pytest.mark.parametrize(
    ("found", "topic", "part"),
    [
        (WELL, "", ""),
        (replace(WELL, status={}), "", ""),
        (replace(WELL, status=SANE | {"NoNewPrivs": "0"}), "not-as-promised", "gain privileges"),
        (replace(WELL, status=SANE | {"Seccomp": "0"}), "not-as-promised", "every system call"),
        (replace(WELL, status=SANE | {"CapEff": "400"}), "not-as-promised", "capabilities 0x400"),
        (replace(WELL, allowed=Allowed(1024, 2048)), "not-as-promised", "may have 1024 open files"),
        (replace(WELL, allowed=Allowed(16384, 60)), "limit", "92 processes"),
        (replace(WELL, writable=("/etc",)), "not-as-promised", "could write to /etc"),
        (replace(WELL, writable=None), "", ""),
        (replace(WELL, has_task_limit=False), "tasks-unlimited", "no control group"),
        (replace(WELL, oom_score_adj=-1000), "oom", "may not end it"),
    ],
)
def test_what_a_process_has_not_got_is_named(found: Process, topic: str, part: str) -> None:
    told = list(process.findings(found, SERVICE, SETTINGS))
    assert topics(told) == ([topic] if topic else [])
    assert all(part in one.what for one in told)


def test_a_unit_may_allow_the_capability_that_it_needs() -> None:
    bound = replace(WELL, status=SANE | {"CapEff": "0000000000000400"})
    own = unit("pymta-selfbound.service", MainPID="7", CapabilityBoundingSet="cap_net_bind_service")
    assert topics(process.findings(bound, own, SETTINGS)) == []


def test_a_daemon_that_no_unit_has_started_is_not_held_to_one() -> None:
    other = replace(WELL, pid=8, allowed=Allowed(16384, 60))
    (found,) = process.findings(other, SERVICE, SETTINGS)
    assert (found.where, found.remedy) == ("process 8", "TasksMax=92")
    as_root = replace(WELL, status=SANE | {"Uid": "0\t0\t0\t0"})
    assert topics(process.findings(as_root, None, SETTINGS)) == ["root"]


# The daemon, settings, certificates.

REPORT: dict[str, Any] = {"version": "1", "state": "serving", "accepting": True, "listeners": []}


def test_the_local_socket_is_one_of_those_that_a_daemon_has() -> None:
    report = REPORT | {
        "listeners": [{"role": "smtp"}],
        "local_listeners": [{"path": "/run/pymta/submit", "role": "local"}],
    }
    assert daemon.roles(Asked(report)) == frozenset({"smtp", "local"})
    assert daemon.roles(Asked()) is None


@pytest.mark.parametrize(
    ("asked", "topic"),
    [
        (Asked(REPORT), None),
        (Asked(REPORT | {"version": "0.9"}), "old-program"),
        (Asked(REPORT | {"accepting": False}), "not-accepting"),
        (Asked(REPORT | {"accepting": False, "state": "stopping"}), None),
        (Asked(REPORT | {"last_reload": {"ok": False, "text": "no"}}), "reload-refused"),
        (Asked(trouble="no answer"), "silent"),
        (Asked(trouble="only root", is_denied=True), "not-seen"),
    ],
)
def test_what_the_daemon_says_of_itself(asked: Asked, topic: str | None) -> None:
    found = topics(daemon.findings(asked, Program("1"), should_run=True))
    assert found == ([topic] if topic else [])


def test_a_program_that_was_replaced_is_old_though_its_version_is_not() -> None:
    gone = Program("1", is_theirs_there=False)
    assert topics(daemon.findings(Asked(REPORT), gone, should_run=True)) == ["old-program"]
    assert topics(daemon.findings(Asked(trouble="none"), gone, should_run=False)) == []


def test_settings_files_are_judged() -> None:
    file = Mode("/etc/pymta/pymta.toml", 0, 0o644)
    assert topics(configured.findings(Configured(SETTINGS, files=(file,)))) == []
    wrong = Configured(
        SETTINGS,
        complaints=("pymta.toml:1: no",),
        changes=("a 1 -> 2",),
        files=(replace(file, mode=0o666),),
        tables=(("/etc/aliases", "it belongs to alice"),),
        unseen=("/x",),
    )
    assert topics(configured.findings(wrong)) == [
        "settings-wrong",
        "reload-due",
        "settings-writable",
        "table-owner",
        "not-seen",
    ]


KEY = Mode("/etc/pymta/tls/privkey.pem", 0, 0o600)
GOOD = Certificate(value="credential:tls_a.pem", leaf=Leaf(0, NOW + 90 * DAY), secrets=(KEY,))


@pytest.mark.parametrize(
    ("found", "topic"),
    [
        (GOOD, None),
        (replace(GOOD, trouble="is not there"), "certificate"),
        (replace(GOOD, is_newer=True), "certificate-renewed"),
        (replace(GOOD, is_unseen=True), "not-seen"),
        (replace(GOOD, leaf=Leaf(0, NOW - 1)), "certificate-expired"),
        (replace(GOOD, leaf=Leaf(NOW + 1, NOW + 90 * DAY)), "certificate-early"),
        (replace(GOOD, leaf=Leaf(0, NOW + 5 * DAY)), "certificate-expires"),
        (replace(GOOD, secrets=(replace(KEY, mode=0o644),)), "key-readable"),
        (replace(GOOD, secrets=(replace(KEY, mode=0o644, is_reachable=False),)), None),
    ],
)
def test_certificates_are_judged(found: Certificate, topic: str | None) -> None:
    told = topics(certificate.findings(found, NOW, "pymta.service"))
    assert told == ([topic] if topic else [])


def test_of_several_certificates_each_is_named(tmp_path: Path) -> None:
    own = certificates.make(tmp_path / "own")
    soon = certificates.make(tmp_path / "soon", name="mx.example.org", days=3)
    tls = Tls(
        {"*": str(own.file), "mx.example.org": str(soon.file), "192.0.2.1": "/no.pem"},
        {"*": str(own.key), "mx.example.org": str(soon.key)},
    )
    told = [
        (one.topic, one.where)
        for found in ask_certificates(tls, "pymta.service")
        for one in certificate.findings(found, soon.file.stat().st_mtime, "pymta.service")
    ]
    assert told == [
        ("certificate-expires", f'tls_certificate = "{soon.file}" for "mx.example.org"'),
        ("certificate", 'tls_certificate = "/no.pem" for "192.0.2.1"'),
    ]


# Storage and the machine.

DISK = Disk("/var/lib/pymta/spool", "ext4", PLENTY)


@pytest.mark.parametrize(
    ("found", "topic"),
    [
        (Storage(disks=(DISK,)), None),
        (Storage(disks=(replace(DISK, kind="tmpfs"),)), "forgetful-disk"),
        (Storage(disks=(replace(DISK, kind="nfs4"),)), "far-disk"),
        (Storage(disks=(replace(DISK, strays=("/x",)),)), "stray-disk"),
        (Storage(disks=(replace(DISK, room=Room(1 << 20, 1000)),)), "disk-full"),
        (Storage(disks=(replace(DISK, room=Room(1 << 40, 7)),)), "disk-full"),
        (Storage(disks=(replace(DISK, room=Room(0), is_log=True),)), "disk-full"),
        (Storage(modes=(Mode("/var/lib/pymta", 998, 0o750),)), None),
        (Storage(modes=(Mode("/var/lib/pymta", 998, 0o755),)), "mail-readable"),
        (Storage(tried=(Tried("/x"),)), None),
        (Storage(tried=(Tried("/x", errno.EROFS, "read-only"),)), "unwritable"),
        (Storage(tried=None, waiting=None), "not-seen"),
        (Storage(waiting=Waiting(5, 2, 7200.0, NOW - 9000)), "queue-late"),
        (Storage(waiting=Waiting(5)), None),
        (Storage(trouble="no"), "spool"),
    ],
)
def test_disks_directories_and_the_queue_are_judged(found: Storage, topic: str | None) -> None:
    told = topics(storage.findings(found, Limits(), NOW))
    assert told == ([topic] if topic else [])


def test_a_full_disk_is_told_once() -> None:
    full = replace(DISK, room=Room(0, 0))
    found = Storage(disks=(full,), tried=(Tried(full.path, errno.ENOSPC, "full"),))
    assert topics(storage.findings(found, Limits(), NOW)) == ["disk-full"]


ADDRESS = ip_address("192.0.2.1")
NAMED = Dns((NameServer("192.0.2.53", 0.01),), Found((ADDRESS,)))
FINE = Machine(Clock(NOW, NOW - DAY), NAMED, is_persistent=True)
DEAD = NameServer("192.0.2.54", None, "time-out")


@pytest.mark.parametrize(
    ("found", "topic"),
    [
        (FINE, None),
        (replace(FINE, clock=Clock(0.0, NOW)), "clock-wrong"),
        (replace(FINE, clock=Clock(NOW, 0.0, is_synchronized=False)), "clock-unsynchronized"),
        (replace(FINE, is_persistent=False), "journal-volatile"),
        (replace(FINE, sendmail="/usr/sbin/exim4"), "other-sendmail"),
        (replace(FINE, sendmail="/usr/bin/pymta-sendmail"), None),
        (
            replace(FINE, sendmail="/usr/bin/pymta-sendmail", takes_local_mail=False),
            "sendmail-dead",
        ),
        (replace(FINE, takes_local_mail=False), None),
        (replace(FINE, stranger="exim4, process 12"), "port-taken"),
        (replace(FINE, dns=Dns()), "dns-none"),
        (replace(FINE, dns=Dns((DEAD,), Failed("x"))), "dns-dead"),
        (replace(FINE, dns=replace(NAMED, servers=(*NAMED.servers, DEAD))), "dns-dead"),
        (replace(FINE, dns=replace(NAMED, servers=(NameServer("a", 2.0),))), "dns-slow"),
        (replace(FINE, dns=replace(NAMED, own=NoSuchDomain())), "own-name"),
        (replace(FINE, dns=replace(NAMED, own=Nothing())), "own-name"),
        (
            replace(FINE, dns=replace(NAMED, reverse=((ADDRESS, Found(("mx.example.org",))),))),
            None,
        ),
        (replace(FINE, dns=replace(NAMED, reverse=((ADDRESS, Found(("a.b",))),))), "own-reverse"),
        (replace(FINE, dns=replace(NAMED, reverse=((ADDRESS, Nothing()),))), "own-reverse"),
        (replace(FINE, dns=replace(NAMED, reverse=((ADDRESS, Failed("x")),))), None),
    ],
)
def test_the_machine_is_judged(found: Machine, topic: str | None) -> None:
    told = topics(machine.findings(found, SETTINGS))
    assert told == ([topic] if topic else [])


def test_one_dead_name_server_of_two_is_a_note_and_the_last_one_a_fault() -> None:
    one = replace(FINE, dns=replace(NAMED, servers=(*NAMED.servers, DEAD)))
    assert not has_fault(machine.findings(one, SETTINGS))
    assert has_fault(machine.findings(replace(FINE, dns=Dns((DEAD,))), SETTINGS))


def test_a_journal_in_memory_is_no_matter_where_the_log_is_a_file() -> None:
    file = replace(SETTINGS, journal=Journal(log_file_path=("/var/log/pymta/%slog",)))
    assert topics(machine.findings(replace(FINE, is_persistent=False), file)) == []


def test_what_must_be_mended_comes_first_and_says_how() -> None:
    first, second = in_order((note("a", "here", "is odd"), fault("b", "there", "is wrong", "mend")))
    assert as_text(first) == "fault: there: is wrong\n      mend"
    assert as_text(second) == "note: here: is odd"
