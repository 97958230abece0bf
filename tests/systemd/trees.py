"""The releases of systemd that tests of units boot.

    252   the machine's own, as Debian 12 has it, with pymta as packaging/install puts it there
    257   a Debian 13 in `.peers`, made by `packaging/dev test`; its own Python packages serve pymta

A test runs on 252 unless it or its module is marked.  `ON_BOTH` is for what each release does in a
way of its own: walls, credentials, reload, stored sockets.  What else a module has runs on one of
them, `ON_252` or `ON_257`, and on the other with -m long.
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

ON_252 = pytest.mark.systemd("252")
ON_257 = pytest.mark.systemd("257")
ON_BOTH = pytest.mark.systemd("252", "257")


def each_tree(marked: pytest.Mark) -> list[pytest.ParameterSet]:
    """All trees, for the fixture `tree`; those that were not asked for are for a long run."""
    return [
        pytest.param(tree, marks=marks if tree in marked.args else [*marks, pytest.mark.long])
        for tree, marks in (("252", []), ("257", [pytest.mark.trixie]))
    ]


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
