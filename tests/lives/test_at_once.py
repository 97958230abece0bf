"""What is delivered as soon as it is here and what waits for a queue run, in a real daemon."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.daemon import Daemon, daemon
from tests.doubles.smtp_host import SmtpHost

LOAD = r"no immediate delivery: load average %s$"


def send_in_one_session(made: Daemon, messages: int, to: str = "user@localhost") -> list[str]:
    """The ids, in order."""
    with made.connect() as client:
        return [send_over(client, to) for _ in range(messages)]


def send_over(client: smtplib.SMTP, to: str = "user@localhost") -> str:
    """One message over an open connection; its id."""
    client.ehlo_or_helo_if_needed()
    for code, text in (client.mail("a@client.test"), client.rcpt(to)):
        assert code == 250, text
    code, text = client.data(b"Subject: x\r\n\r\nhi\r\n")
    assert code == 250
    return text.decode().rpartition("id=")[2]


@pytest.fixture
def load(tmp_path: Path) -> Path:
    """What stands for /proc/loadavg."""
    path = tmp_path / "loadavg"
    path.write_text("0.50 0.40 0.30 1/100 4711\n")
    return path


def test_a_session_beside_too_many_others_has_its_mail_queued() -> None:
    """CP-06, ID-02, section 6: the count at its start counts, and this one with it (N-05)."""
    with daemon(smtp_accept_queue=1) as made, ExitStack() as stack:
        first, second = (stack.enter_context(made.connect()) for _ in range(2))
        queued = send_over(second)
        delivered = send_over(first)

        made.wait_for_log(f"{delivered} Completed")
        made.wait_for_log(rf"{queued} no immediate delivery: too many connections \(2, max 1\)$")
        first.quit()
        still = send_over(second)  # it began beside another, and stays so
        made.wait_for_log(rf"{still} no immediate delivery: too many connections \(2, max 1\)$")
        assert set(made.queued()) == {queued, still}


def test_what_is_beyond_the_share_of_a_connection_is_queued() -> None:
    """ID-03, section 6"""
    with daemon(smtp_accept_queue_per_connection=2) as made:
        ids = send_in_one_session(made, 4)

        for id in ids[:2]:
            made.wait_for_log(f"{id} Completed")
        text = "no immediate delivery: more than 2 messages received in one connection$"
        assert [made.wait_for_log(f"{id} {text}") for id in ids[2:]]
        assert made.log().count("no immediate delivery") == 2
        assert made.queued() == sorted(ids[2:])
        assert made.run("queue", "run").returncode == 0
        made.wait_for_empty_queue()


def test_under_too_much_load_mail_is_queued_for_the_rest_of_the_session(load: Path) -> None:
    """ID-04, section 6: also when the load falls."""
    with daemon(queue_only_load=4, load_average_file=str(load)) as made, made.connect() as client:
        made.wait_for_log(f"{send_over(client)} Completed")  # it is judged after its reply
        load.write_text("4.25 1.00 1.00 1/100 4711\n")
        second = send_over(client)
        made.wait_for_log(f"{second} {LOAD % '4.25'}")
        load.write_text("0.50 1.00 1.00 1/100 4711\n")
        third = send_over(client)
        made.wait_for_log(f"{third} {LOAD % '4.25'}")
        made.wait_for_log(f"{send_in_one_session(made, 1)[0]} Completed")
        assert set(made.queued()) == {second, third}


def test_without_the_latch_each_message_is_judged(load: Path) -> None:
    """N-07"""
    settings: dict[str, Any] = {"queue_only_load_latch": False, "load_average_file": str(load)}
    with daemon(queue_only_load=0, **settings) as made, made.connect() as client:
        first = send_over(client)
        made.wait_for_log(f"{first} {LOAD % '0.50'}")
        load.write_text("0.00 1.00 1.00 1/100 4711\n")
        made.wait_for_log(f"{send_over(client)} Completed")
        assert made.queued() == [first]


def test_pressure_is_a_reason_to_queue(tmp_path: Path) -> None:
    (tmp_path / "io").write_text("some avg10=61.50 avg60=0.00 avg300=0.00 total=1\n")
    settings: dict[str, Any] = {
        "queue_only_pressure": {"io": 60},
        "pressure_directory": str(tmp_path),
    }
    with daemon(**settings) as made:
        (id,) = send_in_one_session(made, 1)

        assert made.wait_for_log(f"{id} no immediate delivery: pressure io 61.50$")
        assert made.queued() == [id]


def test_queue_only_is_silent_unless_there_are_too_many_connections() -> None:
    """ID-05"""
    with daemon(queue_only=True, smtp_accept_queue=1) as made, made.connect() as first:
        quiet = send_over(first)
        (loud,) = send_in_one_session(made, 1)

        assert made.wait_for_log(
            rf"{loud} no immediate delivery: too many connections \(2, max 1\)"
        )
        assert f"{quiet} no immediate delivery" not in made.log()
        assert set(made.queued()) == {quiet, loud}


def test_the_lines_can_be_left_out() -> None:
    """ID-05, N-39: selector delay_delivery."""
    settings: dict[str, Any] = {
        "smtp_accept_queue_per_connection": 1,
        "log_selector": ["-delay_delivery"],
    }
    with daemon(**settings) as made:
        first, second = send_in_one_session(made, 2)

        made.wait_for_log(f"{first} Completed")
        assert made.queued() == [second]
        assert "no immediate delivery" not in made.log()


def test_a_file_holds_mail_back_while_it_is_there(tmp_path: Path) -> None:
    """CP-06: queue_only_file, asked when a connection begins."""
    flag = tmp_path / "off"
    unlooked = f"/{'x' * 300}"  # no file can have such a name, which is an error of its own
    with daemon(queue_only_file=[unlooked, str(flag)]) as made, made.connect() as early:
        made.wait_for_log(f"{send_over(early)} Completed")
        flag.touch()
        (held,) = send_in_one_session(made, 1)
        made.wait_for_log(f"{send_over(early)} Completed")
        flag.unlink()
        made.wait_for_log(f"{send_in_one_session(made, 1)[0]} Completed")

        assert made.queued() == [held]
        assert "no immediate delivery" not in made.log()


@pytest.fixture
def smarthost() -> Iterator[SmtpHost]:
    with SmtpHost() as host:
        yield host


def test_domains_that_wait_wait_and_the_other_recipients_do_not(smarthost: SmtpHost) -> None:
    """N-42, as far as settings say it: queue_domains, queue_smtp_domains."""
    recipients = ["user@localhost", "a@off.test", "b@x.later.test", "c@now.test"]
    with daemon(
        smarthost=f"127.0.0.1:{smarthost.port}",
        queue_domains=["off.test"],
        queue_smtp_domains=["!now.test", "*"],
    ) as made:
        with made.connect() as client:
            assert client.sendmail("a@client.test", recipients, "Subject: x\r\n\r\nhi\r\n") == {}
        assert made.wait_for_mail("user")
        (line,) = made.wait_for_log("=> c@now.test R=smarthost T=smtp ")
        (id,) = made.queued()
        assert id in line
        assert made.wait_for_log(rf"{id} == a@off.test defer \(-56\): domain is in queue_domains$")
        assert made.wait_for_log(
            rf"{id} == b@x.later.test R=smarthost T=smtp defer \(0\): first-pass only routing due"
            " to -odqs, queue_smtp_domains or control=queue$"
        )
        assert len(smarthost.messages()) == 1

        assert made.run("queue", "run").returncode == 0
        made.wait_for_empty_queue()
        assert len(smarthost.messages()) == 2
        assert smarthost.sessions[1].commands.count("RCPT TO:<a@off.test>") == 1
        assert smarthost.sessions[1].commands.count("RCPT TO:<b@x.later.test>") == 1
        assert len(made.mailbox("user")) == 1


def test_a_file_may_hold_back_smtp_alone(tmp_path: Path, smarthost: SmtpHost) -> None:
    """CP-06: an item of queue_only_file with "smtp" in front."""
    flag = tmp_path / "off"
    flag.touch()
    files = [f"smtp{flag}"]
    with daemon(smarthost=f"127.0.0.1:{smarthost.port}", queue_only_file=files) as made:
        (local,) = send_in_one_session(made, 1)
        (remote,) = send_in_one_session(made, 1, "x@remote.test")
        made.wait_for_log(f"{local} Completed")
        made.wait_for_log(
            f"{remote} == x@remote.test R=smarthost T=smtp defer .0.: first-pass only"
        )
        assert made.queued() == [remote]
        flag.unlink()
        (at_once,) = send_in_one_session(made, 1, "x@remote.test")
        made.wait_for_log(f"{at_once} Completed")

        assert made.queued() == [remote]
        assert len(smarthost.messages()) == 1
