"""Who may own a file of addresses, and where it may lie."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from pymta.config.routing import Routing
from pymta.config.settings import Machine, Settings
from pymta.tables.file import FileTable
from pymta.tables.keepers import Keepers
from pymta.tables.opened import objections
from pymta.tables.table import Found, Unsure
from pymta.tables.text import TextTable

pytestmark = pytest.mark.root
DAEMON, NOBODY = pwd.getpwnam("daemon").pw_uid, pwd.getpwnam("nobody").pw_uid
OURS = 4711  # the daemon's user, who need not have an account
LONG_AGO = 1e9


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "d").mkdir()
    file = tmp_path / "d" / "aliases"
    file.write_text("a: b@c.example\n")
    os.utime(file, (LONG_AGO, LONG_AGO))
    return file


def asked(file: Path, *names: str) -> str:
    """What the table says, or why it does not."""
    answer = FileTable(str(file), TextTable, keepers=Keepers(lambda: OURS, names)).lookup("a")
    assert isinstance(answer, (Found, Unsure))
    return answer.value if isinstance(answer, Found) else answer.why


@pytest.mark.parametrize("uid", [0, OURS])
def test_root_and_we_may_own_it(file: Path, uid: int) -> None:
    os.chown(file, uid, -1)

    assert asked(file) == "b@c.example"


def test_of_others_those_may_whom_the_operator_names(file: Path) -> None:
    os.chown(file, DAEMON, -1)

    wanted = "want root, or its owner in table_owners"
    assert asked(file) == f"{file} cannot be used: it belongs to daemon; {wanted}"
    assert asked(file, "nobody").endswith(wanted)
    assert asked(file, "nobody", "daemon") == asked(file, str(DAEMON)) == "b@c.example"


def test_nobody_else_says_which_file_it_is(file: Path) -> None:
    """Whoever owns the directory could put another file of root's there."""
    os.chown(file.parent, NOBODY, -1)

    assert f"and {file.parent} on the way there to uid {NOBODY}" in asked(file)


def test_a_file_that_changes_hands_is_looked_at_again(file: Path) -> None:
    table = FileTable(str(file), TextTable, keepers=Keepers(lambda: OURS))
    assert isinstance(table.lookup("a"), Found)

    os.chown(file, DAEMON, -1)

    assert isinstance(table.lookup("a"), Unsure)


def test_each_file_that_is_not_used_is_told_once(file: Path, tmp_path: Path) -> None:
    os.chown(file, DAEMON, -1)
    missing = str(tmp_path / "missing")
    named = (str(file), f"file:{file}", f"regex:{file}", missing)
    routing = Routing(alias_file=named, virtual_aliases=named)
    settings = Settings(machine=Machine(str(tmp_path)), routing=routing)

    found = list(objections(settings))

    assert [path for path, _ in found] == [str(file)]
