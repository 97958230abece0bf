"""Whom an operator trusts with a file of addresses: root, ourselves, and whoever he names.

Such a file says who gets whose mail.  So does whoever owns a directory that it is in, by putting
another file there (`pymta.tables.owned_file`).

Touches: disk, accounts.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable

from pymta.dataclass import dataclass
from pymta.tables.owned_file import ROOT, open_owned


@dataclass(frozen=True, slots=True)
class Keepers:
    """`us` gives the uid of the daemon; `names` are of table_owners."""

    us: Callable[[], int] = os.geteuid
    names: tuple[str, ...] = ()

    def open(self, path: str) -> int:
        """The descriptor, to read from.  Raises OSError; ValueError where it belongs to others."""
        us = self.us()
        fd = open_owned(path, us)
        owner = os.fstat(fd).st_uid
        if owner in {ROOT, us} or not self.names_of(owner).isdisjoint(self.names):
            return fd
        os.close(fd)
        raise ValueError(
            f"it belongs to {min(self.names_of(owner), key=str.isdigit)};"
            " want root, or its owner in table_owners"
        )

    @staticmethod
    def names_of(uid: int) -> set[str]:
        try:
            return {str(uid), pwd.getpwuid(uid).pw_name}
        except KeyError:
            return {str(uid)}
