"""What is said of two generations of settings."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tuned
from hypothesis import strategies as st

from pymta.config.changes import Changes
from pymta.config.difference import (
    FILE,
    LIST,
    LISTENER,
    LONGEST_LINE,
    MOST_LINES,
    MOST_OPTIONS,
    POLICY,
    changes,
    difference,
)
from pymta.config.launch import Launch
from pymta.config.services import port_of
from pymta.config.settings import SUBJECTS, Machine, Settings
from tests.doubles.any_settings import ANY_SETTINGS

PLAIN = Settings()
SOCKETS = Settings(machine=Machine(is_handed_sockets=True))
MANY = tuple(f"domain-number-{n}.{'x' * 60}.example.org" for n in range(1000))


def changed(settings: Settings = PLAIN, **options: Any) -> Settings:
    """With these options, wherever they belong."""
    for subject, type_ in SUBJECTS.items():
        own = {field.name for field in fields(type_)} & options.keys()
        group = replace(getattr(settings, subject), **{name: options.pop(name) for name in own})
        settings = replace(settings, **{subject: group})
    assert not options
    return settings


def said(before: Settings, after: Settings) -> list[str]:
    return [change.text for change in difference(before, after, port_of)]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"smtp_accept_max": 50}, "smtp_accept_max 20 -> 50"),
        ({"queue_only": True}, "queue_only false -> true"),
        ({"smtp_receive_timeout": 90}, "smtp_receive_timeout 5m -> 1m30s"),
        ({"check_spool_space": 1 << 30}, "check_spool_space 10M -> 1G"),
        ({"message_size_limit": 1_000_001}, "message_size_limit 50M -> 1000001"),
        ({"primary_hostname": "mx.example.org"}, 'primary_hostname "" -> mx.example.org'),
        ({"smtp_banner": "Hi; go\n"}, 'smtp_banner "" -> "Hi; go\\n"'),
        ({"smtp_load_reserve": 7.5}, "smtp_load_reserve unset -> 7.5"),
        (
            {"local_domains": ("@", "example.net", "example.org")},
            "local_domains +example.net +example.org -localhost",
        ),
        ({"local_domains": ("localhost", "@")}, "local_domains [@, localhost] -> [localhost, @]"),
        ({"log_selector": ("-pid", "+all")}, 'log_selector +"-pid" +"+all"'),
        (
            {"local_domains": ("@", "@", "localhost")},
            "local_domains [@, localhost] -> [@, @, localhost]",
        ),
        (
            {"smtp_accept_max_per_host": {"*": 10, "192.0.2.7": 2}},
            "smtp_accept_max_per_host unset -> {*=10, 192.0.2.7=2}",
        ),
        (
            {"tls_privatekey": "/etc/pymta/tls/key.pem"},
            'tls_privatekey "" -> /etc/pymta/tls/key.pem',
        ),
    ],
)
def test_an_option_is_told_in_the_words_of_its_file(options: dict[str, Any], text: str) -> None:
    assert said(SOCKETS, changed(SOCKETS, **options)) == [text]


def test_a_table_is_told_entry_by_entry() -> None:
    before = changed(message_size_limit={"*": 1 << 20, "192.0.2.0/24": 5, "10.0.0.0/8": 7})
    after = changed(message_size_limit={"*": 2 << 20, "192.0.2.0/24": 5, "::/0": ""})

    assert said(before, after) == ['message_size_limit *=1M -> 2M +::/0="" -10.0.0.0/8=7']


def test_ports_and_interfaces_are_told_as_listeners_too() -> None:
    after = changed(daemon_smtp_ports=("smtp", "465"), disable_ipv6=True)

    assert said(PLAIN, after) == [
        "daemon_smtp_ports +465",
        "disable_ipv6 false -> true",
        "listener +[0.0.0.0]:465 -[::]:25",
    ]


@pytest.mark.parametrize(
    "where",
    [SOCKETS, replace(PLAIN, launch=Launch(listens=False)), changed(local_interfaces=("no",))],
    ids=["sockets from systemd", "no listener", "not understood"],
)
def test_nothing_is_said_of_listeners_that_are_not_ours(where: Settings) -> None:
    after = changed(where, daemon_smtp_ports=("26",))

    assert LISTENER not in {change.option for change in difference(where, after, port_of)}


def test_a_first_settings_file_is_a_change() -> None:
    after = replace(PLAIN, machine=replace(PLAIN.machine, is_configured=True))

    assert said(PLAIN, after) == [f'{FILE} "" -> /etc/pymta/pymta.toml']


def test_a_line_of_the_log_names_both_generations() -> None:
    before = replace(SOCKETS, generation=3)
    after = replace(changed(before, smtp_accept_max=50, queue_only=True), generation=4)

    assert changes(before, after, port_of) == Changes(
        3,
        ("generation 3 -> 4: smtp_accept_max 20 -> 50; queue_only false -> true",),
        ("smtp_accept_max", "queue_only"),
    )


def test_that_nothing_has_changed_is_said_too() -> None:
    after = replace(PLAIN, generation=1)

    assert changes(PLAIN, after, port_of).lines == ("generation 0 -> 1: no setting has changed",)


def test_a_long_list_is_told_in_part_in_the_log_and_whole_to_who_asks() -> None:
    after = changed(SOCKETS, relay_to_domains=MANY)
    (change,) = difference(SOCKETS, after, port_of)

    assert change.brief.endswith(" (and 995 more)")
    assert change.text.count("+") == 1000
    assert changes(SOCKETS, after, port_of).lines == (f"generation 0 -> 0: {change.brief}",)


def test_where_everything_has_changed_a_few_lines_count_the_rest() -> None:
    """Every option named in the log is one that has changed; named and counted, that is all."""
    texts: dict[str, Any] = {
        field.name: "x" * 10_000 if isinstance(field.default, str) else MANY
        for type_ in SUBJECTS.values()
        for field in fields(type_)
        if isinstance(field.default, str | tuple)
    }
    after = changed(SOCKETS, **texts)

    told = changes(SOCKETS, after, port_of)

    assert len(told.lines) == MOST_LINES
    assert told.options == tuple(texts)[:MOST_OPTIONS]
    text = "; ".join(line.removeprefix("generation 0 -> 0: ") for line in told.lines)
    *named, rest = text.split("; ")
    assert [item.split()[0] for item in named] == list(texts)[: len(named)]
    assert rest == f"and {len(texts) - len(named)} more changes"


@tuned(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(ANY_SETTINGS)
def test_equal_settings_have_no_difference(settings: Settings) -> None:
    assert difference(settings, settings, port_of) == ()


@tuned(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(ANY_SETTINGS, ANY_SETTINGS)
def test_every_changed_option_is_named_once_and_no_other(before: Settings, after: Settings) -> None:
    expected = [
        field.name
        for subject, type_ in SUBJECTS.items()
        for field in fields(type_)
        if getattr(getattr(before, subject), field.name)
        != getattr(getattr(after, subject), field.name)
    ]

    found = difference(before, after, port_of)
    others = (FILE, LISTENER, POLICY, LIST)

    assert [one.option for one in found if not one.option.startswith(others)] == expected
    assert all(one.text.startswith(f"{one.option} ") for one in found)
    assert all(len(one.text) > len(one.option) + 1 for one in found)


# All settings at once take a while on a busy machine, which is no fault of what is tested.
@tuned(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(ANY_SETTINGS, min_size=2, max_size=2), st.booleans())
def test_what_the_log_is_told_is_bounded_and_counts_what_it_leaves_out(
    pair: list[Settings], is_long: bool
) -> None:
    before, after = pair
    if is_long:
        after = changed(after, relay_to_domains=MANY, smtp_banner="x" * 10_000)

    told = changes(before, after, port_of)

    assert len(told.lines) <= MOST_LINES
    assert len(told.options) <= MOST_OPTIONS
    assert all(len(line.encode()) <= LONGEST_LINE + 100 for line in told.lines)
    assert all(line.isascii() and line.isprintable() for line in told.lines)
