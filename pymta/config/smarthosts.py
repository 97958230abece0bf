"""Hosts that take mail for others: which of them for whose mail, and how we log in there.

    [smarthosts.provider]
    hosts = ["smtp.provider.example:587"]
    senders = ["example.org", "alice@example.net"]
    login = "alice"
    password_file = "credential:tls_provider"

    [smarthosts.direct]                # no hosts: straight to those whom the DNS names
    domains = ["partner.example"]

The first whose `senders` and `domains` both hold takes the message for that recipient; a list that
is not there holds for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from pymta.config.address_list import AddressList, parse_address_item
from pymta.config.addresses import parse_host
from pymta.config.domain_list import DomainList, parse_domain_item
from pymta.config.policy_tables import parse_address_table
from pymta.config.remote_tls import NONE, VERIFY, parse_tls
from pymta.config.secret import SecretFile
from pymta.config.similar import similar
from pymta.config.table_name import unknown_databases
from pymta.dataclass import dataclass
from pymta.mail.host import SMTP_PORT
from pymta.mail.login import Login, OwnCertificate

SUBMISSIONS_PORT = 465  # TLS begins before the greeting (RFC 8314 s3.3)
MECHANISMS = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN", "EXTERNAL")
LONGEST_NAME = 255  # octets of a login

Place = tuple[str | int, ...]  # below the setting, as `pymta.config.place` has it
Tables = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SmarthostTables:
    """Marks tables by name; what is in them `faults` judges, so that each mistake is told."""

    def read(self, value: object) -> object:
        if isinstance(value, dict) and all(isinstance(table, dict) for table in value.values()):
            return value
        raise ValueError("want tables such as [smarthosts.provider]")


@dataclass(frozen=True, slots=True)
class Smarthost:
    """One that is right.  `hosts` none: those whom the DNS names for the recipient.

    Whose mail it takes, and to whom, `senders` and `domains` say, or the tables that `senders_in`
    and `domains_in` name; where there is neither, everybody's.
    """

    name: str = ""
    hosts: tuple[str, ...] = ()
    senders: AddressList | None = None
    domains: DomainList | None = None
    by_mx: bool = False
    tls: str = ""
    tls_on_connect: bool = False
    login: Login | None = None
    own: OwnCertificate | None = None
    senders_in: tuple[str, ...] = ()
    domains_in: tuple[str, ...] = ()


OPTIONS: Mapping[str, str] = {
    "hosts": "who takes the mail, one after another until one does: host, host:port, or an address;"
    " none, or an empty list: the hosts that the DNS names for the recipient's domain",
    "senders": "whose mail: a list of addresses as in policy, of envelope senders",
    "domains": "mail to these domains: a list such as that of local_domains with"
    ' "*.example.org", "!example.net" and "*"',
    "senders_in": "whose mail, in place of senders or besides: tables, named as alias_file names"
    " its own, of addresses, or of @example.org for all of a domain",
    "domains_in": "mail to these domains, in place of domains or besides: tables of @example.org",
    "mx": "true: for the names in hosts the DNS is asked for mail hosts, not for addresses; where"
    ' its answer is not signed, tls = "verify" takes those below that name, and others by their'
    ' names, as "verify smtp.provider.example"',
    "tls": 'as in remote_tls; "verify" where there is a login or tls_certificate, and else what'
    " remote_tls says of the host",
    "tls_on_connect": "true: TLS begins before the greeting; so it does where nothing is said and"
    " all of the ports are 465",
    "login": "as whom we log in there",
    "password_file": 'what holds the password: an absolute path, or "credential:NAME"',
    "mechanisms": "of those that we know, which may be used, the best first; none: all",
    "tls_certificate": "our own in PEM form, with those that vouch for it, for a host that asks for"
    ' one: an absolute path, or "credential:NAME"; with login and mechanisms = ["EXTERNAL"] it is'
    " the login, and a host that only wants to see it needs neither",
    "tls_privatekey": "its key; where there is none, it stands in the file of the certificate",
    "login_in_clear": "true: log in also where nothing keeps others from reading along",
}


def read_smarthosts(tables: Tables, ourselves: str) -> tuple[Smarthost, ...]:
    """In the order in which they are asked; `ourselves` is what "@" stands for."""
    return tuple(_read(name, table, ourselves) for name, table in tables.items())


def only(host: str) -> Smarthost:
    """One host, for everything."""
    return Smarthost(hosts=(host,), tls_on_connect=_is_on_connect((host,)))


def _read(name: str, table: Mapping[str, Any], ourselves: str) -> Smarthost:
    hosts = tuple(table.get("hosts", ()))
    login = table.get("login", "")
    return Smarthost(
        name,
        hosts,
        AddressList(table["senders"], ourselves) if "senders" in table else None,
        DomainList(table["domains"], ourselves) if "domains" in table else None,
        table.get("mx", False),
        table.get("tls", VERIFY if login or "tls_certificate" in table else ""),
        table.get("tls_on_connect", _is_on_connect(hosts)),
        _login(login, table) if login else None,
        own_certificate(table),
        tuple(table.get("senders_in", ())),
        tuple(table.get("domains_in", ())),
    )


def own_certificate(table: Mapping[str, Any]) -> OwnCertificate | None:
    """That of one table."""
    if "tls_certificate" not in table:
        return None
    return OwnCertificate(table["tls_certificate"], table.get("tls_privatekey", ""))


def _login(name: str, table: Mapping[str, Any]) -> Login:
    return Login(
        name,
        table.get("password_file", ""),
        tuple(table.get("mechanisms", ())),
        may_go_in_clear=table.get("login_in_clear", False),
    )


def _is_on_connect(hosts: tuple[str, ...]) -> bool:
    return bool(hosts) and all(port == SUBMISSIONS_PORT for port in _ports(hosts))


def _ports(hosts: Iterable[str]) -> list[int]:
    return [parse_host(text, SMTP_PORT)[1] for text in hosts]


def faults(tables: Tables, databases: Collection[str] = ()) -> Iterator[tuple[Place, object, str]]:
    """Where a mistake is, the value there, and what would be right.

    `databases` are the names of those that there are.
    """
    for name, table in tables.items():
        for item, text, wanted in unknown_databases(table, _TABLES, databases):
            yield (name, *item), text, wanted
        for place, value, wanted in _faults_of(table):
            yield (name, *place), value, wanted


def name_of_place(place: Place) -> str:
    """As an operator finds it: ``smarthosts.provider.hosts``."""
    return ".".join(("smarthosts", *(part for part in place if isinstance(part, str))))


def _faults_of(table: Mapping[str, Any]) -> Iterator[tuple[Place, object, str]]:
    for key, value in table.items():
        if key not in OPTIONS:
            yield (key,), "", _unknown(key)
        elif key in _LISTS:
            yield from _faults_of_list(key, value)
        elif key in {"mx", "tls_on_connect", "login_in_clear"}:
            if not isinstance(value, bool):
                yield (key,), value, "want true or false"
        elif not isinstance(value, str):
            yield (key,), value, "want a text in quotes"
        elif wanted := _said(_TEXTS[key], value):
            yield (key,), value, wanted
    yield from _faults_among(table)


def _faults_of_list(key: str, value: object) -> Iterator[tuple[Place, object, str]]:
    if not isinstance(value, list) or (not value and key != "hosts"):
        yield (key,), value, 'want a list such as ["a", "b"]'
        return
    for number, item in enumerate(value):
        wanted = "want a text in quotes" if not isinstance(item, str) else _said(_LISTS[key], item)
        if wanted:
            yield (key, number), item, wanted


def _faults_among(table: Mapping[str, Any]) -> Iterator[tuple[Place, object, str]]:
    hosts = table.get("hosts", [])
    of_a_host = [key for key in OPTIONS if key in table and key not in {"hosts", *_WHOSE}]
    if not hosts and of_a_host:
        yield (of_a_host[0],), table[of_a_host[0]], "want hosts as well: nothing else has use of it"
        return
    if "password_file" in table and not table.get("login"):
        yield (
            ("password_file",),
            table["password_file"],
            "want login as well: whose password is it?",
        )
    if "tls_privatekey" in table and "tls_certificate" not in table:
        wanted = "want tls_certificate as well: whose key is it?"
        yield ("tls_privatekey",), table["tls_privatekey"], wanted
    mechanisms = table.get("mechanisms")
    is_external = isinstance(mechanisms, list) and "EXTERNAL" in mechanisms
    if is_external and "tls_certificate" not in table:
        yield ("mechanisms",), mechanisms, "want tls_certificate as well: EXTERNAL is a login by it"
    if table.get("tls") == NONE and "tls_certificate" in table:
        yield ("tls",), table["tls"], "want another: a certificate is shown in TLS alone"
    needs_password = table.get("mechanisms") != ["EXTERNAL"]
    if table.get("login") and not table.get("password_file") and needs_password:
        yield ("login",), table["login"], "want password_file as well"
    if "tls_on_connect" in table or not isinstance(hosts, list):
        return
    if all(isinstance(text, str) and not _said(_host, text) for text in hosts):
        ports = set(_ports(hosts))
        if len(ports) > 1 and SUBMISSIONS_PORT in ports:
            wanted = "want tables of their own for port 465, where TLS begins at once, and others"
            yield ("hosts",), hosts, wanted


def _said(parse: Callable[[str], object], text: str) -> str:
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return ""


def _host(text: str) -> None:
    parse_host(text, SMTP_PORT)


def _mechanism(text: str) -> None:
    if text not in MECHANISMS:
        raise ValueError(f"want one of {', '.join(MECHANISMS)}")


def _login_name(text: str) -> None:
    if not text or len(text.encode()) > LONGEST_NAME or not text.isprintable():
        raise ValueError("want the name of an account, in printable characters")


def _password_file(text: str) -> None:
    SecretFile("provider").check(text)


def _certificate_file(text: str) -> None:
    if not text:
        raise ValueError("want a file, or a credential; or leave it out")
    SecretFile("provider.pem").check(text)


_TABLES = ("senders_in", "domains_in")
_WHOSE = ("senders", "domains", *_TABLES)
_LISTS: Mapping[str, Callable[[str], object]] = {
    "hosts": _host,
    "senders": parse_address_item,
    "domains": parse_domain_item,
    **dict.fromkeys(_TABLES, parse_address_table),
    "mechanisms": _mechanism,
}
_TEXTS: Mapping[str, Callable[[str], object]] = {
    "tls": parse_tls,
    "login": _login_name,
    "password_file": _password_file,
    "tls_certificate": _certificate_file,
    "tls_privatekey": _certificate_file,
}


def _unknown(key: str) -> str:
    close = similar(key, OPTIONS)
    if close:
        return f"no such key; did you mean {close}?"
    return f"no such key; there are {', '.join(OPTIONS)}"
