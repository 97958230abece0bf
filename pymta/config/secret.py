"""How settings name a secret, such as a key: never by what is in it, so that settings may be shown.

    credential:tls_privkey.pem    what systemd hands over to the unit (LoadCredential= and its like,
                                  systemd.exec(5)); root alone can read where it came from
    /etc/pymta/privkey.pem        a file that the account of the daemon can read itself

Where a credential lies differs from unit to unit, and systemd says it in $CREDENTIALS_DIRECTORY.
"""

from __future__ import annotations

import re

from pymta.dataclass import dataclass

PREFIX = "credential:"
VARIABLE = "CREDENTIALS_DIRECTORY"
TLS_DIRECTORY = "/etc/pymta/tls"  # of LoadCredential=tls:… in the units that we ship
_TLS_NAME = "tls_"  # what systemd puts before the name of a file from there
_CREDENTIALS = "/run/credentials/"
# What systemd takes as a name: that of a file, without a colon, in ASCII.
_NAME = re.compile(r"(?!\.\.?$)[!-.0-9;-~][ -.0-9;-~]{0,253}")


@dataclass(frozen=True, slots=True)
class SecretFile:
    """Marks a setting that names a secret; `file` is what it is often called.  "" names none."""

    file: str

    def check(self, value: str) -> str:
        if value:
            _check(value, self.file)
        return value


def credential(value: str) -> str:
    """The name of a credential; "" where a file is named, or nothing."""
    return value.removeprefix(PREFIX) if value.startswith(PREFIX) else ""


def source(name: str) -> str:
    """The file behind a credential that the shipped units load; "" for another one."""
    file = name.removeprefix(_TLS_NAME)
    return f"{TLS_DIRECTORY}/{file}" if file and file != name else ""


def path_of(value: str, directory: str) -> str:
    """The file to read; `directory` is what $CREDENTIALS_DIRECTORY says, "" when nothing.

    Raises ValueError with the words for the operator.
    """
    name = credential(value)
    if not name:
        return value
    if not directory:
        raise ValueError(
            f"${VARIABLE} is not set: credentials are for what systemd starts, by a unit with"
            " LoadCredential=; want an absolute path of a file that the daemon can read"
        )
    return f"{directory}/{name}"


def missing(name: str, *, has_source_directory: bool) -> str:
    """Why there is no credential of this name, and what would bring it."""
    text = "systemd handed over no such credential"
    if not (file := source(name)):
        return f"{text}; want a LoadCredential= for it in the unit"
    if has_source_directory:
        return f"{text}; {file} was not there when the unit started, for its LoadCredential="
    return f"{text}; there is no directory {TLS_DIRECTORY}, whose files LoadCredential= brings"


def _check(value: str, file: str) -> None:
    if value.startswith(_CREDENTIALS):
        name = value.rpartition("/")[2]
        raise ValueError(f'want "{PREFIX}{name}"; where it lies differs from unit to unit')
    if value.startswith(PREFIX):
        if not _NAME.fullmatch(credential(value)):
            raise ValueError(f'want the name of one credential, such as "{example(file)}"')
    elif not (value.startswith("/") and value.isprintable() and not value.endswith("/")):
        raise ValueError(
            f'want an absolute path of a file, or "{example(file)}" for {TLS_DIRECTORY}/{file}'
        )


def example(file: str) -> str:
    return f"{PREFIX}{_TLS_NAME}{file}"
