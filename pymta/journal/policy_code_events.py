"""Lines about functions of the operator's own that went wrong.

policy_file:rcpt failed: KeyError: 'x' (/etc/pymta/policy.py line 12) for H=(x) [192.0.2.7]
policy_file:rcpt did not come back within 7s: session process 4711 serving [192.0.2.7] was ended
/etc/pymta/policy.py is out of use for 5m: 5 failures within 1m, …
"""

from __future__ import annotations

from pymta.journal.event import MAIN_AND_PANIC, Event, Kind
from pymta.journal.origin import Origin


def failed(origin: Origin, rule: str, why: str, trace: str) -> Event:
    """`why` is how, the last line of the traceback, and the place in the file."""
    return Event(
        Kind.POLICY_FAILED,
        f"{rule} {why} for {origin.mark}",
        fields=origin.fields | {"POLICY_RULE": rule, "WHY": why, "TRACEBACK": trace},
        streams=MAIN_AND_PANIC,
    )


def never_came_back(rule: str, seconds: str, pid: int, client: str, uid: int = -1) -> Event:
    """The process had to be ended; `uid` -1: the client was no user of this machine."""
    serving = f"serving [{client}]" if client else f"serving uid {uid}"
    whom = {"CLIENT": client} if client else {"PEER_UID": str(uid)}
    why = f"did not come back within {seconds}"
    return Event(
        Kind.POLICY_FAILED,
        f"{rule} {why}: session process {pid} {serving} was ended",
        fields={"POLICY_RULE": rule, "WHY": why, "CHILD_PID": str(pid)} | whom,
        streams=MAIN_AND_PANIC,
    )


def out_of_use(line: str) -> Event:
    return Event(Kind.POLICY_OUT_OF_USE, line, streams=MAIN_AND_PANIC)


def in_use_again(line: str) -> Event:
    return Event(Kind.POLICY_OUT_OF_USE, line)
