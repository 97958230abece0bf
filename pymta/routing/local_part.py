"""Local parts in our domains: the names that one may stand for, and the mailboxes of ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pymta.mail.letters import small
from pymta.routing.route import Fail, Local

POSTMASTER = "postmaster"  # RFC 5321 s4.5.1: exists wherever mail is taken
ROOT = "root"  # whoever runs the machine; programs write to him
UNKNOWN = Fail("Unknown user", "5.1.1")


def names_of(local_part: str, suffixes: Iterable[str]) -> Iterator[str]:
    """The name as it stands, and then without each of the suffixes, as ``+*`` or ``-request``."""
    yield local_part
    for suffix in suffixes:
        at = _start_of(suffix, local_part)
        if at > 0:
            yield local_part[:at]


def _start_of(suffix: str, local_part: str) -> int:
    """Where it begins; not above 0: nowhere, or nothing would be left."""
    if suffix.endswith("*"):
        return local_part.find(suffix[:-1], 1)
    is_there = small(local_part).endswith(small(suffix))
    return len(local_part) - len(suffix) if is_there else -1


def mailbox_for(local_part: str, mailboxes: tuple[str, ...]) -> Local | Fail:
    """The mailbox of a local part; letter case does not count."""
    wanted = small(local_part)
    if wanted == POSTMASTER:
        return Local(POSTMASTER)
    return Local(wanted) if wanted in mailboxes else UNKNOWN
