"""`pymta-sendmail` as a process: what it loads, says and ends with."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymta import __version__
from pymta.config import generation
from pymta.config.settings import Machine, Settings
from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.files import FileSpool
from pymta.spool.store import Seal
from tests.doubles import warm
from tests.doubles.ways_in import let_others_in

NOBODY = pwd.getpwnam("nobody")
UNKNOWN = "pymta abandoned: unknown, malformed, or incomplete option "


@pytest.fixture
def state() -> Iterator[Path]:
    """A state directory of ours, without a daemon.

    Not below pytest's own, which every new run of pytest closes to others.
    """
    with tempfile.TemporaryDirectory(prefix="pymta-") as directory:
        made = Path(directory, "state")
        made.mkdir(mode=0o700)
        machine = Machine(str(made), str(made), in_terminal=True)
        generation.store(generation.current_file(made), Settings(machine=machine))
        yield made


def run(
    state: Path, *words: str, before: str = "", is_cold: bool = False
) -> subprocess.CompletedProcess[str]:
    """The program, in one interpreter with `before`, which runs when everything is loaded."""
    program = (
        "import sys, os; from pymta.cli import classic; from pymta.cli.classic import run\n"
        f"{before}\nsys.exit(run({list(words)!r}, os.environ))"
    )
    return warm.run(
        [sys.executable, "-P", "-c", program],
        cold=is_cold,
        env=os.environ | {"STATE_DIRECTORY": str(state), "RUNTIME_DIRECTORY": str(state)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def put(state: Path, recipient: str, queue: str = "") -> str:
    to = (Recipient(recipient),)
    intake = FileSpool(state / "spool").begin(
        Envelope("a@b.example", to, 1_700_000_000.0, queue_name=queue)
    )
    intake.write(b"Subject: x\r\n\r\nbody\r\n")
    intake.commit(Seal())
    return intake.id


def test_the_version_is_said(state: Path) -> None:
    done = run(state, "-bV")

    assert (done.returncode, done.stdout) == (0, f"pymta {__version__}\n")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["-bdx"], f"{UNKNOWN}-bdx"),
        (["-q0s"], "pymta: bad time value -q0s: abandoned"),
        (["-bd", "-q"], "pymta: incompatible command-line options or arguments"),
        (["-bd", "-oP", "pid"], "pymta: pid file path pid must be absolute"),
    ],
)
def test_a_refusal_is_one_line_and_nothing_else(state: Path, words: list[str], line: str) -> None:
    """ST-03, N-21"""
    before = sorted(state.rglob("*"))

    done = run(state, *words)

    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{line}\n")
    assert sorted(state.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        (["-oX", "25x"], ["-oX: found", "invalid SMTP port: 25x"]),
        (["-oX", "nosuchsvc"], ['TCP port "nosuchsvc" not found']),
        (["-oX", "<; 1.2.3 ; 25"], ['Malformed IP address "1.2.3" in -oX data']),
        (["-C", "/nonexistent/pymta.toml"], ["/nonexistent/pymta.toml", "cannot be read"]),
    ],
    ids=["PT-01 port", "PT-01 service", "OX-03", "no such settings"],
)
def test_what_cannot_be_decoded_is_said_before_anything_is_done(
    state: Path, words: list[str], texts: list[str]
) -> None:
    """ST-04: on the caller's standard error, with exit 1, in the background as well."""
    done = run(state, "-bd", *words)

    assert done.returncode == 1
    for text in texts:
        assert text in done.stderr


def test_the_queue_is_listed_and_counted(state: Path) -> None:
    assert run(state, "-bpc").stdout == "0\n"
    assert run(state, "-bp").stdout == ""
    id = put(state, "c@d.example")

    assert run(state, "-bpc").stdout == "1\n"
    listed = run(state, "-bp")
    assert listed.returncode == 0
    assert f"{id} <a@b.example>" in listed.stdout
    assert "c@d.example" in listed.stdout


def test_a_named_queue_is_listed_and_counted_when_it_is_named(state: Path) -> None:
    """N-16: `mailq -qGquarantine`"""
    put(state, "c@d.example")
    id = put(state, "e@f.example", queue="quarantine")

    assert run(state, "-bpc").stdout == "1\n"
    assert run(state, "-bpc", "-qGquarantine").stdout == "1\n"
    assert run(state, "-bpc", "-qGother").stdout == "0\n"
    listed = run(state, "-bp", "-qGquarantine").stdout
    assert f"{id} <a@b.example> Q=quarantine\n" in listed
    assert "c@d.example" not in listed


def test_one_run_goes_over_the_queue(state: Path) -> None:
    id = put(state, "user@localhost")

    done = run(state, "-qff", "-R", "USER@")

    assert done.returncode == 0, done.stderr
    assert "Start queue run: pid=" in done.stderr
    assert "-qff -R USER@" in done.stderr
    assert f"{id} => user" in done.stderr
    assert len(list((state / "mail/user/new").iterdir())) == 1


def as_member(state: Path, *words: str, settings: str) -> subprocess.CompletedProcess[str]:
    """As nobody, who is in group 4711 besides, under these settings."""
    let_others_in(state)
    file = state.parent / "pymta.toml"
    file.write_text(settings)
    before = (
        "import pymta.cli.classic_daemon, pymta.cli.classic_queue, pymta.cli.permission\n"
        "import pymta.cli.via_daemon, pymta.config.read, pymta.config.schema\n"
        "from pymta.cli import served\n"
        f"served.DAEMON_CONFIG = {str(file)!r}\n"
        f"os.setgroups([4711]); os.setresgid(*[{NOBODY.pw_gid}] * 3)\n"
        f"os.setresuid(*[{NOBODY.pw_uid}] * 3)"
    )
    return run(state, *words, before=before)


@pytest.mark.root
def test_who_may_not_is_told_so(state: Path) -> None:
    """ST-03"""
    for words in (["-bd"], ["-q30m"], ["-q"], ["-R", "x"]):
        done = as_member(state, *words, settings="")
        assert (done.returncode, done.stderr) == (1, "pymta: permission denied\n")
    done = as_member(state, "-bd", "-d", settings="")
    assert (done.returncode, done.stderr) == (1, "pymta: debugging permission denied\n")


@pytest.mark.root
def test_a_member_of_an_admin_group_may(state: Path) -> None:
    """ST-03: and hears then what else keeps him from it, since nothing here is set-id."""
    settings = 'admin_groups = ["4711"]\n'

    for words in (["-q"], ["-qff"], ["-q", "-d"]):
        done = as_member(state, *words, settings=settings)
        assert done.returncode == 1
        assert done.stderr == f"pymta: no pymta daemon answers at {state}/control\n"
    done = as_member(state, "-q", "-R", "x", settings=settings)
    assert done.stderr.startswith("pymta: root and the owner of the queue alone say which")
    for words in (["-bd"], ["-bd", "-d"], ["-q30m"]):
        done = as_member(state, *words, settings=settings)
        assert done.returncode == 1
        assert f"{state} belongs to root, and the daemon would be nobody" in done.stderr


@pytest.mark.root
def test_prod_requires_admin_is_about_queue_runs_alone(state: Path) -> None:
    """ST-03: the half of listeners and of -d is never lifted."""
    settings = "prod_requires_admin = false\n"

    done = as_member(state, "-q", settings=settings)
    assert done.stderr == f"pymta: no pymta daemon answers at {state}/control\n"
    done = as_member(state, "-q30m", settings=settings)
    assert "belongs to root" in done.stderr
    done = as_member(state, "-q", "-d", settings=settings)
    assert (done.returncode, done.stderr) == (1, "pymta: debugging permission denied\n")
    done = as_member(state, "-bd", "-q30m", settings=settings)
    assert (done.returncode, done.stderr) == (1, "pymta: permission denied\n")


@pytest.mark.parametrize("settings", ['admin_groups = ["4712"]', "no_such = 1", "what is this"])
@pytest.mark.root
def test_settings_that_say_nothing_of_him_let_nobody_in(state: Path, settings: str) -> None:
    """ST-03"""
    done = as_member(state, "-q", settings=settings)

    assert (done.returncode, done.stderr) == (1, "pymta: permission denied\n")


@pytest.mark.parametrize(
    ("words", "banned"),
    [
        (["-bV"], "click pydantic_core typing pathlib socket pymta.config.read pymta.spool"),
        (["-bdx"], "click pydantic_core typing pathlib socket pymta.config.read pymta.spool"),
        (["-bpc"], "click pydantic_core pymta.config.read pymta.queue.main pymta.supervisor"),
        (["-q"], "click pydantic_core pymta.config.read pymta.supervisor"),
    ],
)
def test_only_what_a_job_needs_is_loaded(state: Path, words: list[str], banned: str) -> None:
    """This is what cron starts, for every mail that it writes."""
    report = "import atexit; atexit.register(lambda: print('loaded', *sys.modules))"

    done = run(state, *words, before=report, is_cold=True)

    loaded = set(done.stdout.splitlines()[-1].split()[1:])
    assert "pymta.cli.classic_line" in loaded
    assert not loaded & set(banned.split())
