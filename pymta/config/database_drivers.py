"""Is everything there that the databases of the settings need: their packages, their passwords?

Asked by whoever has read settings files and is to serve.

Touches: disk, Python packages.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping

from pymta.config import auth_file
from pymta.config.databases import LDAP, POSTGRESQL, Databases, Place

# Type to module, and what brings it.
_PACKAGES: Mapping[str, tuple[str, str]] = {
    POSTGRESQL: ("psycopg", "psycopg with its binary or libpq, on Debian python3-psycopg"),
    LDAP: ("ldap", "python-ldap, on Debian python3-ldap"),
}


def lacking(type_: str) -> str:
    """Why there can be no table of this type; "" when nothing is in the way."""
    if type_ not in _PACKAGES:
        return ""
    module, what = _PACKAGES[type_]
    try:
        importlib.import_module(module)
    except ImportError as error:
        return f"it needs the Python package {what} ({error})"
    return ""


def unusable(tables: Databases, directory: str | None) -> Iterator[tuple[Place, object, str]]:
    """Where a mistake is, the value there, and what would be right.

    `tables` are right as such; `directory` is as in `pymta.config.auth_file`.
    """
    for name, table in tables.items():
        type_ = table["type"]
        if why := lacking(type_):
            yield (name, "type"), type_, why
        elif type_ == POSTGRESQL and (why := _wrong_server(table["server"])):
            yield (name, "server"), table["server"], why
        secret = table.get("password_file", "")
        if why := auth_file.fault(secret, directory):
            yield (name, "password_file"), secret, why


def _wrong_server(text: str) -> str:
    conninfo = importlib.import_module("psycopg.conninfo")
    try:
        conninfo.conninfo_to_dict(text)
    except Exception as error:  # noqa: BLE001 - psycopg's own, and it is loaded only here
        return " ".join(str(error).split())
    return ""
