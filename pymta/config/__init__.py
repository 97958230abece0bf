"""Settings: frozen dataclasses, one file per subject, and the one reader of files.

In `pymta.toml` all options stand at the top level under their classic names
(`smtp_accept_max = 50`); in the program they are grouped by subject
(`settings.limits.smtp_accept_max`).  The name decides the group, so each name exists once.

    units, setting              how a field is declared: type, unit, default, meaning
    listen, limits, session, routing, transport, queue, spool, journal      the subjects
    settings                    all of them together, with what only the machine knows
    read, complaints, place     pymta.toml to settings, or every mistake at once with its line
    generation                  settings as validated data: what the daemon really serves

Only `read` knows pydantic; only commands and the validating child import it.  The supervisor and
queue runs load a generation, which needs nothing but json.
"""
