"""Who may stand between a client and us, and speak for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pymta.config.setting import setting
from pymta.config.units import HostNetwork, Timeout
from pymta.mail.host_list import parse_network_item


@dataclass(frozen=True, slots=True)
class NotEverybody:
    """Marks hosts that are believed whatever they say: never all of them, by whatever spelling.

    After a last item with "!" all others would be meant, so there is no such item.
    """

    def check(self, value: str) -> str:
        item = parse_network_item(value)
        if item.network is None or not item.network.prefixlen or item.is_negated:
            raise ValueError(
                "want hosts or networks of your own: whoever is named here may claim to call from"
                " this machine, and send anywhere"
            )
        return value


@dataclass(frozen=True, slots=True)
class Proxy:
    """Only networks: the supervisor asks before a fork, and a name is too little to trust."""

    hosts_proxy: tuple[HostNetwork, ...] = setting(
        (),
        "Proxies whose connections begin with a PROXY header, version 1 or 2, that says who the"
        " client is.  Limits, host lists and the log go by that client then.",
    )
    hosts_xclient: tuple[Annotated[str, NotEverybody()], ...] = setting(
        (),
        "Hosts that are offered XCLIENT, and are believed for whom they speak.  Name only gateways"
        " and test machines of your own: they may claim to be anybody.",
    )
    proxy_protocol_timeout: Timeout = setting(3, "How long to wait for that header.")
