"""Which queue runs does the daemon start by itself, and how often?  (N-28)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from pymta.config.queue import Queue
from pymta.config.run_word import RunWord, parse_run_word
from pymta.mail.envelope import DEFAULT_QUEUE

TWICE = "queue-runner specified more than once"


def periodic_runs(queue: Queue) -> tuple[RunWord, ...]:
    """All of them, in the order in which they were given; each has an interval.

    `queue` has passed `check`, so its words are right.
    """
    plain = RunWord(interval=queue.queue_run_interval)
    words = tuple(parse_run_word(text) for text in queue.queue_runs)
    return (plain, *words) if plain.interval else words


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
