"""packaging/install: what it puts in place, what an upgrade and a removal leave."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.doubles.peers import CHECKOUT


def remove(tree: Path) -> str:
    return subprocess.check_output(
        [CHECKOUT / "packaging/install", "--root", tree, "--remove"],
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def copy(installed: Path, tmp_path: Path) -> Path:
    """An installed tree to spoil."""
    tree = tmp_path / "root"
    subprocess.run(["cp", "-a", installed, tree], check=True)
    return tree


def test_it_installs_the_program_its_units_and_its_manual(installed: Path) -> None:
    for file in (
        "usr/bin/pymta",
        "usr/bin/pymta-sendmail",
        "usr/sbin/sendmail",
        "usr/lib/sendmail",
        "usr/bin/mailq",
        "usr/bin/newaliases",
        "usr/share/man/man8/sendmail.8",
        "usr/share/man/man1/mailq.1",
        "usr/lib/pymta/current/pymta/__init__.py",
        "usr/lib/systemd/system/pymta.socket",
        "usr/lib/systemd/system/pymta-deliver.service",
        "usr/lib/systemd/system/pymta-queue.timer",
        "usr/lib/systemd/system/pymta-named-queue@.timer",
        "usr/lib/sysusers.d/pymta.conf",
        "usr/lib/systemd/catalog/pymta.catalog",
        "usr/share/man/man5/pymta-policy.5",
        "usr/share/man/man5/pymta-spool.5",
        "usr/share/man/man7/pymta-journal.7",
        "usr/share/doc/pymta/policy/policy.py",
        "usr/share/doc/pymta/policy/test_policy.py",
        "usr/share/man/man8/pymta.8",
        "usr/share/man/man8/pymta-deliver.8",
        "usr/share/man/man8/pymta-queue.8",
        "usr/share/man/man8/pymta-sendmail.8",
        "usr/share/doc/pymta/pymta.toml.sample",
        "usr/share/doc/pymta/pymta-deliver-commands.conf",
        "etc/pymta",
    ):
        assert (installed / file).exists(), file
    assert not (installed / "etc/pymta/pymta.toml").exists()


def test_only_its_owner_may_write_what_was_installed(installed: Path) -> None:
    loose = [p for p in installed.rglob("*") if not p.is_symlink() and p.stat().st_mode & 0o022]
    assert loose == []


@pytest.mark.parametrize(("name", "word"), [("pymta", "version"), ("pymta-sendmail", "-bV")])
def test_the_program_runs_from_where_it_was_put(installed: Path, name: str, word: str) -> None:
    where = (installed / "usr/lib/pymta").resolve()
    launcher = (installed / "usr/bin" / name).read_text().replace("/usr/lib/pymta", str(where))
    done = subprocess.run(
        ["sh", "-c", launcher, name, word],
        env={"PATH": os.defpath, "PYTHONHOME": "/nonexistent"},
        cwd=CHECKOUT,  # where another pymta lies: it must not be found
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_removal_takes_out_everything_but_settings_and_mail(copy: Path) -> None:
    kept = [copy / "etc/pymta/pymta.toml", copy / "var/lib/pymta/mail/user/new/1.M2"]
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("precious")
    said = remove(copy)
    assert sorted(p for p in copy.rglob("*") if not p.is_dir() or p.is_symlink()) == kept
    assert not (copy / "usr/share/doc/pymta").exists()
    assert "mail in" in said


def test_sendmail_of_another_mail_system_stays_or_comes_back(copy: Path, tmp_path: Path) -> None:
    """Item 9; the steps of place_links and of --remove, without a build."""
    theirs, link = copy / "usr/sbin/sendmail", copy / "usr/bin/mailq"
    theirs.unlink()
    theirs.write_text("theirs")
    script = (CHECKOUT / "packaging/install").read_text().replace('\nmain "$@"', "\n")
    script = script.replace("${BASH_SOURCE[0]}", str(CHECKOUT / "packaging/install"))

    def step(words: str) -> str:
        command = ["bash", "-c", f"{script}\n{words}", "install"]
        return subprocess.check_output(command, stderr=subprocess.STDOUT, text=True)

    said = step(f"replaces=; place_links {copy}")
    assert "left as they are, of another mail system" in said
    assert said.rstrip().endswith("--replace-sendmail): /usr/sbin/sendmail")
    assert theirs.read_text() == "theirs"
    step(f"replaces=yes; place_links {copy}")
    assert theirs.readlink() == Path("../bin/pymta-sendmail")
    assert (copy / "usr/sbin/sendmail.before-pymta").read_text() == "theirs"
    remove(copy)
    assert theirs.read_text() == "theirs"
    assert not link.is_symlink()


def test_a_removal_where_nothing_is_installed_is_no_error(tmp_path: Path) -> None:
    remove(tmp_path)
    assert list(tmp_path.iterdir()) == []
