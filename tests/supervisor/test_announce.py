from __future__ import annotations

from ipaddress import ip_address

import pytest

from pymta.config.routing import Routing
from pymta.config.settings import Machine, Settings
from pymta.mail.caller import Endpoint
from pymta.supervisor import announce
from pymta.supervisor.announce import Figures
from pymta.supervisor.listener import Listener

SETTINGS = Settings(routing=Routing(primary_hostname="mx.example.org"), generation=3)


def listeners(*texts: str) -> tuple[Listener, ...]:
    """From "address port" or "address port dual"."""
    made = []
    for fd, text in enumerate(texts, start=3):
        address, port, *dual = text.split()
        at = Endpoint(ip_address(address), int(port))
        made.append(Listener(fd, at, takes_ipv4=bool(dual)))
    return tuple(made)


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
    ],
    ids=["pair", "dual-stack", "IPv6", "IPv4", "specific", "two pairs"],
)
def test_the_start_line_has_a_form_for_each_kind_of_socket(
    sockets: list[str], expected: str
) -> None:
    """SL-02"""
    assert announce.listening(listeners(*sockets)) == expected


def test_a_long_list_is_cut_once() -> None:
    """SL-04"""
    text = announce.listening(listeners(*(f"127.0.0.1 {2500 + n}" for n in range(12))))

    assert text.count("[127.0.0.1]") == 10
    assert text.endswith("[127.0.0.1]:2509 ...")


def test_the_status_shows_live_figures_in_ascii() -> None:
    figures = Figures(sessions=3, deliveries=1, queue_runs=1, waiting=2)

    assert announce.status(listeners("::0 25 dual"), SETTINGS, figures) == (
        "listening for SMTP on port 25 (IPv6 with IPv4); 3/20 connections, 1/20 deliveries,"
        " queue run, 2 waiting for a delivery worker; configuration 3"
    )


def test_the_welcome_says_how_to_send_and_where_it_lands() -> None:
    settings = Settings(
        routing=SETTINGS.routing, machine=Machine(state_directory="/home/u/.local/state/pymta")
    )

    text = announce.welcome(listeners("127.0.0.1 2525", "::1 2525"), settings)

    assert "swaks --to user@localhost --server 127.0.0.1:2525" in text
    assert "/home/u/.local/state/pymta/mail/user/new/" in text


def test_the_queue_interval_is_shown_as_the_classic_option() -> None:
    """SL-01"""
    assert announce.queue_info(1800) == "-q30m"
    assert announce.queue_info(0) == "no queue runs"
