"""Policy that outgrows tables: a file of Python functions of the operator's own."""

from __future__ import annotations

from typing import Annotated

from pymta.config.setting import setting
from pymta.config.units import Choice, Count, Seconds, Timeout
from pymta.dataclass import dataclass

OnBreaker = Annotated[str, Choice("defer", "skip")]


@dataclass(frozen=True, slots=True)
class PolicyCode:
    policy_file: str = setting(
        "",
        "A Python file with functions of your own for the stages of a session, asked where no rule"
        " of the settings decides; see pymta-policy(5).",
    )
    policy_timeout: Timeout = setting(
        5, "How long one of them may take; a client that waited in vain hears 421."
    )
    policy_keeps_state: bool = setting(
        False, "What they leave in globals is there for the next client of the same process."
    )
    policy_breaker_failures: Count = setting(
        5,
        "So many failures with one client put the file out of use for him, failures with so many"
        " clients for everybody; 0: never.",
    )
    policy_breaker_time: Seconds = setting(60, "The time within which they are counted.")
    policy_breaker_pause: Seconds = setting(
        300, "How long it is out of use then; a reload ends that, too."
    )
    policy_on_breaker: OnBreaker = setting(
        "defer",
        'What its stages say while it is out of use: "defer", 451, or "skip", nothing.',
    )


@dataclass(frozen=True, slots=True)
class PolicySource:
    """The file as it was validated, which is what serves: `text` "" for none.

    `path` is for tracebacks, `stages` names the functions that it has.
    """

    path: str = ""
    text: str = ""
    stages: tuple[str, ...] = ()
