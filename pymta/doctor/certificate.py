"""Certificate and key: there, belonging together, valid for a while, and the key nobody else's."""

from __future__ import annotations

from collections.abc import Iterator

from pymta.config.secret import TLS_DIRECTORY, credential, source
from pymta.dataclass import dataclass
from pymta.doctor.configured import Mode
from pymta.doctor.finding import Finding, fault, note
from pymta.tls.expiry import expiry
from pymta.tls.leaf import Leaf


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the two settings name for one entry of theirs ("": for everybody), seen from here.

    `key` is the setting to blame with `trouble`, when it cannot be used.  `is_newer`: where
    a credential comes from there is another one by now.  `secrets` are the files with the key.
    `is_unseen`: it may not be looked at.
    """

    entry: str = ""
    key: str = "tls_certificate"
    value: str = ""
    trouble: str = ""
    leaf: Leaf | None = None
    is_newer: bool = False
    secrets: tuple[Mode, ...] = ()
    is_unseen: bool = False


def findings(found: Certificate, now: float, unit: str) -> Iterator[Finding]:
    """`unit` is the service whose credentials they are."""
    entry = f' for "{found.entry}"' if found.entry else ""
    where = f'{found.key} = "{found.value}"{entry}'
    if found.is_unseen:
        yield note("not-seen", where, "may not be looked at by us", "run this as root")
    if found.trouble:
        yield fault("certificate", where, found.trouble, _remedy(found, unit))
    elif found.is_newer:
        text = f"another one lies in {TLS_DIRECTORY}, and is not served yet"
        yield note("certificate-renewed", where, text, f"systemctl try-restart {unit}")
    if found.leaf:
        yield from _dates(found.leaf, now, where)
    for file in found.secrets:
        if file.is_readable_by_all:
            text = f"everybody on this host can read the key (mode {file.mode:o})"
            yield fault("key-readable", file.path, text, f"chmod go= {file.path}")


def _remedy(found: Certificate, unit: str) -> str:
    file = source(credential(found.value))
    return f"put it into {file}, then systemctl restart {unit}" if file else ""


def _dates(found: Leaf, now: float, where: str) -> Iterator[Finding]:
    text = expiry(found, now)
    if now > found.end:
        yield fault("certificate-expired", where, text, "renew it")
    elif now < found.begin:
        yield fault("certificate-early", where, text, "set the clock, or get another certificate")
    elif text:
        yield note("certificate-expires", where, text, "see why it was not renewed")
