"""What can be said of a file of policy functions before anybody runs it."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.config.policy_source import STAGES, VERDICTS, Mistake, mistakes, signature, stages_of
from pymta.policy.stage import Stage
from pymta.policy.verdict import Verdict

GOOD = """\
from __future__ import annotations

import re

from pymta.policy.v1 import Call, Message, Pass, Recipient, Refuse, Sender, Verdict

_BULK = re.compile("bulk")


def _is_bulk(sender: Sender) -> bool:
    return bool(_BULK.search(sender.domain))


def rcpt(call: Call, sender: Sender, recipient: Recipient) -> Verdict:
    return Refuse("no bulk") if _is_bulk(sender) else Pass()


def data(
    _call: Call, sender: Sender, recipients: tuple[Recipient, ...], message: Message
) -> Pass | Refuse:
    return Pass()
"""


OWN = "(A function of your own begins with an underscore)"


def wanted(text: str) -> list[str]:
    return [f"{one.line}: {one.wanted}" for one in mistakes(text, "policy.py")]


def test_a_good_file_has_no_mistakes_and_says_when_it_wants_to_be_asked() -> None:
    assert mistakes(GOOD, "policy.py") == []
    assert stages_of(GOOD) == ("rcpt", "data")


def test_stages_are_those_of_the_rules() -> None:
    assert list(STAGES) == [stage.value for stage in Stage]


def test_verdicts_are_those_of_the_rules() -> None:
    assert {one.__name__ for one in get_args(Verdict)} | {"Verdict"} == VERDICTS


@pytest.mark.parametrize("stage", STAGES)
def test_a_function_as_the_complaint_writes_it_is_right(stage: str) -> None:
    assert mistakes(f"{signature(stage)}: ...", "policy.py") == []


def test_what_is_no_python_is_told_with_its_line() -> None:
    assert mistakes("def rcpt(:\n", "policy.py") == [
        Mistake(1, "this is not Python: invalid syntax")
    ]
    assert wanted(f"{signature('connect')}: ...\nreturn 1\n") == [
        "2: this is not Python: 'return' outside function"
    ]
    assert wanted("\0")[0].startswith("0: this is not Python: source code")
    assert wanted("x = " + "(" * 5000)[0].partition(":")[2].startswith(" this is not Python")


def test_all_mistakes_are_told_at_once() -> None:
    text = """\
def rctp(call, sender, recipient): ...
async def mail(call, sender): ...
def rcpt(call, recipient, sender): ...
from pymta.policy.facts import Call
"""
    assert wanted(text) == [
        f"1: rctp is no stage; did you mean rcpt?  {OWN}",
        "2: nobody awaits here; want def mail(call: Call, sender: Sender) -> Verdict",
        "3: want def rcpt(call: Call, sender: Sender, recipient: Recipient) -> Verdict",
        "4: pymta.policy.facts.Call is ours and may change; want pymta.policy.v1, which will not",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "def connect(): ...",
        "def connect(call, more): ...",
        "def connect(call, *more): ...",
        "def connect(*, call): ...",
        "def connect(call=None): ...",
        "def connect(call, **more): ...",
    ],
)
def test_a_function_that_could_not_be_called_is_a_mistake(text: str) -> None:
    assert wanted(text) == ["1: want def connect(call: Call) -> Verdict"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def connect(call: Sender): ...", "1: call is Sender; want Call"),
        ("def connect(call) -> bool: ...", "1: connect gives bool; want Verdict"),
        ("def connect(call) -> Pass | None: ...", "1: connect gives Pass | None; want Verdict"),
        (
            "def data(call, sender, recipients: Recipient, message): ...",
            "1: recipients is Recipient; want tuple[Recipient, ...]",
        ),
        ("def connect(call):\n ...\ndef connect(call): ...", "3: connect is defined on line 1 alr"),
        ("connect = _f", "1: connect is the name of a stage: want def connect(call: Call) ->"),
        ("from x import rcpt", "1: rcpt is the name of a stage: want def rcpt(call: Call"),
        ("def _f(): ...", "0: no function of a stage; want one of connect, helo, mail, rcpt, da"),
        ("if 1:\n def hello(call): ...\n def mail(call, sender): ...", "2: hello is no stage; did"),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(text: str, said: str) -> None:
    assert [one[: len(said)] for one in wanted(text)] == [said]


@pytest.mark.parametrize(
    "text",
    [
        'def connect(call: "Call") -> "Verdict": ...',
        "def connect(call: v1.Call) -> v1.Accept | v1.Drop: ...",
        "from pymta.policy import v1\ndef connect(call): ...",
        "import pymta.policy.v1 as api\ndef connect(call): ...",
        "try:\n import x\nexcept ImportError:\n x = None\ndef connect(call): ...",
        "class Own:\n def hello(self): ...\ndef connect(call): ...",
    ],
)
def test_what_can_be_asked_is_no_mistake(text: str) -> None:
    assert wanted(text) == []


PIECES = [
    *STAGES,
    *"def class async ( ) : = , | \n \0 ... import from pymta. x if try".split(" "),
    "    ",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=30).map("".join))
def test_whatever_stands_in_a_file_is_a_mistake_at_most(text: str) -> None:
    found = mistakes(text, "policy.py")

    assert found == sorted(found, key=lambda one: one.line)
    assert found or stages_of(text)


@pytest.mark.parametrize(
    "text", ["-" * 100_000 + "1", "a." * 100_000 + "a", "lambda:" * 5000 + "1"]
)
def test_what_is_nested_too_deeply_is_a_mistake(text: str) -> None:
    assert wanted(text)[0].startswith("0: this is not Python: ")
