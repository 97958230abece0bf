"""What a host is told of a message, by what it offers."""

from __future__ import annotations

import pytest

from pymta.mail.envelope import Recipient
from pymta.mail.reply import Reply
from pymta.smtp.outgoing import NO_WISHES, Opening, Wishes, opening

ALL = frozenset("SIZE 8BITMIME SMTPUTF8 DSN PIPELINING".split())
OLD = frozenset({"8BITMIME"})


def opened(
    offers: frozenset[str],
    *recipients: str,
    sender: str = "a@b.example",
    wishes: Wishes = NO_WISHES,
    eight_bit: bool = False,
) -> Opening | Reply:
    return opening(sender, recipients, wishes, offers, size=7, eight_bit=eight_bit)


def test_a_plain_message_asks_for_nothing() -> None:
    found = opened(ALL, "c@d.example")

    assert found == Opening("MAIL FROM:<a@b.example> SIZE=7", {0: "RCPT TO:<c@d.example>"}, {})


@pytest.mark.parametrize(
    ("sender", "recipient", "wishes"),
    [
        ("jörg@b.example", "c@d.example", NO_WISHES),
        ("a@b.example", "jörg@d.example", NO_WISHES),
        ("a@b.example", "c@d.example", Wishes(is_international=True)),
    ],
)
def test_what_needs_smtputf8_says_so(sender: str, recipient: str, wishes: Wishes) -> None:
    """RFC 6531 s3.2"""
    found = opened(ALL, recipient, sender=sender, wishes=wishes)

    assert found == Opening(
        f"MAIL FROM:<{sender}> SIZE=7 SMTPUTF8", {0: f"RCPT TO:<{recipient}>"}, {}
    )


@pytest.mark.parametrize(
    ("sender", "wishes"),
    [("jörg@b.example", NO_WISHES), ("a@b.example", Wishes(is_international=True))],
)
def test_it_does_not_go_to_a_host_without_smtputf8(sender: str, wishes: Wishes) -> None:
    found = opened(OLD, "c@d.example", sender=sender, wishes=wishes)

    assert isinstance(found, Reply)
    assert found.enhanced == "5.6.7"


def test_a_recipient_that_an_old_host_cannot_name_holds_up_no_other() -> None:
    found = opened(OLD, "jörg@d.example", "c@d.example", "c@bücher.example", sender="a@ä.example")

    assert isinstance(found, Opening)
    assert found.mail == "MAIL FROM:<a@xn--4ca.example>"
    assert found.rcpt == {1: "RCPT TO:<c@d.example>", 2: "RCPT TO:<c@xn--bcher-kva.example>"}
    assert {n: reply.enhanced for n, reply in found.refused.items()} == {0: "5.6.7"}


def test_eight_bit_mail_does_not_go_to_a_seven_bit_host() -> None:
    """RFC 6152 s3"""
    found = opened(frozenset(), "c@d.example", eight_bit=True)

    assert isinstance(found, Reply)
    assert found.enhanced == "5.6.3"


WISHES = Wishes(
    ret="HDRS",
    envid="a b",
    asked={
        "c@d.example": Recipient("c@d.example", ("SUCCESS", "DELAY"), "rfc822;x+y@d.example"),
        "e@d.example": Recipient("e@d.example", ("NEVER",)),
    },
)


def test_wishes_about_reports_go_on_to_a_host_with_dsn() -> None:
    """RFC 3461 s5.2.1"""
    found = opened(ALL, "c@d.example", "e@d.example", "f@d.example", wishes=WISHES)

    assert found == Opening(
        "MAIL FROM:<a@b.example> SIZE=7 RET=HDRS ENVID=a+20b",
        {
            0: "RCPT TO:<c@d.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2By@d.example",
            1: "RCPT TO:<e@d.example> NOTIFY=NEVER",
            2: "RCPT TO:<f@d.example>",
        },
        {},
    )


def test_a_host_without_dsn_hears_nothing_of_them() -> None:
    found = opened(OLD, "c@d.example", wishes=WISHES)

    assert found == Opening("MAIL FROM:<a@b.example>", {0: "RCPT TO:<c@d.example>"}, {})
