"""What host lists of the settings let this caller do.

Decided once, before the greeting.  Whoever cannot be found out about is in none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pymta.config.rewriting import Rewriting
from pymta.config.session import Session
from pymta.dataclass import dataclass
from pymta.mail.host_list import Answer


@dataclass(frozen=True, slots=True)
class Allowed:
    """`verify`: VRFY tells him the truth.  `etrn`: he may have mail delivered.

    `limits`: EHLO tells him what is set for his connection (N-34).  `chunking`: he may use BDAT.
    `smtputf8`: addresses may be in UTF-8.  `dsn`: he may say which reports he wants.
    `header_rewrite`: addresses are rewritten in headers of his mail, too.
    """

    verify: bool = False
    etrn: bool = False
    limits: bool = False
    smtputf8: bool = False
    dsn: bool = False
    chunking: bool = False
    header_rewrite: bool = False


def allowed(
    settings: Session, rewriting: Rewriting, is_in: Callable[[Sequence[str], str], Answer]
) -> Allowed:
    def is_named(option: str) -> bool:
        return is_in(getattr(settings, option), option) is Answer.YES

    # Asked only where it makes a difference: names may have to be looked up.
    hosts, option = rewriting.header_rewrite_hosts, "header_rewrite_hosts"

    return Allowed(
        verify=is_named("smtp_vrfy_hosts"),
        limits=is_named("limits_advertise_hosts"),
        smtputf8=is_named("smtputf8_advertise_hosts"),
        dsn=is_named("dsn_advertise_hosts"),
        chunking=is_named("chunking_advertise_hosts"),
        etrn=is_named("smtp_etrn_hosts"),
        header_rewrite=rewriting.is_set and is_in(hosts, option) is Answer.YES,
    )
