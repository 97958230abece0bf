"""TLSA records against the certificates of a server (RFC 6698, RFC 7671, RFC 7672)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.tls.dane import Anchored, Matched, Mismatch, Tlsa, judge, usable
from tests.doubles import authority


def digest(matching: int, data: bytes) -> bytes:
    kinds = {0: data, 1: hashlib.sha256(data).digest(), 2: hashlib.sha512(data).digest()}
    return kinds[matching]


def record(usage: int, selector: int, matching: int, der: bytes) -> Tlsa:
    what = authority.key_of(der) if selector else der
    return Tlsa(usage, selector, matching, digest(matching, what))


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Server, intermediate, root."""
    top = authority.root()
    middle = authority.below(top)
    directory: Path = tmp_path_factory.mktemp("dane")
    return authority.chain(authority.server(directory, (middle, top), ("mx.example.org",)))


@pytest.mark.parametrize("matching", [0, 1, 2])
@pytest.mark.parametrize("selector", [0, 1])
def test_the_certificate_of_the_server_itself(
    chain: list[bytes], selector: int, matching: int
) -> None:
    """RFC 7672 s3.1.1: DANE-EE(3)"""
    good = record(3, selector, matching, chain[0])
    assert judge([good], chain) == Matched(good)
    other = record(3, selector, matching, chain[1])
    assert isinstance(judge([other], chain), Mismatch)
    assert judge([other, good], chain) == Matched(good)  # as while keys are rolled


@pytest.mark.parametrize("matching", [0, 1, 2])
@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("at", [1, 2])
def test_a_certificate_that_is_to_have_signed_it(
    chain: list[bytes], selector: int, matching: int, at: int
) -> None:
    """RFC 7672 s3.1.2: DANE-TA(2)"""
    assert judge([record(2, selector, matching, chain[at])], chain) == Anchored((chain[at],))


def test_an_anchor_that_is_not_shown_is_known_where_the_record_has_all_of_it(
    chain: list[bytes],
) -> None:
    full, digest_only = record(2, 0, 0, chain[2]), record(2, 0, 1, chain[2])
    assert judge([full], chain[:2]) == Anchored((chain[2],))
    assert isinstance(judge([digest_only], chain[:2]), Mismatch)


def test_the_server_does_not_vouch_for_itself(chain: list[bytes]) -> None:
    assert isinstance(judge([record(2, 1, 1, chain[0])], chain), Mismatch)


def test_its_own_record_goes_before_an_anchor(chain: list[bytes]) -> None:
    own, anchor = record(3, 1, 1, chain[0]), record(2, 0, 1, chain[2])
    assert judge([anchor, own], chain) == Matched(own)


def test_no_certificate_matches_nothing(chain: list[bytes]) -> None:
    assert judge([record(3, 1, 1, chain[0])], []) == Mismatch("it showed no certificate")


def test_a_mismatch_tells_which_records_there_are(chain: list[bytes]) -> None:
    wrong = [Tlsa(3, 1, 1, bytes([n]) * 32) for n in range(4)]
    found = judge(wrong, chain)
    assert isinstance(found, Mismatch)
    assert "3 1 1 0000000000000000…" in found.why
    assert found.why.endswith(" and 2 more)")


@pytest.mark.parametrize(
    "useless",
    [
        pytest.param(Tlsa(0, 1, 1, b"x" * 32), id="pkix-ta"),
        pytest.param(Tlsa(1, 1, 1, b"x" * 32), id="pkix-ee"),
        pytest.param(Tlsa(4, 1, 1, b"x" * 32), id="usage-of-the-future"),
        pytest.param(Tlsa(3, 2, 1, b"x" * 32), id="selector-of-the-future"),
        pytest.param(Tlsa(3, 1, 3, b"x" * 32), id="digest-of-the-future"),
        pytest.param(Tlsa(3, 1, 1, b"x" * 31), id="digest-too-short"),
        pytest.param(Tlsa(3, 1, 2, b"x" * 32), id="digest-of-another-kind"),
        pytest.param(Tlsa(3, 0, 0, b""), id="empty"),
    ],
)
def test_what_mail_cannot_go_by_is_left_out(useless: Tlsa) -> None:
    """RFC 7672 s3.1.3, RFC 7671 s4"""
    good = Tlsa(3, 1, 1, b"y" * 32)
    assert usable([useless]) == ()
    assert usable([useless, good]) == (good,)


def test_of_digests_the_best_counts() -> None:
    """RFC 7671 s9: for each usage and selector by itself."""
    weak, strong = Tlsa(3, 1, 1, b"x" * 32), Tlsa(3, 1, 2, b"x" * 64)
    other, full = Tlsa(2, 1, 1, b"x" * 32), Tlsa(3, 1, 0, b"key")
    assert usable([weak, strong, other, full]) == (strong, other, full)


@given(st.lists(st.binary(max_size=60), max_size=4), st.integers(0, 3), st.integers(0, 1))
def test_what_is_no_certificate_matches_nothing_and_harms_nobody(
    shown: list[bytes], usage: int, selector: int
) -> None:
    records = [Tlsa(usage, selector, 1, b"x" * 32), Tlsa(usage, selector, 2, b"x" * 64)]
    assert isinstance(judge(usable(records), shown), Mismatch)
