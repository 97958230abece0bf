"""Directories come from systemd, from the user's own conventions, or are the usual ones."""

from __future__ import annotations

import pytest

from pymta.cli.places import Places, daemon_places, serve_state


@pytest.mark.parametrize(
    ("environ", "places"),
    [
        ({}, Places("/var/lib/pymta", "/run/pymta")),
        (
            {"STATE_DIRECTORY": "/var/lib/a:/var/lib/b", "RUNTIME_DIRECTORY": "/run/a"},
            Places("/var/lib/a", "/run/a"),
        ),
        ({"STATE_DIRECTORY": ""}, Places("/var/lib/pymta", "/run/pymta")),
    ],
)
def test_the_daemon_takes_what_systemd_names(environ: dict[str, str], places: Places) -> None:
    assert daemon_places(environ) == places


@pytest.mark.parametrize(
    ("environ", "state"),
    [
        ({}, "/home/ada/.local/state/pymta"),
        ({"XDG_STATE_HOME": "/data"}, "/data/pymta"),
        ({"XDG_STATE_HOME": "data"}, "/home/ada/.local/state/pymta"),
    ],
)
def test_serve_keeps_its_state_where_users_keep_theirs(environ: dict[str, str], state: str) -> None:
    assert serve_state(environ, "/home/ada") == state
