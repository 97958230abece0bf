"""PROCESS 1, one per host: listens, admits, forks, reaps, keeps the clock.

It never parses what a client said, never opens a message, never looks anything up and never
waits for anybody: everything slow or hostile happens after the fork.

    main             the steps of its life
    loop             one turn: wait, reap, hear, admit, tick, reload
    listen_plan, bind_faults, sockets, activation      where it listens
    listen_match, fd_store                             what it has bound before, and goes on with
    entrance, spare, watch, accept_faults              who comes, and who cannot be let in
    admission, share                                   who may come in
    reception, fork_faults                             what becomes of him
    children, family, standby                          who is alive, heard, sent away, buried
    shortage                                           mail that was put off, told once
    dispatch, deliveries                               who delivers
    queue_clock, queue_runs                            when a run is due, and how many may go on
    fork, signals                                      birth and death
    announce, notify, pidfile, debug_lines             what it says of itself
    pulse, watchdog                                    whether it does its work
    control, desk, find_control                        the control socket, and who may use it
    requests, status, report, backlog, queue_count     what is asked there, and the answers
    birth, privilege, process_limits, sole             how it begins
    allowed, enough                                    what the system grants; is it enough
    idle_end, farewell                                 how it ends
    deliver_helper                                     who stores for system users, without systemd
    reload, renewal, handover, survivors               a new generation in place of the old one
    certificate, recertify                             what sessions show, also when it is renewed
"""

from pymta.channel import lone_thread as lone_thread  # first of all
