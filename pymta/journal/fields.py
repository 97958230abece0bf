"""What the fields of journal entries mean; pymta-journal(7) prints it.

The names are part of the product: people search for them, programs read them.  New ones may come;
what is here keeps its name and its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping

ALWAYS: Mapping[str, str] = {
    "KIND": "What kind of event it is, by the names below.",
    "GENERATION": "Number of the settings that were in force for the process that wrote the line;"
    " 0 for a command typed before the first start, and for the delivery helper.",
    "STREAM": "The classic logs that the line belongs to: main, reject, panic, joined by commas."
    "  Lines of kind debug belong to none.",
}

OWN: Mapping[str, str] = {
    "QUEUE_ID": "The message, by the id that it had since it began to arrive.",
    "SESSION_ID": "The connection, by an id of its own.",
    "CLIENT": "IP address of the client.",
    "CLIENT_PORT": "Its port.",
    "CLIENT_NAME": "The name that was found for its address.",
    "HELO": "What it called itself.",
    "IDENT": "What its machine calls the user (RFC 1413); of a user of this machine, his account.",
    "TLS": "Version, cipher and bits of its TLS connection.",
    "TLS_PROOF": "By what a remote host proved its name: dane, yes for an authority that we trust,"
    " no for nothing.",
    "TLS_PEER": "Whom the certificate of the client names, where it showed one that is good.",
    "TLS_SNI": "The name that it asked for in the handshake.",
    "PROXY": "IP address of the proxy between the client and us.",
    "PROXY_PORT": "Its port.",
    "MECHANISM": "How it logged in, or tried to.",
    "ACCOUNT": "As whom.",
    "SENDER": "Envelope sender; empty for bounces.",
    "RECIPIENT": "Envelope recipient.  Where a line has several, the field stands once for each, up"
    " to a hundred times.",
    "ORIGINAL_RECIPIENT": "The one of the envelope, where a .forward put another in his place.",
    "TO": "Whom an alias or a .forward names, each; what an address is called here; or the host to"
    " which somebody rerouted it.",
    "RECIPIENTS": "All of them, with blanks between, where there are more than a hundred.",
    "WHERE": "What says so: a file and the line in it, as /etc/aliases:12, or a user's .forward.",
    "WHY": "The reason, without what stands around it in the text.",
    "POLICY_RULE": "The rule of policy that decided; of a message that was taken, those that spoke"
    " for it, with blanks between.",
    "ZONE": "The zone of a list in the DNS.",
    "REASON": "Why a connection ended without QUIT: acl-drop, bad-commands, bad-command-synprot,"
    " command-timeout, connection-lost, data-timeout, signal-exit, synchronization-error,"
    " tls-failed.",
    "QUEUE": "The named queue that the message waits in, or that is run.",
    "ROUTER": "The router that found the way of the recipient.",
    "TRANSPORT": "The transport that took it there.",
    "HOST": "Name of the remote host.",
    "HOST_ADDRESS": "Its address.",
    "HOST_PORT": "Its port.",
    "LOCAL_ADDRESS": "Our address on that connection.",
    "LOCAL_PORT": "Our port on it.",
    "CONVERTED": "7bit or 8bit: into what the message was brought, since the host does not take it"
    " as it is (mime_output_conversion).",
    "REPLY": "What the remote host said when it took the message.",
    "ERRNO": "Number of the error; negative ones are those of the classic daemon.",
    "DELIVER_TIME": "Seconds that the attempt took.",
    "QUEUE_TIME": "Seconds since the message arrived.",
    "RECEIVE_TIME": "Seconds that it took to arrive.",
    "SIZE": "Octets of the message.",
    "PROTOCOL": "How it came: smtp, esmtp, esmtps, local-esmtp, …",
    "BODY": "7BIT or 8BITMIME, where the client said so.",
    "CHUNKING": "K when the message came in chunks (BDAT).",
    "PIPELINING": "L when the client sent commands in groups, L- when it only might have.",
    "MESSAGE_ID_HEADER": "The Message-ID field of the message.",
    "SUBJECT": "Its subject, decoded; only with the log selector subject.",
    "ABOUT": "Id of the message that a bounce is about.",
    "USER": "Who ordered it.",
    "BY": "What started the queue run: timer, unit, hand, command, alarm, start or reload of"
    " the daemon, etrn; daemon, when it had too many deliveries at once.",
    "DOMAIN": "The domain whose mail was asked for; with an @ its subdomains, too.  Or the one"
    " whose policy was.",
    "ATTEMPTED": "How many messages it tried.",
    "LEFT": "How many were due and not opened, because their hosts are left alone.",
    "CLEARED": "How many pieces were cleared away.",
    "MESSAGES": "How many messages there are.",
    "LOAD": "The load average that ended it.",
    "WAITING": "Connections that nobody had taken yet.",
    "FORMER_GENERATION": "The generation that served before.",
    "NEW_GENERATION": "The generation that will serve.",
    "OPTION": "An option whose value has changed, once for each; or the one by which a message was"
    " given up.",
    "VERSION": "Version of the program.",
    "ROLE": "What a listening socket is for: smtp, submission, submissions, local, …",
    "DAEMON_PID": "Process id of the daemon.",
    "CHILD_PID": "Process id of the child.",
    "CHILD_STATUS": "How it ended: its exit status, or a negative number, the signal.",
    "PEER_UID": "User at the other end of a socket of this machine: the control socket, or the one"
    " for local mail.",
    "PEER_PID": "His process.",
    "TRACEBACK": "Where in the program it went wrong.",
    "LOST": "How many lines were lost.",
}
