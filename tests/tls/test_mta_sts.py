"""Policies of domains about their mail hosts, as strangers write them (RFC 8461)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.tls.mta_sts import LONGEST_AGE, MOST_PATTERNS, Mode, Policy, parse_policy, policy_id

GOOD = (
    "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\n"
    "max_age: 604800\r\n"
)
ENFORCED = Policy(Mode.ENFORCE, ("mail.example.com", "*.example.net"), 604_800)


@pytest.mark.parametrize(
    ("texts", "id"),
    [
        pytest.param(["v=STSv1; id=20160831085700Z;"], "20160831085700Z", id="of-the-standard"),
        pytest.param(["v=STSv1;id=1"], "1", id="short"),
        pytest.param(["v=STSv1 ; id=1 ; "], "1", id="blanks"),
        pytest.param(["v=STSv1; new=x; id=1; id=2"], "1", id="the-first-counts"),
        pytest.param(["v=spf1 -all", "v=STSv1; id=1;"], "1", id="among-others"),
        pytest.param([], "", id="none"),
        pytest.param(["v=STSv1; id=1;", "v=STSv1; id=1;"], "", id="two"),
        pytest.param(["v=STSv1"], "", id="no-delimiter"),
        pytest.param(["v=STSv1;"], "", id="no-id"),
        pytest.param(["v=STSv2; id=1;"], "", id="another-version"),
        pytest.param(["v=STSv1; id=;"], "", id="empty-id"),
        pytest.param(["v=STSv1; id=a-b;"], "", id="odd-id"),
        pytest.param([f"v=STSv1; id={'1' * 33};"], "", id="long-id"),
        pytest.param(["v=STSv1; ; id=1;"], "", id="empty-field"),
        pytest.param(["v=STSv1; id=1; what"], "", id="no-field"),
    ],
)
def test_the_record_says_which_policy_there_is(texts: list[str], id: str) -> None:
    """RFC 8461 s3.1"""
    assert policy_id(texts) == id


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        pytest.param(GOOD, ENFORCED, id="of-the-standard"),
        pytest.param(GOOD.replace("\r\n", "\n").strip(), ENFORCED, id="line-ends-of-unix"),
        pytest.param(GOOD.replace(": ", ":  \t"), ENFORCED, id="blanks"),
        pytest.param(GOOD.upper().replace("MX:", "mx:"), None, id="keys-have-their-case"),
        pytest.param(f"{GOOD}mode: none\r\nfuture: 1\r\n", ENFORCED, id="the-first-counts"),
        pytest.param(GOOD.replace("mail", "MAIL"), ENFORCED, id="names-have-no-case"),
        pytest.param(
            "version: STSv1\nmode: none\nmax_age: 0", Policy(Mode.NONE, (), 0), id="given-up"
        ),
        pytest.param(
            GOOD.replace("604800", "9999999999"),
            Policy(Mode.ENFORCE, ENFORCED.mx, LONGEST_AGE),
            id="for-ever-is-a-year",
        ),
        pytest.param("", None, id="empty"),
        pytest.param("<html>Not found</html>", None, id="a-web-page"),
        pytest.param(GOOD.replace("STSv1", "STSv2"), None, id="another-version"),
        pytest.param(GOOD.replace("version: STSv1", ""), None, id="no-version"),
        pytest.param(GOOD.replace("enforce", "strict"), None, id="another-mode"),
        pytest.param(GOOD.replace("604800", "-1"), None, id="no-age"),
        pytest.param("version: STSv1\nmode: enforce\nmax_age: 1", None, id="no-mx"),
        pytest.param(GOOD.replace("*.ex", "*.*.ex"), None, id="two-stars"),
        pytest.param(GOOD.replace("*.ex", "m*.ex"), None, id="part-of-a-label"),
        pytest.param(GOOD.replace("*.example.net", "*"), None, id="everybody"),
        pytest.param(f"{GOOD}nothing\r\n", None, id="no-field"),
        pytest.param(GOOD + "mx: a.b\n" * 1000, "same", id="one-again-and-again"),
        pytest.param(
            GOOD + "".join(f"mx: m{n}.example\n" for n in range(MOST_PATTERNS)), None, id="many"
        ),
    ],
)
def test_a_policy_is_whole_or_none(text: str, policy: object) -> None:
    """RFC 8461 s3.2"""
    if policy is None:
        with pytest.raises(ValueError, match=r"^(it|a line|an mx) "):
            parse_policy(text)
    elif isinstance(policy, Policy):
        assert parse_policy(text) == policy
    else:
        assert len(parse_policy(text).mx) == 3


@pytest.mark.parametrize(
    ("host", "is_so"),
    [
        ("mail.example.com", True),
        ("MAIL.example.com.", True),
        ("a.example.net", True),
        ("a.b.example.net", False),
        ("example.net", False),
        ("mail.example.com.evil.example", False),
        ("evilmail.example.com", False),
    ],
)
def test_a_star_is_one_whole_label(host: str, is_so: object) -> None:
    """RFC 8461 s4.1"""
    assert ENFORCED.covers(host) is is_so


LINES = st.sampled_from(
    ["version: STSv1", "mode: testing", "mx: a.example", "mx: *.b.example", "max_age: 5", "x: y"]
)


@given(st.lists(st.one_of(LINES, st.text(max_size=20)), max_size=12))
def test_whatever_reads_as_a_policy_reads_back(lines: list[str]) -> None:
    try:
        policy = parse_policy("\n".join(lines))
    except ValueError:
        return
    assert parse_policy(policy.text) == policy


@given(st.lists(st.text(max_size=60), max_size=3))
def test_whatever_a_record_says_an_id_is_letters_and_digits(texts: list[str]) -> None:
    found = policy_id([f"v=STSv1; {text}" for text in texts])
    assert not found or (found.isascii() and found.isalnum())
