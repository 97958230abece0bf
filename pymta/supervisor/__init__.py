"""PROCESS 1, one per host: listens, admits, forks, reaps, keeps the clock.

It never parses what a client said, never opens a message, never looks anything up and never
waits for anybody: everything slow or hostile happens after the fork.

    main             the steps of its life
    loop             one turn: wait, reap, hear, admit, tick, reload
    listen_plan, bind_faults, sockets, activation      where it listens
    admission, accept_faults                           who is let in
    reception, standby                                 the door, and who is free for a caller
    children, dispatch, queue_clock                    who is alive, who delivers, when a run is due
    fork, signals                                      birth and death
    announce, notify                                   what it says of itself
    control, reload, handover                          a new generation in place of the old one
"""
