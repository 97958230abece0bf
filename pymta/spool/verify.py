"""Read everything in a spool and say what is wrong with it.  Nothing is changed, nothing locked.

Beside a serving daemon messages come and go while we look, so whatever is odd is looked at once
more: a file that has gone since was settled meanwhile.  What a stopped process may leave is no
damage but a remark: `pymta.spool.states` knows what becomes of it.

Touches: disk.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import field
from pathlib import Path

from pymta.dataclass import dataclass
from pymta.mail.envelope import DEFAULT_QUEUE, is_queue_name
from pymta.mail.message_id import is_id
from pymta.spool.disk import Disk
from pymta.spool.fold import fold
from pymta.spool.journal_lines import Journal
from pymta.spool.opened import Opened, read_body, read_journal, read_message
from pymta.spool.paths import (
    CORRUPT,
    FORMAT,
    HOST,
    INCOMING,
    JOURNAL,
    NAMED_QUEUE,
    QUEUE,
    corrupt_journal,
)
from pymta.spool.places import read_format, read_host
from pymta.spool.store import SpoolError

PRIVATE = 0o077  # bits that no file of a spool has


@dataclass(frozen=True, slots=True)
class Finding:
    """`place` is a path below the spool directory, "" for itself; `what` in words."""

    place: str
    what: str
    is_damage: bool = True


@dataclass(slots=True)
class Read:
    """How much was read: numbers of files, and bytes of messages."""

    messages: int = 0
    journals: int = 0
    octets: int = 0


@dataclass(slots=True)
class Verifier:
    """`seen(path)` hears of each message when it has been read."""

    top: Path
    disk: Disk = field(default_factory=Disk)
    seen: Callable[[str], object] = lambda _path: None
    read: Read = field(default_factory=Read)

    def messages(self) -> list[str]:
        """Paths of all that lies in queues, below the spool directory: what there is to read.

        Raises OSError when the spool cannot be looked at.
        """
        return [f"{name}/{entry}" for name in self._queues() for entry in self._names(name)]

    def findings(self) -> Iterator[Finding]:
        """All of them, one directory after another.  Raises OSError like `messages`."""
        yield from self._top()
        owners: dict[str, str] = {}
        for name in self._queues():
            for entry in self._names(name):
                place = f"{name}/{entry}"
                if is_id(entry) and entry in owners:
                    yield Finding(place, f"the same message is in {owners[entry]}/ as well")
                owners[entry] = name
                yield from self._message(name, entry)
                self.seen(place)
        yield from self._journals(set(owners))
        yield from self._incoming()
        yield from self._set_aside()

    def _top(self) -> Iterator[Finding]:
        with _opened(self.disk, self.top) as top:
            yield from self._rights(top, ".", "", only=0o022)
            if self.disk.look(top, HOST) is None:
                yield Finding(HOST, "is missing; the next start makes another", is_damage=False)
            else:
                yield from _told(HOST, lambda: read_host(self.disk, top))
            yield from _told(FORMAT, lambda: read_format(self.disk, top))
        for name in (INCOMING, *self._queues(), JOURNAL, CORRUPT):
            with _opened(self.disk, self.top) as top:
                yield from self._rights(top, name, name)  # it says when there is none

    def _queues(self) -> list[str]:
        with _opened(self.disk, self.top) as top:
            names = self.disk.names(top)
        named = (name for name in sorted(names) if name.startswith(NAMED_QUEUE))
        return [QUEUE, *(name for name in named if is_queue_name(name.removeprefix(NAMED_QUEUE)))]

    def _names(self, directory: str) -> list[str]:
        """Nothing of a directory that is missing, of which `_top` tells."""
        try:
            with _opened(self.disk, self.top / directory) as at:
                return sorted(self.disk.names(at))
        except FileNotFoundError:
            return []

    def _message(self, queue: str, id: str) -> Iterator[Finding]:
        place = f"{queue}/{id}"
        if not is_id(id):
            yield Finding(place, "is no message: nobody looks at it, and units take it for mail")
            return
        with _opened(self.disk, self.top / queue) as at:
            found = [*self._rights(at, id, place), *self._content(at, place, id, queue)]
            if found and self.disk.look(at, id) is None:
                return  # settled meanwhile
        yield from found

    def _content(self, at: int, place: str, id: str, queue: str) -> Iterator[Finding]:
        try:
            fd = self.disk.open(at, id)
            try:
                opened = read_message(self.disk, fd)
                for block in read_body(self.disk, fd, opened):
                    self.read.octets += len(block)
            finally:
                self.disk.close(fd)
        except (OSError, ValueError) as error:
            yield Finding(place, _why(error))
            return
        self.read.messages += 1
        named = f"{NAMED_QUEUE}{opened.envelope.queue_name}"
        ours = QUEUE if opened.envelope.queue_name == DEFAULT_QUEUE else named
        if ours != queue:
            yield Finding(place, f"its envelope says that it belongs in {ours}/")
        with suppress(FileNotFoundError):  # the whole directory, of which `_top` tells
            yield from self._journal_of(id, opened)

    def _journal_of(self, id: str, opened: Opened) -> Iterator[Finding]:
        place = f"{JOURNAL}/{id}"
        with _opened(self.disk, self.top / JOURNAL) as at:
            if self.disk.look(at, id) is None:
                return
            try:
                journal, size = _read_journal(self.disk, at, id)
                fold(len(opened.envelope.recipients), journal.records, opened.seal.frozen)
            except FileNotFoundError:  # settled meanwhile
                return
            except (OSError, ValueError, IndexError) as error:
                yield Finding(place, _why(error))
                return
            self.read.journals += 1
            if size > journal.good:
                what = "its last record is torn, or being written; it counts as not written"
                yield Finding(place, what, is_damage=False)

    def _journals(self, queued: set[str]) -> Iterator[Finding]:
        aside = set(self._names(CORRUPT))
        for id in self._names(JOURNAL):
            place = f"{JOURNAL}/{id}"
            with _opened(self.disk, self.top / JOURNAL) as at:
                if not is_id(id):
                    yield Finding(place, "is no journal")
                    continue
                yield from self._rights(at, id, place)
                if id not in queued and not self._is_queued(id):
                    to = "goes to its message in corrupt/" if id in aside else "takes it"
                    what = f"its message has gone; a sweep (pymta tidy) {to}"
                    yield Finding(place, what, is_damage=False)

    def _is_queued(self, id: str) -> bool:
        """One that came while we looked?"""
        return any(os.path.lexists(self.top / queue / id) for queue in self._queues())

    def _incoming(self) -> Iterator[Finding]:
        for name in self._names(INCOMING):
            place = f"{INCOMING}/{name}"
            what = "is being written, or was when its writer died; a sweep (pymta tidy) takes it"
            yield Finding(place, what if is_id(name) else "is nothing of ours", not is_id(name))

    def _set_aside(self) -> Iterator[Finding]:
        names = self._names(CORRUPT)
        journals = {corrupt_journal(id) for id in names if is_id(id)}
        for name in names:
            if name not in journals:
                what = (
                    "could not be read and was set aside" if is_id(name) else "is nothing of ours"
                )
                yield Finding(f"{CORRUPT}/{name}", what)

    def _rights(self, at: int, name: str, place: str, only: int = PRIVATE) -> Iterator[Finding]:
        try:
            rights = self.disk.rights(at, name)
            owner = os.stat(self.top).st_uid  # noqa: PTH116 (as its neighbours)
        except OSError as error:
            yield Finding(place, _why(error))
            return
        if rights.uid != owner:
            yield Finding(place, f"belongs to uid {rights.uid}, and the spool to uid {owner}")
        if rights.mode & only:
            yield Finding(place, f"has mode {rights.mode:04o}: others may read or change it")


def _read_journal(disk: Disk, at: int, id: str) -> tuple[Journal, int]:
    fd = disk.open(at, id)
    try:
        return read_journal(disk, fd), disk.facts(fd).size
    finally:
        disk.close(fd)


def _told(place: str, deed: Callable[[], object]) -> Iterator[Finding]:
    """What a deed that reads this file says against it."""
    try:
        deed()
    except (OSError, ValueError) as error:
        yield Finding(place, _why(error))


def _why(error: Exception) -> str:
    match error:
        case SpoolError():
            return error.strerror or str(error)
        case OSError(errno=errno.ENOENT):
            return "is missing"
        case OSError(errno=errno.ELOOP):
            return "is a symbolic link"
        case OSError(strerror=str(text)):
            return f"cannot be read: {text}"
    return str(error)


@contextmanager
def _opened(disk: Disk, path: Path) -> Iterator[int]:
    fd = disk.open_directory(str(path), follow=True)
    try:
        yield fd
    finally:
        disk.close(fd)
