"""For tests of a file of policy functions: facts with little ado, and the file itself.

    from pymta.policy.testing import Policy, call, recipient, sender
    from pymta.policy.v1 import Refuse

    def test_bulk_is_refused(policy: Policy) -> None:
        verdict = policy.rcpt(call(), sender("x@bulk.example"), recipient("user@example.org"))
        assert isinstance(verdict, Refuse)

`pymta policy test` runs every function whose name begins with ``test_``, each in a process of its
own, with a policy that nobody has asked before.  With pytest, `load` makes one.

Touches: disk, the operator's code, signals.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from pymta.config.policy_code import PolicyCode, PolicySource
from pymta.config.read_policy_code import read_policy_code
from pymta.mail.address import BadPath, Mailbox, parse_mailbox
from pymta.policy.code import Program, Run
from pymta.policy.facts import Facts
from pymta.policy.own import arguments, sound
from pymta.policy.stage import Stage
from pymta.policy.time_limit import OutOfTimeError, TimeLimit
from pymta.policy.v1 import Call, Field, Message, Pass, Recipient, Sender, Verdict

__all__ = ["Policy", "call", "load", "message", "recipient", "sender"]

CLIENT = "192.0.2.7"  # of RFC 5737
ID = "1wIcRd-000000012Tz-1abc"


def call(address: str = CLIENT, **facts: Any) -> Call:
    """A connection from this address; other fields of `Call` by their names."""
    return Call(ip_address(address), **({"helo": "client.example"} | facts))


def sender(address: str = "", **facts: Any) -> Sender:
    """Without an address, the null sender."""
    return Sender(_mailbox(address) if address else None, **facts)


def recipient(address: str, **facts: Any) -> Recipient:
    return Recipient(_mailbox(address), **facts)


def message(*header: str, size: int = 1000, **facts: Any) -> Message:
    """Fields of the header as they are written: "Subject: hello"."""
    pairs = (line.partition(":") for line in header)
    fields = tuple(Field(name, text.strip()) for name, _, text in pairs)
    return Message(ID, size, fields, **facts)


def load(path: str, seconds: int = PolicyCode().policy_timeout) -> Policy:
    """Raises ConfigError, with all mistakes in the file, or UnusableFileError."""
    return Policy(read_policy_code(path), seconds)


class Policy:
    """The file as a connection has it: asked within its time limit, and held to give verdicts.

    What a function raises comes through.  A stage without a function has no opinion.
    """

    def __init__(self, source: PolicySource, seconds: int) -> None:
        self._stages = frozenset(map(Stage, source.stages))
        self._run = Run(Program(source))
        self._limit = TimeLimit(seconds)

    def connect(self, call: Call) -> Verdict:
        return self._ask(Facts(Stage.CONNECT, call))

    def helo(self, call: Call) -> Verdict:
        return self._ask(Facts(Stage.HELO, call))

    def mail(self, call: Call, sender: Sender) -> Verdict:
        return self._ask(Facts(Stage.MAIL, call, sender))

    def rcpt(self, call: Call, sender: Sender, recipient: Recipient) -> Verdict:
        return self._ask(Facts(Stage.RCPT, call, sender, recipient))

    def data(
        self, call: Call, sender: Sender, recipients: tuple[Recipient, ...], message: Message
    ) -> Verdict:
        facts = Facts(Stage.DATA, call, sender, recipients=recipients, message=message)
        return self._ask(facts)

    def notquit(self, call: Call, reason: str) -> Verdict:
        return self._ask(Facts(Stage.NOTQUIT, call, reason=reason))

    def _ask(self, facts: Facts) -> Verdict:
        stage = facts.stage
        if stage not in self._stages:
            return Pass()

        def ask() -> Verdict:
            function = self._run.function(stage)
            return sound(function(*arguments(facts)), stage) if function else Pass()

        try:
            return self._limit.call(list(Stage).index(stage), ask)
        except OutOfTimeError:
            raise AssertionError(f"{stage.value} took longer than {self._limit.text}") from None


def _mailbox(address: str) -> Mailbox:
    mailbox = parse_mailbox(address)
    if isinstance(mailbox, BadPath):
        raise ValueError(f"{address}: {mailbox.why}")  # noqa: TRY004 - it is a text, but no address
    return mailbox
