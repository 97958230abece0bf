"""A certificate that nobody vouches for, so that a server in a terminal can speak TLS at once.

It is made at the first start and kept; another one is made when it is good for a month at most, or
for other names.  Certificate and key are one file, so they always fit together.

Touches: disk, dice, cryptography.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from pymta.tls import credentials
from pymta.tls.credentials import CredentialsError
from pymta.tls.expiry import DAY
from pymta.tls.leaf import leaf

if TYPE_CHECKING:
    from cryptography import x509

LASTS = 2 * 365 * DAY  # seconds
RENEWED = 30 * DAY  # seconds before its end
_EARLIER = 3600  # seconds, for clients whose clock is behind ours


def provide(path: Path, names: Sequence[str], now: float) -> None:
    """Host names and addresses; `now` in seconds since the epoch.  Raises OSError."""
    if _is_good(path, names, now):
        return
    text = _made(names, now)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        with open(os.open(draft, flags, 0o600), "wb") as file:  # noqa: PTH123 - the mode counts
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _is_good(path: Path, names: Sequence[str], now: float) -> bool:
    with suppress(CredentialsError, ValueError):
        found = leaf(credentials.read(str(path), ""))
        is_for_all = all(found.covers(name) for name in names)
        return is_for_all and found.begin <= now < found.end - RENEWED
    return False


def _made(names: Sequence[str], now: float) -> bytes:
    # It is large, and needed once in two years.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0][:64])])
    begin = datetime.fromtimestamp(now - _EARLIER, UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,  # it vouches for itself
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(seconds=LASTS))
        .add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .add_extension(usage, True)
        .sign(key, hashes.SHA256())
    )
    return b"".join(
        (
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
            certificate.public_bytes(serialization.Encoding.PEM),
        )
    )


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
