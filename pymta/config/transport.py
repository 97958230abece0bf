"""How we talk to other hosts."""

from __future__ import annotations

from typing import Annotated

from pymta.config.remote_tls import AUTO, RemoteTls, TlsPerDomain
from pymta.config.setting import setting
from pymta.config.tls import AuthoritiesFile
from pymta.config.units import Choice, Count, Host, Port, Seconds, Timeout
from pymta.dataclass import dataclass
from pymta.tls.asks import SYSTEM

# Of smtp_address_preference; `pymta.routing.address_order` says what each means.
IPV6, IPV4, ANY = "ipv6", "ipv4", "any"
IPV6_ONLY, IPV4_ONLY = "ipv6-only", "ipv4-only"


@dataclass(frozen=True, slots=True)
class Transport:
    remote_smtp_port: Port = setting(25, "Port of remote hosts found by MX.")
    smtp_address_preference: Annotated[str, Choice(IPV6, IPV4, ANY, IPV6_ONLY, IPV4_ONLY)] = (
        setting(
            IPV6,
            "Which addresses of a host that has both are tried first: ipv6; ipv4; any, by turns,"
            " and which kind begins is left to chance; ipv6-only and ipv4-only leave out the"
            " others.",
        )
    )
    connect_timeout: Timeout = setting(30, "Limit for one TCP connect.")
    command_timeout: Timeout = setting(300, "Limit for the reply to a command and the greeting.")
    data_timeout: Timeout = setting(300, "Limit for writing one block of the message.")
    # Shorter, and a slow host delivers a message that we send again: RFC 5321 s4.5.3.2.6.
    final_timeout: Timeout = setting(600, "Limit for the reply to the final dot.")
    remote_tls: Annotated[RemoteTls, TlsPerDomain()] = setting(
        AUTO,
        'How much TLS other hosts get: "none"; "may", where they have it, and in clear otherwise;'
        ' "auto", the same, and more where the domain asks for it by TLSA records (DANE) or a'
        " policy (MTA-STS);"
        ' "encrypt", or mail waits; "verify", the same with a certificate that names the host, or'
        ' one of the names behind it, and that remote_tls_certificates vouches for; "dane-only",'
        " with one that TLSA records vouch for. For several, a table by domain of the recipient or"
        ' name of the smarthost, "*.example.org" for those below it, and "*" for all others.',
    )
    mta_sts: bool = setting(
        True,
        'Ask domains for their MTA-STS policy, over HTTPS, where remote_tls is "auto" and no TLSA'
        " records say which certificate is theirs; what was fetched counts as long as they say.",
    )
    hosts_avoid_tls: tuple[Host, ...] = setting(
        (), "Hosts with which there is none where nobody asks for it, since theirs is broken."
    )
    hosts_require_tls: tuple[Host, ...] = setting(
        (), 'Hosts with which there must be TLS, as with "encrypt"; by name or by address.'
    )
    remote_tls_certificates: Annotated[str, AuthoritiesFile()] = setting(
        SYSTEM,
        "Who vouches for their certificates: the absolute path of a file in PEM form, or"
        ' "system" for whom this machine trusts.',
    )
    connection_max_messages: Count = setting(
        100, "Messages sent over one connection, if that many wait for the host; 0: no limit."
    )
    connection_idle_timeout: Seconds = setting(
        2, "How long a connection stays open for the next message to the host."
    )
    mime_output_conversion: bool = setting(
        True,
        "Convert what a host cannot take, 8-bit or binary data, into quoted-printable or base64,"
        " which breaks DKIM signatures of the body; false: return the message instead.",
    )
