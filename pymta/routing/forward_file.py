r"""A user's .forward: where his mail goes instead, or why nobody can tell.

    # a comment, to the end of the line
    bob                          a user here
    carol@example.org, "dave smith"@example.org
    Erin <erin@example.org>
    \alice                       the mailbox itself, and no further: "and keep a copy"
    |/usr/bin/vacation alice     a command, run as the user
    /home/alice/inbox            a file of the user's, with a "/" behind it a Maildir
    /dev/null                    nobody gets it
    :include:/home/alice/list    all of these that stand in another file of his

They stand on lines of their own or between commas.  A file without any says nothing, and the
mail goes into the mailbox; a list without any is a mistake.  What asks for more (a filter, a list
in a list) is never taken for an address: the mail waits until the user has mended his file.

Lists are read where the .forward is, by a process that has become the user, and told with it as one
text (`with_lists`): so whoever reads that text here has no file to look for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pymta.config.deliver import Deliver
from pymta.routing.target import (
    Blackhole,
    Command,
    File,
    Include,
    Target,
    Unusable,
    Whom,
    parse_targets,
)

LONGEST = 32 * 1024  # bytes; more is no list of addresses that somebody wrote
MOST_ADDRESSES = 100  # of one user; who has more to tell wants a mailing list

Wanted = tuple[Whom | Command | File | Blackhole, ...]
ReadList = Callable[[str], bytes | Unusable]  # of an absolute path
ANYTHING = Deliver()
_IN_QUOTES = re.compile(r'(["\\])')
_FILTER = re.compile(r"#\s*(exim|sieve)\s+filter\b", re.IGNORECASE)


def parse_forward(content: bytes, allowed: Deliver = ANYTHING) -> Wanted | Unusable:
    """Every target in the order of the file, or the first thing that is wrong."""
    if not content.isascii():
        return Unusable("it holds octets that are not ASCII")
    text = content.decode("ascii").replace("\r\n", "\n")
    if match := _FILTER.match(text):
        return Unusable(f"{match[1].capitalize()} filters are not supported")
    targets: list[Whom | Command | File | Blackhole] = []
    for number, target in parse_targets(text):
        if why := _refusal(target, allowed):
            return Unusable(f"line {number}: {why}")
        assert isinstance(target, Whom | Command | File | Blackhole)  # anything else was refused
        targets.append(target)
    if len(targets) > MOST_ADDRESSES:
        return Unusable(f"it has {len(targets)} addresses, and {MOST_ADDRESSES} are allowed")
    return tuple(targets)


def with_lists(content: bytes, read: ReadList) -> bytes | Unusable:
    """The same with all lists in place of their names; where it names none, as it stands.

    Of one that is no text of targets the reader of all says what is wrong with it.
    """
    if b":include:" not in content.lower() or not content.isascii():
        return content
    text = content.decode("ascii").replace("\r\n", "\n")
    if _FILTER.match(text):
        return content
    lines: list[str] = []
    for number, target in parse_targets(text):
        found = _members(target, read) if isinstance(target, Include) else [target]
        for one in found:
            if isinstance(one, Unusable):
                return Unusable(f"line {number}: {one.why}")
            lines.append(_written(one))
    whole = "\n".join(lines).encode("ascii")
    if len(whole) > LONGEST:
        return Unusable(f"with its lists it has more than {LONGEST} bytes")
    return whole


def _members(named: Include, read: ReadList) -> Iterator[Target | Unusable]:
    content = read(named.path)
    if isinstance(content, Unusable):
        yield content
        return
    if not content.isascii():
        yield Unusable(f"{named.path} holds octets that are not ASCII")
        return
    is_empty = True
    for number, target in parse_targets(content.decode("ascii").replace("\r\n", "\n")):
        is_empty = False
        where = f"{named.path}:{number}"
        if isinstance(target, Unusable):
            yield Unusable(f"{where}: {target.why}")
        elif why := _refusal(target, ANYTHING):
            yield Unusable(f"{where}: {why}")
        else:
            yield target
    if is_empty:
        yield Unusable(f"{named.path} names nobody")


def _written(target: Target) -> str:
    """So that it reads back to itself in a text of many."""
    if not isinstance(target, Command | File):
        return str(target)
    return '"' + _IN_QUOTES.sub(r"\\\1", str(target)) + '"'


def _refusal(target: Target | Unusable, allowed: Deliver) -> str:
    match target:
        case Whom() | Blackhole():
            return ""
        case Unusable(why):
            return why
        case Command():
            return "commands are not allowed here (forbid_pipe)" if allowed.forbid_pipe else ""
        case File():
            return "files are not allowed here (forbid_file)" if allowed.forbid_file else ""
    return f"{target} is not supported"
