"""What is free on a disk.

A module of its own: whoever writes to a disk asks, and the settings are none of its business.

Touches: disk.
"""

from __future__ import annotations

import os

from pymta.load.reading import Room


def room(at: str | int) -> Room:
    """What is free where this directory lies; by its path or its descriptor.  Raises OSError."""
    found = os.statvfs(at)
    return Room(found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None)
