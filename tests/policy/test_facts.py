"""Facts as rules and functions see them."""

from __future__ import annotations

from pymta.mail.address import Mailbox
from pymta.policy.facts import Recipient, Sender


def test_a_domain_beyond_ascii_is_compared_and_asked_for_as_the_dns_knows_it() -> None:
    mailbox = Mailbox("Jörg", "BÜCHER.Example")

    assert Sender(mailbox).domain == Recipient(mailbox).domain == "xn--bcher-kva.example"
    assert Sender(mailbox).address == "Jörg@BÜCHER.Example"
    assert Sender(None).domain == ""
