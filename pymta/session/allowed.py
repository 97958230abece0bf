"""What host lists of the settings let this caller do.

Decided once, before the greeting.  Whoever cannot be found out about is in none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pymta.config.session import Session
from pymta.mail.host_list import Answer


@dataclass(frozen=True, slots=True)
class Allowed:
    """`verify`: VRFY tells him the truth.  `etrn`: he may have mail delivered.

    `limits`: EHLO tells him what is set for his connection (N-34).  `chunking`: he may use BDAT.
    `smtputf8`: addresses may be in UTF-8.  `dsn`: he may say which reports he wants.
    """

    verify: bool = False
    etrn: bool = False
    limits: bool = False
    smtputf8: bool = False
    dsn: bool = False
    chunking: bool = False


def allowed(settings: Session, is_in: Callable[[Sequence[str]], Answer]) -> Allowed:
    return Allowed(
        verify=is_in(settings.smtp_vrfy_hosts) is Answer.YES,
        limits=is_in(settings.limits_advertise_hosts) is Answer.YES,
        smtputf8=is_in(settings.smtputf8_advertise_hosts) is Answer.YES,
        dsn=is_in(settings.dsn_advertise_hosts) is Answer.YES,
        chunking=is_in(settings.chunking_advertise_hosts) is Answer.YES,
        etrn=is_in(settings.smtp_etrn_hosts) is Answer.YES,
    )
