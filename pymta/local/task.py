"""One delivery as the process that does it has it in hand.

Touches: disk, clock.
"""

from __future__ import annotations

import errno
import math
import os
import time
from collections.abc import Callable, Iterator

from pymta.accounts.account import Account
from pymta.config.deliver import Deliver
from pymta.dataclass import dataclass
from pymta.mail.trace import delivered_to, return_path
from pymta.spool.disk import Disk
from pymta.transport.local_request import PutOff, Request, Stored

BLOCK = 256 * 1024  # bytes of a message in memory at once


@dataclass(frozen=True, slots=True)
class Errand:
    """One delivery: what was asked, the open message, to whom, by which settings.

    `is_wanted` is asked right before the message becomes visible: does somebody still wait?
    `group` may be taken on for the spool directory.  After `until`, in monotonic seconds, no more
    of the message is read.
    """

    request: Request
    message: int
    account: Account
    settings: Deliver
    is_wanted: Callable[[], bool]
    disk: Disk | None = None
    group: int | None = None
    until: float = math.inf


def outcome(is_stored: bool) -> Stored | PutOff:
    return Stored() if is_stored else PutOff(0, "nobody waits for the delivery any more")


def cannot(what: str, error: OSError) -> PutOff:
    """The number of the error says the usual; what we know beyond that is told, too."""
    number, said = error.errno or 0, error.strerror or str(error)
    more = "" if said == os.strerror(number) else f": {said}"
    return PutOff(number, f"cannot {what}{more}")


def content(errand: Errand) -> Iterator[bytes]:
    """Raises OSError when the message ends early."""
    request = errand.request
    head = return_path(request.sender) + delivered_to(request.recipient)
    yield head.replace("\r\n", "\n").encode()
    at, end = 0, errand.request.size
    while at < end:
        block = os.pread(errand.message, min(BLOCK, end - at), at)
        if not block:
            raise OSError(errno.EIO, "the message is cut short")
        if time.monotonic() > errand.until:
            raise TimeoutError(errno.ETIMEDOUT, "the time for it is over")
        at += len(block)
        yield block
