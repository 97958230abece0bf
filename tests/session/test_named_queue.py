"""The queue that a message goes to depends on who brings it (N-16)."""

from __future__ import annotations

import pytest

from pymta.channel.words import HandOn
from pymta.config.per_host import PerHost
from tests.doubles.house import House, usual_settings

TABLE: PerHost = {"192.0.2.0/24": "slow", "192.0.2.7/32": "", "2001:db8::/32": "slow", "*": "rest"}


@pytest.mark.parametrize(
    ("setting", "caller", "queue"),
    [
        (None, "192.0.2.1", ""),
        ("", "192.0.2.1", ""),
        ("slow", "192.0.2.1", "slow"),
        (TABLE, "192.0.2.1", "slow"),
        (TABLE, "192.0.2.7", ""),
        (TABLE, "::ffff:192.0.2.7", ""),
        (TABLE, "2001:db8::1", "slow"),
        (TABLE, "198.51.100.1", "rest"),
    ],
)
def test_the_network_of_the_client_says_which(setting: PerHost, caller: str, queue: str) -> None:
    """N-16"""
    house = House(usual_settings(queue_name=setting))
    with house.call(caller) as guest:
        guest.hear()
        guest.ask("EHLO client.example", "MAIL FROM:<a@client.example>")
        guest.ask("RCPT TO:<postmaster>", "DATA")
        guest.say("Subject: x", "", "hi", ".")
        assert guest.hear().startswith("250 ")

    (kept,) = house.spool.stored
    assert kept.envelope.queue_name == queue
    assert house.handed_on == [HandOn(kept.id, queue=queue)]
    (line,) = [event for event in house.log.events if event.queue_id == kept.id]
    assert line.fields.get("QUEUE", "") == queue
    assert (" Q=" in line.text) == bool(queue)
    assert line.text.endswith(f" S=18 Q={queue}" if queue else " S=18")
