"""Lines about talk with other hosts, beside those of the deliveries themselves.

TLS negotiation with mx.example.org [192.0.2.1] failed (…): delivering unencrypted
MTA-STS policy of example.org cannot be fetched: …
"""

from __future__ import annotations

from pymta.journal.event import Event, Kind
from pymta.mail.host import Host


def tls_given_up(id: str, host: Host, why: str) -> Event:
    """Nobody asks for TLS with this host, so the message goes in clear."""
    text = f"TLS negotiation with {host} failed ({why}): delivering unencrypted"
    fields = {
        "HOST": host.name,
        "HOST_ADDRESS": str(host.address),
        "HOST_PORT": str(host.port),
        "WHY": why,
    }
    return Event(Kind.TLS_GIVEN_UP, text, id, fields)


def policy_unknown(domain: str, why: str) -> Event:
    """MTA-STS: what we have of it still counts, and without any the domain has none for now."""
    text = f"MTA-STS policy of {domain} cannot be fetched: {why}"
    return Event(Kind.POLICY_UNKNOWN, text, fields={"DOMAIN": domain, "WHY": why})
