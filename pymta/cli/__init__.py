"""The words that people and units type.

Each command is one module, imported when it is typed: `pymta queue list` loads neither the reader
of settings files nor the SMTP side.  Exit codes are those of sysexits(3); a command that fails
says on standard error what is wrong and what to do.

    app           the commands, and errors to exit codes
    command_error a failure with its text and exit code
    options       options that several commands share
    places        which directories, from options and environment
    ask_daemon    the running daemon, by its control socket
    identity      become the owner of the state directory, or say what is missing
    permission    who may, besides root and the owner
    ask_daemon    a request to the running daemon, and its answer
    via_daemon    what it does for those who may not touch the queue
    account       whose a daemon is that root starts
    background    the classic way of a daemon out of sight, with a report to who waits
    start         settings read, kept as a generation, and the supervisor put in our place
    typed         the words themselves, for the log
    serve, daemon, reload, status, doctor, settings, queue, queue_run, tidy       the commands
    sendmail      the other program: a message to hand in, or words for classic
    classic       the words of sendmail and Exim to the same parts
    classic_line, classic_runs, classic_items, classic_refusal        what such words ask for
    classic_daemon, classic_queue      its jobs
    listing, status_view       how the queue and the daemon look on a terminal
"""
