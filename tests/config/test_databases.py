"""Tables that settings name, and databases that they describe: right ones and wrong ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pymta.config.complaints import ConfigError
from pymta.config.databases import OPTIONS, timeout_of
from pymta.config.document import as_toml
from pymta.config.generation import from_plain, to_plain
from pymta.config.read import read_settings
from pymta.config.settings import Machine, Settings
from pymta.config.table_name import DATABASE, FILE, REGEX, TableName, file_of, parse_table_name
from pymta.tables.ldap import LdapTable
from pymta.tables.opened import Opened, open_tables
from pymta.tables.postgresql import PostgresqlTable
from pymta.tables.sqlite import SqliteTable
from pymta.tables.table import Unsure

RIGHT = """\
alias_file = ["/etc/aliases", "regex:/etc/pymta/old", "table:people"]
relay_to_domains = ["relay.example"]
relay_recipients = ["table:people"]

[tables.people]
type = "sqlite"
file = "/srv/people.sqlite"
query = "SELECT target FROM aliases WHERE name = :key"
query_timeout = "20s"
"""

WRONG = """\
alias_file = ["aliases", "table:poeple", "regex:etc"]
virtual_aliases = ["cdb:/etc/x"]
virtual_mailboxes = ["table:nobody"]
[tables.people]
type = "sqlite"
file = "people.sqlite"
querry = "SELECT 1"
query_timeout = "2m"
[tables.b]
type = "mysql"
[tables.c]
type = "sqlite"
file = "/srv/c"
query = "SELECT x::text FROM y WHERE z = :user"
query_timeout = 5
[tables.d]
file = "/srv/d"
[tables."e f"]
type = "sqlite"
file = "/srv/e"
query = "SELECT 1"
"""


def read(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "pymta.toml"
    file.write_text(text)
    return read_settings(file, Machine(), login="", hostname="mail.example.org")


def test_databases_are_described_and_named(tmp_path: Path) -> None:
    settings = read(tmp_path, RIGHT)
    assert settings.routing.alias_file[1:] == ("regex:/etc/pymta/old", "table:people")
    assert settings.routing.tables
    assert timeout_of(settings.routing.tables["people"], "query_timeout") == 20
    assert from_plain(to_plain(settings)) == settings


def test_what_is_printed_reads_back_as_the_same(tmp_path: Path) -> None:
    settings = read(tmp_path, RIGHT)
    again = read(tmp_path, as_toml(settings))
    assert again.routing == settings.routing


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, WRONG)
    path = (
        'want the absolute path of a file, such as "/etc/pymta/virtual", "regex:" with one, or'
        ' "table:" and the name of one of [tables.…]'
    )
    needed = "the SELECT that finds what stands behind :key"
    assert [
        str(one).removeprefix(f"{tmp_path}/pymta.toml:") for one in caught.value.complaints
    ] == [
        f'1: alias_file: found "aliases"; {path}',
        '1: alias_file: found "table:poeple"; no such table; did you mean "table:people"?',
        f'1: alias_file: found "regex:etc"; {path}',
        f'2: virtual_aliases: found "cdb:/etc/x"; {path}',
        (
            '3: virtual_mailboxes: found "table:nobody"; no such table;'
            " there are people, b, c, d, e f"
        ),
        (
            f"4: tables.people: want query as well: {needed}; the first column of each row"
            " counts, NULL says nothing, and several rows are several targets"
        ),
        (
            '6: tables.people.file: found "people.sqlite"; want an absolute path of a file, such as'
            ' "/srv/mail/people.sqlite"'
        ),
        "7: tables.people.querry: no such key; did you mean query?",
        '8: tables.people.query_timeout: found "2m"; want a time from "1s" to "60s"',
        '10: tables.b.type: found "mysql"; want type = "sqlite" or "postgresql" or "ldap"',
        (
            '14: tables.c.query: found "SELECT x::text FROM y WHERE z = :user"; no such value'
            " :user; there are :key, :local_part, :domain"
        ),
        "15: tables.c.query_timeout: found 5; want a text in quotes",
        '16: tables.d: want type = "sqlite" or "postgresql" or "ldap"',
        '18: tables.e f: found "e f"; want a name of at most 64 of a-z, 0-9, _ and -',
        (
            '21: tables.e f.query: found "SELECT 1"; want :key in it, or :local_part and :domain:'
            " what is looked up?"
        ),
    ]


def test_a_value_that_is_no_table_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"want tables such as \[tables\.people\]"):
        read(tmp_path, 'tables = { people = "sqlite" }\n')


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("/etc/aliases", TableName(FILE, "/etc/aliases")),
        ("file:/etc/aliases", TableName(FILE, "/etc/aliases")),
        ("/etc/a:b", TableName(FILE, "/etc/a:b")),
        ("regex:/etc/old", TableName(REGEX, "/etc/old")),
        ("table:people", TableName(DATABASE, "people")),
    ],
)
def test_a_name_has_a_kind(text: str, name: TableName) -> None:
    found = parse_table_name(text, ("people",))
    assert found == name
    assert file_of(text) == found.file
    assert parse_table_name(str(found), ("people",)) == found


def test_a_process_opens_a_database_once(tmp_path: Path) -> None:
    settings = read(tmp_path, RIGHT)
    opened = Opened(settings)
    assert opened.table("table:people") is opened.table("table:people")
    assert isinstance(opened.table("table:people"), SqliteTable)
    open_tables(settings)  # nothing of it is there, and nobody minds


def test_every_option_is_one_of_some_type() -> None:
    assert all(
        option.types and set(option.needed) <= set(option.types) for option in OPTIONS.values()
    )


REMOTE = """\
[tables.people]
type = "postgresql"
server = "host=/run/postgresql dbname=mail"
query = "SELECT target FROM aliases WHERE local = :local_part AND domain = :domain"
login = "pymta"
[tables.staff]
type = "ldap"
server = "ldapi:/// ldap://localhost:3389"
base = "dc=example,dc=org"
filter = "(&(mail=:key)(uid=*))"
attribute = "mailRoutingAddress"
login = "cn=reader"
password_file = "{secret}"
scope = "one"
starttls = false
connect_timeout = "1s"
"""


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("rabbit\n")
    file.chmod(0o600)
    return file


def test_servers_are_described_and_opened_when_somebody_asks(tmp_path: Path, secret: Path) -> None:
    settings = read(tmp_path, REMOTE.format(secret=secret))
    opened = Opened(settings)
    assert isinstance(opened.table("table:people"), PostgresqlTable)
    assert isinstance(opened.table("table:staff"), LdapTable)


LDAP = """\
[tables.x]
type = "ldap"
server = "ldaps://a"
base = "dc=a"
filter = "(mail=:key)"
attribute = "mail"
"""
POSTGRESQL = """\
[tables.x]
type = "postgresql"
server = "dbname=mail"
query = "SELECT :key"
"""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            POSTGRESQL + 'file = "/a"\n',
            "5: tables.x.file: a table of type postgresql has no such key",
        ),
        (
            POSTGRESQL.replace("dbname=mail", "password = x"),
            "3: tables.x.server: want the password in a file that password_file names",
        ),
        (
            POSTGRESQL.replace("dbname=mail", "postgresql://me:secret@a/mail"),
            "3: tables.x.server: want the password in a file that password_file names",
        ),
        (
            POSTGRESQL.replace("dbname=mail", "db=mail"),
            '3: tables.x.server: found "db=mail"; invalid',
        ),
        (
            POSTGRESQL.replace("dbname=mail", " "),
            '3: tables.x.server: found " "; want a connection',
        ),
        (
            POSTGRESQL + 'login = "me"\npassword_file = "/nowhere"\n',
            '6: tables.x.password_file: found "/nowhere"; there is no such file',
        ),
        (LDAP.replace("ldaps:", "http:"), '3: tables.x.server: found "http://a"; want "ldaps://'),
        (
            LDAP.replace("(mail=:key)", "(a=:key)(b=c)"),
            '5: tables.x.filter: found "(a=:key)(b=c)";',
        ),
        (LDAP.replace('"mail"', '"mail, uid"'), '6: tables.x.attribute: found "mail, uid"; want'),
        (LDAP + 'scope = "all"\n', '7: tables.x.scope: found "all"; want "sub" or "one" or "base"'),
        (LDAP + 'starttls = "yes"\n', '7: tables.x.starttls: found "yes"; want true or false'),
        (
            LDAP + 'login = "cn=me"\n',
            '7: tables.x.login: found "cn=me"; want password_file as well',
        ),
        (LDAP + 'password_file = "/x"\n', '7: tables.x.password_file: found "/x"; want login'),
        (
            LDAP.replace("ldaps:", "ldap:") + 'login = "cn=me"\npassword_file = "{secret}"\n',
            '7: tables.x.login: found "cn=me"; want starttls = true as well, or ldaps://',
        ),
    ],
)
def test_a_mistake_about_a_server_says_what_would_be_right(
    tmp_path: Path, secret: Path, text: str, wanted: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text.replace("{secret}", str(secret)))
    (told,) = caught.value.complaints
    assert str(told).startswith(f"{tmp_path}/pymta.toml:{wanted}")


@pytest.mark.parametrize(
    ("text", "module", "package"),
    [(POSTGRESQL, "psycopg", "psycopg with"), (LDAP, "ldap", "python-ldap")],
)
def test_a_package_that_is_not_installed_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, module: str, package: str
) -> None:
    """And when it goes while the daemon runs, nobody is unknown."""
    settings = read(tmp_path, text)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert ":2: tables.x.type: found " in str(caught.value)
    assert f"it needs the Python package {package}" in str(caught.value)
    answer = Opened(settings).table("table:x").lookup("a")
    assert isinstance(answer, Unsure)
    assert package in answer.why
