r"""A user's .forward: where his mail goes instead, or why nobody can tell.

    # a comment, to the end of the line
    bob                          a user here
    carol@example.org, "dave smith"@example.org
    Erin <erin@example.org>
    \alice                       the mailbox itself, and no further: "and keep a copy"

Addresses stand on lines of their own or between commas.  A file without any says nothing, and the
mail goes into the mailbox.  What asks for more (a command, a file, a list, a filter) is never taken
for an address: the mail waits until the user has mended his file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pymta.mail.address import BadPath, Mailbox, parse_mailbox

LONGEST = 32 * 1024  # bytes; more is no list of addresses that somebody wrote
MOST_ADDRESSES = 100  # of one user; who has more to tell wants a mailing list

# Quotes and brackets protect what is in them; one that is not closed takes the rest of the line, so
# that nothing is ever read twice.
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"?|<[^<>]*>?|.')
_COMMENT = re.compile(r"(?:^|(?<=[ \t,]))#.*")
_QUOTED_WHOLE = re.compile(r'"((?:[^"\\]|\\.)*)"')
_NAMED = re.compile(r"[^<>]*<([^<>]+)>")
_PAIR = re.compile(r"\\(.)")
_FILTER = re.compile(r"#\s*(exim|sieve)\s+filter\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """`mailbox.domain` is "" for a user of this machine; `is_final`: into the mailbox itself."""

    mailbox: Mailbox
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Unusable:
    why: str


def parse_forward(content: bytes) -> tuple[Target, ...] | Unusable:
    """Every target in the order of the file, or the first thing that is wrong."""
    if not content.isascii():
        return Unusable("it holds octets that are not ASCII")
    text = content.decode("ascii").replace("\r\n", "\n")
    if match := _FILTER.match(text):
        return Unusable(f"{match[1].capitalize()} filters are not supported")
    targets: list[Target] = []
    for number, item in _items(text):
        target = _target(item)
        if isinstance(target, Unusable):
            return Unusable(f"line {number}: {target.why}")
        targets.append(target)
    if len(targets) > MOST_ADDRESSES:
        return Unusable(f"it has {len(targets)} addresses, and {MOST_ADDRESSES} are allowed")
    return tuple(targets)


def _items(text: str) -> Iterator[tuple[int, str]]:
    """What stands between separators, with the number of its line."""
    for number, line in enumerate(text.split("\n"), start=1):
        pieces: list[str] = []
        for piece in (*_PIECE.findall(_without_comment(line)), ","):
            if piece != ",":
                pieces.append(piece)
                continue
            if item := "".join(pieces).strip():
                yield number, item
            pieces.clear()


def _without_comment(line: str) -> str:
    """A "#" begins one where a word could begin, but not inside quotes."""
    for match in _PIECE.finditer(line):
        if match[0] == "#" and _COMMENT.match(line, match.start()):
            return line[: match.start()]
    return line


def _target(item: str) -> Target | Unusable:
    if match := _QUOTED_WHOLE.fullmatch(item):  # the quotes are the file's, not the address's
        item = _PAIR.sub(r"\1", match[1]) if match[1][:1] != "\\" else match[1]
    if asks_for := _refused(item):
        return Unusable(f"{asks_for} are not supported")
    is_final = item.startswith("\\")
    if named := _NAMED.fullmatch(item):
        item = named[1].strip()
    mailbox = parse_mailbox(item.removeprefix("\\"))
    if isinstance(mailbox, BadPath):
        return Unusable(f"{item[:80]!r} is no address: {mailbox.why}")
    return Target(mailbox, is_final)


def _refused(item: str) -> str:
    match item[:1]:
        case "|":
            return "commands"
        case "/" | "~":
            return "files"
        case ":":
            return "lists and special items, such as :include:,"
    return ""
