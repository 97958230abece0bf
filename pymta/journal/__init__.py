"""What we tell the operator.

One event is one line in the classic main-log form and, from the same value, one journal entry
with fields.  `daemon_events`, `session_events` and `delivery_events` make events from facts;
`line` makes the text safe; `log` sends it where it belongs, by way of `journald`, `file` or
`stderr`, none of which ever waits.
"""
