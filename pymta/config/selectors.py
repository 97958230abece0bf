"""Which log lines, and which parts of them, an operator wants: `log_selector`, `log_ports`.

    log_selector = ["+smtp_connection", "-queue_run"]

What is said last wins; "+all" and "-all" name every one.  The names are those of the classic
daemon.  A few of them are about things that pymta does not do (yet); they are known all the same,
so that a list that was written for another daemon can be kept (N-39).

    log_ports = ["!25", "!587"]       of the ports, only others are worth a number (N-32)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

DEFAULT = frozenset(
    "acl_warn_skipped connection_reject delay_delivery dkim dnslist_defer etrn host_lookup_failed"
    " lost_incoming_connection msg_id queue_run rejected_header retry_defer sender_verify_fail"
    " size_reject skip_delivery smtp_confirmation tls_certificate_verified tls_cipher".split()
)
KNOWN = DEFAULT | frozenset(
    "8bitmime address_rewrite all_parents arguments connection_id deliver_time delivery_size"
    " dkim_verbose dnssec ident_timeout incoming_interface incoming_port millisec msg_id_created"
    " outgoing_interface outgoing_port pid pipelining protocol_detail proxy queue_time"
    " queue_time_exclusive queue_time_overall receive_time received_recipients received_sender"
    " return_path_on_delivery sender_on_delivery smtp_connection smtp_incomplete_transaction"
    " smtp_mailauth smtp_no_mail smtp_protocol_error smtp_syntax_error subject tls_on_connect"
    " tls_peerdn tls_resumption tls_sni unknown_in_list".split()
)
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
