"""What events of connections mean, and what clients were refused."""

from __future__ import annotations

from collections.abc import Mapping

from pymta.journal.event import Kind
from pymta.journal.meaning import CALLER, Meaning

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
        " smtp_load_reserve smtp_pressure_reserve host_reject_connection local_accept_max"
        " local_accept_max_per_user",
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
        options="smtp_max_unknown_commands smtp_max_synprot_errors smtp_max_refused_commands"
        " smtp_accept_max_nonmail smtp_accept_max_nonmail_hosts",
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
        selectors="dnslist_defer",
    ),
    Kind.DISCARDED: Meaning(
        "Mail was thrown away",
        "Rule @PYMTA_POLICY_RULE@ has the action discard: the client heard that the message, or"
        " this recipient, was taken, and nobody gets it.",
        fields=f"{CALLER} QUEUE_ID SENDER RECIPIENT WHY POLICY_RULE",
        options="policy",
    ),
}
