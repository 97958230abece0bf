"""The life of a session: the first code of ours after the fork, and the exit status of SS-03.

Touches: sockets, disk, signals, clock.
"""

from __future__ import annotations

import time
import traceback

from pymta.channel.call import Call
from pymta.channel.pair import End
from pymta.channel.words import Done
from pymta.config.settings import Settings
from pymta.journal.log import Log
from pymta.mail.timestamp import format_date
from pymta.session.conversation import Conversation
from pymta.session.stream import Stream
from pymta.session.termination import Termination
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.spool.store import Spool


def main(call: Call, settings: Settings, spool: Spool, log: Log, channel: End) -> int:
    """Serve one connection to its end.  The caller leaves the process with what this returns."""
    termination = Termination()
    visit = Visit(settings, call.caller, call.local, call.others)
    world = World(spool, log.write, channel.say, time.time, local_date)
    conversation = Conversation(visit, Stream(call.sock, channel, termination), world)
    try:
        status = conversation.run()
    except Exception:  # noqa: BLE001 - CL-03: our own fault costs one client a 421, and no other
        status = conversation.fail(traceback.format_exc())
    conversation.part()
    # Before the client can see the end: its next call must find this slot free (ML-04).
    channel.say(Done(status))
    call.sock.close()
    log.close()
    return status


def local_date(seconds: float) -> str:
    return format_date(seconds, time.localtime(seconds).tm_gmtoff)
