"""What only this machine knows: its addresses.

Touches: sockets.
"""

from __future__ import annotations

import socket

from pymta.mail.caller import Address


def is_local_address(address: Address) -> bool:
    """Whether the address is on an interface of this machine: then a socket can be bound to it.

    The unspecified address counts, since the kernel connects it to this machine.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind((str(address), 0))
    except OSError:  # EADDRNOTAVAIL, or no such family here: not ours either way
        return False
    return True
