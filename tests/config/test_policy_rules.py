"""Rules of policy in settings files: what is a mistake, where it stands, and what travels."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pymta.config.complaints import ConfigError
from pymta.config.difference import difference
from pymta.config.document import as_toml
from pymta.config.generation import from_plain, to_plain
from pymta.config.policy_conditions import CONDITIONS, STAGES, Kind
from pymta.config.policy_rules import ACTIONS, Action, faults, read_rule
from pymta.config.read import read_settings
from pymta.config.services import port_of
from pymta.config.settings import Machine, Settings
from pymta.policy.stage import Stage

GOOD = """\
recipients_max = 10

[[policy.connect]]
name = "friends"
hosts = ["192.0.2.0/24", "*.friend.example"]
action = "accept"

[[policy.rcpt]]
name = "no-bulk"
senders = ["example.org", "!me@example.org", "<>"]
sender_verified = false
size_above = "10M"
action = "refuse"
text = "no bulk mail here"
code = 554
on_defer = "skip"

[[policy.data]]
name = "spam"
header = { Subject = "^buy now", "X-Spam" = "yes" }
action = "queue"
routes = true
"""


def read(file: Path) -> Settings:
    return read_settings(file, Machine(), login="", hostname="box.example.org")


def settings_of(text: str, directory: Path) -> Settings:
    file = directory / "pymta.toml"
    file.write_text(text)
    return read(file)


def complaints(text: str, directory: Path) -> list[str]:
    with pytest.raises(ConfigError) as refusal:
        settings_of(text, directory)
    return [str(one).replace(f"{directory}/", "") for one in refusal.value.complaints]


def test_rules_are_kept_as_they_were_written(tmp_path: Path) -> None:
    rules = settings_of(GOOD, tmp_path).policy.policy

    assert rules is not None
    assert list(rules) == ["connect", "rcpt", "data"]
    rule = read_rule("rcpt", rules["rcpt"][0])
    assert (rule.name, rule.action, rule.code, rule.on_defer) == ("no-bulk", "refuse", 554, "skip")
    assert rule.conditions == {
        "senders": ["example.org", "!me@example.org", "<>"],
        "sender_verified": False,
        "size_above": "10M",
    }


def test_rules_outlive_show_and_generation(tmp_path: Path) -> None:
    settings = settings_of(GOOD, tmp_path)

    assert from_plain(json.loads(json.dumps(to_plain(settings)))) == settings
    assert settings_of(as_toml(settings), tmp_path) == settings


DATA = '[[policy.data]]\nname = "r"\naction = "discard"\n'
RULE = '[[policy.rcpt]]\nname = "r"\naction = "refuse"\n'


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("policy = 1", "pymta.toml:1: policy: found 1; want rules such as [[policy.rcpt]]"),
        ("[policy]\nrcpt = 1", "pymta.toml:2: policy.rcpt: found 1; want [[policy.rcpt]] with"),
        ("[policy.rcpt]\nx = 1", "pymta.toml:1: policy.rcpt: found a table; want [[policy.rcpt]]"),
        ('[[policy.ehlo]]\nname = "r"', "pymta.toml:1: policy.ehlo: no such stage; there are con"),
        ('[[policy.rcpt]]\naction = "warn"', "pymta.toml:1: policy.rcpt rule 1: want a name"),
        (
            RULE + "tls = true\n" + RULE,
            'pymta.toml:6: policy.rcpt r: name: found "r"; want a name that no other',
        ),
        (
            RULE + RULE.replace('"r"', '"s"'),
            "pymta.toml:4: policy.rcpt s: never asked: r before it always holds",
        ),
        ('[[policy.rcpt]]\nname = "r"', "pymta.toml:1: policy.rcpt r: want an action: accept, re"),
        (
            '[[policy.rcpt]]\nname = "-r"\naction = "warn"',
            'pymta.toml:2: policy.rcpt -r: name: found "-r"; want a name of at most 64',
        ),
        (
            '[[policy.mail]]\nname = "r"\naction = "relay"',
            'pymta.toml:3: policy.mail r: action: found "relay"; want one of accept, defer',
        ),
        (RULE + "code = 451", "pymta.toml:4: policy.rcpt r: code: found 451; want a reply code 5"),
        (RULE + 'code = "550"', 'pymta.toml:4: policy.rcpt r: code: found "550"; want a reply co'),
        (RULE + 'enhanced = "4.7.1"', 'pymta.toml:4: policy.rcpt r: enhanced: found "4.7.1"; wan'),
        (RULE + 'text = "n\\u0007"', 'pymta.toml:4: policy.rcpt r: text: found "n\\u0007"; want'),
        (RULE + 'text = "n\\r"', 'pymta.toml:4: policy.rcpt r: text: found "n\\r"; want'),
        (RULE + "routes = true", "pymta.toml:4: policy.rcpt r: routes: found true; want true or"),
        (RULE + 'delay = "5"', 'pymta.toml:4: policy.rcpt r: delay: found "5"; want a time'),
        (RULE + 'delay = "3m"', 'pymta.toml:4: policy.rcpt r: delay: found "3m"; want a time'),
        (RULE + "delay = 5", "pymta.toml:4: policy.rcpt r: delay: found 5; want a time"),
        (RULE + 'on_defer = "pass"', 'pymta.toml:4: policy.rcpt r: on_defer: found "pass"; want'),
        (RULE + "recipients_max = 1", "pymta.toml:4: policy.rcpt r: recipients_max: a rule has n"),
        (RULE + "sender = []", "pymta.toml:4: policy.rcpt r: sender: a rule has no such key; did"),
        (RULE + "senders = []", "pymta.toml:4: policy.rcpt r: senders: found []; want a list suc"),
        (RULE + 'senders = "a"', 'pymta.toml:4: policy.rcpt r: senders: found "a"; want a list s'),
        (
            RULE + 'senders = [\n"a@b.example",\n"a@b@c",\n1]',
            'pymta.toml:6: policy.rcpt r: senders: found "a@b@c"; want an address, a domain',
        ),
        (RULE + 'hosts = ["a b"]', 'pymta.toml:4: policy.rcpt r: hosts: found "a b"; want a host'),
        (
            RULE + 'hosts = ["^(a+)+$"]',
            'pymta.toml:4: policy.rcpt r: hosts: found "^(a+)+$"; want a regular expression with',
        ),
        (
            '[[policy.rcpt]]\nname = "r"\naction = "relay"\nsenders = ["friend.example"]',
            'pymta.toml:3: policy.rcpt r: action: found "relay"; a relay for everybody is none;',
        ),
        (RULE + 'hosts = ["/etc/x"]', 'pymta.toml:4: policy.rcpt r: hosts: found "/etc/x"; want'),
        (
            RULE + 'senders = ["/etc/a\\u0007b"]',
            'pymta.toml:4: policy.rcpt r: senders: found "/etc/a\\u0007b"; want the path of',
        ),
        (RULE + "tls = 1", "pymta.toml:4: policy.rcpt r: tls: found 1; want true or false"),
        (RULE + 'roles = ["mx"]', 'pymta.toml:4: policy.rcpt r: roles: found "mx"; want one of'),
        (RULE + "size_above = true", "pymta.toml:4: policy.rcpt r: size_above: found true; want a"),
        (RULE + "recipients_above = -1", "pymta.toml:4: policy.rcpt r: recipients_above: found -"),
        (RULE + 'header = { A = "b" }', "pymta.toml:4: policy.rcpt r: header: not known at rcpt;"),
        (
            DATA + '[policy.data.header]\nSubject = "(a+)+"',
            'pymta.toml:4: policy.data r: header: found a table; in "Subject": want a regular',
        ),
        (
            DATA + 'text = "x"',
            'pymta.toml:4: policy.data r: text: found "x"; want none: discard says nothing',
        ),
        (
            '[[policy.notquit]]\nname = "r"\naction = "warn"\nreasons = ["quit"]',
            'pymta.toml:4: policy.notquit r: reasons: found "quit"; want one of acl-drop',
        ),
        (
            RULE + "when = 1979-05-27",
            "pymta.toml:4: policy.rcpt r: when: a rule has no such key",
        ),
    ],
)
def test_a_mistake_in_a_rule_is_told_where_it_stands(
    text: str, wanted: str, tmp_path: Path
) -> None:
    assert complaints(text, tmp_path)[0].startswith(wanted)


RELAY = '[[policy.rcpt]]\nname = "r"\naction = "relay"\n'


@pytest.mark.parametrize(
    "asks",
    [
        "authenticated = false",
        "trusted = false",
        'recipients = ["*"]',
        'recipients = ["partner.example", "*@*"]',
        'recipients = ["postmaster@"]',
        'recipients = ["!enemy.example"]',
        'networks = ["0.0.0.0/0"]',
        'networks = ["192.0.2.0/24", "::/0"]',
        'hosts = ["*"]',
        'hosts = ["192.0.2.7", "!192.0.2.8"]',
        'certified = ["*"]',
        'certified = ["!enemy.example"]',
    ],
)
def test_no_relay_is_opened_for_everybody_by_a_condition_that_all_fulfil(
    asks: str, tmp_path: Path
) -> None:
    assert complaints(RELAY + asks, tmp_path)[0].startswith(
        'pymta.toml:3: policy.rcpt r: action: found "relay"; a relay for everybody is none;'
    )


@pytest.mark.parametrize(
    "asks",
    [
        "authenticated = true",
        "trusted = true\nauthenticated = false",
        'accounts = ["!guest"]',
        'recipients = ["!boss@partner.example", "partner.example"]',
        'networks = ["192.0.2.0/24"]\nrecipients = ["*"]',
        'hosts = ["!192.0.2.8", "192.0.2.0/24"]\non_defer = "skip"',
        'certified = [".branch.example"]',
    ],
)
def test_a_relay_for_those_whom_somebody_knows_is_one(asks: str, tmp_path: Path) -> None:
    settings_of(RELAY + asks, tmp_path)


def test_no_relay_is_opened_by_a_silent_name_server(tmp_path: Path) -> None:
    text = RELAY + 'hosts = ["*.friend.example"]\non_defer = "match"'
    assert complaints(text, tmp_path)[0].startswith(
        'pymta.toml:5: policy.rcpt r: on_defer: found "match"; want defer or skip: silence of a'
    )


def test_all_mistakes_of_all_rules_are_told_at_once(tmp_path: Path) -> None:
    text = "recipients_max = -1\n" + RULE + 'tls = 1\nhosts = ["a b", "c d"]\n[[policy.data]]\n'

    at_data = [name for name, action in ACTIONS.items() if "data" in action.stages]
    found = [line.partition(": found")[0] for line in complaints(text, tmp_path)]

    assert found == [
        "pymta.toml:1: recipients_max",
        "pymta.toml:5: policy.rcpt r: tls",
        "pymta.toml:6: policy.rcpt r: hosts",
        "pymta.toml:6: policy.rcpt r: hosts",
        'pymta.toml:7: policy.data rule 1: want a name, such as name = "no-bulk": the log shows it',
        f"pymta.toml:7: policy.data rule 1: want an action: {', '.join(at_data)}",
    ]


def test_a_file_of_items_is_read_with_the_settings(tmp_path: Path) -> None:
    items = tmp_path / "senders"
    items.write_text("# bad ones\na@b.example  # why\n\n#not@this.example\n  .c.example\n")
    settings = settings_of(f'{RULE}senders = ["d.example", "{items}"]', tmp_path)

    assert settings.machine.policy_lists == {str(items): ["a@b.example", ".c.example"]}
    assert from_plain(json.loads(json.dumps(to_plain(settings)))) == settings


def test_a_mistake_in_a_file_of_items_is_told_with_its_line(tmp_path: Path) -> None:
    items = tmp_path / "senders"
    items.write_text("a@b.example\na@@b\n/etc/more\n")
    found = complaints(f'{RULE}senders = ["{items}", "/no/such/file"]', tmp_path)

    assert [line.partition("; want an")[0] for line in found] == [
        "/no/such/file: policy.rcpt r: senders: cannot be read: No such file or directory",
        'senders:2: policy.rcpt r: senders: found "a@@b"',
        'senders:3: policy.rcpt r: senders: found "/etc/more"',
    ]


@pytest.mark.parametrize("text", ["*\n", "partner.example\n!enemy.example\n", "postmaster@\n"])
def test_nor_by_items_of_a_file_that_all_fulfil(text: str, tmp_path: Path) -> None:
    items = tmp_path / "partners"
    items.write_text(text)
    (found,) = complaints(f'{RELAY}recipients = ["{items}"]', tmp_path)

    assert found.startswith("partners: policy.rcpt r: action: with these items a relay for every")


@pytest.mark.parametrize("text", ["", "!boss@partner.example\npartner.example\n"])
def test_a_file_of_those_whom_somebody_knows_is_right(text: str, tmp_path: Path) -> None:
    items = tmp_path / "partners"
    items.write_text(text)
    settings_of(f'{RELAY}recipients = ["{items}"]', tmp_path)


def test_what_would_keep_a_reload_waiting_is_no_file_of_items(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert complaints(f'{RULE}senders = ["{tmp_path}/pipe"]', tmp_path) == [
        "pipe: policy.rcpt r: senders: cannot be read: it is no file"
    ]


def test_a_change_of_rules_is_told_rule_by_rule(tmp_path: Path) -> None:
    before = settings_of(GOOD, tmp_path)
    changed = GOOD.replace('"10M"', '"20M"').replace('name = "spam"', 'name = "junk"')
    after = settings_of(f"{changed}\n{RULE}", tmp_path)

    (change,) = difference(before, after, port_of)

    assert change.option == "policy"
    assert [word for word in change.text.split() if word[0] in "+-" or ".no-bulk" in word] == [
        'rcpt.no-bulk="{\\"action\\":',
        "->",
        '+rcpt.r="{\\"action\\":',
        '+"rcpt',
        '+data.junk="{\\"action\\":',
        '-data.spam="{\\"action\\":',
    ]


def test_a_change_of_a_file_of_items_is_told_item_by_item(tmp_path: Path) -> None:
    items = tmp_path / "senders"
    items.write_text("a.example\nb.example\n")
    before = settings_of(f'{RULE}senders = ["{items}"]', tmp_path)
    items.write_text("b.example\nc.example\n")
    after = settings_of(f'{RULE}senders = ["{items}"]', tmp_path)

    (change,) = difference(before, after, port_of)

    assert change.text == f"policy list {items} +c.example -a.example"


def test_settings_and_policy_know_the_same_stages() -> None:
    assert tuple(stage.value for stage in Stage) == STAGES


def test_every_condition_and_action_may_stand_somewhere() -> None:
    kinds: list[Kind | Action] = [*CONDITIONS.values(), *ACTIONS.values()]
    for kind in kinds:
        assert kind.meaning
        assert kind.stages
        assert kind.stages <= set(STAGES)


@pytest.mark.parametrize("rules", [1, [], {"rcpt": {}}, {"rcpt": [1]}, {1: []}, {"rcpt": [{}]}])
def test_nothing_of_a_wrong_shape_is_taken_for_rules(rules: Any) -> None:
    assert list(faults(rules))
