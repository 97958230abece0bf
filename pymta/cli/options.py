"""Options that several commands share.

Touches: click.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]

# click would look at the path before we do, and call what only root may read a usage error.
PATH = click.Path(path_type=Path, readable=False)

state_option = click.option(
    "--state", type=PATH, default=None, help="State directory of a `pymta serve`."
)


def wait_option(default: float) -> Callable[[Command], Command]:
    return click.option(
        "--wait",
        type=click.FloatRange(0.1, 3600),
        default=default,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for the answer.",
    )
