"""What is different between two generations of settings, in the words of an operator.

    smtp_accept_max 20 -> 50; local_domains +example.net -example.org; listener +[::]:465

Asked by whoever has just read settings files: a start, the validating child of a reload, `pymta
config diff`.  A change of a list names what came and what went, unless its order has changed, and
a table is told entry by entry.  Of `local_interfaces` and the ports the effect is told besides, as
listeners.  Secrets cannot show up here: settings hold names of files at most.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from pymta.config.addresses import PortOf, parse_interface, parse_port
from pymta.config.changes import Changes
from pymta.config.duration import format_duration
from pymta.config.per_host import SizePerHost
from pymta.config.policy import Policy
from pymta.config.policy_code import PolicySource
from pymta.config.policy_rules import listed
from pymta.config.settings import SUBJECTS, Settings
from pymta.config.units import Size, Time, format_size
from pymta.dataclass import dataclass

LISTENER = "listener"  # not options, but what an operator wants to know
FILE = "settings file"
POLICY = "policy functions"
LIST = "policy list"  # and the path of its file

# What one change takes at most, in a line of the log; three values for each entry of a table.
MOST_ITEMS = 5
LONGEST_VALUE = 50  # characters
LONGEST_LIST = 250  # characters, where it is told as a whole
LONGEST_LINE = 900  # characters, so that every syslog daemon takes it whole (RFC 3164 s4.1)
MOST_LINES = 4
MOST_OPTIONS = 100  # named in fields; journald takes no entry of more than 1024
UNBOUNDED = 1 << 62
# Text that needs no quotes: it looks like no sign of ours, and ends no item of a line.
_SIMPLE = re.compile(r"[!-*,.-:<-~][!-:<-~]*")
_SIZES = (Size, SizePerHost)


@dataclass(frozen=True, slots=True)
class Change:
    """`before` and `after` are values as the program holds them; `hint` is the type."""

    option: str
    before: Any
    after: Any
    hint: Any = None

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.option} {' '.join(_steps(self))}"

    @property
    def brief(self) -> str:
        """For the log: of long values the beginning, of long lists the first few items."""
        steps = _steps(self, _Bounds(MOST_ITEMS, LONGEST_VALUE, LONGEST_LIST))
        return f"{self.option} {' '.join(steps)}"


def difference(before: Settings, after: Settings, port_of: PortOf) -> tuple[Change, ...]:
    """Every option whose value has changed, once, in the order of the manual."""
    listeners = (_listeners(settings, port_of) for settings in (before, after))
    found = (
        Change(FILE, _file(before), _file(after)),
        *_options(before, after),
        Change(POLICY, *(_functions(settings.policy_source) for settings in (before, after))),
        *_lists(before.machine.policy_lists, after.machine.policy_lists),
        Change(LISTENER, *listeners),
    )
    return tuple(change for change in found if change.before != change.after)


def changes(before: Settings, after: Settings, port_of: PortOf) -> Changes:
    """The same for the log; `after` has its number already."""
    found = difference(before, after, port_of)
    front = f"generation {before.generation} -> {after.generation}: "
    lines = _lines([one.brief for one in found], front) or (f"{front}no setting has changed",)
    return Changes(before.generation, lines, tuple(one.option for one in found[:MOST_OPTIONS]))


def _options(ours: Settings, theirs: Settings) -> Iterator[Change]:
    for subject, type_ in SUBJECTS.items():
        old, new = getattr(ours, subject), getattr(theirs, subject)
        if old == new:  # as most are, and annotations take a while to be read
            continue
        hints = get_type_hints(type_, include_extras=True)
        for field in fields(type_):
            name = field.name
            before, after = getattr(old, name), getattr(new, name)
            if type_ is Policy:
                before, after = listed(before or {}), listed(after or {})
            yield Change(name, before, after, hints[name])


def _lists(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> Iterator[Change]:
    """The items of files that rules of policy name."""
    for path in sorted(before.keys() | after.keys()):
        items = (tuple(lists.get(path, ())) for lists in (before, after))
        yield Change(f"{LIST} {_shown(path, None, _ALL)}", *items)


def _file(settings: Settings) -> str:
    """A first one appears, as a rule; without any, only this machine is served."""
    return settings.machine.config_file if settings.machine.is_configured else ""


def _functions(source: PolicySource) -> str:
    """Which text of the file it is, and what it has."""
    if not source.text:
        return ""
    digest = hashlib.sha256(source.text.encode()).hexdigest()
    return f"{digest[:12]} ({' '.join(source.stages)})"


def _listeners(settings: Settings, port_of: PortOf) -> tuple[str, ...]:
    """The sockets that are ours to bind; () where systemd, or nobody, listens."""
    listen = settings.listen
    if settings.machine.is_handed_sockets or not settings.launch.listens:
        return ()
    try:
        ports = [parse_port(text, port_of) for text in listen.daemon_smtp_ports]
        places = [parse_interface(text) for text in listen.local_interfaces]
    except ValueError:  # the name of a service has gone
        return ()
    found = {
        f"[{address}]:{port}"
        for address, own, _ in places
        if address.version == 4 or not listen.disable_ipv6
        for port in ([own] if own else ports)
    }
    return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class _Bounds:
    items: int = UNBOUNDED
    value: int = UNBOUNDED
    whole: int = UNBOUNDED

    def few(self, items: list[str]) -> list[str]:
        rest = len(items) - self.items
        return [*items[: self.items], f"(and {rest} more)"] if rest > 0 else items


_ALL = _Bounds()


def _steps(change: Change, bounds: _Bounds = _ALL) -> list[str]:
    before, after, hint = change.before, change.after, change.hint
    if isinstance(before, tuple) and isinstance(after, tuple) and _keeps_order(before, after):
        old, new = set(before), set(after)
        came = [f"+{_shown(item, None, bounds)}" for item in after if item not in old]
        went = [f"-{_shown(item, None, bounds)}" for item in before if item not in new]
        return [*bounds.few(came), *bounds.few(went)]
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return bounds.few(list(_entries(before, after, hint, bounds)))
    return [f"{_shown(before, hint, bounds)} -> {_shown(after, hint, bounds)}"]


def _keeps_order(before: Sequence[Any], after: Sequence[Any]) -> bool:
    """Do coming and going items say it all?"""
    both = set(before) & set(after)
    return [item for item in before if item in both] == [item for item in after if item in both]


def _entries(
    before: Mapping[str, Any], after: Mapping[str, Any], hint: Any, bounds: _Bounds
) -> Iterator[str]:
    for key in (*after, *(key for key in before if key not in after)):
        name = _shown(key, None, bounds)
        old, new = (_shown(table.get(key), hint, bounds) for table in (before, after))
        if key not in before:
            yield f"+{name}={new}"
        elif key not in after:
            yield f"-{name}={old}"
        elif before[key] != after[key]:
            yield f"{name}={old} -> {new}"


def _shown(value: Any, hint: Any, bounds: _Bounds) -> str:
    markers = get_args(hint)
    match value:
        case None:
            return "unset"
        case bool():
            return "true" if value else "false"
        case int() if any(isinstance(marker, Time) for marker in markers):
            return format_duration(value)
        case int() if any(isinstance(marker, _SIZES) for marker in markers):
            return format_size(value)
        case str():
            return _cut(value if _SIMPLE.fullmatch(value) else json.dumps(value), bounds.value)
        case tuple():
            items = (_shown(item, None, bounds) for item in value)
            return _cut(f"[{', '.join(items)}]", bounds.whole)
        case Mapping():
            pairs = (
                f"{_shown(k, None, bounds)}={_shown(v, hint, bounds)}" for k, v in value.items()
            )
            return _cut(f"{{{', '.join(pairs)}}}", bounds.whole)
        case _:
            return f"{value:g}" if isinstance(value, float) else str(value)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _lines(items: Sequence[str], front: str) -> tuple[str, ...]:
    """A few lines, each with `front`; what does not fit is counted."""
    lines: list[str] = []
    for told, item in enumerate(items):
        if lines and len(lines[-1]) + len(item) + 2 <= LONGEST_LINE:
            lines[-1] += f"; {item}"
        elif len(lines) < MOST_LINES:
            lines.append(front + item)
        else:
            lines[-1] += f"; and {len(items) - told} more changes"
            break
    return tuple(lines)
