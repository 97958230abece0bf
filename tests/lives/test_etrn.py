"""ETRN in a real daemon: a host that comes back has its mail tried, and nobody else's."""

from __future__ import annotations

import time

from tests.doubles.daemon import daemon, wait_until
from tests.doubles.queued import put, waiting


def test_a_host_has_what_waits_for_it_delivered_before_its_time() -> None:
    """RFC 1985"""
    later = time.time() + 3600
    ours = ["ours.example", "sub.ours.example", "yours.example"]
    with daemon(local_domains=ours, smtp_etrn_hosts=["127.0.0.1"]) as made:
        wanted = [
            put(made.state, "user@ours.example", due=later),
            put(made.state, "user@sub.Ours.Example", due=later),
            put(made.state, "user@ours.example", due=later, queue="slow"),
        ]
        other = put(made.state, "user@yours.example", due=later)
        with made.connect() as client:
            client.ehlo()
            assert client.has_extn("etrn")
            assert client.docmd("ETRN @ours.example")[0] == 250

        made.wait_for_log(f"({'|'.join(wanted)}) Completed", 3)
        wait_until(lambda: waiting(made.state) == [other], made.log)
        assert made.log().count("ETRN @ours.example received from") == 1
