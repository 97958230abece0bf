"""The life of a session process.

The first code of ours after the fork.  The exit status is that of SS-03.

Touches: signals.
"""

from __future__ import annotations

from pymta.channel.call import Call
from pymta.channel.pair import End
from pymta.journal.process_info import tell_on_signal
from pymta.session.rehearsal import rehearse
from pymta.session.sessions import Sessions
from pymta.session.termination import catch
from pymta.session.worker import Worker

__all__ = ["Sessions", "main", "rehearse"]


def main(call: Call, sessions: Sessions, channel: End) -> int:
    """Serve connections to their end.  The caller leaves the process with what this returns."""
    worker = Worker(sessions, channel, catch())
    tell_on_signal(sessions.settings, lambda: worker.does)
    status = worker.serve(call)
    while (next_call := worker.wait_for_call()) is not None:
        status = worker.serve(next_call)
    sessions.log.close()
    return status
