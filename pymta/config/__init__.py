"""Settings: frozen dataclasses, one file per subject, and the one reader of files.

In `pymta.toml` all options stand at the top level under their classic names
(`smtp_accept_max = 50`); in the program they are grouped by subject
(`settings.limits.smtp_accept_max`).  The name decides the group, so each name exists once.

    duration, units, setting    how a field is declared: type, unit, default, meaning
    process, control, listen, limits, tls, session             the subjects
        immediate, routing, rewriting, transport, deliver, queue, journal
    launch, overrule            what the command line said, and that it wins
    held                        what a running daemon has besides, at a reload
    settings                    all of them together, with what only the machine knows
    addresses, domain_list, retry_rules, run_word, classic_list, log_places, selectors
                                how single items are written
    keyed, per_host, per_queue, per_domain                     settings that may be tables
    remote_tls, smarthosts      how much TLS a host gets; hosts that take mail for others
    table_name, databases       how a table of addresses is named; databases that are tables
    periodic                    the queue runs of the daemon's own clock
    services, groups, zone      the port of a service, the number of a group, the time zone
    rights                      who may do what with daemon and queue
    read                        pymta.toml to settings, or every mistake at once with its line:
        sources, place          which files there are, what each says and on which line
        schema, check           the right type; what must hold beyond that and among settings
        complaints, absent, similar                            mistakes in words for the operator
    secret, certificate_files   how a secret is named; certificate and key, read from there
    generation                  settings as validated data: what the daemon really serves
    difference, changes         what the next generation has that the last had not
    document                    settings as a settings file, with their meaning

Only `schema` knows pydantic-core; only commands and the validating child import it.  The supervisor
and queue runs load a generation, which needs nothing but json.
"""
