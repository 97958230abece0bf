"""Ask the DNS: MX, A, AAAA, PTR, TLSA and TXT, each with a deadline (only here is dnspython).

Name servers are those of the settings, with their ports, else those of resolv.conf.  No search
list is ever applied: a domain in an address is complete.  Aliases are followed, also where the
server gives only the alias.  Answers are hostile input: their number is bounded, a name in them
is a host name or left out.

The answers are kept as long as their TTL allows, in this process; a `Resolver` that was made before
a fork must not have been asked.  resolv.conf is read at the first question, which a local delivery
never asks.

Whether an answer was signed (DNSSEC) a validating resolver tells by one bit, AD, for which we ask
(RFC 6840 s5.7); nothing is validated here.  Anybody on the way could set that bit, so it is
believed of a server on this machine only, and of others where `dns_trust_ad` says so.

Touches: sockets, clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import cached_property
from ipaddress import IPv4Address, ip_address

import dns.exception
import dns.flags
import dns.name
import dns.nameserver
import dns.rdata
import dns.rdtypes.ANY.CNAME  # these: else each worker imports them with its first answer
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.NS
import dns.rdtypes.ANY.PTR
import dns.rdtypes.ANY.SOA
import dns.rdtypes.ANY.TLSA
import dns.rdtypes.ANY.TXT
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.resolver
import dns.reversename

from pymta.config.addresses import is_host_name, parse_name_server
from pymta.config.routing import Routing
from pymta.mail.caller import Address
from pymta.resolver.answer import Answer, Failed, Found, Mx, NoSuchDomain, Nothing
from pymta.resolver.at_once import Server, ask_at_once
from pymta.tls.dane import Tlsa

MOST_RECORDS = 64  # of one answer; a domain with more is not helped by the rest
MOST_ALIASES = 8  # CNAMEs in a row that we follow ourselves
ONE_TRY = 2.0  # seconds for one server before the next is asked
KEPT = 1000  # answers in memory
# The size that crosses every path unfragmented; larger answers come over TCP.
EDNS_PAYLOAD = 1232

_WITH_ADDRESS = (dns.rdtypes.IN.A.A, dns.rdtypes.IN.AAAA.AAAA)


class Resolver:
    """Questions to the name servers that `routing` names.  No question raises."""

    def __init__(self, routing: Routing, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._patience = float(routing.dns_timeout)
        self._deadline = float("inf")
        self._routing = routing

    @cached_property
    def _resolver(self) -> dns.resolver.Resolver | None:
        return _make_resolver(self._routing)

    def start_budget(self, seconds: float) -> None:
        """All questions from now on share these seconds; what comes later is `Failed`.

        So a domain with many hosts behind a dead name server cannot hold us long.
        """
        self._deadline = self._clock() + seconds

    def listed(self, names: Iterable[str], seconds: float) -> dict[str, Answer[IPv4Address]]:
        """The IPv4 addresses of all these names, asked for at once; no alias is followed by us."""
        resolver = self._resolver
        if resolver is None:
            return dict.fromkeys(names, Failed("no name server is known"))
        patience = min(seconds, self._patience, self._deadline - self._clock())
        servers = [_server(one, resolver.port) for one in resolver.nameservers]
        return ask_at_once(names, servers, patience, self._clock)

    def texts(self, name: str) -> Answer[str]:
        """TXT records, made printable by nobody yet."""
        match self._ask(name, "TXT"):
            case Found(records, is_secure, alias):
                texts = [_read_txt(record) for record in records]
                return Found(tuple(texts), is_secure, alias)
            case other:
                return other

    def mx(self, domain: str) -> Answer[Mx]:
        """MX records; a target that is no host name is left out, the null MX has target ""."""
        match self._ask(domain, "MX"):
            case Found(records, is_secure, alias):
                usable = [mx for r in records if (mx := _read_mx(r)) is not None]
                if not usable:
                    return Failed("no MX record names a host")
                return Found(tuple(usable), is_secure, alias)
            case other:
                return other

    def addresses(self, name: str) -> Answer[Address]:
        """IPv6 before IPv4.  When one kind fails and the other is found, the found ones count."""
        answers = [self._ask(name, "AAAA"), self._ask(name, "A")]
        good = [answer for answer in answers if isinstance(answer, Found)]
        records = [record for answer in good for record in answer.records]
        if found := tuple(ip_address(r.address) for r in records if isinstance(r, _WITH_ADDRESS)):
            return Found(found, all(answer.is_secure for answer in good), good[0].name)
        rest = [answer for answer in answers if not isinstance(answer, Found)]
        return next((a for a in rest if isinstance(a, Failed)), rest[-1] if rest else Nothing())

    def tlsa(self, host: str, port: int) -> Answer[Tlsa]:
        """What the certificate of this service is to be (RFC 6698 s3)."""
        match self._ask(f"_{port}._tcp.{host}", "TLSA"):
            case Found(records, is_secure, alias):
                found = [tlsa for r in records if (tlsa := _read_tlsa(r)) is not None]
                return Found(tuple(found), is_secure, alias) if found else Nothing()
            case other:
                return other

    def names(self, address: Address) -> Answer[str]:
        """PTR records: what the owner of an address says it is called; not to be believed yet."""
        match self._follow(dns.reversename.from_address(str(address)), "PTR"):
            case Found(records):
                names = [name for r in records if (name := _read_ptr(r))]
                return Found(tuple(names)) if names else Nothing()
            case other:
                return other

    def _ask(self, domain: str, kind: str) -> Answer[dns.rdata.Rdata]:
        if not is_host_name(domain):
            return NoSuchDomain()  # nothing that can be registered; nobody is asked
        return self._follow(dns.name.from_text(domain), kind)

    def _follow(self, name: dns.name.Name, kind: str) -> Answer[dns.rdata.Rdata]:
        """Through aliases to what they stand for."""
        asked, is_secure = name, True
        for _ in range(MOST_ALIASES):
            answer = self._ask_once(name, kind)
            if not isinstance(answer, dns.resolver.Answer):
                return answer
            is_secure &= self._is_secure(answer)
            if answer.rrset:
                at = answer.canonical_name
                alias = "" if at == asked else at.to_text(omit_final_dot=True).lower()
                return Found(tuple(answer.rrset)[:MOST_RECORDS], is_secure, alias)
            if answer.canonical_name == name:
                return Nothing()
            name = answer.canonical_name
        return Failed("too many aliases")

    def _is_secure(self, answer: dns.resolver.Answer) -> bool:
        if not answer.response.flags & dns.flags.AD:
            return False
        return self._routing.dns_trust_ad or _is_loopback(str(answer.nameserver))

    def _ask_once(
        self, name: dns.name.Name, kind: str
    ) -> dns.resolver.Answer | NoSuchDomain | Failed:
        patience = min(self._patience, self._deadline - self._clock())
        if patience <= 0:
            return Failed("out of time")
        if self._resolver is None:
            return Failed("no name server is known")
        try:
            return self._resolver.resolve(
                name, kind, lifetime=patience, search=False, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return NoSuchDomain()
        except dns.resolver.LifetimeTimeout:
            return Failed("name servers did not answer in time")
        except dns.resolver.NoNameservers:
            return Failed("no name server gave a usable answer")
        except (dns.exception.DNSException, OSError) as error:
            return Failed(f"DNS error: {type(error).__name__}")


def _make_resolver(routing: Routing) -> dns.resolver.Resolver | None:
    """None when there is neither a setting nor a resolv.conf."""
    try:
        resolver = dns.resolver.Resolver(configure=not routing.dns_servers)
    except dns.resolver.NoResolverConfiguration:
        return None
    if routing.dns_servers:
        servers = [parse_name_server(text) for text in routing.dns_servers]
        resolver.nameservers = [
            dns.nameserver.Do53Nameserver(str(address), port) for address, port in servers
        ]
    resolver.timeout = min(ONE_TRY, float(routing.dns_timeout))
    resolver.cache = dns.resolver.LRUCache(KEPT)
    resolver.use_edns(0, payload=EDNS_PAYLOAD)
    resolver.set_flags(dns.flags.RD | dns.flags.AD)
    return resolver


def _server(server: str | dns.nameserver.Nameserver, port: int) -> Server:
    if isinstance(server, dns.nameserver.AddressAndPortNameserver):
        return server.address, server.port
    return str(server), port


def _is_loopback(server: str) -> bool:
    try:
        return ip_address(server).is_loopback
    except ValueError:  # one of another kind than plain DNS
        return False


def _read_txt(record: dns.rdata.Rdata) -> str:
    if not isinstance(record, dns.rdtypes.ANY.TXT.TXT):
        return ""
    return b"".join(record.strings).decode("utf-8", "replace")


def _read_mx(record: dns.rdata.Rdata) -> Mx | None:
    if not isinstance(record, dns.rdtypes.ANY.MX.MX):
        return None
    if record.exchange == dns.name.root:
        return Mx(record.preference, "")
    target = record.exchange.to_text(omit_final_dot=True).lower()
    return Mx(record.preference, target) if is_host_name(target) else None


def _read_tlsa(record: dns.rdata.Rdata) -> Tlsa | None:
    if not isinstance(record, dns.rdtypes.ANY.TLSA.TLSA):
        return None
    return Tlsa(record.usage, record.selector, record.mtype, record.cert)


def _read_ptr(record: dns.rdata.Rdata) -> str:
    if not isinstance(record, dns.rdtypes.ANY.PTR.PTR):
        return ""
    target = record.target.to_text(omit_final_dot=True).lower()
    return target if is_host_name(target) else ""
