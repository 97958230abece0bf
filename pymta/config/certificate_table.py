"""Several certificates: a file for everybody, or a table of files by who is to see them.

    tls_certificate = "/etc/pymta/fullchain.pem"
    tls_certificate = { "*" = "/etc/pymta/a.pem", "mx.example.org" = "/etc/pymta/b.pem" }

`pymta.tls.which` says what an entry may be called, and which of them counts.
"""

from __future__ import annotations

from ipaddress import ip_address

from pymta.config.addresses import is_host_name
from pymta.config.keyed import read_table
from pymta.config.roles import SMTP, SUBMISSION, SUBMISSIONS, TLS_SUFFIX
from pymta.config.secret import SecretFile
from pymta.dataclass import dataclass
from pymta.tls.which import EVERYBODY

Files = str | dict[str, str]
_ROLES = {SMTP, SUBMISSION, SUBMISSIONS}
_WANTED = (
    f'want "{EVERYBODY}" for everybody else, a name that clients ask for, such as "mx.example.org"'
    ' or "*.example.org", an address of ours, or the role of a socket:'
    f' {SMTP}, {SUBMISSION}, {SUBMISSIONS} or one that ends in "{TLS_SUFFIX}"'
)


@dataclass(frozen=True, slots=True)
class SecretFiles:
    """Marks a setting of this kind; `file` is what such a file is often called."""

    file: str

    def read(self, value: object) -> Files:
        if not isinstance(value, dict):
            return self._one(value)
        return read_table(value, _entry, self._one)

    def _one(self, file: object) -> str:
        if isinstance(file, str):
            return SecretFile(self.file).check(file)
        raise ValueError("want a text in quotes, or a table of such texts")


def table(files: Files) -> dict[str, str]:
    """The setting as a table; one without any file is empty."""
    if isinstance(files, str):
        return {EVERYBODY: files} if files else {}
    return files


def is_name(entry: str) -> bool:
    """Is it one that clients ask for?"""
    return entry != EVERYBODY and not _is_role(entry) and not _is_address(entry)


def _entry(key: str) -> str:
    name = key.lower().removesuffix(".")
    if key == EVERYBODY or _is_role(key):
        return key
    if _is_address(key):
        return str(ip_address(key))
    if is_host_name(name.removeprefix("*.")):
        return name
    raise ValueError(_WANTED)


def _is_role(key: str) -> bool:
    return key in _ROLES or ("." not in key and key.endswith(TLS_SUFFIX))


def _is_address(key: str) -> bool:
    try:
        ip_address(key)
    except ValueError:
        return False
    return True
