"""A host that hangs keeps only as many deliveries as it may have; all other mail goes on."""

from __future__ import annotations

from tests.doubles.daemon import daemon
from tests.doubles.smtp_host import SILENCE, SmtpHost


def test_many_domains_on_one_host_that_hangs_delay_nobody_else() -> None:
    """Architecture, decision 5: half of the deliveries at most, over the daemon and its runs."""
    with SmtpHost({"GREETING": SILENCE}) as hung, SmtpHost() as fast:
        smarthosts = {
            "hung": {"hosts": [f"127.0.0.1:{hung.port}"], "domains": ["*.hung.test"]},
            "fast": {"hosts": [f"127.0.0.1:{fast.port}"], "domains": ["fast.test"]},
        }
        patience = {"command_timeout": "120s", "shutdown_grace": "1s"}
        with daemon(smarthosts=smarthosts, deliver_max=5, **patience) as made:
            for number in range(8):
                made.send(to=f"a@x{number}.hung.test")
            made.wait_for_log(
                r"== a@x[0-7]\.hung\.test R=\S+ T=smtp defer \(-57\): 2 of 2 deliveries at once to"
            )
            made.send(to="b@fast.test")
            made.send(to="user@localhost")

            made.wait_for_log("=> b@fast.test R=")
            assert made.wait_for_mail("user")
            assert len(fast.messages()) == 1
            assert "Connection timed out" not in made.log()  # all the while it hangs
