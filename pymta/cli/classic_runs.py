"""Queue runs on a classic command line: -q, and which messages, -R and -S.

A -q word without a time is one run, here and now; those with one are the periodic runs of a daemon,
one for each queue (N-28).  What -R and -S say goes for every run (QR-09, N-03).
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field, replace

from pymta.channel.selection import Selection, asked_by
from pymta.cli.classic_refusal import RefusedError, bad_time, seconds_of, unknown
from pymta.config.run_word import BadTimeError, RunWord, parse_run_word
from pymta.mail.message_id import is_id

_SELECTOR = re.compile(r"-[RS](ff?|r|rff?)?", re.DOTALL)
TWICE = "pymta: queue-runner specified more than once"
EVERY = Selection()


@dataclass(slots=True)
class Runs:
    """`periodic` are words by their queues; `which` is what every run takes."""

    single: RunWord | None = None
    periodic: dict[str, str] = field(default_factory=dict)
    which: Selection = EVERY

    @property
    def is_for_now(self) -> bool:
        """One run is asked for, by -q, or by -R or -S alone."""
        return self.single is not None or (self.which != EVERY and not self.periodic)

    @property
    def named_queue(self) -> str | None:
        """The queue, "" for the default one, when that is all that was said; else None."""
        word = self.single or RunWord()
        is_all = word == RunWord(word.queue) and self.which == EVERY and not self.periodic
        return word.queue if is_all else None

    def selection(self) -> Selection:
        """Of the one run."""
        which = self.which
        plain = asked_by(self.single or RunWord(), which.by)
        return replace(
            which,
            queue=plain.queue,
            force=plain.force or which.force,
            thaw=plain.thaw or which.thaw,
            first_only=plain.first_only,
            local_only=plain.local_only,
            two_stage=plain.two_stage,
        )

    def hear_run(self, word: str, rest: deque[str]) -> None:
        """A -q word; what belongs to it is taken off `rest`.  Raises RefusedError."""
        try:
            run = parse_run_word(word)
        except BadTimeError:
            raise bad_time(word) from None
        except ValueError as error:
            raise RefusedError(f"pymta: {word}: {error}") from None
        if not run.interval and rest and is_id(rest[0]):
            self._hear_ids(rest)
        elif not run.interval and rest and rest[0][:1].isdigit():
            text = rest.popleft()  # N-28: "-q 5m"
            run = replace(run, interval=seconds_of(text, text))
            word += f"/{text}" if run.queue and not word.endswith("/") else text
        if self.single or run.queue in self.periodic:
            raise RefusedError(TWICE)
        if run.interval:
            self.periodic[run.queue] = word
        else:
            self.single = run

    def hear_selector(self, word: str, rest: deque[str]) -> None:
        """-R or -S.  Raises RefusedError."""
        flags = _SELECTOR.fullmatch(word)
        letters = (flags[1] or "") if flags else ""
        if flags and (not rest or not rest[0]):
            raise unknown(word)
        text = rest.popleft() if flags else word[2:]
        is_pattern = "r" in letters
        if is_pattern:
            _check_pattern(word, text)
        self.which = replace(
            self.which,
            force=self.which.force or "f" in letters,
            thaw=self.which.thaw or "ff" in letters,
        )
        if word[1] == "R":
            self.which = replace(self.which, recipients=text, recipients_are_pattern=is_pattern)
        else:
            self.which = replace(self.which, senders=text, senders_are_pattern=is_pattern)

    def _hear_ids(self, rest: deque[str]) -> None:
        first = rest.popleft()
        last = rest.popleft() if rest and is_id(rest[0]) else ""
        self.which = replace(self.which, first_id=first, last_id=last)


def _check_pattern(word: str, text: str) -> None:
    try:
        re.compile(text)
    except re.error as error:
        raise RefusedError(f"pymta: {word} {text}: no regular expression: {error}") from None
