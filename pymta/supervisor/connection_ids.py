"""A name for each connection, unlike that of any other on any host (N-29).

A random part that this image of the supervisor chose, and a number: so the connections of one
image sort together, and a name costs no question to the kernel.

Touches: randomness.
"""

from __future__ import annotations

import itertools
import secrets

_BYTES = 9  # 72 bits, twelve characters: two images with the same will not happen


class ConnectionIds:
    def __init__(self) -> None:
        # No hyphen of its own, so that there is one way to read it.
        self._image = secrets.token_urlsafe(_BYTES).replace("-", "x").replace("_", "y")
        self._numbers = itertools.count(1)

    def next(self) -> str:
        return f"{self._image}-{next(self._numbers)}"
