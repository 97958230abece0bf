"""Mailboxes of system users in mbox form, in a directory where only a group may make files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pymta.transport.classify import Delivered, Later
from pymta.transport.local_request import Deed, Forward
from tests.doubles.home_helper import HomeHelper, home_helper
from tests.doubles.own_accounts import GID
from tests.local.test_main import STORED

pytestmark = pytest.mark.root

MAIL = 4998  # a group that nobody is in
OLD = b"From a@example.net Thu Jan  1 00:00:00 2026\nSubject: old\n\nold\n\n"


@contextmanager
def spool_of(helper: HomeHelper, settings: str = f"mail_spool_group = {MAIL}\n") -> Iterator[Path]:
    """As Debian has /var/mail: root:mail, 2775."""
    spool = helper.directory / "spool"
    spool.mkdir()
    os.chown(spool, 0, MAIL)
    spool.chmod(0o2775)
    helper.config.write_text(f'mail_spool_directory = "{spool}"\nhome_timeout = "5m"\n{settings}')
    helper.start()
    yield spool


@pytest.fixture
def helper() -> Iterator[HomeHelper]:
    with home_helper() as made:
        yield made


def test_the_file_is_its_users_and_of_the_group_that_may_make_it(helper: HomeHelper) -> None:
    with spool_of(helper) as spool:
        for _ in range(2):
            assert helper.ask("alice") == Delivered()
        file = spool / "alice"
        first, *rest = file.read_bytes().split(b"From s@example.net ")[1:]
        assert first.partition(b"\n")[2] == STORED + b"\n"
        assert len(rest) == 1
        found = file.stat()
        assert (found.st_uid, found.st_gid) == (helper.users["alice"], MAIL)
        assert stat.S_IMODE(found.st_mode) == 0o660
        assert [path.name for path in spool.iterdir()] == ["alice"]
        assert not (helper.home("alice") / "Maildir").exists()


def test_a_forward_goes_first_and_is_read_without_that_group(helper: HomeHelper) -> None:
    secret = helper.people.write("alice", ".forward", b"bob\n", 0o640)
    os.chown(secret, 0, MAIL)
    with spool_of(helper) as spool:
        found = helper.ask("alice")
        assert isinstance(found, Later), found
        assert "Permission denied" in found.text
        secret.chmod(0o644)
        assert helper.ask("alice") == Forward(b"bob\n")
        assert helper.ask("alice", deed=Deed.STORE) == Delivered()
        assert (spool / "alice").exists()


def test_without_the_right_to_lock_it_nothing_is_written(helper: HomeHelper) -> None:
    with spool_of(helper, 'mail_spool_group = ""\n') as spool:
        found = helper.ask("alice")
        assert isinstance(found, Later)
        assert found.text == f"Permission denied: cannot append to {spool}/alice"
        file = spool / "alice"
        file.write_bytes(OLD)
        os.chown(file, helper.users["alice"], GID)
        assert isinstance(helper.ask("alice"), Later)
        assert file.read_bytes() == OLD


@pytest.mark.parametrize("kind", ["link", "of another", "second name"])
def test_no_other_file_is_written_by_way_of_the_spool(helper: HomeHelper, kind: str) -> None:
    other = helper.people.write("bob" if kind == "of another" else "alice", "other", OLD, 0o666)
    with spool_of(helper) as spool:
        file = spool / "alice"
        match kind:
            case "link":
                file.symlink_to(other)
            case "second name":
                os.link(other, file)
            case "of another":
                other.rename(file)
        assert isinstance(helper.ask("alice"), Later)
        assert file.read_bytes() == OLD


@pytest.mark.parametrize(
    ("group", "why"),
    [
        ('"nobody-has-this"', "mail_spool_group: no group has this name"),
        ("0", "mail_spool_group: want another group than that of root"),
    ],
)
def test_a_group_that_is_none_or_roots_is_not_taken_on(
    helper: HomeHelper, group: str, why: str
) -> None:
    with spool_of(helper, f"mail_spool_group = {group}\n") as spool:
        found = helper.ask("alice")
        assert isinstance(found, Later)
        assert found.text == why
        assert list(spool.iterdir()) == []
