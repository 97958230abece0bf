"""The releases of systemd that tests of units boot.

    252   the machine's own, as Debian 12 has it, with pymta as packaging/install puts it there
    257   a Debian 13 in `.peers`, made by `packaging/dev test`; its own Python packages serve pymta

A test runs on 252 unless its module or it is marked `ON_BOTH`.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.doubles.box import MACHINE
from tests.doubles.peers import CHECKOUT

DEBIAN_13 = CHECKOUT / ".peers" / "debian-13"
TREES = {"252": MACHINE, "257": DEBIAN_13}

ON_BOTH = pytest.mark.parametrize(
    "tree", ["252", pytest.param("257", marks=pytest.mark.trixie)], indirect=True
)


def adapt(installed: Path, layer: Path) -> None:
    """Make `layer` from an installed tree: the same, but on Debian's Python and its packages."""
    library = layer / "usr/lib/pymta"
    subprocess.run(["cp", "-a", installed, layer], check=True)
    for item in (library / "current").iterdir():
        if not item.name.startswith("pymta"):
            shutil.rmtree(item) if item.is_dir() else item.unlink()
    for command in ("pymta", "pymta-sendmail"):
        launcher = layer / "usr/bin" / command
        own = str(Path("/usr/bin/python3").resolve())
        launcher.write_text(launcher.read_text().replace(own, "/usr/bin/python3"))
    _compile(library)


def _compile(library: Path) -> None:
    """With that Debian's Python: what is not compiled costs each process of a box half a second."""
    place = "/mnt"
    there = ("chroot", DEBIAN_13, "python3", "-m", "compileall", "-q", "-s", place)
    script = 'mount --bind "$0" "$1" && shift && exec "$@"'
    mounted = ("unshare", "--mount", "sh", "-c", script, library, f"{DEBIAN_13}{place}")
    subprocess.run([*mounted, *there, "-p", "/usr/lib/pymta", place], check=True)
