"""What commands leave behind that a process takes with it when it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def directories_of_a_command_end_with_it() -> Iterator[None]:
    """A command keeps the spool open till its process ends; here hundreds share a process."""
    before = directories()
    yield
    for fd in directories() - before:
        os.close(fd)


def directories() -> set[int]:
    """The descriptors that directories are open at."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that listed them
            if entry.is_dir():
                found.add(int(entry.name))
    return found
