"""A daemon with functions of the operator's own: asked, held to their time, and got over."""

from __future__ import annotations

import json
import re
import smtplib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.daemon import Daemon, wait_until
from tests.doubles.peers import CHECKOUT

HEAD = """\
import itertools, os, re, time
from pymta.policy.v1 import Accept, Call, Defer, Drop, Pass, Recipient, Refuse, Sender, Verdict
"""
RCPT = "def rcpt(call: Call, sender: Sender, recipient: Recipient) -> Verdict:\n"
TROUBLE = b"4.3.0 Temporary local problem - please try later"
AT_EVERY_STAGE = f"""{HEAD}
from pymta.policy.v1 import Freeze, Message

def connect(call: Call) -> Verdict:
    print("connect", call.address, call.role)
    return Pass()

def helo(call: Call) -> Verdict:
    print("helo", call.helo, call.protocol)
    return Pass()

def mail(call: Call, sender: Sender) -> Verdict:
    print("mail", sender.address, call.mails)
    return Pass()

{RCPT}
    print("rcpt", recipient.address, recipient.number)
    return Refuse(code=557) if recipient.mailbox.local == "alice" else Pass()

def data(
    call: Call, sender: Sender, recipients: tuple[Recipient, ...], message: Message
) -> Verdict:
    print("data", [one.address for one in recipients], *message.texts("subject"))
    return Freeze()

def notquit(call: Call, reason: str) -> Verdict:
    print("notquit", reason, call.messages)
    return Pass()
"""
# Its time limit is never reached but where a test is about that.
BY_RECIPIENT = f"""{HEAD}
{RCPT}
    match recipient.mailbox.local:
        case "alice":
            return Refuse("not her")
        case "bob":
            raise ValueError("no bob \\x1b[31m\\r\\n\\x07in " + recipient.domain)
        case "endless":
            while True:
                pass
        case "runaway":
            re.match("(a+)+$", "a" * 60 + "b")
        case "gone":
            sum(itertools.repeat(1))
    return Pass()
"""


def line_of(text: str) -> str:
    before, _, _ = BY_RECIPIENT.partition(text)
    return f"line {before.count(chr(10)) + 1}"


@contextmanager
def daemon(directory: Path, text: str, **settings: Any) -> Iterator[Daemon]:
    path = directory / "policy.py"
    path.write_text(text)
    names = ["user", "alice", "bob", "endless", "runaway", "gone"]
    made = Daemon(directory, **({"policy_file": str(path), "local_parts": names} | settings))
    try:
        made.start()
        yield made
    finally:
        made.close()


def rcpt(client: smtplib.SMTP, name: str) -> tuple[int, bytes]:
    return client.rcpt(f"{name}@localhost")


@contextmanager
def session(place: Daemon, address: str = "127.0.0.1") -> Iterator[smtplib.SMTP]:
    source = (address, 0)
    with smtplib.SMTP("127.0.0.1", place.port, "client.test", 30, source_address=source) as client:
        client.ehlo()
        assert client.mail("a@client.test")[0] == 250
        yield client


def test_a_function_decides_and_a_crash_costs_its_client_a_451(tmp_path: Path) -> None:
    with daemon(tmp_path, BY_RECIPIENT) as place:
        with session(place) as client:
            assert rcpt(client, "user") == (250, b"2.1.5 Accepted")
            assert rcpt(client, "alice") == (550, b"5.7.1 not her")
            assert rcpt(client, "bob") == (451, TROUBLE)
            assert rcpt(client, "user") == (250, b"2.1.5 Accepted")
            place.wait_for_log(r"rejected RCPT <alice@localhost>: not her \(rule policy_file:rcpt")
            failed = "failed: .*in localhost"
            place.wait_for_log(
                rf"policy_file:rcpt {failed} \(.*policy.py {line_of('raise Value')}\) for H="
            )
            place.wait_for_log(f"temporarily rejected RCPT <bob@localhost>: {failed} \\(rule")
            assert not set(place.log()) & set("\x1b\x07\r")
            worker = place.family()
        # Nothing of a process in which it crashed is used for another client.
        wait_until(lambda: len(place.family()) < len(worker), "the worker has gone")


def test_each_stage_is_asked_with_its_facts_and_what_is_printed_is_logged(tmp_path: Path) -> None:
    """ID-06, N-08: its verdicts do what those of rules do."""
    with daemon(tmp_path, AT_EVERY_STAGE) as place:
        with session(place) as client:
            assert rcpt(client, "alice") == (557, b"5.7.1 Administrative prohibition")
            assert rcpt(client, "user")[0] == rcpt(client, "bob")[0] == 250
            assert client.data(b"Subject: \x1b[31m red\r\n\r\nhi\r\n")[0] == 250
            client.close()
        place.wait_for_log("Warning: notquit")
        noted = re.findall(r"Warning: (.*) \(rule policy_file:(\w+)\)", place.log())
        assert noted == [
            ("connect 127.0.0.1 smtp", "connect"),
            ("helo client.test smtp", "helo"),
            ("mail a@client.test 0", "mail"),
            ("rcpt alice@localhost 1", "rcpt"),
            ("rcpt user@localhost 1", "rcpt"),
            ("rcpt bob@localhost 2", "rcpt"),
            (r"data ['user@localhost', 'bob@localhost'] \x1b[31m red", "data"),
            ("notquit connection-lost 1", "notquit"),
        ]
        place.wait_for_log(r"frozen by ACL \(rule policy_file:data\)")


def test_one_that_takes_too_long_costs_its_client_a_421_and_nobody_else_anything(
    tmp_path: Path,
) -> None:
    """A regular expression that runs away is one of those, because Python's look for signals."""
    with daemon(tmp_path, BY_RECIPIENT, policy_timeout="1s") as place:
        for name in ("endless", "runaway"):
            with session(place) as client, session(place) as other:
                began = time.monotonic()
                assert rcpt(client, name) == (421, TROUBLE)
                assert 1 <= time.monotonic() - began < 20
                assert rcpt(other, "user")[0] == 250
        late = r"policy_file:rcpt took longer than 1s \(.*policy.py line \d+\) for H="
        lines = place.wait_for_log(late, count=2)
        assert line_of("re.match") in lines[1]


def test_code_that_never_comes_back_ends_its_process_and_the_log_says_why(tmp_path: Path) -> None:
    with daemon(tmp_path, BY_RECIPIENT, policy_timeout="1s") as place:
        with session(place) as client, session(place) as other:
            with pytest.raises(smtplib.SMTPServerDisconnected):
                rcpt(client, "gone")
            place.wait_for_log(
                r"policy_file:rcpt did not come back within 3s: session process \d+ serving"
                r" \[127.0.0.1\] was ended"
            )
            assert rcpt(other, "user")[0] == 250
        assert "was killed by" not in place.log()
        place.wait_for_idle()


def test_who_makes_it_fail_again_and_again_puts_it_out_of_use_for_himself(tmp_path: Path) -> None:
    settings = {"policy_breaker_failures": 3, "policy_timeout": "1s"}
    with daemon(tmp_path, BY_RECIPIENT, **settings) as place:
        with session(place) as client:
            for _ in range(2):
                assert rcpt(client, "bob")[0] == 451
        with session(place) as client, pytest.raises(smtplib.SMTPServerDisconnected):
            rcpt(client, "gone")  # counts like others
        once = r"policy.py is out of use for \[127.0.0.1\] for 5m: 3 failures within 1m, the last"
        place.wait_for_log(once)
        with session(place) as client:
            assert rcpt(client, "alice") == (451, TROUBLE)
        place.wait_for_log("policy_file is out of use after repeated failures")
        with session(place, "127.0.0.2") as client:
            assert rcpt(client, "alice") == (550, b"5.7.1 not her")
        assert json.loads(place.run("status", "--json").stdout)["problems"] == []


class _Proxied(smtplib.SMTP):
    """Of a proxy, which names the client before anything else."""

    def __init__(self, port: int, client: str) -> None:
        self._client = client
        super().__init__("127.0.0.1", port, "gate.test", 30)

    def _get_socket(self, *args: Any) -> socket.socket:
        sock: socket.socket = super()._get_socket(*args)  # type: ignore[misc]
        sock.sendall(f"PROXY TCP4 {self._client} 192.0.2.1 40999 25\r\n".encode())
        return sock


def _xclient(port: int, client: str) -> smtplib.SMTP:
    made = smtplib.SMTP("127.0.0.1", port, "gate.test", 30)
    made.ehlo()
    assert made.docmd("XCLIENT", f"ADDR={client}")[0] == 220
    return made


@pytest.mark.parametrize(
    ("option", "connect"), [("hosts_proxy", _Proxied), ("hosts_xclient", _xclient)]
)
def test_behind_a_gateway_it_is_each_client_who_puts_it_out_of_use_for_himself(
    option: str, connect: Callable[[int, str], smtplib.SMTP], tmp_path: Path
) -> None:
    settings = {option: ["127.0.0.1"], "policy_breaker_failures": 2}
    with daemon(tmp_path, BY_RECIPIENT, **settings) as place:

        def answer(address: str, name: str) -> int:
            with connect(place.port, address) as client:
                client.ehlo()
                assert client.mail("a@client.test")[0] == 250
                return rcpt(client, name)[0]

        assert [answer("192.0.2.7", "bob") for _ in range(2)] == [451, 451]
        place.wait_for_log(r"policy.py is out of use for \[192\.0\.2\.7\] for 5m: 2 failures")
        assert answer("192.0.2.7", "alice") == 451
        assert answer("192.0.2.8", "alice") == 550


def test_a_file_that_fails_with_many_clients_is_out_of_use_for_all_until_a_reload(
    tmp_path: Path,
) -> None:
    with daemon(tmp_path, BY_RECIPIENT, policy_breaker_failures=2) as place:
        for address in ("127.0.0.1", "127.0.0.2"):
            with session(place, address) as client:
                assert rcpt(client, "bob")[0] == 451
        place.wait_for_log("policy.py is out of use for 5m: failures with 2 clients within 1m")
        with session(place, "127.0.0.3") as client:
            assert rcpt(client, "alice") == (451, TROUBLE)
        problem = "policy_file is out of use: it has failed again and again"
        assert json.loads(place.run("status", "--json").stdout)["problems"] == [problem]
        assert place.run("reload", "--state", str(place.state)).returncode == 0
        with session(place) as client:
            assert rcpt(client, "alice") == (550, b"5.7.1 not her")


def test_out_of_use_it_can_be_left_out_and_comes_back_by_itself(tmp_path: Path) -> None:
    settings = {"policy_on_breaker": "skip", "policy_breaker_pause": "1s"}
    with daemon(tmp_path, BY_RECIPIENT, policy_breaker_failures=1, **settings) as place:
        with session(place) as client:
            assert rcpt(client, "bob")[0] == 451
        place.wait_for_log("is out of use for .* for 1s: 1 failure within 1m, .* asks the next")

        def answer() -> int:
            with session(place) as client:
                return rcpt(client, "alice")[0]

        wait_until(lambda: answer() == 550, "the file is asked again")


def test_what_a_function_left_in_a_global_is_not_there_for_the_next_client(tmp_path: Path) -> None:
    """CL-02, with one process for all of them."""
    text = f"""{HEAD}
SEEN = []
with open({str(tmp_path / "runs")!r}, "a") as runs:
    print(os.getpid(), file=runs)
{RCPT}
    SEEN.append(recipient)
    return Refuse(f"{{len(SEEN)}} {{os.getpid()}}")
"""
    with daemon(tmp_path, text) as place:
        replies = []
        for _ in range(3):
            with session(place) as client:
                replies.append([rcpt(client, "user")[1] for _ in range(2)])
            place.wait_for_idle()
        workers = {reply.split()[-1] for pair in replies for reply in pair}
        counts = [[reply.split()[1] for reply in pair] for pair in replies]
        assert counts == [[b"1", b"2"]] * 3
        assert len(workers) == 1
        runs = (tmp_path / "runs").read_bytes().split()
        assert runs == [*workers] * 3  # by nobody else, above all not by the supervisor

        place.write_settings(policy_keeps_state=True)
        assert place.run("reload", "--state", str(place.state)).returncode == 0
        with session(place) as client:
            assert rcpt(client, "user")[1].split()[1] == b"1"
        place.wait_for_idle()
        with session(place) as client:
            assert rcpt(client, "user")[1].split()[1] == b"2"


def test_nor_is_it_there_for_the_next_one_in_the_same_connection(tmp_path: Path) -> None:
    """XCLIENT"""
    text = f"""{HEAD}
SEEN = []
{RCPT}
    SEEN.append(call.address)
    return Refuse(" ".join(map(str, SEEN)))
"""
    with (
        daemon(tmp_path, text, hosts_xclient=["127.0.0.1"]) as place,
        session(place) as client,
    ):
        assert rcpt(client, "user") == (550, b"5.7.1 127.0.0.1")
        client.rset()
        assert client.docmd("XCLIENT", "ADDR=192.0.2.7")[0] == 220
        client.ehlo()
        client.mail("b@client.test")
        assert rcpt(client, "user") == (550, b"5.7.1 192.0.2.7")


def test_a_half_edited_file_serves_nobody_and_a_reload_of_it_changes_nothing(
    tmp_path: Path,
) -> None:
    with daemon(tmp_path, BY_RECIPIENT) as place:
        (tmp_path / "policy.py").write_text("def rcpt(call, sender, recip")
        with session(place) as client:
            assert rcpt(client, "alice") == (550, b"5.7.1 not her")
        done = place.run("reload", "--state", str(place.state))
        assert done.returncode == 78
        assert f"{tmp_path}/policy.py:1: this is not Python" in done.stderr
        (tmp_path / "policy.py").write_text(f"{HEAD}import no_such_module\n{RCPT} ...\n")
        done = place.run("reload", "--state", str(place.state))
        assert "policy.py:3: ModuleNotFoundError: No module named 'no_such_module'" in done.stderr
        with session(place) as client:
            assert rcpt(client, "alice") == (550, b"5.7.1 not her")

        (tmp_path / "policy.py").write_text(f"{HEAD}{RCPT} return Refuse('nobody')\n")
        assert place.run("reload", "--state", str(place.state)).returncode == 0
        with session(place) as client:
            assert rcpt(client, "user") == (550, b"5.7.1 nobody")
        place.wait_for_log(r"policy functions \S+ \(rcpt\)")


def test_the_example_that_we_ship_serves(tmp_path: Path) -> None:
    text = (CHECKOUT / "packaging/policy/policy.py").read_text()
    settings = {"local_domains": ["example.org"], "local_parts": ["user", "old"]}
    with daemon(tmp_path, text, **settings) as place:
        with session(place) as client:
            moved = client.rcpt("old@example.org")
            assert moved == (550, b"5.1.6 this mailbox has moved to new@example.org")
            assert client.rcpt("user@example.org")[0] == 250
            assert client.data(b"Subject: hello\r\n\r\nhi\r\n")[0] == 250
        place.wait_for_mail("user")
