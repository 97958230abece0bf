"""The certificates that sessions show: read once, before the first fork (N-23).

It is read while we may be root, because a key is often a file of root; and what was read travels to
the next image in a memory file, because a reload finds us root no longer.  A reload shows what the
files hold then, and what the former image showed when they cannot be used any more: the settings
were found good a moment ago, and callers must not suffer for what happened since.

Touches: disk, descriptors, environment, clock, OpenSSL.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence

from pymta.config.certificate_files import dates, files_of, read_certificates
from pymta.config.secret import VARIABLE
from pymta.config.settings import Settings
from pymta.config.tls import Tls
from pymta.dataclass import dataclass
from pymta.journal import daemon_events
from pymta.journal.event import Kind
from pymta.journal.log import Log
from pymta.supervisor.find_listeners import CannotStartError
from pymta.supervisor.handover import Handover
from pymta.supervisor.listener import Listener
from pymta.supervisor.sockets import Root
from pymta.tls.certificates import Certificates
from pymta.tls.expiry import day
from pymta.tls.leaf import leaf
from pymta.tls.watched import Watched, fingerprint
from pymta.tls.which import EVERYBODY

NAME = "pymta-certificate"  # of the memory file
_MOST_NAMES = 5  # in a line of the log


@dataclass(frozen=True, slots=True)
class Certificate:
    """`fd` is a memory file of what `shown` was made of, for the next image."""

    shown: Certificates
    fd: int


def find_certificate(
    settings: Settings, table: Handover | None, listeners: Sequence[Listener], root: Root, log: Log
) -> Certificate | None:
    """What the settings name; None when they name nothing, and no listener needs it.

    Raises CannotStartError at a first start.  A reload goes on without, whatever is missing.
    """
    try:
        found = _take(settings.tls, table.certificate if table else -1, root, log)
        _check(found, listeners, settings)
    except CannotStartError as error:
        if not table:
            raise
        text = f"{error}; nobody is served with TLS until a reload mends it"
        log.write(daemon_events.trouble(text, Kind.CERTIFICATE))
        return None
    return found


def _check(found: Certificate | None, listeners: Sequence[Listener], settings: Settings) -> None:
    """Settings know of no socket that systemd hands in, so this was not asked before."""
    silent = next((item for item in listeners if item.starts_tls and not found), None)
    if silent:
        raise CannotStartError(
            f'TLS begins at once on socket "{silent.role}", port {silent.at.port}: set'
            f" tls_certificate and tls_privatekey in {settings.machine.config_file}"
        )


def _take(tls: Tls, former: int, root: Root, log: Log) -> Certificate | None:
    """`former` is the memory file of the image before us, -1 when there is none."""
    if not tls.tls_certificate:
        close(former)
        return None
    with root():
        found = read_certificates(tls, os.environ.get(VARIABLE, ""))
    if not found.errors:
        shown = show(found.texts, tls)
        close(former)
        for line in dates(found.texts, time.time()):
            log.write(daemon_events.remark(line, Kind.CERTIFICATE))
        return Certificate(shown, keep(found.texts))
    error = found.errors[0]
    if former < 0:
        raise CannotStartError(str(error)) from error
    text = f"{error}: the certificate that was loaded before stays"
    # A daemon that is root no longer meets this at every reload; others have lost a file.
    tell = daemon_events.remark if error.is_denied else daemon_events.trouble
    log.write(tell(text, Kind.CERTIFICATE))
    return Certificate(show(_contents(former), tls), former)


def watch(tls: Tls) -> Watched | None:
    """What sessions keep an eye on, seen as they see it: before it is read, and not as root."""
    if not tls.tls_certificate:
        return None
    paths = files_of(tls, os.environ.get(VARIABLE, ""))
    return Watched(paths, fingerprint(paths))


def changed(former: Certificate, texts: Mapping[str, bytes]) -> list[str]:
    """What there is to tell of those that are not what they were."""
    before = _contents(former.fd)
    return [_brief(entry, text) for entry, text in texts.items() if before.get(entry) != text]


def _brief(entry: str, text: bytes) -> str:
    where = "" if entry == EVERYBODY else f" for {entry}"
    try:
        found = leaf(text)
    except ValueError:
        return f"certificate{where} renewed"
    names = ", ".join(found.names[:_MOST_NAMES])
    return f"certificate{where} renewed: {names}, good until {day(found.end)}"


def show(texts: Mapping[str, bytes], tls: Tls, former: Certificates | None = None) -> Certificates:
    """Who vouches for clients was found good with the settings, and is no secret."""
    try:
        return Certificates(texts, tls.authorities, tls.tls_require_ciphers, former=former)
    except OSError as error:  # ssl.SSLError is one
        raise CannotStartError(f"{tls.tls_verify_certificates}: {error.strerror}") from error


def keep(texts: Mapping[str, bytes]) -> int:
    fd = os.memfd_create(NAME)
    os.write(fd, json.dumps({entry: text.decode() for entry, text in texts.items()}).encode())
    return fd


def _contents(fd: int) -> dict[str, bytes]:
    """An image that knew one certificate only left the text of that."""
    data = os.pread(fd, os.fstat(fd).st_size, 0)
    if not data.startswith(b"{"):
        return {EVERYBODY: data}
    return {entry: text.encode() for entry, text in json.loads(data).items()}


def close(fd: int) -> None:
    if fd >= 0:
        os.close(fd)
