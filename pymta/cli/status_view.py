"""How the report of a daemon looks on a terminal of 80 columns.

The report is what `pymta.supervisor.report` makes.  A daemon of another version may leave a part
out or know more than we do; what is missing is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pymta.config.duration import format_duration
from pymta.journal.line import printable

WIDTH = 80
MOST_CALLERS = 20  # addresses; the JSON form has them all
MOST_WAITING = 10  # ids
_NAME = 15  # columns of a heading
_FIRST = 40  # columns of the first item on an indented line
_SECOND = WIDTH - _FIRST - 3


def shown(report: Mapping[str, Any]) -> Iterator[str]:
    """The lines, without line ends."""
    yield _head(report)
    yield from _reload(report.get("last_reload"))
    yield from _listeners(report)
    yield from _connections(report.get("connections", {}), report.get("short_of_space", False))
    if report.get("local_listeners"):
        yield from _local(report["local_connections"])
    yield from _deliveries(report.get("deliveries", {}))
    yield from _queue_runs(report.get("queue_runs", {}))
    yield from _queue(report.get("queue"))
    if report.get("load") is not None:
        yield _line("load", f"{report['load']:.2f}")
    if pressure := report.get("pressure"):
        yield _line("pressure", *(f"{name} {value:.2f}%" for name, value in pressure.items()))
    yield from _limits(report.get("limits", {}))


def _head(report: Mapping[str, Any]) -> str:
    state = "" if report["state"] == "serving" else f"{report['state']}, "
    return (
        f"pymta {report['version']}: {state}process {report['pid']},"
        f" up {_span(report['uptime'])}, configuration {report['generation']}"
    )


def _reload(last: Mapping[str, Any] | None) -> Iterator[str]:
    if last:
        refused = "" if last["ok"] else f"refused: {printable(last['text'])}"
        yield _line("last reload", f"{_span(last['seconds_ago'])} ago", refused)


def _listeners(report: Mapping[str, Any]) -> Iterator[str]:
    listeners, local = report.get("listeners", ()), report.get("local_listeners", ())
    paused = "" if report.get("accepting", True) else "not accepting at present"
    yield _line("listeners", paused or ("" if listeners or local else "none"))
    for one in listeners:
        kind = f"{one['role']}, TLS" if one["starts_tls"] else one["role"]
        at = f"[{one['address']}]:{one['port']}"
        yield _item(at, f"{kind:15} {one['backlog']}/{one['backlog_max']} waiting")
    for one in local:
        yield _item(printable(one["path"]), one["role"])


def _connections(found: Mapping[str, Any], is_short_of_space: bool) -> Iterator[str]:
    if not found:
        return
    put_off = "mail is put off for want of disk space" if is_short_of_space else ""
    yield _line("connections", _of(found), _free(found), put_off)
    callers = list(found["by_address"].items())
    for address, count in callers[:MOST_CALLERS]:
        yield _item(address or "not known", str(count))
    if len(callers) > MOST_CALLERS:
        yield f"  and {len(callers) - MOST_CALLERS} more addresses"


def _local(found: Mapping[str, Any]) -> Iterator[str]:
    yield _line("local", _of(found))
    for uid, count in list(found["by_uid"].items())[:MOST_CALLERS]:
        yield _item(f"uid {uid}", str(count))


def _deliveries(found: Mapping[str, Any]) -> Iterator[str]:
    if not found:
        return
    waiting = found["waiting"]
    more = " or more" if found["more_in_queue"] else ""
    yield _line(
        "deliveries", _of(found), _free(found), f"{len(waiting)}{more} waiting" if waiting else ""
    )
    for one in found["busy"]:
        yield _item(_message(one), f"process {one['pid']}")
    for one in waiting[:MOST_WAITING]:
        yield _item(_message(one), "waiting")
    if len(waiting) > MOST_WAITING:
        yield f"  and {len(waiting) - MOST_WAITING} more waiting"


def _queue_runs(found: Mapping[str, Any]) -> Iterator[str]:
    if found:
        pids = ", ".join(map(str, found["pids"]))
        yield _line("queue runs", _of(found), f"process {pids}" if pids else "")


def _queue(found: Mapping[str, Any] | None) -> Iterator[str]:
    if found:
        count = found["messages"]
        messages = "1 message" if count == 1 else f"{count} messages"
        yield _line("queue", messages, f"counted {_span(found['seconds_ago'])} ago")


def _limits(limits: Mapping[str, Any]) -> Iterator[str]:
    in_force = {name: value for name, value in limits.items() if value not in (None, 0, "", [], {})}
    if in_force:
        yield _line("limits", "")
        for name, value in in_force.items():
            yield _item(name, _value(value))


def _line(name: str, *parts: str) -> str:
    return f"{name:{_NAME}}{', '.join(part for part in parts if part)}".rstrip()


def _item(first: str, rest: str) -> str:
    return f"  {first:{_FIRST}} {rest}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        value = [f"{key} {number}" for key, number in value.items()]
    text = printable(", ".join(map(str, value)) if isinstance(value, list) else str(value))
    return text if len(text) <= _SECOND else f"{text[: _SECOND - 4]} ..."


def _message(one: Mapping[str, str]) -> str:
    """An id, and where the message goes when that is known."""
    where = {"": "local", "?": ""}.get(one["destination"], printable(one["destination"]))
    return f"{one['id']} {where}"


def _of(found: Mapping[str, Any]) -> str:
    return f"{found['now']}/{found['max']}" if found["max"] else str(found["now"])


def _free(found: Mapping[str, Any]) -> str:
    free = found["free_workers"]
    if not free:
        return ""
    return "1 free worker" if free == 1 else f"{free} free workers"


def _span(seconds: float) -> str:
    """As exact as one wants to know it."""
    unit = 3600 if seconds >= 86_400 else 60 if seconds >= 3600 else 1
    return format_duration(seconds - seconds % unit)
