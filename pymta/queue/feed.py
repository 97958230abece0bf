"""Which message next?  The order of a run, with regard to where its messages go.

Of some messages a hint says for which hosts they wait (`pymta.hints.waits`): those are a group.

    its hosts are left alone, or      none of the group is tried in this run, nor even opened
      have had as much as they may
    else                              one goes first; while it is under way the rest waits, and
                                      when it has come back it is asked again how things stand
    its hosts serve                   the rest follows, one behind another at the same worker, which
                                      may still have a connection, but for no more than half of the
                                      workers, and after some of them it is the turn of others

So a host that is down costs a run one attempt, however many messages wait for it, and one that
hangs costs half of the workers at most.  Messages without a hint go in the order of the run, and so
do those that are long past their time: their domain may have other hosts by now.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from pymta.mail.waiting import Answer, Crowded, Go

MOST_IN_A_ROW = 50  # messages of one group at one worker, before those of others have their turn


class _Is(Enum):
    UNKNOWN = auto()
    SCOUTED = auto()
    OPEN = auto()
    SHUT = auto()


@dataclass(slots=True, eq=False)
class Group:
    """Messages that wait for the same hosts; `most` of them may be under way at once."""

    destination: str
    hosts: tuple[str, ...]
    most: int = 1
    ids: deque[str] = field(default_factory=deque)
    is_: _Is = _Is.UNKNOWN
    under_way: int = 0
    owed: int = 0  # places in the order that came up while none of it could start

    @property
    def may_start(self) -> bool:
        return self.is_ is _Is.OPEN and self.under_way < self.most


class Feed:
    """`groups` has the group of each id that is in one.

    `ask` says whether it may be tried, after the attempt at one of its messages, "" before the
    first.
    """

    def __init__(
        self, ids: Iterable[str], groups: Mapping[str, Group], ask: Callable[[Group, str], Answer]
    ) -> None:
        self._ids = iter(ids)
        self._groups = groups
        self._ask = ask
        self._order: Iterator[str] | None = None
        self._eligible: deque[Group] = deque()
        self._row: dict[str, int] = {}  # of an id under way: the how manieth in a row it is
        self.left = 0  # messages that were not opened, because their hosts are left alone

    def take(self, after: str = "") -> str:
        """The next id, for a worker that had `after` last; "": there is none, at least not yet."""
        if self._order is None:
            self._order = self._begin()
        row = self._row.pop(after, 0)
        group = self._groups.get(after)
        if group and group.may_start and group.ids and 0 < row < MOST_IN_A_ROW:
            return self._start(group, row + 1)
        while self._eligible:
            group = self._eligible.popleft()
            if group.owed and group.may_start and group.ids:
                group.owed -= 1
                id = self._start(group)
                self._renew(group)
                return id
        return next(filter(None, map(self._in_order, self._order)), "")

    def ended(self, id: str) -> None:
        """The attempt is over, whatever came of it."""
        group = self._groups.get(id)
        if group is None:
            return
        group.under_way -= 1
        if group.is_ is not _Is.SHUT:
            self._judge(group, id)
            self._renew(group)

    def _begin(self) -> Iterator[str]:
        """All are listed first: who is in a group is known only then."""
        ids = list(self._ids)
        for id in ids:
            if group := self._groups.get(id):
                group.ids.append(id)
        return iter(ids)

    def _in_order(self, id: str) -> str:
        group = self._groups.get(id)
        if group is None:
            return id
        if not group.ids:  # shut, or others of it took the turn of this one
            return ""
        if group.is_ is _Is.UNKNOWN:
            return self._start_first(group)
        if group.may_start:
            return self._start(group)
        group.owed += 1
        return ""

    def _start_first(self, group: Group) -> str:
        self._judge(group, "")
        if group.is_ is _Is.SHUT:
            return ""
        group.is_ = _Is.SCOUTED
        return self._start(group)

    def _start(self, group: Group, row: int = 1) -> str:
        id = group.ids.popleft()
        group.under_way += 1
        self._row[id] = row
        return id

    def _judge(self, group: Group, after: str) -> None:
        """Others may have the last seat while some of ours are under way: then we only wait."""
        answer = self._ask(group, after)
        if isinstance(answer, Go):
            group.is_ = _Is.OPEN
        elif not (group.under_way and any(isinstance(one, Crowded) for one in answer.because)):
            group.is_ = _Is.SHUT
            self.left += len(group.ids)
            group.ids.clear()

    def _renew(self, group: Group) -> None:
        if group.owed and group.may_start and group.ids:
            self._eligible.append(group)
