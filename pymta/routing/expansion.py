"""What an alias says, with all its lists: on to whom, never, later, or why nobody can tell.

    addresses                             everybody who is named
    an item that nobody can read          wait, until the operator has mended it
    a list that cannot be read            wait
    a list without anybody in it          wait: it may be about to be written
    :fail: anywhere                       fail, with the text that stands behind it
    :defer: anywhere                      wait
    :blackhole: and nothing else          nobody gets it, and nobody is told

The text behind ``:fail:`` may begin with a status of its own (RFC 3463), as in ``:fail: 5.1.6 he
has moved``.  A list names addresses alone, and waits where it says anything else: whoever may write
it is not always the operator, and must not decide about the others whom the alias names.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from pymta.mail.address import Mailbox
from pymta.routing.route import Defer, Discard, Expanded, Fail, Item
from pymta.routing.target import (
    Blackhole,
    Command,
    DeferWith,
    FailWith,
    File,
    Include,
    Target,
    Unusable,
    Whom,
    parse_targets,
)
from pymta.tables.address_tables import ReadList
from pymta.tables.table import Found, Unsure

MOST_ITEMS = 10_000  # of one alias with all its lists
LONGEST_SAID = 300  # characters
WAITS = "4.2.1"
NOT_HERE = "5.2.1"  # RFC 3463 s3.3: mailbox disabled, not accepting messages
TABLE_TROUBLE = "4.3.0"
_STATUS = re.compile(r"(5\.[0-9]{1,3}\.[0-9]{1,3})[ \t]+")

Ended = Fail | Defer


class _EndedError(Exception):
    """Something was said, or is wrong, that decides about the whole alias."""

    def __init__(self, route: Ended) -> None:
        self.route = route


def expand(
    found: Found,
    *,
    key: str,
    home: str,
    router: str,
    read_list: ReadList,
    may_do: Collection[str] = (),
) -> Expanded | Discard | Ended:
    """`home` is the domain of names without one; `may_do` are the files that may name commands and
    files.
    """
    try:
        items = tuple(_items(found, home, read_list, may_do=found.file in may_do))
    except _EndedError as ended:
        return ended.route
    whom = tuple(item for item in items if item is not None)
    if whom:
        return Expanded(whom, key, found.where, router)
    if items:
        return Discard(found.where, router)
    return Defer(f"{found.where}: {key} names nobody; want :blackhole: if so", TABLE_TROUBLE)


def _items(found: Found, home: str, read_list: ReadList, *, may_do: bool) -> Iterator[Item | None]:
    """None for whatever swallows the message."""
    for count, (where, target) in enumerate(_targets(found, read_list), start=1):
        if count > MOST_ITEMS:
            raise _EndedError(_waits(where, f"more than {MOST_ITEMS} addresses"))
        yield _item(target, where, home, may_do=may_do)


def _targets(found: Found, read_list: ReadList) -> Iterator[tuple[str, Target | Unusable]]:
    """Those of lists in place of the lists, each with where it stands."""
    for where, target in _written(found):
        if not found.file and isinstance(target, Include | Command | File):
            raise _EndedError(_waits(where, f"{target}: only a file of aliases may say that"))
        if not isinstance(target, Include):
            yield where, target
            continue
        members = read_list(target.path)
        if isinstance(members, Unsure):
            raise _EndedError(_waits(where, members.why))
        is_empty = True
        for line, member in _written(members):
            is_empty = False
            if not isinstance(member, Whom | Unusable):
                raise _EndedError(_waits(line, f"{member}: a list names addresses alone"))
            yield line, member
        if is_empty:
            raise _EndedError(_waits(where, f"{target.path} names nobody"))


def _written(found: Found) -> Iterator[tuple[str, Target | Unusable]]:
    for number, target in parse_targets(found.value):
        yield f"{found.file}:{found.line + number - 1}" if found.file else found.where, target


def _item(target: Target | Unusable, where: str, home: str, *, may_do: bool) -> Item | None:
    match target:
        case Whom(mailbox, is_final):
            domain = mailbox.domain or home
            return Item(Whom(Mailbox(mailbox.local, domain), is_final), where)
        case Command() | File() if may_do:
            return Item(target, where)
        case Command():
            raise _EndedError(_waits(where, "commands are not allowed here (alias_user)"))
        case File():
            raise _EndedError(_waits(where, "files are not allowed here (alias_user)"))
        case FailWith(text):
            raise _EndedError(_fails(text))
        case DeferWith(text):
            said = _plain(text)
            raise _EndedError(Defer(said or "an alias says: later", WAITS, said))
        case Blackhole():
            return None
        case Include():
            raise AssertionError("read by whoever asked")
        case Unusable(why):
            raise _EndedError(_waits(where, why))


def _waits(where: str, why: str) -> Defer:
    return Defer(f"{where}: {why}", TABLE_TROUBLE)


def _fails(text: str) -> Fail:
    match = _STATUS.match(text)
    said = _plain(text[match.end() :] if match else text)
    return Fail(said or "an alias says: never", match[1] if match else NOT_HERE)


def _plain(text: str) -> str:
    """As it may stand in a reply (RFC 5321 s4.2)."""
    return text.encode("ascii", "replace").decode("ascii")[:LONGEST_SAID]
