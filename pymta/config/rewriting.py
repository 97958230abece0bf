"""What addresses are called on their way through us, whatever their senders wrote."""

from __future__ import annotations

from collections.abc import Iterator

from pymta.config.addresses import is_domain_name
from pymta.config.setting import setting
from pymta.config.units import Host
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Rewriting:
    canonical: tuple[str, ...] = setting(
        (),
        "Tables that say what addresses are to be called, for senders and recipients, in the"
        " envelope and in headers; see REWRITING and TABLES.",
    )
    sender_canonical: tuple[str, ...] = setting(
        (), "The same for senders alone; they go before canonical."
    )
    recipient_canonical: tuple[str, ...] = setting(
        (), "The same for recipients alone; they go before canonical."
    )
    masquerade_domains: tuple[str, ...] = setting(
        (),
        "Domains that stand for all below them, so that user@host.example.org is called"
        ' user@example.org; the first that fits decides, and "!" in front says no.',
    )
    masquerade_exceptions: tuple[str, ...] = setting(
        (), "Local parts that stay what they are, such as root."
    )
    header_rewrite_hosts: tuple[Host, ...] = setting(
        ("@[]", "127.0.0.0/8", "::1"),
        "Hosts in whose mail headers are rewritten, too; those of users of this machine and of"
        " whoever has logged in always are.",
    )

    @property
    def is_set(self) -> bool:
        """Is any address called something else?"""
        return bool(
            self.canonical
            or self.sender_canonical
            or self.recipient_canonical
            or self.masquerade_domains
        )


TABLES = ("canonical", "sender_canonical", "recipient_canonical")


def faults(rewriting: Rewriting) -> Iterator[tuple[str, int, object, str]]:
    """Setting, place in its list, value, and what would be right; but for the tables."""
    for number, item in enumerate(rewriting.masquerade_domains):
        if not is_domain_name(item.removeprefix("!")):
            yield "masquerade_domains", number, item, 'want a domain such as "example.org"'
    for number, item in enumerate(rewriting.masquerade_exceptions):
        if not item or "@" in item:
            yield "masquerade_exceptions", number, item, 'want a local part such as "root"'
