"""No file of another user ever appears in the spool."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from pymta.cli.identity import Become, Refuse, Stay, account_name, decide, login_name
from pymta.config import generation
from pymta.config.settings import Machine, Settings
from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.files import FileSpool
from pymta.spool.store import Seal
from tests.doubles import warm
from tests.doubles.ways_in import let_others_in

NOBODY = pwd.getpwnam("nobody")
PYMTA = [sys.executable, "-P", "-m", "pymta"]


@pytest.mark.parametrize(
    ("euid", "owner", "verdict"),
    [
        (1000, 1000, Stay()),
        (0, 0, Stay()),
        (0, 1000, Become(1000, 50)),
        (1001, 1000, Refuse()),
        (1001, 0, Refuse()),
    ],
)
def test_root_becomes_the_owner_and_nobody_else_may(
    euid: int, owner: int, verdict: Stay | Become | Refuse
) -> None:
    assert decide(euid, owner, 50) == verdict


def test_accounts_have_names_and_strangers_numbers() -> None:
    assert account_name(0) == "root"
    assert account_name(3_999_999_999) == "uid 3999999999"
    assert login_name() == pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def foreign_state(tmp_path: Path) -> Path:
    """A state directory of another user, with one message; made by that user."""
    let_others_in(tmp_path)
    state = tmp_path / "state"
    state.mkdir(mode=0o750)
    os.chown(state, NOBODY.pw_uid, NOBODY.pw_gid)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            _make_state_as_nobody(state)
            status = 0
        finally:  # whatever happens, there must not be a second pytest
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    return state


def _make_state_as_nobody(state: Path) -> None:
    os.setresgid(NOBODY.pw_gid, NOBODY.pw_gid, NOBODY.pw_gid)
    os.setresuid(NOBODY.pw_uid, NOBODY.pw_uid, NOBODY.pw_uid)
    (state / "spool").mkdir()
    machine = Machine(str(state), str(state), in_terminal=True)
    generation.store(generation.current_file(state), Settings(machine=machine))
    intake = FileSpool(state / "spool").begin(
        Envelope("a@b.example", (Recipient("c@d.example"),), 1.0)
    )
    intake.write(b"Subject: x\r\n\r\nbody\r\n")
    intake.commit(Seal())


def run_as(uid: int, state: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    """`pymta queue`, with everything loaded first: a checkout may be closed to other users."""
    words = ["queue", "--state", str(state), *words]
    probe = (
        "import os, shutil, sys, pymta.cli.queue, pymta.cli.via_daemon;"
        "from pymta.cli.app import run;"
        f"os.setresuid({uid}, {uid}, {uid}); sys.exit(run({words!r}))"
    )
    return warm.run(
        [sys.executable, "-P", "-c", probe], capture_output=True, text=True, check=False
    )


def owners(directory: Path) -> set[int]:
    return {path.lstat().st_uid for path in directory.rglob("*")}


@pytest.mark.root
def test_root_works_on_the_queue_as_its_owner(foreign_state: Path) -> None:
    (message,) = FileSpool(foreign_state / "spool").waiting()
    for words in (["list"], ["show", message.id], ["remove", message.id]):
        done = run_as(0, foreign_state, words)
        assert done.returncode == 0, done.stderr

    assert owners(foreign_state) == {NOBODY.pw_uid}
    assert "removed by root" in done.stderr
    assert not list(FileSpool(foreign_state / "spool").waiting())


@pytest.mark.root
def test_root_does_not_serve_out_of_the_directory_of_another_user(foreign_state: Path) -> None:
    done = warm.run(
        [*PYMTA, "serve", "--state", str(foreign_state)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == os.EX_NOPERM
    assert "belongs to nobody: start as nobody, or choose another --state" in done.stderr
    assert owners(foreign_state) == {NOBODY.pw_uid}


@pytest.mark.root
def test_who_is_neither_root_nor_the_owner_hears_what_is_missing(foreign_state: Path) -> None:
    done = run_as(pwd.getpwnam("daemon").pw_uid, foreign_state, ["list"])

    assert done.returncode == os.EX_NOPERM
    assert done.stderr == (
        f"pymta: {foreign_state} belongs to nobody: do this as root or as nobody\n"
    )
