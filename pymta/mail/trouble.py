"""What went wrong with a try that is worth another one, as retry rules tell such things apart.

A cause is a word of the classic daemon: ``refused``, ``timeout_connect``, ``rcpt_451``; "" is
whatever has no word.  A reply is known by where it was heard and its code, so that a rule may ask
for ``rcpt_451``, ``rcpt_45x`` or ``rcpt_4xx``.
"""

from __future__ import annotations

from pymta.dataclass import dataclass
from pymta.mail.host import Host

REFUSED = "refused"  # nobody listens
TIMEOUT_CONNECT = "timeout_connect"  # no connection within its time
TIMEOUT = "timeout"  # any time-out; a rule for it is one for timeout_connect as well
LOST_CONNECTION = "lost_connection"  # in the middle of the dialogue
LOOKUP = "lookup"  # the DNS, or a table, could not be asked
TLS_REQUIRED = "tls_required"  # the host does not encrypt as it must
AUTH_FAILED = "auth_failed"  # the host does not let us log in
QUOTA = "quota"  # the mailbox is full
MAIL, RCPT, DATA = "mail", "rcpt", "data"  # a reply to these; data stands for the message, too

WORDS = (
    REFUSED,
    TIMEOUT_CONNECT,
    TIMEOUT,
    LOST_CONNECTION,
    LOOKUP,
    TLS_REQUIRED,
    AUTH_FAILED,
    QUOTA,
)
STAGES = (MAIL, RCPT, DATA)


def of_reply(stage: str, code: int) -> str:
    """``rcpt_451``."""
    return f"{stage}_{code}"


def is_of(cause: str, wanted: str) -> bool:
    """Is the cause what a rule wants?  "*" wants anything; an x stands for any digit."""
    if wanted in {"*", cause}:
        return True
    if wanted == TIMEOUT:
        return cause == TIMEOUT_CONNECT
    front = wanted.rstrip("x")
    return front != wanted and len(cause) == len(wanted) and cause.startswith(front)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A cause, with whom it befell: `host` is None where no host was asked."""

    cause: str = ""
    recipient: str = ""
    sender: str = ""
    host: Host | None = None
