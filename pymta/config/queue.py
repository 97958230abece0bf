"""In which queue a message waits, when it is tried again, and by how many at once."""

from __future__ import annotations

from typing import Annotated

from pymta.config.per_domain import CountPer, CountPerDomain, RatePer, RatePerDomain
from pymta.config.per_host import PerHost, QueuePerHost
from pymta.config.per_queue import DEFAULT, CountPerQueue, PerQueue
from pymta.config.setting import setting
from pymta.config.units import (
    Always,
    Bytes,
    Choice,
    Days,
    FilePath,
    LoadAverage,
    Positive,
    Seconds,
    Times,
)
from pymta.dataclass import dataclass

AUTO, INTERNAL, TIMER = "auto", "internal", "timer"  # who runs the default queue


def kept_for_local(deliver_max: int) -> int:
    """Of that many deliveries at once, so many never go to other hosts, nor to queue runs."""
    return max(1, deliver_max // 5) if deliver_max > 1 else 0


@dataclass(frozen=True, slots=True)
class Queue:
    retry: tuple[str, ...] = setting(
        ("F,2h,15m", "G,16h,1h,1.5", "F,4d,6h"),
        "Retry schedule: F,until,interval or G,until,first interval,factor; after the last a"
        " message is returned.",
    )
    retry_rules: tuple[str, ...] = setting(
        (),
        "Retry schedules for some: pattern, cause, perhaps senders=, and a schedule, such as"
        ' "*.example.org rcpt_45x F,2h,15m; G,16h,1h,1.5"; the first that fits counts, and retry is'
        " for all others; see RETRY.",
    )
    delay_after_cutoff: bool = setting(
        True,
        "Once every host of a destination has failed for longer than its schedule goes on, mail for"
        " it is returned without a try until one of them may be asked again; false: each message"
        " has its one try.",
    )
    queue_run: Annotated[str, Choice(AUTO, INTERNAL, TIMER)] = setting(
        AUTO,
        "Who runs the default queue: timer, pymta-queue.timer alone; internal, the daemon; auto,"
        " the timer under systemd, where the daemon steps in when it does not come, and the daemon"
        " elsewhere.  Timer and daemon never run it side by side.",
    )
    queue_run_interval: Seconds = setting(
        0,
        "The daemon runs the queue this often, unless queue_run is timer; where it stands in for"
        ' the timer, so long after the last run.  0: "5m", and "15m" where it stands in; a classic'
        " command line then has none but its own, unless queue_run is internal.",
    )
    queue_runs: tuple[str, ...] = setting(
        (),
        'More runs of that kind, in classic words: "-qq10m" the default queue in two stages,'
        ' "-qGhipri/2m" the queue hipri.  Words with a time on the classic command line take the'
        " place of these and of queue_run_interval.",
    )
    queue_run_max: Annotated[PerQueue, CountPerQueue()] = setting(
        DEFAULT,
        "Queue runs of the daemon that may go on at once: a number for all of them, or a table of"
        ' numbers keyed by queue, "" the default one, "*" all others; 0 means no limit.',
    )
    queue_name: Annotated[PerHost, QueuePerHost()] = setting(
        None,
        "Queue for incoming mail, where that is not the default one: a name, or a table of names"
        " keyed by network of the client.  It is delivered at once like any other; what stays needs"
        " runs of its own, by queue_runs or by pymta-named-queue@NAME.timer.",
    )
    deliver_queue_load_max: LoadAverage = setting(
        None,
        "One-minute load average above which a queue run ends, unless it was started with force.",
    )
    deliver_max: Positive = setting(
        20,
        "Deliveries at once on this host; a fifth of them is kept for new mail to mailboxes here.",
    )
    destination_concurrency: Annotated[CountPer, CountPerDomain()] = setting(
        0,
        "Deliveries at once to one domain, and to one host whatever the domain, LMTP servers among"
        " them: a number, or a table of numbers keyed by domain or name of host,"
        ' "*.example.org" all below it, "*" all others; 0: half of deliver_max.',
    )
    destination_rate: Annotated[RatePer, RatePerDomain()] = setting(
        "",
        'Messages in a time to one domain, such as "100/1h", or a table of them, keyed in the same'
        ' way; "": no limit.',
    )
    deliver_drop_privilege: Annotated[bool, Always()] = setting(
        True, "Deliveries never have more rights than the daemon; there is no other way here."
    )
    bounce_return_size_limit: Bytes = setting(
        100 << 10,
        "Largest message that comes back whole with the news that it failed, where its sender asked"
        " for that (RET=FULL); all others come back as their header.  0: none does.",
    )
    ignore_bounce_errors_after: Days = setting(
        172_800,
        "A report that failed is frozen, because nobody can be told.  So long after it came it is"
        " tried once more, and dropped with a line in the log if that fails; one that fails later"
        ' than that is dropped at once.  "0s": no report is kept that failed.',
    )
    timeout_frozen_after: Days = setting(
        604_800,
        "A message that was frozen for other reasons, by policy or by hand, is given up so long"
        " after that: its sender gets a report, if he has an address and wants one.  What must"
        ' stay for longer is to be held.  "0s": it stays for ever.',
    )
    auto_thaw: Days = setting(
        0,
        "Such a message is tried again so long after it was frozen, as if somebody had thawed it;"
        ' "0s": it is not.',
    )
    delay_warning: Times = setting(
        ("4h", "24h"),
        "A sender is told after such times that his message has not been delivered yet, once for"
        " each; [] for never.  Not who does not want to know (NOTIFY), nor of what programs and"
        " mailing lists have sent, nor while a message is held or frozen.",
    )
    bounce_message_file: Annotated[str, FilePath("/etc/pymta/bounce.txt")] = setting(
        "",
        "A file with the words of the report that a message could not be delivered, for people;"
        " see REPORTS.  It is read for each report; while it cannot be, the usual words stand in.",
    )
    warn_message_file: Annotated[str, FilePath("/etc/pymta/warn.txt")] = setting(
        "", "The same for the report that it is delayed."
    )
    queue_run_in_order: bool = setting(False, "Oldest message first; otherwise in random order.")
    worker_idle_timeout: Seconds = setting(5, "How long a worker process without work is kept.")
    shutdown_grace: Seconds = setting(
        30, "How long a stop waits for sessions and deliveries before it ends them."
    )
