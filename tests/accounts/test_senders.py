"""As whom an account may send."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.accounts.senders import may_send_as
from pymta.config.auth import Auth
from pymta.config.routing import Routing
from pymta.config.settings import Settings
from pymta.mail.address import Mailbox, parse_mailbox

ROUTING = Routing(primary_hostname="mx.example.org", local_domains=("@", "example.org"))
PLAIN = Settings(routing=ROUTING)
TABLE = replace(
    PLAIN,
    auth=Auth(
        auth_senders={
            "alice@example.org": ["sales@example.org", "shop.example", "!root@list.example"],
            "bot": ["*"],
            "*": ["@", "noreply@example.org"],
            "strict": ["!ceo@example.org", "example.org"],
        }
    ),
)


def may(account: str, sender: str, settings: Settings = PLAIN) -> bool:
    mailbox = parse_mailbox(sender)
    assert isinstance(mailbox, Mailbox)
    return may_send_as(account, mailbox, settings)


def test_an_account_may_send_as_itself_in_whatever_letter_case() -> None:
    assert may("alice@example.org", "alice@example.org")
    assert may("alice@example.org", "Alice@EXAMPLE.org")
    assert may("alice@b\u00fccher.example", "alice@xn--bcher-kva.example")


@pytest.mark.parametrize(
    "sender",
    ["bob@example.org", "alice@example.com", "alice@sub.example.org", "alice+x@example.org"],
)
def test_and_as_nobody_else(sender: str) -> None:
    assert not may("alice@example.org", sender)


def test_an_account_without_a_domain_is_itself_at_our_domains() -> None:
    assert may("alice", "alice@mx.example.org")
    assert may("alice", "alice@example.org")
    assert not may("alice", "alice@example.com")
    assert not may("alice", "bob@example.org")


def test_a_name_with_an_at_sign_in_quotes_is_one_local_part() -> None:
    assert may("a@b@example.org", '"a@b"@example.org')
    assert not may("a@b@example.org", "a@b")


def test_the_null_sender_is_everybodys() -> None:
    assert may_send_as("alice", None, PLAIN)


@pytest.mark.parametrize(
    ("account", "sender", "is_allowed"),
    [
        ("alice@example.org", "sales@example.org", True),
        ("alice@example.org", "who@shop.example", True),
        ("alice@example.org", "who@sub.shop.example", False),
        ("alice@example.org", "bob@example.org", False),
        ("bob@example.org", "sales@example.org", False),
        ("bot", "anybody@anywhere.example", True),
        ("bob@example.org", "noreply@example.org", True),
        ("bob@example.org", "bob@mx.example.org", True),
        ("strict", "ceo@example.org", False),
        ("strict", "other@example.org", True),
    ],
)
def test_the_table_says_as_whom_else(account: str, sender: str, is_allowed: bool) -> None:
    assert may(account, sender, TABLE) is is_allowed


_names = st.sampled_from(["alice", "bob", "alice@example.org", "bob@example.org", "x@y.example"])


@given(_names, _names)
def test_without_a_table_two_accounts_with_domains_never_share_a_sender(
    account: str, sender: str
) -> None:
    mailbox = parse_mailbox(sender)
    if isinstance(mailbox, Mailbox) and mailbox.domain and "@" in account:
        assert may_send_as(account, mailbox, PLAIN) is (account == sender)
