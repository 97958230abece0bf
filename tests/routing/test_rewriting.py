"""What addresses are called: canonical tables and masquerading, as Postfix has them."""

from __future__ import annotations

import pytest

from pymta.config.rewriting import Rewriting
from pymta.config.routing import Routing
from pymta.config.settings import Settings
from pymta.mail.address import Mailbox, parse_mailbox
from pymta.mail.header_addresses import Side
from pymta.routing.rewriting import Names, UnclearNameError
from pymta.tables.address_tables import AddressTables
from pymta.tables.table import Answer, Unsure
from pymta.tables.text import TextTable

CANONICAL = """\
alice              Alice.Smith
bob@example.net    bob@elsewhere.example
bob+lists@example.net  lists@elsewhere.example
@old.example       @new.example
@gone.example      postmaster@example.org
one                two
two                three@example.org
self@example.org   Self@example.org
round@a.example    round@b.example
round@b.example    round@a.example
many@a.example     x@a.example, y@a.example
nobody@a.example
"""
SENDERS = "alice: sales@example.org\nonly: sent@example.org\n"
RECIPIENTS = "only: got@example.org\n"


class Dead:
    def lookup(self, _: str) -> Answer:
        return Unsure("the table is away")


def names(**changes: object) -> Names:
    tables = {
        "canonical": TextTable("canonical", CANONICAL),
        "sender_canonical": TextTable("senders", SENDERS),
        "recipient_canonical": TextTable("recipients", RECIPIENTS),
    }
    rewriting = Rewriting(
        masquerade_domains=("!keep.example.org", "sub.example.org", "Example.org"),
        masquerade_exceptions=("root",),
    )
    routing = Routing(primary_hostname="example.org")
    settings = Settings(routing=routing, rewriting=rewriting)
    return Names(settings, AddressTables(**(tables | changes)))  # type: ignore[arg-type]


def mailbox(text: str) -> Mailbox:
    found = parse_mailbox(text)
    assert isinstance(found, Mailbox)
    return found


@pytest.mark.parametrize(
    ("recipient", "called"),
    [
        ("alice@example.org", "Alice.Smith@example.org"),
        ("ALICE@Example.ORG", "Alice.Smith@example.org"),
        ("alice+tag@localhost", "Alice.Smith+tag@example.org"),
        ("alice@example.net", "alice@example.net"),
        ("bob@example.net", "bob@elsewhere.example"),
        ("bob+x@example.net", "bob+x@elsewhere.example"),
        ("bob+lists@example.net", "lists@elsewhere.example"),
        ("Any.One+x@old.example", "Any.One+x@new.example"),
        ("any@gone.example", "postmaster@example.org"),
        ("one@example.org", "three@example.org"),
        ("self@example.org", "Self@example.org"),
        ("only@example.org", "got@example.org"),
        ("x@host.example.org", "x@host.example.org"),
    ],
)
def test_recipients_are_called_as_the_tables_say(recipient: str, called: str) -> None:
    assert str(names().of_recipient(mailbox(recipient))) == called


@pytest.mark.parametrize(
    ("sender", "called"),
    [
        ("alice@example.org", "sales@example.org"),  # whom the other table knows by no other name
        ("only@example.org", "sent@example.org"),
        ("bob@example.net", "bob@elsewhere.example"),
        ("x@host.example.org", "x@Example.org"),
        ("x@a.sub.example.org", "x@sub.example.org"),
        ("x@sub.example.org", "x@sub.example.org"),
        ("x@keep.example.org", "x@Example.org"),
        ("x@a.keep.example.org", "x@a.keep.example.org"),
        ("Root@host.example.org", "Root@host.example.org"),
        ("x@example.org", "x@example.org"),
        ("x@myexample.org", "x@myexample.org"),
    ],
)
def test_senders_have_their_own_table_and_lose_their_hosts(sender: str, called: str) -> None:
    if sender == "x@keep.example.org":  # named itself, so it is kept
        called = sender
    assert str(names().of_sender(mailbox(sender))) == called


def test_in_headers_recipients_lose_their_hosts_as_well() -> None:
    found = names().in_header(mailbox("x@host.example.org"), Side.RECIPIENT)
    assert str(found) == "x@Example.org"
    assert str(names().in_header(mailbox("alice"), Side.RECIPIENT)) == "Alice.Smith@example.org"
    assert str(names().in_header(mailbox("carol"), Side.RECIPIENT)) == "carol"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("round@a.example", "more than 10 names"),
        ("many@a.example", "canonical:11: 'x@a.example, y@a.example' is no address"),
        ("nobody@a.example", "canonical:12: '' is no address"),
    ],
)
def test_what_nobody_can_read_is_never_guessed_at(address: str, why: str) -> None:
    with pytest.raises(UnclearNameError) as caught:
        names().of_recipient(mailbox(address))
    assert why in str(caught.value)


@pytest.mark.parametrize("table", ["canonical", "sender_canonical"])
def test_a_table_that_cannot_be_asked_leaves_it_open(table: str) -> None:
    with pytest.raises(UnclearNameError, match="the table is away"):
        names(**{table: Dead()}).of_sender(mailbox("x@example.org"))
