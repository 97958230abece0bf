"""A message in at the socket, and out into a mailbox, to another host, or back to its sender."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles import peers
from tests.doubles.daemon import Daemon, daemon, wait_until

ZONES = {
    "remote.test": "@ MX 10 mail\nmail A 127.0.0.1",
    "nomail.test": "@ MX 0 .",
    "plain.test": "@ A 127.0.0.1",
}


@pytest.fixture(scope="module")
def local() -> Iterator[Daemon]:
    with daemon() as made:
        yield made


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[peers.NameServer]:
    with peers.name_server(tmp_path_factory.mktemp("knot"), ZONES) as server:
        yield server


def test_swaks_delivers_to_a_maildir(local: Daemon) -> None:
    answer = peers.run(
        "swaks",
        *("--to", "user@localhost", "--from", "someone@client.test"),
        *("--server", f"127.0.0.1:{local.port}", "--header", "Subject: by swaks"),
    )

    assert answer.returncode == 0, answer.stdout
    id = re.search(r"250 2\.0\.0 OK id=(\S+)", answer.stdout)
    assert id, answer.stdout
    message = local.wait_for_mail("user")[0]
    assert message.startswith(b"Return-Path: <someone@client.test>\nDelivered-To: user@localhost\n")
    assert b"\r" not in message
    assert b"Subject: by swaks\n" in message
    local.wait_for_log(f"{id[1]} Completed")
    story = [line.split(f"{id[1]} ", 1)[1] for line in local.log().splitlines() if id[1] in line]
    assert story[0].startswith("<= someone@client.test H=")
    assert story[1] == "=> user <user@localhost> R=local T=maildir"
    assert story[2] == "Completed"


def test_smtplib_sends_to_several_mailboxes_at_once(local: Daemon) -> None:
    with local.connect() as client:
        assert client.sendmail("s@client.test", ["alice@localhost", "Bob@LOCALHOST"], "hi\n") == {}

    assert local.wait_for_mail("alice")
    assert local.wait_for_mail("bob")


def test_smtp_source_sends_a_hundred_over_ten_sessions() -> None:
    with daemon() as made:
        answer = peers.run(
            "smtp-source",
            *("-s", "10", "-m", "100", "-l", "4096", "-f", "a@client.test"),
            *("-t", "user@localhost", f"127.0.0.1:{made.port}"),
        )
        assert answer.returncode == 0, answer.stdout
        made.wait_for_mail("user", 100)
        made.wait_for_empty_queue()
        wait_until(lambda: made.log().count(" Completed") == 100, made.log)


def test_a_whole_session_of_pipelined_messages_is_delivered() -> None:
    with daemon() as made:
        answer = peers.run(
            "smtp-source",
            *("-d", "-s", "2", "-m", "30", "-l", "20000", "-f", "a@client.test"),
            *("-t", "user@localhost", f"127.0.0.1:{made.port}"),
        )
        assert answer.returncode == 0, answer.stdout
        made.run("queue", "run")
        made.wait_for_mail("user", 30)


def test_an_unknown_mailbox_is_refused_at_rcpt(local: Daemon) -> None:
    with local.connect() as client:
        client.ehlo()
        client.mail("s@client.test")
        assert client.rcpt("nobody@localhost")[0] == 550
        assert client.rcpt("postmaster")[0] == 250


def test_mx_records_lead_to_the_remote_host(tmp_path: Path, names: peers.NameServer) -> None:
    with (
        peers.smtp_sink(tmp_path / "sink") as sink,
        daemon(dns_servers=[names.address], remote_smtp_port=sink.port) as made,
    ):
        id = made.send("someone@remote.test", sender="user@localhost")
        other = made.send("someone@plain.test", sender="user@localhost")

        made.wait_for_log(f"{id} Completed")
        made.wait_for_log(f"{other} Completed")
        assert len(sink.messages()) == 2
        log = made.wait_for_log(rf"{id} => someone@remote.test R=mx T=smtp H=mail.remote.test ")
        assert "[127.0.0.1]" in log[0]
        assert "C=" in log[0]


def test_a_host_that_was_down_gets_its_mail_when_it_is_up(
    tmp_path: Path, names: peers.NameServer
) -> None:
    port = peers.free_port()
    with daemon(
        dns_servers=[names.address], remote_smtp_port=port, retry=["F,1h,1s", "F,2h,1s"]
    ) as made:
        id = made.send("someone@remote.test", sender="user@localhost")
        made.wait_for_log(rf"{id} == someone@remote\.test R=mx T=smtp defer \(111\): Connection")
        assert made.queued() == [id]
        assert id in made.run("queue", "list").stdout

        with peers.smtp_sink(tmp_path / "sink", port=port) as sink:
            run = made.run("queue", "run", "--force")
            assert run.returncode == 0
            assert f"{id} Completed" in run.stderr  # typed by hand, so its lines come to hand
            assert len(sink.messages()) == 1
        assert not made.queued()
        assert not list((made.state / "spool" / "journal").iterdir())


def test_a_permanent_failure_comes_back_and_says_why(
    tmp_path: Path, names: peers.NameServer
) -> None:
    with (
        peers.smtp_sink(tmp_path / "sink", "-f", "RCPT") as sink,
        daemon(dns_servers=[names.address], remote_smtp_port=sink.port) as made,
    ):
        id = made.send("someone@remote.test", sender="user@localhost", subject="lost")

        (bounce,) = made.wait_for_mail("user")
        made.wait_for_log(rf"{id} \*\* someone@remote\.test .*: SMTP error from remote")
        made.wait_for_log(rf"<= <> R={id} ")
        made.wait_for_empty_queue()
        report = email.message_from_bytes(bounce, policy=email.policy.default)
        assert report.get_content_type() == "multipart/report"
        assert report["Auto-Submitted"].startswith("auto-")
        status = [p for p in report.walk() if p.get_content_type() == "message/delivery-status"]
        fields = status[0].as_string()
        assert "Action: failed" in fields
        assert "Final-Recipient: rfc822; someone@remote.test" in fields
        assert re.search(r"Status: 5\.", fields)
        assert b"Subject: lost" in bounce


def test_a_domain_that_takes_no_mail_is_a_permanent_failure(names: peers.NameServer) -> None:
    """RFC 7505"""
    with daemon(dns_servers=[names.address]) as made:
        made.send("someone@nomail.test", sender="user@localhost")
        made.send("someone@nosuch.remote.test", sender="alice@localhost")

        assert b"5.1.10" in made.wait_for_mail("user")[0]
        assert b"5.1.2" in made.wait_for_mail("alice")[0]


def test_nobody_is_told_about_a_message_without_a_sender(names: peers.NameServer) -> None:
    with daemon(dns_servers=[names.address]) as made:
        id = made.send("someone@nomail.test", sender="")

        made.wait_for_log(rf"{id} Frozen \(delivery error message\)")
        assert made.queued() == [id]
        assert "frozen" in made.run("queue", "list").stdout
        assert made.run("queue", "remove", id).returncode == 0
        assert not made.queued()


def test_a_stranger_may_not_relay(names: peers.NameServer) -> None:
    with daemon(relay_from_hosts=[]) as made, made.connect() as client:
        client.ehlo()
        client.mail("s@client.test")
        code, text = client.rcpt("someone@remote.test")
        assert (code, text) == (550, b"5.7.1 relay not permitted")


def test_what_is_sent_on_has_a_sender_of_ours_and_its_report_goes_home(
    tmp_path: Path, names: peers.NameServer
) -> None:
    """SRS both ways; smtp-sink notes MAIL and RCPT on top of each message."""
    aliases, secret = tmp_path / "aliases", tmp_path / "srs.secret"
    aliases.write_text("user: someone@remote.test\n")
    secret.write_text("tops3cr3t\n")
    secret.chmod(0o600)
    with (
        peers.smtp_sink(tmp_path / "sink") as sink,
        daemon(
            dns_servers=[names.address],
            remote_smtp_port=sink.port,
            alias_file=[str(aliases)],
            srs_secrets=[str(secret)],
            srs_domain="srs.localhost.test",
        ) as made,
    ):
        made.wait_for_log(f"{made.send('user@localhost', sender='alice@plain.test')} Completed")
        (sent,) = sink.messages()
        signed = re.search(
            rb"X-Mail-Args: <(SRS0=....=..=plain.test=alice@srs.localhost.test)>", sent
        )
        assert signed, sent
        made.wait_for_log(f"{made.send(signed[1].decode(), sender='')} Completed")
        (report,) = set(sink.messages()) - {sent}
        assert b"X-Mail-Args: <>" in report
        assert b"X-Rcpt-Args: <alice@plain.test>" in report
