"""Tables in a real OpenLDAP: found, not there, and nobody can say."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pymta.tables.ldap import LdapTable
from pymta.tables.table import Found, Nothing, Unsure
from tests.doubles import certificates
from tests.doubles.certificates import Certificate
from tests.doubles.databases import PASSWORD, READER, SUFFIX, Openldap, openldap, socket_uri

ENTRIES = f"""\
dn: {SUFFIX}
objectClass: domain
dc: example

dn: cn=alice,{SUFFIX}
objectClass: inetOrgPerson
cn: alice
sn: A
mail: alice@example.org
uid: alice
uid: archive

dn: cn=bob,{SUFFIX}
objectClass: inetOrgPerson
cn: bob
sn: B
mail: bob*@example.org
description: j\u00f6rg@example.org
"""
Opened = Callable[..., LdapTable]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificates.make(tmp_path_factory.mktemp("certificate"), name="127.0.0.1")


@pytest.fixture(scope="module")
def server(shown: Certificate) -> Iterator[Openldap]:
    with openldap(ENTRIES, shown) as running:
        yield running


@pytest.fixture
def opened(server: Openldap, tmp_path: Path) -> Iterator[Opened]:
    made: list[LdapTable] = []
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")

    def open_table(**options: Any) -> LdapTable:
        usual = {
            "server": server.reached,
            "base": SUFFIX,
            "filter": "(mail=:key)",
            "attribute": "UID",
            "login": READER,
            "password_file": str(secret),
            "connect_timeout": "60s",
            "query_timeout": "60s",
        }
        made.append(LdapTable("staff", usual | options))
        return made[-1]

    yield open_table
    for table in made:
        table.close()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("alice@example.org", "alice, archive"),
        ("*", None),
        ("bob*@example.org", None),  # it has no such attribute
        ("ghost@example.org", None),
        (")(mail=*", None),
    ],
)
def test_values_are_targets_and_a_key_is_never_part_of_the_filter(
    opened: Opened, key: str, value: str | None
) -> None:
    wanted = Nothing() if value is None else Found(value, "table staff")
    table = opened()
    assert table.lookup(key) == wanted
    assert table.lookup(key) == wanted


def test_a_filter_may_use_the_parts_of_an_address(opened: Opened) -> None:
    table = opened(filter="(&(cn=:local_part)(objectClass=*))", attribute="description")
    assert table.lookup("bob@anywhere") == Found("jörg@example.org", "table staff")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"base": "dc=nowhere"}, "No such object"),
        ({"filter": "(mail=:key"}, "Bad search filter"),
        ({"login": f"cn=ghost,{SUFFIX}"}, "Invalid credentials"),
        ({"password_file": "/nowhere"}, "/nowhere cannot be read: No such file or directory"),
    ],
)
def test_a_question_that_does_not_work_is_no_answer(
    opened: Opened, options: dict[str, str], why: str
) -> None:
    answer = opened(**options).lookup("alice@example.org")
    assert isinstance(answer, Unsure)
    assert answer.why.startswith(f"table staff cannot be asked: {why}")


@pytest.mark.parametrize("starttls", [True, False])
def test_over_tls_a_server_has_to_show_who_it_is(
    opened: Opened, server: Openldap, shown: Certificate, *, starttls: bool
) -> None:
    url = f"ldap://127.0.0.1:{server.port}"
    if not starttls:
        url = f"ldaps://127.0.0.1:{server.tls_port}"
    over = {"server": url, "starttls": starttls}
    known = opened(**over, tls_certificates=str(shown.file))
    assert known.lookup("alice@example.org") == Found("alice, archive", "table staff")
    assert isinstance(opened(**over).lookup("alice@example.org"), Unsure)


def test_a_server_that_says_nothing_is_not_waited_for(opened: Opened, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        url = socket_uri(tmp_path / "s")
        answer = opened(server=url, connect_timeout="1s").lookup("alice@example.org")
    assert answer == Unsure("table staff cannot be asked: no answer in time")


def test_nor_in_the_handshake_of_tls(opened: Opened) -> None:
    """Where the library itself would wait for ever."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        table = opened(server=f"ldaps://127.0.0.1:{silent.getsockname()[1]}")
        table._longest = 0.2
        assert isinstance(table.lookup("alice@example.org"), Unsure)


def test_it_is_asked_again_when_it_is_back(opened: Opened, server: Openldap) -> None:
    kept, late = opened(), opened()
    assert kept.lookup("ghost@example.org") == Nothing()
    server.stop()
    try:
        for table in (kept, late):
            answer = table.lookup("ghost@example.org")
            assert isinstance(answer, Unsure)
            assert answer.why.startswith("table staff cannot be asked: Can't contact LDAP server")
    finally:
        server.start()
    wanted = Found("alice, archive", "table staff")
    assert kept.lookup("alice@example.org") == late.lookup("alice@example.org") == wanted


def test_a_connection_that_was_lost_is_made_anew_at_once(opened: Opened, server: Openldap) -> None:
    table = opened()
    assert table.lookup("ghost@example.org") == Nothing()
    server.stop()
    server.start()
    assert isinstance(table.lookup("alice@example.org"), Found)
