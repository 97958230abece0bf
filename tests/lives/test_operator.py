"""What an operator orders while a daemon is at work."""

from __future__ import annotations

from tests.doubles.daemon import daemon


def test_messages_are_held_rerouted_and_given_up_beside_a_daemon() -> None:
    """The report of what is given up is delivered at once, by the daemon."""
    with daemon(queue_only=True, local_parts=["user", "boss"]) as made:
        held, given_up = (made.send("user@localhost", sender="boss@localhost") for _ in range(2))

        assert made.run("queue", "hold", held).returncode == 0
        assert made.run("queue", "bounce", "--reason", "no more", given_up).returncode == 0
        (report,) = made.wait_for_mail("boss")
        assert b"delivery cancelled by administrator: no more" in report

        assert made.run("queue", "run", "--force").returncode == 0
        assert made.queued() == [held]
        assert b"".join(made.mailbox("user")) == b""
        why = made.run("queue", "why", held).stdout
        assert "held by " in why
        assert "    delivers: into mailbox user\n" in why

        assert made.run("queue", "release", held).returncode == 0
        assert made.run("queue", "run").returncode == 0
        made.wait_for_mail("user")
        made.wait_for_empty_queue()
