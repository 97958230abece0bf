"""Which files of a test other users can reach, and a way to let them reach all.

This interpreter and this checkout may lie in a home that only its owner may enter.  `readable` goes
before a command, which then runs in a mount namespace of its own, where the closed directories on
the way are covered by an overlay that everybody may enter; outside of it nothing changes.

Touches: disk.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
_EVERYBODY = 0o005
_SCRIPT = """
set -e
mount --make-rprivate /
cover=$1; shift
mount -t tmpfs -o mode=755 cover "$cover"
while [ "$1" != -- ]; do
    mkdir -p "$cover/up$1" "$cover/work$1"
    mount -t overlay -o "lowerdir=$1,upperdir=$cover/up$1,workdir=$cover/work$1" overlay "$1"
    chmod o+rx "$1"
    shift
done
shift
exec "$@"
"""


def let_others_in(directory: Path) -> None:
    """Let all users enter a temporary directory; pytest closes those above it, too."""
    for place in (directory, *directory.parents):
        if Path(tempfile.gettempdir()) in place.parents:
            place.chmod(0o755)


def closed_directories() -> list[str]:
    """On the way to the interpreter or the checkout, and not open to others; the outer first."""
    places = (Path(sys.executable).resolve(), Path(sys.executable).absolute(), CHECKOUT / "pymta")
    ways = {parent for place in places for parent in place.parents}
    closed = {str(d) for d in ways if d.stat().st_mode & _EVERYBODY != _EVERYBODY}
    return sorted(closed, key=len)


def readable(cover: Path) -> list[str]:
    """What goes before a command; `cover` is an empty directory of the test."""
    closed = closed_directories()
    if not closed:
        return []
    return ["unshare", "--mount", "bash", "-c", _SCRIPT, "readable", str(cover), *closed, "--"]
