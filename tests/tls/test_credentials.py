"""Certificate and key from files, or which of the two is wrong and why."""

from __future__ import annotations

import os
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pymta.tls import credentials
from pymta.tls.context import server_context
from pymta.tls.credentials import CredentialsError
from tests.doubles import certificates
from tests.doubles.certificates import EC, Certificate

DAMAGED = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def refusal(certificate: Path, key: Path | str = "") -> tuple[str, bool]:
    """What is said, and whether of the key."""
    with pytest.raises(CredentialsError) as error:
        credentials.read(str(certificate), str(key))
    return str(error.value), error.value.is_of_key


def test_what_two_files_hold_serves(certificate: Certificate) -> None:
    pem = credentials.read(str(certificate.file), str(certificate.key))

    assert server_context(pem).cert_store_stats()
    assert pem.count(b"-----BEGIN") == 2


def test_one_file_may_hold_both_and_more(certificate: Certificate, tmp_path: Path) -> None:
    both = tmp_path / "all.pem"
    both.write_bytes(
        b"mx.example, renewed in May\n"
        + certificate.file.read_bytes()
        + b"-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n"
        + certificate.key.read_bytes()
    )

    assert credentials.read(str(both), "") == credentials.read(
        str(certificate.file), str(certificate.key)
    )


@pytest.mark.parametrize("kind", [("rsa:2048",), ("ed25519",)], ids=["RSA", "Ed25519"])
def test_keys_of_every_usual_kind_are_taken(kind: tuple[str, ...], tmp_path: Path) -> None:
    made = certificates.make(tmp_path, kind)

    server_context(credentials.read(str(made.file), str(made.key)))


def test_the_chain_keeps_its_order(certificate: Certificate, tmp_path: Path) -> None:
    other = certificates.make(tmp_path)
    chain = tmp_path / "chain.pem"
    chain.write_bytes(certificate.file.read_bytes() + other.file.read_bytes())

    pem = credentials.read(str(chain), str(certificate.key))

    assert pem.index(certificate.file.read_bytes().strip()) < pem.index(
        other.file.read_bytes().strip()
    )


@pytest.mark.parametrize("kind", [EC, ("rsa:2048",)], ids=["of one kind", "of another"])
def test_a_key_of_another_certificate_is_named(
    kind: tuple[str, ...], certificate: Certificate, tmp_path: Path
) -> None:
    other = certificates.make(tmp_path, kind)
    expected = f"{other.key}: the key does not belong to the certificate in {certificate.file}"

    assert refusal(certificate.file, other.key) == (expected, True)


def _missing(path: Path) -> None:
    path.unlink()


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _damaged(path: Path) -> None:
    path.write_bytes(DAMAGED)


def _damaged_behind(path: Path) -> None:
    path.write_bytes(path.read_bytes() + DAMAGED)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_missing, "cannot be read: No such file or directory"),
        (_directory, "cannot be read: it is no file"),
        (_pipe, "cannot be read: it is no file"),
        (_empty, "holds no certificate; want one in PEM form"),
        (_damaged, "certificate 1 in it is damaged"),
        (_damaged_behind, "certificate 2 in it is damaged"),
    ],
)
def test_a_certificate_of_no_use_is_named(
    spoil: Callable[[Path], None], expected: str, tmp_path: Path
) -> None:
    made = certificates.make(tmp_path)
    spoil(made.file)

    assert refusal(made.file, made.key) == (f"{made.file}: {expected}", False)


def test_a_key_too_short_for_this_openssl_is_no_surprise_later(tmp_path: Path) -> None:
    made = certificates.make(tmp_path, ("rsa:1024",))

    said, _ = refusal(made.file, made.key)

    assert said.startswith(f"{made.file}: OpenSSL does not take it: ")


def test_a_key_of_no_use_is_named(certificate: Certificate, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    none, damaged = "holds no private key; want one in PEM form", "the key is damaged"
    for text, expected in (
        (certificate.file.read_bytes(), none),
        (certificate.key.read_bytes()[:60] + b"\n-----END PRIVATE KEY-----\n", damaged),
    ):
        key.write_bytes(text)
        assert refusal(certificate.file, key) == (f"{key}: {expected}", True)
    assert refusal(certificate.file) == (f"{certificate.file}: {none}", True)


@pytest.mark.parametrize("form", ["pkcs8", "ec"])
def test_nobody_is_asked_for_a_password(
    form: str, certificate: Certificate, tmp_path: Path
) -> None:
    key = tmp_path / "key.pem"
    how = ("-topk8",) if form == "pkcs8" else ("-aes128",)
    subprocess.run(
        ["openssl", form, *how, "-passout", "pass:x", "-in", certificate.key, "-out", key],
        check=True,
        capture_output=True,
    )

    said, is_of_key = refusal(certificate.file, key)

    assert (
        said
        == f"{key}: the key is encrypted, and nobody is there to be asked; want one that is not"
    )
    assert is_of_key


def test_old_protocols_are_not_spoken(certificate: Certificate) -> None:
    """RFC 8996, CVE-2009-3555"""
    context = server_context(credentials.read(str(certificate.file), str(certificate.key)))

    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
