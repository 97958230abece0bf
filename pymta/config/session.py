"""What a client may do in one connection."""

from __future__ import annotations

from typing import Annotated

from pymta.config.per_host import NamePerHost, PerHost, SizePerHost
from pymta.config.setting import setting
from pymta.config.units import (
    LARGEST,
    Bytes,
    Choice,
    Count,
    Host,
    Network,
    Positive,
    Range,
    Seconds,
    Size,
    Timeout,
)
from pymta.dataclass import dataclass
from pymta.mail.sizes import HEADER

NameSource = Annotated[str, Choice("bydns", "byaddr")]

SIZE_LIMIT = 50 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Session:
    smtp_banner: str = setting("", "Text of the 220 greeting; empty: host name, ESMTP, product.")
    smtp_active_hostname: Annotated[PerHost, NamePerHost()] = setting(
        None,
        "Our name in a connection, where that is not primary_hostname: a name, or a table of names"
        " keyed by network of the address that was called.",
    )
    host_reject_connection: tuple[Host, ...] = setting((), "Hosts that hear 554 and nothing else.")
    host_lookup: tuple[Host, ...] = setting(
        (), "Hosts whose name is looked up in the DNS, for the log, Received and host lists."
    )
    host_lookup_order: tuple[NameSource, ...] = setting(
        ("bydns", "byaddr"), "Where names of addresses come from: the DNS, the hosts file."
    )
    rfc1413_hosts: tuple[Host, ...] = setting(
        ("@[]",), "Hosts that are asked who calls (RFC 1413), if rfc1413_query_timeout is set."
    )
    rfc1413_query_timeout: Seconds = setting(0, "How long to wait for that; 0: nobody is asked.")
    smtp_enforce_sync: bool = setting(
        True, "Refuse clients that send before it is their turn, as those who only spam do."
    )
    pipe_connect_advertise_hosts: tuple[Host, ...] = setting(
        (), "Hosts that may send before our greeting, and are told so (PIPECONNECT)."
    )
    tls_advertise_hosts: tuple[Host, ...] = setting(
        ("*",), "Hosts that are offered STARTTLS, if there is a tls_certificate."
    )
    chunking_advertise_hosts: tuple[Host, ...] = setting(
        ("*",), "Hosts that may send messages in chunks (CHUNKING, BDAT; RFC 3030)."
    )
    hosts_require_helo: tuple[Host, ...] = setting(
        ("*",), "Hosts that must say HELO or EHLO before MAIL."
    )
    smtputf8_advertise_hosts: tuple[Host, ...] = setting(
        ("*",), "Hosts that may use letters beyond ASCII in addresses and headers (SMTPUTF8)."
    )
    dsn_advertise_hosts: tuple[Host, ...] = setting(
        ("*",), "Hosts that may say which reports about their mail they want (DSN)."
    )
    smtp_vrfy_hosts: tuple[Host, ...] = setting(
        (), "Hosts that VRFY tells whether an address exists here; others hear 252."
    )
    smtp_etrn_hosts: tuple[Host, ...] = setting(
        (), "Hosts that may have the mail for a domain delivered at once (ETRN)."
    )
    smtp_etrn_serialize: bool = setting(
        True, "One queue run for a domain at a time; ETRN meanwhile starts no other."
    )
    smtp_accept_keepalive: bool = setting(
        True, "Have the kernel find out about clients that have gone without a word."
    )
    smtp_receive_timeout: Timeout = setting(300, "How long one read or write may take.")
    smtp_min_data_rate: Count = setting(
        100,
        "Octets per second that a message must bring on the whole, once smtp_receive_timeout has"
        " passed; 0: it may be as slow as it likes.",
    )
    smtp_session_timeout: Seconds = setting(
        7200, "How long a connection may last, messages under way not counted; 0: for ever."
    )
    message_size_limit: Annotated[PerHost, SizePerHost()] = setting(
        SIZE_LIMIT,
        "Largest message taken: a size, or a table of sizes keyed by network of the client; 0 means"
        " no limit.",
    )
    bare_newlines: Annotated[str, Choice("refuse", "fix-trusted", "fix")] = setting(
        "fix-trusted",
        "What becomes of a message with CR or LF alone: refuse it, or make a line end of each"
        " (fix), or do that for relay_from_hosts and users of this machine, and refuse the rest. "
        " Alone they never end a message.",
    )
    recipients_max: Count = setting(50_000, "Recipients of one message; 0 means no limit.")
    header_maxsize: Annotated[int, Size(), Range(1, LARGEST)] = setting(
        HEADER, "Largest header of a message, all its fields together."
    )
    header_fields_max: Positive = setting(1000, "Most fields that the header of a message has.")
    received_headers_max: Positive = setting(
        30, "Received fields above which a message is taken to be in a loop."
    )
    worker_max_connections: Positive = setting(
        100, "Connections that one worker process serves, one after another; 1: always a new one."
    )
    worker_max_memory: Bytes = setting(
        128 << 20, "Memory of a worker process above which it takes no further connection."
    )
    smtp_accept_max_nonmail: Count = setting(10, "Commands outside of transactions.")
    smtp_accept_max_nonmail_hosts: tuple[Host, ...] = setting(
        ("*",), "Hosts for which smtp_accept_max_nonmail holds."
    )
    smtp_accept_max_per_connection: Count = setting(1000, "MAIL commands; 0 means no limit.")
    limits_advertise_hosts: tuple[Host, ...] = setting(
        ("*",), "Hosts that EHLO tells of the limits of a connection (LIMITS, RFC 9422)."
    )
    smtp_max_unknown_commands: Count = setting(3, "Unknown commands before we hang up.")
    smtp_max_synprot_errors: Count = setting(3, "Syntax or protocol errors before we hang up.")
    smtp_max_refused_commands: Count = setting(
        1000,
        "Refused commands, such as RCPT for nobody, before we hang up; 0 means no limit."
        "  Recipients above recipients_max are not counted.",
    )
    relay_from_hosts: tuple[Network, ...] = setting(
        ("127.0.0.0/8", "::1/128"), "Networks that may send to any domain."
    )
