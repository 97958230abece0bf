"""Certificates of a test's own, made by openssl, and clients that trust one of them.

Touches: processes, disk.
"""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymta.tls import credentials
from pymta.tls.certificates import Certificates
from pymta.tls.which import EVERYBODY

NAME = "mx.pymta.test"
EC = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
RSA = ("rsa:2048",)


@dataclass(frozen=True)
class Certificate:
    file: Path
    key: Path

    @property
    def settings(self) -> dict[str, Any]:
        """The two options that name it."""
        return {"tls_certificate": str(self.file), "tls_privatekey": str(self.key)}

    @property
    def der(self) -> bytes:
        """As a client sees it."""
        return ssl.PEM_cert_to_DER_cert(self.file.read_text())

    @property
    def text(self) -> bytes:
        return credentials.read(str(self.file), str(self.key))

    def shown(self, trusted: str = "") -> Certificates:
        """As a session has it, to show it to everybody; `trusted` vouches for clients."""
        return Certificates({EVERYBODY: self.text}, trusted)

    def client(self) -> ssl.SSLContext:
        """Of somebody who believes this one and no other."""
        context = ssl.create_default_context(cafile=self.file)
        context.check_hostname = False  # tests call addresses
        return context


def make(
    directory: Path,
    kind: tuple[str, ...] = EC,
    name: str = NAME,
    days: int = 90,
    *,
    names: tuple[str, ...] | None = None,
    more: tuple[str, ...] = (),
) -> Certificate:
    """A new one, which vouches for itself; `kind` is what `openssl req -newkey` takes.

    It stands for `names`, for `name` alone where there are none; `more` is for openssl, too.
    """
    names = (name,) if names is None else names
    directory.mkdir(exist_ok=True)
    made = Certificate(directory / "certificate.pem", directory / "key.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", str(days)),
            *("-subj", f"/CN={name}", *_alternative(names), *more),
            # It is its own authority, and Python 3.13 wants that said.
            *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
            *("-keyout", made.key, "-out", made.file),
        ],
        check=True,
        capture_output=True,
    )
    return made


def _alternative(names: tuple[str, ...]) -> tuple[str, ...]:
    kinds = ("DNS" if name[-1].isalpha() else "IP" for name in names)
    text = ",".join(f"{kind}:{name}" for kind, name in zip(kinds, names, strict=True))
    return ("-addext", f"subjectAltName={text}") if text else ()
