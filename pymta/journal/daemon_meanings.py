"""What events of the daemon itself, and of its housekeeping, mean."""

from __future__ import annotations

from collections.abc import Mapping

from pymta.journal.event import Kind
from pymta.journal.meaning import Meaning

DAEMON: Mapping[Kind, Meaning] = {
    Kind.STARTED: Meaning(
        "The mail server has started",
        "pymta @PYMTA_VERSION@ serves, with generation @PYMTA_GENERATION@ of its settings.  The"
        " line says where it listens and how queue runs are started.  A reload starts it anew in"
        " the same process, and keeps sockets and sessions.",
        fields="VERSION DAEMON_PID",
        options="daemon_smtp_ports local_interfaces queue_run queue_run_interval queue_runs",
    ),
    Kind.LISTENING: Meaning(
        "The daemon listens on sockets from systemd",
        "What comes in there is taken as role @PYMTA_ROLE@ has it: smtp for mail of other hosts,"
        " submission and submissions for mail of users, local for users of this machine.  A socket"
        " has its role by FileDescriptorName= of its unit.",
        fields="ROLE",
    ),
    Kind.ARGUMENTS: Meaning(
        "A command was started",
        "The line has what was typed, and in which directory.",
        selectors="arguments",
    ),
    Kind.SETTINGS_CHANGED: Meaning(
        "Other settings are in force",
        "Generation @PYMTA_GENERATION@ of the settings serves in place of"
        " @PYMTA_FORMER_GENERATION@; the line has what is different in it.  Sessions that began"
        " before keep their settings to their end.  `pymta config diff` says what the next reload"
        " would change, `pymta config show` what is in force.",
        fields="FORMER_GENERATION OPTION",
    ),
    Kind.RELOAD: Meaning(
        "The mail server takes new settings, or a new version of itself",
        "The settings files have been read and have no mistakes.  The program is replaced in place:"
        " process id, sockets and sessions stay.",
        fields="NEW_GENERATION",
        options="pymta_path",
    ),
    Kind.RELOAD_FAILED: Meaning(
        "A reload was refused, the old settings stay",
        "Nothing has changed: the daemon goes on with what it had.  There is a line for each"
        " mistake, with its file and line.  `pymta config check` finds the same without a reload.",
        options="pymta_path",
    ),
    Kind.CANNOT_START: Meaning(
        "The mail server cannot start",
        "The line says what is missing.  systemd tries again every few seconds, so that it starts"
        " by itself once that is mended; meanwhile clients wait in the sockets that systemd holds.",
        options="daemon_startup_retries daemon_startup_sleep local_interfaces pymta_user",
    ),
    Kind.STOPPING: Meaning(
        "The mail server is stopping",
        "It takes no more connections.  Idle sessions hear 421; a message that is being received or"
        " delivered may be finished, within shutdown_grace.",
        options="shutdown_grace",
    ),
    Kind.STOPPED: Meaning(
        "The mail server has stopped",
        "Processes that had not finished within shutdown_grace were ended.  What was answered 250"
        " is in the queue.",
        options="shutdown_grace",
    ),
    Kind.CUT_OFF: Meaning(
        "A process had not finished when the grace time of a stop was over",
        "It is told to end at once, and killed if it does not.  A session hears 421, and what it"
        " was sending comes again; a message that was being delivered stays in the queue, and a"
        " host that had taken it without our knowing gets it twice.",
        fields="CLIENT QUEUE_ID",
        options="shutdown_grace",
    ),
    Kind.HELPER: Meaning(
        "The delivery helper has started, stopped or read its settings",
        "The process of root that stores mail of system users, see pymta-deliver(8).  It reads its"
        " few settings by itself, from files that only root could write.",
        fields="DAEMON_PID",
        options="local_users local_uid_min home_maildir home_maildir_create forward_file"
        " home_timeout",
    ),
}

HOUSEKEEPING: Mapping[Kind, Meaning] = {
    Kind.TIDIED: Meaning(
        "Leftovers were cleared away",
        "`pymta tidy` found @PYMTA_CLEARED@ pieces that stopped processes had left, or that were"
        " remembered of hosts which nobody has tried for a month.  pymta-tidy.timer starts it once"
        " a day; no message is touched.",
        fields="CLEARED",
    ),
    Kind.DAMAGED: Meaning(
        "Damaged messages wait for you",
        "@PYMTA_MESSAGES@ messages that could not be read were set aside, and lie in the directory"
        " corrupt/ of the spool.  Nothing tries them, and nobody is told; take them out of there"
        " when you have looked, and this line, which comes once a day, stops.",
        fields="MESSAGES",
    ),
}
