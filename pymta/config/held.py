"""What a running daemon has in hand when its settings are read again for a reload.

Files do not say everything then: systemd may have handed in sockets that no setting names, and
what root read at the start need not be readable any more.
"""

from __future__ import annotations

from pymta.config.tls import Tls
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """`sockets` are role and port of each that systemd handed in, in place of our own.

    `spool` is the spool_directory that it was started with, None for a daemon that is starting.
    `tls` names the certificate that was read while the daemon was root, None when it never was.
    """

    sockets: tuple[tuple[str, int], ...] = ()
    tls: Tls | None = None
    spool: str | None = None
