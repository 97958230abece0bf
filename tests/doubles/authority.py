"""A certificate authority of a test's own: root, intermediate, and servers' certificates.

Touches: disk.
"""

from __future__ import annotations

import datetime as dt
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from tests.doubles.certificates import Certificate

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Signer:
    """Whoever can sign others."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def write(self, file: Path) -> Path:
        """As who trusts it wants it."""
        file.write_bytes(self.pem)
        return file


def root(name: str = "Root of a test") -> Signer:
    key = _key()
    subject = _name(name)
    return Signer(_signed(key, subject, key, subject, ca=True), key)


def below(signer: Signer, name: str = "Intermediate of a test") -> Signer:
    key = _key()
    made = _signed(key, _name(name), signer.key, signer.certificate.subject, ca=True)
    return Signer(made, key)


def server(
    directory: Path,
    signers: tuple[Signer, ...],
    names: tuple[str, ...],
    *,
    days: int = 30,
    shows: tuple[Signer, ...] | None = None,
) -> Certificate:
    """Signed by the first of `signers`, shown with all of them (or `shows`) in one file."""
    key = _key()
    first = signers[0]
    made = _signed(
        key, _name(""), first.key, first.certificate.subject, ca=False, names=names, days=days
    )
    directory.mkdir(exist_ok=True, parents=True)
    chain = signers if shows is None else shows
    found = Certificate(directory / "certificate.pem", directory / "key.pem")
    found.file.write_bytes(made.public_bytes(Encoding.PEM) + b"".join(one.pem for one in chain))
    found.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return found


def chain(certificate: Certificate) -> list[bytes]:
    """What a server that has it shows, each in DER form."""
    end = "-----END CERTIFICATE-----"
    parts = certificate.file.read_text().split(end)[:-1]
    return [ssl.PEM_cert_to_DER_cert(f"{part}{end}".strip()) for part in parts]


def key_of(der: bytes) -> bytes:
    """The public key as TLSA has it, by the hand of another library."""
    from_library = x509.load_der_x509_certificate(der).public_key()

    return from_library.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])


def _signed(
    key: ec.EllipticCurvePrivateKey,
    subject: x509.Name,
    by: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    *,
    ca: bool,
    names: tuple[str, ...] = (),
    days: int = 30,
) -> x509.Certificate:
    """`days` below nothing: it has been out of date for so long."""
    now = dt.datetime.now(dt.UTC)
    begin = now - DAY if days >= 0 else now + (days - 30) * DAY
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(now + days * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False
        )
        .add_extension(_usage(ca=ca), critical=True)
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternative, critical=not subject.rdns)
    return builder.sign(by, hashes.SHA256())


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
