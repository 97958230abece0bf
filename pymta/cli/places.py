"""Which directories and files a command works with, from its options and its environment."""

from __future__ import annotations

from collections.abc import Mapping

from pymta.dataclass import dataclass

DAEMON_STATE = "/var/lib/pymta"
DAEMON_RUNTIME = "/run/pymta"
DAEMON_CONFIG = "/etc/pymta/pymta.toml"


DELIVER_SOCKET = "/run/pymta-deliver/socket"  # of pymta-deliver.socket
OWN_DELIVER_SOCKET = "deliver"  # in the runtime directory of a daemon that root starts


@dataclass(frozen=True, slots=True)
class Places:
    """Absolute paths."""

    state: str
    runtime: str


def daemon_places(environ: Mapping[str, str]) -> Places:
    """Those of the system's daemon; systemd names them in the environment of its units."""
    return Places(
        _first(environ.get("STATE_DIRECTORY", "")) or DAEMON_STATE,
        _first(environ.get("RUNTIME_DIRECTORY", "")) or DAEMON_RUNTIME,
    )


def deliver_socket(runtime: str, euid: int) -> str:
    """Where the helper for system users listens: root starts one of its own."""
    return f"{runtime}/{OWN_DELIVER_SOCKET}" if euid == 0 else DELIVER_SOCKET


def serve_state(environ: Mapping[str, str], home: str) -> str:
    """The state directory of `pymta serve` (XDG Base Directory Specification)."""
    base = environ.get("XDG_STATE_HOME", "")
    if not base.startswith("/"):  # the specification has relative paths ignored
        base = f"{home}/.local/state"
    return f"{base}/pymta"


def _first(paths: str) -> str:
    """Of several directories, which systemd separates by colons, the first is ours."""
    return paths.partition(":")[0]
