"""Letters beyond ASCII: what is the same, and what must never be taken for something else."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.domain import in_ascii
from pymta.mail.letters import is_safe, small
from pymta.mail.xtext import (
    decode_utf8_address,
    decode_xtext,
    encode_utf8_address,
    encode_xtext,
)
from tests.doubles.peers import CHECKOUT


@pytest.mark.parametrize(
    ("one", "other"), [("Jörg", "jörg"), ("jo\u0308rg", "jörg"), ("USER", "user")]
)
def test_case_and_composition_do_not_count(one: str, other: str) -> None:
    assert small(one) == small(other)


@pytest.mark.parametrize("sign", ["\u212a", "\u017fer", "\uff55ser", "u\u017fer1", "\u0131"])
def test_no_sign_beyond_ascii_becomes_a_plain_letter(sign: str) -> None:
    """reliability.md B.2: mail for another must not be had by a sign that folds to his name."""
    assert not small(sign).isascii()


@given(st.text(max_size=20))
def test_small_letters_stay_small(text: str) -> None:
    assert small(small(text)) == small(text)


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("Example.ORG", "example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("例子.广告", "xn--fsqu00a.xn--4rr70v"),
        ("ä..example", None),
        ("\u212a.example", None),
        ("☃.example", None),
        ("ä" * 64 + ".example", None),
        (".".join(["ä" * 40] * 20), None),
    ],
)
def test_names_as_the_dns_knows_them(domain: str, name: str | None) -> None:
    assert in_ascii(domain) == name


def test_the_first_name_beyond_ascii_loads_nothing() -> None:
    """N-43: what is loaded late may be of another version, after an upgrade."""
    program = (
        "import sys; from pymta.mail.domain import in_ascii; before = set(sys.modules);"
        " assert in_ascii('b\\xfccher.example'); print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )
    assert done.stdout == "[]\n"


def test_an_endless_label_costs_no_time() -> None:
    assert in_ascii("ä" * 100_000) is None


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_xtext_comes_back(text: str) -> None:
    assert decode_xtext(encode_xtext(text).encode()) == text


@pytest.mark.parametrize(
    "bad", [b"a b", b"a=b", b"+2", b"+2b", b"+0A", b"+7F", b"+80", b"\xc3\xa4"]
)
def test_what_is_no_xtext_is_refused(bad: bytes) -> None:
    assert decode_xtext(bad) is None


@given(st.text(st.characters(min_codepoint=0x20, categories=("L", "N", "P")), min_size=1))
def test_addresses_beyond_ascii_come_back_from_ascii(text: str) -> None:
    written = encode_utf8_address(text)

    assert written.isascii()
    assert decode_utf8_address(written.encode()) == text


def test_an_address_may_also_stand_in_utf8() -> None:
    assert decode_utf8_address("jörg@b\\x{FC}cher.example".encode()) == "jörg@bücher.example"


@pytest.mark.parametrize(
    "bad",
    [b"", b"a b", b"a+b", b"\xe4", b"\\x{E}", b"\\x{D800}", b"\\x{110000}", b"\\x{0A}", b"\\x{e4}"],
)
def test_what_is_no_such_address_is_refused(bad: bytes) -> None:
    assert decode_utf8_address(bad) is None


@pytest.mark.parametrize("text", ["a\u2028b", "\x85", "\ufffe", "\udc80"])
def test_what_ends_a_line_somewhere_stands_in_no_address(text: str) -> None:
    assert not is_safe(text)
