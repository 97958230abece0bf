"""Which domains are ours, and where everything else goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pymta.config.local_transport import PerDomain, TransportPerDomain
from pymta.config.setting import setting
from pymta.config.smarthosts import SmarthostTables
from pymta.config.units import Timeout


@dataclass(frozen=True, slots=True)
class Routing:
    primary_hostname: str = setting("", "Our own name; empty: the host name of the machine.")
    local_domains: tuple[str, ...] = setting(
        ("@", "localhost"), 'Domains delivered here; "@" is primary_hostname.'
    )
    local_parts: tuple[str, ...] = setting(
        ("postmaster", "user"), "Mailboxes that exist in local_domains."
    )
    local_users: bool = setting(
        False,
        "System users have their mail in their home directories, and go before local_parts; see"
        " local_uid_min.",
    )
    local_transport: Annotated[PerDomain, TransportPerDomain()] = setting(
        "maildir",
        'How mail for local_parts is stored: "maildir", "mbox", or by an LMTP server such as'
        ' "lmtp:unix:/run/dovecot/lmtp" or "lmtp:host:24", which has that of system users, too; or'
        ' a table by domain, with "*" for the others.',
    )
    lmtp_local_part_only: bool = setting(
        False, "Give the LMTP server local parts in place of whole addresses."
    )
    relay_to_domains: tuple[str, ...] = setting(
        (), "Other domains that anybody may send to through us."
    )
    smarthost: str = setting(
        "",
        "Host, or host:port, that takes all remote mail, but for what is for one of smarthosts;"
        " empty: MX.",
    )
    smarthosts: Annotated[dict[str, Any] | None, SmarthostTables()] = setting(
        None,
        "Hosts that take the mail of some senders, or mail to some domains, and logins there,"
        " written as tables such as [smarthosts.provider] at the end of the file; see SMARTHOSTS.",
    )
    dns_servers: tuple[str, ...] = setting(
        (), "Name servers as address or address:port; empty: those of resolv.conf."
    )
    dns_trust_ad: bool = setting(
        False,
        "Believe those name servers also from afar when they say that an answer was signed"
        " (DNSSEC); those on this machine are believed always.  They must validate, and nobody"
        " between them and us may be able to change an answer.",
    )
    dns_timeout: Timeout = setting(10, "How long one DNS question may take in all.")
