"""One message at a time: claim it, route its recipients, hand it to transports, settle.

main          the process: orders in, one message after another
parent        what it says, and when to stop
slots         a place among the deliveries of this host
one_message   the course of one attempt
whom          who waits for a queue run
plan          recipients to groups that travel together
redirect      where a user's .forward has the mail sent on to
carry         one group through its transport
outcome       what came of it for each recipient
settle        from outcomes: what to record, what to try again, what to give up
waits         for which hosts the rest waits, as a hint for queue runs
follow_up     reports to the sender, and the end of the message
world         what an attempt needs, handed in; `real_world` has it of this machine
routes        a router for each message
"""
