"""What we offer in the reply to EHLO (RFC 5321 s4.1.1.1)."""

from __future__ import annotations


def offered(message_size_limit: int) -> tuple[str, ...]:
    """The keywords with their parameters; a limit of 0 is no limit (RFC 1870 s4)."""
    size = f"SIZE {message_size_limit}" if message_size_limit else "SIZE 0"
    return (size, "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES")
