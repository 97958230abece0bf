from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from pymta.config.launch import Launch
from pymta.config.local_transport import PerDomain
from pymta.config.queue import Queue
from pymta.config.routing import Routing
from pymta.config.settings import Machine, Settings
from pymta.journal import process_info
from pymta.mail.caller import Endpoint, LocalSocket
from pymta.supervisor import announce
from pymta.supervisor.announce import Figures
from pymta.supervisor.listener import Backlog, Listener, LocalListener

SETTINGS = Settings(
    routing=Routing(primary_hostname="mx.example.org"), queue=Queue(queue_run="timer"), generation=3
)


def listeners(*texts: str) -> tuple[Listener, ...]:
    """From "address port", with "dual" or "tls" behind."""
    made = []
    for fd, text in enumerate(texts, start=3):
        address, port, *more = text.split()
        at = Endpoint(ip_address(address), int(port))
        made.append(Listener(fd, at, takes_ipv4="dual" in more, starts_tls="tls" in more))
    return tuple(made)


def with_runs(seconds: int) -> Settings:
    who = "internal" if seconds else "timer"
    return replace(SETTINGS, queue=Queue(queue_run=who, queue_run_interval=seconds))


@pytest.mark.parametrize(
    ("sockets", "expected"),
    [
        (["::0 25", "0.0.0.0 25"], "SMTP on port 25 (IPv6 and IPv4)"),
        (["::0 25 dual"], "SMTP on port 25 (IPv6 with IPv4)"),
        (["::0 25"], "SMTP on port 25 (IPv6)"),
        (["0.0.0.0 25"], "SMTP on port 25 (IPv4)"),
        (["127.0.0.1 2525", "::1 2525"], "SMTP on [127.0.0.1]:2525 [::1]:2525"),
        (
            ["::0 25", "0.0.0.0 25", "::0 587", "0.0.0.0 587"],
            "SMTP on port 25 (IPv6 and IPv4) port 587 (IPv6 and IPv4)",
        ),
        (
            ["192.0.2.1 25", "192.0.2.2 25", "192.0.2.1 587", "::1 2525"],
            "SMTP on [192.0.2.1]:{25,587} [192.0.2.2]:25 [::1]:2525",
        ),
        (
            ["::0 25", "0.0.0.0 25", "::0 465 tls", "0.0.0.0 465 tls", "::0 587", "0.0.0.0 587"],
            (
                "SMTP on port 25 (IPv6 and IPv4) port 587 (IPv6 and IPv4)"
                " and for SMTPS on port 465 (IPv6 and IPv4)"
            ),
        ),
        (["127.0.0.1 465 tls"], "SMTPS on [127.0.0.1]:465"),
        (
            ["127.0.0.1 25", "127.0.0.1 465 tls"],
            "SMTP on [127.0.0.1]:25 and for SMTPS on [127.0.0.1]:465",
        ),
    ],
    ids=[
        "SL-02 pair",
        "SL-02 dual-stack",
        "SL-02 IPv6",
        "SL-02 IPv4",
        "SL-02 specific",
        "SL-02 two pairs",
        "N-19 ports of one address",
        "SL-03 two groups",
        "SL-03 TLS only",
        "N-19 ports of different kinds stay apart",
    ],
)
def test_the_start_line_has_a_form_for_each_kind_of_socket(
    sockets: list[str], expected: str
) -> None:
    assert announce.listening(listeners(*sockets)) == expected


def pairs(first: int, count: int, kind: str = "") -> list[str]:
    ports = range(first, first + count)
    return [f"{address} {port} {kind}" for port in ports for address in ("::0", "0.0.0.0")]


def test_a_long_list_is_cut_once_at_ten_items() -> None:
    """SL-04"""
    text = announce.listening(listeners(*pairs(2501, 12)))

    assert text.count("(IPv6 and IPv4)") == 10
    assert text.endswith("port 2510 (IPv6 and IPv4) ...")
    assert text.count("...") == 1


def test_ten_items_are_not_cut() -> None:
    """SL-04"""
    assert "..." not in announce.listening(listeners(*pairs(2501, 10)))


def test_only_the_group_that_is_too_long_is_cut() -> None:
    """SL-04: a long group hides nothing of the other."""
    text = announce.listening(listeners(*pairs(2501, 12), *pairs(4651, 2, "tls")))

    assert text.endswith(
        "port 2510 (IPv6 and IPv4) ..."
        " and for SMTPS on port 4651 (IPv6 and IPv4) port 4652 (IPv6 and IPv4)"
    )


@pytest.mark.parametrize(
    ("interval", "sockets", "by_systemd", "expected"),
    [
        (
            1800,
            ["::0 25", "0.0.0.0 25"],
            False,
            "pid=37, -q30m, listening for SMTP on port 25 (IPv6 and IPv4)",
        ),
        (0, ["0.0.0.0 25"], False, "pid=37, no queue runs, listening for SMTP on port 25 (IPv4)"),
        (2, [], False, "pid=37, -q2s, not listening for SMTP"),
        (
            0,
            ["::0 25 dual"],
            True,
            (
                "pid=37, no queue runs, listening for SMTP on port 25 (IPv6 with IPv4)"
                " (socket activation)"
            ),
        ),
    ],
    ids=["SL-01 with queue runs", "SL-01 without", "SL-05", "SL-01 from systemd"],
)
def test_the_start_line_says_which_jobs_there_are(
    interval: int, sockets: list[str], by_systemd: bool, expected: str
) -> None:
    """ST-01"""
    text = announce.started(
        "0.1", 37, listeners(*sockets), with_runs(interval), by_systemd=by_systemd
    )

    assert text == f"pymta 0.1 daemon started: {expected}"


@pytest.mark.parametrize(
    ("queue", "told"),
    [
        (Queue(queue_runs=("-qq30m",)), "-qq30m"),
        (Queue(queue_runs=("-qq10m", "-qGhipri/2m")), "-qq10m -qGhipri/2m"),
        (Queue(queue_run_interval=90, queue_runs=("-qqiffGlist/1h",)), "-q1m30s -qqGlist/1h"),
        (Queue(queue_runs=("-qG/5m",)), "-q5m"),
    ],
    ids=["N-31 two stages", "N-28 two queues", "N-28 with an interval", "N-28 the default queue"],
)
def test_every_periodic_run_is_shown(queue: Queue, told: str) -> None:
    """N-28, N-31: two stages, queue and time; no other flags."""
    settings = replace(SETTINGS, queue=queue)

    text = announce.started("0.1", 37, (), settings, by_systemd=False)

    assert f"pid=37, {told}, not listening" in text
    assert f": {told}, not listening" in announce.process_info("0.1", (), settings)


@pytest.mark.parametrize(
    ("wait", "expected"),
    [(600, "terminating after 600 seconds"), (0, "with no wait timeout")],
)
def test_a_daemon_with_a_ready_socket_says_so(wait: int, expected: str) -> None:
    """N-11"""
    settings = replace(SETTINGS, launch=Launch(inherits_listener=True, wait=wait))
    sockets = listeners("0.0.0.0 25")

    assert announce.started("0.1", 37, sockets, settings, by_systemd=True) == (
        f"pymta 0.1 daemon started: pid=37, launched with listening socket, {expected}"
    )
    assert announce.process_info("0.1", sockets, settings) == "daemon(0.1): pre-listening socket"


def test_the_process_info_says_it_shorter() -> None:
    """SL-06, N-15"""
    listening = announce.process_info("0.1", listeners("0.0.0.0 25"), SETTINGS)
    idle = announce.process_info("0.1", (), with_runs(90))

    assert listening == "daemon(0.1): no queue runs, listening for SMTP on port 25 (IPv4)"
    assert idle == "daemon(0.1): -q1m30s, not listening"
    assert process_info.line(37, idle) == b"   37 daemon(0.1): -q1m30s, not listening\n"


def test_the_status_shows_live_figures_in_ascii() -> None:
    figures = Figures(sessions=3, deliveries=1, queue_runs=1, waiting=2)

    assert announce.status(listeners("::0 25 dual"), SETTINGS, figures) == (
        "listening for SMTP on port 25 (IPv6 with IPv4); 3/20 connections, 1/20 deliveries,"
        " 1/5 queue runs, 2 waiting for a delivery worker; configuration 3"
    )


@pytest.mark.parametrize(
    ("queued", "oldest", "expected"),
    [
        (None, 0, "deliveries; configuration"),
        (0, 0, "deliveries, 0 queued; configuration"),
        (1, 119, "1 queued (oldest 119s)"),
        (2, 7199, "2 queued (oldest 119m)"),
        (12, 100_000, "12 queued (oldest 27h)"),
        (99_999, 400_000, "99999 queued (oldest 4d)"),
    ],
)
def test_the_status_says_how_old_the_queue_is(
    queued: int | None, oldest: int, expected: str
) -> None:
    figures = Figures(queued=queued, oldest=oldest)

    assert expected in announce.status(listeners("::0 25 dual"), SETTINGS, figures)


def test_the_status_names_every_problem() -> None:
    figures = Figures(
        problems=("last accept() failed: Too many open files", "reload refused: \u00fc")
    )

    text = announce.status((), SETTINGS, figures)

    assert text.endswith(
        "; configuration 3; last accept() failed: Too many open files; reload refused: ?"
    )


def test_the_status_names_listeners_at_which_callers_wait() -> None:
    """N-24"""
    sockets = listeners("0.0.0.0 25", "::1 587")
    figures = Figures(backlogs=(Backlog(0, 20), Backlog(3, 20)))

    text = announce.status(sockets, SETTINGS, figures)

    assert "0/20 deliveries, 3/20 waiting at [::1]:587; configuration" in text
    assert ":25" not in text


@pytest.mark.parametrize(
    ("way", "where"),
    [
        ("maildir", "land in /home/u/.local/state/pymta/mail/user/new/\n"),
        ("mbox", "land in /home/u/.local/state/pymta/mbox/user\n"),
        ({"*": "lmtp:unix:/run/dovecot/lmtp"}, "go to lmtp:unix:/run/dovecot/lmtp\n"),
    ],
)
def test_the_welcome_says_how_to_send_and_where_it_lands(way: PerDomain, where: str) -> None:
    settings = Settings(
        routing=replace(SETTINGS.routing, local_transport=way),
        machine=Machine(state_directory="/home/u/.local/state/pymta"),
    )

    text = announce.welcome(listeners("127.0.0.1 2525", "::1 2525"), settings)

    assert "swaks --to user@localhost --server 127.0.0.1:2525" in text
    assert f"It will {where}" in text


@pytest.mark.parametrize(
    ("sockets", "expected"),
    [
        (["127.0.0.1 4465 tls", "127.0.0.1 2525"], "127.0.0.1:2525\n"),
        (["127.0.0.1 4465 tls"], "127.0.0.1:4465 --tls-on-connect\n"),
    ],
    ids=["a plain port first", "TLS alone"],
)
def test_the_first_message_is_sent_as_its_port_wants_it(sockets: list[str], expected: str) -> None:
    """PT-05"""
    text = announce.welcome(listeners(*sockets), SETTINGS)

    assert f"swaks --to user@localhost --server {expected}" in text


LOCAL = (LocalListener(9, LocalSocket("/run/pymta/submit")),)


def test_where_users_of_this_machine_are_served_is_said_last() -> None:
    sockets = listeners("::0 25 dual")

    both = announce.started("0.1", 37, sockets, SETTINGS, by_systemd=True, local=LOCAL)
    alone = announce.started("0.1", 37, (), SETTINGS, by_systemd=False, local=LOCAL)

    assert both.endswith(
        "listening for SMTP on port 25 (IPv6 with IPv4) and for local mail on /run/pymta/submit"
        " (socket activation)"
    )
    assert alone.endswith(", listening for local mail on /run/pymta/submit")


def test_their_connections_stand_apart_where_there_can_be_any() -> None:
    sockets, figures = listeners("::0 25 dual"), Figures(sessions=3, local=2)

    with_them = announce.status(sockets, SETTINGS, figures, LOCAL)
    without = announce.status(sockets, SETTINGS, Figures(sessions=3))

    assert "; 3/20 connections, 2/20 local connections, 0/20 deliveries" in with_them
    assert "local" not in without
    assert announce.stopping(figures).startswith("stopping; 5 connections, ")


def test_each_role_has_a_line_with_all_its_sockets() -> None:
    """Check 5"""
    smtp = listeners("::0 25", "0.0.0.0 25")
    submissions = tuple(
        replace(one, role="submissions", starts_tls=True) for one in listeners("127.0.0.1 465")
    )

    assert announce.roles((*submissions, *smtp), LOCAL) == {
        "submissions": "[127.0.0.1]:465",
        "smtp": "port 25 (IPv6 and IPv4)",
        "local": "/run/pymta/submit",
    }
    assert announce.roles((), ()) == {}
