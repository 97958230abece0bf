"""Ask the supervisor about a client whom a proxy or XCLIENT has named, and wait (N-13).

Only it can count what an address holds.  It answers at once; but it may be told to stop meanwhile,
or be gone, and then nobody can say that he is let in.

Touches: sockets, clock.
"""

from __future__ import annotations

import select
import time

from pymta.channel.pair import End
from pymta.channel.words import Named, Proxied, Verdict
from pymta.session.stop import Stop
from pymta.session.termination import HasFileno, has_come

PATIENCE = 30.0  # seconds; the supervisor waits for nobody, so this is a very busy machine


def ask(word: Proxied | Named, channel: End, termination: HasFileno) -> Verdict | Stop:
    if not channel.say(word):
        return Stop.DRAINING
    deadline = time.monotonic() + PATIENCE
    poll = select.poll()
    for source in (channel, termination):
        poll.register(source.fileno(), select.POLLIN)
    while (left := deadline - time.monotonic()) > 0:
        ready = {fd for fd, _ in poll.poll(left * 1000)}
        if termination.fileno() in ready and has_come(termination):
            return Stop.TERMINATED
        if channel.fileno() in ready:
            answer = channel.hear()
            return answer if isinstance(answer, Verdict) else Stop.DRAINING
    return Stop.DRAINING
