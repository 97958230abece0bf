"""What each kind of event means to an operator: `journalctl -x` and pymta-journal(7) print it.

Nothing here is loaded by a running pymta; packaging/document.py makes the files of it.  In a text
``@PYMTA_CLIENT@`` stands for that field of the entry, so it may name only what each has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pymta.journal.event import Kind

CALLER = (
    "CLIENT CLIENT_PORT PEER_UID PEER_PID SESSION_ID HELO CLIENT_NAME IDENT TLS TLS_PEER TLS_SNI"
    " PROXY PROXY_PORT MECHANISM ACCOUNT"
)
WAY = "QUEUE ROUTER TRANSPORT HOST HOST_ADDRESS HOST_PORT LOCAL_ADDRESS LOCAL_PORT"
LEG = f"QUEUE_ID SENDER RECIPIENT ORIGINAL_RECIPIENT {WAY} DELIVER_TIME"


@dataclass(frozen=True, slots=True)
class Meaning:
    """`options` govern whether it happens, `selectors` whether its line is written.

    `fields` are those of its entries, beside those of all; the three are words with blanks between.
    """

    subject: str
    text: str
    fields: str = ""
    options: str = ""
    selectors: str = ""


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

CONNECTIONS: Mapping[Kind, Meaning] = {
    Kind.CONNECTION: Meaning(
        "A client has connected",
        "He was let in: an address, or a user of this machine.  `journalctl"
        " PYMTA_SESSION_ID=@PYMTA_SESSION_ID@` has the other lines of this connection.",
        fields="CLIENT CLIENT_PORT PEER_UID PEER_PID SESSION_ID",
        options="hosts_connection_nolog",
        selectors="smtp_connection",
    ),
    Kind.BACKLOG: Meaning(
        "Clients wait to be taken",
        "@PYMTA_WAITING@ connections stood before a listening socket when one was taken.  Seen"
        " often, the machine is too slow for its callers, or something keeps the daemon from its"
        " work.",
        fields="WAITING",
        options="smtp_backlog_monitor smtp_connect_backlog",
    ),
    Kind.REFUSED: Meaning(
        "A client was turned away",
        "It was refused before a session began: @PYMTA_WHY@.  It heard 421, and may"
        " come again, or 554, when host_reject_connection names it.",
        fields=f"{CALLER} WHY",
        options="smtp_accept_max smtp_accept_max_per_host smtp_accept_reserve smtp_reserve_hosts"
        " smtp_load_reserve smtp_pressure_reserve host_reject_connection local_accept_max",
        selectors="connection_reject",
    ),
    Kind.CONNECTION_CLOSED: Meaning(
        "A connection has ended in good order",
        "The client said QUIT, or the daemon had to stop and told it so.",
        fields=f"{CALLER} REASON",
        options="shutdown_grace hosts_connection_nolog",
        selectors="smtp_connection",
    ),
    Kind.CONNECTION_LOST: Meaning(
        "A client has gone without a word",
        "The connection ended before QUIT.  A message that was not answered 250 stays with the"
        " client, which will send it again.",
        fields=f"{CALLER} QUEUE_ID SENDER REASON",
        options="smtp_accept_keepalive hosts_connection_nolog",
        selectors="smtp_connection lost_incoming_connection",
    ),
    Kind.TIMEOUT: Meaning(
        "A client took too long",
        "The client sent nothing for longer than smtp_receive_timeout and heard 421.",
        fields=f"{CALLER} QUEUE_ID SENDER REASON",
        options="smtp_receive_timeout",
        selectors="lost_incoming_connection",
    ),
    Kind.NO_MAIL: Meaning(
        "A client came and went without mail",
        "It never said MAIL: a monitor, somebody who looks around, or a program that gave up.  The"
        " commands that it used stand in the line.",
        fields=CALLER,
        options="hosts_connection_nolog",
        selectors="smtp_no_mail",
    ),
    Kind.PROTOCOL_ERROR: Meaning(
        "A client said what cannot be understood",
        "A command was wrong, or came at a wrong time.  After a few of them the client is dropped.",
        fields=CALLER,
        options="smtp_max_synprot_errors",
        selectors="smtp_syntax_error smtp_protocol_error",
    ),
    Kind.SPEAKS_FOR: Meaning(
        "A trusted host speaks for another client",
        "It said XCLIENT, as hosts_xclient allows.  Lines of the same connection below this one are"
        " about the client that it named; PYMTA_PROXY in them is the host itself.",
        fields=CALLER,
        options="hosts_xclient hosts_connection_nolog",
        selectors="smtp_connection",
    ),
    Kind.PROXY_FAILED: Meaning(
        "A proxy did not say for whom it speaks",
        "A connection from one of hosts_proxy did not begin with a PROXY header: @PYMTA_WHY@."
        "  Every command in it heard 503.  Either it is no proxy, or it was not told to send one;"
        " HAProxy does so with send-proxy or send-proxy-v2.",
        fields=f"{CALLER} WHY",
        options="hosts_proxy proxy_protocol_timeout",
    ),
    Kind.TLS_FAILED: Meaning(
        "A client could not agree with us on TLS",
        "It speaks another version, does not trust the certificate, or does not speak TLS at all on"
        " a port where TLS begins at once.  One client alone points at that client, all of them at"
        " the certificate.",
        fields=f"{CALLER} REASON",
        options="tls_certificate tls_privatekey tls_on_connect_ports tls_advertise_hosts"
        " tls_verify_hosts tls_try_verify_hosts tls_verify_certificates",
    ),
    Kind.LOGIN_FAILED: Meaning(
        "A client could not log in",
        "With 535 name or password were wrong, and the client learns no more than that; with 454"
        " what checks them could not be asked, and the line says why.  Many of these from one"
        " address are somebody who guesses; many for one account may be a device that has the old"
        " password.",
        fields=f"{CALLER} WHY",
        options="auth_failures_max auth_failure_delay auth_failures_per_address"
        " auth_failures_per_account auth_failures_period",
    ),
    Kind.LOOKUP_FAILED: Meaning(
        "Nothing more could be found out about a client",
        "The DNS has no name for its address that leads back to it, or its ident server did not"
        " answer in time.  It is served all the same.",
        fields=CALLER,
        options="host_lookup host_lookup_order dns_timeout rfc1413_hosts rfc1413_query_timeout",
        selectors="host_lookup_failed ident_timeout",
    ),
}

REFUSALS: Mapping[Kind, Meaning] = {
    Kind.REJECTED: Meaning(
        "A command was refused",
        "The client heard no to a command: @PYMTA_WHY@.  For a recipient the field"
        " PYMTA_RECIPIENT says which; others of the same message may have been taken.",
        fields=f"{CALLER} SENDER RECIPIENT WHY POLICY_RULE",
        options="local_domains local_parts relay_to_domains relay_from_hosts hosts_require_helo"
        " message_size_limit recipients_max smtp_accept_max_per_connection check_spool_space"
        " policy",
        selectors="size_reject connection_reject",
    ),
    Kind.MESSAGE_REJECTED: Meaning(
        "A message was refused after it had been seen",
        "The client sent a message from <@PYMTA_SENDER@>, which was not taken: @PYMTA_WHY@.",
        fields=f"{CALLER} QUEUE_ID SENDER WHY POLICY_RULE",
        options="message_size_limit header_maxsize header_fields_max received_headers_max policy",
        selectors="size_reject",
    ),
    Kind.OUT_OF_SYNC: Meaning(
        "A client did not wait for its turn",
        "It sent more before it could know the answer to what it had sent, as programs do that only"
        " spam, and heard 554.  Where an honest client does so, let it: see the options.",
        fields=f"{CALLER} REASON",
        options="smtp_enforce_sync pipe_connect_advertise_hosts",
    ),
    Kind.DROPPED: Meaning(
        "A client was dropped for bad manners",
        "The connection was closed by us: @PYMTA_WHY@.",
        fields=f"{CALLER} WHY REASON",
        options="smtp_max_unknown_commands smtp_max_synprot_errors smtp_accept_max_nonmail"
        " smtp_accept_max_nonmail_hosts",
    ),
    Kind.INCOMPLETE: Meaning(
        "A client began a message and sent none",
        "The client named a sender, and perhaps recipients, and then thought better of it, or"
        " all its recipients had been refused.",
        fields=f"{CALLER} SENDER RECIPIENT RECIPIENTS",
        selectors="smtp_incomplete_transaction",
    ),
    Kind.POLICY_WARNING: Meaning(
        "A rule of policy wants it to be known",
        "Rule @PYMTA_POLICY_RULE@ has the action warn, which changes nothing: a way to see whom a"
        " rule would meet.  Where it says that it was skipped, a look-up failed.",
        fields=f"{CALLER} SENDER RECIPIENT WHY POLICY_RULE",
        options="policy",
        selectors="acl_warn_skipped",
    ),
    Kind.LIST_IN_TROUBLE: Meaning(
        "A list in the DNS is of no use",
        "What rules ask of @PYMTA_ZONE@ (listed) could not be found out, so it weighs nothing, and"
        " the client is judged without it.  Where this stays, see whether your name servers may"
        " ask that list, and whether it still exists.",
        fields=f"{CALLER} ZONE WHY",
        options="policy dns_servers",
        selectors="acl_warn_skipped",
    ),
    Kind.DISCARDED: Meaning(
        "Mail was thrown away",
        "Rule @PYMTA_POLICY_RULE@ has the action discard: the client heard that the message, or"
        " this recipient, was taken, and nobody gets it.",
        fields=f"{CALLER} QUEUE_ID SENDER RECIPIENT WHY POLICY_RULE",
        options="policy",
    ),
}

MESSAGES: Mapping[Kind, Meaning] = {
    Kind.ARRIVED: Meaning(
        "A message has arrived",
        "It is safe on disk, and the client has heard 250.  `journalctl"
        " PYMTA_QUEUE_ID=@PYMTA_QUEUE_ID@` has all that becomes of it.",
        fields=f"QUEUE_ID SENDER RECIPIENT RECIPIENTS {CALLER} PROTOCOL SIZE RECEIVE_TIME BODY"
        " MESSAGE_ID_HEADER SUBJECT PIPELINING CHUNKING QUEUE POLICY_RULE",
        options="queue_name log_selector",
    ),
    Kind.QUEUED: Meaning(
        "A message waits for a queue run",
        "It is not delivered at once: @PYMTA_WHY@.  The next queue run takes it, or `pymta queue"
        " run @PYMTA_QUEUE_ID@`.",
        fields=f"{LEG} {CALLER} WHY POLICY_RULE",
        options="queue_only queue_only_file queue_only_load queue_only_pressure queue_domains"
        " queue_smtp_domains smtp_accept_queue smtp_accept_queue_per_connection policy",
        selectors="delay_delivery retry_defer",
    ),
    Kind.DELIVERED: Meaning(
        "A recipient has got a message",
        "Router @PYMTA_ROUTER@ and transport @PYMTA_TRANSPORT@ brought it to @PYMTA_RECIPIENT@,"
        " @PYMTA_QUEUE_TIME@ seconds after it had arrived.",
        fields=f"{LEG} SIZE QUEUE_TIME REPLY",
        options="local_domains local_parts local_users home_maildir smarthost log_selector",
    ),
    Kind.DEFERRED: Meaning(
        "A delivery was put off",
        "@PYMTA_RECIPIENT@ could not be reached for now: @PYMTA_WHY@.  It is tried again by the"
        " schedule of the option retry; when that is at its end, the sender is told.  `pymta queue"
        " show @PYMTA_QUEUE_ID@` says when it is due.",
        fields=f"{LEG} ERRNO WHY",
        options="retry smarthost local_users home_timeout connect_timeout command_timeout"
        " data_timeout final_timeout dns_timeout",
        selectors="retry_defer",
    ),
    Kind.REDIRECTED: Meaning(
        "A user has his mail sent on",
        "The .forward of @PYMTA_RECIPIENT@ says where the message goes instead.  Whom it names is"
        " tried like any other recipient, and has lines of his own.",
        fields="QUEUE_ID RECIPIENT TO",
        options="local_users forward_file",
    ),
    Kind.FAILED: Meaning(
        "A recipient will not get a message",
        "It is given up for @PYMTA_RECIPIENT@: @PYMTA_WHY@.  <@PYMTA_SENDER@> gets a report, unless"
        " the message is a report itself.",
        fields=f"{LEG} WHY",
        options="retry",
    ),
    Kind.BOUNCED: Meaning(
        "A sender is told what became of his message",
        "Message @PYMTA_QUEUE_ID@ tells @PYMTA_RECIPIENT@ what became of message @PYMTA_ABOUT@:"
        " that it failed, or, where he asked for that, that it has been delivered.",
        fields="QUEUE_ID SENDER RECIPIENT ABOUT SIZE MESSAGE_ID_HEADER QUEUE",
        options="primary_hostname dsn_advertise_hosts bounce_return_size_limit",
    ),
    Kind.FROZEN: Meaning(
        "A message was frozen",
        "It failed and there is nobody to tell, or a rule of policy wants it seen.  It stays in the"
        " queue and is not tried, until"
        " somebody forces it (`pymta-sendmail -qff`) or removes it (`pymta queue remove"
        " @PYMTA_QUEUE_ID@`).",
        fields="QUEUE_ID SENDER POLICY_RULE",
        options="policy",
    ),
    Kind.THAWED: Meaning(
        "A frozen message is tried again",
        "A queue run with force has taken it.",
        fields="QUEUE_ID SENDER",
    ),
    Kind.SKIPPED: Meaning(
        "A message was passed over",
        "It is frozen, or another process is at work on it.",
        fields="QUEUE_ID SENDER",
        selectors="skip_delivery",
    ),
    Kind.COMPLETED: Meaning(
        "A message has left the queue",
        "All its recipients have got it, or its sender was told why not.  It took"
        " @PYMTA_QUEUE_TIME@ seconds.",
        fields="QUEUE_ID SENDER QUEUE_TIME",
        options="log_selector",
    ),
    Kind.REMOVED: Meaning(
        "Somebody removed a message",
        "@PYMTA_USER@ took it out of the queue.  It was not delivered to who had not got it yet,"
        " and its sender is not told.",
        fields="QUEUE_ID SENDER USER",
        options="admin_groups",
    ),
}

QUEUE_RUNS: Mapping[Kind, Meaning] = {
    Kind.QUEUE_RUN: Meaning(
        "A queue run has begun",
        "It was started by: @PYMTA_BY@.  It tries what is due.",
        fields="BY QUEUE",
        options="queue_run queue_run_interval queue_runs queue_run_max queue_run_in_order"
        " deliver_max",
        selectors="queue_run",
    ),
    Kind.QUEUE_RUN_ENDED: Meaning(
        "A queue run has ended",
        "It tried @PYMTA_ATTEMPTED@ messages.",
        fields="BY QUEUE ATTEMPTED",
        options="deliver_max",
        selectors="queue_run",
    ),
    Kind.QUEUE_RUN_SKIPPED: Meaning(
        "A queue run was not needed",
        "Another one is under way, or has just been; the line says which.",
        fields="BY QUEUE",
        options="queue_run queue_run_interval queue_runs",
        selectors="queue_run",
    ),
    Kind.QUEUE_RUN_ABANDONED: Meaning(
        "A queue run ended before its time",
        "The machine was busier than deliver_queue_load_max allows, or no delivery process could"
        " work; then lines before this one say why.  What was not tried waits for the next run.",
        fields="BY QUEUE LOAD",
        options="deliver_queue_load_max",
        selectors="queue_run",
    ),
    Kind.ETRN: Meaning(
        "A host asked for its mail",
        "The client said ETRN @PYMTA_DOMAIN@.  A queue run over the mail for that domain begins"
        " at once, unless one goes on already or queue_run_max are under way.",
        fields=f"{CALLER} DOMAIN",
        options="smtp_etrn_hosts smtp_etrn_serialize queue_run_max",
        selectors="etrn",
    ),
    Kind.NOTIFIED: Meaning(
        "Somebody asked for a message to be delivered",
        "The daemon was told, over its control socket, to try @PYMTA_QUEUE_ID@ now.",
        fields="QUEUE_ID",
        options="notifier_socket prod_requires_admin",
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
        options="smtp_accept_max_per_host message_size_limit",
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
        options="admin_groups prod_requires_admin notifier_socket",
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

SECTIONS: Mapping[str, Mapping[Kind, Meaning]] = {
    "The daemon": DAEMON,
    "Connections": CONNECTIONS,
    "What clients were refused": REFUSALS,
    "Messages": MESSAGES,
    "Queue runs": QUEUE_RUNS,
    "Housekeeping": HOUSEKEEPING,
    "Trouble": TROUBLE,
    "Watching": WATCHING,
}

CATALOGUE: Mapping[Kind, Meaning] = {
    kind: meaning for section in SECTIONS.values() for kind, meaning in section.items()
}
