"""Admission: does this caller get a session?

The supervisor asks once per accepted connection, before it forks, while this caller and every
later one wait.  So the answer comes from numbers already in hand: no lookup, no clock, no disk.
What may block is asked after the fork, by the session.

The questions, in the order of HC-05, which keeps a refusal cheaper than a session:

    1. is every slot taken?                        LM-01
    2. is the machine too busy for everybody?      LM-02
    3. does this address already hold its share?   LM-04

Users of this machine have places of their own, so that the network cannot keep their mail out.

A client behind a proxy is asked about later, when a session has heard who he is (`second_look`):
then only the third question is left.

A refusal takes the place of the greeting, so it carries no enhanced code (RFC 2034 s4).
"""

from __future__ import annotations

from dataclasses import field

from pymta.config.limits import Limits
from pymta.dataclass import dataclass
from pymta.load.reading import NOTHING, Excess, Load, excess, reserve
from pymta.supervisor.share import NO_LIMIT, Share

ROOT = 0


@dataclass(frozen=True, slots=True)
class House:
    """Our side at this instant; the caller is not counted yet.

    `share` is what one address may hold.
    """

    sessions: int
    from_address: int
    share: Share = NO_LIMIT
    load: Load = NOTHING


@dataclass(frozen=True, slots=True)
class Admit:
    """`sessions` with this caller: the number that CP-01 logs.  `trouble` is a line to log."""

    sessions: int
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Refuse:
    """`measured` is the number and its limit, for whoever watches (DB-01)."""

    reply: str
    why: str
    trouble: str = ""
    measured: str = field(default="", compare=False)


def admit(house: House, limits: Limits) -> Admit | Refuse:
    if _is_full(house.sessions, limits.smtp_accept_max):
        return Refuse(
            "421 Too many concurrent SMTP connections; please try again later.",
            "too many connections",
            measured=f"count={house.sessions} max={limits.smtp_accept_max}",
        )
    above = _excess(house.load, limits)
    if above:
        return Refuse(
            "421 Too much load; please try again later.",
            f"{above.what} = {above.value:.2f}",
            measured=f"{above.what} = {above.value:.2f}",
        )
    return beyond_share(house) or Admit(house.sessions + 1, house.share.trouble)


def beyond_share(house: House) -> Refuse | None:
    """The third question alone; None: there is room for him."""
    share = house.share
    if not _is_full(house.from_address, share.limit):
        return None
    return Refuse(
        "421 Too many concurrent SMTP connections from this IP address; please try again later.",
        "too many connections from that IP address",
        share.trouble,
        f"too many from this IP address: count={house.from_address} max={share.limit}",
    )


def admit_local(sessions: int, of_user: int, uid: int, limits: Limits) -> Admit | Refuse:
    """A user of this machine.  `sessions` are those of such users, who are counted apart; `of_user`
    are those of this one.

    No load keeps him out: not every program that is turned away here tries again.  One user cannot
    take all places; root can, whom nothing would keep from it.
    """
    most = limits.local_accept_max
    if _is_full(sessions, most):
        return Refuse(
            "421 Too many concurrent local connections; please try again later.",
            "too many local connections",
            measured=f"count={sessions} max={most}",
        )
    if uid != ROOT and _is_full(of_user, limits.local_accept_max_per_user):
        return Refuse(
            "421 Too many concurrent connections of this user; please try again later.",
            "too many local connections of that user",
            measured=f"count={of_user} max={limits.local_accept_max_per_user}",
        )
    return Admit(sessions + 1)


def _is_full(used: int, limit: int) -> bool:
    return limit > 0 and used >= limit


def _excess(load: Load, limits: Limits) -> Excess | None:
    """Where some hosts are let in all the same, the session asks: a host list may need the DNS."""
    if limits.smtp_reserve_hosts:
        return None
    return excess(load, reserve(limits))
