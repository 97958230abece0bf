"""The rules of the settings as a judge.

Made once, before the first fork; `judge` then belongs to one connection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from pymta.config.duration import parse_duration
from pymta.config.policy_rules import Rules, RuleText, read_rule
from pymta.config.settings import Settings
from pymta.policy.conditions import Setup, compile_condition
from pymta.policy.decision import Decision, Explain, nobody_asks
from pymta.policy.facts import Facts
from pymta.policy.judge import Judge
from pymta.policy.lookups import Lookups
from pymta.policy.mail_domain import Standing
from pymta.policy.rule import Fit, OnDefer, Rule, Unknown, first_match
from pymta.policy.stage import Stage
from pymta.policy.verdict import (
    Accept,
    Defer,
    Discard,
    Drop,
    Freeze,
    Pass,
    Queue,
    Refuse,
    Relay,
    Ruling,
    Verdict,
)
from pymta.tables.address_tables import OpenTable, no_table

Tell = Callable[[Facts, Rule, Fit], None]
_CODES = {"4": (451, "4.7.1"), "5": (550, "5.7.1")}  # where a rule has none
_FOR_GOOD = "5"
# What somebody hears who could not be told of a failure (RFC 7505 s4.2, RFC 3463 s3.2).
_UNVERIFIED = {
    Standing.NO_MAIL: ("sender domain accepts no mail", "5.7.27"),
    Standing.NOWHERE: ("sender domain has no mail host", "5.1.8"),
    Standing.NO_DOMAIN: ("sender domain does not exist", "5.1.8"),
    Standing.NO_MAILBOX: ("sender address does not exist", "5.1.7"),
}


class Tables:
    def __init__(self, rules: Rules, setup: Setup) -> None:
        """Of rules in which nothing is wrong."""
        self._rules = {
            stage: tuple(compile_rule(read_rule(stage.value, table), setup) for table in tables)
            for stage in Stage
            if (tables := rules.get(stage.value))
        }

    def __bool__(self) -> bool:
        return bool(self._rules)

    def judge(self, lookups: Lookups, tell: Tell, explain: Explain = nobody_asks) -> Judge:
        """`tell` hears of rules that hold and only want to be told, `explain` of every one that was
        asked.
        """

        def asked(number: int, rule: Rule, fit: Fit) -> None:
            if explain is nobody_asks:
                return  # nearly always: no words are made for nobody
            text = f"{rule.stage.value} rule {rule.name} {_in_words(rule, fit)}"
            explain(Decision("policy", text, (rule.stage.value, number)))

        def ask(facts: Facts) -> Ruling:
            rules = self._rules.get(facts.stage, ())
            return first_match(rules, facts, lookups, partial(tell, facts), asked)

        return ask


def _in_words(rule: Rule, fit: Fit) -> str:
    """In a fake session nothing is remembered, so that such a rule might hold in a real one."""
    if isinstance(fit, Unknown):
        return f"could not find out about {fit.why}"
    if not fit and rule.remembers:
        return "does not hold, with nothing remembered of this client"
    return "holds" if fit else "does not hold"


def tables_of(settings: Settings, table: OpenTable = no_table) -> Tables:
    """`table` opens those of addresses and networks that rules name."""
    setup = Setup(settings.hostname, settings.machine.policy_lists, table=table)
    return Tables(settings.policy.policy or {}, setup)


def compile_rule(text: RuleText, setup: Setup) -> Rule:
    ours = replace(setup, rule=text.name)
    conditions = (compile_condition(key, value, ours) for key, value in text.conditions.items())
    return Rule(
        text.name,
        Stage(text.stage),
        _verdict(text),
        tuple(conditions),
        OnDefer(text.on_defer or "defer"),
        text.action == "warn",
        text.log,
        parse_duration(text.delay),
        _say_why if _wants_words(text) else None,
    )


def _verdict(text: RuleText) -> Verdict:
    match text.action:
        case "warn":
            return Pass()
        case "accept":
            return Accept()
        case "relay":
            return Relay()
        case "queue":
            return Queue(text.routes)
        case "freeze":
            return Freeze()
        case "discard":
            return Discard(text.log)
        case "defer":
            return Defer(text.text, *_codes(text, "4"), text.log)
        case "refuse" | "reply":
            return Refuse(text.text, *_codes(text, _FOR_GOOD), text.log)
        case _:
            return Drop(text.text, *_codes(text, _FOR_GOOD), text.log)


def _codes(text: RuleText, usual: str) -> tuple[int, str]:
    code, enhanced = _CODES[str(text.code)[0] if text.code else usual]
    return text.code or code, text.enhanced or enhanced


def _wants_words(text: RuleText) -> bool:
    """Does it refuse senders that could not be answered, without saying so?"""
    refuses = text.action in ("refuse", "drop") and not (text.text or text.code or text.enhanced)
    return refuses and text.conditions.get("sender_verified") is False


def _say_why(verdict: Verdict, facts: Facts, lookups: Lookups) -> Verdict:
    mailbox = facts.sender.mailbox if facts.sender else None
    standing = lookups.standing_of(mailbox) if mailbox else Standing.YES
    if standing not in _UNVERIFIED or not isinstance(verdict, Refuse | Drop):
        return verdict
    text, enhanced = _UNVERIFIED[standing]
    return replace(verdict, text=text, enhanced=enhanced)
