"""Policy functions inside the sandbox of the unit: its timers, its signals, its journal."""

from __future__ import annotations

import json

import pytest

from tests.doubles.box import Box
from tests.systemd import mta

pytestmark = pytest.mark.root

POLICY = "/etc/pymta/policy.py"
TEXT = """\
import itertools
from pymta.policy.v1 import Call, Pass, Recipient, Refuse, Sender, Verdict

def rcpt(call: Call, sender: Sender, recipient: Recipient) -> Verdict:
    match recipient.mailbox.local:
        case "crash":
            raise KeyError("no such key")
        case "endless":
            while True:
                pass
        case "gone":
            sum(itertools.repeat(1))
    return Refuse("not here")
"""
TESTS = """\
from pymta.policy.testing import Policy, call, recipient, sender
from pymta.policy.v1 import Refuse

def test_everybody_is_refused(policy: Policy) -> None:
    verdict = policy.rcpt(call(), sender("a@x.example"), recipient("user@example.org"))
    assert isinstance(verdict, Refuse)
"""


def answer(box: Box, name: str) -> str:
    """ "" where the connection was closed."""
    talk = mta.Talk(box)
    talk.say("EHLO client.example")
    talk.say("MAIL FROM:<a@client.example>")
    reply = talk.say(f"RCPT TO:<{name}@localhost>")
    talk.end()
    return reply


def entries(box: Box, kind: str) -> list[dict[str, str]]:
    found = box.says("journalctl", "--no-pager", "-o", "json", f"PYMTA_KIND={kind}")
    return [json.loads(line) for line in found.splitlines()]


def test_functions_are_tested_taken_by_a_reload_asked_and_ended(box: Box) -> None:
    names = 'local_parts = ["user", "crash", "endless", "gone"]\n'
    mta.settings(box, names)
    box.run("systemctl", "start", "pymta.service")
    box.write(POLICY, TEXT)
    box.write("/etc/pymta/test_policy.py", TESTS)
    mta.settings(box, f'{names}policy_file = "{POLICY}"\npolicy_timeout = "1s"\n')
    assert "1 passed, 0 failed" in box.says("pymta", "policy", "test")
    assert "policy_file was not run, because we are root" in box.says("pymta", "config", "check")
    box.run("systemctl", "reload", "pymta.service")

    assert answer(box, "user") == "550 5.7.1 not here"
    trouble = "4.3.0 Temporary local problem - please try later"
    assert answer(box, "crash") == f"451 {trouble}"
    assert answer(box, "endless") == f"421 {trouble}"
    assert answer(box, "gone") == ""

    box.wait_until("three failures", lambda: len(entries(box, "policy_failed")) == 3)
    crash, endless, gone = entries(box, "policy_failed")
    assert {one["PYMTA_POLICY_RULE"] for one in (crash, endless, gone)} == {"policy_file:rcpt"}
    assert crash["MESSAGE"].startswith(
        f"policy_file:rcpt failed: KeyError: 'no such key' ({POLICY}"
    )
    assert "in rcpt\n" in crash["PYMTA_TRACEBACK"]
    assert endless["PYMTA_WHY"].startswith("took longer than 1s")
    assert gone["PYMTA_WHY"] == "did not come back within 3s"

    box.write(POLICY, "import no_such_module\n" + TEXT)
    done = box.run("systemctl", "reload", "pymta.service", check=False)
    assert done.returncode != 0
    assert answer(box, "user") == "550 5.7.1 not here"
    (refused,) = entries(box, "reload_failed")
    missing = "ModuleNotFoundError: No module named 'no_such_module'"
    assert refused["MESSAGE"].endswith(f"{POLICY}:1: {missing}")
