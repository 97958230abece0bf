"""Hints in a dictionary."""

from __future__ import annotations

from pymta.hints.store import HostHint


class MemoryHints:
    def __init__(self) -> None:
        self.kept: dict[str, HostHint] = {}

    def get(self, host: str) -> HostHint | None:
        return self.kept.get(host)

    def put(self, hint: HostHint) -> None:
        self.kept[hint.host] = hint

    def forget(self, host: str) -> None:
        self.kept.pop(host, None)
