"""A server with rules of policy at one stage, and a client that has said who it is."""

from __future__ import annotations

from typing import Any

from tests.doubles.house import Guest, House, usual_settings

FROM = "MAIL FROM:<a@client.example>"
TO = "RCPT TO:<user@localhost>"
WHO = "H=(client.example) [192.0.2.7]"


def ruled(stage: str, *rules: dict[str, Any], **settings: object) -> House:
    """The rules are called r1, r2, …"""
    named = [{"name": f"r{number}"} | rule for number, rule in enumerate(rules, 1)]
    return House(usual_settings(policy={stage: named}, **settings))


def say(guest: Guest, *lines: str) -> list[str]:
    """What these lines are answered with, after EHLO."""
    guest.hear()
    return guest.ask("EHLO client.example", *lines)[1:]
