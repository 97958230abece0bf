"""Who may stand between a client and us, and speak for it."""

from __future__ import annotations

from typing import Annotated

from pymta.config.setting import setting
from pymta.config.units import HostNetwork, Timeout
from pymta.dataclass import dataclass
from pymta.mail.host_list import Item, parse_network_item


@dataclass(frozen=True, slots=True)
class NotEverybody:
    """Marks hosts that are believed whatever they say: never all of them, by whatever spelling."""

    def check(self, value: tuple[str, ...]) -> tuple[str, ...]:
        items = [parse_network_item(text) for text in value]
        # After a last item with "!" all others are meant.
        if any(map(_is_everybody, items)) or (items and items[-1].is_negated):
            raise ValueError(
                'want hosts or networks of your own, and one at the end that has no "!": whoever'
                " is named here may claim to call from this machine, and send anywhere"
            )
        return value


def _is_everybody(item: Item) -> bool:
    return not item.is_negated and (item.network is None or not item.network.prefixlen)


Believed = Annotated[tuple[HostNetwork, ...], NotEverybody()]


@dataclass(frozen=True, slots=True)
class Proxy:
    """Only networks: the supervisor asks before a fork, and a name is too little to trust."""

    hosts_proxy: Believed = setting(
        (),
        "Proxies whose connections begin with a PROXY header, version 1 or 2, that says who the"
        " client is.  Limits, host lists and the log go by that client then.",
    )
    hosts_xclient: Believed = setting(
        (),
        "Hosts that are offered XCLIENT, and are believed for whom they speak.  Name only gateways"
        " and test machines of your own: they may claim to be anybody.",
    )
    proxy_protocol_timeout: Timeout = setting(3, "How long to wait for that header.")
