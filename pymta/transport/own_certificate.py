"""A certificate of ours with its key, read when it is shown: a renewed one needs no reload.

Touches: disk, OpenSSL.
"""

from __future__ import annotations

import os

from pymta.config.secret import VARIABLE, path_of
from pymta.mail.login import OwnCertificate
from pymta.tls import credentials
from pymta.tls.credentials import CredentialsError


def read_own(own: OwnCertificate) -> bytes:
    """As `pymta.tls.client` wants it.  Raises ValueError with the words for the log."""
    directory = os.environ.get(VARIABLE, "")
    certificate, key = (path_of(name, directory) for name in (own.certificate, own.key))
    try:
        return credentials.read(certificate, key)
    except CredentialsError as error:
        raise ValueError(str(error)) from None
