"""What events that need an operator mean, and those for who watches."""

from __future__ import annotations

from collections.abc import Mapping

from pymta.journal.event import Kind
from pymta.journal.meaning import CALLER, Meaning

TROUBLE: Mapping[Kind, Meaning] = {
    Kind.TROUBLE: Meaning(
        "Something needs an operator",
        "The line says what; mail goes on as far as it can.",
    ),
    Kind.REMARK: Meaning(
        "Something is not as it might be",
        "The line says what.  It is no reason to get up at night.",
    ),
    Kind.WRONG_SETTING: Meaning(
        "A setting has no meaning for a client",
        "What a table of the settings has for this client is neither a number nor a size.  The"
        " client is put off, or served as if nothing were set for it.",
        fields=CALLER,
        options="smtp_accept_max_per_host message_size_limit submission_size_limit",
    ),
    Kind.SOCKET: Meaning(
        "A listening socket is not as it was asked for",
        "A port was taken and is tried again, an address cannot be served, or IPv4 stands in for"
        " IPv6; the line says which.",
        options="daemon_smtp_ports local_interfaces disable_ipv6 daemon_startup_retries"
        " daemon_startup_sleep",
    ),
    Kind.LOGIN_TROUBLE: Meaning(
        "Passwords cannot be checked",
        "The password file, or the program that is asked about logins, cannot be used, or not for"
        " the account that the line names.  Clients hear 454 and may try again, or are not offered"
        " to log in at all.",
    ),
    Kind.CERTIFICATE: Meaning(
        "The certificate cannot be used",
        "The daemon goes on with the one that it had, or without.  Mend the files, then reload.",
        options="tls_certificate tls_privatekey",
    ),
    Kind.CERTIFICATE_RENEWED: Meaning(
        "Another certificate is shown",
        "Its file has changed, and was read without a reload.  Sessions that had begun go on with"
        " the former one.",
        options="tls_certificate tls_privatekey",
    ),
    Kind.ACCEPT_FAILED: Meaning(
        "Connections cannot be taken",
        "The kernel refused, as a rule for want of descriptors or memory.  The daemon tries again"
        " by itself; clients wait or hear 421.  The limit of descriptors is that of the unit"
        " (LimitNOFILE=), of the user, or of the machine: let it fit the options.",
        fields="CLIENT PEER_UID PEER_PID",
        options="smtp_accept_max local_accept_max deliver_max",
    ),
    Kind.FORK_FAILED: Meaning(
        "There can be no more processes",
        "A client heard 421, or a delivery waits for the next queue run.  The limit is that of the"
        " unit (TasksMax=), of the user, or the memory of the machine: let it fit the options.",
        fields="CLIENT PEER_UID PEER_PID QUEUE_ID",
        options="smtp_accept_max deliver_max queue_run_max worker_max_connections",
    ),
    Kind.PROCESS_FAILED: Meaning(
        "A process of the mail server has failed",
        "This is a bug of ours, or somebody sent a signal; what it was at work on is safe in the"
        " queue, or was not answered 250.  PYMTA_TRACEBACK, where there is one, belongs into a bug"
        " report.",
        fields=f"CHILD_PID CHILD_STATUS QUEUE_ID {CALLER} TRACEBACK",
        options="panic_coredump worker_max_memory",
    ),
    Kind.POLICY_FAILED: Meaning(
        "A function of the policy file has failed",
        "What @PYMTA_POLICY_RULE@ was asked about was put off: the client heard 451, or 421 where"
        " it took too long, and comes again.  One that does not come back at all ends its process,"
        " and its client sees the connection close.  The line names the place in the file;"
        " `pymta policy test` runs its tests.",
        fields=f"{CALLER} CHILD_PID POLICY_RULE WHY TRACEBACK",
        options="policy_file policy_timeout",
    ),
    Kind.POLICY_OUT_OF_USE: Meaning(
        "The policy file is out of use, or in use again",
        "It has failed so often in a short time, with one client or with several, that sessions"
        " which begin now do not ask it, those of that client or all: what it would be asked about"
        " is put off, or left to whoever comes next.  After a while it is in use again by itself,"
        " and after a reload at once.",
        options="policy_breaker_failures policy_breaker_time policy_breaker_pause"
        " policy_on_breaker",
    ),
    Kind.NOT_ALLOWED: Meaning(
        "Somebody asked for what he may not have",
        "Process @PYMTA_PEER_PID@ of user @PYMTA_PEER_UID@ sent the daemon an order, which only"
        " root, the user of the daemon and members of admin_groups may; or it asked the delivery"
        " helper for what only the daemon may ask, or nobody.",
        fields="PEER_UID PEER_PID",
        options="admin_groups prod_requires_admin queue_list_requires_admin notifier_socket",
    ),
    Kind.SHORT_OF_SPACE: Meaning(
        "A disk is nearly full",
        "Mail is answered 452 until there is room again; nothing is lost.",
        options="check_spool_space check_spool_inodes check_log_space check_log_inodes"
        " smtp_check_spool_space",
    ),
    Kind.SPOOL_TROUBLE: Meaning(
        "The disk of the queue cannot be used",
        "A message that arrived was not answered 250, and its client keeps it; one that was in the"
        " queue stays there.  The line has the error of the system.",
        fields=f"QUEUE_ID {CALLER}",
    ),
    Kind.SET_ASIDE: Meaning(
        "A message file cannot be read",
        "@PYMTA_QUEUE_ID@ is damaged, and is kept in the directory corrupt/ of the spool for you to"
        " look at.  Nothing tries it any more, and nobody is told.",
        fields="QUEUE_ID",
    ),
    Kind.LOG_FAILED: Meaning(
        "A log cannot be written, or can be again",
        "Lines of the meantime went to the journal, to syslog or to standard error.",
        options="log_file_path syslog_facility",
    ),
    Kind.LOG_LOST: Meaning(
        "Log lines were lost",
        "@PYMTA_LOST@ lines found no place at all, because nobody who keeps logs took them in time."
        "  Mail was not held up.  Lines that systemd-journald takes only on standard error, when"
        " its socket is full, are not lost, but have no fields.",
        fields="LOST",
        options="log_file_path",
    ),
}

WATCHING: Mapping[Kind, Meaning] = {
    Kind.DEBUG: Meaning(
        "Somebody watches",
        "The daemon or a command was started with -d, --debug or PYMTA_DEBUG.",
        fields=f"QUEUE_ID {CALLER}",
    ),
}
