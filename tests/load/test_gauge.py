"""Readings of this very machine, and of files in its place."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.config.immediate import Immediate
from pymta.config.limits import Limits
from pymta.config.settings import Settings
from pymta.load import gauge
from pymta.load.gauge import Gauge, blind
from pymta.load.reading import NOTHING, Load
from pymta.load.room import room

ALL = Load(4.0, cpu=40.0, memory=40.0, io=40.0)


def pressure(value: float) -> str:
    return f"some avg10={value} avg60=0.00 avg300=0.00 total=1\nfull avg10=9.00 total=1\n"


def test_what_has_no_limit_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "open")
    monkeypatch.delattr(os, "getloadavg")

    assert Gauge(NOTHING, Limits()).read() == NOTHING


def test_this_machine_knows_its_load() -> None:
    average = Gauge(Load(4.0), Limits()).read().average

    assert average is not None
    assert average == pytest.approx(os.getloadavg()[0], abs=0.5)


def test_this_machine_knows_its_pressure() -> None:
    """Or says that it does not, on a kernel without PSI."""
    read = Gauge(replace(ALL, average=None), Limits()).read()

    assert read.average is None
    for value in (read.cpu, read.memory, read.io):
        assert (value is not None) == Path("/proc/pressure/cpu").exists()
        assert value is None or 0 <= value <= 100


def test_files_take_the_place_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "loadavg").write_text("7.25 1.00 1.00 1/1 1\n")
    (tmp_path / "cpu").write_text(pressure(12.5))
    (tmp_path / "io.pressure").write_text(pressure(3))  # the name it has in a control group
    where = Limits(load_average_file=str(tmp_path / "loadavg"), pressure_directory=str(tmp_path))
    reader = Gauge(ALL, where)

    assert reader.read() == Load(7.25, cpu=12.5, io=3.0)
    (tmp_path / "loadavg").write_text("0.5\n")
    (tmp_path / "io.pressure").unlink()
    assert reader.read() == Load(0.5, cpu=12.5)


def test_the_control_group_is_asked_where_the_kernel_hides_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpu.pressure").write_text(pressure(1.5))
    monkeypatch.setattr(gauge, "_PRESSURE", ("/nowhere", str(tmp_path)))

    assert Gauge(Load(cpu=0.0), Limits()).read() == Load(cpu=1.5)


@pytest.mark.parametrize("kind", ["fifo", "directory", "nothing", "noise"])
def test_what_cannot_be_read_is_not_known_and_keeps_nobody_waiting(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "loadavg"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "noise":
            path.write_bytes(b"\xff\x00\n")

    assert Gauge(Load(4.0), Limits(load_average_file=str(path))).read() == NOTHING


def test_a_limit_that_can_never_hold_is_told(tmp_path: Path) -> None:
    limits = Limits(
        smtp_load_reserve=4.0,
        smtp_pressure_reserve={"cpu": 40.0},
        load_average_file=str(tmp_path / "none"),
        pressure_directory=str(tmp_path),
    )
    settings = Settings(limits=limits, immediate=Immediate(queue_only_pressure={"io": 1.0}))

    assert blind(settings) == (
        "smtp_load_reserve has no effect: load average cannot be read here",
        "smtp_pressure_reserve has no effect: pressure cpu cannot be read here",
        "queue_only_pressure has no effect: pressure io cannot be read here",
    )
    assert blind(Settings()) == ()


def test_room_is_what_the_file_system_says(tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    free = room(str(tmp_path))

    assert free.space == pytest.approx(found.f_bavail * found.f_frsize, rel=0.1)
    assert (free.inodes is None) == (found.f_files == 0)
    with pytest.raises(FileNotFoundError):
        room(str(tmp_path / "none"))
