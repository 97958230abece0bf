"""An event: a kind, the classic text, and fields for those who search.

A kind has a MESSAGE_ID of its own, so that the journal can find all events of a kind whatever
the text says.  Never change one; new kinds get new ones (``systemd-id128 new``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum


class Kind(Enum):
    STARTED = "1f1a6c5d6c2b4b7a9d5e0d6c3f9a7b01"
    STOPPING = "5c9e0b7b2f3f4e0f8a3d7f4e2a6b9c02"
    RELOAD = "a3d9f5b0c1e84f6f9b2c7d8e4a5f6003"
    RELOAD_FAILED = "e7b2c4d6f8a94b3c8d1e2f3a4b5c6d04"
    REFUSED = "2b4d6f8091a34c5e8f7a6b5c4d3e2f05"
    TROUBLE = "9a8b7c6d5e4f4a3b8c1d0e9f8a7b6c06"
    CONNECTION = "4c6e8a0b2d4f4861a3c5e7092b4d6f07"
    REJECTED = "7d9fb1c3e5074921b6d8fa0c2e405208"
    ARRIVED = "c0e2f406182a4c3e9d1f3b5d7f91a309"
    QUEUED = "8f1a3c5e70924b6d8fa1c3e5072949a0"
    DELIVERED = "b6d8fa1c3e50427496b8dafc1e3052a1"
    DEFERRED = "3e507294b6d84afc9e1032547698bad2"
    FAILED = "d1f3a5c7e90b4d2f8163a5c7e90b2d43"
    BOUNCED = "6f81a3c5e7094b2d8f6183a5c7e90b54"
    FROZEN = "0c2e4f6183a54c7e9f0b2d4f6183a565"
    COMPLETED = "f5a7c9eb0d2f4143b5677989abbdcf76"
    REMOVED = "000ddd27c9c745148e8483f6234cc0bf"
    QUEUE_RUN = "98badcfe103254769abcde0123456787"
    DEBUG = "b721573ffb7941ceaa64bc2bcf8a6ea8"


class Severity(IntEnum):
    """Priorities of syslog and the journal that no stream stands for (section 3.4)."""

    LOG_FAILURE = 2
    WRONG_SETTINGS = 3
    DEBUG = 7


class Stream(Enum):
    """The classic log files; one line may belong to several (section 0.2 of the catalogue)."""

    MAIN = "main"
    REJECT = "reject"
    PANIC = "panic"


MAIN = (Stream.MAIN,)
MAIN_AND_PANIC = (Stream.MAIN, Stream.PANIC)
MAIN_AND_REJECT = (Stream.MAIN, Stream.REJECT)


@dataclass(frozen=True, slots=True)
class Event:
    """`text` is the classic line without time and without the message id.

    `fields` are journal fields without their prefix: ``{"SENDER": "a@b.example"}`` is sent as
    ``PYMTA_SENDER=a@b.example``.  `selector` names the log selector without which the line stays
    out of the main log; its other streams do not depend on it (section 0.2).  `severity` is the
    syslog priority where it is not that of its streams (section 3.4).
    """

    kind: Kind
    text: str
    queue_id: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    streams: tuple[Stream, ...] = MAIN
    selector: str = ""
    severity: Severity | None = None
