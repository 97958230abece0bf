"""What the classic command line says when it cannot do what it is told (ST-03)."""

from __future__ import annotations

from pymta.config.run_word import BadTimeError, parse_interval

INCOMPATIBLE = "pymta: incompatible command-line options or arguments"


class RefusedError(Exception):
    """The argument is the line for standard error."""


def unknown(word: str) -> RefusedError:
    return RefusedError(f"pymta abandoned: unknown, malformed, or incomplete option {word}")


def bad_time(shown: str) -> RefusedError:
    return RefusedError(f"pymta: bad time value {shown}: abandoned")


def seconds_of(text: str, shown: str) -> int:
    """`shown` is the word that the time stands in.  Raises RefusedError."""
    try:
        return parse_interval(text)
    except BadTimeError:
        raise bad_time(shown) from None
