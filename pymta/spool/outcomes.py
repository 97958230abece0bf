"""What happened to a message after it was accepted: journal records, and how it stands then.

The message file never changes.  Everything later is a record appended to the journal beside
it, and the state of the message is the fold of both (`pymta.spool.fold`).  A recipient is named by
its index in the envelope.

    Delivered    these recipients have it; with `report_id` their sender wanted to be told so
    Failed       these never will; `report_id` is the bounce that tells the sender ("" if none
                 is owed), reserved before it is written, so that a crash in between is seen
    Reported     that bounce is in the spool
    Redirected   this one has his mail sent on: to these, some of whom the message did not know;
                 `report_id` as above
    Deferred     these were tried and are to be tried again, not before `due`; with `is_limited`
                 limits of our own were in the way, and the time after which they are given up does
                 not begin with it; `warn` is when their sender is to be told that it takes so long
    Warned       that time came; `report_id` as above tells him ("": nobody is told)
    Frozen       nobody tries again until an operator says so;  Thawed undoes it
    Held         an operator wants it left alone, even by a run with force;  Released undoes it
    Edited       an operator took recipients out, and put others in
    Rerouted     an operator wants what is left of it brought to this host, whatever routing says
"""

from __future__ import annotations

from pymta.dataclass import dataclass

LIST = "T=list"  # of `Owed.line`: how it was delivered
UNTOLD = "delivery error message"  # of `Frozen.why`: it failed, and nobody can be told


@dataclass(frozen=True, slots=True)
class Delivered:
    at: float
    recipients: tuple[int, ...]
    how: str = ""
    report_id: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    at: float
    recipients: tuple[int, ...]
    why: str
    report_id: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    at: float
    report_id: str


@dataclass(frozen=True, slots=True)
class Redirected:
    r"""One recipient in place of whom others get the message, by index: `to`.

    Of those, as many as there are in `added` are new, with the indices that come after all others;
    `added` are their addresses, with a backslash in front where it goes into the mailbox itself and
    no further (``\user`` in a .forward).  They get it from `sender`, who is told of their failures;
    "": the sender of the message.
    """

    at: float
    recipients: tuple[int, ...]
    to: tuple[int, ...]
    added: tuple[str, ...]
    report_id: str = ""
    sender: str = ""

    def __post_init__(self) -> None:
        if len(self.added) > len(self.to):
            raise ValueError("more addresses were added than the mail goes to")


@dataclass(frozen=True, slots=True)
class Deferred:
    at: float
    recipients: tuple[int, ...]
    due: float
    why: str
    is_limited: bool = False
    warn: float = 0.0


@dataclass(frozen=True, slots=True)
class Warned:
    """`warn` is the next such time, 0 where there is none."""

    at: float
    recipients: tuple[int, ...]
    report_id: str
    warn: float = 0.0


@dataclass(frozen=True, slots=True)
class Frozen:
    at: float
    why: str


@dataclass(frozen=True, slots=True)
class Thawed:
    at: float
    by: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    at: float
    by: str


@dataclass(frozen=True, slots=True)
class Released:
    at: float
    by: str


@dataclass(frozen=True, slots=True)
class Edited:
    """`recipients` are out, and nobody is told; `to` are new, with their addresses in `added`.

    Where each list has one, the new one stands in for the other: what the sender wants to be told
    of that one he is told of this one.
    """

    at: float
    recipients: tuple[int, ...]
    to: tuple[int, ...]
    added: tuple[str, ...]
    by: str

    def __post_init__(self) -> None:
        if len(self.added) != len(self.to):
            raise ValueError("addresses and indices of the new recipients do not match")


@dataclass(frozen=True, slots=True)
class Rerouted:
    """`host` is ``host`` or ``host:port``, looked up at each attempt; "": the usual way again."""

    at: float
    host: str
    by: str


Single = Reported | Redirected | Warned | Frozen | Thawed | Held | Released | Edited | Rerouted
Record = Delivered | Failed | Deferred | Single


# What a sender can be told (RFC 3464 s2.3.3).
FAILED, DELAYED = "failed", "delayed"
DELIVERED, RELAYED, EXPANDED = "delivered", "relayed", "expanded"


@dataclass(frozen=True, slots=True)
class Owed:
    """A report that the sender has not got yet; `line` is what the record said of the reason."""

    recipients: tuple[int, ...]
    line: str
    report_id: str
    action: str = FAILED


@dataclass(frozen=True, slots=True)
class State:
    """Where a message stands.

    `pending` are the recipients nobody has settled, in envelope order, and behind them those that
    redirections and operators added, whose addresses are in `added`.  `redirects` says who has his
    mail sent on to whom, `senders` from whom those get it then that he has added (absent: as he
    did), `instead` in place of whom an operator put somebody.  `first_deferred` is when a recipient
    was first put off, for other reasons than limits of ours and since an operator last named a host
    for him; `dues` when he may be tried again, `why` the latest reason (absent from each: never put
    off).  `warned` is when the sender was last told that it takes long, `warn` when he is to be
    told again (0 from both: never).  `attempts` are those that put somebody off, the last one at
    `put_off_at`.  `frozen` is the reason, "" when it is not; `frozen_since` is 0 where it was
    accepted so, and no record says it yet.  `held` is who holds it, "" for nobody; `reroute` the
    host where an operator wants it to go.
    """

    pending: tuple[int, ...]
    owed: tuple[Owed, ...] = ()
    added: tuple[tuple[int, str], ...] = ()
    redirects: tuple[tuple[int, tuple[int, ...]], ...] = ()
    senders: tuple[tuple[int, str], ...] = ()
    first_deferred: tuple[tuple[int, float], ...] = ()
    dues: tuple[tuple[int, float], ...] = ()
    why: tuple[tuple[int, str], ...] = ()
    warned: float = 0.0
    warn: float = 0.0
    attempts: int = 0
    put_off_at: float = 0.0
    frozen: str = ""
    frozen_since: float = 0.0
    instead: tuple[tuple[int, int], ...] = ()
    held: str = ""
    reroute: str = ""

    @property
    def is_finished(self) -> bool:
        return not self.pending and not self.owed

    @property
    def is_untold(self) -> bool:
        """It is frozen, since it failed and there is nobody to tell."""
        return self.frozen == UNTOLD

    @property
    def due(self) -> float:
        """The earliest next attempt of any recipient, in seconds since the epoch; 0: at once."""
        if self.owed:  # a report to write waits for nobody
            return 0.0
        if len(self.dues) < len(self.pending):  # somebody was never put off
            return 0.0
        dues = dict(self.dues)
        return min((dues.get(n, 0.0) for n in self.pending), default=0.0)

    @property
    def look(self) -> float:
        """The earliest time when there is anything to do for it, as `due`."""
        return min(self.due, self.warn) if self.warn else self.due
