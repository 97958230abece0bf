"""The password of a login of ours, read when it is used.

Touches: disk.
"""

from __future__ import annotations

from pymta.config.secret_file import read_secret
from pymta.mail.login import Login


def password_of(login: Login) -> str:
    """Nothing, where it needs none.  Raises ValueError with the words for the log."""
    return read_secret(login.secret) if login.secret else ""
