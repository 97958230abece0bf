r"""Where an alias or a .forward may send mail: the kinds of target, and the one reader of them.

    bob, carol@example.org       addresses, on lines of their own or between commas
    Erin <erin@example.org>      likewise; what stands outside the brackets is for people
    \alice                       the mailbox itself, and no further: "and keep a copy"
    |/usr/bin/vacation alice     a command that gets the message
    /var/mail/list               a file that it is appended to; with a "/" at its end a Maildir
    :include:/etc/mail/list      the targets that this file holds, in the same form
    :fail: gone to Australia     nobody; the text is told to the sender
    :defer: moving house         nobody for now
    :blackhole:                  nobody, and nobody is told; so does /dev/null
    # a comment, to the end of the line

Quotes around a whole item are not part of it, and keep commas and blanks together.  What may stand
where, whoever asked decides: here is only what it says.  A text that is none of these is never
guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pymta.dataclass import dataclass
from pymta.mail.address import BadPath, Mailbox, parse_mailbox

LONGEST_ITEM = 1000  # characters; a command that is longer belongs into a script
NOWHERE = "/dev/null"
_MEANS_MORE = "|/~"  # at the start of an item; others of the kind need quotes in an address anyway

_NO_PATH = ":include: wants a path from the root, not {!r}"
KNOWN = ":include:/path, :fail: text, :defer: text or :blackhole:"

# Quotes and brackets protect what is in them; one that is not closed takes the rest of the line, so
# that nothing is ever read twice.
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"?|<[^<>]*>?|.')
_COMMENT = re.compile(r"(?:^|(?<=[ \t,]))#.*")
_QUOTED_WHOLE = re.compile(r'"((?:[^"\\]|\\.)*)"')
_NAMED = re.compile(r"[^<>]*<([^<>]+)>")
_PAIR = re.compile(r"\\(.)")
_SPECIAL = re.compile(r":([a-z]+):[ \t]*(.*)", re.IGNORECASE)
_TAKES_THE_LINE = re.compile(r"[ \t]*:(?:fail|defer):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Whom:
    """`mailbox.domain` is "" for a user of this machine; `is_final`: into the mailbox itself."""

    mailbox: Mailbox
    is_final: bool = False

    def __str__(self) -> str:
        text = str(self.mailbox)
        if text[0] in _MEANS_MORE:  # in quotes it is an address like any other
            local, at, domain = text.partition("@")
            text = f'"{local}"{at}{domain}'
        return ("\\" if self.is_final else "") + text


@dataclass(frozen=True, slots=True)
class Command:
    """`line` is what stands behind the bar, not yet taken apart."""

    line: str

    def __str__(self) -> str:
        return f"|{self.line}"


@dataclass(frozen=True, slots=True)
class File:
    """`path` is absolute."""

    path: str

    @property
    def is_directory(self) -> bool:
        """A Maildir; otherwise messages are appended to it."""
        return self.path.endswith("/")

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class Include:
    """`path` is absolute."""

    path: str

    def __str__(self) -> str:
        return f":include:{self.path}"


@dataclass(frozen=True, slots=True)
class FailWith:
    """`text` may be ""."""

    text: str

    def __str__(self) -> str:
        return f":fail: {self.text}".rstrip()


@dataclass(frozen=True, slots=True)
class DeferWith:
    """`text` may be ""."""

    text: str

    def __str__(self) -> str:
        return f":defer: {self.text}".rstrip()


@dataclass(frozen=True, slots=True)
class Blackhole:
    def __str__(self) -> str:
        return ":blackhole:"


Target = Whom | Command | File | Include | FailWith | DeferWith | Blackhole


def is_item(text: str) -> bool:
    """Is it the text form of a command, a file or the black hole?  No `Whom` has such a one."""
    return text[:1] in {"|", "/"} or text == str(Blackhole())


@dataclass(frozen=True, slots=True)
class Unusable:
    why: str


def parse_targets(text: str) -> Iterator[tuple[int, Target | Unusable]]:
    """Everything that `text` says, in its order, each with the number of its line (from 1)."""
    for number, item in _items(text):
        yield number, parse_target(item)


def parse_target(item: str) -> Target | Unusable:
    """One item, without the blanks around it; its text form reads back to itself."""
    if match := _QUOTED_WHOLE.fullmatch(item):  # the quotes are the file's, not the address's
        item = _PAIR.sub(r"\1", match[1]) if match[1][:1] != "\\" else match[1]
    item = item.replace("\t", " ")
    if len(item) > LONGEST_ITEM:
        return Unusable(f"{item[:40]!r} and so on: longer than {LONGEST_ITEM} characters")
    if not item.isprintable():
        return Unusable(f"{item[:80]!r} has characters that do not print")
    match item[:1]:
        case "|":
            return _command(item[1:].strip())
        case "/":
            return Blackhole() if item == NOWHERE else File(item)
        case "~":
            return Unusable(f"{item[:80]!r}: want a path from the root, such as /home/alice/mbox")
        case ":":
            return _special(item)
    return _whom(item)


def _items(text: str) -> Iterator[tuple[int, str]]:
    """What stands between separators."""
    for number, line in enumerate(text.split("\n"), start=1):
        at = 0
        while at < len(line):
            end, after = _end_of_item(line, at)
            if item := line[at:end].strip():
                yield number, item
            at = after


def _end_of_item(line: str, start: int) -> tuple[int, int]:
    """Where the item that starts here ends, and where the next one starts."""
    if _TAKES_THE_LINE.match(line, start):
        return len(line), len(line)
    for match in _PIECE.finditer(line, start):
        if match[0] == ",":
            return match.start(), match.end()
        # A "#" begins a comment where a word could begin, but not inside quotes.
        if match[0] == "#" and _COMMENT.match(line, match.start()):
            return match.start(), len(line)
    return len(line), len(line)


def _command(line: str) -> Command | Unusable:
    if match := _QUOTED_WHOLE.fullmatch(line):  # |"command", as some write it
        line = _PAIR.sub(r"\1", match[1]).strip()
    return Command(line) if line else Unusable("no command stands behind the bar")


def _special(item: str) -> Target | Unusable:
    match = _SPECIAL.fullmatch(item)
    word, rest = (match[1].lower(), match[2].strip()) if match else ("", "")
    match word:
        case "include":
            path = rest
            return Include(path) if path.startswith("/") else Unusable(_NO_PATH.format(path))
        case "fail":
            return FailWith(rest)
        case "defer":
            return DeferWith(rest)
        case "blackhole" if not rest:
            return Blackhole()
    return Unusable(f"{item[:80]!r} is no special item; want {KNOWN}")


def _whom(item: str) -> Whom | Unusable:
    is_final = item.startswith("\\")
    if named := _NAMED.fullmatch(item):
        item = named[1].strip()
    mailbox = parse_mailbox(item.removeprefix("\\"))
    if isinstance(mailbox, BadPath):
        return Unusable(f"{item[:80]!r} is no address: {mailbox.why}")
    return Whom(mailbox, is_final)
