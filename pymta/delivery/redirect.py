r"""Mail goes on to where an alias or a .forward says: to everybody once, and never in a circle.

Recipients are compared as mailboxes, however they are written.  For each that is named:

    somebody who gets the message anyway       nobody new: there is one copy for each
    one who has sent it on himself             what he is besides: of an alias, the user of that
                                               name; of a user, his mailbox
    the user himself, or ``\user``             his mailbox, and no further
    anybody else                               one recipient more

A user whose .forward closes a circle that has no mailbox in it, such as a list that he is on, keeps
the mail himself.  So redirections never form a circle, and every one of them leads to somebody who
really gets the message, or to a failure that is told: it can neither go round for ever nor vanish.
What is decided is recorded before anybody of them has it (`pymta.spool.states`, Redirecting).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto

from pymta.dataclass import dataclass
from pymta.delivery.outcome import Addressee
from pymta.mail.address import Mailbox
from pymta.mail.envelope import Envelope
from pymta.routing.target import Target, Whom
from pymta.spool.outcomes import Redirected, State
from pymta.spool.recipients import NO_FURTHER, reaches, way_to

MOST_ADDED = 10_000  # recipients that redirections may add to one message
MOST_STEPS = 30  # from the recipient of the envelope to the last one

Key = tuple[str, str]
KeyOf = Callable[[str], Key]  # equal for two ways to write one mailbox
IsMailbox = Callable[[str], bool]  # is there a mailbox, whatever an alias or a .forward says?


class Level(Enum):
    """How far mail for an address may still go, by what has happened to it before."""

    FREE = auto()
    AGAIN = auto()  # it has sent the message on already: by no alias any more
    FINAL = auto()  # into the mailbox itself


@dataclass(frozen=True, slots=True)
class Wish:
    """Where the mail of a recipient goes instead.

    `account` is that of the user who says so in his .forward, "" where it is an alias; `where`
    that is, for the log, and `router` who found it.  `owner` is from whom those have it then who
    are new, "" where that does not change.
    """

    addressee: Addressee
    targets: tuple[Target, ...]
    account: str = ""
    where: str = ""
    router: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class TooMany:
    why: str


class Known:
    """Who has the message, by mailbox and level.  It learns what is new, and so stays quick."""

    def __init__(self, key_of: KeyOf) -> None:
        self.places: dict[tuple[Key, Level], int] = {}
        self.count = 0  # of recipients, and so the index of the next one
        self._key_of = key_of
        self._keys: dict[int, Key] = {}
        self._gave: dict[int, int] = {}
        self._redirects = 0

    def learn(self, envelope: Envelope, state: State) -> None:
        """Of one message, whose state only grows."""
        first = len(envelope.recipients)
        for giver, to in state.redirects[self._redirects :]:
            for n in to:
                if n >= first:
                    self._gave.setdefault(n, giver)
        self._redirects = len(state.redirects)
        if not self.count:
            for n, recipient in enumerate(envelope.recipients):
                self._put(n, recipient.address)
        for n, text in state.added[self.count - first :]:
            self._put(n, text)

    def _put(self, index: int, text: str) -> None:
        key = self._keys[index] = self._key_of(text.removeprefix(NO_FURTHER))
        before = [self._keys[n] for n in way_to(index, self._gave)]
        self.places.setdefault((key, _level(text, key, before)), index)
        self.count = index + 1


def redirect(
    wish: Wish,
    envelope: Envelope,
    state: State,
    key_of: KeyOf,
    now: float,
    *,
    is_mailbox: IsMailbox = lambda _: True,
    known: Known | None = None,
) -> Redirected | TooMany:
    """The record; `now` is in seconds since the epoch, `known` from the wish before."""
    if len(wish.addressee.via) >= MOST_STEPS:
        return TooMany(f"sent on more than {MOST_STEPS} times, from one to the next")
    known = known or Known(key_of)
    known.learn(envelope, state)
    made = _Redirection(wish, state, known.places, key_of, is_mailbox)
    for target in wish.targets:
        made.add(target)
    if len(state.added) + len(made.added) > MOST_ADDED:
        return TooMany(f"redirections would add more than {MOST_ADDED} recipients to the message")
    new = range(known.count, known.count + len(made.added))
    to = list(dict.fromkeys(made.to))
    owner = wish.owner if envelope.sender else ""  # a report stays a report (RFC 5321 s3.9.2)
    added = tuple(made.added.values())
    return Redirected(now, (wish.addressee.index,), (*to, *new), added, sender=owner)


class _Redirection:
    """`to` are those who have the message anyway, `added` the texts of those who are new."""

    def __init__(
        self,
        wish: Wish,
        state: State,
        known: dict[tuple[Key, Level], int],
        key_of: KeyOf,
        is_mailbox: IsMailbox,
    ) -> None:
        self.to: list[int] = []
        self.added: dict[tuple[Key, Level], str] = {}
        self._wish = wish
        self._state = state
        self._key_of = key_of
        self._is_mailbox = is_mailbox
        self._known = known
        self._own = key_of(wish.addressee.address)
        self._before = {self._own, *map(key_of, wish.addressee.via)}

    def add(self, target: Target) -> None:
        if not isinstance(target, Whom):
            self.added.setdefault(((str(target), ""), Level.FREE), str(target))
            return
        address = _address(target.mailbox, self._wish.addressee.address)
        if target.is_final:
            self._put(address, Level.FINAL)
        elif self._wish.account:
            self._by_user(address)
        else:
            self._by_alias(address)

    def _by_user(self, address: str) -> None:
        key = self._key_of(address)
        if key == self._own:
            self._put(address, Level.FINAL)
        elif not self._leads_back(key, Level.FREE):
            self._put(address, Level.FREE)
        elif (key, Level.AGAIN) in self._known and not self._leads_back(key, Level.AGAIN):
            self._put(address, Level.AGAIN)
        elif self._is_mailbox(address):
            self._put(address, Level.FINAL)
        else:
            self._put(self._wish.addressee.address, Level.FINAL)

    def _by_alias(self, address: str) -> None:
        key = self._key_of(address)
        if key not in self._before and not self._leads_back(key, Level.FREE):
            self._put(address, Level.FREE)
            return
        is_again = key in self._before or (key, Level.AGAIN) in self._known
        if is_again and not self._leads_back(key, Level.AGAIN):
            self._put(address, Level.AGAIN)
        else:
            self._put(address, Level.FINAL)

    def _leads_back(self, key: Key, level: Level) -> bool:
        there = self._known.get((key, level))
        return there is not None and reaches(there, self._wish.addressee.index, self._state)

    def _put(self, address: str, level: Level) -> None:
        key = self._key_of(address)
        if (key, level) in self._known:
            self.to.append(self._known[key, level])
        else:
            text = (NO_FURTHER if level is Level.FINAL else "") + address
            self.added.setdefault((key, level), text)


def _level(text: str, key: Key, before: Sequence[Key]) -> Level:
    """`before` are those who have sent the message on to this one."""
    if text.startswith(NO_FURTHER):
        return Level.FINAL
    return Level.AGAIN if key in before else Level.FREE


def _address(mailbox: Mailbox, of_user: str) -> str:
    """One without a domain is in the user's own, which is one of ours."""
    own = of_user.rpartition("@")[2] if "@" in of_user else ""
    return str(Whom(Mailbox(mailbox.local, mailbox.domain or own)))
