"""pymta, a mail transfer agent.  Follow the mail to read the code:

    supervisor   listens, admits, forks, reaps, keeps the clock; never parses, never waits
    session      one connection: the SMTP dialogue, and the message into the spool
    spool        a message on disk, safe against a pulled plug at any instruction
    queue        one pass over what is due
    delivery     one message at a time: claim, route, transport, settle
    routing      recipient to route
    transport    one message to one destination: a remote host, a mailbox, a user
    local        the small helper of root, whose children become the user and store his mail
    report       mail that we write ourselves: bounces
    submit       sendmail(1): a message of a user of this machine, to the session behind a socket
    simulation   the queue played through an outage, on a clock that costs no time
    doctor       what is missing on this host

They stand on

    mail         the words of mail: values every other package speaks in
    smtp         the protocol, both ends, bytes in and events out; no socket
    sasl         logins: response in, challenge or verdict out; no socket either
    tls          the certificate that we show, and encrypted octets in place of plain ones
    config       settings: frozen dataclasses, and the one reader of files
    journal      what we tell the operator
    load         how busy the machine is
    accounts     who has an account on this machine, and who may log in
    tables       aliases and other addresses that an operator keeps in files
    resolver     the DNS outside
    retry        when to try again, when to give up
    policy       yes, no, or later: verdicts from what is known, by rules of the operator
    hints        what we remember about other hosts and may forget
    channel      the few words that the supervisor and its children exchange

and `cli` puts them under words typed by people.  A directory with a `main.py` is a process.
A module whose docstring ends with a line "Touches: ..." does I/O; one without it only thinks.
Frozen dataclasses are made by `pymta.dataclass`, in less time.
"""

__version__ = "0.1.0"
