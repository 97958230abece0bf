"""Which domains are ours, and where everything else goes."""

from __future__ import annotations

from typing import Annotated, Any

from pymta.config.databases import DatabaseTables
from pymta.config.local_transport import PerDomain, TransportPerDomain
from pymta.config.secret import SecretFile
from pymta.config.setting import setting
from pymta.config.smarthosts import SmarthostTables
from pymta.config.units import GroupName, Time, Timeout, TimeRange
from pymta.dataclass import dataclass

ALIASES = "/etc/aliases"
SrsSecret = Annotated[str, SecretFile("srs.secret")]
SrsAge = Annotated[int, Time(), TimeRange(86_400, 365 * 86_400)]


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
    local_part_suffix: tuple[str, ...] = setting(
        ("+*",),
        'What may follow the local part of an address of ours without making it another one: "+*"'
        " is a plus sign and anything behind it, so that user+tag reaches user.  A name that exists"
        " as a whole goes first.",
    )
    alias_file: tuple[str, ...] = setting(
        (ALIASES,),
        "Tables of aliases for all local_domains, see TABLES and pymta-aliases(5); the first that"
        " has a name counts.  Files are read again when they change.  A table that cannot be asked"
        f" makes mail wait; only {ALIASES} need not exist.",
    )
    table_owners: tuple[GroupName, ...] = setting(
        (),
        "Users, by name or number, who may own files of tables; so may root and we.  What belongs"
        " to others, or lies in a directory of others, makes mail wait.",
    )
    catch_all: str = setting(
        "", "Address that gets what is for nobody else in local_domains; empty: it is refused."
    )
    virtual_domains: tuple[str, ...] = setting(
        (), "Domains delivered here whose addresses stand in tables, and are no users of ours."
    )
    virtual_aliases: tuple[str, ...] = setting(
        (),
        "Tables that say where addresses of virtual_domains lead, in the form of alias_file with"
        ' addresses in place of names; "@example.org" stands for every other one of the domain.',
    )
    virtual_mailboxes: tuple[str, ...] = setting(
        (),
        "Tables of addresses of virtual_domains that have a mailbox of ours, each with its name, or"
        " with none, which means the address itself.",
    )
    relay_to_domains: tuple[str, ...] = setting(
        (), "Other domains that anybody may send to through us."
    )
    relay_recipients: tuple[str, ...] = setting(
        (),
        "Tables of the addresses that are there in relay_to_domains, in the form of"
        ' virtual_mailboxes; "@example.org" stands for all of a domain.  Others are refused.'
        "  Empty: nobody knows, and every address is taken.",
    )
    tables: Annotated[dict[str, Any] | None, DatabaseTables()] = setting(
        None,
        "Databases that are asked as tables, each written as a table such as [tables.people] at the"
        ' end of the file, and named "table:people" where it is wanted; see TABLES.',
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
    srs_secrets: tuple[SrsSecret, ...] = setting(
        (),
        "Files of secrets, one in each line, with which senders of others become senders of ours"
        " when an alias or a user has mail sent on to other hosts (SRS), each an absolute path or"
        ' "credential:NAME"; the first secret signs, and all are good for what comes back.  Empty:'
        " senders stay as they are.",
    )
    srs_domain: str = setting(
        "", "Domain of those senders, whose mail must come to us; empty: primary_hostname."
    )
    srs_max_age: SrsAge = setting(
        21 * 86_400, "For how long reports to such a sender are taken; in whole days."
    )
