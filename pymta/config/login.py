"""Who may log in, and what happens to those who guess (RFC 4954)."""

from __future__ import annotations

from pymta.config.setting import setting
from pymta.config.units import Count, Host, Seconds, Timeout
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Login:
    auth_advertise_hosts: tuple[Host, ...] = setting(
        ("*",), "Hosts that are offered AUTH, if there is anything to check a login with."
    )
    auth_without_tls_hosts: tuple[Host, ...] = setting(
        (), "Hosts that may log in without TLS, where whoever listens learns the password."
    )
    auth_failures_max: Count = setting(
        3, "Logins that may fail in one connection before we hang up; 0 means no limit."
    )
    auth_failure_delay: Seconds = setting(
        2,
        "How long the reply to a login that failed is held back; twice as long with each further"
        " one from the same address, up to 30s; 0: not at all.",
    )
    auth_failures_per_address: Count = setting(
        30,
        "Logins that may fail from one address, or one /64 of IPv6, in auth_failures_period, before"
        " nobody there may try again for a while; 0 means no limit.",
    )
    auth_failures_per_account: Count = setting(
        20,
        "Logins that may fail for one account in auth_failures_period, before it is closed for a"
        " while, but for addresses from where it has logged in lately; 0 means no limit.",
    )
    auth_failures_period: Timeout = setting(
        3600, "The time for auth_failures_per_address and auth_failures_per_account."
    )
