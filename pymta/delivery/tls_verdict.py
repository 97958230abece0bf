"""How much TLS is owed to a host: by what an operator says of a domain, or what the domain says.

    a smarthost's own `tls`            goes before
    the closest entry of remote_tls    and where that is "auto":
        TLSA records, signed           DANE (RFC 7672), which goes before a policy (RFC 8461 s2)
        a policy in force              MTA-STS (RFC 8461)
        neither                        TLS where it can be had

TLSA records are looked for only where all that led to the host was signed; others prove nothing,
and many name servers fail at the question (RFC 7672 s2.1).  Where it is signed and nobody answers,
somebody may be hiding the records: the host is not called now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pymta.config.remote_tls import (
    AUTO,
    DANE_ONLY,
    ENCRYPT,
    MAY,
    NONE,
    RemoteTls,
    TlsWish,
    entry_for,
    parse_tls,
)
from pymta.dataclass import dataclass
from pymta.mail.domain import key_of_domain
from pymta.mail.host import Host
from pymta.resolver.answer import Answer, Failed, Found
from pymta.routing.route import Remote
from pymta.tls.dane import Tlsa, usable
from pymta.tls.mta_sts import Mode, Policy
from pymta.transport.tls_need import WHERE_OFFERED, Level, Need, Unsure

_PLAIN = {NONE: Level.NONE, MAY: Level.MAY, ENCRYPT: Level.MUST}


@dataclass(frozen=True, slots=True)
class Published:
    """What domains and hosts say about themselves: `tlsa` of a name and a port, `policy_of` a
    domain, None where it has none that we know of.
    """

    tlsa: Callable[[str, int], Answer[Tlsa]]
    policy_of: Callable[[str], Policy | None]


def need_of(
    remote: Remote, host: Host, setting: RemoteTls, published: Published, *, is_waived: bool = False
) -> Need | Unsure:
    """`is_waived`: the sender of the message does not want what the receiving side asks for."""
    wish, because = _wish(remote, host, setting)
    if wish.word in _PLAIN:
        return Need(_PLAIN[wish.word], because, is_name_sure=_is_sure(remote, host))
    if wish.word == AUTO:
        return WHERE_OFFERED if is_waived else _published(remote, host, published)
    if wish.word == DANE_ONLY:
        found = _by_dane(remote, host, published)
        if isinstance(found, Unsure):
            return found
        if found and found.level is Level.DANE:  # as an operator wants it, so nobody may waive it
            return replace(found, because=because, is_theirs=False)
        return _without_records(host, because)
    return _verified(remote, host, wish, because)


def _wish(remote: Remote, host: Host, setting: RemoteTls) -> tuple[TlsWish, str]:
    if remote.tls:
        return parse_tls(remote.tls), f"tls of {remote.router} {remote.destination}"
    key, text = entry_for(setting, _mx_of(remote, host) or host.name)
    return parse_tls(text), f"remote_tls of {key}" if key else "remote_tls"


def _mx_of(remote: Remote, host: Host) -> str:
    """In whose name the DNS has named it as a mail host, "" where an operator has himself."""
    return remote.mx_of or host.mx_of


def _is_sure(remote: Remote, host: Host) -> bool:
    return bool(host.signed) or not _mx_of(remote, host)


def _published(remote: Remote, host: Host, published: Published) -> Need | Unsure:
    found = _by_dane(remote, host, published)
    if found is None and remote.mx_of:
        found = _by_policy(remote.mx_of, host, published.policy_of(remote.mx_of))
    if found is not None:
        return found
    return Need(Level.MAY, is_name_sure=True) if _is_sure(remote, host) else WHERE_OFFERED


def _by_dane(remote: Remote, host: Host, published: Published) -> Need | Unsure | None:
    """None: it has no such records, or none that prove anything."""
    for base in host.signed:
        match published.tlsa(base, host.port):
            case Found(records, True):
                return _with_records(_mx_of(remote, host), host, base, usable(records))
            case Failed(why):
                return Unsure(f"TLSA lookup for {base} did not complete: {why}")
    return None


def _with_records(mx_of: str, host: Host, base: str, records: tuple[Tlsa, ...]) -> Need:
    if not records:  # RFC 7672 s2.2
        because = "TLSA records of which none is usable"
        return Need(Level.MUST, because, is_theirs=True, is_name_sure=True)
    names = (base, mx_of, host.name)  # s3.2.2, of which DANE-EE needs none
    return Need(
        Level.DANE,
        "DANE",
        tuple(dict.fromkeys(filter(None, names))),
        is_theirs=True,
        is_name_sure=True,
        records=records,
    )


def _without_records(host: Host, because: str) -> Unsure:
    if not host.signed:
        return Unsure(f"{because}: the DNS answers that led to {host.name} were not signed")
    return Unsure(f"{because}: {host.name} has no usable TLSA records")


def _by_policy(domain: str, host: Host, policy: Policy | None) -> Need | Unsure | None:
    if policy is None or policy.mode is not Mode.ENFORCE:
        return None
    if not policy.covers(host.name):
        return Unsure(f"{host.name} is no mail host by the MTA-STS policy of {domain}")
    because = f"MTA-STS of {domain}"
    return Need(Level.VERIFIED, because, (host.name,), is_theirs=True, is_name_sure=True)


def _verified(remote: Remote, host: Host, wish: TlsWish, because: str) -> Need | Unsure:
    """A name that a stranger may have put into the DNS is not one to be proved."""
    names = tuple(name for name in wish.names if not name.startswith("*."))
    own = key_of_domain(host.name)
    mx_of = _mx_of(remote, host)
    if wish.names:
        if own not in names and any(_is_in(own, one[2:]) for one in wish.names if one[:2] == "*."):
            names = (*names, own)
        if not names:
            return Unsure(f"{because}: {host.name} is none of {' '.join(wish.names)}")
    elif _is_sure(remote, host) or _is_in(own, mx_of):
        names = (host.name,)
    else:
        return Unsure(
            f"{because}: the DNS answer that names {host.name} as a mail host of {mx_of} was not"
            f' signed; put "verify" with its names there'
        )
    return Need(Level.VERIFIED, because, names, is_name_sure=True)


def _is_in(name: str, domain: str) -> bool:
    return f".{name}".endswith(f".{domain}")
