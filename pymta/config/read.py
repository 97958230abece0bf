"""From settings files to settings, or every mistake in them at once.

    files -> names and types (schema) -> what must hold among them (check) -> settings

Only commands and the validating child of a reload come here; everybody else loads what was
validated (`generation`).  The DNS is never asked, so a dead name server keeps no daemon down.

Touches: disk, pydantic-core, sockets, accounts, OpenSSL.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from pymta.config import auth_file, database_drivers, databases, report_files, smarthosts
from pymta.config.addresses import PortOf, is_host_name, is_local_part
from pymta.config.certificate_files import CertificateError, read_certificates, read_own
from pymta.config.check import Fault, GidOf, adjust, check
from pymta.config.complaints import Complaint, ConfigError, shown, unknown_name
from pymta.config.groups import gid_of
from pymta.config.held import Held
from pymta.config.launch import Launch
from pymta.config.overrule import overruled
from pymta.config.periodic import runs_default_queue
from pymta.config.policy_files import read_lists
from pymta.config.read_policy_code import UnusableFileError, read_policy_code
from pymta.config.routing import Routing
from pymta.config.schema import names, validate
from pymta.config.secret import credential
from pymta.config.services import port_of
from pymta.config.settings import SUBJECTS, Machine, Settings
from pymta.config.sources import Found, Sources, read_sources
from pymta.config.tls import Tls
from pymta.config.zone import is_zone

_NO_SUCH_FILE = "; want one with a line that nobody can guess, as of `openssl rand -base64 24`"
_TLS = {field.name for field in fields(Tls)}
SERVE_QUEUE_INTERVAL = 60  # seconds; in a terminal there is no timer, and somebody is watching


def read_settings(
    file: Path | None,
    machine: Machine,
    *,
    login: str,
    launch: Launch = Launch(),
    hostname: str | None = None,
    port_of: PortOf = port_of,
    gid_of: GidOf = gid_of,
    held: Held = Held(),
    is_to_serve: bool = True,
    credentials: str | None = "",
) -> Settings:
    """The settings of `file` and its drop-ins (None: the defaults), overruled by `launch`.

    `login` is who started us, a mailbox of the default ones ("" for nobody); `hostname` the name
    of the machine, found when None.  `held` is what a daemon has in hand that is to be reloaded.
    Who does not serve has no use for a certificate or for functions, which are not looked at then.
    `credentials` is the directory where systemd has put them, "" when it has not; None: they are
    for another process than us, and nobody looks for them.

    Raises ConfigError with all mistakes.
    """
    sources = read_sources(file) if file else Sources()
    complaints = list(sources.complaints)
    known = names()
    complaints += [
        _unknown(key, found, known) for key, found in sources.found.items() if key not in known
    ]
    good, faults = validate({k: f.value for k, f in sources.found.items() if k in known})
    name = own_name(socket.gethostname() if hostname is None else hostname)
    values = _defaults(machine, login, good.get("queue_runs", ())) | good
    values["primary_hostname"] = values.get("primary_hostname") or name  # "" says the same as none
    settings = overruled(_compose(values, machine), launch)
    if not sources.complaints:  # what an unreadable file would have said may mend the rest
        wrong = {fault.key for fault in faults}
        if wrong & _TLS:  # certificate and key are judged together
            wrong |= _TLS
        found = (*check(settings, port_of, gid_of, held), *_zone(settings.journal.timezone))
        faults += [fault for fault in found if fault.key not in wrong]
        if is_to_serve:
            wrong = {fault.key for fault in faults}
            faults += _of_files(settings, wrong, held, credentials)
        if is_to_serve and not any(fault.key == "policy_file" for fault in faults):
            settings = _with_policy_code(settings, faults, complaints)
    complaints += [_complaint(fault, sources.found.get(fault.key)) for fault in faults]
    lists: dict[str, list[str]] = {}
    if not any(fault.key == "policy" for fault in faults):
        lists, unusable = read_lists(settings.policy.policy or {})
        complaints += unusable
    if not any(fault.key in report_files.OPTIONS for fault in faults):
        complaints += report_files.report_complaints(settings.queue)
    if complaints:
        raise ConfigError(_in_order(complaints))
    return adjust(_with_lists(_with_groups(settings, gid_of), lists), port_of)


def _of_files(
    settings: Settings, wrong: Collection[str], held: Held, directory: str | None
) -> Iterator[Fault]:
    """What is wrong with the files that whoever serves needs; those of a setting that is `wrong`
    itself are not looked at.
    """
    routing = settings.routing
    if _TLS.isdisjoint(wrong):
        yield from _unusable(settings.tls, held, directory)
    key, value = "auth_password_file", settings.auth.auth_password_file
    if key not in wrong and (why := auth_file.fault(value, directory, auth_file.ACCOUNTS)):
        yield Fault(key, value, why)
    if "smarthosts" not in wrong:
        yield from _passwords(routing.smarthosts or {}, directory)
        yield from _own_certificates(routing.smarthosts or {}, directory)
    if "srs_secrets" not in wrong:
        yield from _secrets(routing.srs_secrets, directory)
    if "tables" not in wrong:
        yield from _databases(routing.tables or {}, directory)


def _unusable(tls: Tls, held: Held, directory: str | None) -> list[Fault]:
    """What is wrong with the files of the certificate, as we see them."""
    # What it read as root, it still has.
    is_held = held.tls is not None and tls.pairs == held.tls.pairs
    return [
        Fault(error.key, error.value, error.why)
        for error in read_certificates(tls, directory).errors
        if not (error.is_denied and is_held)
    ]


def _passwords(tables: smarthosts.Tables, directory: str | None) -> Iterator[Fault]:
    """What is wrong with the files of passwords at other hosts."""
    for name, table in tables.items():
        value, place = table.get("password_file", ""), (name, "password_file")
        if why := auth_file.fault(value, directory):
            called = smarthosts.name_of_place(place)
            yield Fault("smarthosts", value, why, place=place, name=called)


def _own_certificates(tables: smarthosts.Tables, directory: str | None) -> Iterator[Fault]:
    """What is wrong with those that other hosts are shown."""
    for name, found in read_own(tables, directory).items():
        if isinstance(found, CertificateError):
            place = (name, found.key)
            called = smarthosts.name_of_place(place)
            yield Fault("smarthosts", found.value, found.why, place=place, name=called)


def _secrets(names: tuple[str, ...], directory: str | None) -> Iterator[Fault]:
    for number, value in enumerate(names):
        if why := auth_file.fault(value, directory, _NO_SUCH_FILE):
            yield Fault("srs_secrets", value, why, number)


def _databases(tables: databases.Databases, directory: str | None) -> Iterator[Fault]:
    for place, value, wanted in database_drivers.unusable(tables, directory):
        yield Fault("tables", value, wanted, place=place, name=databases.name_of_place(place))


def has_credentials(settings: Settings) -> bool:
    """Do they name what only the unit of the daemon can see?"""
    files = [name for pair in settings.tls.pairs.values() for name in pair]
    keys = ("password_file", "tls_certificate", "tls_privatekey")
    for tables in (settings.routing.smarthosts, settings.routing.tables):
        files += [str(table.get(key, "")) for table in (tables or {}).values() for key in keys]
    return any(map(credential, (*files, *settings.routing.srs_secrets)))


def _with_policy_code(
    settings: Settings, faults: list[Fault], complaints: list[Complaint]
) -> Settings:
    """What is wrong with the file, or in it, is added to the lists."""
    path = settings.policy_code.policy_file
    try:
        return replace(settings, policy_source=read_policy_code(path))
    except UnusableFileError as error:
        faults.append(Fault("policy_file", path, str(error)))
    except ConfigError as error:
        complaints.extend(error.complaints)
    return settings


def _defaults(machine: Machine, login: str, queue_runs: Sequence[str]) -> dict[str, Any]:
    """Defaults that depend on the machine and on who started us."""
    made: dict[str, Any] = {}
    mailboxes = Routing().local_parts
    if is_local_part(login.lower()) and login.lower() not in mailboxes:
        made["local_parts"] = (*mailboxes, login.lower())
    if machine.in_terminal:
        port = machine.serve_port
        made["local_interfaces"] = (f"[127.0.0.1]:{port}", f"[::1]:{port}")
        made["daemon_smtp_ports"] = (str(port),)
        made["daemon_startup_retries"] = 0
        made["alias_file"] = ()  # the machine's aliases lead to mailboxes that are not here
        if (own := own_certificate(machine.state_directory)).exists():
            made["tls_certificate"] = str(own)
        if not runs_default_queue(queue_runs):
            made["queue_run_interval"] = SERVE_QUEUE_INTERVAL
    return made


def own_certificate(state: str) -> Path:
    """The one that `pymta serve` makes, where settings name none."""
    return Path(state, "tls", "self-signed.pem")


def own_name(hostname: str) -> str:
    """The name of the machine, or one that is never wrong when it has none that mail can use."""
    name = hostname.rstrip(".").lower()
    return name if is_host_name(name) else "localhost"


def _with_groups(settings: Settings, gid_of: GidOf) -> Settings:
    """Looked up here, because the supervisor never waits for a directory of accounts."""
    gids = tuple(gid_of(name) for name in settings.control.admin_groups)
    trusted = tuple(gid_of(name) for name in settings.sendmail.trusted_groups)
    machine = replace(settings.machine, admin_gids=gids, trusted_gids=trusted)
    return replace(settings, machine=machine)


def _with_lists(settings: Settings, lists: dict[str, list[str]]) -> Settings:
    return replace(settings, machine=replace(settings.machine, policy_lists=lists))


def _zone(name: str) -> Iterator[Fault]:
    if name and not is_zone(name):
        wanted = 'want a time zone that this machine knows, such as "UTC" or "Europe/Berlin"'
        yield Fault("timezone", name, wanted)


def _compose(values: Mapping[str, Any], machine: Machine) -> Settings:
    """Each value into the subject that its name belongs to."""
    belongs = names()
    subjects = {
        subject: type_(**{k: v for k, v in values.items() if belongs[k] == subject})
        for subject, type_ in SUBJECTS.items()
    }
    return Settings(**subjects, machine=machine)


def _unknown(key: str, found: Found, known: Mapping[str, str]) -> Complaint:
    wanted = unknown_name(key, known, is_table=isinstance(found.value, dict))
    return Complaint(found.file, found.line(), key, "", wanted)


def _complaint(fault: Fault, found: Found | None) -> Complaint:
    if found is None:
        return Complaint("", 0, fault.key, shown(fault.value), fault.wanted)
    place = fault.place if fault.item is None else (fault.item,)
    value = "" if fault.name and fault.value == "" else shown(fault.value)
    return Complaint(found.file, found.line(*place), fault.name or found.name, value, fault.wanted)


def _in_order(complaints: Iterable[Complaint]) -> list[Complaint]:
    return sorted(complaints, key=lambda one: (one.file, one.line))
