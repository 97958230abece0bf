"""Aliases in tables that are no files of aliases."""

from __future__ import annotations

import pytest

from pymta.config.deliver import Deliver
from pymta.config.routing import Routing
from pymta.config.settings import Settings
from pymta.routing.address_class import Ours
from pymta.routing.own import OwnAddresses
from pymta.routing.route import Defer, Expanded, Fail, Local, OwnRoute
from pymta.tables.address_tables import AddressTables
from pymta.tables.regex import RegexTable
from pymta.tables.table import Answer, Found, InOrder, Nothing, Unsure

ROUTING = Routing(
    primary_hostname="here",
    local_domains=("@",),
    local_parts=("bob",),
    virtual_domains=("v.example",),
)
# "" and "/etc/aliases" are allowed to name commands: a table that is no file is neither.
DELIVER = Deliver(alias_user="nobody", alias_user_files=("/etc/aliases", ""))


class Database:
    def __init__(self, **rows: str) -> None:
        self._rows = rows

    def lookup(self, key: str) -> Answer:
        return Found(self._rows[key], "table people") if key in self._rows else Nothing()


def route(local_part: str, aliases: Database) -> OwnRoute:
    own = OwnAddresses(Settings(routing=ROUTING, deliver=DELIVER), tables=AddressTables(aliases))
    return own.route(Ours(local_part, "here"))


def test_a_database_names_addresses() -> None:
    found = route("team", Database(team="bob, carol@example.org"))
    assert isinstance(found, Expanded)
    assert [str(item.target) for item in found.items] == ["bob@here", "carol@example.org"]
    assert {item.where for item in found.items} == {found.where} == {"table people"}


@pytest.mark.parametrize("value", ["|/usr/bin/x", "/var/mail/x", ":include:/etc/mail/list"])
def test_a_database_names_no_commands_files_or_lists(value: str) -> None:
    """Whoever may write to it need not be whoever may do that."""
    why = f"table people: {value}: only a file of aliases may say that"
    assert route("team", Database(team=f"bob, {value}")) == Defer(why, "4.3.0")


def test_a_database_may_say_that_somebody_has_gone() -> None:
    assert route("old", Database(old=":fail: 5.1.6 gone")) == Fail("gone", "5.1.6")


def test_an_expression_for_a_whole_domain_makes_nobody_the_owner_of_a_list() -> None:
    tables = AddressTables(virtual_aliases=RegexTable("old", "/^(.+)@v\\.example$/ $1@example.org"))
    found = OwnAddresses(Settings(routing=ROUTING), tables=tables).route(
        Ours("team", "v.example", is_virtual=True)
    )
    assert isinstance(found, Expanded)
    assert (str(found.items[0].target), found.owner) == ("team@example.org", "")


def test_a_list_waits_while_nobody_can_say_who_owns_it() -> None:
    class Forgetful(Database):
        def lookup(self, key: str) -> Answer:
            return Unsure("away") if key == "owner-team" else super().lookup(key)

    assert route("team", Forgetful(team="bob")) == Defer("away", "4.3.0")


def test_a_mailbox_knows_which_table_says_so() -> None:
    tables = AddressTables(virtual_mailboxes=InOrder([Database(**{"a@v.example": "box"})]))
    found = OwnAddresses(Settings(routing=ROUTING), tables=tables).route(
        Ours("a", "v.example", is_virtual=True)
    )
    assert isinstance(found, Local)
    assert (found.mailbox, found.where) == ("box", "table people")
    assert found == Local("box")
