"""What is missing on this host: the running daemon, its units and the machine against each other.

    finding       one thing to say: what is wrong, where, and what would be right
    promises      what the units of pymta promise, as systemd shows it
    units         are they as promised, running, enabled?
    process       has the daemon what its unit says?
    daemon        what the daemon itself reports
    configured    settings files, and who may read and write them
    certificate   certificate and key: there, fitting, valid, and for nobody else's eyes
    logins        password file and sockets of others, as the daemon finds them
    storage       the disk, directories to be written, messages that wait too long
    machine       clock, name servers, journal, who else wants our port

Each of these takes facts and answers with findings.  The facts come from

    ask_systemd, ask_kernel, ask_files, ask_logins, ask_machine    each from one side of the host
    as_owner                                           what only the daemon's account can try
    examine                                            all of it, once

Nothing here changes anything, and what may not be seen is said and not guessed.
"""
