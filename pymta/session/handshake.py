"""The TLS handshake of a session, on whichever way it began: what follows when there is no TLS.

Touches: sockets, clock, OpenSSL.
"""

from __future__ import annotations

import time

from pymta.journal import session_events as say
from pymta.session import farewell
from pymta.session.farewell import Farewell
from pymta.session.stop import Stop
from pymta.session.stream import Stream
from pymta.session.visit import Visit
from pymta.tls.facts import Facts


def shake_hands(visit: Visit, stream: Stream, began: float) -> Farewell | None:
    """None: from here on everything is encrypted, and the visit knows how.

    `began` is when the connection did (monotonic).  The handshake as a whole has one time-out, and
    who fails it hears nothing of it but the alert of TLS (N-40).
    """
    timeout = visit.settings.session.smtp_receive_timeout or float("inf")
    stream.put_inside(visit.asks)
    agreed = stream.start_tls(time.monotonic() + timeout)
    seconds = time.monotonic() - began
    match agreed:
        case Facts():
            visit.tls = agreed
            return None
        case Stop.TERMINATED:
            return farewell.terminated(visit, None, seconds)
        case Stop.DRAINING:
            return farewell.draining(visit, seconds)
        case Stop.CLOSED | Stop.TIMED_OUT:
            return Farewell(None, say.tls_failed(visit.origin, stream.error), 0)
