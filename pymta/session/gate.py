"""Is this caller let in?  The questions that may need a look-up, asked in his own process.

    1. is he one of those that we do not serve?                        LM-06
    2. are only the places left that are kept for others?              LM-07
    3. is the machine too busy for everybody but those?                LM-08

Whoever is let in because a place is kept for him is not asked about the load.  A look-up that was
put off counts as "not one of them".  On a port that begins with TLS nothing can be said before the
handshake, so a refused caller just sees the end (N-40).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pymta.dataclass import dataclass
from pymta.journal import session_events as say
from pymta.journal.event import Event
from pymta.load.reading import AVERAGE, Excess, excess, reserve
from pymta.mail.host_list import Answer
from pymta.mail.reply import Reply
from pymta.policy.decision import Decision, Explain, nobody_asks
from pymta.session.visit import Visit

IsIn = Callable[[Sequence[str], str], Answer]


@dataclass(frozen=True, slots=True)
class Refusal:
    reply: Reply
    event: Event


def refusal(visit: Visit, is_in: IsIn, explain: Explain = nobody_asks) -> Refusal | None:
    """None: come in.  `is_in` says whether the caller is in a list of hosts."""
    limits = visit.settings.limits
    rejected = visit.settings.session.host_reject_connection
    if is_in(rejected, "host_reject_connection") is Answer.YES:
        reply = Reply(554, "SMTP service not available")
        return Refusal(reply, say.refused_by_list(visit.origin, "host_reject_connection"))
    is_reserved = None
    if limits.smtp_accept_max and _is_in_reserve(visit):
        is_reserved = is_in(limits.smtp_reserve_hosts, "smtp_reserve_hosts")
        explain(Decision("smtp_accept_reserve", "only kept places are left"))
        if is_reserved is not Answer.YES:
            return _no_place(visit, was_put_off=is_reserved is Answer.UNKNOWN)
    above = excess(visit.load, reserve(limits))
    if above is None:
        return None
    option = "smtp_load_reserve" if above.what == AVERAGE else "smtp_pressure_reserve"
    explain(Decision(option, f"{above.what} = {above.value:.2f} is above it"))
    if is_reserved is None:
        is_reserved = is_in(limits.smtp_reserve_hosts, "smtp_reserve_hosts")
    return None if is_reserved is Answer.YES else _too_busy(visit, above)


def _is_in_reserve(visit: Visit) -> bool:
    """One of the kept places is all that this connection could have."""
    limits = visit.settings.limits
    return visit.others + 1 > limits.smtp_accept_max - limits.smtp_accept_reserve


def _no_place(visit: Visit, *, was_put_off: bool) -> Refusal:
    limits = visit.settings.limits
    why = (
        f"not in reserve list: connected={visit.others} max={limits.smtp_accept_max}"
        f" reserve={limits.smtp_accept_reserve}"
    )
    text = f"{visit.host}: Too many concurrent SMTP connections; please try again later"
    put_off = " (lookup deferred)" if was_put_off else ""
    return Refusal(Reply(421, text), say.refused_for_now(visit.origin, why + put_off))


def _too_busy(visit: Visit, above: Excess) -> Refusal:
    why = f"not in reserve list and {above.what} = {above.value:.2f}"
    text = f"{visit.host}: Too much load; please try again later"
    return Refusal(Reply(421, text), say.refused_for_now(visit.origin, why))
