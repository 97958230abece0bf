from __future__ import annotations

from ipaddress import ip_address

import pytest

from pymta.config.listen import Listen
from pymta.mail.caller import Endpoint
from pymta.supervisor.listen_plan import not_served, plan
from pymta.supervisor.listener import Listener, Listeners

SERVICES = {"smtp": 25, "submission": 587}


def planned(interfaces: str, ports: str = "smtp", *, disable_ipv6: bool = False) -> list[str]:
    listen = Listen(
        daemon_smtp_ports=tuple(ports.split()),
        local_interfaces=tuple(interfaces.split()),
        disable_ipv6=disable_ipv6,
    )
    return [f"{at.address}:{at.port}" for at in plan(listen, SERVICES.get)]


@pytest.mark.parametrize(
    ("interfaces", "ports", "expected"),
    [
        ("::0 0.0.0.0", "smtp", [":::25", "0.0.0.0:25"]),
        ("192.0.2.1 192.0.2.2.99", "1 2", ["192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:99"]),
        ("[192.0.2.1]:99 [2001:db8::1]", "25", ["192.0.2.1:99", "2001:db8::1:25"]),
        ("192.0.2.1", "0x9dd 010", ["192.0.2.1:2525", "192.0.2.1:8"]),
        (
            "::0 0.0.0.0",
            "25 465 587",
            [f"{a}:{p}" for p in (25, 465, 587) for a in ("::", "0.0.0.0")],
        ),
    ],
    ids=[
        "default, IF-01",
        "fan-out, PT-02",
        "brackets, IF-02",
        "C notation, PT-01",
        "pairs, IF-05",
    ],
)
def test_the_plan_follows_the_settings(interfaces: str, ports: str, expected: list[str]) -> None:
    assert planned(interfaces, ports) == expected


@pytest.mark.parametrize("first", ["::0", "::", "0::0", "0:0:0:0:0:0:0:0"])
def test_every_spelling_of_the_wildcard_finds_its_partner(first: str) -> None:
    """IF-04, IF-05: IPv6 first, whatever the order in the settings."""
    assert planned(f"0.0.0.0 192.0.2.1 {first}") == [":::25", "0.0.0.0:25", "192.0.2.1:25"]


def test_specific_addresses_stay_where_they_are() -> None:
    """IF-05"""
    assert planned("192.0.2.9 ::0 192.0.2.1 0.0.0.0 2001:db8::1") == [
        "192.0.2.9:25",
        ":::25",
        "0.0.0.0:25",
        "192.0.2.1:25",
        "2001:db8::1:25",
    ]


def test_without_ipv6_its_addresses_are_left_out_silently() -> None:
    """IF-03"""
    assert planned("::0 0.0.0.0 2001:db8::1", disable_ipv6=True) == ["0.0.0.0:25"]


@pytest.mark.parametrize(
    ("interfaces", "ports", "complaint"),
    [
        ("192.0.2", "25", 'Malformed IP address "192.0.2" in local_interfaces'),
        ("192.0.2.1", "25x", "invalid SMTP port: 25x"),
        ("192.0.2.1", "nosuchsvc", 'TCP port "nosuchsvc" not found'),
        ("192.0.2.1", "70000", "invalid SMTP port: 70000"),
        ("::1", "25", "leaves nothing to listen on"),
        ("0.0.0.0", "", 'no port specified for interface "all IPv4" and daemon_smtp_port is unset'),
    ],
    ids=["IF-02", "PT-01 number", "PT-01 service", "PT-04", "IF-06", "PT-03"],
)
def test_what_cannot_be_planned_is_said_in_the_words_of_the_catalogue(
    interfaces: str, ports: str, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint.replace("(", r"\(")):
        planned(interfaces, ports, disable_ipv6=True)


def given(*texts: str) -> Listeners:
    """From "address port", with "dual" behind."""
    made = []
    for fd, text in enumerate(texts, start=3):
        address, port, *more = text.split()
        at = Endpoint(ip_address(address), int(port))
        made.append(Listener(fd, at, takes_ipv4="dual" in more))
    return Listeners(tuple(made), by_systemd=True)


@pytest.mark.parametrize(
    ("interfaces", "ports", "sockets", "expected"),
    [
        ("::0 0.0.0.0", "smtp", ["127.0.0.1 2525"], []),
        ("::0 0.0.0.0", "25 587", [":: 25 dual"], [":::587", "0.0.0.0:587"]),
        ("192.0.2.1 2001:db8::1", "25", [":: 25 dual"], []),
        ("192.0.2.1 2001:db8::1", "25", [":: 25"], ["192.0.2.1:25"]),
        ("192.0.2.1", "25", ["0.0.0.0 25", "0.0.0.0 587"], []),
        ("127.0.0.1", "25", ["127.0.0.2 25"], ["127.0.0.1:25"]),
        ("127.0.0.1", "nosuchservice", ["127.0.0.2 25"], []),
    ],
    ids=[
        "nobody has set anything",
        "a port without a unit",
        "a dual wildcard has all",
        "one of IPv6 alone has not",
        "a unit more contradicts nothing",
        "another address",
        "a service that nobody knows",
    ],
)
def test_what_the_settings_ask_for_and_no_unit_opens(
    interfaces: str, ports: str, sockets: list[str], expected: list[str]
) -> None:
    """Section 3.1, rule 1"""
    listen = Listen(
        daemon_smtp_ports=tuple(ports.split()), local_interfaces=tuple(interfaces.split())
    )

    unserved = not_served(listen, given(*sockets), SERVICES.get)

    assert [f"{at.address}:{at.port}" for at in unserved] == expected
