"""What the command that starts a supervisor leaves to it over the exec.

Settings, when root starts it: the generation on disk belongs to the account that we are about to
become, and what that account can write must not say to root which user to become or which file
to write.  So root's own copy travels in a memory file.

A pipe, when a command waits in the terminal for a daemon in the background (BL-10): it hears that
we serve, or the line that says why not.

Touches: descriptors, environment.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from pymta.config.generation import from_plain, to_plain
from pymta.config.settings import Settings

SETTINGS = "PYMTA_SETTINGS"
READINESS = "PYMTA_READINESS"
SERVES = b"serves"


def leave_settings(settings: Settings) -> int:
    """A descriptor that survives the exec; its number goes into the variable SETTINGS."""
    fd = os.memfd_create("pymta-settings", 0)
    with open(os.dup(fd), "wb") as file:  # noqa: PTH123 - a descriptor has no path
        file.write(json.dumps(to_plain(settings)).encode())
    return fd


@dataclass(slots=True)
class Birth:
    """`settings` None: read the generation.  `readiness` -1: nobody waits to hear from us."""

    settings: Settings | None = None
    readiness: int = -1

    def serves(self) -> None:
        self._tell(SERVES)

    def failed(self, line: str) -> None:
        self._tell(line.encode("utf-8", "replace"))

    def _tell(self, word: bytes) -> None:
        if self.readiness < 0:
            return
        try:
            os.write(self.readiness, word)
        except OSError:  # who waited has gone; that changes nothing
            pass
        finally:
            os.close(self.readiness)
            self.readiness = -1


def take() -> Birth:
    """What was left to us; the variables are gone afterwards, so no child inherits them."""
    settings = None
    if number := os.environ.pop(SETTINGS, ""):
        with open(int(number), "rb") as file:  # noqa: PTH123 - a descriptor has no path
            file.seek(0)
            settings = from_plain(json.loads(file.read()))
    readiness = int(os.environ.pop(READINESS, "-1"))
    if readiness >= 0:
        os.set_inheritable(readiness, False)
    return Birth(settings, readiness)
