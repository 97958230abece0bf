"""Which files of a test other users can reach.

Touches: disk.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def let_others_in(directory: Path) -> None:
    """Let all users enter a temporary directory; pytest closes those above it, too."""
    for place in (directory, *directory.parents):
        if Path(tempfile.gettempdir()) in place.parents:
            place.chmod(0o755)


def others_can_start_us() -> bool:
    """Whether this interpreter and this checkout lie where other users get at them."""
    python = Path(sys.executable)
    places = {*python.parents, *python.resolve().parents, CHECKOUT, *CHECKOUT.parents}
    return all(place.stat().st_mode & 0o005 == 0o005 for place in places)
