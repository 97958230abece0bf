"""What the daemon says of itself while it runs, from the facts of the moment.

`text` is the line of STATUS= and of the request `status`, made of `facts`; those are asked for in
every turn of the loop, so they ask the kernel for nothing but the backlogs.  `report` is for
`pymta status`.

Touches: sockets, disk, clock.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from pymta import __version__
from pymta.load.gauge import Gauge
from pymta.load.reading import either, queue_only, reserve
from pymta.supervisor import announce
from pymta.supervisor.announce import Figures
from pymta.supervisor.children import Job
from pymta.supervisor.queue_count import QueueCount
from pymta.supervisor.renewal import Renewal
from pymta.supervisor.report import Facts, report
from pymta.supervisor.workplace import Workplace


class Status:
    def __init__(self, place: Workplace, renewal: Renewal, count: QueueCount) -> None:
        self._place = place
        self._renewal = renewal
        self._count = count
        # Found out now: an upgrade makes the name that we came by lead elsewhere.
        self._program = str(Path(__file__).resolve().parents[1])
        limits, immediate = place.settings.limits, place.settings.immediate
        self._gauge = Gauge(either(reserve(limits), queue_only(immediate)), limits)

    def facts(self) -> tuple[object, ...]:
        """All that makes a difference to `text`."""
        return self._figures(), self._place.is_stopping

    def _figures(self) -> Figures:
        place, dispatch, count = self._place, self._place.deliveries.dispatch, self._count
        return Figures(
            sessions=place.children.sessions,
            local=place.children.local_sessions,
            deliveries=len(dispatch.busy),
            queue_runs=place.children.count(Job.QUEUE_RUN),
            waiting=len(dispatch.waiting),
            backlogs=place.reception.entrance.backlogs(),
            queued=count.messages,
            oldest=count.oldest,
            problems=self._problems(),
        )

    def _problems(self) -> tuple[str, ...]:
        place, refused = self._place, self._renewal.refused
        is_short = place.shortage.lasts(time.monotonic())
        is_out = place.reception.policy.is_out_for_all()
        found = (
            place.reception.trouble(),
            place.deliveries.trouble,
            "mail is put off: short of disk space" if is_short else "",
            self._count.trouble,
            "policy_file is out of use: it has failed again and again" if is_out else "",
            "lines of the log are lost" if place.log.owes_lines else "",
            f"the watchdog is not fed: {place.ailment}" if place.ailment else "",
            f"reload refused: {refused}" if refused else "",
        )
        return tuple(problem for problem in found if problem)

    def text(self) -> str:
        place, figures = self._place, self._figures()
        if place.is_stopping:
            return announce.stopping(figures)
        entrance = place.reception.entrance
        return announce.status(entrance.listeners, place.settings, figures, entrance.local)

    def report(self) -> str:
        """As JSON, in one line."""
        return json.dumps(report(self._facts(), self._place.settings))

    def _facts(self) -> Facts:
        place, now = self._place, time.monotonic()
        reception, dispatch, count = place.reception, place.deliveries.dispatch, self._count
        return Facts(
            version=__version__,
            pid=os.getpid(),
            now=now,
            began=place.began,
            is_stopping=place.is_stopping,
            last_reload=self._renewal.last,
            listeners=reception.entrance.listeners,
            backlogs=[(one.waiting, one.most) for one in reception.entrance.backlogs()],
            local=reception.entrance.local,
            is_accepting=not (place.is_stopping or reception.entrance.pause()),
            sessions=place.children.sessions,
            callers=place.children.callers,
            local_callers=place.children.local_callers,
            free_workers=len(reception.standby),
            busy=dispatch.busy,
            idle=len(dispatch.idle),
            waiting=tuple(dispatch.waiting),
            missed=bool(dispatch.missed),
            queue_runs=place.children.pids(Job.QUEUE_RUN),
            runs_by_queue=place.children.queue_runs,
            messages=count.messages,
            counted_at=count.counted_at,
            oldest=count.oldest,
            load=self._gauge.read(),
            is_short_of_space=place.shortage.lasts(now),
            program=self._program,
            problems=self._problems(),
        )
