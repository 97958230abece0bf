"""Everything that the loop works with, put together once by `main`.

Touches: sockets.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from pathlib import Path

from pymta.config.settings import Settings
from pymta.journal.log import Log
from pymta.supervisor.certificate import Certificate
from pymta.supervisor.children import Children
from pymta.supervisor.deliveries import Deliveries
from pymta.supervisor.desk import Door
from pymta.supervisor.listener import LocalListener
from pymta.supervisor.notify import Notify
from pymta.supervisor.reception import Reception
from pymta.supervisor.shortage import Shortage


@dataclass(slots=True)
class Workplace:
    """`current` is the file of the generation that serves; `control` is None for a daemon without
    a control socket.  `began` is when its first image started, on the clock of the loop.

    `own_local` are listeners whose files go when we go.
    `leash` is what a helper for system users hangs on, see `deliver_helper`; -1 when there is none.

    `ailment` is why the watchdog is not fed, "" when it is (`pulse`).

    `cut_off` counts the children that were still there when the grace time of a stop was over.
    """

    settings: Settings
    current: Path
    children: Children
    reception: Reception
    deliveries: Deliveries
    control: socket.socket | None
    door: Door
    notify: Notify
    log: Log
    shortage: Shortage = field(default_factory=Shortage)
    by_systemd: bool = False
    certificate: Certificate | None = None
    keeps_listeners: bool = False
    leash: int = -1
    began: float = 0.0
    is_stopping: bool = False
    cut_off: int = 0
    own_local: tuple[LocalListener, ...] = ()
    ailment: str = ""
