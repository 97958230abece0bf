"""The host around us: clock, name servers, journal, and other mail programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from datetime import UTC, datetime

from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.doctor.finding import Finding, fault, note
from pymta.mail.caller import Address
from pymta.resolver.answer import Answer, Failed, Found, Nothing

SLOW = 1.0  # seconds for one answer that usually takes thousandths
LOCAL_SOCKET = "/run/pymta/submit"
_NAME_FOR_CRON = "pymta-sendmail"


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds since the epoch; `built` is when this program was made, so no clock is before it."""

    now: float
    built: float
    is_synchronized: bool = True


@dataclass(frozen=True, slots=True)
class NameServer:
    """`seconds` until it answered our own name; None: it did not, and `why`."""

    address: str
    seconds: float | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Dns:
    """`own` is the answer about primary_hostname; `reverse` what its addresses are called."""

    servers: tuple[NameServer, ...] = ()
    own: Answer[Address] = field(default_factory=Nothing)
    reverse: tuple[tuple[Address, Answer[str]], ...] = ()


@dataclass(frozen=True, slots=True)
class Machine:
    """`is_persistent`: the journal outlives a boot, None where there is none.

    `sendmail` is where /usr/sbin/sendmail leads, "" when there is none.
    `takes_local_mail`: somebody listens where it hands in mail.
    `stranger` has our port and is not ours: "" for nobody.
    """

    clock: Clock
    dns: Dns = field(default_factory=Dns)
    is_persistent: bool | None = None
    sendmail: str = ""
    takes_local_mail: bool = True
    stranger: str = ""
    port: int = 25


def findings(found: Machine, settings: Settings) -> Iterator[Finding]:
    yield from _clock(found.clock)
    yield from _dns(found.dns, settings)
    if found.is_persistent is False and not settings.journal.log_path:
        yield note(
            "journal-volatile",
            "journal",
            "is in memory: what became of a message is forgotten at the next boot",
            "mkdir /var/log/journal, then systemctl restart systemd-journald",
        )
    if found.sendmail and found.sendmail.rpartition("/")[2] != _NAME_FOR_CRON:
        yield note(
            "other-sendmail",
            "/usr/sbin/sendmail",
            f"is {found.sendmail}: mail of cron and its like goes there, and not through pymta",
            "packaging/install --replace-sendmail puts ours in its place",
        )
    elif found.sendmail and not found.takes_local_mail:
        yield fault(
            "sendmail-dead",
            LOCAL_SOCKET,
            "has nobody who listens: sendmail tries for a while, and then mail of cron is lost",
            "systemctl enable --now pymta-local.socket, or without socket units"
            f' local_socket = "{LOCAL_SOCKET}"',
        )
    if found.stranger:
        yield fault(
            "port-taken",
            f"port {found.port}",
            f"belongs to {found.stranger}",
            "stop that, and see that it does not come back: systemctl disable --now",
        )


def _clock(clock: Clock) -> Iterator[Finding]:
    if clock.now < clock.built:
        now, built = (datetime.fromtimestamp(t, UTC).date() for t in (clock.now, clock.built))
        text = f"says {now}, and this program was made on {built}: retry times and dates are wrong"
        yield fault("clock-wrong", "clock", text, "timedatectl set-ntp true")
    elif not clock.is_synchronized:
        text = "is not kept right by any other one: retry times and dates of mail drift with it"
        yield note("clock-unsynchronized", "clock", text, "timedatectl set-ntp true")


def _dns(dns: Dns, settings: Settings) -> Iterator[Finding]:
    where = "dns_servers" if settings.routing.dns_servers else "/etc/resolv.conf"
    if not dns.servers:
        text = "no name server is known: nothing can be sent to other hosts"
        yield fault("dns-none", where, text, 'nameserver ADDRESS, or dns_servers = ["ADDRESS"]')
        return
    dead = [one for one in dns.servers if one.seconds is None]
    is_dead = len(dead) == len(dns.servers)
    for one in dead:
        what = f"name server {one.address} does not answer ({one.why})"
        if is_dead:
            text = f"{what}: mail to other hosts waits, and callers have no names"
            yield fault("dns-dead", where, text, _revive(one))
        else:
            yield note("dns-dead", where, f"{what}: whoever asks waits for the next", _revive(one))
    for one in dns.servers:
        if one.seconds is not None and one.seconds > SLOW:
            text = f"name server {one.address} took {one.seconds:.1f}s for our own name"
            yield note("dns-slow", where, text, "a resolver on this host answers sooner")
    if not is_dead:
        yield from _own_name(dns, settings)


def _revive(server: NameServer) -> str:
    if server.address.startswith("127.0.0.53"):
        return "systemctl restart systemd-resolved"
    if server.address.startswith(("127.", "::1", "[::1]")):
        return "start the resolver of this host, or name another one"
    return f"see whether {server.address} can be reached, or name another one"


def _own_name(dns: Dns, settings: Settings) -> Iterator[Finding]:
    name, where = settings.hostname, f'primary_hostname = "{settings.hostname}"'
    if not isinstance(dns.own, Found | Failed):
        text = "has no address in the DNS: many hosts refuse mail from one that says it is this"
        yield note("own-name", where, text, "set primary_hostname to a name that has one")
    for address, answer in dns.reverse:
        names = answer.records if isinstance(answer, Found) else ()
        if isinstance(answer, Failed) or name in names:
            continue
        text = f"{address}, its address, is called {', '.join(names) or 'nothing'} in the DNS"
        yield note("own-reverse", where, text, f"have the PTR record of {address} say {name}")
