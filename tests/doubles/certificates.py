"""Certificates of a test's own, made by openssl, and clients that trust one of them.

Touches: processes, disk.
"""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAME = "mx.pymta.test"
EC = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


@dataclass(frozen=True)
class Certificate:
    file: Path
    key: Path

    @property
    def settings(self) -> dict[str, str]:
        """The two options that name it."""
        return {"tls_certificate": str(self.file), "tls_privatekey": str(self.key)}

    @property
    def der(self) -> bytes:
        """As a client sees it."""
        return ssl.PEM_cert_to_DER_cert(self.file.read_text())

    def client(self) -> ssl.SSLContext:
        """Of somebody who believes this one and no other."""
        context = ssl.create_default_context(cafile=self.file)
        context.check_hostname = False  # tests call addresses
        return context


def make(
    directory: Path, kind: tuple[str, ...] = EC, name: str = NAME, days: int = 2
) -> Certificate:
    """A new one, which vouches for itself; `kind` is what `openssl req -newkey` takes."""
    made = Certificate(directory / "certificate.pem", directory / "key.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", str(days)),
            *("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"),
            # It is its own authority, and Python 3.13 wants that said.
            *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
            *("-keyout", made.key, "-out", made.file),
        ],
        check=True,
        capture_output=True,
    )
    return made
