"""After a 250: have the message delivered now, or leave it to the queue (ID-01, ID-07).

Asked once per accepted message, after its reply has been written.  It never waits.
"""

from __future__ import annotations

from pymta.channel.words import HandOn
from pymta.journal.session_events import not_delivered_now
from pymta.session.hold_back import judge
from pymta.session.visit import Visit
from pymta.session.world import World


def hand_on(visit: Visit, world: World, message: HandOn) -> None:
    immediate = visit.settings.immediate
    mode, visit.mode = judge(visit.mode, visit.accepted, world.read_load, immediate)
    if not mode.queues:
        world.hand_on(message)
    elif mode.reason:
        world.tell(not_delivered_now(visit.origin, message.id, mode.reason))
