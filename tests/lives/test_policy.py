"""Rules of policy in real daemons: what is in force, and what becomes of mail that is held back."""

from __future__ import annotations

import smtplib
from pathlib import Path
from typing import Any

from tests.doubles import peers
from tests.doubles.daemon import Daemon, daemon


def rcpt(made: Daemon, sender: str = "sender@client.test") -> tuple[int, str]:
    with made.connect() as client:
        client.ehlo_or_helo_if_needed()
        assert client.mail(sender)[0] == 250
        code, text = client.rcpt("user@localhost")
        return code, text.decode()


def rules(stage: str, **rule: Any) -> dict[str, Any]:
    return {stage: [{"name": "trial"} | rule]}


def test_a_list_from_a_file_is_in_force_from_one_reload_to_the_next() -> None:
    """HU-06: a mistake in it changes nothing."""
    with daemon() as made:
        items = made.directory / "senders"
        items.write_text("client.test\n")
        made.write_settings(
            policy=rules("rcpt", senders=[str(items)], action="refuse", text="not from you")
        )
        assert made.run("reload").returncode == 0, made.log()
        assert rcpt(made) == (550, "5.7.1 not from you")
        made.wait_for_log(r"rejected RCPT <user@localhost>: not from you \(rule trial\)")

        items.write_text("other.test\n")
        assert rcpt(made)[0] == 550  # nobody reads it meanwhile
        items.write_text("other.test\nnonsense@@\n")
        refused = made.run("reload")
        assert refused.returncode != 0
        assert f'{items}:2: policy.rcpt trial: senders: found "nonsense@@"' in refused.stderr
        assert rcpt(made)[0] == 550
        items.write_text("other.test\n")
        assert made.run("reload").returncode == 0, made.log()
        assert rcpt(made) == (250, "2.1.5 Accepted")
        assert rcpt(made, "a@other.test")[0] == 550


def test_a_frozen_message_waits_for_the_operator() -> None:
    """ID-06"""
    with daemon(policy=rules("data", header={"Subject": "hello"}, action="freeze")) as made:
        id = made.send("user@localhost")
        made.wait_for_log(rf"{id} frozen by ACL \(rule trial\)")
        assert f"{id} Message is frozen" in made.run("queue", "run").stderr
        assert made.queued() == [id]
        assert f"{id} Unfrozen by forced delivery" in made.run("queue", "run", "--force").stderr
        made.wait_for_mail("user")
        made.wait_for_empty_queue()


def test_a_queued_message_is_delivered_by_the_next_run() -> None:
    """ID-06"""
    with daemon(policy=rules("mail", action="queue")) as made:
        id = made.send("user@localhost")
        made.wait_for_log(rf"{id} no immediate delivery: queued by ACL \(rule trial\)")
        made.wait_for_idle()
        assert made.queued() == [id]
        assert made.run("queue", "run").returncode == 0
        made.wait_for_mail("user")


def test_what_policy_drops_is_gone_and_the_next_caller_is_served() -> None:
    """SS-04"""
    settings: dict[str, Any] = {"log_selector": ["+smtp_connection"]}
    with daemon(policy=rules("mail", senders=["bad.test"], action="drop"), **settings) as made:
        with made.connect() as client:
            client.ehlo()
            assert client.mail("x@bad.test")[0] == 550
            try:
                client.noop()
                raise AssertionError("it was not dropped")
            except smtplib.SMTPServerDisconnected:
                pass
        made.wait_for_log("closed by DROP in ACL")
        assert rcpt(made)[0] == 250


def test_a_list_of_a_real_name_server_turns_clients_away(tmp_path: Path) -> None:
    """127.0.0.1 is listed there, with a text."""
    zone = '1.0.0.127 A 127.0.0.2\n1.0.0.127 TXT "ask https://bl.example/"'
    listed = {"lists": {"bl.example": 2, "wl.example": -1}, "score": 2}
    with (
        peers.name_server(tmp_path, {"bl.example": zone, "wl.example": "x A 127.0.0.2"}) as server,
        daemon(
            policy=rules("rcpt", listed=listed, action="refuse"),
            dns_servers=[f"127.0.0.1:{server.port}"],
        ) as made,
    ):
        assert rcpt(made) == (550, "5.7.1 listed: ask https://bl.example/")
        made.wait_for_log(r"listed with 2: 1\.0\.0\.127\.bl\.example \(rule trial\)")


def test_rates_hold_for_all_workers_together_and_over_a_reload() -> None:
    rate = {"most": 2, "in": "1h", "per": "network"}
    with daemon(
        policy=rules("rcpt", rate_above=rate, action="defer"), worker_max_connections=1
    ) as made:
        assert [rcpt(made)[0] for _ in range(3)] == [250, 250, 451]
        assert made.run("reload").returncode == 0, made.log()
        assert rcpt(made) == (451, "4.7.1 too much from you, please try later")
        made.wait_for_log(r"3 in 1h, 2 allowed per network: 127\.0\.0\.0/24 \(rule trial\)")


def test_senders_are_verified_by_a_real_name_server(tmp_path: Path) -> None:
    """RFC 7505 s4.2"""
    zones = {"good.example": "@ MX 10 mx", "null.example": "@ MX 0 ."}
    with (
        peers.name_server(tmp_path, zones) as server,
        daemon(
            policy=rules("rcpt", sender_verified=False, action="refuse"),
            dns_servers=[f"127.0.0.1:{server.port}"],
        ) as made,
    ):
        assert rcpt(made, "a@good.example") == (250, "2.1.5 Accepted")
        assert rcpt(made, "a@null.example") == (550, "5.7.27 sender domain accepts no mail")
        assert rcpt(made, "a@x.good.example") == (550, "5.1.8 sender domain does not exist")
        assert rcpt(made, "nobody@localhost") == (550, "5.1.7 sender address does not exist")
