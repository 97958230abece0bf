"""What we tell the operator.

One event is one line in the classic main-log form and, from the same value, one journal entry
with fields.  The modules whose names end with `events` make them from facts, with the `parts` that
log selectors ask for; `line` makes the text safe and `stamp` says when.  `log` sends it where it
belongs, by way of `journald`, `syslog`, `file` or `stderr`, none of which ever waits; `sinks` has
an answer when one of them takes nothing.  `debug` is for whoever watches, `process_info` for
whoever asks what a process is doing.
"""
