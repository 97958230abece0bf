"""What a fake session tells of policy and of limits; and that it answers as a real one does."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as how_often
from hypothesis import strategies as st

from pymta.cli.fake_session import read_files
from tests.doubles.fake_client import SETTINGS, Heard
from tests.doubles.house import House

FUNCTIONS = """\
from pymta.policy.v1 import Call, Pass, Recipient, Refuse, Sender, Verdict


def connect(call: Call) -> Verdict:
    return Pass()


def rcpt(call: Call, sender: Sender, recipient: Recipient) -> Verdict:
    return Refuse("not today")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pymta.toml"
    path.write_text(SETTINGS)
    return path


def test_each_rule_of_policy_that_was_asked_is_told_with_its_answer(file: Path) -> None:
    """Those behind the one that decided were not."""
    head = SETTINGS.count("\n") + 1
    rules = (("no-bulk", '["bulk.test"]'), ("not-now", '["late.test"]'), ("never", '["x.test"]'))
    text = "".join(
        f'[[policy.mail]]\nname = "{name}"\nsenders = {senders}\naction = "defer"\n'
        for name, senders in rules
    )
    file.write_text(SETTINGS + text)

    heard = Heard(file, "192.0.2.7", "EHLO c.test", "MAIL FROM:<a@late.test>")

    assert [text for text in heard.why if text.startswith("policy: ")] == [
        f"policy: mail rule no-bulk does not hold ({file}:{head})",
        f"policy: mail rule not-now holds ({file}:{head + 4})",
    ]
    assert heard.replies[-2].startswith("451 ")


def test_a_rule_that_remembers_clients_cannot_be_judged_here_and_that_is_told(file: Path) -> None:
    line = SETTINGS.count("\n") + 1
    rule = '[[policy.rcpt]]\nname = "grey"\ngreylisted = true\naction = "defer"\n'
    file.write_text(SETTINGS + rule)

    heard = Heard(file, "192.0.2.7", "EHLO c.test", "MAIL FROM:<>", "RCPT TO:<user@mx.pymta.test>")

    assert (
        "policy: rcpt rule grey does not hold, with nothing remembered of this client"
        f" ({file}:{line})"
    ) in heard.why


def test_each_function_that_was_asked_is_told_with_its_answer(file: Path) -> None:
    functions = file.with_name("policy.py")
    functions.write_text(FUNCTIONS)
    file.write_text(f'policy_file = "{functions}"\n{SETTINGS}')

    heard = Heard(file, "192.0.2.7", "EHLO c.test", "MAIL FROM:<>", "RCPT TO:<user@mx.pymta.test>")

    assert [text for text in heard.why if text.startswith("policy_file: ")] == [
        f"policy_file: connect at {functions}:4: no opinion ({file}:1)",
        f"policy_file: rcpt at {functions}:8: refuse 550 not today ({file}:1)",
    ]
    assert heard.replies[-2] == "550 5.7.1 not today"
    assert any("rejected RCPT <user@mx.pymta.test>: not today" in text for text in heard.log)


def test_what_only_a_daemon_remembers_is_told_as_unknown(file: Path) -> None:
    """Else greylisting would look as if it never held."""
    rules = (
        '[[policy.rcpt]]\nname = "grey"\ngreylisted = true\naction = "defer"\n'
        '[[policy.mail]]\nname = "fast"\nrate_above = { most = 1, in = "1h", per = "network" }\n'
        'action = "defer"\n'
    )
    file.write_text(f"{SETTINGS}{rules}")

    lines = ("EHLO c.test", "MAIL FROM:<a@b.test>", "RCPT TO:<user@mx.pymta.test>")
    heard = Heard(file, "203.0.113.7", *lines)

    assert "250 2.1.5 Accepted" in heard.replies
    told = [why for why in heard.why if why.endswith("what came before is not known here")]
    assert [text.partition(":")[0] for text in told] == ["rate", "grey-known", "grey"]
    assert "203.0.113.0/24" in told[0]
    assert "<a@b.test>" in told[2]


@pytest.mark.parametrize(
    ("setting", "lines", "why"),
    [
        ("smtp_max_unknown_commands = 1", ("X", "Y"), "2 commands"),
        ("smtp_max_synprot_errors = 1", ("MAIL X", "RCPT X"), "2 errors"),
        ("smtp_max_refused_commands = 1", ("VRFY x@y.test", "EXPN x", "EXPN x"), "2 commands"),
        ("smtp_accept_max_nonmail = 1", ("NOOP", "NOOP"), "2 commands"),
        (
            "recipients_max = 1",
            (
                "HELO c.test",
                "MAIL FROM:<>",
                "RCPT TO:<user@mx.pymta.test>",
                "RCPT TO:<alice@mx.pymta.test>",
            ),
            "1 recipients already",
        ),
        (
            "smtp_accept_max_per_connection = 1",
            ("HELO c.test", "MAIL FROM:<>", "RSET", "MAIL FROM:<>"),
            "1 messages already",
        ),
        (
            "received_headers_max = 1",
            (
                *("HELO c.test", "MAIL FROM:<>", "RCPT TO:<user@mx.pymta.test>", "DATA"),
                *("Received: x", "Received: y", "", "."),
            ),
            'Too many "Received" headers - suspected mail loop',
        ),
        ("smtp_load_reserve = 0", (), "load average = 0.01 is above it"),
    ],
)
def test_a_limit_that_was_reached_is_told(
    setting: str, lines: tuple[str, ...], why: str, file: Path
) -> None:
    load = file.with_name("load")
    load.write_text("0.01 0.02 0.03 1/2 3\n")
    more = f'load_average_file = "{load}"\nsmtp_reserve_hosts = ["127.0.0.1"]\n'
    file.write_text(f"{setting}\n{more}{SETTINGS}")

    heard = Heard(file, "192.0.2.7", *lines)

    option = setting.partition(" ")[0]
    assert f"{option}: {why} ({file}:1)" in heard.why, heard.why


LINES = (
    "EHLO c.test",
    "HELO c.test",
    "MAIL FROM:<a@c.test>",
    "MAIL FROM:<> SIZE=20000",
    "MAIL FROM:<a b>",
    "RCPT TO:<user@mx.pymta.test>",
    "RCPT TO:<nobody@mx.pymta.test>",
    "RCPT TO:<x@far.test>",
    "DATA\nSubject: x\n\n..text\n.",
    "RSET",
    "NOOP",
    "VRFY user",
    "NONSENSE",
    "XCLIENT ADDR=127.0.0.1",
    "QUIT",
)


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings under which a client may say everything at once."""
    path = tmp_path_factory.mktemp("lenient") / "pymta.toml"
    path.write_text(f"smtp_enforce_sync = false\n{SETTINGS}")
    return path


@how_often(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=12), st.sampled_from(["192.0.2.7", "203.0.113.7"]))
def test_it_answers_as_a_real_session_does(lenient: Path, lines: list[str], caller: str) -> None:
    """Whatever is said, by whom: the same conversation, only that nothing comes of it."""
    fake = Heard(lenient, caller, *lines)
    with House(read_files(lenient)).call(caller, local="127.0.0.1") as guest:
        with suppress(BrokenPipeError, ConnectionResetError):  # it was dropped
            guest.say(*(part for line in lines for part in line.split("\n")))
            guest.sock.shutdown(socket.SHUT_WR)
        said = guest.hear_all()

    assert [_plain(reply) for reply in fake.replies] == [
        _plain(reply) for reply in said.split("\r\n")[:-1]
    ]


def _plain(reply: str) -> str:
    """Without what differs from moment to moment."""
    return re.sub(r"id=\S+| ESMTP .*", "", reply)
