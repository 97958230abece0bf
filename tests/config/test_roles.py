from __future__ import annotations

import pytest

from pymta.config.launch import Launch
from pymta.config.listen import Listen
from pymta.config.roles import role_named
from pymta.config.settings import Settings


@pytest.mark.parametrize("name", ["smtp", "submission", "submissions", "local", "mx2-tls"])
def test_a_name_that_means_something_is_the_role(name: str) -> None:
    assert role_named(name, 2525) == name


@pytest.mark.parametrize("name", ["submision", "SMTP", "mx2", "control"])
def test_a_name_that_means_nothing_is_none(name: str) -> None:
    assert role_named(name, 25) is None


@pytest.mark.parametrize("name", ["", "unknown", "pymta.socket"])
@pytest.mark.parametrize(
    ("port", "role"),
    [(25, "smtp"), (587, "submission"), (465, "submissions"), (2525, "smtp"), (None, "local")],
)
def test_a_socket_without_a_name_is_told_by_its_port(
    name: str, port: int | None, role: str
) -> None:
    assert role_named(name, port) == role


def test_nobody_listens_in_on_the_local_socket_so_tls_never_begins_there() -> None:
    settings = Settings(launch=Launch(tls_on_connect=True), listen=Listen(tls_on_connect_ports=()))

    assert settings.starts_tls("smtp", 25)
    assert not settings.starts_tls("local", 0)
