"""What we offer in the reply to EHLO (RFC 5321 s4.1.1.1)."""

from __future__ import annotations


def offered(
    message_size_limit: int, *, may_send_early: bool = False, may_start_tls: bool = False
) -> tuple[str, ...]:
    """The keywords with their parameters; a limit of 0 is no limit (RFC 1870 s4).

    `may_send_early`: this client need not wait for our greeting the next time (N-35).
    `may_start_tls`: it may ask for TLS now (RFC 3207).
    """
    size = f"SIZE {message_size_limit}" if message_size_limit else "SIZE 0"
    early = ("PIPECONNECT",) if may_send_early else ()
    tls = ("STARTTLS",) if may_start_tls else ()
    return (size, "8BITMIME", "PIPELINING", *early, *tls, "ENHANCEDSTATUSCODES")
