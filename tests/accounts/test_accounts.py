"""Which accounts there are, and which of them get mail."""

from __future__ import annotations

import pwd
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.accounts import passwd
from pymta.accounts.account import (
    Account,
    Found,
    NoAccount,
    Unsure,
    find_user,
    is_account_name,
    objection,
)

ALICE = Account("alice", 1000, 100, "/home/alice", "/usr/sbin/nologin")


def test_the_system_knows_root_as_the_pwd_module_does() -> None:
    root = pwd.getpwnam("root")
    wanted = Account("root", 0, root.pw_gid, root.pw_dir, root.pw_shell)
    assert passwd.find("root") == wanted
    assert passwd.finder(10.0)("root") == wanted


def test_a_name_that_nobody_has_is_no_account() -> None:
    assert passwd.find("no.such_account-x") == NoAccount()


def test_a_long_entry_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwd, "ROOM", 1)
    assert isinstance(passwd.find("root"), Account)


@pytest.mark.root
def test_an_account_list_that_cannot_be_read_makes_nobody_unknown(tmp_path: Path) -> None:
    """By a program of its own, in which no more files can be opened."""
    program = (
        "import resource\n"
        "from pymta.accounts import passwd\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
        "print(passwd.find('no.such_account-x'))\n"
    )
    wrapped = ["unshare", "--mount", "sh", "-c"]
    script = 'mount --bind "$0" /etc/nsswitch.conf && exec "$@"'
    nsswitch = tmp_path / "nsswitch.conf"
    nsswitch.write_text("passwd: files\n")
    done = subprocess.run(
        [*wrapped, script, str(nsswitch), sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("Unsure(why='the account list cannot be read: Too many open")


def test_a_directory_server_that_hangs_is_waited_for_only_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends = threading.Event()

    def hang(name: str) -> Found:
        ends.wait(60)
        return NoAccount()

    monkeypatch.setattr(passwd, "find", hang)
    assert passwd.finder(0.05)("alice") == Unsure("the account list gave no answer in 0 s")
    ends.set()


@pytest.mark.parametrize(
    ("account", "why"),
    [
        (ALICE, ""),
        (Account("root", 0, 0, "/root"), "root is root"),
        (Account("toor", 0, 100, "/home/toor"), "toor is root"),
        (
            Account("mail", 8, 8, "/var/mail"),
            "user id 8 of mail is below local_uid_min, 1000",
        ),
        (
            Account("nobody", 65534, 65534, "/nonexistent"),
            'nobody has no home directory, only "/nonexistent"',
        ),
        (Account("x", 1000, 1, "/"), 'x has no home directory, only "/"'),
        (Account("x", 1000, 1, "home/x"), 'x has no home directory, only "home/x"'),
    ],
)
def test_root_programs_and_the_homeless_get_no_mail(account: Account, why: str) -> None:
    assert objection(account, 1000) == why


def test_root_gets_none_whatever_the_settings_say() -> None:
    assert objection(Account("root", 0, 0, "/root"), 0)


def test_a_stranger_does_not_choose_what_the_system_is_asked() -> None:
    asked: list[str] = []

    def find(name: str) -> Found:
        asked.append(name)
        return NoAccount()

    for name in ("", "..", "-x", "a/b", "a b", "a\0", "a:b", "x" * 65, "\u00e9", "a\n"):
        assert find_user(name, find, 1000) == NoAccount()
    assert asked == []
    find_user("Alice", find, 1000)
    assert asked == ["Alice", "alice"]


@given(st.text(max_size=70))
def test_an_account_name_is_safe_in_every_list_of_accounts(name: str) -> None:
    if is_account_name(name):
        assert name.isascii()
        assert not set(name) & set(":/\\ \n\0")
        assert name[0] not in ".-"


def test_a_number_has_the_name_of_its_account() -> None:
    assert passwd.name_of(0) == pwd.getpwuid(0).pw_name
    assert passwd.name_of(3_999_999) == "3999999"


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "\u00e9", "x" * 65])
def test_a_name_that_could_forge_a_line_is_not_shown(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwd, "_name_of", lambda _: name)

    assert passwd.name_of(1000) == "1000"


def test_a_directory_that_does_not_answer_costs_the_name_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends = threading.Event()
    monkeypatch.setattr(passwd, "_name_of", lambda _: str(ends.wait()))

    assert passwd.name_of(1000, 0.01) == "1000"
    ends.set()
