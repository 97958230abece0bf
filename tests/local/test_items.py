"""Commands and files by way of the real helper: as the right user, and only what stands there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymta.transport.classify import Delivered, Later, Never
from pymta.transport.local_request import Deed, Nothing
from tests.doubles.daemon import wait_until
from tests.doubles.home_helper import ID, HomeHelper, home_helper
from tests.doubles.own_accounts import EXTRA_GID, GID
from tests.local.test_main import STORED

pytestmark = pytest.mark.root

SHOW = """#!/bin/sh
exec >"$HOME/got"
id -u; id -g; id -G
pwd; umask
echo "$SENDER/$RECIPIENT/$LOCAL_PART/$DOMAIN/$USER/$LOGNAME/$SHELL/$MESSAGE_ID"
ls /proc/self/fd | wc -l
cat
"""


@pytest.fixture(scope="module")
def helper() -> Iterator[HomeHelper]:
    settings = 'pipe_timeout = "2s"\nmail_spool_directory = "/nowhere"\nmail_spool_group = 4998\n'
    with home_helper(settings=settings) as made:
        made.start()
        yield made


def script(helper: HomeHelper, name: str, text: str) -> Path:
    return helper.people.write("alice", name, text.encode(), 0o755)


def test_a_command_runs_as_its_user_in_his_home_and_knows_for_whom(helper: HomeHelper) -> None:
    item = f"|{script(helper, 'show', SHOW)}"
    helper.people.write("alice", ".forward", f"bob, {item}\n".encode())
    assert helper.ask("alice", deed=Deed.ITEM, item=item) == Delivered()
    content = (helper.home("alice") / "got").read_bytes()
    uid, gid, groups, directory, umask, words, fds, first, *rest = content.split(b"\n", 8)
    assert (int(uid), int(gid)) == (helper.users["alice"], GID)
    assert sorted(map(int, groups.split())) == [GID, EXTRA_GID]
    assert directory.decode() == str(helper.home("alice"))
    assert umask == b"0077"
    recipient = b"alice@localhost"
    assert (
        words
        == b"/".join(
            (b"s@example.net", recipient, *recipient.split(b"@"), b"alice", b"alice", b"/bin/sh")
        )
        + b"/"
        + ID.encode()
    )
    assert int(fds) <= 5
    assert first.startswith(b"From s@example.net ")
    assert rest[0] == STORED


@pytest.mark.parametrize("where", ["mail/in/", "elsewhere/", "inbox"])
def test_a_file_or_a_maildir_gets_the_message(helper: HomeHelper, where: str) -> None:
    (helper.home("alice") / "mail").mkdir(exist_ok=True)
    os.chown(helper.home("alice") / "mail", helper.users["alice"], GID)
    item = f"{helper.home('alice')}/{where}"
    helper.people.write("alice", ".forward", f"{item}\n".encode())
    assert helper.ask("alice", deed=Deed.ITEM, item=item) == Delivered()
    path = Path(item)
    (file,) = path.glob("new/*") if where.endswith("/") else [path]
    assert file.read_bytes().endswith(STORED if where.endswith("/") else STORED + b"\n")
    found = file.stat()
    assert (found.st_uid, found.st_gid) == (helper.users["alice"], GID)
    assert stat.S_IMODE(found.st_mode) == 0o600


@pytest.mark.parametrize(
    "text", ["", "bob", "|/bin/false", '"|/bin/touch x, more"', "# |/bin/touch x"]
)
def test_nothing_is_done_that_does_not_stand_in_the_file(helper: HomeHelper, text: str) -> None:
    """Whoever asks may have been led astray: his word counts for nothing."""
    helper.people.write("alice", ".forward", text.encode())
    made = helper.home("alice") / "x"
    for item in ("|/bin/touch x", str(made), f"{made}/"):
        assert helper.ask("alice", deed=Deed.ITEM, item=item) == Nothing()
    assert not made.exists()


def test_a_file_that_others_could_write_has_nothing_done(helper: HomeHelper) -> None:
    helper.people.write("alice", ".forward", b"|/bin/touch x", 0o666)
    found = helper.ask("alice", deed=Deed.ITEM, item="|/bin/touch x")
    assert isinstance(found, Later)
    assert "is writable by others" in found.text
    assert not (helper.home("alice") / "x").exists()


def test_a_status_and_what_was_printed_come_back(helper: HomeHelper) -> None:
    item = f"|{script(helper, 'no', '#!/bin/sh' + chr(10) + 'echo no such list; exit 67')}"
    helper.people.write("alice", ".forward", item.encode())
    found = helper.ask("alice", deed=Deed.ITEM, item=item)
    assert found == Never(
        f"the command {item[1:]!r} returned 67 (EX_NOUSER): no such list", "5.1.1"
    )


def test_a_command_that_takes_too_long_ends_with_its_children(helper: HomeHelper) -> None:
    slow = script(helper, "slow", "#!/bin/sh\nsleep 600 & echo $! $$ >pids; wait\n")
    helper.people.write("alice", ".forward", f"|{slow}".encode())
    found = helper.ask("alice", deed=Deed.ITEM, item=f"|{slow}")
    assert isinstance(found, Later)
    assert found.text == f"the command '{slow}' took too long, and was ended"
    pids = (helper.home("alice") / "pids").read_text().split()
    wait_until(lambda: not any(Path("/proc", p, "cwd").exists() for p in pids), "one is left")


def test_what_a_command_leaves_in_a_session_of_its_own_ends_too(helper: HomeHelper) -> None:
    """Otherwise one user could fill the helper with processes, and nobody had a place there."""
    text = "#!/bin/sh\nsetsid sh -c 'echo $$ >>left; setsid sleep 600 & echo $! >>left; wait' &\n"
    stays = script(helper, "stays", text + 'while [ "$(wc -l <left)" != 2 ]; do :; done\n')
    helper.people.write("alice", "left", b"")
    helper.people.write("alice", ".forward", f"|{stays}".encode())
    assert helper.ask("alice", deed=Deed.ITEM, item=f"|{stays}") == Delivered()
    pids = (helper.home("alice") / "left").read_text().split()
    assert len(pids) == 2
    wait_until(lambda: not any(Path("/proc", p, "cwd").exists() for p in pids), "one is left")


def test_what_a_command_leaves_that_has_killed_its_guard_ends_too(helper: HomeHelper) -> None:
    """The guard is a process of the user as well.  Repeated, it would take everybody's place."""
    text = "#!/bin/sh\nsetsid sleep 600 & echo $! >left; kill -9 $PPID\n"
    escapes = script(helper, "escapes", text)
    helper.people.write("alice", "left", b"")
    helper.people.write("alice", ".forward", f"|{escapes}".encode())
    assert isinstance(helper.ask("alice", deed=Deed.ITEM, item=f"|{escapes}"), Later)
    left = Path("/proc", (helper.home("alice") / "left").read_text().strip(), "cwd")
    wait_until(lambda: not left.exists(), "it is left")


def test_a_link_is_not_followed_out_of_a_directory_of_others(helper: HomeHelper) -> None:
    """Somebody else may have put it there, in place of the file that was meant."""
    common = helper.directory / "common"
    common.mkdir(exist_ok=True)
    common.chmod(0o1777)
    diary = helper.people.write("alice", "diary", b"dear diary\n")
    (common / "archive").symlink_to(diary)
    item = f"{common}/archive"
    helper.people.write("alice", ".forward", item.encode())
    assert isinstance(helper.ask("alice", deed=Deed.ITEM, item=item), Later)
    assert diary.read_bytes() == b"dear diary\n"


# Aliases.


@pytest.fixture
def aliases() -> Iterator[tuple[HomeHelper, Path]]:
    """Its account of aliases is bob's, and its file of aliases is empty."""
    with home_helper() as made:
        file = made.directory / "aliases"
        file.write_text("")
        made.config.write_text(
            f'alias_user = "bob"\nalias_user_files = ["{file}", "/no/such/file"]\n'
        )
        made.directory.chmod(0o755)
        made.start()
        yield made, file


def alias(helper: HomeHelper, item: str) -> object:
    return helper.ask("bob", deed=Deed.ALIAS, item=item)


def test_what_an_alias_names_is_done_as_the_account_of_aliases(
    aliases: tuple[HomeHelper, Path],
) -> None:
    helper, file = aliases
    out = helper.home("bob") / "out"
    file.write_text(f'team: alice, "|/usr/bin/tee {out}"\nall: {out}.mbox, carol\n')
    for item in (f"|/usr/bin/tee {out}", f"{out}.mbox"):
        assert alias(helper, item) == Delivered()
    assert out.read_bytes().endswith(b"\nSubject: x\n\nhello\n")
    for path in (out, Path(f"{out}.mbox")):
        assert path.stat().st_uid == helper.users["bob"]


@pytest.mark.parametrize("how", ["other item", "writable", "of a user", "directory", "comment"])
def test_no_alias_is_believed_that_only_root_could_not_have_written(
    aliases: tuple[HomeHelper, Path], how: str
) -> None:
    helper, file = aliases
    item = f"|/bin/touch {helper.home('bob')}/x"
    file.write_text(f'team: "{item}"\n')
    match how:
        case "other item":
            file.write_text(f'team: "{item}y"\n')
        case "comment":
            file.write_text(f"# {item}\n")
        case "writable":
            file.chmod(0o664)
        case "of a user":
            os.chown(file, helper.users["bob"], -1)
        case "directory":
            file.parent.chmod(0o777)
    found = alias(helper, item)
    assert isinstance(found, Later), found
    assert not (helper.home("bob") / "x").exists()
    file.parent.chmod(0o755)


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ("", "aliases name addresses alone here (alias_user)"),
        ("root", "alias_user is root"),
        ("carol", "no account has the name carol"),
    ],
)
def test_without_an_account_of_its_own_no_alias_is_done(user: str, why: str) -> None:
    with home_helper() as made:
        made.config.write_text(f'alias_user = "{user}"\n')
        made.start()
        found = alias(made, "|/bin/true")
        assert isinstance(found, Later)
        assert found.text == why
