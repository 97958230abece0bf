"""A command cannot do its work: what is wrong, in words for people, and an exit code."""

from __future__ import annotations


class CommandError(Exception):
    """`status` is one of sysexits(3), `os.EX_…`."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status
