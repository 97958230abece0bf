"""What a listening socket is for: the name that its unit gives it (FileDescriptorName).

smtp          mail from other hosts, port 25
submission    mail of users, port 587
submissions   the same, TLS from the first octet on (RFC 8314 s3.3), port 465
NAME-tls      as smtp, TLS from the first octet on
local         mail of this machine's users, over AF_UNIX
"""

from __future__ import annotations

SMTP = "smtp"
SUBMISSION = "submission"
SUBMISSIONS = "submissions"
LOCAL = "local"
TLS_SUFFIX = "-tls"

KNOWN = f"{SMTP}, {SUBMISSION}, {SUBMISSIONS}, {LOCAL}, or a name that ends in {TLS_SUFFIX}"
_OF_PORT = {587: SUBMISSION, 465: SUBMISSIONS}
_NO_NAMES = frozenset({"", "unknown"})  # what systemd says when it knows none


def role_named(name: str, port: int | None) -> str | None:
    """The role of a socket with this name; None when the name means nothing to us.

    One that nobody has named (systemd then takes the name of its unit) is told by its `port`,
    None being that of a socket of AF_UNIX.
    """
    if name in _NO_NAMES or name.endswith(".socket"):
        return LOCAL if port is None else _OF_PORT.get(port, SMTP)
    is_known = name in {SMTP, SUBMISSION, SUBMISSIONS, LOCAL} or name.endswith(TLS_SUFFIX)
    return name if is_known else None


def is_for_users(role: str) -> bool:
    """Who calls there has to log in (RFC 6409 s4.3)."""
    return role in {SUBMISSION, SUBMISSIONS}


def begins_with_tls(role: str) -> bool:
    """PT-05: by its role alone."""
    return role == SUBMISSIONS or role.endswith(TLS_SUFFIX)
