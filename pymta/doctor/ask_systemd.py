"""What systemd says of our units: one call of systemctl, which every user may make.

Touches: processes, disk.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from pymta.doctor.promises import KEEPS_MAIL, UNITS, WALLS
from pymta.doctor.units import Unit, Units

BOOTED = Path("/run/systemd/system")  # sd_booted(3)
PATIENCE = 20  # seconds; a systemd that takes longer is no help
_OF_ITSELF = (
    "Id LoadState ActiveState UnitFileState NeedDaemonReload DropInPaths FragmentPath Result"
    " MainPID FileDescriptorName TimeoutStopUSec LimitNOFILE TasksMax CapabilityBoundingSet"
    " SystemCallFilter"
).split()
_PROPERTIES = (*_OF_ITSELF, *(promise.name for promise in (*KEEPS_MAIL, *WALLS)))


def has_systemd() -> bool:
    return BOOTED.is_dir()


def ask_units() -> Units | str:
    """The units by name; or why systemd does not tell."""
    words = ["systemctl", "show", "--no-pager", f"--property={','.join(_PROPERTIES)}", "--"]
    try:
        done = subprocess.run(  # noqa: S603 - words of our own
            [*words, *UNITS],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except OSError as error:
        return f"systemctl: {error.strerror}"
    except subprocess.TimeoutExpired:
        return f"systemctl took longer than {PATIENCE}s"
    if done.returncode:
        return done.stderr.strip() or f"systemctl: exit status {done.returncode}"
    return {unit.name: unit for unit in read_units(done.stdout)}


def read_units(text: str) -> Iterator[Unit]:
    """From the output of ``systemctl show``: a paragraph each."""
    for paragraph in text.split("\n\n"):
        found = dict(line.split("=", 1) for line in paragraph.splitlines() if "=" in line)
        if name := found.get("Id"):
            yield Unit(name, found)
