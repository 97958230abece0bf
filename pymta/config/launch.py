"""How a daemon was started, beyond its settings files: what the command line said.

It is kept in the generation, so that a reload starts the same daemon again (HU-02): the files are
read anew, and then the command line wins over them once more.
"""

from __future__ import annotations

from pymta.dataclass import dataclass

PID_FILE = "pymta-daemon.pid"  # BG-04, in the state directory
PROCESS_LOG = "pymta-process.info"  # SL-06, likewise
MAIN_LOG = "mainlog"  # likewise: a daemon in the background has no standard error


@dataclass(frozen=True, slots=True)
class Launch:
    """Nothing said: a daemon in the foreground that listens as its settings say.

    `inherits_listener`: its socket was descriptor 0 of the command (-bw); after `wait` seconds
    without a call it ends, 0 means never.  `ports` and `interfaces` are the items of -oX,
    `pid_file` that of -oP.  `receive_timeout` is in seconds, 0 when not given.  `tls_on_connect`:
    every port is one of tls_on_connect_ports.  `no_control` is -oY (N-22).
    `delivery` is "now", "queue" or "local" (SMTP alone waits for a queue run), "" when not given.
    `queue_runs` are the -q words with a time; `force` to `senders_are_pattern` say which messages
    all its queue runs take, see `pymta.channel.selection`.  `uid` and `gid` are what root
    becomes once the sockets listen, -1 when there is nothing to become.  `command` is what was
    typed, in `directory`.  `debug` are the categories of -d; with `debugs_daemon_only` (-dd)
    children fall silent.
    """

    is_classic: bool = False
    in_background: bool = False
    echoes_log: bool = False
    listens: bool = True
    inherits_listener: bool = False
    wait: int = 0
    ports: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    pid_file: str = ""
    no_control: bool = False
    queue_runs: tuple[str, ...] = ()
    receive_timeout: int = 0
    delivery: str = ""
    tls_on_connect: bool = False
    force: bool = False
    thaw: bool = False
    recipients: str = ""
    recipients_are_pattern: bool = False
    senders: str = ""
    senders_are_pattern: bool = False
    uid: int = -1
    gid: int = -1
    command: tuple[str, ...] = ()
    directory: str = ""
    debug: tuple[str, ...] = ()
    debugs_daemon_only: bool = False


def has_control_socket(launch: Launch, configured: str) -> bool:
    """N-22: a daemon on ports of its own command line stands beside another one, as a rule."""
    if not configured or launch.no_control:
        return False
    return bool(launch.pid_file) or not (launch.ports or launch.interfaces)


def local_socket(launch: Launch, configured: str) -> str:
    """Where we listen for users of this machine, "" for nowhere; likewise with -oX."""
    return "" if not launch.listens or launch.ports or launch.interfaces else configured


def pid_file(launch: Launch, configured: str, state_directory: str) -> str:
    """Where the process id goes, "" for nowhere: the table of BG-03.

    A daemon of units has no pid file unless one is configured, because nobody needs it there.
    """
    if launch.pid_file:
        return launch.pid_file
    has_own_places = launch.ports or launch.interfaces or launch.inherits_listener
    if launch.is_classic and (has_own_places or not launch.listens):
        return ""
    if configured or not launch.is_classic:
        return configured
    return f"{state_directory}/{PID_FILE}"
