"""Aliases, virtual domains and a catch-all, from RCPT to the mailbox."""

from __future__ import annotations

import os
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles.daemon import Daemon, daemon

ALIASES = """\
team: alice, bob
gone: :fail: 5.1.6 moved to gone@example.net
list: :include:{directory}/nowhere
typo: bbob
bad: a b
"""
VIRTUAL = "info@virtual.test: alice\n@virtual.test: bob\n"


def write(path: Path, text: str) -> None:
    """As if it had been there for a while."""
    path.write_text(text)
    os.utime(path, (1_700_000_000, 1_700_000_000))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    directory = tmp_path_factory.mktemp("tables")
    directory.chmod(0o755)
    write(directory / "aliases", ALIASES.format(directory=directory))
    write(directory / "virtual", VIRTUAL)
    write(directory / "mailboxes", "carol@virtual.test\n")
    with daemon(
        alias_file=[str(directory / "aliases")],
        virtual_domains=["virtual.test"],
        virtual_aliases=[str(directory / "virtual")],
        virtual_mailboxes=[str(directory / "mailboxes")],
    ) as found:
        yield found


def replies(made: Daemon, *addresses: str) -> list[str]:
    """What RCPT hears of each."""
    with smtplib.SMTP("127.0.0.1", made.port) as client:
        client.ehlo("client.test")
        client.mail("someone@client.test")
        heard = [client.rcpt(address) for address in addresses]
    return [f"{code} {text.decode()}" for code, text in heard]


def test_whoever_asks_hears_who_is_there(made: Daemon) -> None:
    addresses = [
        *("team@localhost", "alice+tag@localhost", "root@localhost", "gone@localhost"),
        *("list@localhost", "typo@localhost", "bad@localhost", "nobody@localhost"),
        *("info@virtual.test", "any@virtual.test", "carol@virtual.test"),
    ]
    later = "Temporary local problem, please try later"
    assert replies(made, *addresses) == [
        "250 2.1.5 Accepted",
        "250 2.1.5 Accepted",
        "250 2.1.5 Accepted",
        "550 5.1.6 moved to gone@example.net",
        f"451 4.3.0 {later}",
        "550 5.1.1 Unknown user",
        f"451 4.3.0 {later}",
        "550 5.1.1 Unknown user",
        "250 2.1.5 Accepted",
        "250 2.1.5 Accepted",
        "250 2.1.5 Accepted",
    ]
    made.wait_for_log(r"RCPT <list@localhost>: \S+/aliases:3: \S+/nowhere cannot be read: No such")
    made.wait_for_log(r"RCPT <bad@localhost>: \S+/aliases:5: 'a b' is no address")


def test_mail_goes_where_the_tables_say(made: Daemon) -> None:
    made.send("team@localhost")
    (mail,) = made.wait_for_mail("alice")
    assert b"\nDelivered-To: team@localhost\n" in mail
    made.wait_for_mail("bob")
    made.wait_for_log(r" <team@localhost> leads to alice@localhost, bob@localhost, by \S+aliases:1")
    made.send("any@virtual.test")
    made.wait_for_mail("bob", 2)
    made.send("Carol@Virtual.test")
    made.wait_for_mail("carol@virtual.test")


def test_a_change_counts_for_the_next_message_and_trouble_makes_it_wait(made: Daemon) -> None:
    (file,) = (Path(path) for path in made.settings["alias_file"])
    text = file.read_text()
    write(file, text + "new: alice\n")
    assert replies(made, "new@localhost") == ["250 2.1.5 Accepted"]
    file.rename(f"{file}.away")
    try:
        assert replies(made, "alice@localhost")[0].startswith("451 4.3.0 ")
    finally:
        write(file, text)
