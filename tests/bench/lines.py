"""What the table and the plot compare, in which words, and with whom."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.scenario import Figure

POSTFIX, EXIM, OPENSMTPD = ("postfix",), ("exim",), ("opensmtpd",)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: a figure of a scenario, multiplied with `scale`.

    Ours is compared with the best of those in `beside`; that of a fresh process for each connection
    with the best of `beside_fresh`, where they are others.
    """

    scenario: str
    figure: Figure
    what: str
    beside: tuple[str, ...] = POSTFIX
    beside_fresh: tuple[str, ...] = ()
    scale: float = 1
    is_better_high: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    head: str
    lines: tuple[Line, ...]


def _cpu(
    scenario: str,
    what: str,
    beside: tuple[str, ...] = POSTFIX,
    beside_fresh: tuple[str, ...] = (),
) -> Line:
    return Line(scenario, Figure.CPU_MS, what, beside, beside_fresh)


def _rate(scenario: str, what: str, beside: tuple[str, ...] = POSTFIX) -> Line:
    return Line(scenario, Figure.RATE, what, beside, is_better_high=True)


CPU = Part(
    "CPU milliseconds of all processes, for each",
    (
        _cpu("accept", "message delivered to a Maildir, a connection each"),
        _cpu("accept-reuse", "message delivered to a Maildir, 100 in a connection"),
        _cpu("spool", "message in the queue only, a connection each"),
        _cpu("e2e-users", "message delivered to the home of a system user"),
        _cpu("e2e-relay", "message relayed to a smarthost"),
        _cpu("sendmail", "message handed in by `sendmail -t`, and delivered"),
        _cpu("queue-run", "deferred message, in a run of {run}"),
        _cpu("conn10", "session without mail", POSTFIX, EXIM),
        _cpu("conn10-close", "session without mail, closed right after QUIT", POSTFIX, EXIM),
        _cpu("refuse", "refusal (421) at the limit of connections", EXIM),
        _cpu("big", "MiB of a message of 20 MiB, delivered"),
        _cpu("start", "start of the daemon", EXIM + POSTFIX),
    ),
)
RATES = Part(
    "How many a second",
    (
        _rate("conn10", "sessions without mail, 10 at once"),
        _rate("conn50", "sessions without mail, 50 at once"),
        _rate("accept", "messages taken, a connection each"),
        _rate("accept-reuse", "messages taken, 100 in a connection"),
        _rate("spool", "messages taken, and left in the queue"),
        _rate("e2e-local", "messages from connection to Maildir"),
        _rate("e2e-users", "messages from connection to the home of a system user"),
        _rate("e2e-relay", "messages from connection to the smarthost"),
        _rate("queue-run", "deferred messages, in a run of {run}"),
        _rate("refuse", "refusals at the limit of connections", EXIM),
        _rate("big", "MiB of messages of 20 MiB"),
    ),
)
OTHERS = Part(
    "How long, how large",
    (
        Line("latency", Figure.P50_MS, "220 to 250, 5 sessions a second, p50, ms", OPENSMTPD),
        Line("latency", Figure.P99_MS, "220 to 250, 5 sessions a second, p99, ms"),
        Line("latency-load", Figure.P99_MS, "MAIL to 250, 50 clients at once, p99, ms"),
        Line("sendmail", Figure.P50_MS, "`sendmail -t` until the message is safe, p50, ms"),
        Line(
            *("start", Figure.SECONDS, "start of the daemon to its first greeting, ms"),
            beside=EXIM + POSTFIX,
            scale=1000,
        ),
        Line(
            *("systemctl", Figure.SECONDS, "`systemctl start` to the first greeting, ms"),
            beside=EXIM + POSTFIX,
            scale=1000,
        ),
        Line("queue-list", Figure.SECONDS, "list of {listed} queued messages, s", EXIM + POSTFIX),
        Line(
            *("queue-list", Figure.CPU_MS, "the same, CPU seconds", EXIM + POSTFIX),
            scale=0.001,
        ),
        Line(
            *("queue-list", Figure.AGAIN_SECONDS, "the third such list in a row, s"),
            beside=EXIM + POSTFIX,
        ),
        Line(
            *("queue-list", Figure.AGAIN_CPU_MS, "the same, CPU seconds", EXIM + POSTFIX),
            scale=0.001,
        ),
        Line("idle", Figure.KIB, "memory of a held session, KiB (PSS)"),
        Line("rest", Figure.KIB, "memory of the whole server at rest, MiB (PSS)", scale=1 / 1024),
    ),
)
PARTS = (CPU, RATES, OTHERS)
