"""Which log lines, and which parts of them, an operator wants: `log_selector`, `log_ports`.

    log_selector = ["+smtp_connection", "-queue_run"]

What is said last wins; "+all" and "-all" name every one.  The names are those of the classic
daemon.  A few of them are about things that pymta does not do (yet); they are known all the same,
so that a list that was written for another daemon can be kept, and the manual says which.

    log_ports = ["!25", "!587"]       of the ports, only others are worth a number (N-32)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Selector:
    """`meaning` is what the manual prints.  `acts`: something in pymta asks for it."""

    meaning: str
    is_default: bool = False
    acts: bool = True


def _on(meaning: str) -> Selector:
    return Selector(meaning, is_default=True)


def _off(meaning: str) -> Selector:
    return Selector(meaning)


def _idle(meaning: str, *, is_default: bool = False) -> Selector:
    return Selector(meaning, is_default=is_default, acts=False)


SELECTORS = {
    "8bitmime": _off("M8S= on <= lines: 8 or 7 as BODY= of MAIL said, 0 when it said nothing"),
    "acl_warn_skipped": _on("rules with action warn that were skipped, since a look-up failed"),
    "address_rewrite": _off(
        "addresses of envelopes that are called something else, a line for each"
    ),
    "all_parents": _idle("all addresses between the one received and the one delivered to"),
    "arguments": _off("directory and command line of a daemon or queue run, at its start"),
    "connection_id": _off("Ci=, an identifier of the connection"),
    "connection_reject": _on("connections that were refused"),
    "delay_delivery": _on("messages that are not delivered at once"),
    "deliver_time": _off("DT= on =>, == and ** lines: how long the attempt took"),
    "delivery_size": _off("S= on => lines: octets of the message as it was delivered"),
    "dkim": _idle("DKIM domains on <= lines", is_default=True),
    "dkim_verbose": _idle("every DKIM signature"),
    "dmarc": _idle("DMARC on <= lines"),
    "dmarc_verbose": _idle("the DMARC result on <= lines"),
    "dnslist_defer": _on("DNS lists that did not answer, or with nothing usable"),
    "dnssec": _idle("DS where DNSSEC secured the lookups"),
    "etrn": _on("ETRN commands"),
    "host_lookup_failed": _on("client addresses without a name"),
    "ident_timeout": _off("ident connections that timed out"),
    "incoming_interface": _off("I=, our own address and port"),
    "incoming_port": _off("the client's port behind its address"),
    "lost_incoming_connection": _on("clients that vanished or fell silent"),
    "millisec": _off("milliseconds in the time of a line and in QT=, DT=, RT= below five seconds"),
    "msg_id": _on("id= on <= lines: the Message-ID field"),
    "msg_id_created": _off("id*= on <= lines of mail whose Message-ID is our own, as in reports"),
    "outgoing_interface": _on("I= on =>, == and ** lines too, where incoming_interface is on"),
    "outgoing_port": _off("the port of the other host behind its address, and ours in I="),
    "pid": _off("the process id behind the time of a line"),
    "pipelining": _off("L on <= and => lines where PIPELINING was used; L- on <= where not"),
    "protocol_detail": _off("PS= on => and ** lines: e for EHLO, h for HELO"),
    "proxy": _off("PRX= on <= lines: address of the proxy between the client and us"),
    "queue_run": _on("start and end of queue runs"),
    "queue_time": _off("QT= on => lines: time since the message came"),
    "queue_time_exclusive": _idle("without the time of its reception"),
    "queue_time_overall": _off("QT= on Completed lines"),
    "receive_time": _off("RT= on <= lines: how long the reception took"),
    "received_recipients": _off("recipients at the end of <= lines"),
    "received_sender": _off("sender at the end of <= lines"),
    "rejected_header": _idle("the header of a refused message in the reject log", is_default=True),
    "retry_defer": _on("== lines of recipients whose retry time was not reached"),
    "return_path_on_delivery": _off("P= on => and ** lines: the return path"),
    "sender_on_delivery": _off("F= on => and ** lines: the sender"),
    "sender_verify_fail": _idle("senders that could not be verified", is_default=True),
    "size_reject": _on("messages that were refused for their size"),
    "skip_delivery": _on("messages that a queue run passed over: locked or frozen"),
    "smtp_confirmation": _on("C= on => lines: what the other host said to the message"),
    "smtp_connection": _off("begin and end of connections"),
    "smtp_incomplete_transaction": _off("transactions without an end"),
    "smtp_mailauth": _off("the AUTH parameter of MAIL, in A="),
    "smtp_no_mail": _off("connections without a MAIL command"),
    "smtp_protocol_error": _off("SMTP protocol errors"),
    "smtp_syntax_error": _off("SMTP syntax errors"),
    "spf": _idle("SPF on <= lines"),
    "spf_verbose": _idle("the SPF result on <= lines"),
    "subject": _off("T= on <= lines: the Subject field, decoded"),
    "tls_certificate_verified": _on("CV=, whether the client showed a certificate that is good"),
    "tls_cipher": _on("X=, version and cipher of TLS"),
    "tls_on_connect": _off("other protocol names for TLS that began at once"),
    "tls_peerdn": _off("DN=, whom that certificate names"),
    "tls_resumption": _off("an asterisk at X= for a resumed TLS session"),
    "tls_sni": _off("SNI=, the name that the client asked for in the TLS handshake"),
    "unknown_in_list": _idle("lists that could not be looked up"),
}
KNOWN = frozenset(SELECTORS)
DEFAULT = frozenset(name for name, selector in SELECTORS.items() if selector.is_default)
ALL = "all"
HIGHEST_PORT = 65_535


def parse_selector(item: str) -> tuple[bool, str]:
    """``+name`` or ``-name``: on or off, and the name.  Raises ValueError."""
    sign, name = item[:1], item[1:]
    if sign not in ("+", "-"):
        raise ValueError('want "+" or "-" and a name, such as "+smtp_connection"')
    if name != ALL and name not in KNOWN:
        raise ValueError("no such log selector; `man pymta.toml` lists all there are")
    return sign == "+", name


@cache
def selected(items: tuple[str, ...]) -> frozenset[str]:
    """The selectors that are on.  Items that make no sense were refused when they were read."""
    on = set(DEFAULT)
    for is_on, name in map(parse_selector, items):
        names: Iterable[str] = KNOWN if name == ALL else (name,)
        if is_on:
            on.update(names)
        else:
            on.difference_update(names)
    return frozenset(on)


def parse_log_port(item: str) -> tuple[bool, int | None]:
    """``!25``, ``587`` or ``*``: is it shown, and which is it (None: each)?  Raises ValueError."""
    bare = item.removeprefix("!")
    is_shown = bare == item
    if bare == "*":
        return is_shown, None
    if not (bare.isascii() and bare.isdigit() and 0 < int(bare[:6]) <= HIGHEST_PORT):
        raise ValueError('want a port number, "!" and a number, or "*"')
    return is_shown, int(bare)


def is_shown_port(port: int, items: Sequence[str]) -> bool:
    """The first item that fits decides; else the opposite of the last one."""
    is_shown = False
    for is_shown, wanted in map(parse_log_port, items):
        if wanted in (None, port):
            return is_shown
    return bool(items) and not is_shown
