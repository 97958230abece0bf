"""Hashes as this and other programs make them."""

from __future__ import annotations

import sys

import pytest

from pymta.accounts import hashes
from pymta.accounts.hashes import CannotCheckError
from pymta.accounts.password_line import Argon2, Crypt, parse_secret
from pymta.sasl.verifier import Verifier
from tests.doubles import peers


@pytest.mark.parametrize(
    "scheme", ["SHA512-CRYPT", "SHA256-CRYPT", "BLF-CRYPT", "ARGON2ID", "ARGON2I", "SCRAM-SHA-256"]
)
def test_what_dovecot_writes_fits_its_password_and_no_other(scheme: str) -> None:
    done = peers.run("doveadm", "-O", "pw", "-s", scheme, "-p", "rabbit \u00e9")
    assert done.returncode == 0, done.stdout
    kept = parse_secret(done.stdout.strip())
    for password, is_right in (("rabbit \u00e9", True), ("rabbit", False), ("", False)):
        octets = password.encode()
        fits = kept.fits(octets) if isinstance(kept, Verifier) else hashes.fits(octets, kept)
        assert fits is is_right


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "$7$BU..../....niGU6nX9d9b74h7cUjxva1$HW4bbEk/vlBEDTMcPh97n0hpAFc3c2szX7NTAEXLDI2",
            id="scrypt of crypt(5)",
        ),
        pytest.param(
            "$y$j9T$uZfYf1xexV2o7sZYL/szW/$p25Zmyg8la49rGlW.6TzbP0K4R.WhO/eCEZbQXnCq55",
            id="yescrypt",
        ),
    ],
)
def test_what_shadow_may_hold_is_read_too(text: str) -> None:
    kept = parse_secret(text)
    assert isinstance(kept, Crypt)
    assert not hashes.fits(b"something else", kept)
    assert hashes.fits(b"rabbit", kept)


def test_our_own_hashes_fit_and_are_never_twice_the_same() -> None:
    for made, again in (
        (hashes.make_yescrypt(b"rabbit", 5), hashes.make_yescrypt(b"rabbit", 5)),
        (hashes.make_argon2id(b"rabbit"), hashes.make_argon2id(b"rabbit")),
    ):
        assert made != again
        assert hashes.fits(b"rabbit", made)
        assert not hashes.fits(b"Rabbit", made)


@pytest.mark.parametrize(
    "kept",
    [
        Crypt("$y$garbage"),
        Crypt("$2y$05$tooshort"),
        Crypt("$6$"),
        Argon2("$argon2id$garbage"),
        Argon2("$argon2id$v=19$m=4294967295,t=3,p=1$4Yd3ii2hggHqsYmGE7UiVQ$SDs6gA8RBwspPgUg9Xon"),
    ],
)
def test_what_is_no_hash_fits_nothing(kept: Crypt | Argon2) -> None:
    assert not hashes.fits(b"rabbit", kept)
    assert not hashes.fits(b"", kept)


def test_a_password_is_not_cut_where_c_would_end_it() -> None:
    kept = hashes.make_yescrypt(b"rabbit", 1)
    assert not hashes.fits(b"rabbit\0more", kept)


def test_without_argon2_its_hashes_cannot_be_checked_and_the_error_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "argon2", None)
    hashes._argon2.cache_clear()
    with pytest.raises(CannotCheckError, match="argon2-cffi"):
        hashes.fits(b"x", Argon2("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$x"))
