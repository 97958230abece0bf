"""Tables that are databases: how each is reached, and what it is asked.

    [tables.people]
    type = "sqlite"
    file = "/srv/mail/people.sqlite"
    query = "SELECT target FROM aliases WHERE address = :key"

    [tables.staff]
    type = "ldap"
    server = "ldaps://ldap.example.org"
    base = "ou=people,dc=example,dc=org"
    filter = "(mail=:key)"
    attribute = "mailRoutingAddress"

In a query, and in the filter of a directory, ``:key`` stands for what is looked up, as
``alice@example.org``, and ``:local_part`` and ``:domain`` for its parts.  They are given to the
database beside the query, or escaped, so what a stranger writes into an address is never part of
it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pymta.config.duration import parse_duration
from pymta.config.secret import SecretFile
from pymta.config.similar import similar
from pymta.dataclass import dataclass

SQLITE, POSTGRESQL, LDAP = "sqlite", "postgresql", "ldap"
TYPES = (SQLITE, POSTGRESQL, LDAP)
SCOPES = ("sub", "one", "base")
VALUES = ("key", "local_part", "domain")  # what a query may ask with
# Not behind a colon or a word: x::text and a[1:n] are SQL.
PLACEHOLDER = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")
LONGEST_QUERY = 10_000  # characters
LONGEST_TIMEOUT = 60  # seconds; the client waits meanwhile
DEFAULT_TIMEOUT = 5
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REMOTE = (POSTGRESQL, LDAP)
_SECRET = re.compile(r"\bpassword\s*=|://[^/@]*:[^/@]*@", re.IGNORECASE)
_LDAP_URI = re.compile(r"(?:ldaps?://[^\s/?#@]+/?|ldapi://[^\s/?#@]*/?)")
_OPEN = re.compile(r"ldap://(?!(?:localhost|127\.[0-9.]+|\[::1\])(?:[:/]|$))")
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]*")

Place = tuple[str | int, ...]  # below the setting, as `pymta.config.place` has it
Databases = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class DatabaseTables:
    """Marks tables by name; what is in them `faults` judges, so that each mistake is told."""

    def read(self, value: object) -> object:
        if isinstance(value, dict) and all(isinstance(table, dict) for table in value.values()):
            return value
        raise ValueError("want tables such as [tables.people]")


@dataclass(frozen=True, slots=True)
class Option:
    """`types` are those that have it, `needed` those that must.

    `check` looks at a text, and raises ValueError; `is_flag`: it is true or false.
    """

    meaning: str
    check: Callable[[str], object]
    types: tuple[str, ...] = TYPES
    needed: tuple[str, ...] = ()
    is_flag: bool = False


def timeout_of(table: Mapping[str, Any], key: str) -> int:
    """Seconds."""
    return parse_duration(table[key]) if key in table else DEFAULT_TIMEOUT


def faults(tables: Databases) -> Iterator[tuple[Place, object, str]]:
    """Where a mistake is, the value there, and what would be right."""
    for name, table in tables.items():
        if not _NAME.fullmatch(name):
            yield (name,), name, "want a name of at most 64 of a-z, 0-9, _ and -"
        for place, value, wanted in _faults_of(table):
            yield (name, *place), value, wanted


def name_of_place(place: Place) -> str:
    """As an operator finds it: ``tables.people.query``."""
    return ".".join(("tables", *(part for part in place if isinstance(part, str))))


def _faults_of(table: Mapping[str, Any]) -> Iterator[tuple[Place, object, str]]:
    type_ = table.get("type")
    if type_ not in TYPES:
        place = ("type",) if "type" in table else ()
        yield place, table.get("type", ""), f"want type = {_quoted(TYPES)}"
        return
    for key, value in table.items():
        option = OPTIONS.get(key)
        if option is None or type_ not in option.types:
            yield (key,), "", _unknown(key, type_)
        elif option.is_flag:
            if not isinstance(value, bool):
                yield (key,), value, "want true or false"
        elif not isinstance(value, str):
            yield (key,), value, "want a text in quotes"
        elif wanted := _said(_SERVERS[type_] if key == "server" else option.check, value):
            shown = "" if key == "server" and _SECRET.search(value) else value
            yield (key,), shown, wanted
    for key, option in OPTIONS.items():
        if type_ in option.needed and key not in table:
            yield (), "", f"want {key} as well: {option.meaning}"
    yield from _faults_of_login(table)


def _faults_of_login(table: Mapping[str, Any]) -> Iterator[tuple[Place, object, str]]:
    login = table.get("login")
    if "password_file" in table and not login:
        wanted = "want login as well: whose password is it?"
        yield ("password_file",), table["password_file"], wanted
    if not login or table["type"] != LDAP:
        return
    if "password_file" not in table:  # it would be no login at all (RFC 4513 s5.1.2)
        yield ("login",), login, "want password_file as well"
    is_open = any(map(_OPEN.match, str(table.get("server", "")).split()))
    if is_open and not table.get("starttls"):
        wanted = "want starttls = true as well, or ldaps://: anybody on the way could read along"
        yield ("login",), login, wanted


def _unknown(key: str, type_: str) -> str:
    known = [name for name, option in OPTIONS.items() if type_ in option.types]
    if key in OPTIONS:
        return f"a table of type {type_} has no such key; there are {', '.join(known)}"
    close = similar(key, known)
    if close:
        return f"no such key; did you mean {close}?"
    return f"no such key; there are {', '.join(known)}"


def _said(check: Callable[[str], object], text: str) -> str:
    try:
        check(text)
    except ValueError as error:
        return str(error)
    return ""


def _quoted(words: tuple[str, ...]) -> str:
    return " or ".join(f'"{word}"' for word in words)


def _anything(_: str) -> None:
    """It is looked at elsewhere, or by whoever is asked."""


def _check_file(text: str) -> None:
    if not (text.startswith("/") and text.isprintable() and not text.endswith("/")):
        raise ValueError('want an absolute path of a file, such as "/srv/mail/people.sqlite"')


def _check_query(text: str) -> None:
    named = set(PLACEHOLDER.findall(text))
    if wrong := named - set(VALUES):
        raise ValueError(f"no such value :{min(wrong)}; there are :{', :'.join(VALUES)}")
    if not named:
        raise ValueError("want :key in it, or :local_part and :domain: what is looked up?")
    if len(text) > LONGEST_QUERY or "\0" in text:
        raise ValueError(f"want at most {LONGEST_QUERY} characters, and no NUL")


def _check_postgresql(text: str) -> None:
    if _SECRET.search(text):
        raise ValueError("want the password in a file that password_file names")
    if "\0" in text or not text.strip():
        raise ValueError('want a connection such as "host=/run/postgresql dbname=mail"')


def _check_ldap(text: str) -> None:
    if not text.split() or not all(map(_LDAP_URI.fullmatch, text.split())):
        raise ValueError('want "ldaps://ldap.example.org", "ldap://…" or "ldapi:///"')


def _check_filter(text: str) -> None:
    _check_query(text)
    depth = [text[: n + 1].count("(") - text[: n + 1].count(")") for n in range(len(text))]
    if not text.startswith("(") or depth[-1] or 0 in depth[:-1]:
        raise ValueError('want a filter in brackets, such as "(mail=:key)" (RFC 4515)')


def _check_attribute(text: str) -> None:
    if not _ATTRIBUTE.fullmatch(text):
        raise ValueError('want the name of one attribute, such as "mail"')


def _check_scope(text: str) -> None:
    if text not in SCOPES:
        raise ValueError(f"want {_quoted(SCOPES)}")


def _check_login(text: str) -> None:
    if not text or not text.isprintable():
        raise ValueError("want the name of an account, in printable characters")


def _check_secret(text: str) -> None:
    SecretFile("database").check(text)


def _check_timeout(text: str) -> None:
    if not 1 <= parse_duration(text) <= LONGEST_TIMEOUT:
        raise ValueError(f'want a time from "1s" to "{LONGEST_TIMEOUT}s"')


_SERVERS: Mapping[str, Callable[[str], object]] = {
    SQLITE: _anything,
    POSTGRESQL: _check_postgresql,
    LDAP: _check_ldap,
}
OPTIONS: Mapping[str, Option] = {
    "type": Option(_quoted(TYPES), _anything, needed=TYPES),
    "file": Option(
        "the absolute path of the file, which is only read", _check_file, (SQLITE,), (SQLITE,)
    ),
    "query": Option(
        "the SELECT that finds what stands behind :key; the first column of each row counts, NULL"
        " says nothing, and several rows are several targets",
        _check_query,
        (SQLITE, POSTGRESQL),
        (SQLITE, POSTGRESQL),
    ),
    "server": Option(
        "where it is: a connection as psql(1) takes it, such as"
        ' "host=/run/postgresql dbname=mail", or URIs of a directory, one after another until one'
        ' answers, such as "ldaps://ldap1.example.org ldaps://ldap2.example.org"',
        _anything,
        _REMOTE,
        _REMOTE,
    ),
    "base": Option("the entry at or below which is looked", _anything, (LDAP,), (LDAP,)),
    "filter": Option(
        'the filter that finds entries, such as "(&(objectClass=inetOrgPerson)(mail=:key))"',
        _check_filter,
        (LDAP,),
        (LDAP,),
    ),
    "attribute": Option(
        "what of an entry counts; each value is a target, and an entry without it says nothing",
        _check_attribute,
        (LDAP,),
        (LDAP,),
    ),
    "scope": Option(
        'how far below the base is looked: "sub", all of it, as where nothing is said, "one" level,'
        ' or "base", that entry alone',
        _check_scope,
        (LDAP,),
    ),
    "login": Option("as whom we log in there: a role, or a DN", _check_login, _REMOTE),
    "password_file": Option(
        'what holds its password: an absolute path, or "credential:NAME"', _check_secret, _REMOTE
    ),
    "starttls": Option(
        "true: with ldap://, TLS begins before anything is asked; the certificate must be right",
        _anything,
        (LDAP,),
        is_flag=True,
    ),
    "tls_certificates": Option(
        "who vouches for the certificate, a file in PEM form; those of ldap.conf(5) where nothing"
        " is said",
        _check_file,
        (LDAP,),
    ),
    "connect_timeout": Option(
        "how long it may take to reach a server and to log in; 5s where nothing is said",
        _check_timeout,
        _REMOTE,
    ),
    "query_timeout": Option(
        'how long one question may take, such as "10s"; 5s where nothing is said', _check_timeout
    ),
}
