"""Where we listen, when systemd hands in no socket."""

from __future__ import annotations

from typing import Annotated

from pymta.config.setting import setting
from pymta.config.units import Count, PortName, Seconds, SocketPath
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Listen:
    daemon_smtp_ports: tuple[PortName, ...] = setting(
        ("smtp",), "Default ports, as numbers or service names."
    )
    local_interfaces: tuple[str, ...] = setting(
        ("::0", "0.0.0.0"), "Addresses to listen on, each with or without a port of its own."
    )
    extra_local_interfaces: tuple[str, ...] = setting(
        (), "Further addresses that are this host's, such as one before an address translation."
    )
    tls_on_connect_ports: tuple[PortName, ...] = setting(
        (),
        "Those of our ports on which TLS begins at once, before the greeting, as numbers or service"
        " names.",
    )
    local_socket: Annotated[str, SocketPath("/run/pymta/submit")] = setting(
        "",
        "Socket in the file system where users of this machine hand in mail, such as"
        " /run/pymta/submit; empty: none.",
    )
    disable_ipv6: bool = setting(False, "Leave out every IPv6 address of local_interfaces.")
    tcp_nodelay: bool = setting(
        True, "Send small replies at once (TCP_NODELAY), also on sockets from systemd."
    )
    tcp_fastopen: bool = setting(
        False,
        "Let callers who have been here before save a round trip (TCP Fast Open), also on sockets"
        " from systemd; the kernel must allow it (net.ipv4.tcp_fastopen).",
    )
    smtp_connect_backlog: Count = setting(20, "Connections that the kernel keeps waiting for us.")
    smtp_backlog_monitor: Count = setting(
        0,
        "Connections waiting on a listener above which a call logs their number; 0: never.",
    )
    daemon_startup_retries: Count = setting(
        9, "How often a failed bind is tried again, all sockets together."
    )
    daemon_startup_sleep: Seconds = setting(30, "Pause before a failed bind is tried again.")

    def is_tls_port(self, port: int) -> bool:
        """Names are numbers here; they were resolved when the settings were read (N-12)."""
        return str(port) in self.tls_on_connect_ports
