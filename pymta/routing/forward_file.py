r"""A user's .forward: where his mail goes instead, or why nobody can tell.

    # a comment, to the end of the line
    bob                          a user here
    carol@example.org, "dave smith"@example.org
    Erin <erin@example.org>
    \alice                       the mailbox itself, and no further: "and keep a copy"
    |/usr/bin/vacation alice     a command, run as the user
    /home/alice/inbox            a file of the user's, with a "/" behind it a Maildir
    /dev/null                    nobody gets it

They stand on lines of their own or between commas.  A file without any says nothing, and the
mail goes into the mailbox.  What asks for more (a list, a filter) is never taken for an address:
the mail waits until the user has mended his file.
"""

from __future__ import annotations

import re

from pymta.config.deliver import Deliver
from pymta.routing.target import Blackhole, Command, File, Target, Unusable, Whom, parse_targets

LONGEST = 32 * 1024  # bytes; more is no list of addresses that somebody wrote
MOST_ADDRESSES = 100  # of one user; who has more to tell wants a mailing list

Wanted = tuple[Whom | Command | File | Blackhole, ...]
ANYTHING = Deliver()
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
