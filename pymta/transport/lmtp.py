"""To an LMTP server (RFC 2033): the first of its addresses that answers has the last word.

Who was put off waits: the addresses of one server lead to one store, so another would say the same.
Trouble with the server is nobody's failure; it is away, and the mail waits for it.

A server over TCP that failed lately is passed over, like any host.  A local socket costs no wait,
so it is asked each time, and mail goes on as soon as the server is there again.  To either no more
goes at once than may go to any host, so that a server that hangs leaves workers for others.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from pymta.mail.caller import LocalSocket
from pymta.mail.host import Host
from pymta.mail.trouble import Trouble
from pymta.mail.waiting import Crowded, TooFast
from pymta.transport.classify import (
    Later,
    Outcome,
    from_result,
    is_about_host,
    limited,
    too_early,
)
from pymta.transport.host_memory import HostMemory
from pymta.transport.parcel import Parcel
from pymta.transport.remote import Heard

Talk = Callable[[Host | LocalSocket, Parcel], Heard | Later]  # Later: no connection
# As `pymta.transport.remote.Gate`.
Gate = Callable[[Host | LocalSocket], AbstractContextManager[Crowded | TooFast | None]]


def _open(_server: Host | LocalSocket) -> AbstractContextManager[None]:
    return nullcontext()


def deliver(
    parcel: Parcel,
    servers: tuple[Host | LocalSocket, ...],
    *,
    talk: Talk,
    memory: HostMemory,
    gate: Gate = _open,
) -> tuple[Outcome, ...]:
    """One outcome for each recipient, in their order."""
    recipients = parcel.recipients
    waiting: list[float] = []
    outcomes: tuple[Outcome, ...] = ()
    for server in servers:
        host = server if isinstance(server, Host) else None
        if host and (until := memory.wait_until(host)):
            waiting.append(until)
            continue
        with gate(server) as refusal:
            if refusal:
                outcomes = outcomes or (limited(str(refusal), refusal.until),) * len(recipients)
                continue
            heard = talk(server, parcel)
        if isinstance(heard, Later):
            outcomes = (heard,) * len(recipients)
        else:
            outcomes = _outcomes(heard, host)
            if not is_about_host(heard.results[0]):
                if host:
                    memory.reached(host)
                return outcomes
        if host and isinstance(outcomes[0], Later):
            trouble = Trouble(outcomes[0].cause, recipients[0], parcel.sender)
            memory.failed(host, outcomes[0].text, trouble)
    return outcomes or (too_early(min(waiting, default=0.0)),) * len(recipients)


def _outcomes(heard: Heard, host: Host | None) -> tuple[Outcome, ...]:
    return tuple(
        replace(
            from_result(result, host, heard.number, heard.error, is_lmtp=True),
            connection=heard.connection,
        )
        for result in heard.results
    )
