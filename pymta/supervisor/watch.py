"""Descriptors that the loop waits for, and leaves alone for a while when there is a shortage.

Whoever calls while nothing can be accepted keeps a listener readable.  Waiting for it would end
each wait at once and turn the loop into a busy one (AE-04).

Touches: descriptors.
"""

from __future__ import annotations

import selectors
from collections.abc import Callable, Iterable


class Watch:
    """Some descriptors with the same `data` in the selector; ended or not, `end` may be called."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        descriptors: Iterable[int],
        data: Callable[[], None] | None,
    ) -> None:
        self._selector = selector
        self._descriptors = tuple(descriptors)
        self._data = data
        self._until = 0.0  # 0: they are watched
        self._register()

    def pause(self, now: float, seconds: float) -> None:
        """Leave them alone for so long; a pause that is on already stays as it is."""
        if not self._until:
            self._unregister()
            self._until = now + seconds

    def go_on(self, now: float) -> float | None:
        """Watch them again when it is time; seconds that are left, None when they are watched."""
        if not self._until:
            return None
        if now < self._until:
            return self._until - now
        self.resume()
        return None

    def resume(self) -> None:
        """Watch them again now."""
        if self._until:
            self._until = 0.0
            self._register()

    @property
    def is_on(self) -> bool:
        """Does the selector itself know each of them?"""
        known = self._selector.get_map()
        return all(fd in known for fd in self._descriptors)

    @property
    def pause_ends(self) -> float:
        """When the pause is over, on the clock of the loop; 0: there is none."""
        return self._until

    def end(self) -> None:
        if not self._until:
            self._unregister()
        self._until = 0.0
        self._descriptors = ()

    def _register(self) -> None:
        for fd in self._descriptors:
            self._selector.register(fd, selectors.EVENT_READ, self._data)

    def _unregister(self) -> None:
        for fd in self._descriptors:
            self._selector.unregister(fd)
