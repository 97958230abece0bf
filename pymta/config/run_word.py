"""A queue run in the classic word for it: ``-q[q][i][f[f]][l][G<name>]``; a time makes it periodic.

    -qff          once, over the default queue
    -qq10m        every ten minutes
    -qGhipri/2m   every two minutes, over the queue `hipri`

The same word stands on the classic command line, in `queue_runs` and in a request to the daemon.
"""

from __future__ import annotations

import re

from pymta.config.duration import LONGEST_WAIT, format_duration, parse_duration
from pymta.dataclass import dataclass
from pymta.mail.envelope import DEFAULT_QUEUE, is_queue_name

NO_QUEUE_NAME = "want a queue name of at most 64 of a-z, A-Z, 0-9, . _ -, not starting with . or -"
_WORD = re.compile(r"-q(q?)(i?)(f{0,2})(l?)(?:G([^/]*)(?:/(.*))?|(.*))", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RunWord:
    """What a word asks for; `interval` is in seconds, 0: a single run.

    The flags mean what they mean in `pymta.channel.selection.Selection`; no word has `stands_in`.
    """

    queue: str = DEFAULT_QUEUE
    two_stage: bool = False
    first_only: bool = False
    force: bool = False
    thaw: bool = False
    local_only: bool = False
    interval: int = 0
    stands_in: bool = False

    @property
    def told(self) -> str:
        """As the start line tells it: two stages, queue and interval (N-28, N-31)."""
        stages = "q" if self.two_stage else ""
        queue = f"G{self.queue}/" if self.queue else ""
        return f"-q{stages}{queue}{format_duration(self.interval)}"


class BadTimeError(ValueError):
    """What stands in the place of the time is none."""


def parse_run_word(text: str) -> RunWord:
    """Raises BadTimeError, or ValueError: this is no such word at all."""
    match = _WORD.fullmatch(text)
    if not match:
        raise ValueError('want a queue run such as "-q30m", "-qq10m" or "-qGhipri/2m"')
    two_stage, first_only, force, local_only, queue, time_of_queue, time = match.groups()
    if queue and not is_queue_name(queue):
        raise ValueError(NO_QUEUE_NAME)
    return RunWord(
        queue=queue or DEFAULT_QUEUE,
        two_stage=bool(two_stage),
        first_only=bool(first_only),
        force=bool(force),
        thaw=force == "ff",
        local_only=bool(local_only),
        interval=parse_interval(time_of_queue or time) if time_of_queue or time else 0,
    )


def parse_interval(text: str) -> int:
    """Seconds between two runs.  Zero is as bad as nonsense (ST-03).  Raises BadTimeError."""
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise BadTimeError(str(error)) from error
    if not 0 < seconds <= LONGEST_WAIT:
        raise BadTimeError(f'want a time from "1s" to "{format_duration(LONGEST_WAIT)}"')
    return seconds
