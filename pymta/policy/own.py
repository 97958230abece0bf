"""Functions of the operator's own as a judge: asked within a time limit, and never trusted.

What goes wrong in one costs its client a 451.  One that takes too long, or does not come back, was
stopped somewhere in the middle, and nobody knows what it has left half done: its client hears 421,
and comes again to another process.

Touches: the operator's code, signals, clock.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import TextIOBase
from typing import cast, get_args

from pymta.dataclass import dataclass
from pymta.policy.code import Program, Run
from pymta.policy.explain import place_of, reason_of, trace_of
from pymta.policy.facts import Facts
from pymta.policy.stage import Stage
from pymta.policy.time_limit import OutOfTimeError, TimeLimit
from pymta.policy.verdict import NO_OPINION, Defer, Drop, Pass, Ruling, Verdict

TROUBLE = "Temporary local problem - please try later"
MOST_SAID = 10_000  # characters of one call
LONGEST_LINE = 500
_STAGES = list(Stage)
_VERDICTS = get_args(Verdict)
_TEXTS = ("text", "log", "enhanced")


class Said(TextIOBase):
    """What a function has printed, as lines of text."""

    def __init__(self) -> None:
        self._text = ""

    def write(self, text: str, /) -> int:
        self._text += text[: MOST_SAID - len(self._text)]
        return len(text)

    def lines(self) -> list[str]:
        return [line[:LONGEST_LINE] for line in self._text.split("\n") if line.strip()]


@dataclass(frozen=True, slots=True)
class Failure:
    """`why` ends with the place in the file, `trace` is the whole traceback."""

    rule: str
    why: str
    trace: str


def rule_of(stage: Stage) -> str:
    """The name in the log."""
    return f"policy_file:{stage.value}"


def stage_of(limit: int) -> Stage | None:
    """Which stage has this number as a time limit?"""
    return _STAGES[limit] if limit < len(_STAGES) else None


class OwnPolicy:
    """A judge of one connection.

    `run` is this connection's, or that of all where state is kept.  `tell` hears of failures, in
    time for whoever counts them, `note` of every line that a function prints: standard output of a
    session leads past the log, and what a client wrote must not.
    """

    def __init__(
        self,
        program: Program,
        run: Run,
        limit: TimeLimit,
        *,
        tell: Callable[[Failure], None],
        note: Callable[[Facts, str, str], None] = lambda _facts, _rule, _line: None,
    ) -> None:
        self._program = program
        self._run = run
        self._limit = limit
        self._tell = tell
        self._note = note
        self.has_failed = False

    def __call__(self, facts: Facts, /) -> Ruling:
        if facts.stage not in self._program.stages:
            return NO_OPINION
        rule, said = rule_of(facts.stage), Said()
        ruling = self._ruling(facts, rule, said)
        for line in said.lines():
            self._note(facts, rule, line)
        return ruling

    def _ruling(self, facts: Facts, rule: str, said: Said) -> Ruling:
        stage = facts.stage
        try:
            with self._run.watched(), redirect_stdout(said), redirect_stderr(said):
                verdict = self._limit.call(_STAGES.index(stage), lambda: self._ask(facts))
        except OutOfTimeError as error:
            why = f"took longer than {self._limit.text}"
            self._fail(rule, why, error)
            late = Drop(TROUBLE, 421, "4.3.0", log=why)
            return NO_OPINION if stage is Stage.NOTQUIT else Ruling(late, rule)
        except BaseException as error:  # noqa: BLE001 - whatever the operator's code may raise
            why = f"failed: {reason_of(error)}"
            self._fail(rule, why, error)
            later = Defer(TROUBLE, 451, "4.3.0", log=why)
            # At the end of a session nothing is left to put off.
            return NO_OPINION if stage is Stage.NOTQUIT else Ruling(later, rule)
        return NO_OPINION if isinstance(verdict, Pass) else Ruling(verdict, rule)

    def _ask(self, facts: Facts) -> Verdict:
        function = self._run.function(facts.stage)
        return sound(function(*arguments(facts)), facts.stage) if function else Pass()

    def _fail(self, rule: str, why: str, error: BaseException) -> None:
        self.has_failed = True
        path = self._program.path
        line = place_of(error, path)
        place = f" ({path} line {line})" if line else ""
        self._tell(Failure(rule, f"{why}{place}", trace_of(error, path)))


class OutOfUse:
    """A judge in place of a file that has failed too often."""

    def __init__(self, stages: frozenset[Stage], on_breaker: str) -> None:
        self._stages = stages - {Stage.NOTQUIT} if on_breaker == "defer" else frozenset()

    def __call__(self, facts: Facts, /) -> Ruling:
        if facts.stage not in self._stages:
            return NO_OPINION
        log = "policy_file is out of use after repeated failures"
        return Ruling(Defer(TROUBLE, 451, "4.3.0", log), rule_of(facts.stage))


def arguments(facts: Facts) -> tuple[object, ...]:
    """What the function of this stage is called with."""
    match facts.stage:
        case Stage.CONNECT | Stage.HELO:
            return (facts.call,)
        case Stage.MAIL:
            return (facts.call, facts.sender)
        case Stage.RCPT:
            return (facts.call, facts.sender, facts.recipient)
        case Stage.DATA:
            return (facts.call, facts.sender, facts.recipients, facts.message)
        case Stage.NOTQUIT:
            return (facts.call, facts.reason)


def sound(verdict: object, stage: Stage) -> Verdict:
    """It is one.  Raises TypeError."""
    if not isinstance(verdict, _VERDICTS):
        raise TypeError(f"{stage.value} gave {type(verdict).__name__}; want a Verdict")
    for name in _TEXTS:
        if not isinstance(getattr(verdict, name, ""), str):
            raise TypeError(f"{type(verdict).__name__} has a {name} that is no text")
    return cast("Verdict", verdict)
