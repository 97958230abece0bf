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


def allowed(settings: Session, is_in: Callable[[Sequence[str], str], Answer]) -> Allowed:
    def is_named(option: str) -> bool:
        return is_in(getattr(settings, option), option) is Answer.YES

    return Allowed(
        verify=is_named("smtp_vrfy_hosts"),
        limits=is_named("limits_advertise_hosts"),
        smtputf8=is_named("smtputf8_advertise_hosts"),
        dsn=is_named("dsn_advertise_hosts"),
        chunking=is_named("chunking_advertise_hosts"),
        etrn=is_named("smtp_etrn_hosts"),
    )
