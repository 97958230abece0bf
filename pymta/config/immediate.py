"""Which mail is delivered as soon as it is here, and which waits for a queue run."""

from __future__ import annotations

from pymta.config.setting import setting
from pymta.config.units import Count, LoadAverage, Pressure
from pymta.dataclass import dataclass

_SMTP = "smtp"


def parse_queue_file(item: str) -> tuple[bool, str]:
    """An item of queue_only_file: is it about SMTP alone, and the path.  Raises ValueError."""
    path = item.removeprefix(_SMTP)
    if not (path.startswith("/") and path.isprintable()):
        raise ValueError('want an absolute path, such as "/run/offline" or "smtp/run/offline"')
    return item != path, path


@dataclass(frozen=True, slots=True)
class Immediate:
    queue_only: bool = setting(False, "Leave every message to the queue runs.")
    queue_only_override: bool = setting(
        True, "Let -odb, -odf, -odi and -odqs of the classic command line win over queue_only."
    )
    queue_only_file: tuple[str, ...] = setting(
        (),
        "Files: while one exists, connections that begin have queue_only on; with smtp in front,"
        ' as in "smtp/run/offline", they have queue_smtp_domains = ["*"] instead.',
    )
    queue_only_load: LoadAverage = setting(
        None, "One-minute load average above which mail that arrives waits for a queue run."
    )
    queue_only_load_latch: bool = setting(
        True,
        "Once load or pressure was too high for a message, the rest of its connection waits as"
        " well; false: each message is judged anew.",
    )
    queue_only_pressure: Pressure = setting(
        None,
        "Pressure above which mail that arrives waits for a queue run, written as in"
        " smtp_pressure_reserve.",
    )
    smtp_accept_queue_per_connection: Count = setting(
        10, "Messages of one connection that are delivered at once; 0 means all."
    )
    queue_domains: tuple[str, ...] = setting(
        (),
        'Domains whose recipients wait for a queue run: "example.org", "*.example.org", "@" for'
        ' primary_hostname, "*" for all; "!" in front of one takes it out, and the first that'
        " matches counts.",
    )
    queue_smtp_domains: tuple[str, ...] = setting(
        (),
        "Domains, written in the same way, that are routed at once but sent to over SMTP only by"
        " queue runs.",
    )
