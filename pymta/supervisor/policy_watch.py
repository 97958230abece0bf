"""What the supervisor hears of functions of the operator's own: that one failed, never more.

It does not run them, nor read them.  One that did not come back has ended its process by a signal
that nobody else sends (`pymta.policy.time_limit`).

Touches: clock.
"""

from __future__ import annotations

import time

from pymta.config.duration import format_duration
from pymta.config.settings import Settings
from pymta.journal import policy_code_events as say
from pymta.journal.log import Log
from pymta.mail.caller import Endpoint, LocalCaller
from pymta.policy.own import rule_of, stage_of
from pymta.policy.time_limit import GRACE, limit_of
from pymta.supervisor.breaker import Breaker, client_of
from pymta.supervisor.children import Child, Job, slot_of


class PolicyWatch:
    def __init__(self, settings: Settings, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._breaker = Breaker(settings.policy_code)

    def failed(self, rule: str, child: Child | None) -> None:
        """A session says so."""
        if not child or not self._asks_what_serves(child):
            return
        client = client_of(*child.client)
        if line := self._breaker.failed(rule, client, time.monotonic()):
            self._log.write(say.out_of_use(line))

    def is_out(self, caller: Endpoint | LocalCaller) -> bool:
        """Is a session that begins now to leave them alone?"""
        return self._breaker.has_opened and self._is_out(*slot_of(caller))

    def is_out_of(self, child: Child | None) -> bool:
        """Is this one, which has heard only now who its client is?"""
        if not child or not self._asks_what_serves(child):
            return False
        return self._is_out(*child.client)

    def is_out_for_all(self) -> bool:
        now = time.monotonic()
        if line := self._breaker.recovered(now):
            self._log.write(say.in_use_again(line))
        return self._breaker.is_out_for_all(now)

    def _is_out(self, address: str, uid: int) -> bool:
        client = client_of(address, uid)
        return self.is_out_for_all() or self._breaker.is_out(client, time.monotonic())

    def _asks_what_serves(self, child: Child) -> bool:
        """One of an older generation has another file, and may not know every word of ours."""
        return child.generation == self._settings.generation

    def ended(self, child: Child, number: int) -> bool:
        """Was this the signal of a time limit?  Then it is told, and counted."""
        limit = limit_of(number) if child.job is Job.SESSION else None
        stage = stage_of(limit) if limit is not None else None
        if stage is None:
            return False
        rule = rule_of(stage)
        seconds = format_duration(self._settings.policy_code.policy_timeout + int(GRACE))
        self._log.write(say.never_came_back(rule, seconds, child.pid, *child.client))
        self.failed(rule, child)
        return True
