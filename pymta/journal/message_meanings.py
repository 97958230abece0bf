"""What events of messages mean, from arrival to removal, and of queue runs."""

from __future__ import annotations

from collections.abc import Mapping

from pymta.journal.event import Kind
from pymta.journal.meaning import CALLER, LEG, TALK, Meaning

MESSAGES: Mapping[Kind, Meaning] = {
    Kind.RENAMED: Meaning(
        "An address is called something else here",
        "MAIL or RCPT named another, and the message has @PYMTA_TO@ in its place.  `pymta explain`"
        " says it of a recipient, `pymta-sendmail -brw` of any address.",
        fields=f"{CALLER} SENDER RECIPIENT TO",
        options="canonical sender_canonical recipient_canonical masquerade_domains",
        selectors="address_rewrite",
    ),
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
        fields=f"{LEG} {TALK} SIZE QUEUE_TIME CONVERTED REPLY",
        options="local_domains local_parts local_users home_maildir smarthost log_selector",
    ),
    Kind.DEFERRED: Meaning(
        "A delivery was put off",
        "@PYMTA_RECIPIENT@ could not be reached for now: @PYMTA_WHY@.  It is tried again by the"
        " schedule of the option retry; when that is at its end, the sender is told.  `pymta queue"
        " show @PYMTA_QUEUE_ID@` says when it is due.",
        fields=f"{LEG} {TALK} ERRNO WHY",
        options="retry smarthost local_users home_timeout connect_timeout command_timeout"
        " data_timeout final_timeout dns_timeout",
        selectors="retry_defer",
    ),
    Kind.TLS_GIVEN_UP: Meaning(
        "A host with which TLS failed gets a message in clear",
        "The handshake with @PYMTA_HOST@ failed: @PYMTA_WHY@.  Nobody asks for TLS with that host,"
        " so it was called again and gets the message unencrypted.  hosts_avoid_tls spares it the"
        " first call, hosts_require_tls lets its mail wait.",
        fields="QUEUE_ID HOST HOST_ADDRESS HOST_PORT WHY",
        options="remote_tls hosts_avoid_tls hosts_require_tls",
    ),
    Kind.POLICY_UNKNOWN: Meaning(
        "The MTA-STS policy of a domain cannot be fetched",
        "@PYMTA_DOMAIN@ says in the DNS that it has one, and there is none to be had: @PYMTA_WHY@."
        "  One that was fetched before counts on until its time is over; without any, mail goes as"
        " if there were no policy.  It is asked for again with mail for the domain, after five"
        " minutes at the earliest.",
        fields="DOMAIN WHY",
        options="mta_sts remote_tls",
    ),
    Kind.REDIRECTED: Meaning(
        "Mail of a recipient is sent on",
        "For @PYMTA_RECIPIENT@, an alias or a user says where the message goes instead:"
        " @PYMTA_WHERE@.  Whom that names is tried like any other recipient, and has lines of his"
        " own.",
        fields="QUEUE_ID RECIPIENT TO WHERE",
        options="alias_file virtual_aliases catch_all local_users forward_file",
    ),
    Kind.FAILED: Meaning(
        "A recipient will not get a message",
        "It is given up for @PYMTA_RECIPIENT@: @PYMTA_WHY@.  <@PYMTA_SENDER@> gets a report, unless"
        " the message is a report itself.",
        fields=f"{LEG} {TALK} WHY",
        options="retry",
    ),
    Kind.BOUNCED: Meaning(
        "A sender is told what became of his message",
        "Message @PYMTA_QUEUE_ID@ tells @PYMTA_RECIPIENT@ what became of message @PYMTA_ABOUT@:"
        " that it failed, that it is delayed, or, where he asked for that, that it has been"
        " delivered.",
        fields="QUEUE_ID SENDER RECIPIENT ABOUT SIZE MESSAGE_ID_HEADER QUEUE",
        options="primary_hostname dsn_advertise_hosts bounce_return_size_limit delay_warning"
        " bounce_message_file warn_message_file",
    ),
    Kind.REPORT_WORDS: Meaning(
        "A report has not the words that you wrote",
        "The file cannot be used just now: @PYMTA_WHY@.  The report has gone out with the words"
        " that pymta has of its own; what programs read of it is the same.",
        fields="WHY",
        options="bounce_message_file warn_message_file",
    ),
    Kind.FROZEN: Meaning(
        "A message was frozen",
        "It failed and there is nobody to tell, a rule of policy wants it seen, or somebody has"
        " ordered it.  It stays in the queue and is not tried, until somebody thaws it (`pymta"
        " queue thaw @PYMTA_QUEUE_ID@`), forces it (`pymta-sendmail -qff`) or removes it, or until"
        " its time is over; `pymta queue why @PYMTA_QUEUE_ID@` says when that is.",
        fields="QUEUE_ID SENDER POLICY_RULE USER",
        options="policy ignore_bounce_errors_after timeout_frozen_after auto_thaw",
    ),
    Kind.THAWED: Meaning(
        "A frozen message is tried again",
        "A queue run with force has taken it, somebody has thawed it, or its time has come: a"
        " report is tried once more before it is dropped.",
        fields="QUEUE_ID SENDER USER",
        options="ignore_bounce_errors_after auto_thaw",
    ),
    Kind.EXPIRED: Meaning(
        "A frozen message is given up",
        "Nobody thawed it for as long as @PYMTA_OPTION@ says.  Its sender gets a report about"
        " whoever has not got it, unless the message is a report itself.",
        fields="QUEUE_ID SENDER OPTION",
        options="timeout_frozen_after",
    ),
    Kind.IGNORED: Meaning(
        "A report is dropped",
        "It cannot be delivered to @PYMTA_RECIPIENT@ (a line before this one says why), nobody can"
        " be told of that, and its time in the queue is over.",
        fields="QUEUE_ID SENDER RECIPIENT",
        options="ignore_bounce_errors_after timeout_frozen_after",
    ),
    Kind.SKIPPED: Meaning(
        "A message was passed over",
        "It is frozen, somebody holds it, or another process is at work on it.",
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
    Kind.HELD: Meaning(
        "Somebody holds a message back",
        "No queue run tries it, not even by force, until it is released: `pymta queue release"
        " @PYMTA_QUEUE_ID@`.",
        fields="QUEUE_ID SENDER USER",
    ),
    Kind.RELEASED: Meaning(
        "A message is held back no more",
        "The next queue run tries it when it is due.",
        fields="QUEUE_ID SENDER USER",
    ),
    Kind.GIVEN_UP: Meaning(
        "Somebody gave a message up",
        "@PYMTA_USER@ wants it tried no more.  Its sender gets a report about whoever has not got"
        " it yet, unless the message is a report itself.",
        fields="QUEUE_ID SENDER USER",
    ),
    Kind.REROUTED: Meaning(
        "Somebody sent a message another way",
        "@PYMTA_USER@ wants it brought to @PYMTA_TO@, for everybody who has not got it yet;"
        " an empty name means its usual way again.",
        fields="QUEUE_ID SENDER USER TO",
    ),
    Kind.EDITED: Meaning(
        "Somebody edited the recipients of a message",
        "@PYMTA_USER@ put @PYMTA_RECIPIENT@ in, or took him out; nobody is told of one who was"
        " taken out.",
        fields="QUEUE_ID RECIPIENT USER",
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
        fields="BY QUEUE ATTEMPTED LEFT",
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
