"""The secrets of SRS: one in each line, as postsrsd keeps them; read once, when somebody asks.

Touches: disk, environment.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from pymta.config.auth_file import objection
from pymta.config.secret import VARIABLE, path_of
from pymta.tables.table import Unsure

LARGEST = 64 << 10  # bytes of a file


class SrsSecrets:
    """Those of all files, in their order; `names` are as settings have them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._found: tuple[bytes, ...] = ()

    def __call__(self) -> tuple[bytes, ...] | Unsure:
        """At least one, unless no file was named."""
        if self._names and not self._found:
            found: list[bytes] = []
            for name in self._names:
                try:
                    found += _read(path_of(name, os.environ.get(VARIABLE, "")))
                except OSError as error:
                    return Unsure(f"srs_secrets: {name} cannot be read: {error.strerror or error}")
                except ValueError as error:
                    return Unsure(f"srs_secrets: {name} cannot be used: {error}")
            self._found = tuple(found)
        return self._found


def _read(path: str) -> list[bytes]:
    """Raises OSError; ValueError where there is none, or strangers may have written it."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    with os.fdopen(fd, "rb") as file:
        if why := objection(os.fstat(fd)):
            raise ValueError(why)
        found = [line for line in file.read(LARGEST).splitlines() if line]
    if not found:
        raise ValueError("no secret is in it")
    return found
