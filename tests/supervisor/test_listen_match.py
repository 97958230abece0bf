"""Sockets that are open already against the plan (HU-05), as values."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.caller import Endpoint, endpoint
from pymta.supervisor.listen_match import in_order, is_stored, match, stored_name
from pymta.supervisor.listen_plan import ListenAt
from pymta.supervisor.listener import Listener

PLACES = st.tuples(
    st.sampled_from(["0.0.0.0", "::", "127.0.0.1", "::1", "::ffff:192.0.2.1"]),
    st.sampled_from([25, 465, 587]),
)


def want(address: str, port: int, scope: str = "") -> ListenAt:
    return ListenAt(ip_address(address), port, scope)


def held(fd: int, address: str, port: int, *, takes_ipv4: bool = False) -> Listener:
    return Listener(fd, endpoint((address, port)), takes_ipv4=takes_ipv4)


def test_what_is_wanted_stays_what_is_not_goes_and_the_rest_is_missing() -> None:
    kept, gone = held(3, "127.0.0.1", 25), held(4, "127.0.0.1", 587)
    new = want("127.0.0.1", 465)
    found = match([gone, kept], [new, want("127.0.0.1", 25)])
    assert (found.kept, found.dropped, found.missing) == ((kept,), (gone,), (new,))


def test_an_ipv4_wildcard_is_not_missing_beside_one_that_takes_its_calls() -> None:
    """BL-07"""
    both = held(3, "::", 25, takes_ipv4=True)
    found = match([both], [want("::", 25), want("0.0.0.0", 25)])
    assert found.kept == (both,)
    assert not found.missing
    assert match([held(3, "::", 25)], [want("::", 25), want("0.0.0.0", 25)]).missing


def test_the_same_address_of_two_interfaces_keeps_two_sockets() -> None:
    one, other = held(3, "fe80::1", 25), held(4, "fe80::1", 25)
    found = match([one, other], [want("fe80::1", 25, "eth0"), want("fe80::1", 25, "eth1")])
    assert found.kept == (one, other)
    assert not found.dropped
    assert not found.missing


@given(st.lists(PLACES), st.lists(PLACES, unique=True))
def test_no_socket_is_lost_and_no_place_is_served_twice(
    bound: list[tuple[str, int]], places: list[tuple[str, int]]
) -> None:
    listeners = [held(3 + n, *place) for n, place in enumerate(bound)]
    plan = [want(*place) for place in places]
    found = match(listeners, plan)
    assert {item.fd for item in (*found.kept, *found.dropped)} == {item.fd for item in listeners}
    assert len(found.kept) + len(found.dropped) == len(listeners)
    assert len(found.kept) + len(found.missing) == len(plan)
    newly = [held(100 + n, str(at.address), at.port) for n, at in enumerate(found.missing)]
    served = in_order((*found.kept, *newly), plan)
    assert [item.at for item in served] == [endpoint(place) for place in places]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.7", "self-25-192.0.2.7"),
        ("::", "self-25---"),
        ("2001:db8::25", "self-25-2001-db8--25"),
    ],
)
def test_systemd_takes_the_name_and_gives_it_back_as_ours(address: str, name: str) -> None:
    """ ":" would separate two names in LISTEN_FDNAMES."""
    listener = Listener(3, Endpoint(ip_address(address), 25))
    assert stored_name(listener) == name
    assert is_stored(name)


@given(st.ip_addresses(), st.integers(1, 65535))
def test_every_name_is_short_ascii_and_without_a_colon(address: object, port: int) -> None:
    name = stored_name(Listener(3, Endpoint(ip_address(str(address)), port)))
    assert len(name) <= 255
    assert name.isascii()
    assert name.isprintable()
    assert ":" not in name


@pytest.mark.parametrize("name", ["smtp", "submission", "pymta.socket", "unknown", ""])
def test_no_socket_unit_is_taken_for_ours(name: str) -> None:
    assert not is_stored(name)
