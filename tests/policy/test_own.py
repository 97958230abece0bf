"""Functions of the operator's own as a judge."""

from __future__ import annotations

import decimal
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from pymta.config.policy_code import PolicySource
from pymta.config.policy_source import STAGES
from pymta.mail.address import Mailbox
from pymta.mail.header_fields import Field
from pymta.policy import v1
from pymta.policy.code import NAME, Program, Run
from pymta.policy.facts import Call, Facts, Message, Recipient, Sender
from pymta.policy.own import Failure, OutOfUse, OwnPolicy
from pymta.policy.stage import Stage
from pymta.policy.time_limit import TimeLimit
from pymta.policy.verdict import NO_OPINION, Accept, Defer, Drop, Pass, Refuse, Ruling, Verdict

PATH = "/etc/pymta/policy.py"
FACTS = Facts(
    Stage.RCPT,
    Call(ip_address("192.0.2.7"), helo="client.example"),
    Sender(Mailbox("a", "x.example")),
    Recipient(Mailbox("b", "example.org")),
    (Recipient(Mailbox("c", "example.org")),),
    Message("1wIcRd-000000012Tz-1abc", 17, (Field("Subject", "hello"),)),
    "connection-lost",
)


THREAD = "target=threading.Event().wait, args=(5,), daemon=True"


class House:
    """A process with a policy file: one judge for each connection, and what it told."""

    def __init__(self, text: str) -> None:
        head = "from pymta.policy.v1 import *\n"
        self.program = Program(PolicySource(PATH, head + text, tuple(STAGES)))
        self.told: list[Failure] = []
        self.run = Run(self.program)
        self.judge = self.next_connection()

    def next_connection(self) -> OwnPolicy:
        self.run.close()
        self.run = Run(self.program)
        limit = TimeLimit(0.2, grace=60)
        self.judge = OwnPolicy(self.program, self.run, limit, tell=self.told.append)
        return self.judge

    def ask(self, stage: Stage = Stage.RCPT, **other: Any) -> Ruling:
        return self.judge(replace(FACTS, stage=stage, **other))


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Limits take a signal, files a place among the modules."""
    handler, modules = signal.getsignal(signal.SIGALRM), set(sys.modules)
    yield
    signal.signal(signal.SIGALRM, handler)
    for name in sys.modules.keys() - modules:
        del sys.modules[name]


def test_a_function_is_asked_at_its_stage_and_its_verdict_has_the_name_of_both() -> None:
    house = House("def rcpt(call, sender, recipient): return Refuse(f'not {recipient.address}')")

    assert house.ask() == Ruling(Refuse("not b@example.org"), "policy_file:rcpt")


def test_the_next_judge_is_asked_where_there_is_no_function_or_it_has_no_opinion() -> None:
    house = House("def rcpt(call, sender, recipient): return Pass()")

    assert house.ask() == NO_OPINION
    assert house.ask(Stage.DATA) == NO_OPINION
    assert not house.told


@pytest.mark.parametrize(
    ("stage", "given"),
    [
        (Stage.CONNECT, (FACTS.call,)),
        (Stage.HELO, (FACTS.call,)),
        (Stage.MAIL, (FACTS.call, FACTS.sender)),
        (Stage.RCPT, (FACTS.call, FACTS.sender, FACTS.recipient)),
        (Stage.DATA, (FACTS.call, FACTS.sender, FACTS.recipients, FACTS.message)),
        (Stage.NOTQUIT, (FACTS.call, FACTS.reason)),
    ],
)
def test_each_function_gets_the_facts_of_its_stage(stage: Stage, given: tuple[object]) -> None:
    parameters = ", ".join(STAGES[stage.value])
    house = House(f"def {stage.value}({parameters}): raise ValueError(repr(({parameters},)))")
    house.ask(stage)

    assert repr(given) in house.told[0].trace


def test_no_function_can_change_a_fact_for_the_next() -> None:
    house = House("def rcpt(call, sender, recipient): call.is_trusted = True")

    assert isinstance(house.ask().verdict, Defer)
    assert FrozenInstanceError.__name__ in house.told[0].why


def test_a_crash_costs_its_client_a_451_and_says_where_it_was() -> None:
    house = House(
        "def _half(number):\n    return number // 0\n\n"
        "def rcpt(call, sender, recipient):\n    return _half(1)\n"
    )
    ruling = house.ask()

    assert ruling.rule == "policy_file:rcpt"
    assert ruling.verdict == Defer(
        "Temporary local problem - please try later",
        451,
        "4.3.0",
        log="failed: ZeroDivisionError: integer division or modulo by zero",
    )
    (told,) = house.told
    assert told.rule == "policy_file:rcpt"
    assert told.why == (
        f"failed: ZeroDivisionError: integer division or modulo by zero ({PATH} line 3)"
    )
    assert "return number // 0" in told.trace
    assert "own.py" not in told.trace
    assert house.judge.has_failed


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("return rcpt(call, sender, recipient)", "RecursionError: maximum recursion depth exc"),
        ("return None", "TypeError: rcpt gave NoneType; want a Verdict"),
        ("return True", "TypeError: rcpt gave bool; want a Verdict"),
        ("return Refuse", "TypeError: rcpt gave type; want a Verdict"),
        ("yield Pass()", "TypeError: rcpt gave generator; want a Verdict"),
        ("return Refuse(text=7)", "TypeError: Refuse has a text that is no text"),
        ("return Refuse(code=250)", "ValueError: want a reply code 5xx, not 250"),
        ("raise ValueError('one\\ntwo')", "two"),
        ("raise ValueError('x' * 100000)", "ValueError: " + "x" * 288),
    ],
)
def test_whatever_else_goes_wrong_is_a_crash_as_well(body: str, why: str) -> None:
    house = House(f"def rcpt(call, sender, recipient): {body}")

    assert isinstance(house.ask().verdict, Defer)
    assert house.told[0].why.startswith(f"failed: {why}")
    assert len(house.told[0].trace) <= 8000


def test_a_file_that_fails_as_a_whole_fails_at_every_stage_that_it_has() -> None:
    house = House("import no_such_module\ndef rcpt(call, sender, recipient): ...")

    rulings = [house.ask().verdict, house.ask(Stage.MAIL).verdict]

    assert all(isinstance(verdict, Defer) for verdict in rulings)
    assert [one.rule for one in house.told] == ["policy_file:rcpt", "policy_file:mail"]
    assert "ModuleNotFoundError: No module named 'no_such_module'" in house.told[0].why


def test_a_crash_changes_nothing_for_what_is_asked_next() -> None:
    house = House(
        "def rcpt(call, sender, recipient):\n"
        "    return Accept() if recipient.domain == 'example.org' else 1 / 0\n"
    )
    other = Recipient(Mailbox("b", "example.com"))

    assert isinstance(house.ask(recipient=other).verdict, Defer)
    assert house.ask() == Ruling(Accept(), "policy_file:rcpt")


@pytest.mark.parametrize(
    "body",
    ["while True: pass", "__import__('re').match('(a+)+$', 'a' * 60 + 'b')"],
    ids=["loop", "runaway expression"],
)
def test_one_that_takes_too_long_costs_its_client_a_421_and_says_where_it_was(body: str) -> None:
    house = House(f"def rcpt(call, sender, recipient):\n    {body}")
    ruling = house.ask()

    assert ruling == Ruling(
        Drop(
            "Temporary local problem - please try later",
            421,
            "4.3.0",
            log="took longer than 0.2s",
        ),
        "policy_file:rcpt",
    )
    assert house.told[0].why == f"took longer than 0.2s ({PATH} line 3)"


@pytest.mark.parametrize("body", ["1 / 0", "while True: pass"])
def test_at_the_end_of_a_session_a_failure_is_told_and_nothing_is_put_off(body: str) -> None:
    house = House(f"def notquit(call, reason): {body}")

    assert house.ask(Stage.NOTQUIT) == NO_OPINION
    assert house.told[0].rule == "policy_file:notquit"


def test_while_it_is_out_of_use_its_stages_are_put_off_or_left_to_the_next() -> None:
    stages = frozenset({Stage.RCPT, Stage.NOTQUIT})
    defers, skips = OutOfUse(stages, "defer"), OutOfUse(stages, "skip")

    ruling = defers(FACTS)
    assert ruling.rule == "policy_file:rcpt"
    assert isinstance(ruling.verdict, Defer)
    assert ruling.verdict.log == "policy_file is out of use after repeated failures"
    for stage in (Stage.MAIL, Stage.NOTQUIT):
        assert defers(replace(FACTS, stage=stage)) == NO_OPINION
    assert skips(FACTS) == NO_OPINION


def test_what_is_printed_is_noted_line_by_line_and_leads_to_no_other_place(capfd: Any) -> None:
    house = House(
        "import sys\ndef rcpt(call, sender, recipient):\n"
        "    print('one\\n\\ntwo', end='')\n    print(' and', 3, file=sys.stderr)\n"
        "    print('x' * 100_000)\n    1 / 0\n"
    )
    noted: list[tuple[str, str]] = []
    limit = TimeLimit(5, grace=60)
    judge = OwnPolicy(
        *(house.program, house.run, limit),
        tell=house.told.append,
        note=lambda _facts, rule, line: noted.append((rule, line)),
    )
    judge(FACTS)

    assert noted[:2] == [("policy_file:rcpt", "one"), ("policy_file:rcpt", "two and 3")]
    assert noted[2:] == [("policy_file:rcpt", "x" * 500)]
    assert len(house.told) == 1
    assert capfd.readouterr() == ("", "")


GLOBALS = """
SEEN = []
class _Count:
    number = 0
def _default(seen=[]):
    return seen
def rcpt(call, sender, recipient):
    traces = [SEEN, _default(), rcpt.__dict__.setdefault("seen", [])]
    _Count.number += 1
    if any(traces) or _Count.number > 1:
        return Refuse("seen before")
    for trace in traces:
        trace.append(1)
    return Accept()
"""


def test_what_a_function_left_in_a_global_is_there_in_its_connection_and_not_in_the_next() -> None:
    """CL-02."""
    house = House(GLOBALS)

    assert isinstance(house.ask().verdict, Accept)
    assert isinstance(house.ask().verdict, Refuse)
    house.next_connection()
    assert isinstance(house.ask().verdict, Accept)
    assert not house.run.has_left_traces


def test_modules_that_keep_anything_are_traces(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "own_notes.py").write_text("seen = []\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    house = House("def rcpt(call, sender, recipient):\n import own_notes\n return Pass()")
    house.ask()

    assert house.run.has_left_traces


@pytest.mark.parametrize(
    ("body", "is_trace"),
    [
        ("import colorsys", False),  # of the standard library, and loaded by nobody else
        ("import xml.sax.saxutils", False),  # which become names in each other
        ("global FRESH; FRESH = [1]", False),  # a name of the file itself, which goes with it
        ("import re; re.match('a+[b-x]', 'aaab')", False),
        ("import decimal; decimal.SEEN = 1", True),
        ("decimal.MAX_EMAX = 1", True),  # a name that was there
        ("import pymta.policy.v1 as v1; v1.SEEN = 1", True),
        ("Call.seen = []", True),
        ("import builtins; builtins.seen = 1", True),
        ("import os; os.environ['PYMTA_TEST_SEEN'] = '1'", True),
        (f"import threading; threading.Thread({THREAD}).start()", True),
    ],
)
def test_what_is_left_outside_of_the_file_is_found(body: str, is_trace: bool) -> None:
    house = House(f"import decimal\ndef rcpt(call, sender, recipient):\n {body}\n return Pass()")
    house.ask(Stage.MAIL)  # it has run, and is known
    assert not house.run.has_left_traces
    most = decimal.MAX_EMAX
    try:
        house.ask()
    finally:
        decimal.MAX_EMAX = most  # type: ignore[misc]
        vars(decimal).pop("SEEN", None)
        vars(v1).pop("SEEN", None)
        if "seen" in vars(Call):
            del Call.seen  # type: ignore[attr-defined]
        os.environ.pop("PYMTA_TEST_SEEN", None)
        __builtins__.pop("seen", None)  # type: ignore[attr-defined]

    assert not house.told
    assert house.run.has_left_traces == is_trace


def test_a_file_finds_itself_where_the_standard_library_looks_for_it() -> None:
    house = House(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\n"
        "class _Own:\n    number: int\ndef rcpt(call, sender, recipient): return Accept()\n"
    )
    house.program._text = house.program._text.partition("\n")[2].replace(
        "def rcpt", "from pymta.policy.v1 import Accept\ndef rcpt"
    )
    assert house.ask() == Ruling(Accept(), "policy_file:rcpt")
    house.run.close()
    assert NAME not in sys.modules


def test_a_function_that_is_not_there_under_some_condition_has_no_opinion() -> None:
    house = House("if not PATH:\n    def rcpt(call, sender, recipient): ...".replace("PATH", "1"))

    assert house.ask() == NO_OPINION


def test_the_first_version_has_all_verdicts_and_facts() -> None:
    wanted = {type_.__name__ for type_ in Verdict.__args__}
    wanted |= {"Verdict", "Call", "Sender", "Recipient", "Message", "Field", "Mailbox", "Address"}

    assert set(v1.__all__) == wanted
    assert v1.Pass is Pass
