"""A rule of policy as the operator writes it, and everything that is wrong with it.

    [[policy.rcpt]]
    name = "no-bulk"
    hosts = ["*.bulk.example"]
    action = "refuse"
    text = "no bulk mail here"

A rule holds when all its conditions do (`policy_conditions`); one without conditions always does.
The first one of its stage that holds decides; `warn` only writes a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from typing import Any

from pymta.config.duration import parse_duration
from pymta.config.policy_conditions import (
    CONDITIONS,
    CONNECT,
    DATA,
    MAIL,
    NOTQUIT,
    RCPT,
    STAGES,
    Kind,
)
from pymta.config.policy_relay import KNOWS_WHOM, RELAY, knows_whom
from pymta.config.similar import similar
from pymta.dataclass import dataclass

Place = tuple[str | int, ...]  # below the setting, as `pymta.config.place` has it
Rules = dict[str, list[dict[str, Any]]]  # by stage, as written


@dataclass(frozen=True, slots=True)
class Action:
    """What a rule may say, and the stages at which that makes sense."""

    meaning: str
    stages: frozenset[str]


_ASKED = frozenset(STAGES) - {NOTQUIT}
_WITH_MAIL = frozenset({MAIL, RCPT, DATA})
ACTIONS: Mapping[str, Action] = {
    "accept": Action("no further rule of this stage is asked", _ASKED),
    "relay": Action(
        "the same, and the recipient may be in anybody's domain; nothing else in a rule lets mail"
        " through to others, so it must ask for something that is not so of everybody",
        frozenset({RCPT}),
    ),
    "defer": Action("the client hears 4xx and tries again", _ASKED),
    "refuse": Action("the client hears 5xx", _ASKED),
    "drop": Action("the client hears 5xx, or a code of your own, and the connection ends", _ASKED),
    "discard": Action(
        "the client hears 2xx, and the message, or at rcpt this recipient, is thrown away",
        _WITH_MAIL,
    ),
    "queue": Action(
        "the message is taken and waits for a queue run; with routes = true it is delivered on this"
        " machine at once, and only what goes to other hosts waits",
        _WITH_MAIL,
    ),
    "freeze": Action("the message is taken and waits for you", _WITH_MAIL),
    "reply": Action(
        "the last reply gets the text of the rule; its code stays as it is", frozenset({NOTQUIT})
    ),
    "warn": Action("a line is written to the log, and the next rule is asked", frozenset(STAGES)),
}
ON_DEFER = ("defer", "match", "skip")
_CLASSES = {"defer": "4", "refuse": "5", "drop": "45"}  # of the codes of a reply
_SAYS_NO = frozenset(_CLASSES)
_AT_CONNECT = (421, 554)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")
_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
LONGEST_TEXT = 2000
MOST_LINES = 20
LONGEST_DELAY = 120  # seconds; clients wait five minutes for most replies (RFC 5321 s4.5.3.2)


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule that is right.  `conditions` as written; `code` 0: the usual one."""

    name: str
    stage: str
    action: str
    conditions: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    log: str = ""
    code: int = 0
    enhanced: str = ""
    on_defer: str = ""
    routes: bool = False
    delay: str = "0s"


OPTIONS: Mapping[str, str] = {
    "name": "what the log calls it; no two rules of a stage have the same",
    "action": "what follows when it holds",
    "text": "what the client hears with defer, refuse, drop and reply",
    "code": "the reply code in place of the usual one; 421 ends the connection",
    "enhanced": "likewise the enhanced status code",
    "log": "what the log says in place of text",
    "on_defer": 'when a look-up fails that the rule needs: "defer" the client, as if the rule held'
    ' ("match"), or as if not ("skip"); warn skips, all others defer where nothing is said',
    "routes": "see queue",
    "delay": 'how long the reply is held back, such as "5s", also with warn and accept; at connect,'
    " who speaks meanwhile is refused as one who does not wait for his turn (smtp_enforce_sync)",
}


def read_rule(stage: str, table: Mapping[str, Any]) -> RuleText:
    """A rule in which `faults` found nothing."""
    conditions = {key: value for key, value in table.items() if key in CONDITIONS}
    options = {key: value for key, value in table.items() if key in OPTIONS}
    return RuleText(stage=stage, conditions=conditions, **options)


def faults(rules: object) -> Iterator[tuple[Place, object, str]]:
    """Where, what was found there, and what would be right."""
    if not isinstance(rules, dict):
        yield (), rules, "want rules such as [[policy.rcpt]]"
        return
    for stage, tables in rules.items():
        if stage not in STAGES:
            yield (stage,), "", f"no such stage; there are {', '.join(STAGES)}"
        elif not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
            yield (stage,), tables, f"want [[policy.{stage}]] with two brackets, once for each rule"
        else:
            yield from _faults_of_stage(stage, tables)


def _faults_of_stage(
    stage: str, tables: list[dict[str, Any]]
) -> Iterator[tuple[Place, object, str]]:
    names: set[str] = set()
    last = ""  # the rule behind which none is asked
    for number, table in enumerate(tables):
        if last:
            yield (stage, number), "", f"never asked: {last} before it always holds"
        elif (
            table.get("action") in ACTIONS.keys() - {"warn"}
            and not CONDITIONS.keys() & table.keys()
        ):
            last = str(table.get("name", f"rule {number + 1}"))
        front = (stage, number)
        name = table.get("name")
        if name is None:
            yield front, "", 'want a name, such as name = "no-bulk": the log shows it'
        elif not isinstance(name, str) or not _NAME.fullmatch(name):
            wanted = "want a name of at most 64 of a-z, A-Z, 0-9, . _ + -, not starting with a sign"
            yield (*front, "name"), name, wanted
        elif name in names:
            yield (*front, "name"), name, f"want a name that no other rule of {stage} has"
        else:
            names.add(name)
        for place, value, wanted in _faults_of_rule(stage, table):
            yield (*front, *place), value, wanted


def _faults_of_rule(stage: str, table: Mapping[str, Any]) -> Iterator[tuple[Place, object, str]]:
    yield from _faults_of_action(stage, table)
    for key, value in table.items():
        kind = CONDITIONS.get(key)
        if kind is not None:
            yield from _faults_of_condition(stage, key, value, kind)
        elif key not in OPTIONS:
            yield (key,), "", _unknown(key)


def _faults_of_action(stage: str, table: Mapping[str, Any]) -> Iterator[tuple[Place, object, str]]:
    action = table.get("action")
    actions = [name for name, what in ACTIONS.items() if stage in what.stages]
    if action is None:
        yield (), "", f"want an action: {', '.join(actions)}"
    elif action not in actions:
        yield ("action",), action, f"want one of {', '.join(actions)} at this stage"
    elif action == RELAY and not knows_whom(table):
        yield ("action",), action, f"a relay for everybody is none; want {KNOWS_WHOM}"
    else:
        yield from _faults_of_options(stage, action, table)


def _faults_of_options(
    stage: str, action: str, table: Mapping[str, Any]
) -> Iterator[tuple[Place, object, str]]:
    text, code = table.get("text", ""), table.get("code", 0)
    for key, value in (("text", text), ("log", table.get("log", ""))):
        if not isinstance(value, str) or not _is_sayable(value):
            wanted = f"want a text of printable ASCII, at most {LONGEST_TEXT} characters"
            yield (key,), value, wanted
    for key in ("text", "code", "enhanced"):
        if key in table and action not in _SAYS_NO and (action, key) != ("reply", "text"):
            yield (key,), table[key], f"want none: {action} says nothing to the client"
            return
    if action == "reply" and not text:
        yield (), "", 'want a text, such as text = "come again"'
    classes = _CLASSES.get(action, "")
    if "code" in table and not (
        type(code) is int and 400 <= code <= 599 and str(code)[0] in classes
    ):
        yield ("code",), code, f"want a reply code {' or '.join(f'{one}xx' for one in classes)}"
        return
    enhanced = table.get("enhanced", "")
    own = str(code)[0] if code else ("5" if action == "drop" else classes)
    if stage == CONNECT and code not in (0, *_AT_CONNECT):
        yield ("code",), code, "want 421 or 554: a greeting has no others (RFC 5321 s4.3.2)"
    if "enhanced" in table and not (
        isinstance(enhanced, str) and _ENHANCED.fullmatch(enhanced) and enhanced[0] == own
    ):
        yield ("enhanced",), enhanced, f'want an enhanced status code such as "{own}.7.1"'
    if "on_defer" in table and table["on_defer"] not in ON_DEFER:
        yield ("on_defer",), table["on_defer"], f"want one of {', '.join(ON_DEFER)}"
    elif action == RELAY and table.get("on_defer") == "match":
        yield ("on_defer",), "match", "want defer or skip: silence of a name server opens no relay"
    if "delay" in table and (fault := _fault_of_delay(stage, table["delay"])):
        yield ("delay",), table["delay"], fault
    if "routes" in table and (action != "queue" or not isinstance(table["routes"], bool)):
        yield ("routes",), table["routes"], 'want true or false, where action is "queue"'


def _fault_of_delay(stage: str, value: object) -> str:
    wanted = f'want a time up to "{LONGEST_DELAY}s", such as "5s"'
    try:
        seconds = parse_duration(value) if isinstance(value, str) else -1
    except ValueError:
        return wanted
    if stage == NOTQUIT:
        return "want none: nobody waits for the reply"
    return "" if 0 <= seconds <= LONGEST_DELAY else wanted


def _is_sayable(text: str) -> bool:
    lines = text.split("\n")
    is_short = len(text) <= LONGEST_TEXT and len(lines) <= MOST_LINES
    return is_short and all(line.isascii() and (line.isprintable()) for line in lines)


def _faults_of_condition(
    stage: str, key: str, value: object, kind: Kind
) -> Iterator[tuple[Place, object, str]]:
    if stage not in kind.stages:
        stages = [name for name in STAGES if name in kind.stages]
        yield (key,), "", f"not known at {stage}; a rule may ask for it at {', '.join(stages)}"
        return
    if kind.item is None:
        assert kind.read
        try:
            kind.read(value)
        except ValueError as error:
            yield (key,), value, str(error)
        return
    if not isinstance(value, list) or not value:
        yield (key,), value, 'want a list such as ["a", "b"]'
        return
    for number, item in enumerate(value):
        wanted = item_fault(kind, item)
        if wanted:
            yield (key, number), item, wanted


def item_fault(kind: Kind, item: object) -> str:
    """What is wrong with one item of a list, "" when nothing is."""
    if not isinstance(item, str):
        return "want a text in quotes"
    if is_file(kind, item):
        return "" if item.isprintable() else "want the path of a file in printable characters"
    assert kind.item
    try:
        kind.item(item)
    except ValueError as error:
        return str(error)
    return ""


def is_file(kind: Kind, item: str) -> bool:
    return kind.is_file_of_items and item.startswith("/")


def files_of(rules: Rules) -> Iterator[tuple[Place, str, Kind]]:
    """The files of items that rules name, in rules that are right."""
    for stage, tables in rules.items():
        for number, table in enumerate(tables):
            for key, value in table.items():
                kind = CONDITIONS.get(key)
                if kind is None or not isinstance(value, list):
                    continue
                for place, item in enumerate(value):
                    if is_file(kind, item):
                        yield (stage, number, key, place), item, kind


def name_of_place(rules: Rules, place: Place) -> str:
    """As an operator finds it: ``policy.rcpt no-bulk: hosts``."""
    if len(place) < 2:
        return ".".join(("policy", *map(str, place)))
    stage, number, *rest = place
    assert isinstance(number, int)
    name = rules[str(stage)][number].get("name", f"rule {number + 1}")
    key = f": {rest[0]}" if rest else ""
    return f"policy.{stage} {name}{key}"


def listed(rules: Rules) -> dict[str, str]:
    """All rules by stage and name, to compare; and where there are several, their order."""
    found: dict[str, str] = {}
    for stage, tables in rules.items():
        for table in tables:
            rest = {key: value for key, value in table.items() if key != "name"}
            found[f"{stage}.{table['name']}"] = json.dumps(rest, sort_keys=True)
        if len(tables) > 1:
            found[f"{stage} in order"] = " ".join(table["name"] for table in tables)
    return found


def _unknown(key: str, known: Collection[str] = (*OPTIONS, *CONDITIONS)) -> str:
    close = similar(key, known)
    if close:
        return f"a rule has no such key; did you mean {close}?"
    return (
        "a rule has no such key; a setting must stand before the first [[policy…]], and the"
        " conditions of rules are in pymta.toml(5)"
    )
