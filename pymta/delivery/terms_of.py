"""On what terms does a message go to a host?  What is said of its domain, and settings by host.

    hosts_require_tls    raises what `pymta.delivery.tls_verdict` finds
    hosts_avoid_tls      lowers what nobody asks for

A name in these lists is the one under which the host was found, since that is what an operator
knows of it; whoever writes the DNS could give it another.  A login needs TLS, since whoever reads
along would have the password, and so does a certificate of ours, which nobody asks for in clear;
and no author of a message waives anything there, since it is ours.
"""

from __future__ import annotations

from dataclasses import replace

from pymta.config.settings import Settings
from pymta.config.transport import Transport
from pymta.dataclass import dataclass
from pymta.delivery.tls_verdict import Published, need_of
from pymta.mail.caller import Address
from pymta.mail.host import Host
from pymta.mail.host_list import Answer, host_list
from pymta.routing.route import Remote
from pymta.transport.terms import Terms
from pymta.transport.tls_need import Level, Need, Unsure


def terms_of(
    remote: Remote, host: Host, is_waived: bool, *, settings: Settings, published: Published
) -> Terms | Unsure:
    """`is_waived`: the sender does without what the receiving side asks for (RFC 8689 s4.2.2)."""
    transport = settings.transport
    is_waived = is_waived and not (remote.login or remote.own)
    need = need_of(remote, host, transport.remote_tls, published, is_waived=is_waived)
    if isinstance(need, Unsure):
        return need
    need = _of_host(need, host, transport, settings.hostname)
    if remote.login:
        least = Level.NONE if remote.login.may_go_in_clear else Level.MUST
        need = need.at_least(least, "login")
    if remote.own:
        need = need.at_least(Level.MUST, "tls_certificate")
    return Terms(need, remote.login, remote.tls_on_connect, remote.own)


def _of_host(need: Need, host: Host, transport: Transport, hostname: str) -> Need:
    known = _Known(host, hostname)
    if _holds(transport.hosts_require_tls, known):
        return need.at_least(Level.MUST, "hosts_require_tls")
    if need.level is Level.MAY and _holds(transport.hosts_avoid_tls, known):
        return replace(need, level=Level.NONE, because="hosts_avoid_tls")
    return need


def _holds(items: tuple[str, ...], known: _Known) -> bool:
    return bool(items) and host_list(items).holds(known.host.address, known) is Answer.YES


@dataclass(frozen=True, slots=True)
class _Known:
    """What a host list may ask about a host that we have found ourselves."""

    host: Host
    own_name: str

    def names(self) -> tuple[str, ...]:
        return (self.host.name.lower(),)

    def addresses(self, name: str) -> tuple[Address, ...]:
        return (self.host.address,) if name == self.host.name.lower() else ()

    def is_ours(self, address: Address) -> bool:  # noqa: ARG002 - we send to no host of ours
        return False
