"""The certificate of `pymta serve`, where settings name none.

Touches: click, disk, sockets, clock.
"""

from __future__ import annotations

import socket
import time

import click

from pymta.config.read import own_certificate, own_name
from pymta.tls.self_signed import provide


def provide_certificate(state: str) -> None:
    """Without one there is no STARTTLS, which is no reason not to serve."""
    names = dict.fromkeys((own_name(socket.gethostname()), "localhost", "127.0.0.1", "::1"))
    try:
        provide(own_certificate(state), tuple(names), time.time())
    except (OSError, ImportError) as error:
        text = f"no certificate could be made, so there is no TLS: {error}"
        click.echo(f"pymta: warning: {text}", err=True)
