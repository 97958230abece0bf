"""After a 250: have the message delivered now, or leave it to the queue (ID-01, ID-07).

Asked once per accepted message, after its reply has been written.  It never waits.
"""

from __future__ import annotations

from dataclasses import replace

from pymta.channel.reach import Reach
from pymta.channel.words import HandOn
from pymta.journal.event import Event
from pymta.journal.policy_events import frozen_by_policy, queued_by_policy
from pymta.journal.session_events import not_delivered_now
from pymta.session.hold_back import judge
from pymta.session.transaction import Hold
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.smtp.parameters import QUEUE_ONLY


def hand_on(visit: Visit, world: World, message: HandOn) -> None:
    hold = visit.transaction.hold
    if hold is not Hold.NOTHING:
        world.tell(_held_back(visit, message))
    immediate = visit.settings.immediate
    mode, visit.mode = judge(visit.mode, visit.accepted, world.read_load, immediate)
    if visit.transaction.asked.delivery == QUEUE_ONLY:
        return  # as he wants it (sendmail -odq)
    if not mode.queues:
        if hold is Hold.NOTHING:
            world.hand_on(message)
        elif hold is Hold.ROUTE:  # N-42
            world.hand_on(replace(message, reach=Reach.NO_SMTP, destination=""))
    elif mode.reason:
        world.tell(not_delivered_now(visit.origin, message.id, mode.reason))


def _held_back(visit: Visit, message: HandOn) -> Event:
    """ID-06"""
    transaction = visit.transaction
    if transaction.hold is Hold.FREEZE:
        return frozen_by_policy(message.id, transaction.sender, transaction.rule)
    return queued_by_policy(visit.origin, message.id, transaction.rule, message.queue)
