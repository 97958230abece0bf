"""Settings files, right ones and broken ones; every mistake is named where it stands."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from pymta.config import groups
from pymta.config.complaints import ConfigError
from pymta.config.document import as_toml
from pymta.config.read import read_settings
from pymta.config.settings import SUBJECTS, Machine, Settings

SERVICES = {"smtp": 25, "submission": 587}


def gid_of(name: str) -> int:
    return 500 if name == "postmasters" else groups.gid_of(name)


def read(file: Path | None, machine: Machine | None = None, login: str = "") -> Settings:
    return read_settings(
        file,
        machine or Machine(),
        login=login,
        hostname="Box.Example.ORG",
        port_of=SERVICES.get,
        gid_of=gid_of,
    )


def complaints(text: str, directory: Path) -> list[str]:
    """What is said of a file with this text, without its directory."""
    file = directory / "pymta.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refusal:
        read(file)
    return [str(one).replace(f"{directory}/", "") for one in refusal.value.complaints]


def test_without_a_file_there_are_defaults() -> None:
    settings = read(None)

    assert settings.limits.smtp_accept_max == 20
    assert settings.hostname == "box.example.org"
    assert settings.routing.local_parts == ("postmaster", "user")
    assert settings.queue.queue_run_interval == 0


def test_a_file_says_everything_at_the_top_level(tmp_path: Path) -> None:
    file = tmp_path / "pymta.toml"
    file.write_text(
        "smtp_accept_max = 50\n"
        'primary_hostname = "mx.example.org"\n'
        'message_size_limit = "10M"\n'
        'smtp_receive_timeout = "1m30s"\n'
        "queue_run_interval = 0\n"
        'relay_from_hosts = ["192.0.2.7/24", "2001:db8::1"]\n'
        'daemon_smtp_ports = [2525, "submission"]\n'
        "smtp_load_reserve = 5\n"
        "smtp_pressure_reserve = 40\n"
        "queue_only_load = 7.125\n"
        "queue_only_pressure = { memory = 2.5, io = 60 }\n"
        'queue_only_file = ["/run/off", "smtp/run/off"]\n'
        'queue_smtp_domains = ["!a.example", "*"]\n'
        "disable_ipv6 = true\n"
    )

    settings = read(file)

    assert settings.limits.smtp_accept_max == 50
    assert settings.hostname == "mx.example.org"
    assert settings.session.message_size_limit == 10 << 20
    assert settings.session.smtp_receive_timeout == 90
    assert settings.session.relay_from_hosts == ("192.0.2.0/24", "2001:db8::1/128")
    assert settings.listen.daemon_smtp_ports == ("2525", "submission")
    assert settings.limits.smtp_load_reserve == 5.0
    assert settings.limits.smtp_pressure_reserve == {"cpu": 40.0}
    assert settings.immediate.queue_only_load == 7.125
    assert settings.immediate.queue_only_pressure == {"memory": 2.5, "io": 60.0}
    assert settings.immediate.queue_only_file == ("/run/off", "smtp/run/off")
    assert settings.immediate.queue_smtp_domains == ("!a.example", "*")
    assert settings.listen.disable_ipv6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'smtp_accept_max = "50"\n',
            ['pymta.toml:1: smtp_accept_max: found "50"; want a whole number, without quotes'],
            id="number in quotes",
        ),
        pytest.param(
            "\n\nsmtp_acept_max = 50\n",
            ["pymta.toml:3: smtp_acept_max: no such setting; did you mean smtp_accept_max?"],
            id="misspelt name",
        ),
        pytest.param(
            "flux = 1",
            ["pymta.toml:1: flux: no such setting; `pymta config show` lists all there are"],
            id="unknown name",
        ),
        pytest.param(
            "[limits]\nsmtp_accept_max = 1\n",
            [
                (
                    "pymta.toml:1: limits: no such setting;"
                    " all settings stand at the top level, without tables"
                )
            ],
            id="table",
        ),
        pytest.param(
            "smtp_accept_max = -1",
            ["pymta.toml:1: smtp_accept_max: found -1; want a whole number from 0 to 2147483647"],
            id="below zero",
        ),
        pytest.param(
            "deliver_drop_privilege = false",
            [
                (
                    "pymta.toml:1: deliver_drop_privilege: found false;"
                    " want true; pymta has no other way"
                )
            ],
            id="QR-07: no other way",
        ),
        pytest.param(
            "smtp_accept_max = true",
            ["pymta.toml:1: smtp_accept_max: found true; want a whole number, without quotes"],
            id="truth for number",
        ),
        pytest.param(
            "smtp_receive_timeout = 300",
            [
                (
                    "pymta.toml:1: smtp_receive_timeout: found 300;"
                    ' want a time in quotes such as "30s", "10m" or "1d12h"'
                )
            ],
            id="time without unit",
        ),
        pytest.param(
            'smtp_receive_timeout = "5 minutes"',
            [
                (
                    'pymta.toml:1: smtp_receive_timeout: found "5 minutes";'
                    ' want a time such as "30s", "10m" or "1d12h"'
                )
            ],
            id="time in words",
        ),
        pytest.param(
            'smtp_receive_timeout = "0s"',
            [
                'pymta.toml:1: smtp_receive_timeout: found "0s"; want a time from "1s" to "2w"',
            ],
            id="no time at all",
        ),
        pytest.param(
            "message_size_limit = 50M",
            [
                (
                    "pymta.toml:1: this is not TOML: Expected newline or end of document after a"
                    " statement (texts, times and sizes stand in quotes)"
                )
            ],
            id="size without quotes",
        ),
        pytest.param(
            'message_size_limit = "50 MB"',
            [
                (
                    'pymta.toml:1: message_size_limit: found "50 MB";'
                    ' want a size such as "500K", "50M" or "1G"'
                )
            ],
            id="size in words",
        ),
        pytest.param(
            'local_domains = "example.org"',
            ['pymta.toml:1: local_domains: found "example.org"; want a list such as ["a", "b"]'],
            id="text for list",
        ),
        pytest.param(
            'local_domains = [\n  "@",\n  3,\n  "exa mple.org",\n]\n',
            ["pymta.toml:3: local_domains: found 3; want a text in quotes"],
            id="number in list",
        ),
        pytest.param(
            'local_domains = [\n  "@",\n  "exa mple.org",\n]\n',
            [
                (
                    'pymta.toml:3: local_domains: found "exa mple.org";'
                    ' want a domain such as "example.org", or "@" for primary_hostname'
                )
            ],
            id="domain",
        ),
        pytest.param(
            'relay_from_hosts = [\n "127.0.0.1",\n "10.0.0.300",\n]',
            [
                (
                    'pymta.toml:3: relay_from_hosts: found "10.0.0.300";'
                    ' want a network such as "192.0.2.0/24" or an address'
                )
            ],
            id="network",
        ),
        pytest.param(
            'local_parts = ["ok", "../../etc"]',
            [
                (
                    'pymta.toml:1: local_parts: found "../../etc"; want a mailbox of at most 64 of'
                    " a-z, 0-9, . _ + - or small letters beyond ASCII, not starting with . or -"
                )
            ],
            id="mailbox",
        ),
        pytest.param(
            'alias_file = ["/etc/aliases", "aliases"]\nlocal_part_suffix = ["+*", "*"]\n'
            'catch_all = "a b"\n',
            [
                (
                    'pymta.toml:1: alias_file: found "aliases"; want the absolute path of a file,'
                    ' such as "/etc/pymta/virtual", "regex:" with one, or "table:" and the name'
                    " of one of [tables.…]"
                ),
                (
                    'pymta.toml:2: local_part_suffix: found "*"; want a suffix such as "+*", "-*"'
                    ' or "-request"'
                ),
                (
                    'pymta.toml:3: catch_all: found "a b"; want an address such as "postmaster" or'
                    ' "alice@example.org"'
                ),
            ],
            id="addresses of ours",
        ),
        pytest.param(
            'virtual_domains = ["a.example", "LOCALHOST", "b..example"]\n'
            'relay_to_domains = ["a.example"]\n',
            [
                (
                    'pymta.toml:1: virtual_domains: found "a.example"; it stands in'
                    " relay_to_domains as well; want it in one of them"
                ),
                (
                    'pymta.toml:1: virtual_domains: found "LOCALHOST"; it stands in local_domains'
                    " as well; want it in one of them"
                ),
                (
                    'pymta.toml:1: virtual_domains: found "b..example"; want a domain such as'
                    ' "example.org"'
                ),
                (
                    'pymta.toml:1: virtual_domains: found ["a.example", "LOCALHOST",'
                    ' "b..example"]; want virtual_aliases or virtual_mailboxes as well, or nobody'
                    " is there"
                ),
            ],
            id="virtual domains",
        ),
        pytest.param(
            "smtp_accept_max = 0\nsmtp_accept_max_per_host = 3\n",
            [
                (
                    "pymta.toml:1: smtp_accept_max: found 0; smtp_accept_max must be set if"
                    " smtp_accept_queue or smtp_accept_max_per_host is set"
                )
            ],
            id="ST-05",
        ),
        pytest.param(
            'daemon_smtp_ports = ["25x", "nosuchsvc", 70000]',
            [
                'pymta.toml:1: daemon_smtp_ports: found "25x"; invalid SMTP port: 25x',
                (
                    'pymta.toml:1: daemon_smtp_ports: found "nosuchsvc";'
                    ' TCP port "nosuchsvc" not found'
                ),
                'pymta.toml:1: daemon_smtp_ports: found "70000"; invalid SMTP port: 70000',
            ],
            id="PT-01 and PT-04",
        ),
        pytest.param(
            "daemon_smtp_port = []",
            [
                (
                    "pymta.toml:1: daemon_smtp_port: found []; no port specified for interface"
                    ' "all IPv6" and daemon_smtp_port is unset; cannot start daemon'
                )
            ],
            id="PT-03 and the old name",
        ),
        pytest.param(
            "daemon_smtp_port = []\ndaemon_smtp_ports = [25]\n",
            [
                (
                    "pymta.toml:1: daemon_smtp_port: the same setting as daemon_smtp_ports on line"
                    " 2; give one of them"
                )
            ],
            id="both names",
        ),
        pytest.param(
            "mua_wrapper = true",
            [
                (
                    "pymta.toml:1: mua_wrapper: no such setting;"
                    " this daemon does not submit to a single host; set smarthost"
                )
            ],
            id="ST-12",
        ),
        pytest.param(
            'host_reject_connection = ["192.0.2.1", "a b"]\nhosts_connection_nolog = ["a.b"]',
            [
                (
                    'pymta.toml:1: host_reject_connection: found "a b"; want a host: an address,'
                    ' a network, a name, "*.example.org", "*", "@" or "@[]"'
                ),
                (
                    'pymta.toml:2: hosts_connection_nolog: found "a.b"; want an address or a'
                    ' network such as "192.0.2.0/24": names are not asked'
                ),
            ],
            id="host lists",
        ),
        pytest.param(
            'host_lookup_order = ["bydns", "bymagic"]',
            [('pymta.toml:1: host_lookup_order: found "bymagic"; want "bydns" or "byaddr"')],
            id="choice",
        ),
        pytest.param(
            'local_interfaces = ["localhost"]',
            [
                (
                    'pymta.toml:1: local_interfaces: found "localhost";'
                    ' Malformed IP address "localhost" in local_interfaces'
                )
            ],
            id="IF-02",
        ),
        pytest.param(
            'disable_ipv6 = true\nlocal_interfaces = ["::1"]',
            ['pymta.toml:2: local_interfaces: found ["::1"]; this leaves nothing to listen on'],
            id="IF-06",
        ),
        pytest.param(
            "retry = []",
            [
                (
                    "pymta.toml:1: retry: found [];"
                    " want at least one retry rule, else no message is ever tried again"
                )
            ],
            id="no retry rule",
        ),
        pytest.param(
            'smarthost = "mail example"',
            [
                (
                    'pymta.toml:1: smarthost: found "mail example"; want a host such as'
                    ' "mail.example.org" or "mail.example.org:587"'
                )
            ],
            id="smarthost",
        ),
        pytest.param(
            'log_file_path = "mainlog"',
            [
                (
                    'pymta.toml:1: log_file_path: found "mainlog"; want an absolute path of a file,'
                    ' such as "/var/log/pymta/mainlog" or "/var/log/pymta/%slog", or "syslog"'
                )
            ],
            id="relative path",
        ),
        pytest.param(
            f'local_socket = "/{"s" * 107}"',
            [
                (
                    f'pymta.toml:1: local_socket: found "/{"s" * 55}...; want an absolute path of'
                    ' at most 107 bytes, such as "/run/pymta/submit"'
                )
            ],
            id="sun_path",
        ),
        pytest.param(
            'log_file_path = [\n"syslog",\n"/var/log/%slog-%D"]',
            [
                (
                    'pymta.toml:3: log_file_path: found "/var/log/%slog-%D"; want no "%" but one'
                    ' "%s", which stands for main, reject and panic; files with a date in their'
                    " name are the work of logrotate"
                )
            ],
            id="dates in log names",
        ),
        pytest.param(
            'log_file_path = "/a : syslog : /b"',
            [('pymta.toml:1: log_file_path: found ["/a", "syslog", "/b"]; want one path at most')],
            id="two paths",
        ),
        pytest.param(
            'syslog_facility = "post"\nsyslog_processname = "a b"\ntimezone = "Europe/Berln"',
            [
                (
                    'pymta.toml:1: syslog_facility: found "post"; want one of kern, user, mail,'
                    " daemon, auth, syslog, lpr, news, uucp, cron, authpriv, ftp, local0, local1,"
                    " local2, local3, local4, local5, local6, local7"
                ),
                (
                    'pymta.toml:2: syslog_processname: found "a b"; want a name of at most 32'
                    " printable ASCII characters, without blank, colon or ["
                ),
                (
                    'pymta.toml:3: timezone: found "Europe/Berln"; want a time zone that this'
                    ' machine knows, such as "UTC" or "Europe/Berlin"'
                ),
            ],
            id="section 4.2",
        ),
        pytest.param(
            'log_selector = ["+pid", "smtp_connection"]',
            [
                (
                    'pymta.toml:1: log_selector: found "smtp_connection";'
                    ' want "+" or "-" and a name, such as "+smtp_connection"'
                )
            ],
            id="N-39",
        ),
        pytest.param(
            'smtp_banner = "a\\tb"',
            [
                (
                    'pymta.toml:1: smtp_banner: found "a\\tb"; want lines of at most 500'
                    " printable ASCII characters"
                )
            ],
            id="banner with a control character",
        ),
        pytest.param(
            "smtp_load_reserve = nan",
            ["pymta.toml:1: smtp_load_reserve: found nan; want a number"],
            id="not a number",
        ),
        pytest.param(
            "smtp_load_reserve = -1",
            [
                (
                    "pymta.toml:1: smtp_load_reserve: found -1; want a load average of 0 or more,"
                    " with at most 3 decimals, such as 7.5"
                )
            ],
            id="a load below zero",
        ),
        pytest.param(
            "queue_only_load = 0.0001",
            [
                (
                    "pymta.toml:1: queue_only_load: found 0.0001; want a load average of 0 or more,"
                    " with at most 3 decimals, such as 7.5"
                )
            ],
            id="too many decimals",
        ),
        pytest.param(
            "smtp_pressure_reserve = 101",
            [
                (
                    "pymta.toml:1: smtp_pressure_reserve: found 101; want a percentage from 0 to"
                    " 100, such as 40 or { cpu = 40 }"
                )
            ],
            id="more than all of the time",
        ),
        pytest.param(
            "queue_only_pressure = { disk = 10 }",
            [
                (
                    'pymta.toml:1: queue_only_pressure: found a table; no resource "disk"; there'
                    " are cpu, memory, io"
                )
            ],
            id="pressure of an unknown resource",
        ),
        pytest.param(
            "queue_only_pressure = { cpu = true }",
            [
                (
                    "pymta.toml:1: queue_only_pressure: found a table; want a percentage from 0 to"
                    " 100, such as 40 or { cpu = 40 }"
                )
            ],
            id="truth for a percentage",
        ),
        pytest.param(
            'queue_only_file = ["/run/a",\n"smtprun/a"]',
            [
                (
                    'pymta.toml:2: queue_only_file: found "smtprun/a"; want an absolute path,'
                    ' such as "/run/offline" or "smtp/run/offline"'
                )
            ],
            id="CP-06 no absolute path",
        ),
        pytest.param(
            'queue_domains = ["a.example", "^b"]',
            [
                (
                    'pymta.toml:1: queue_domains: found "^b"; want a domain such as "example.org",'
                    ' "*.example.org", "*", or "@" for primary_hostname; "!" in front says no'
                )
            ],
            id="no domain",
        ),
        pytest.param(
            'pressure_directory = "cgroup"',
            [
                (
                    'pymta.toml:1: pressure_directory: found "cgroup"; want an absolute path,'
                    ' such as "/sys/fs/cgroup/system.slice"'
                )
            ],
            id="no absolute directory",
        ),
        pytest.param(
            "a = 1\nb = [\n",
            ["pymta.toml: this is not TOML: Invalid value"],
            id="ends too early",
        ),
        pytest.param(
            'primary_hostname = "' + "x" * 100 + '"',
            [
                (
                    f'pymta.toml:1: primary_hostname: found "{"x" * 56}...;'
                    ' want a host name such as "mail.example.org"'
                )
            ],
            id="a long value is cut",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(
    text: str, expected: list[str], tmp_path: Path
) -> None:
    assert complaints(text, tmp_path) == expected


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        'smtp_accept_max = "many"\n'
        "smtp_acept_max_per_host = 2\n"
        'retry = ["F,2h,15m", "G,nonsense"]\n'
        'message_size_limit = "big"\n'
        "log_file_path = 1\n"
        'dns_servers = ["one.example"]\n'
    )

    lines = complaints(text, tmp_path)

    assert [line.split(": ")[:2] for line in lines] == [
        ["pymta.toml:1", "smtp_accept_max"],
        ["pymta.toml:2", "smtp_acept_max_per_host"],
        ["pymta.toml:3", "retry"],
        ["pymta.toml:4", "message_size_limit"],
        ["pymta.toml:5", "log_file_path"],
        ["pymta.toml:6", "dns_servers"],
    ]


def test_complaints_of_other_files_are_told_beside_one_that_is_no_toml(tmp_path: Path) -> None:
    drop_ins = tmp_path / "pymta.toml.d"
    drop_ins.mkdir()
    (drop_ins / "10-a.toml").write_text("= 3\n")
    (drop_ins / "20-b.toml").write_text("smtp_accept_max = 0.5\n")

    lines = complaints("smtp_accept_max_per_host = 1\n", tmp_path)

    assert lines == [
        "pymta.toml.d/10-a.toml:1: this is not TOML: Invalid statement",
        "pymta.toml.d/20-b.toml:1: smtp_accept_max: found 0.5; want a whole number, without quotes",
    ]


def test_later_files_win_and_hidden_or_foreign_ones_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "pymta.toml"
    file.write_text("smtp_accept_max = 1\ndeliver_max = 1\n")
    drop_ins = tmp_path / "pymta.toml.d"
    drop_ins.mkdir()
    (drop_ins / "20.toml").write_text("smtp_accept_max = 3\n")
    (drop_ins / "10.toml").write_text("smtp_accept_max = 2\n")
    (drop_ins / ".30.toml").write_text("smtp_accept_max = 4\n")
    (drop_ins / "40.toml~").write_text("smtp_accept_max = 5\n")

    settings = read(file)

    assert settings.limits.smtp_accept_max == 3
    assert settings.queue.deliver_max == 1


def test_drop_ins_alone_are_enough(tmp_path: Path) -> None:
    drop_ins = tmp_path / "pymta.toml.d"
    drop_ins.mkdir()
    (drop_ins / "10.toml").write_text("smtp_accept_max = 2\n")

    assert read(tmp_path / "pymta.toml").limits.smtp_accept_max == 2


def test_a_file_that_is_not_there_or_not_text_is_a_complaint(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        read(tmp_path / "pymta.toml")
    (tmp_path / "pymta.toml").write_bytes(b"\n\nx = '\xff'")
    with pytest.raises(ConfigError, match=r"pymta.toml:3: this is not UTF-8: byte 0xff"):
        read(tmp_path / "pymta.toml")


def test_a_file_of_another_system_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "pymta.toml").write_bytes(b"# x\r\nsmtp_accept_max = 2\r\ndeliver_max = 0\r\n")
    with pytest.raises(ConfigError, match=r":3: deliver_max: found 0; want a whole number from 1"):
        read(tmp_path / "pymta.toml")


def test_hostile_text_in_a_file_never_reaches_the_terminal(tmp_path: Path) -> None:
    (line,) = complaints('"\\u001b[2J" = 1', tmp_path)
    assert line.isprintable()
    (line,) = complaints('smtp_accept_max = "\\u001b[2J"', tmp_path)
    assert line.isprintable()


def test_too_many_connections_are_clamped(tmp_path: Path) -> None:
    """ST-06."""
    file = tmp_path / "pymta.toml"
    file.write_text("smtp_accept_max = 100000")

    assert read(file).limits.smtp_accept_max == 4096


@pytest.mark.parametrize(("queue", "effective"), [(6, 0), (5, 5), (4, 4)])
def test_a_queue_threshold_above_the_limit_is_off(
    queue: int, effective: int, tmp_path: Path
) -> None:
    """ST-07."""
    file = tmp_path / "pymta.toml"
    file.write_text(f"smtp_accept_max = 5\nsmtp_accept_queue = {queue}\n")

    assert read(file).limits.smtp_accept_queue == effective


def test_an_empty_host_name_means_that_of_the_machine(tmp_path: Path) -> None:
    file = tmp_path / "pymta.toml"
    file.write_text('primary_hostname = ""')

    assert read(file).hostname == "box.example.org"


@pytest.mark.parametrize("name", ["", "(none)", "a b", "x" * 300])
def test_a_machine_without_a_usable_name_is_localhost(name: str) -> None:
    assert read_settings(None, Machine(), login="", hostname=name).hostname == "localhost"


def test_in_a_terminal_we_listen_on_loopback_and_who_started_us_has_a_mailbox() -> None:
    settings = read(None, Machine(in_terminal=True, serve_port=2525, is_configured=True), "Ada")

    assert settings.listen.local_interfaces == ("[127.0.0.1]:2525", "[::1]:2525")
    assert settings.listen.daemon_startup_retries == 0
    assert settings.queue.queue_run_interval == 60
    assert settings.routing.local_parts == ("postmaster", "user", "ada")
    assert settings.routing.alias_file == ()
    assert read(None).routing.alias_file == ("/etc/aliases",)


@pytest.mark.parametrize("login", ["", "DOM\\ada", "a/b", "user", "ä!"])
def test_a_login_name_that_cannot_be_a_mailbox_is_none(login: str) -> None:
    assert read(None, login=login).routing.local_parts == ("postmaster", "user")


def test_mailboxes_that_a_file_lists_are_all_there_are(tmp_path: Path) -> None:
    file = tmp_path / "pymta.toml"
    file.write_text('local_parts = ["info"]')

    assert read(file, login="ada").routing.local_parts == ("info",)


def test_each_setting_exists_once_and_has_a_meaning() -> None:
    declared = [field for type_ in SUBJECTS.values() for field in fields(type_)]

    assert len({field.name for field in declared}) == len(declared)
    assert all(field.metadata["meaning"].endswith(".") for field in declared)


def test_what_show_prints_reads_back_as_the_same_settings(tmp_path: Path) -> None:
    file = tmp_path / "pymta.toml"
    settings = read(None, Machine(in_terminal=True, serve_port=2525), "ada")
    file.write_text(as_toml(settings))

    assert read(file, Machine(in_terminal=True, serve_port=2525)) == settings


def test_admin_groups_are_looked_up_when_the_file_is_read(tmp_path: Path) -> None:
    """ST-03, N-22: by name or number; the daemon never asks."""
    file = tmp_path / "pymta.toml"
    file.write_text('admin_groups = ["postmasters", 4, "17"]\n')

    settings = read(file)

    assert settings.control.admin_groups == ("postmasters", "4", "17")
    assert settings.machine.admin_gids == (500, 4, 17)


@pytest.mark.parametrize("wrong", ['"nosuchgroup"', "-1", '""', '"a\\u0000b"', "4294967295"])
def test_an_admin_group_that_nobody_knows_is_a_mistake(tmp_path: Path, wrong: str) -> None:
    (complaint,) = complaints(f'admin_groups = ["postmasters", {wrong}]\n', tmp_path)

    assert complaint.startswith("pymta.toml:1: admin_groups: found ")
    assert complaint.endswith(("; no group has this name", "; want the number of a group"))


def test_trusted_groups_are_looked_up_and_users_are_known_by_name(tmp_path: Path) -> None:
    """A user may have no account yet: that of a unit with DynamicUser= comes and goes."""
    file = tmp_path / "pymta.toml"
    file.write_text('trusted_groups = ["postmasters"]\ntrusted_users = ["www-data", 33]\n')

    settings = read(file)

    assert settings.machine.trusted_gids == (500,)
    assert settings.sendmail.trusted_users == ("www-data", "33")


def test_mistakes_about_mail_of_users_of_this_machine_are_named(tmp_path: Path) -> None:
    text = (
        'trusted_groups = ["nosuchgroup"]\nqualify_domain = "a b"\n'
        'untrusted_set_sender = ["a b"]\nlocal_from_check = "no"\n'
    )
    found = complaints(text, tmp_path)

    assert [line.split(" ")[1] for line in found] == [
        "trusted_groups:", "qualify_domain:", "untrusted_set_sender:", "local_from_check:",
    ]  # fmt: skip


def test_the_control_socket_is_there_or_not_but_nowhere_else(tmp_path: Path) -> None:
    """N-22"""
    (tmp_path / "off.toml").write_text('notifier_socket = ""\n')

    assert read(tmp_path / "off.toml").control.notifier_socket == ""
    (complaint,) = complaints('notifier_socket = "/run/elsewhere"\n', tmp_path)
    assert complaint == (
        'pymta.toml:1: notifier_socket: found "/run/elsewhere"; want "control", where the commands'
        ' look for it, or "" for none'
    )
