"""Senders of others as addresses of ours: the form of libsrs2 and postsrsd, and nobody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.address import Mailbox, parse_mailbox
from pymta.mail.sizes import PATH
from pymta.mail.srs import DAYS, Forged, Signed, read, sign

SECRET = b"tops3cr3t"

# What postsrsd 1.10 (Debian 1.10-2+b1) has made of them on day 20784 for fwd.example.
BY_POSTSRSD = {
    "alice@example.com": "SRS0=UoEz=JQ=example.com=alice",
    "Bob.Smith+tag=x@Mail.Example.ORG": "SRS0=jBKZ=JQ=Mail.Example.ORG=Bob.Smith+tag=x",
    "o'brien/x@example.com": "SRS0=YG+z=JQ=example.com=o'brien/x",
    f"{'x' * 60}@long.example": f"SRS0=lvCn=JQ=long.example={'x' * 60}",
    "SRS0=vmyz=2W=otherdomain.com=test@first.example": (
        "SRS1=nlzF=first.example==vmyz=2W=otherdomain.com=test"
    ),
    "SRS1=abcd=first.example==vmyz=2W=otherdomain.com=test@second.example": (
        "SRS1=nlzF=first.example==vmyz=2W=otherdomain.com=test"
    ),
    "srs0+vmyz=2W=otherdomain.com=test@first.example": (
        "SRS1=8HDo=first.example=+vmyz=2W=otherdomain.com=test"
    ),
}
THAT_DAY = 20_784


def mailbox(text: str) -> Mailbox:
    found = parse_mailbox(text)
    assert isinstance(found, Mailbox), found
    return found


def signed(sender: str, today: int = THAT_DAY, secret: bytes = SECRET) -> Mailbox:
    made = sign(mailbox(sender), "fwd.example", secret, today)
    assert made
    return made


@pytest.mark.parametrize("sender", BY_POSTSRSD)
def test_it_is_signed_as_postsrsd_does(sender: str) -> None:
    assert signed(sender) == Mailbox(BY_POSTSRSD[sender], "fwd.example")


@pytest.mark.parametrize("sender", BY_POSTSRSD)
def test_what_postsrsd_has_signed_is_read(sender: str) -> None:
    found = read(BY_POSTSRSD[sender], [SECRET])
    assert isinstance(found, Signed)
    if not sender.upper().startswith("SRS"):
        assert found == Signed(mailbox(sender), THAT_DAY % DAYS)
    else:  # to the first one who has sent it on
        assert found.sender.domain == "first.example"
        assert found.sender.local[5:] == "vmyz=2W=otherdomain.com=test"


def test_the_vector_of_the_tests_of_postsrsd() -> None:
    day = 1_577_836_860 // 86_400
    assert signed("test@otherdomain.com", day).local == "SRS0=vmyz=2W=otherdomain.com=test"


def test_letter_case_is_lost_on_the_way_and_does_no_harm() -> None:
    found = read(signed("Bob@Example.COM").local.lower(), [SECRET])
    assert found == Signed(Mailbox("bob", "example.com"), THAT_DAY % DAYS)


def test_old_secrets_are_good_and_others_are_not() -> None:
    """Key rotation: the first signs, all verify."""
    local = signed("alice@example.com").local
    assert isinstance(read(local, [b"new", SECRET]), Signed)
    assert read(local, [b"new"]) == Forged()
    assert read(local, []) == Forged()


@pytest.mark.parametrize(
    "local",
    [
        "SRS0=UoEz=JQ=example.com=mallory",
        "SRS0=UoEz=JQ=example.org=alice",
        "SRS0=UoEz=JR=example.com=alice",
        "SRS0=UoEy=JQ=example.com=alice",
        "SRS0=UoE=JQ=example.com=alice",
        "SRS1=nlzF=second.example==vmyz=2W=otherdomain.com=test",
        "SRS1=nlzF=first.example==vmyz=2W=otherdomain.com=mallory",
    ],
)
def test_nobody_else_makes_one(local: str) -> None:
    assert not isinstance(read(local, [SECRET]), Signed)


@pytest.mark.parametrize("local", ["alice", "srs0", "SRS0-fan", "SRS0=a=b", "SRS2=UoEz=JQ=x.y=z"])
def test_other_local_parts_are_none(local: str) -> None:
    assert read(local, [SECRET]) is None


@pytest.mark.parametrize(
    ("age", "is_old"), [(0, False), (21, False), (22, True), (900, True), (-1, False), (-2, True)]
)
def test_they_have_their_time(age: int, is_old: bool) -> None:
    """A host whose clock is ahead signs for tomorrow; nobody signs for later."""
    for today in (20_000, 20_480, 20_481):  # 20480 begins anew
        found = read(signed("a@example.com", today - age).local, [SECRET])
        assert isinstance(found, Signed)
        assert found.is_older_than(21, today) == is_old


def test_one_that_sends_on_once_more_tells_no_day() -> None:
    found = read(BY_POSTSRSD["SRS0=vmyz=2W=otherdomain.com=test@first.example"], [SECRET])
    assert isinstance(found, Signed)
    assert not found.is_older_than(1, 0)


def test_one_that_would_be_too_long_is_not_made() -> None:
    domain = ".".join(["d" * 60] * 4)
    assert sign(Mailbox("a", domain), "fwd.example", SECRET, THAT_DAY) is None


LOCALS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30)
DOMAINS = st.sampled_from(["example.com", "A.b-c.example", "[192.0.2.1]", "bücher.example"])


@given(LOCALS, DOMAINS, st.integers(0, 40_000), st.integers(0, 3))
def test_whatever_is_signed_is_an_address_and_comes_back(
    local: str, domain: str, today: int, times: int
) -> None:
    first = Mailbox(local, domain)
    made: Mailbox | None = first
    for number in range(times + 1):
        made = made and sign(made, f"h{number}.example", SECRET, today)
    if made is None:
        return
    assert parse_mailbox(str(made)) == made
    assert len(str(made)) <= PATH
    found = read(made.local, [SECRET])
    assert isinstance(found, Signed)
    back = found.sender
    if times:  # straight to the first one, who reads it himself
        assert back.domain == "h0.example"
        once = read(back.local, [SECRET])
        assert isinstance(once, Signed)
        back = once.sender
    assert back.local == local
    assert back.domain == domain.replace("bücher", "xn--bcher-kva")


@given(st.text(max_size=60))
def test_reading_never_fails(text: str) -> None:
    for local in (text, f"SRS0={text}", f"SRS1={text}", f"SRS0=aaaa=AA={text}"):
        assert not isinstance(read(local, [SECRET]), Signed)
