"""What settings must fulfil beyond being of the right type, one by one and among themselves.

`check` lists every mistake; `adjust` then silently brings a few numbers into the range in which
they have an effect (ST-06, ST-07).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from pymta.config import databases
from pymta.config.addresses import (
    PortOf,
    is_domain_name,
    is_host_name,
    is_local_part,
    parse_host,
    parse_interface,
    parse_name_server,
    parse_port,
)
from pymta.config.certificate_table import table
from pymta.config.domain_list import parse_domain_item
from pymta.config.held import Held
from pymta.config.immediate import Immediate, parse_queue_file
from pymta.config.journal import Journal
from pymta.config.launch import Launch
from pymta.config.listen import Listen
from pymta.config.log_places import SYSLOG, parse_facility, parse_place
from pymta.config.own_addresses import faults as faults_of_addresses
from pymta.config.own_items import faults as faults_of_items
from pymta.config.periodic import faults as faults_of_runs
from pymta.config.policy_rules import Rules, name_of_place
from pymta.config.policy_rules import faults as faults_of_rules
from pymta.config.policy_tables import faults as faults_of_tables
from pymta.config.process import Process
from pymta.config.retry_rules import parse_rule, parse_rules
from pymta.config.retry_table import parse_line
from pymta.config.secret import example
from pymta.config.selectors import parse_log_port, parse_selector
from pymta.config.settings import Settings
from pymta.config.smarthosts import faults as faults_of_smarthosts
from pymta.config.smarthosts import name_of_place as name_of_smarthost
from pymta.dataclass import dataclass
from pymta.tls.which import EVERYBODY

GidOf = Callable[[str], int]

MOST_CONNECTIONS = 4096  # ST-06
_EXAMPLES = {
    "load_average_file": "/proc/loadavg",
    "pid_file_path": "/run/pymta/pymta.pid",
    "policy_file": "/etc/pymta/policy.py",
    "pymta_path": "/usr/bin/python3",
    "spool_directory": "/srv/pymta/spool",
    "process_log_path": "/run/pymta/process.info",
}
_PROCESS_NAME = re.compile(r"[!-9;-Z^-~]{1,32}")
LONGEST_BANNER = 500  # octets; RFC 5321 s4.5.3.1.5 has 512 for a reply line with code and CRLF


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake in the value of `key`; `item` is the place in its list, None for the whole.

    In tables it is at `place`, and called `name`.
    """

    key: str
    value: object
    wanted: str
    item: int | None = None
    place: tuple[str | int, ...] = ()
    name: str = ""


def check(settings: Settings, port_of: PortOf, gid_of: GidOf, held: Held = Held()) -> list[Fault]:
    """Every mistake in settings of the right types; `held` is what a daemon has that runs."""
    return [
        *_listen(settings.listen, settings.launch, port_of),
        *_tls(settings, port_of, held),
        *_submission(settings, port_of),
        *_auth(settings),
        *_limits(settings),
        *_immediate(settings.immediate),
        *_names(settings),
        *_hosts(settings),
        *_retry(settings.queue.retry),
        *_items("retry_rules", settings.queue.retry_rules, parse_line),
        *_journal(settings.journal),
        *_queue_runs(settings),
        *_file("pid_file_path", settings.process.pid_file_path),
        *_file("process_log_path", settings.process.process_log_path),
        *_file("policy_file", settings.policy_code.policy_file),
        *_file("pymta_path", settings.process.pymta_path),
        *_spool(settings.process, held.spool),
        *_items("admin_groups", settings.control.admin_groups, gid_of),
        *_items("trusted_groups", settings.sendmail.trusted_groups, gid_of),
        *_socket(settings.control.notifier_socket),
        *_policy(settings.policy.policy or {}, settings.routing.tables or {}),
    ]


def adjust(settings: Settings, port_of: PortOf) -> Settings:
    """The settings as they take effect."""
    settings = _resolved(settings, port_of)
    limits = settings.limits
    if limits.smtp_accept_max > MOST_CONNECTIONS - 1:  # ST-06
        limits = replace(limits, smtp_accept_max=MOST_CONNECTIONS)
    if limits.smtp_accept_queue > limits.smtp_accept_max:  # ST-07
        limits = replace(limits, smtp_accept_queue=0)
    return replace(settings, limits=limits)


def _resolved(settings: Settings, port_of: PortOf) -> Settings:
    """Names of ports that many will ask about, as numbers (N-12)."""
    ports = tuple(str(parse_port(t, port_of)) for t in settings.listen.tls_on_connect_ports)
    users = tuple(str(parse_port(t, port_of)) for t in settings.submission.submission_ports)
    return replace(
        settings,
        listen=replace(settings.listen, tls_on_connect_ports=ports),
        submission=replace(settings.submission, submission_ports=users),
    )


def _listen(listen: Listen, launch: Launch, port_of: PortOf) -> Iterator[Fault]:
    ports_key = "-oX" if launch.ports else "daemon_smtp_ports"
    key, where = ("-oX", "-oX data") if launch.interfaces else ("local_interfaces",) * 2  # OX-03
    yield from _items(ports_key, listen.daemon_smtp_ports, lambda t: parse_port(t, port_of))
    faults = list(_items(key, listen.local_interfaces, lambda t: parse_interface(t, where)))
    yield from _items(
        "extra_local_interfaces",
        listen.extra_local_interfaces,
        lambda text: parse_interface(text, "extra_local_interfaces"),
    )
    yield from faults
    if faults:
        return
    wanted = [parse_interface(text) for text in listen.local_interfaces]
    if listen.disable_ipv6:
        wanted = [item for item in wanted if item[0].version == 4]
    if not wanted:  # IF-06
        yield Fault(key, list(listen.local_interfaces), "this leaves nothing to listen on")
    bare = [address for address, port, _ in wanted if not port]
    if bare and not listen.daemon_smtp_ports:  # PT-03
        name = f'"all IPv{bare[0].version}"' if int(bare[0]) == 0 else str(bare[0])
        yield Fault(
            ports_key,
            [],
            f"no port specified for interface {name} and daemon_smtp_port is unset;"
            " cannot start daemon",
        )


def _tls(settings: Settings, port_of: PortOf, held: Held) -> Iterator[Fault]:
    tls, ports = settings.tls, settings.listen.tls_on_connect_ports
    faults = list(_items("tls_on_connect_ports", ports, lambda text: parse_port(text, port_of)))
    yield from faults
    strays = table(tls.tls_privatekey).keys() - table(tls.tls_certificate).keys() - {EVERYBODY}
    for entry in sorted(strays):
        wanted = f'"{entry}" has a key and no certificate; tls_certificate has no such entry'
        yield Fault("tls_privatekey", tls.tls_privatekey, wanted)
    if tls.tls_certificate and EVERYBODY not in tls.pairs:
        wanted = f'want an entry "{EVERYBODY}" for whoever is in no other'
        yield Fault("tls_certificate", tls.tls_certificate, wanted)
    if faults or strays or tls.tls_certificate or any(_submission(settings, port_of)):
        return
    if tls.tls_privatekey:
        wanted = "a key without its certificate; set tls_certificate too"
        yield Fault("tls_privatekey", tls.tls_privatekey, wanted)
        return
    settings = _resolved(settings, port_of)
    for role, port in held.sockets or _own_sockets(settings, port_of):
        if settings.starts_tls(role, port):
            wanted = (
                f"TLS begins at once on port {port}: want a certificate, such as"
                f' "{example("fullchain.pem")}", and tls_privatekey for its key'
            )
            yield Fault("tls_certificate", "", wanted)
            return


def _auth(settings: Settings) -> Iterator[Fault]:
    if settings.auth.auth_external and not settings.tls.authorities:
        wanted = "want tls_try_verify_hosts as well, for those who are asked for a certificate"
        yield Fault("auth_external", list(settings.auth.auth_external), wanted)


def _own_sockets(settings: Settings, port_of: PortOf) -> Iterator[tuple[str, int]]:
    """Role and port of what we would bind; nothing while a mistake stands in the way of that."""
    if not settings.launch.listens or any(_listen(settings.listen, settings.launch, port_of)):
        return
    defaults = [parse_port(text, port_of) for text in settings.listen.daemon_smtp_ports]
    for text in settings.listen.local_interfaces:
        _, port, _ = parse_interface(text)
        yield from (("smtp", one) for one in ([port] if port else defaults))


def _submission(settings: Settings, port_of: PortOf) -> Iterator[Fault]:
    ports = settings.submission.submission_ports
    yield from _items("submission_ports", ports, lambda text: parse_port(text, port_of))


def _limits(settings: Settings) -> Iterator[Fault]:
    limits = settings.limits
    if not limits.smtp_accept_max and (
        limits.smtp_accept_queue or limits.smtp_accept_max_per_host is not None
    ):  # ST-05
        yield Fault(
            "smtp_accept_max",
            0,
            "smtp_accept_max must be set if smtp_accept_queue or smtp_accept_max_per_host is set",
        )
    yield from _file("load_average_file", limits.load_average_file)
    directory = limits.pressure_directory
    if directory and not directory.startswith("/"):
        wanted = 'want an absolute path, such as "/sys/fs/cgroup/system.slice"'
        yield Fault("pressure_directory", directory, wanted)


def _immediate(immediate: Immediate) -> Iterator[Fault]:
    yield from _items("queue_only_file", immediate.queue_only_file, parse_queue_file)
    yield from _items("queue_domains", immediate.queue_domains, parse_domain_item)
    yield from _items("queue_smtp_domains", immediate.queue_smtp_domains, parse_domain_item)


def _queue_runs(settings: Settings) -> Iterator[Fault]:
    for number, word, wanted in faults_of_runs(settings.queue):
        yield Fault("queue_runs", word, wanted, number)


def _names(settings: Settings) -> Iterator[Fault]:
    routing = settings.routing
    want_name = 'want a host name such as "mail.example.org"'
    if not is_host_name(routing.primary_hostname):
        yield Fault("primary_hostname", routing.primary_hostname, want_name)
    domain = _need(is_domain_name, 'want a domain such as "example.org"')
    domain_or_us = _need(
        lambda text: text == "@" or is_domain_name(text),
        'want a domain such as "example.org", or "@" for primary_hostname',
    )
    yield from _items("local_domains", routing.local_domains, domain_or_us)
    yield from _items("relay_to_domains", routing.relay_to_domains, domain)
    if settings.sendmail.qualify_domain:
        yield from _items("qualify_domain", (settings.sendmail.qualify_domain,), domain)
    want_mailbox = (
        "want a mailbox of at most 64 of a-z, 0-9, . _ + - or small letters beyond ASCII, not"
        " starting with . or -"
    )
    yield from _items("local_parts", routing.local_parts, _need(is_local_part, want_mailbox))
    for key, item, value, wanted in (
        *faults_of_addresses(routing, settings.rewriting),
        *faults_of_items(routing, settings.deliver),
    ):
        yield Fault(key, value, wanted, item)
    banner = settings.session.smtp_banner
    if not all(map(_is_banner_line, banner.split("\n"))):
        wanted = f"want lines of at most {LONGEST_BANNER} printable ASCII characters"
        yield Fault("smtp_banner", banner, wanted)


def _is_banner_line(line: str) -> bool:
    return line.isascii() and line.isprintable() and len(line) <= LONGEST_BANNER


def _hosts(settings: Settings) -> Iterator[Fault]:
    routing = settings.routing
    if routing.smarthost:
        yield from _alone("smarthost", routing.smarthost, lambda text: parse_host(text, 25))
    known = routing.tables or {}
    for place, value, wanted in faults_of_smarthosts(routing.smarthosts or {}, known):
        yield Fault("smarthosts", value, wanted, place=place, name=name_of_smarthost(place))
    for place, value, wanted in databases.faults(known):
        yield Fault("tables", value, wanted, place=place, name=databases.name_of_place(place))
    yield from _items("dns_servers", routing.dns_servers, parse_name_server)


def _retry(rules: tuple[str, ...]) -> Iterator[Fault]:
    faults = list(_items("retry", rules, parse_rule))
    yield from faults
    if faults:
        return
    try:
        parse_rules(rules)
    except ValueError as error:
        yield Fault("retry", list(rules), str(error))


def _journal(journal: Journal) -> Iterator[Fault]:
    places = journal.log_file_path
    yield from _items("log_file_path", places, parse_place)
    if len([place for place in places if place != SYSLOG]) > 1:
        yield Fault("log_file_path", list(places), "want one path at most")
    yield from _items("log_selector", journal.log_selector, parse_selector)
    yield from _items("log_ports", journal.log_ports, parse_log_port)
    yield from _alone("syslog_facility", journal.syslog_facility, parse_facility)
    name = journal.syslog_processname
    if not _PROCESS_NAME.fullmatch(name):
        wanted = "want a name of at most 32 printable ASCII characters, without blank, colon or ["
        yield Fault("syslog_processname", name, wanted)


def _policy(rules: Rules, tables: databases.Databases) -> Iterator[Fault]:
    for place, value, wanted in (*faults_of_rules(rules), *faults_of_tables(rules, tables)):
        yield Fault("policy", value, wanted, place=place, name=name_of_place(rules, place))


def _file(key: str, path: str) -> Iterator[Fault]:
    if path and not (path.startswith("/") and path.isprintable() and not path.endswith("/")):
        yield Fault(key, path, f'want an absolute path of a file, such as "{_EXAMPLES[key]}"')


def _spool(process: Process, held: str | None) -> Iterator[Fault]:
    """Messages that wait in the one that a daemon has would be lost to sight in another."""
    key, path = "spool_directory", process.spool_directory
    yield from _file(key, path)
    if held is not None and path != held:
        yield Fault(key, path, f'want "{held}" while the daemon runs; another is taken at a start')
    if process.split_spool_directory:
        yield Fault("split_spool_directory", True, "want false: directories of any size are fast")


def _socket(name: str) -> Iterator[Fault]:
    if name not in {"", "control"}:  # N-22
        wanted = 'want "control", where the commands look for it, or "" for none'
        yield Fault("notifier_socket", name, wanted)


def _items(key: str, items: object, parse: Callable[[str], object]) -> Iterator[Fault]:
    assert isinstance(items, list | tuple)
    for number, item in enumerate(items):
        try:
            parse(item)
        except ValueError as error:
            yield Fault(key, item, str(error), number)


def _alone(key: str, text: str, parse: Callable[[str], object]) -> Iterator[Fault]:
    """A setting that is not a list of such items, but one."""
    for fault in _items(key, [text], parse):
        yield replace(fault, item=None)


def _need(is_good: Callable[[str], bool], wanted: str) -> Callable[[str], None]:
    def parse(text: str) -> None:
        if not is_good(text):
            raise ValueError(wanted)

    return parse
