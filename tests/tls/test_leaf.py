"""What is read of a certificate of ours, against what OpenSSL says of the same one."""

from __future__ import annotations

import hashlib
import ssl
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.tls.leaf import Leaf, leaf, public_key
from tests.doubles import authority, certificates
from tests.doubles.certificates import Certificate


def test_a_certificate_is_good_for_the_days_that_openssl_gave_it(certificate: Certificate) -> None:
    pem = certificate.file.read_bytes()
    context = ssl.create_default_context(cafile=certificate.file)
    (other,) = context.get_ca_certs()  # it is its own authority, so this library reads it, too
    found = leaf(pem)
    assert found.begin == ssl.cert_time_to_seconds(str(other["notBefore"]))
    assert found.end == ssl.cert_time_to_seconds(str(other["notAfter"]))
    assert 89 < (found.end - time.time()) / 86_400 < 90.1


def test_dates_after_2049_are_written_otherwise(tmp_path: Path) -> None:
    made = certificates.make(tmp_path, days=20_000)
    assert 19_999 < (leaf(made.file.read_bytes()).end - time.time()) / 86_400 < 20_001


@given(st.binary(max_size=200), st.integers(0, 700))
def test_what_is_no_certificate_is_a_value_error(
    certificate: Certificate, rubbish: bytes, at: int
) -> None:
    der = bytearray(ssl.PEM_cert_to_DER_cert(certificate.file.read_text()))
    der[at : at + len(rubbish)] = rubbish
    try:
        leaf(ssl.DER_cert_to_PEM_cert(bytes(der)).encode())
    except ValueError:
        return


def test_without_a_certificate_there_are_no_dates() -> None:
    with pytest.raises(ValueError, match="no certificate"):
        leaf(b"nothing")


def test_names_are_those_that_it_stands_for(tmp_path: Path) -> None:
    names = ("MX.example.org", "*.Example.net", "192.0.2.1", "2001:db8::1")
    found = leaf(certificates.make(tmp_path, names=names).file.read_bytes())
    assert found.names == ("mx.example.org", "*.example.net", "192.0.2.1", "2001:db8::1")


def test_one_without_names_stands_for_nobody(tmp_path: Path) -> None:
    """RFC 9525 s6.3: the subject is not asked any more."""
    assert leaf(certificates.make(tmp_path, names=()).file.read_bytes()).names == ()


@pytest.mark.parametrize(
    ("name", "is_covered"),
    [
        ("mx.example.org", True),
        ("MX.EXAMPLE.ORG", True),
        ("a.example.net", True),
        ("a.b.example.net", False),
        ("example.net", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_an_asterisk_stands_for_one_label(name: str, is_covered: bool) -> None:
    """RFC 9525 s6.3"""
    found = Leaf(0, 0, ("mx.example.org", "*.example.net"))
    assert found.covers(name) == is_covered


@pytest.mark.parametrize(
    ("kind", "digest", "name"),
    [
        (certificates.EC, "sha256", "sha256"),
        (certificates.EC, "sha1", "sha256"),
        (certificates.EC, "sha384", "sha384"),
        (certificates.RSA, "sha256", "sha256"),
        (certificates.RSA, "sha512", "sha512"),
        (certificates.RSA, "md5", "sha256"),
    ],
)
def test_a_login_is_bound_to_the_hash_of_the_signature(
    kind: tuple[str, ...], digest: str, name: str, tmp_path: Path
) -> None:
    """RFC 5929 s4.1"""
    made = certificates.make(tmp_path, kind, more=(f"-{digest}",))
    assert leaf(made.file.read_bytes()).end_point == hashlib.new(name, made.der).digest()


def test_a_signature_without_a_hash_binds_nobody(tmp_path: Path) -> None:
    """RFC 5929 s4.1: what is not defined is not invented."""
    made = certificates.make(tmp_path, ("ed25519",))
    assert leaf(made.file.read_bytes()).end_point == b""


def test_the_public_key_is_the_one_that_another_library_reads(certificate: Certificate) -> None:
    assert public_key(certificate.der) == authority.key_of(certificate.der)


@given(st.binary(max_size=200), st.integers(0, 700))
def test_without_a_public_key_there_is_a_value_error(
    certificate: Certificate, rubbish: bytes, at: int
) -> None:
    der = bytearray(certificate.der)
    der[at : at + len(rubbish)] = rubbish
    try:
        public_key(bytes(der))
    except ValueError:
        return
