"""`pymta user`: accounts of the password file."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from pymta.accounts import hashes
from pymta.accounts.password_file import FilePasswords, PasswordFile
from pymta.accounts.password_line import Argon2, Crypt, parse_line
from pymta.accounts.told import Told
from pymta.cli.app import run
from pymta.journal.event import Event
from pymta.sasl.exchange import Link, Success
from tests.doubles import peers

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
QUICK = ("--iterations", "4096")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "passwords"


def user(file: Path, *words: str, password: str = "a long rabbit", patch: Patch) -> int:
    patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{password}\n".encode())))
    return run(["user", "--file", str(file), *words])


def fits(file: Path, name: str, password: str) -> bool:
    events: list[Event] = []
    answer = FilePasswords(PasswordFile(str(file), b"x", Told(events.append))).check(
        name, password, Link()
    )
    assert [event.text for event in events if "may be read by everybody" not in event.text] == []
    return answer == Success(name)


def test_an_account_is_added_and_can_log_in(
    file: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    assert user(file, "add", "Alice@Example.org", *QUICK, patch=monkeypatch) == 0
    assert capsys.readouterr() == ("", "")
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.read_text().startswith("alice@example.org:{SCRAM-SHA-256}4096,")
    assert fits(file, "alice@example.org", "a long rabbit")
    assert not fits(file, "alice@example.org", "rabbit")
    assert [path.name for path in file.parent.iterdir()] == ["passwords"]


@pytest.mark.parametrize(
    ("schemes", "kind"),
    [(("yescrypt",), Crypt), (("argon2id",), Argon2), (("yescrypt", "scram-sha-256"), Crypt)],
)
def test_the_password_is_kept_as_it_was_asked_for(
    file: Path, monkeypatch: Patch, schemes: tuple[str, ...], kind: type
) -> None:
    words = [word for scheme in schemes for word in ("--scheme", scheme)]
    assert user(file, "add", "a", *words, "--cost", "1", *QUICK, patch=monkeypatch) == 0
    entry = parse_line(file.read_text().strip())
    assert entry
    assert isinstance(entry.hash, kind)
    assert bool(entry.verifier) is ("scram-sha-256" in schemes)
    assert fits(file, "a", "a long rabbit")


def test_two_hashes_are_one_too_many(file: Path, monkeypatch: Patch, capsys: Capture) -> None:
    words = ("--scheme", "yescrypt", "--scheme", "argon2id")
    assert user(file, "add", "a", *words, patch=monkeypatch) == os.EX_USAGE
    assert "want one of yescrypt and argon2id" in capsys.readouterr().err


def test_who_is_there_already_is_not_added(file: Path, monkeypatch: Patch, capsys: Capture) -> None:
    file.write_text("a:!\n")
    assert user(file, "add", "A", patch=monkeypatch) == os.EX_DATAERR
    assert capsys.readouterr().err == (
        f"pymta: {file}: a is there already; `pymta user passwd` changes its password\n"
    )


@pytest.mark.parametrize("name", ["a b", "a:b", "", "#a", "a\u0007"])
def test_what_can_be_no_name_is_refused(
    file: Path, monkeypatch: Patch, capsys: Capture, name: str
) -> None:
    assert user(file, "add", name, patch=monkeypatch) == os.EX_USAGE
    assert not file.exists()
    assert capsys.readouterr().err.rstrip("\n").isprintable()


@pytest.mark.parametrize("password", ["", "x" * 1025, "secret\u0007", "secret\0"])
def test_what_can_be_no_password_is_refused_and_not_repeated(
    file: Path, monkeypatch: Patch, capsys: Capture, password: str
) -> None:
    file.write_text("")
    assert user(file, "add", "a", password=password, patch=monkeypatch) == os.EX_DATAERR
    assert file.read_text() == ""
    said = capsys.readouterr().err
    assert "this cannot be a password" in said
    assert "secret" not in said


def test_a_short_password_is_taken_with_a_warning(
    file: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    assert user(file, "add", "a", *QUICK, password="rabbit", patch=monkeypatch) == 0
    assert capsys.readouterr().err == "pymta: 6 characters are soon guessed\n"
    assert fits(file, "a", "rabbit")


def test_no_option_takes_a_password() -> None:
    """Whoever is on this machine could read it."""
    for command in ("add", "passwd"):
        assert run(["user", "--file", "x", command, "a", "--password", "x"]) == os.EX_USAGE
        assert run(["user", "--file", "x", command, "a", "x"]) == os.EX_USAGE


def test_passwd_changes_one_line_and_keeps_its_kind_and_all_else(
    file: Path, monkeypatch: Patch
) -> None:
    bcrypt = "$2y$05$8apEOKoixSqhMu0RCw0EIuntZfjL/chR/epk3yQLg0OsqteAznqc6"
    before = ["# ours", f"a:{bcrypt}", f"b:{bcrypt}:1000:1000::/home/b:/bin/sh", "", f"c:{bcrypt}"]
    file.write_text("\n".join(before))
    file.chmod(0o600)
    assert user(file, "passwd", "b", "--cost", "1", patch=monkeypatch) == 0
    after = file.read_text().split("\n")
    assert [line for line in after if not line.startswith("b:")] == [
        line for line in before if not line.startswith("b:")
    ]
    assert after[2].startswith("b:{CRYPT}$y$")
    assert after[2].endswith(":1000:1000::/home/b:/bin/sh")
    assert fits(file, "b", "a long rabbit")
    assert fits(file, "c", "rabbit")
    assert file.stat().st_mode & 0o777 == 0o600


def test_fields_of_another_program_are_not_moved_by_a_second_scheme(
    file: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    file.write_text("b:!:1000:1000::/home/b:/bin/sh\n")
    words = ("--scheme", "yescrypt", "--scheme", "scram-sha-256", "--cost", "1", *QUICK)
    assert user(file, "passwd", "b", *words, patch=monkeypatch) == os.EX_DATAERR
    assert "fields of another program" in capsys.readouterr().err
    assert file.read_text() == "b:!:1000:1000::/home/b:/bin/sh\n"


def test_passwd_opens_a_locked_account(file: Path, monkeypatch: Patch) -> None:
    file.write_text("a:!\n")
    assert user(file, "passwd", "a", *QUICK, patch=monkeypatch) == 0
    assert fits(file, "a", "a long rabbit")


def test_who_is_not_there_has_no_password_to_change(
    file: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    file.write_text("ab:!\n")
    assert user(file, "passwd", "a", patch=monkeypatch) == os.EX_DATAERR
    assert user(file, "remove", "a", patch=monkeypatch) == os.EX_DATAERR
    assert capsys.readouterr().err.count("a is not there; `pymta user add` makes it") == 2


def test_remove_takes_out_all_or_none(file: Path, monkeypatch: Patch) -> None:
    file.write_text("# ours\na:!\nb:!\nc:!\nb:!\n")
    assert user(file, "remove", "a", "x", patch=monkeypatch) == os.EX_DATAERR
    assert file.read_text() == "# ours\na:!\nb:!\nc:!\nb:!\n"
    assert user(file, "remove", "A", "b", patch=monkeypatch) == 0
    assert file.read_text() == "# ours\nc:!\n"


def test_list_shows_who_there_is_and_what_is_of_no_use(
    file: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    user(file, "add", "a@b", *QUICK, patch=monkeypatch)
    file.write_text(file.read_text() + "c:!\nd:{PLAIN}rabbit\ne:!\ne:!\n")
    assert user(file, "list", patch=monkeypatch) == os.EX_DATAERR
    said = capsys.readouterr()
    assert said.out == "a@b  SCRAM-SHA-256\nc  locked\n"
    first, *others = said.err.splitlines()
    assert first.startswith(f"pymta: {file}:3: {{PLAIN}} is nothing that may be used; want")
    assert others[:2] == [f"pymta: {file}:{n}: e stands there more than once" for n in (4, 5)]
    assert "rabbit" not in said.err


def test_list_as_json(file: Path, monkeypatch: Patch, capsys: Capture) -> None:
    file.write_text("c:!\nd:$y$j9T$x$y\n")
    assert user(file, "list", "--json", patch=monkeypatch) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"name": "c", "schemes": [], "locked": True},
        {"name": "d", "schemes": ["yescrypt"], "locked": False},
    ]


def test_list_says_what_is_missing_to_check_a_hash(
    file: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    file.write_text("a:$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$x\nb:$y$j9T$x$y\n")
    assert user(file, "list", patch=monkeypatch) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setitem(sys.modules, "argon2", None)
    hashes._argon2.cache_clear()
    assert user(file, "list", patch=monkeypatch) == 0
    assert capsys.readouterr().err == (
        "pymta: hashes of argon2 need the Python package argon2-cffi, on Debian python3-argon2\n"
    )


def test_one_account_without_a_verifier_takes_scram_from_all_and_that_is_said(
    file: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    user(file, "add", "a", *QUICK, patch=monkeypatch)
    assert capsys.readouterr().err == ""
    user(file, "add", "b", "--scheme", "yescrypt", "--cost", "1", patch=monkeypatch)
    assert "SCRAM is not offered" in capsys.readouterr().err


def test_the_settings_name_the_file(tmp_path: Path, monkeypatch: Patch, capsys: Capture) -> None:
    """It need not be there yet, and a certificate that is missing is no matter here."""
    config = tmp_path / "pymta.toml"
    config.write_text(
        f'auth_password_file = "{tmp_path}/passwords"\ntls_certificate = "/no/such.pem"\n'
    )
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a long rabbit\n")))
    assert run(["user", "--config", str(config), "add", "a", *QUICK]) == 0
    assert fits(tmp_path / "passwords", "a", "a long rabbit")


def test_settings_without_a_file_say_what_to_write_there(tmp_path: Path, capsys: Capture) -> None:
    config = tmp_path / "pymta.toml"
    config.write_text("")
    assert run(["user", "--config", str(config), "list"]) == os.EX_CONFIG
    assert 'want auth_password_file = "/etc/pymta/passwords" in' in capsys.readouterr().err


def test_a_credential_of_a_unit_of_its_own_has_to_be_named(tmp_path: Path, capsys: Capture) -> None:
    config = tmp_path / "pymta.toml"
    config.write_text('auth_password_file = "credential:mine"\n')
    assert run(["user", "--config", str(config), "list"]) == os.EX_CONFIG
    assert "--file" in capsys.readouterr().err


def test_a_directory_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    assert user(tmp_path / "no/passwords", "add", "a", patch=monkeypatch) == os.EX_CANTCREAT
    assert f"there is no directory {tmp_path}/no" in capsys.readouterr().err


def test_a_link_stays_a_link(file: Path, monkeypatch: Patch) -> None:
    target = file.with_name("elsewhere")
    target.write_text("")
    file.symlink_to(target)
    assert user(file, "add", "a", *QUICK, patch=monkeypatch) == 0
    assert file.is_symlink()
    assert fits(target, "a", "a long rabbit")


def test_dovecot_reads_the_file_that_we_write(
    file: Path, monkeypatch: Patch, tmp_path: Path
) -> None:
    """Its names of schemes are ours, so one file can serve both."""
    user(file, "add", "a@b", *QUICK, patch=monkeypatch)
    user(file, "add", "c@d", "--scheme", "yescrypt", "--cost", "1", patch=monkeypatch)
    for line in file.read_text().splitlines():
        kept = line.partition(":")[2]
        for password, status in (("a long rabbit", 0), ("another", 1)):
            done = peers.run("doveadm", "-O", "pw", "-t", kept, "-p", password)
            assert (done.returncode != 0) == status, done.stdout
