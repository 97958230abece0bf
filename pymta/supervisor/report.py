"""All that a running daemon says of itself, as data that JSON has (`pymta status --json`).

The names are part of the product: pymta(8) documents them, monitors read them.  New ones may
come; what is here keeps its name and its meaning, or FORMAT changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, field
from typing import Any, TypeVar

from pymta.config.per_queue import PerQueue
from pymta.config.settings import Settings
from pymta.config.units import RESOURCES
from pymta.dataclass import dataclass
from pymta.load.reading import NOTHING, Load
from pymta.supervisor.dispatch import Task
from pymta.supervisor.listener import Listener, LocalListener

FORMAT = 1
_Key = TypeVar("_Key", str, int)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a reload ended.  `at` is on the clock of the loop; `text` says why it was refused."""

    is_success: bool
    at: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """`began` and all other times are on the clock of the loop, like `now`.

    `backlogs` are waiting and most for each of `listeners`; `callers` counts connections by
    address, `local_callers` those of users of this machine by uid; `busy` maps pids of delivery
    workers to what they deliver, `waiting` are those for whom there is no worker yet, `missed` says
    that there may be more of them in the queue.
    `program` is the directory of the code that runs, whatever has been installed since.
    `messages` in the queue were counted at `counted_at`, and the oldest had been there for `oldest`
    seconds then; None: they were not counted yet.  `problems` are those that STATUS= names.
    """

    version: str
    pid: int
    now: float
    began: float
    is_stopping: bool = False
    last_reload: Outcome | None = None
    listeners: Sequence[Listener] = ()
    backlogs: Sequence[tuple[int, int]] = ()
    local: Sequence[LocalListener] = ()
    is_accepting: bool = True
    sessions: int = 0
    callers: Mapping[str, int] = field(default_factory=dict)
    local_callers: Mapping[int, int] = field(default_factory=dict)
    free_workers: int = 0
    busy: Mapping[int, Task] = field(default_factory=dict)
    idle: int = 0
    waiting: Sequence[Task] = ()
    missed: bool = False
    queue_runs: Sequence[int] = ()
    runs_by_queue: Mapping[str, int] = field(default_factory=dict)
    messages: int | None = None
    counted_at: float = 0.0
    oldest: int = 0
    load: Load = NOTHING
    is_short_of_space: bool = False
    program: str = ""
    problems: Sequence[str] = ()


def report(facts: Facts, settings: Settings) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": facts.version,
        "program": facts.program,
        "pid": facts.pid,
        "state": "stopping" if facts.is_stopping else "serving",
        "uptime": _seconds(facts.now - facts.began),
        "generation": settings.generation,
        "last_reload": _reload(facts),
        "listeners": [
            _listener(one, *backlog)
            for one, backlog in zip(facts.listeners, facts.backlogs, strict=True)
        ],
        "local_listeners": [{"path": str(one.at), "role": one.role} for one in facts.local],
        "accepting": facts.is_accepting,
        "short_of_space": facts.is_short_of_space,
        "problems": list(facts.problems),
        "connections": {
            "now": facts.sessions,
            "max": settings.limits.smtp_accept_max,
            "by_address": dict(_most_first(facts.callers)),
            "free_workers": facts.free_workers,
        },
        "local_connections": {
            "now": sum(facts.local_callers.values()),
            "max": settings.limits.local_accept_max,
            "by_uid": {str(uid): count for uid, count in _most_first(facts.local_callers)},
        },
        "deliveries": {
            "now": len(facts.busy),
            "max": settings.queue.deliver_max,
            "busy": [{"pid": pid, **_task(task)} for pid, task in facts.busy.items()],
            "free_workers": facts.idle,
            "waiting": [_task(task) for task in facts.waiting],
            "more_in_queue": facts.missed,
        },
        "queue_runs": _queue_runs(facts, settings.queue.queue_run_max),
        "queue": _queue(facts),
        "load": facts.load.average,
        "pressure": _pressure(facts.load),
        "limits": {name: _plain(value) for name, value in _limits(settings).items()},
    }


def _most_first(counts: Mapping[_Key, int]) -> list[tuple[_Key, int]]:
    return sorted(counts.items(), key=lambda item: -item[1])


def _reload(facts: Facts) -> dict[str, Any] | None:
    last = facts.last_reload
    if last is None:
        return None
    ago = _seconds(facts.now - last.at)
    return {"ok": last.is_success, "seconds_ago": ago, "text": last.text}


def _listener(one: Listener, waiting: int, most: int) -> dict[str, Any]:
    return {
        "address": str(one.at.address),
        "port": one.at.port,
        "role": one.role,
        "starts_tls": one.starts_tls,
        "takes_ipv4": one.takes_ipv4,
        "backlog": waiting,
        "backlog_max": most,
    }


def _queue_runs(facts: Facts, most: PerQueue) -> dict[str, Any]:
    """A table of limits leaves all of them together without one."""
    has_table = isinstance(most, dict)
    return {
        "now": len(facts.queue_runs),
        "max": 0 if has_table else most,
        "max_by_queue": most if has_table else {},
        "by_queue": dict(facts.runs_by_queue),
        "pids": list(facts.queue_runs),
    }


def _task(task: Task) -> dict[str, str]:
    return {"id": task.id, "destination": task.destination}


def _queue(facts: Facts) -> dict[str, Any] | None:
    if facts.messages is None:
        return None
    ago = facts.now - facts.counted_at
    oldest = _seconds(facts.oldest + ago) if facts.messages else None
    return {"messages": facts.messages, "seconds_ago": _seconds(ago), "oldest": oldest}


def _pressure(load: Load) -> dict[str, float]:
    """What is known of it, which is what has a limit."""
    found = ((name, getattr(load, name)) for name in RESOURCES)
    return {name: value for name, value in found if value is not None}


def _limits(settings: Settings) -> dict[str, Any]:
    immediate, limits = settings.immediate, asdict(settings.limits)
    return limits | {
        "queue_only_load": immediate.queue_only_load,
        "queue_only_pressure": immediate.queue_only_pressure,
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _seconds(span: float) -> float:
    return round(span, 1)
