"""Do we want to see a certificate of the client, and who must have vouched for it?"""

from __future__ import annotations

from enum import Enum, auto

SYSTEM = "system"  # in place of a file of authorities: those that this machine trusts


class Asks(Enum):
    NOTHING = auto()
    TO_SEE_ONE = auto()  # it may have none; one that is not good ends the handshake
    FOR_ONE = auto()
