"""The options that admins bring along: each is here under its name, with the default they know."""

from __future__ import annotations

import tomllib

import pytest

from pymta.config.absent import ABSENT
from pymta.config.document import as_toml
from pymta.config.settings import Settings

UNSET = "unset"
AS_KNOWN: dict[str, object] = {
    "local_interfaces": ["::0", "0.0.0.0"],
    "daemon_smtp_ports": ["smtp"],
    "daemon_startup_retries": 9,
    "daemon_startup_sleep": "30s",
    "tcp_nodelay": True,
    "smtp_connect_backlog": 20,
    "pid_file_path": "",
    "spool_directory": "",
    "split_spool_directory": False,
    "primary_hostname": "",
    "smtp_active_hostname": UNSET,
    "smtp_accept_max": 20,
    "smtp_accept_max_per_host": UNSET,
    "smtp_accept_queue": 0,
    "smtp_accept_queue_per_connection": 10,
    "smtp_load_reserve": UNSET,
    "smtp_reserve_hosts": [],
    "queue_only": False,
    "queue_only_load": UNSET,
    "queue_run_max": 5,
    "deliver_queue_load_max": UNSET,
    "hosts_connection_nolog": [],
    "tls_on_connect_ports": [],
    "smtp_accept_reserve": 0,
    "smtp_accept_max_nonmail": 10,
    "smtp_accept_max_nonmail_hosts": ["*"],
    "smtp_accept_max_per_connection": 1000,
    "smtp_max_unknown_commands": 3,
    "smtp_max_synprot_errors": 3,
    "smtp_receive_timeout": "5m",
    "smtp_accept_keepalive": True,
    "smtp_enforce_sync": True,
    "smtp_banner": "",
    "host_reject_connection": [],
    "host_lookup": [],
    "host_lookup_order": ["bydns", "byaddr"],
    "rfc1413_hosts": ["@[]"],
    "rfc1413_query_timeout": "0s",
    "queue_only_file": [],
    "queue_only_override": True,
    "queue_smtp_domains": [],
    "queue_domains": [],
    "queue_run_in_order": False,
    "disable_ipv6": False,
    "extra_local_interfaces": [],
    "message_size_limit": 50 << 20,
    "recipients_max": 50_000,
    "check_spool_space": 10 << 20,
    "check_spool_inodes": 100,
    "smtp_check_spool_space": True,
    "prod_requires_admin": True,
    "queue_list_requires_admin": True,
    "admin_groups": [],
    "log_timezone": False,
    "write_rejectlog": True,
    "queue_only_load_latch": True,
    "smtp_backlog_monitor": 0,
    "hosts_require_helo": ["*"],
    "tls_advertise_hosts": ["*"],
    "log_ports": ["*"],
    "process_log_path": "",
    "panic_coredump": False,
}
# A decision of ours stands behind each.
OTHERWISE: dict[str, object] = {
    "deliver_drop_privilege": True,
    "notifier_socket": "control",
    "pipe_connect_advertise_hosts": [],
    "log_file_path": [],
    "timezone": "",
    "syslog_facility": "mail",
    "syslog_processname": "pymta",
    "syslog_pid": True,
    "syslog_timestamp": True,
    "syslog_duplication": True,
}
NOT_HERE = {
    "daemon_smtp_port",
    "queue_fast_ramp",
    "exim_user",
    "exim_group",
    "exim_path",
    "tls_early_banner_hosts",
    "daemon_modules_load",
}


@pytest.mark.parametrize("name", [*AS_KNOWN, *OTHERWISE])
def test_an_option_has_the_default_that_is_known(name: str) -> None:
    """N-14, N-25, and every option of the daemon and of what it calls."""
    default = (AS_KNOWN | OTHERWISE)[name]
    shown = as_toml(Settings())

    if default == UNSET:
        assert f"\n# {name} =\n" in shown
    else:
        assert tomllib.loads(shown)[name] == default


def test_an_option_without_a_place_here_is_told_where_to_go() -> None:
    """ST-12"""
    assert ABSENT.keys() >= NOT_HERE
    assert not ABSENT.keys() & tomllib.loads(as_toml(Settings())).keys()
