"""Which queue runs does the daemon start by itself, and how often?  (N-28)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from pymta.config.queue import AUTO, INTERNAL, TIMER, Queue
from pymta.config.run_word import RunWord, parse_run_word
from pymta.config.settings import Settings
from pymta.mail.envelope import DEFAULT_QUEUE

PACE = 300  # seconds, as pymta-queue.timer has it
STAND_IN = 900  # seconds; the timer has come round long before, if it goes
TWICE = "queue-runner specified more than once"


def periodic_runs(settings: Settings) -> tuple[RunWord, ...]:
    """All of them, the one over the default queue first; each has an interval.

    `settings` have passed `check`, so the words are right.
    """
    plain = _plain(settings)
    words = tuple(parse_run_word(text) for text in settings.queue.queue_runs)
    return (plain, *words) if plain.interval else words


def _plain(settings: Settings) -> RunWord:
    """The run that `queue_run` is about; its interval is 0 when there is none.

    What the classic command line says of runs is all that it wants.
    """
    queue, is_classic = settings.queue, settings.launch.is_classic
    if queue.queue_run == TIMER or settings.launch.queue_runs:
        return RunWord()
    interval = queue.queue_run_interval
    stands_in = queue.queue_run == AUTO and settings.machine.is_managed and not is_classic
    is_said = interval or runs_default_queue(queue.queue_runs)
    if not is_said and (queue.queue_run == INTERNAL or not is_classic):
        interval = STAND_IN if stands_in else PACE
    return RunWord(interval=interval, stands_in=stands_in)


def runs_default_queue(words: Iterable[str]) -> bool:
    """Is one of these words, which may be wrong still, for the default queue?"""
    found = False
    for word in words:
        with suppress(ValueError):
            found |= parse_run_word(word).queue == DEFAULT_QUEUE
    return found


def faults(queue: Queue) -> Iterator[tuple[int, str, str]]:
    """Place in `queue_runs`, word and complaint of each one that cannot be."""
    seen = {DEFAULT_QUEUE} if queue.queue_run_interval else set()
    for number, text in enumerate(queue.queue_runs):
        try:
            word = parse_run_word(text)
        except ValueError as error:
            yield number, text, str(error)
            continue
        if not word.interval:
            yield number, text, 'want a time at the end, as in "-q30m" or "-qGhipri/2m"'
        elif word.queue in seen:
            yield number, text, f"{TWICE} for {_named(word.queue)}"
        seen.add(word.queue)


def _named(queue: str) -> str:
    return f"queue {queue}" if queue else "the default queue (queue_run_interval is one, too)"
