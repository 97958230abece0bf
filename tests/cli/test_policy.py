"""`pymta policy`: functions of the operator's own, checked and tested before they serve."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from pymta.policy.trial import MOST_SAID, WELL, in_child
from tests.doubles import warm
from tests.doubles.daemon import command, wait_until
from tests.doubles.peers import CHECKOUT
from tests.doubles.ways_in import let_others_in, readable

HEAD = "from pymta.policy.v1 import Accept, Pass, Refuse\n"
RCPT = "def rcpt(call, sender, recipient):\n    "
EXAMPLE = CHECKOUT / "packaging/policy/policy.py"


def pymta(*words: str | Path) -> tuple[int, str]:
    """The exit code, and what was said."""
    done = warm.run(
        command(*map(str, words)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.py"
    path.write_text(f"{HEAD}{RCPT}return Refuse('no')\n")
    return path


def test_the_example_that_we_ship_has_no_mistakes_and_passes_its_tests() -> None:
    assert pymta("policy", "check", "--file", EXAMPLE) == (
        0,
        f"{EXAMPLE}: no mistakes; asked at helo, rcpt, data\n",
    )
    status, said = pymta("policy", "test", "--file", EXAMPLE)
    assert status == 0
    assert said.endswith("6 passed, 0 failed\n")


@pytest.mark.parametrize(
    ("top", "said"),
    [
        ("def rctp(call): ...", ":2: rctp is no stage; did you mean rcpt?"),
        ("import no_such_module", ":2: ModuleNotFoundError: No module named 'no_such_module'"),
        ("while True: pass", ":2: took longer than 1s"),
        ("import os; os._exit(0)", ": ended its process (0)"),
        ("rcpt_count = 1 // 0", ":2: ZeroDivisionError: integer division or modulo by zero"),
        ("import sys\nprint('hello')\nsys.exit('no')", ":4: SystemExit: no"),
    ],
)
def test_check_runs_what_stands_at_the_top_and_says_where_it_fails(
    file: Path, tmp_path: Path, top: str, said: str
) -> None:
    file.write_text(f"{HEAD}{top}\n{RCPT}return Pass()\n")
    settings = tmp_path / "pymta.toml"
    settings.write_text(f'policy_file = "{file}"\npolicy_timeout = "1s"\n')
    status, heard = pymta("policy", "check", "--config", settings)

    assert status == os.EX_CONFIG
    assert f"{file}{said}" in heard


def test_code_that_never_comes_back_is_told_as_well(file: Path, tmp_path: Path) -> None:
    endless = "sum(__import__('itertools').repeat(1))"
    file.write_text(f"{HEAD}{RCPT}{endless}\n")
    tests = tmp_path / "test_policy.py"
    tests.write_text(
        "from pymta.policy.testing import *\n"
        "def test_endless(policy): policy.rcpt(call(), sender(), recipient('a@example.org'))\n"
        "def test_of_a_stage_without_function(policy): policy.helo(call())\n"
    )
    settings = tmp_path / "pymta.toml"
    settings.write_text(f'policy_file = "{file}"\npolicy_timeout = "1s"\n')
    status, said = pymta("policy", "test", "--config", settings)

    assert status == 1
    assert said == (
        f"{tests}::test_endless FAILED\n\n"
        "a function did not come back within its time, and its process was ended\n"
        f"{tests}::test_of_a_stage_without_function ok\n"
        "1 passed, 1 failed\n"
    )


def test_nobody_waits_for_what_the_file_has_started(file: Path, tmp_path: Path) -> None:
    """Nor for its output, which it shares."""
    pid = tmp_path / "pid"
    start = (
        'subprocess.Popen(["sh", "-c", f"echo $$ > {PID}; while :; do echo x; sleep 0.01; done"])'
    )
    file.write_text(f"import subprocess\nPID = {str(pid)!r}\n{start}\n{file.read_text()}")
    try:
        assert pymta("policy", "check", "--file", file)[0] == 0
    finally:
        wait_until(lambda: pid.exists() and pid.read_text().strip(), "it runs")
        os.kill(int(pid.read_text()), signal.SIGKILL)


def test_of_a_file_that_talks_without_end_the_last_words_are_kept() -> None:
    def talk() -> int:
        for _ in range(20):
            print("x" * 100_000)
        print("and so on")
        return WELL

    ended = in_child(talk)

    assert len(ended.said) <= MOST_SAID
    assert ended.said.endswith("and so on\n")


def test_a_test_that_fails_says_why_and_no_test_sees_another(file: Path, tmp_path: Path) -> None:
    body = "SEEN.append(1)\n    return Refuse('no') if SEEN[1:] else Accept()\n"
    file.write_text(f"{HEAD}SEEN = []\n{RCPT}{body}")
    head = "from pymta.policy.testing import *\nfrom pymta.policy.v1 import *\nNOTES = []\n"
    asked = "policy.rcpt(call(), sender(), recipient('a@example.org'))"
    (tmp_path / "test_one.py").write_text(
        f"{head}def test_a(policy):\n    assert {asked} == Accept()\n    NOTES.append(1)\n"
        f"def test_b(policy):\n    assert not NOTES\n    assert {asked} == Accept()\n"
        f"def _no_test(): 1 / 0\ndef test_c(): __import__('os')._exit(0)\n"
    )
    (tmp_path / "test_two.py").write_text(
        f"{head}def test_wrong(policy):\n    print('looked')\n    assert {asked} == Pass(), 'why'\n"
    )
    status, said = pymta("policy", "test", "--file", file)

    assert status == 1
    assert said.splitlines()[-1] == "2 passed, 2 failed"
    assert "its process ended with status 0" in said
    assert "looked\nTraceback (most recent call last):\n" in said
    assert "AssertionError: why" in said
    assert "policy_tests.py" not in said

    status, said = pymta("policy", "test", "--file", file, tmp_path / "test_one.py")
    assert (status, said.splitlines()[-1]) == (1, "2 passed, 1 failed")


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("", os.EX_NOINPUT, "no tests found in "),
        ("def test_a(policy, more): ...", os.EX_DATAERR, ":1: want test_a() or test_a(policy)"),
        ("def test_a(:", os.EX_DATAERR, ":1: this is not Python: "),
    ],
)
def test_what_is_no_test_is_told_before_any_is_run(
    file: Path, tmp_path: Path, text: str, status: int, said: str
) -> None:
    (tmp_path / "test_policy.py").write_text(text)

    assert (told := pymta("policy", "test", "--file", file))[0] == status
    assert said in told[1]


def test_without_a_file_the_commands_say_how_to_name_one(tmp_path: Path) -> None:
    settings = tmp_path / "pymta.toml"
    settings.write_text("queue_only = true\n")

    for words in (["check"], ["test"]):
        status, said = pymta("policy", *words, "--config", settings)
        assert status == os.EX_NOINPUT
        assert "no policy_file in" in said
    status, said = pymta("policy", "check", "--file", tmp_path / "none.py")
    assert status == os.EX_NOINPUT
    assert "none.py: cannot be read: No such file or directory" in said


def test_a_fake_session_asks_the_functions_and_says_where_each_stands(tmp_path: Path) -> None:
    file, settings = tmp_path / "policy.py", tmp_path / "pymta.toml"
    file.write_text(f"{HEAD}\n\n{RCPT}print('hello')\n    return Refuse('not you')\n")
    named = 'primary_hostname = "mx.pymta.test"\nlocal_parts = ["user"]\n'
    settings.write_text(f'policy_file = "{file}"\n{named}')
    done = warm.run(
        command("probe-session", "--from", "192.0.2.7", "--config", str(settings)),
        input="EHLO x.example\nMAIL FROM:<a@x.example>\nRCPT TO:<user@mx.pymta.test>\nQUIT\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "550 5.7.1 not you\n" in done.stdout
    said = done.stderr.splitlines()
    assert f">>> policy_file: rcpt at {file}:4: refuse 550 not you ({settings}:1)" in said
    client = "LOG: H=(x.example) [192.0.2.7] F=<a@x.example>"
    assert f"{client} Warning: hello (rule policy_file:rcpt)" in said
    assert f"{client} rejected RCPT <user@mx.pymta.test>: not you (rule policy_file:rcpt)" in said


def test_a_check_of_the_settings_runs_the_file_but_not_as_root(tmp_path: Path, file: Path) -> None:
    """What another account is to run is nothing for root to run by the way."""
    file.write_text(f"{HEAD}import no_such_module\n{RCPT}return Pass()\n")
    settings = tmp_path / "pymta.toml"
    settings.write_text(f'policy_file = "{file}"\n')
    before: list[str] = []
    if os.geteuid() == 0:
        status, said = pymta("config", "check", "--config", settings)
        assert status == 0
        assert "policy_file was not run, because we are root; `pymta policy check` does" in said
        let_others_in(tmp_path)
        (cover := tmp_path / "cover").mkdir()
        nobody = ("--reuid=nobody", "--regid=nogroup", "--clear-groups")
        before = [*readable(cover), "setpriv", *nobody]
    done = warm.run(
        [*before, *command("config", "check", "--config", str(settings))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == os.EX_CONFIG
    assert f"{file}:2: ModuleNotFoundError: No module named 'no_such_module'" in done.stderr
