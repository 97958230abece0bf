"""The file of policy functions in a session process: who asks it, and what is left of it.

Each connection has a run of its own, so that no global of the file knows of another client; with
policy_keeps_state all connections of a process share one.

Touches: the operator's code.
"""

from __future__ import annotations

from collections.abc import Callable

from pymta.channel.words import PolicyFailed
from pymta.config.settings import Settings
from pymta.journal import policy_code_events as say
from pymta.journal.event import Event
from pymta.journal.policy_events import warned
from pymta.policy.code import Program, Run
from pymta.policy.decision import Decision, Explain, nobody_asks
from pymta.policy.facts import Facts
from pymta.policy.judge import Judge
from pymta.policy.own import Failure, OutOfUse, OwnPolicy
from pymta.policy.time_limit import TimeLimit
from pymta.policy.verdict import Defer, Drop, Pass, Refuse, Ruling, Verdict
from pymta.session.visit import Visit


class PolicyFile:
    """Made before the first fork; everything else happens in the process that serves.

    `tell` writes to the log, `count` tells the supervisor, who counts failures.  `explain` hears of
    every answer.
    """

    def __init__(
        self,
        settings: Settings,
        tell: Callable[[Event], None],
        explain: Explain = nobody_asks,
    ) -> None:
        self._settings = settings.policy_code
        self._program = Program(settings.policy_source)
        self._tell = tell
        self._explain = explain
        self.count: Callable[[PolicyFailed], object] = lambda _: None
        self._limit: TimeLimit | None = None
        self._run: Run | None = None
        self._has_failed = False
        self._has_left_traces = False

    def __bool__(self) -> bool:
        return bool(self._program.stages)

    def judge(self, visit: Visit) -> Judge:
        """For the client of this connection, or the next one in it (XCLIENT)."""
        self._end_run()
        if visit.policy_is_out:
            return OutOfUse(self._program.stages, self._settings.policy_on_breaker)
        if self._limit is None:  # a timer belongs to its process
            self._limit = TimeLimit(self._settings.policy_timeout)
        if self._run is None:
            self._run = Run(self._program)

        def fail(failure: Failure) -> None:
            self._has_failed = True
            self._tell(say.failed(visit.origin, failure.rule, failure.why, failure.trace))
            self.count(PolicyFailed(failure.rule))

        def note(facts: Facts, rule: str, line: str) -> None:
            sender = facts.sender.address if facts.sender else None
            recipient = facts.recipient.address if facts.recipient else ""
            event = warned(visit.origin, line, rule, sender=sender, recipient=recipient)
            self._tell(event)

        judge = OwnPolicy(self._program, self._run, self._limit, tell=fail, note=note)
        return judge if self._explain is nobody_asks else self._explained(judge, self._run)

    def _explained(self, judge: Judge, run: Run) -> Judge:
        def ask(facts: Facts, /) -> Ruling:
            ruling = judge(facts)
            if (stage := facts.stage) in self._program.stages:
                place = f"{self._program.path}:{run.line(stage)}"
                text = f"{stage.value} at {place}: {in_words(ruling.verdict)}"
                self._explain(Decision("policy_file", text))
            return ruling

        return ask

    def leave(self) -> bool:
        """The connection has ended.  Would the next one here see nothing of it?  (Decision 3)"""
        self._end_run()
        return not (self._has_failed or self._has_left_traces)

    def _end_run(self) -> None:
        if self._run is None or self._settings.policy_keeps_state:
            return
        self._run.close()
        self._has_left_traces |= self._run.has_left_traces
        self._run = None


def in_words(verdict: Verdict) -> str:
    """What a function has said."""
    match verdict:
        case Pass():
            return "no opinion"
        case Defer(text, code) | Refuse(text, code) | Drop(text, code):
            return f"{type(verdict).__name__.lower()} {code} {text}".rstrip()
        case _:
            return type(verdict).__name__.lower()
