"""Databases as tables, from RCPT to the mailbox, while they come and go."""

from __future__ import annotations

import re
import smtplib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.daemon import Daemon, daemon
from tests.doubles.databases import PASSWORD, READER, SUFFIX, openldap, postgresql

IMPORT = re.compile(r"^import '(\S+)' #", re.MULTILINE)
STAFF = f"""\
dn: {SUFFIX}
objectClass: domain
dc: example

dn: cn=staff,{SUFFIX}
objectClass: inetOrgPerson
cn: staff
sn: Staff
mail: user@localhost
"""


def replies(made: Daemon) -> list[int]:
    """What RCPT hears: of one whom either knows, of a stranger, of one in the third table."""
    with smtplib.SMTP("127.0.0.1", made.port) as client:
        client.ehlo("client.test")
        client.mail("someone@client.test")
        names = ("team@localhost", "staff@localhost", "ghost@localhost", "carol@v.test")
        return [client.rcpt(name)[0] for name in names]


def test_databases_say_who_is_there_and_nobody_is_unknown_while_they_are_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is anything loaded for them after the first fork (N-43)."""
    monkeypatch.setenv("PYTHONVERBOSE", "1")
    file, secret = tmp_path / "boxes.sqlite", tmp_path / "password"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE boxes (address, box)")
        database.execute("INSERT INTO boxes VALUES ('carol@v.test', 'carol')")
    file.chmod(0o644)
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    with postgresql() as people, openldap(STAFF) as staff:
        people.execute(
            "CREATE TABLE people (name text, target text)",
            "INSERT INTO people VALUES ('team', 'user')",
        )
        patient = {"connect_timeout": "60s", "query_timeout": "60s"}
        tables: dict[str, Any] = {
            "people": patient
            | {
                "type": "postgresql",
                "server": people.reached,
                "query": "SELECT target FROM people WHERE name = :key",
            },
            "staff": patient
            | {
                "type": "ldap",
                "server": staff.reached,
                "base": SUFFIX,
                "filter": "(cn=:key)",
                "attribute": "mail",
                "login": READER,
                "password_file": str(secret),
            },
            "boxes": {
                "type": "sqlite",
                "file": str(file),
                "query": "SELECT box FROM boxes WHERE address = :key",
            },
        }
        with daemon(
            tables=tables,
            alias_file=["table:people", "table:staff"],
            virtual_domains=["v.test"],
            virtual_mailboxes=["table:boxes"],
        ) as made:
            assert replies(made) == [250, 250, 550, 250]
            made.send("team@localhost")
            made.wait_for_mail("user")
            made.send("carol@v.test")
            made.wait_for_mail("carol")

            for away in (people, staff):  # both may know more of anybody
                away.stop()
                assert replies(made) == [451, 451, 451, 250]
                away.start()
                assert replies(made) == [250, 250, 550, 250]

            made.wait_for_idle()
            assert made.stop() == 0
            before, _, after = made.log().partition("daemon started")
            assert {"psycopg", "ldap", "_sqlite3"} <= set(IMPORT.findall(before))
            assert not IMPORT.findall(after)
            assert "table people cannot be asked: " in after
