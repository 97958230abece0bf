"""Parameters of extensions: what each says, what is malformed, and what was never offered."""

from __future__ import annotations

import pytest

from pymta.mail.envelope import Recipient
from pymta.mail.reply import Reply
from pymta.smtp.extensions import Offer
from pymta.smtp.notifications import envid_parameter, recipient_parameters
from pymta.smtp.parameters import (
    MailParameters,
    RcptParameters,
    parse_mail_parameters,
    parse_rcpt_parameters,
)

EVERYTHING = Offer(smtputf8=True, dsn=True, requiretls=True)


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        (b" SMTPUTF8", MailParameters(smtputf8=True)),
        (b" smtputf8 BODY=8BITMIME", MailParameters(body="8BITMIME", smtputf8=True)),
        (b" RET=hdrs", MailParameters(ret="HDRS")),
        (b" RET=FULL ENVID=QQ+2B1", MailParameters(ret="FULL", envid="QQ+1")),
        (b" ENVID=a+20b", MailParameters(envid="a b")),
        (b" REQUIRETLS", MailParameters(requires_tls=True)),
    ],
)
def test_parameters_of_mail_say_what_they_say(rest: bytes, expected: MailParameters) -> None:
    assert parse_mail_parameters(rest, EVERYTHING) == expected


@pytest.mark.parametrize(
    "rest",
    [
        b" SMTPUTF8=",
        b" SMTPUTF8=yes",
        b" SMTPUTF8 SMTPUTF8",
        b" RET",
        b" RET=ALL",
        b" ENVID=",
        b" ENVID=a=b",
        b" ENVID=a+0Ab",
        b" ENVID=a\x0bb",
        b" ENVID=" + b"a" * 101,
        b" REQUIRETLS=1",
        b" BODY",
        b" SIZE",
    ],
)
def test_a_malformed_parameter_of_mail_is_a_syntax_error(rest: bytes) -> None:
    found = parse_mail_parameters(rest, EVERYTHING)

    assert isinstance(found, Reply)
    assert (found.code, found.enhanced) == (501, "5.5.4")


@pytest.mark.parametrize("rest", [b" SMTPUTF8", b" RET=FULL", b" ENVID=1", b" REQUIRETLS", b" X=1"])
def test_what_was_not_offered_to_mail_is_unknown(rest: bytes) -> None:
    found = parse_mail_parameters(rest)

    assert isinstance(found, Reply)
    assert (found.code, found.enhanced) == (555, "5.5.4")


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        (b"", RcptParameters()),
        (b" NOTIFY=never", RcptParameters(("NEVER",))),
        (b" NOTIFY=DELAY,success", RcptParameters(("SUCCESS", "DELAY"))),
        (b" NOTIFY=FAILURE,FAILURE", RcptParameters(("FAILURE",))),
        (b" ORCPT=RFC822;a+2Bb@c.example", RcptParameters(orcpt="RFC822;a+b@c.example")),
        (b" ORCPT=x400;/C+3Dx", RcptParameters(orcpt="x400;/C=x")),
        (b" ORCPT=UTF-8;j\\x{F6}rg@b.example", RcptParameters(orcpt="UTF-8;jörg@b.example")),
        (b" ORCPT=utf-8;j\\x{F6}rg@b.example", RcptParameters(orcpt="utf-8;jörg@b.example")),
    ],
)
def test_parameters_of_rcpt_say_what_they_say(rest: bytes, expected: RcptParameters) -> None:
    assert parse_rcpt_parameters(rest, EVERYTHING) == expected


@pytest.mark.parametrize(
    "rest",
    [
        b" NOTIFY",
        b" NOTIFY=",
        b" NOTIFY=SUCCESS,",
        b" NOTIFY=NEVER,FAILURE",
        b" NOTIFY=ALWAYS",
        b" NOTIFY=SUCCESS NOTIFY=FAILURE",
        b" ORCPT=a@b.example",
        b" ORCPT=rfc822;",
        b" ORCPT=rfc 822;a",
        b" ORCPT=;a@b.example",
        b" ORCPT=rfc822;a+0D+0Ab",
        b" ORCPT=rfc822;a=b",
        b" ORCPT=utf-8;a+b",
        b" ORCPT=rfc822;" + b"a" * 494,
        b" ORCPT=utf-8;j\xc3\xb6rg@b.example",
    ],
)
def test_a_malformed_parameter_of_rcpt_is_a_syntax_error(rest: bytes) -> None:
    found = parse_rcpt_parameters(rest, EVERYTHING)

    assert isinstance(found, Reply)
    assert (found.code, found.enhanced) == (501, "5.5.4")


def test_with_smtputf8_the_original_recipient_may_be_in_utf8() -> None:
    rest = " ORCPT=utf-8;jörg@b.example".encode()

    found = parse_rcpt_parameters(rest, EVERYTHING, smtputf8=True)
    assert found == RcptParameters(orcpt="utf-8;jörg@b.example")


@pytest.mark.parametrize("rest", [b" NOTIFY=NEVER", b" ORCPT=rfc822;a", b" X"])
def test_what_was_not_offered_to_rcpt_is_unknown(rest: bytes) -> None:
    found = parse_rcpt_parameters(rest)

    assert isinstance(found, Reply)
    assert (found.code, found.enhanced) == (555, "5.5.4")


@pytest.mark.parametrize(
    "recipient",
    [
        Recipient("a@b.example"),
        Recipient("a@b.example", ("NEVER",)),
        Recipient("a@b.example", ("SUCCESS", "FAILURE"), "rfc822;a+b=c d"),
        Recipient("a@b.example", (), "utf-8;jörg+x@b.example"),
    ],
)
def test_what_we_say_to_the_next_host_reads_back(recipient: Recipient) -> None:
    said = recipient_parameters(recipient)

    assert said.isascii()
    assert parse_rcpt_parameters(said.encode(), EVERYTHING) == RcptParameters(
        recipient.notify, recipient.orcpt
    )
    envid = envid_parameter("a b+c=d")
    assert parse_mail_parameters(envid.encode(), EVERYTHING) == MailParameters(envid="a b+c=d")


SUCCESS, FAILURE, NEVER = ("SUCCESS",), ("FAILURE",), ("NEVER",)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ((), (), ()),
        (NEVER, NEVER, NEVER),
        (NEVER, SUCCESS, SUCCESS),
        (NEVER, (), ("FAILURE", "DELAY")),
        (SUCCESS, (), ("SUCCESS", "FAILURE", "DELAY")),
        (SUCCESS, FAILURE, ("SUCCESS", "FAILURE")),
    ],
)
def test_who_is_named_twice_causes_every_report_that_was_asked_for(
    one: tuple[str, ...], other: tuple[str, ...], both: tuple[str, ...]
) -> None:
    for first, second in ((one, other), (other, one)):
        assert Recipient("a", first).and_also(Recipient("a", second, "rfc822;x")) == Recipient(
            "a", both, "rfc822;x"
        )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"<>", "<>"),
        (b"user@far.example", "user@far.example"),
        (b"user+2Btag@far.example", "user+tag@far.example"),
        (b'"a+20b"@far.example', '"a b"@far.example'),
        (b"", None),
        (b"user", None),
        (b"<user@far.example>", None),
        (b"user+0A@far.example", None),
        (b"user+2b@far.example", None),
        (b"a=b@far.example", None),
    ],
)
def test_who_handed_it_in_first_is_an_address_or_nobody(value: bytes, expected: str | None) -> None:
    """RFC 4954 s5; and only where logins were offered."""
    found = parse_mail_parameters(b" AUTH=" + value, Offer(mechanisms=("PLAIN",)))

    assert (found.code if isinstance(found, Reply) else found.auth) == (expected or 501)
    unknown = parse_mail_parameters(b" AUTH=" + value, EVERYTHING)
    assert isinstance(unknown, Reply)
    assert unknown.code == 555
